"""Which addresses webhooks may go to, by their form."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_gate.errors import EndpointRefused
from approval_gate.webhooks.addresses import Endpoint, blocked, read_endpoint

INNER = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104 - an address to refuse
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"],
    "link-local": ["169.254.0.1", "fe80::1", "fe80::1%eth0", "febf::1"],
    "metadata": [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    ],
    "carriers": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "233.252.0.1", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.9", "192.88.99.1", "198.18.0.1", "fec0::1", "100::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe"],
    "compatible": ["::127.0.0.1", "::8.8.8.8"],
    "6to4": ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::a00:1", "64:ff9b:1::8.8.8.8"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "ours to misread": ["", "localhost", "1.2.3", "127.1", "0177.0.0.1", "2130706433", "1.1.1.1 "],
}
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "100.63.255.255", "2606:4700::1111", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", [each for kind in INNER.values() for each in kind])
def test_an_inner_address_is_blocked(address: str) -> None:
    assert blocked(address, allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_blocked(address: str) -> None:
    assert not blocked(address, allow_loopback=False)


def test_the_local_engine_reaches_this_machine_and_nothing_else_within() -> None:
    assert not blocked("127.0.0.1", allow_loopback=True)
    assert not blocked("::1", allow_loopback=True)
    assert all(blocked(each, allow_loopback=True) for each in [*INNER["private"], *INNER["metadata"], "0.0.0.0"])  # noqa: S104 - an address to refuse


@given(st.ip_addresses())
def test_nothing_is_let_through_that_the_standard_library_knows_as_not_public(
    address: IPv4Address | IPv6Address,
) -> None:
    is_translated = address in IPv6Network("64:ff9b::/96")  # judged by the IPv4 address inside, see below
    is_inner = not address.is_global or address.is_multicast or (address.is_reserved and not is_translated)

    assert blocked(str(address), allow_loopback=False) or not is_inner


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_judged_no_milder(address: IPv4Address) -> None:
    number = int(address)
    forms = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address(number),
        IPv6Address((0x2002 << 112) | (number << 80)),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x20010000 << 96) | (~number & 0xFFFFFFFF)),
    ]

    if blocked(str(address), allow_loopback=False):
        assert all(blocked(str(form), allow_loopback=False) for form in forms)


REFUSED = {
    "scheme": [
        "http://ci.example.com/",
        "ftp://ci.example.com/",
        "//ci.example.com/",
        "ci.example.com",
        "file:///etc/passwd",
        "gopher://x/",
        "https:ci.example.com",
        "https:/ci.example.com",
        "javascript:alert(1)",
        "",
    ],
    "no host": ["https://", "https:///hooks", "https://:443/", "https://?x", "https://./", "https://../"],
    "decimal": ["https://2130706433/", "https://2852039166/", "https://0/"],
    "octal": ["https://0177.0.0.1/", "https://017700000001/", "https://0251.0376.0251.0376/"],
    "hex": [
        "https://0x7f000001/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://0X7F.1/",
        "https://0xa9fea9fe/",
        "https://127.0.0.0x1/",
        "https://0x/",
    ],
    "short": ["https://127.1/", "https://127.0.1/", "https://10.1/", "https://127.0.0.1.0/"],
    "literal": [
        "https://127.0.0.1/",
        "https://10.0.0.1:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.100.100.200/",
    ],
    "IPv6": [
        "https://[::1]/",
        "https://[::]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://::1/",
        "https://[1.1.1.1]/",
        "https://[v1.x]/",
        "https://[]/",
    ],
    "mapped": [
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:169.254.169.254]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
    ],
    "userinfo": [
        "https://ci.example.com@127.0.0.1/",
        "https://user:pw@ci.example.com/",
        "https://@ci.example.com/",
        "https://ci.example.com:443@10.0.0.1/",
        "https://ci.example.com%40127.0.0.1/",
    ],
    "ports": [
        "https://ci.example.com:22/",
        "https://ci.example.com:25/",
        "https://ci.example.com:0/",
        "https://ci.example.com:65536/",
        "https://ci.example.com:99999/",
        "https://ci.example.com:/",
        "https://ci.example.com:80:443/",
        "https://ci.example.com:-1/",
        "https://ci.example.com:+443/",
        "https://ci.example.com: 443/",
        "https://ci.example.com:４４３/",
    ],
    "dots": [
        "https://ci.example.com./",
        "https://127.0.0.1./",
        "https://localhost./",
        "https://ci..example.com/",
        "https://.example.com/",
    ],
    "IDN": [
        "https://münchen.example/",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
        "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "https://ci.example.com\uff0f@10.0.0.1/",
        "https://\u212a8s.example.com/",
    ],
    "parsers": [
        "https://ci.example.com\\@10.0.0.1/",
        "https://10.0.0.1\\.example.com/",
        "https:\\\\10.0.0.1/",
        "https://ci.example.com#@10.0.0.1/",
        "https://ci.example.com/#x",
        "https://ci.example.com /",
        " https://ci.example.com/",
        "https://ci.example.com/\n",
        "https://ci.exam\tple.com/",
        "https://ci.example.com/a b",
        "https://ci.example.com\r\nHost: x/",
        "https://ci.example.com/\r\nX: y",
        "https://ci%2eexample.com/",
        "https://127.0.0.1%00.example.com/",
        "https://ci.example.com\x00/",
        "https://ci.example.com;@10.0.0.1/",
        "https://ci.example.com,10.0.0.1/",
        "https://[::1].example.com/",
        "https://ci.example.com/\x7f",
        "https://ci.example.com/é",
    ],
    "length": [f"https://ci.example.com/{'a' * 2048}"],
}


@pytest.mark.parametrize("url", [each for kind in REFUSED.values() for each in kind])
def test_an_address_that_is_not_plainly_https_to_a_public_host_is_refused(url: str) -> None:
    with pytest.raises(EndpointRefused) as refused:
        read_endpoint(url, allow_loopback=False)

    assert refused.value.code in {"endpoint_address_invalid", "endpoint_address_blocked"}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://ci.example.com/", "https://"),
        ("https://user@ci.example.com/", "user"),
        ("https://münchen.example/", "xn--"),
        ("https://ci.example.com./", "dot"),
        ("https://ci.example.com/#x", "fragment"),
        ("https://ci.example.com:22/", "443"),
        ("https://127.1/", "usual notation"),
        ("https://10.0.0.1/", "not public"),
    ],
)
def test_a_refusal_says_what_to_change(url: str, says: str) -> None:
    with pytest.raises(EndpointRefused, match=says):
        read_endpoint(url, allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://ci.example.com/hooks?a=1&b=%20", Endpoint("https", "ci.example.com", 443, "/hooks?a=1&b=%20")),
        ("https://ci.example.com", Endpoint("https", "ci.example.com", 443, "/")),
        ("https://ci.example.com?x", Endpoint("https", "ci.example.com", 443, "/?x")),
        ("HTTPS://CI.Example.COM:8443/Hooks", Endpoint("https", "ci.example.com", 8443, "/Hooks")),
        ("https://xn--mnchen-3ya.example/", Endpoint("https", "xn--mnchen-3ya.example", 443, "/")),
        ("https://ci_1.example.com/@me;v=1", Endpoint("https", "ci_1.example.com", 443, "/@me;v=1")),
        ("https://1.1.1.1/", Endpoint("https", "1.1.1.1", 443, "/")),
        ("https://[2606:4700::1111]:9443/", Endpoint("https", "2606:4700::1111", 9443, "/")),
    ],
)
def test_an_address_is_taken_apart(url: str, endpoint: Endpoint) -> None:
    assert read_endpoint(url, allow_loopback=False) == endpoint


def test_the_host_header_names_the_port_only_where_it_must() -> None:
    assert read_endpoint("https://CI.example.com/", allow_loopback=False).authority == "ci.example.com"
    assert read_endpoint("https://[2606:4700::1111]:9443/", allow_loopback=False).authority == "[2606:4700::1111]:9443"


def test_the_local_engine_takes_http_and_this_machine_but_no_inner_network() -> None:
    assert read_endpoint("http://127.0.0.1:8080/x", allow_loopback=True) == Endpoint("http", "127.0.0.1", 8080, "/x")
    with pytest.raises(EndpointRefused):
        read_endpoint("http://10.0.0.1:8080/x", allow_loopback=True)


@given(st.text(max_size=60), st.sampled_from(["https://", "https://ci.example.com", "https://ci.example.com:", ""]))
def test_whatever_is_accepted_has_a_host_that_reads_the_same_everywhere(rest: str, start: str) -> None:
    try:
        endpoint = read_endpoint(start + rest, allow_loopback=False)
    except EndpointRefused:
        return

    assert endpoint.scheme == "https"
    assert endpoint.host.isascii()
    assert not set(endpoint.host) & set(" @\\/?#%[]\t\r\n")
    assert f"//{endpoint.host}" in (start + rest).lower().replace("[", "")
    assert endpoint.target.startswith("/")
    assert not set(endpoint.target) & set(" \t\r\n\x00#")
    if endpoint.host.replace(".", "").isdigit():
        assert str(ip_address(endpoint.host)) == endpoint.host
