"""
Which addresses a webhook may go to. Pure: nothing is resolved here.

A caller's address is read once, by a grammar narrower than any URL library's, and used in exactly the parts that were
read. So there is no second parser that could see another host in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from approval_gate.errors import EndpointRefused

__all__ = ["Endpoint", "blocked", "names_this_machine", "read_endpoint"]

type IPAddress = IPv4Address | IPv6Address

URL_MAX_LENGTH = 2048
_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT, _LAST_PORT = 1024, 65_535

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!$-;=?-Z_a-z~\[\]]*)?",
    re.ASCII,
)
"""The target: visible ASCII but for quote, hash, angle brackets, backslash, caret, backtick, braces and bar."""
_ENDS_IN_A_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
"""What resolvers take for an IPv4 address, whatever stands before: `127.1`, `0x7f000001`, `0177.0.0.1`."""

_BLOCKED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # "this network"; 0.0.0.0 reaches the machine itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' and clouds' inner networks; metadata of Alibaba Cloud, 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, on an address that looks public
        "169.254.0.0/16",  # link-local; metadata of AWS and most others, 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; metadata of Oracle Cloud, 192.0.0.192
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
"""All that is assigned to the public. Outside: ::1, mapped and compatible IPv4, unique local (fd00:ec2::254 among
them), link-local, site-local, multicast."""
_BLOCKED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments; Teredo, which carries an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which carries an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
"""An IPv4 address behind a translator; what an IPv6-only network is told for every IPv4 host."""

_METADATA = frozenset(
    ip_address(address) for address in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
"""Where clouds tell a machine its credentials; the usual 169.254.169.254 is link-local."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    A receiver's address in the parts a connection is made from.

    Args:
        host: lower case; a name, or an address without brackets.
        port: also where the address names none.
        target: path and query, as in the request line.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return what stands in the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_endpoint(url: str, *, allow_loopback: bool) -> Endpoint:
    """
    Take an address apart.

    The port is 443, or 1024 and above: the others belong to services that could mistake a POST for their own protocol.

    Args:
        allow_loopback: the local engine: http and addresses of this machine are fine too.

    Raises:
        EndpointRefused: no address a webhook may go to, by its form alone; the text names what to change.
    """
    if len(url) > URL_MAX_LENGTH:
        raise _refused(f"is longer than {URL_MAX_LENGTH} characters")
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    # ASCII first: there are letters beyond it whose lower case is an ASCII one.
    found = _URL.fullmatch(f"{scheme.lower()}://{authority.lower()}{rest[len(authority) :]}") if url.isascii() else None
    if found is None:
        raise _refused(_likely_mistake(url, authority))
    scheme, host = found["scheme"], found["host"].strip("[]")
    if scheme != "https" and not allow_loopback:
        raise _refused("must begin with https://")
    _check_host(found["host"], host, allow_loopback=allow_loopback)
    default = _PORTS[scheme]
    port = int(found["port"]) if found["port"] else default
    if port != default and not _FIRST_FREE_PORT <= port <= _LAST_PORT:
        raise _refused("must use port 443, or one from 1024 to 65535")
    target = found["target"] or "/"
    return Endpoint(scheme, host, port, target if target.startswith("/") else f"/{target}")


def blocked(address: str, *, allow_loopback: bool) -> bool:
    """Tell whether an IP address, as the resolver gave it, is one we do not connect to. What cannot be read is."""
    try:
        parsed: IPAddress = ip_address(address)
    except ValueError:
        return True
    if allow_loopback and parsed.is_loopback:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed in _NAT64:
            return _is_blocked_v4(IPv4Address(int(parsed) & 0xFFFFFFFF))
        return parsed not in _PUBLIC_V6 or any(parsed in network for network in _BLOCKED_V6) or not parsed.is_global
    return _is_blocked_v4(parsed)


def names_this_machine(host: str) -> bool:
    """
    Tell whether a host means only this machine, or where it gets its credentials, in whatever notation.

    For platforms, which may well be in a private network: their addresses are an administrator's, not a caller's.
    """
    host = host.lower().rstrip(".")
    try:
        address: IPAddress = ip_address(host)
    except ValueError:
        is_local_name = host == "localhost" or host.endswith((".localhost", ".internal", ".local"))
        return is_local_name or _ENDS_IN_A_NUMBER.search(host) is not None
    if isinstance(address, IPv6Address) and (address in _NAT64 or address.ipv4_mapped or address.sixtofour):
        return True
    return address.is_loopback or address.is_link_local or address.is_unspecified or address in _METADATA


def _is_blocked_v4(address: IPv4Address) -> bool:
    return any(address in network for network in _BLOCKED_V4) or not address.is_global


def _check_host(written: str, host: str, *, allow_loopback: bool) -> None:
    """Refuse a host that no name can be, and an IP address that is blocked or in a notation that hides which it is."""
    is_number = written.startswith("[") or _ENDS_IN_A_NUMBER.search(host) is not None
    if ".." in host:
        raise _refused("names no valid host")
    if not is_number:
        return
    try:
        IPv6Address(host) if written.startswith("[") else IPv4Address(host)
    except ValueError:
        raise _refused("must write an IP address in its usual notation") from None
    if blocked(host, allow_loopback=allow_loopback):
        raise EndpointRefused("The webhook's address is not public.", code="endpoint_address_blocked")


def _likely_mistake(url: str, authority: str) -> str:
    """Return the likeliest mistake in words. That something is wrong is certain, which mistake it is a courtesy."""
    if not re.match(r"https?://", url, re.IGNORECASE):
        return "must begin with https://"
    if "@" in authority:
        return "must not hold a user or password"
    if not authority.isascii():
        return "must give its host in ASCII; write an international name in its xn-- form"
    if authority.rstrip(":0123456789").endswith("."):
        return "must not end its host with a dot"
    if "#" in url:
        return "must not hold a fragment (#)"
    return "is not one such as https://ci.example.com/hooks/approval"


def _refused(problem: str) -> EndpointRefused:
    return EndpointRefused(f"The webhook's address {problem}.", code="endpoint_address_invalid")
