"""Addresses of robots: the platform's own, to the letter, and nothing that only looks so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from approval_gate.providers.dingtalk.robots import robot_problem as dingtalk
from approval_gate.providers.wecom.robots import robot_problem as wecom

DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token="
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="
BOTH = [(dingtalk, DINGTALK), (wecom, WECOM)]
LOCAL = "http://127.0.0.1:9103"

both = pytest.mark.parametrize(("problem", "start"), BOTH, ids=["dingtalk", "wecom"])
TRICKS = {
    "empty": lambda url: url[:0],
    "no key": lambda url: url,
    "http": lambda url: url.replace("https", "http") + "k",
    "upper case": lambda url: url.upper() + "k",
    "other host": lambda url: url.replace(".com/", ".com.example.com/") + "k",
    "sub-domain": lambda url: url.replace("://", "://x.") + "k",
    "userinfo": lambda url: url.replace("://", "://x@") + "k",
    "host as userinfo": lambda url: url.replace(".com/", ".com@example.com/") + "k",
    "backslash": lambda url: url.replace(".com/", ".com\\@example.com/") + "k",
    "port": lambda url: url.replace(".com/", ".com:8443/") + "k",
    "other path": lambda url: url.replace("/send", "/send/../other") + "k",
    "path twice": lambda url: url + "k/" + url + "k",
    "further parameter": lambda url: url + "k&x=1",
    "fragment": lambda url: url + "k#x",
    "encoded": lambda url: url + "%2e%2e",
    "space": lambda url: " " + url + "k",
    "line end": lambda url: url + "k\n",
    "header": lambda url: url + "k\r\nHost: example.com",
    "other letters": lambda url: url + "k\uff0e",
    "loopback": lambda url: "http://127.0.0.1:9103" + url.partition(".com")[2] + "k",
    "metadata": lambda url: "http://169.254.169.254" + url.partition(".com")[2] + "k",
    "file": lambda url: "file://" + url.partition("://")[2] + "k",
}


@both
def test_the_platforms_own_address_is_fine(problem: Callable[[str, str], str], start: str) -> None:
    assert problem(start + "0a1b-2c_3D", "") == ""
    assert problem(start + "0a1b-2c_3D", LOCAL) == ""


@both
@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_what_only_looks_like_it_is_refused(
    problem: Callable[[str, str], str], start: str, trick: Callable[[str], str]
) -> None:
    text = problem(trick(start), "")

    assert "Copy the Webhook" in text
    assert "example.com" not in text


@both
def test_loopback_is_fine_for_an_app_on_loopback_only(problem: Callable[[str, str], str], start: str) -> None:
    path = start.partition(".com")[2]

    assert problem(f"http://127.0.0.1:9999{path}k", LOCAL) == ""
    assert problem(f"http://localhost{path}k", "http://[::1]:9103/") == ""
    for base in ("https://proxy.example.com", "http://127.0.0.1.example.com", "http://127.0.0.1@example.com", ""):
        assert problem(f"http://127.0.0.1:9999{path}k", base)
    for host in ("127.0.0.1.example.com", "127.0.0.1@example.com", "10.0.0.1", "127.0.0.1:9x"):
        assert problem(f"http://{host}{path}k", LOCAL)


@both
def test_a_private_installation_has_its_own_robots(problem: Callable[[str, str], str], start: str) -> None:
    path = start.partition(".com")[2]

    assert problem(f"https://im.example.com/proxy{path}k", "https://im.example.com/proxy/") == ""
    assert problem(f"https://im.example.com{path}k", "https://im.example.com/proxy/")
    assert problem(f"https://other.example.com{path}k", "https://im.example.com")
