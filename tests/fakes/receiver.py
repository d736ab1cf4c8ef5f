"""A webhook's receiver on this machine: a real TLS server that answers as a test says, or misbehaves."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import httpcore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "hooks.example.com"
PUBLIC = "93.184.215.14"
"""An address that passes for the receiver's; nothing connects to it."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

type Behaviour = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Received:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """
    A server that answers each connection by the next of its behaviours; the last one stays.

    A behaviour is the bytes to answer with, or a function of the connection.
    """

    port: int
    behaviours: list[bytes | Behaviour] = field(default_factory=lambda: [OK])
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/hooks?x=1"

    def serve(self, connection: socket.socket) -> None:
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        if callable(behaviour):
            behaviour(connection)
            return
        self.received.append(read_request(connection))
        connection.sendall(behaviour)


def read_request(connection: socket.socket) -> Received:
    read = b""
    while b"\r\n\r\n" not in read:
        piece = connection.recv(65_536)
        if not piece:
            raise OSError("the client went away")
        read += piece
    head, _, body = read.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return Received(line, headers, body)


def answer(status: int, body: str = "", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


@contextmanager
def receiver(host: str = HOST, *, tls: bool = True, known: bool = True) -> Iterator[Receiver]:
    """Run a receiver whose certificate is for `host`, by an authority that clients know or do not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = Receiver(listener.getsockname()[1])
        context = server_context(host, known=known) if tls else None

        def run() -> None:
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    served.connections += 1
                    if connection.getpeername() in ending:
                        return
                    if context is None:
                        served.serve(connection)
                        continue
                    with context.wrap_socket(connection, server_side=True) as secured:
                        served.serve(secured)

        ending: set[Any] = set()
        thread = Thread(target=run, name="receiver")
        thread.start()
        try:
            yield served
        finally:
            with socket.socket() as last:
                last.bind(("127.0.0.1", 0))
                ending.add(last.getsockname())
                last.connect(("127.0.0.1", served.port))
            thread.join()


class Detour(httpcore.NetworkBackend):
    """The internet of a test: remembers what was connected to and leads every connection to this machine."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.refused: set[str] = set()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self.connected.append(host)
        if host in self.refused:
            raise httpcore.ConnectError("refused")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", port, timeout)


@cache
def _authority(known: bool) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    nothing = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    usage = x509.KeyUsage(**nothing, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
    extensions = ((x509.BasicConstraints(ca=True, path_length=0), True), (usage, True))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"test authority {known}")])
    return _certificate(name, key, name, key, extensions), key


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    now = datetime.now(UTC)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    for extension, critical in (*extensions, (own, False), (issuers, False)):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def server_context(host: str, *, known: bool = True) -> ssl.SSLContext:
    authority, signer = _authority(known)
    key = ec.generate_private_key(ec.SECP256R1())
    name: x509.GeneralName = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    names = x509.SubjectAlternativeName([name])
    certificate = _certificate(subject, key, authority.subject, signer, ((names, False),))
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.pem"
        chain.write_bytes(pem)
        context.load_cert_chain(chain)
    return context


def client_context() -> ssl.SSLContext:
    authority, _ = _authority(True)
    pem = authority.public_bytes(serialization.Encoding.PEM).decode()
    return ssl.create_default_context(cadata=pem)
