"""What strangers' words and addresses cannot do: be refused by a platform, alert anybody, or lead us elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from urllib.parse import urlsplit

import pytest

from approval_gate.domain.message import DestinationKind, Field, Link, Message
from approval_gate.errors import ProviderRejected
from approval_gate.ports.messages import Robot
from tests.fakes.mail_cases import every_kind, every_platform, named, platforms_with
from tests.fakes.mail_site import MailSite, message
from tests.messenger_kits import MessengerKit, all_messenger_kits

HOSTILE = {
    "everybody": '<at id=all></at> <at user_id="all"></at> @all @所有人 <@all> <@everyone>',
    "a person": "<at id=lead></at> <at email=lead@example.com></at> @13800000001 <@lead> <person id=lead></person>",
    "hidden in markup": "**<at id=all></at>** [<at id=all></at>](https://e.example) `<at id=all></at>` > <@all>",
    "hidden in code": "```\n<at id=all></at> <@all> @all\n```",
    "hidden in entities": "&lt;at id=all&gt;&lt;/at&gt; &#60;at id=all&#62; \\<at id=all\\>",
    "hidden by line ends": "<at\rid=all></at> <at\nid=all></at> <at\u2028id=all></at>",
    "broken markup": "**bold *both __x `code [link](http:// ![image](img) ~~~ ``` <font color='red'>",
    "images": "![x](https://e.example/x.png) ![x](img_v2_1) ![](data:image/png;base64,AAAA)",
    "colours": "<font color=\"warning\">red</font> <text_tag color='red'>t</text_tag> <raw>x</raw>",
    "tables and rules": "| a | b |\n|---|---|\n| 1 | 2 |\n---\n***\n===\n# # #",
    "deep nesting": "> " * 200 + "- " * 200 + "**" * 200 + "[" * 200,
    "templates": "{{ 7*7 }} ${7*7} #{7*7} <%= 7*7 %> {% raw %} $urlVal [x]($urlVal) @i18n@title",
    "json": '"}]}],"x":{"a":[null,true]}} \\" \\u0000 \\n',
    "control characters": "a\x00b\x08c\x1bd\x7fe\x85f\tg\r\nh",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 😀 🇨🇳 é e\u0301 ＠ :DONE: [微笑] /::)",
    "right to left": "שלום مرحبا \u202eevil\u202c \u2067x\u2069 \u200f",
    "lone surrogates": "a\ud800b\udfffc",
    "zero width": "a\u200b\u200c\u200d\ufeffb",
    "100 KB of one word": "长" * 34_000,
    "100 KB of markup": "*_`[<&" * 17_000,
    "100 KB of lines": "- x\n" * 25_000,
    "script": "<script>alert(1)</script> javascript:alert(1) [x](javascript:alert(1)) [y](dtmd://x) [z](lark://x)",
}


WORDS = (
    "{{ 7+7 }} ${7+7} <%= 7 %>",
    "שלום مرحبا",
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "1.42.0 (rc-1) #42 50% a_b_c x-y a+b=c 5 > 3 & 2 < 4",
)


def hostile_message(text: str) -> Message:
    return message(
        title=f"Begin {text}",
        text=f"Begin {text}",
        fields=(Field("Begin", text), Field(text, "Begin")),
        links=(Link(f"Begin {text}", "https://e.example/?q=<at id=all></at>)[x](y)*_`'\""), Link("odd", text)),
    )


@every_kind
def test_no_words_are_refused_or_alert_anybody(mail: MailSite, kind: DestinationKind) -> None:
    for name, text in HOSTILE.items():
        before = {shown["id"] for shown in mail.arrived()}

        receipt = mail.send_to(kind, hostile_message(text))

        assert receipt.is_sent, (name, receipt)
        new = [shown for shown in mail.arrived() if shown["id"] not in before]
        assert new, name
        for shown in new:
            assert shown["mentions"] == [], name
            assert "Begin" in shown["title"] + shown["text"], name
            assert {urlsplit(url)[:2] for _, url in shown["links"]} <= {
                ("https", "e.example"),
                ("http", "e.example"),
            }, name


@every_kind
def test_words_read_as_sent(mail: MailSite, kind: DestinationKind) -> None:
    for text in WORDS:
        mail.send_to(kind, message(title="T", text=text, fields=(Field("Value", text),)))

        read = _folded(mail.read(mail.arrived()[-1]))
        assert read.count(_folded(text)) == 2, (text, read)


@platforms_with(DestinationKind.CHAT)
def test_a_mention_cannot_be_forged_by_an_id(mail: MailSite) -> None:
    for user_id in ("all", "all></at><at id=all", "lead,all", "@all", 'x" id="all', "", "<@all>"):
        (person,) = mail.people("lead")
        forged = type(person)(user_id, name=user_id)
        try:
            mail.send(mail.parcel(mail.recipient(DestinationKind.CHAT), mentions=(forged,)))
        except ProviderRejected:
            continue

    assert not any("all" in shown["mentions"] for shown in mail.arrived())


# -- addresses of robots

LOOPBACK = "http://127.0.0.1:9000"
BASES = ["", LOOPBACK]


def _variants(url: str) -> dict[str, str]:
    """Return what looks like a robot's address and is none."""
    parts = urlsplit(url)
    host, rest = parts.netloc, url.removeprefix(f"{parts.scheme}://{parts.netloc}")
    return {
        "empty": "",
        "plain http": f"http://{host}{rest}",
        "other scheme": f"ftp://{host}{rest}",
        "no scheme": f"//{host}{rest}",
        "a file": "file:///etc/passwd",
        "metadata": f"http://169.254.169.254{rest}",
        "private": f"https://10.0.0.1{rest}",
        "any address": f"https://0.0.0.0{rest}",
        "integer": f"https://2130706433{rest}",
        "ipv6": f"https://[::1]{rest}",
        "mapped": f"https://[::ffff:127.0.0.1]{rest}",
        "user": f"https://{host}@evil.example{rest}",
        "password": f"https://x:y@{host}{rest}",
        "empty user": f"https://@{host}{rest}",
        "port": f"https://{host}:8443{rest}",
        "default port": f"https://{host}:443{rest}",
        "longer host": f"https://{host}.evil.example{rest}",
        "other host": f"https://evil-{host}{rest}",
        "dot at the end": f"https://{host}.{rest}",
        "upper case": f"https://{host.upper()}{rest}",
        "backslash": f"https://{host}\\@evil.example{rest}",
        "hash": f"https://evil.example#{host}{rest}",
        "query": f"https://evil.example/?{host}{rest}",
        "path": f"https://evil.example/{host}{rest}",
        "up": f"https://{host}/x/..{rest}",
        "doubled slash": f"https://{host}/{rest}",
        "line end": f"{url}\n",
        "line end inside": url.replace("://", "://\n"),
        "space": f" {url}",
        "zero byte": f"{url}\x00",
        "wide letter": url.replace("o", "ｏ", 1),
        "more": f"{url}&x=https://evil.example" if parts.query else f"{url}/../../x",
        "fragment": f"{url}#x",
        "redirect": f"https://{host}/redirect?url={url}",
    }


def _robot_problem(provider: str) -> Callable[[str, str], str]:
    problem: Callable[[str, str], str] = import_module(f"approval_gate.providers.{provider}.robots").robot_problem
    return problem


@pytest.mark.parametrize("kit", all_messenger_kits(), ids=named)
def test_the_platforms_own_address_of_a_robot_is_fine(kit: MessengerKit) -> None:
    for base_url in ("", LOOPBACK, "https://proxy.example"):
        assert _robot_problem(kit.provider)(kit.robot.url, base_url) == ""


@pytest.mark.parametrize("kit", all_messenger_kits(), ids=named)
@pytest.mark.parametrize("base_url", BASES)
@pytest.mark.parametrize("variant", sorted(_variants("https://x.example/y")))
def test_no_other_address_is_a_robot(kit: MessengerKit, base_url: str, variant: str) -> None:
    given = _variants(kit.robot.url)[variant]
    if base_url and variant == "ipv6":
        given = given.replace("[::1]", "[::2]")

    problem = _robot_problem(kit.provider)(given, base_url)

    assert problem != ""
    assert kit.robot.url not in problem


@pytest.mark.parametrize("kit", all_messenger_kits(), ids=named)
def test_a_robot_on_loopback_needs_an_app_on_loopback(kit: MessengerKit) -> None:
    parts = urlsplit(kit.robot.url)
    local = kit.robot.url.replace(f"{parts.scheme}://{parts.netloc}", "http://127.0.0.1:9001")
    problem = _robot_problem(kit.provider)

    assert problem(local, LOOPBACK) == ""
    for base_url in (
        "",
        f"{parts.scheme}://{parts.netloc}",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
    ):
        assert problem(local, base_url) != ""


@every_platform
@pytest.mark.parametrize("variant", ["metadata", "user", "port", "longer host", "path", "empty"])
def test_a_robot_elsewhere_is_never_called(mail: MailSite, variant: str) -> None:
    elsewhere = Robot("ops-group", _variants(mail.mail_kit.robot.url)[variant], mail.mail_kit.robot.secret)
    calls = len(mail.wire.exchanges)

    try:
        (receipt,) = mail.send(mail.parcel(mail.robot(elsewhere)))
    except ProviderRejected:
        pass
    else:
        assert not receipt.is_sent

    assert len(mail.wire.exchanges) == calls


def _folded(text: str) -> str:
    """Return a text with the full-width twins, by which some platforms' markup is disarmed, as the usual signs."""
    return "".join(chr(ord(each) - 0xFEE0) if 0xFF01 <= ord(each) <= 0xFF5E else each for each in text)
