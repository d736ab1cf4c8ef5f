"""
Webhooks against a real TLS server, and everything that must not be reached through them.

The internet is a detour (`tests/fakes/receiver.py`): it remembers which address was connected to and leads to a server
on this machine. So it can be seen that a refusal connects to nothing.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from approval_gate.errors import EndpointRefused, EndpointUnavailable
from approval_gate.webhooks.addresses import blocked
from approval_gate.webhooks.resolver import resolve_by_system
from approval_gate.webhooks.transport import PublicPoster, Reply
from tests.fakes.receiver import HOST, OK, PUBLIC, Detour, Receiver, answer, client_context, read_request, receiver

BODY = b'{"type":"approval.decided"}'
INNER = "the inner system's words"


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as served:
        yield served


@pytest.fixture
def internet() -> Detour:
    return Detour()


def poster(internet: Detour, *addresses: str, **settings: Any) -> PublicPoster:
    def resolve(host: str, port: int, timeout_s: float) -> Sequence[str]:
        return addresses or (PUBLIC,)

    return PublicPoster(client_context(), **{"resolve": resolve, "sockets": internet, **settings})


def test_a_webhook_arrives_as_it_was_signed(server: Receiver, internet: Detour) -> None:
    reply = poster(internet).post(server.url, {"webhook-id": "ntf_1", "Content-Type": "application/json"}, BODY)

    assert reply == Reply(200)
    (received,) = server.received
    assert (received.line, received.body) == ("POST /hooks?x=1 HTTP/1.1", BODY)
    assert received.headers["host"] == f"{HOST}:{server.port}"
    assert received.headers["webhook-id"] == "ntf_1"
    assert internet.connected == [PUBLIC]


def test_a_large_body_arrives_whole(server: Receiver, internet: Detour) -> None:
    body = bytes(range(256)) * 2000

    poster(internet).post(server.url, {}, body)

    assert server.received[0].body == body


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.1",),
        ("127.0.0.1",),
        ("169.254.169.254",),
        ("100.100.100.200",),
        ("::1",),
        ("fd00:ec2::254",),
        ("fe80::1%eth0",),
        ("::ffff:127.0.0.1",),
        ("64:ff9b::7f00:1",),
        ("2002:7f00:1::",),
        ("0.0.0.0",),  # noqa: S104 - an address to refuse
        (PUBLIC, "10.0.0.1"),
        ("10.0.0.1", PUBLIC),
        (PUBLIC, "8.8.8.8", "::1"),
        (PUBLIC, "8.8.8.8", "1.1.1.1", "1.0.0.1", "192.168.0.1"),
        ("not an address",),
    ],
    ids=" ".join,
)
def test_a_name_that_leads_to_an_inner_address_is_refused_before_anything_is_connected(
    server: Receiver, internet: Detour, addresses: tuple[str, ...]
) -> None:
    with pytest.raises(EndpointRefused) as refused:
        poster(internet, *addresses).post(server.url, {}, BODY)

    assert refused.value.code == "endpoint_address_blocked"
    assert not any(address in str(refused.value) for address in addresses)
    assert (internet.connected, server.connections) == ([], 0)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:7f00:1]",
    ],
)
def test_no_notation_of_this_machine_reaches_it(server: Receiver, internet: Detour, host: str) -> None:
    with pytest.raises(EndpointRefused):
        poster(internet, resolve=resolve_by_system).post(f"https://{host}:{server.port}/", {}, BODY)

    assert (internet.connected, server.connections) == ([], 0)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1", "0", "::1"]
)
def test_what_the_system_makes_of_a_notation_is_blocked_too(host: str) -> None:
    """The second wall, should the first one ever let a notation through."""
    found = resolve_by_system(host, 443, 5)

    assert found
    assert all(blocked(address, allow_loopback=False) for address in found)


def test_a_name_of_this_machine_is_refused(server: Receiver, internet: Detour) -> None:
    with pytest.raises(EndpointRefused):
        poster(internet, resolve=resolve_by_system).post(f"https://localhost:{server.port}/", {}, BODY)

    assert (internet.connected, server.connections) == ([], 0)


def test_a_name_that_changes_between_check_and_connection_gains_nothing(server: Receiver, internet: Detour) -> None:
    answers = iter([(PUBLIC,), ("127.0.0.1",), ("127.0.0.1",)])
    asked: list[str] = []

    def rebinding(host: str, port: int, timeout_s: float) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    one = poster(internet, resolve=rebinding)

    one.post(server.url, {}, BODY)
    with pytest.raises(EndpointRefused):
        one.post(server.url, {}, BODY)

    assert asked == [HOST, HOST]
    assert internet.connected == [PUBLIC]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_leads_nowhere(internet: Detour, status: int) -> None:
    with receiver() as inner, receiver() as server:
        server.behaviours = [answer(status, Location=inner.url)]

        reply = poster(internet).post(server.url, {}, BODY)

        assert reply.status == status
        assert inner.connections == 0
        assert len(server.received) == 1


def test_a_proxy_of_the_environment_is_not_used(
    server: Receiver, internet: Detour, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")

    poster(internet).post(server.url, {}, BODY)

    assert internet.connected == [PUBLIC]


def test_a_cookie_is_not_kept(server: Receiver, internet: Detour) -> None:
    server.behaviours = [answer(200, Set_Cookie="session=1")]
    one = poster(internet)

    one.post(server.url, {}, BODY)
    one.post(server.url, {}, BODY)

    assert server.connections == 2
    assert all("cookie" not in received.headers for received in server.received)


@pytest.mark.parametrize(("host", "known"), [("other.example.com", True), (HOST, False), ("93.184.215.14", True)])
def test_a_certificate_that_is_not_the_hosts_is_refused(internet: Detour, host: str, known: bool) -> None:
    with receiver(host, known=known) as server:
        with pytest.raises(EndpointUnavailable) as failed:
            poster(internet).post(server.url, {}, BODY)

        assert failed.value.code == "endpoint_tls"
        assert server.received == []


def test_a_receiver_that_speaks_no_tls_gets_nothing(internet: Detour) -> None:
    with receiver(tls=False) as server:
        server.behaviours = [lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")]
        with pytest.raises(EndpointUnavailable):
            poster(internet).post(server.url, {}, BODY)


def test_the_local_engine_posts_to_this_machine_over_http() -> None:
    with receiver(tls=False) as server:
        reply = PublicPoster(client_context(), allow_loopback=True).post(
            f"http://localhost:{server.port}/hook", {}, BODY
        )

        assert reply.status == 200
        assert server.received[0].body == BODY


def test_an_address_that_does_not_answer_gives_way_to_the_next(server: Receiver, internet: Detour) -> None:
    internet.refused = {"1.1.1.1", "8.8.8.8"}

    reply = poster(internet, "1.1.1.1", "8.8.8.8", PUBLIC).post(server.url, {}, BODY)

    assert reply.status == 200
    assert internet.connected == ["1.1.1.1", "8.8.8.8", PUBLIC]


def test_a_name_with_countless_addresses_costs_three_tries(server: Receiver, internet: Detour) -> None:
    addresses = [f"8.8.{n}.8" for n in range(200)]
    internet.refused = set(addresses)

    with pytest.raises(EndpointUnavailable) as failed:
        poster(internet, *addresses).post(server.url, {}, BODY)

    assert failed.value.code == "endpoint_unreachable"
    assert len(internet.connected) == 3


def silent(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)


def endless_interim_answers(connection: socket.socket) -> None:
    read_request(connection)
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def endless_header(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X: " + b"x" * 1000 + b"\r\n")


def nonsense(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(INNER.encode() + b"\r\n\r\n")


def hung_up(connection: socket.socket) -> None:
    read_request(connection)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (silent, "endpoint_timeout"),
        (endless_interim_answers, "endpoint_timeout"),
        (endless_header, "endpoint_unreachable"),
        (nonsense, "endpoint_unreachable"),
        (hung_up, "endpoint_unreachable"),
    ],
)
def test_a_receiver_that_misbehaves_is_given_up_in_bounded_time(
    server: Receiver, internet: Detour, behaviour: Callable[[socket.socket], None], code: str
) -> None:
    server.behaviours = [behaviour]
    total_s = 0.5 if code == "endpoint_timeout" else 10

    with pytest.raises(EndpointUnavailable) as failed:
        poster(internet, total_s=total_s).post(server.url, {}, BODY)

    assert failed.value.code == code
    assert INNER not in str(failed.value)


def test_a_receiver_that_stops_reading_is_given_up_in_bounded_time(server: Receiver, internet: Detour) -> None:
    given_up = Event()

    def stops_reading(connection: socket.socket) -> None:
        connection.recv(1)
        given_up.wait(10)

    server.behaviours = [stops_reading]
    began_s = time.monotonic()
    try:
        with pytest.raises(EndpointUnavailable) as failed:
            poster(internet, total_s=0.5).post(server.url, {}, b"x" * 16_000_000)
    finally:
        given_up.set()

    assert failed.value.code == "endpoint_timeout"
    assert time.monotonic() - began_s < 5


def test_many_short_waits_do_not_add_up_to_a_long_one(server: Receiver, internet: Detour) -> None:
    """Every look at the clock is a second later; the receiver always has one more byte."""
    server.behaviours = [endless_interim_answers]
    ticks = itertools.count()

    with pytest.raises(EndpointUnavailable) as failed:
        poster(internet, monotonic=lambda: float(next(ticks)), total_s=30).post(server.url, {}, BODY)

    assert failed.value.code == "endpoint_timeout"
    assert next(ticks) <= 33


@contextmanager
def dripping(server: Receiver, begins: bytes) -> Iterator[None]:
    """Let every byte after these come in time, and never the last."""
    given_up = Event()

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(begins)
        while not given_up.wait(0.02):
            connection.sendall(b"x")

    server.behaviours = [drip]
    began_s = time.monotonic()
    try:
        yield
    finally:
        given_up.set()
    assert time.monotonic() - began_s < 5


def test_a_header_that_drips_is_given_up_in_bounded_time(server: Receiver, internet: Detour) -> None:
    with dripping(server, b"HTTP/1.1 200 OK\r\nX: "), pytest.raises(EndpointUnavailable) as failed:
        poster(internet, total_s=0.5).post(server.url, {}, BODY)

    assert failed.value.code == "endpoint_timeout"


def test_a_body_that_drips_is_left_in_bounded_time_and_its_status_counts(server: Receiver, internet: Detour) -> None:
    with dripping(server, b"HTTP/1.1 200 OK\r\n\r\n"):
        reply = poster(internet, total_s=0.5).post(server.url, {}, BODY)

    assert reply.status == 200


def test_an_endless_answer_is_not_read_to_its_end(server: Receiver, internet: Detour) -> None:
    sent = itertools.count()

    def endless(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)
            next(sent)

    server.behaviours = [endless, OK]

    assert poster(internet).post(server.url, {}, BODY).status == 200
    assert next(sent) < 200


def test_an_answer_that_breaks_off_after_its_status_counts_by_its_status(server: Receiver, internet: Detour) -> None:
    def broken(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\nbut")

    server.behaviours = [broken]

    assert poster(internet).post(server.url, {}, BODY).status == 202


def test_the_pause_a_receiver_asks_for_is_passed_on(server: Receiver, internet: Detour) -> None:
    server.behaviours = [answer(503, INNER, Retry_After="120")]

    assert poster(internet).post(server.url, {}, BODY) == Reply(503, "120")


def test_a_name_that_does_not_resolve_may_resolve_later(internet: Detour) -> None:
    def fails(host: str, port: int, timeout_s: float) -> Sequence[str]:
        return resolve_by_system("a" * 64 + ".invalid", port, timeout_s)

    with pytest.raises(EndpointUnavailable) as failed:
        poster(internet, resolve=fails).post("https://ci.example.com/", {}, BODY)

    assert failed.value.code == "endpoint_unreachable"


def test_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = Event()

    def hangs(*_: Any, **__: Any) -> list[Any]:
        given_up.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)

    with pytest.raises(EndpointUnavailable) as failed:
        resolve_by_system("ci.example.com", 443, 0.05)
    given_up.set()

    assert failed.value.code == "endpoint_timeout"


def test_a_slow_name_server_has_no_more_time_than_the_rest(internet: Detour) -> None:
    left: list[float] = []

    def slow(host: str, port: int, timeout_s: float) -> Sequence[str]:
        left.append(timeout_s)
        raise EndpointUnavailable("late", code="endpoint_timeout")

    with pytest.raises(EndpointUnavailable):
        poster(internet, resolve=slow, total_s=7).post("https://ci.example.com/", {}, BODY)

    assert 6 < left[0] <= 7
