"""What we send as messages, against golden JSON, and that the platform can take all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_gate.domain.message import LOCALES, Destination, DestinationKind, Field, Level, Link, Message
from approval_gate.domain.people import Identity
from approval_gate.ports.messages import Parcel, Recipient
from approval_gate.providers.dingtalk.messages import (
    MAX_PARAM_BYTES,
    MAX_WORK_BYTES,
    custom_robot_message,
    group_message,
    work_message,
)
from approval_gate.providers.dingtalk.robots import robot_query
from tests.providers.dingtalk.fake_platform import NOW

GOLDEN = Path(__file__).with_name("golden") / "messages"
TEXT = """Rolled out to **all** regions, *without* errors. See the [log](https://ci.example.com/log?a=1&b=2).

# What changed
- `checkout` is faster
  - by half
1. Watch the dashboard
> Nothing else <font color="red">is</font> expected. @all

```
kubectl get pods
```"""
LINKS = (Link("Build 42", "https://ci.example.com/42"), Link("Roll back now, please", "https://ci.example.com/undo"))
TO = (Recipient(Destination(DestinationKind.USER_ID, "user001"), Identity("user001")),)


def parcel(what: Message | None = None, mentions: tuple[Identity, ...] = (), **parts: Any) -> Parcel:
    given = {"title": "部署完成 Deployed web", "text": TEXT, "fields": (Field("Commit", "9f1c2ab"),), "links": LINKS}
    return Parcel("dlv_00000000000000000000000000000001", what or Message(**{**given, **parts}), TO, mentions)


def forms(given: Parcel) -> dict[str, Any]:
    return {
        "work": work_message(given),
        "group": group_message(given, "dingabcdefgh12345678", "cid123=="),
        "custom_robot": custom_robot_message(given),
    }


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("level", Level)
def test_messages_are_as_documented(locale: str, level: Level) -> None:
    expected = json.loads(GOLDEN.joinpath(f"{locale}-{level}.json").read_text(encoding="utf-8"))

    assert forms(parcel(level=level, locale=locale)) == expected


def test_without_links_there_are_no_buttons() -> None:
    without = forms(parcel(links=()))

    assert without["work"]["msgtype"] == without["custom_robot"]["msgtype"] == "markdown"
    assert without["group"]["msgKey"] == "sampleMarkdown"


@pytest.mark.parametrize(
    ("count", "kind"), [(1, "sampleActionCard"), (2, "sampleActionCard2"), (5, "sampleActionCard5")]
)
def test_links_are_buttons(count: int, kind: str) -> None:
    links = tuple(Link(f"Link {number}", f"https://a.example/{number}") for number in range(1, count + 1))

    made = forms(parcel(links=links))
    shown = json.loads(made["group"]["msgParam"])
    card = made["custom_robot"]["actionCard"]
    notice = made["work"]["action_card"]

    assert made["group"]["msgKey"] == kind
    if count == 1:
        assert (shown["singleTitle"], shown["singleURL"]) == ("Link 1", "https://a.example/1")
        assert (card["singleTitle"], card["singleURL"]) == ("Link 1", "https://a.example/1")
        assert (notice["single_title"], notice["single_url"]) == ("Link 1", "https://a.example/1")
    else:
        last = (f"Link {count}", f"https://a.example/{count}")
        assert (shown[f"actionTitle{count}"], shown[f"actionURL{count}"]) == last
        assert tuple(card["btns"][-1].values()) == last
        assert tuple(notice["btn_json_list"][-1].values()) == last


def test_links_that_are_no_buttons_to_the_platform_stay_in_the_text() -> None:
    long, bad = "https://a.example/" + "p" * 600, "javascript:alert(1)"
    links = (Link("Long", long), Link("Bad", bad), *(Link(f"L{n}", f"https://a.example/{n}") for n in range(7)))

    text = work_message(parcel(text="", links=links))["action_card"]["markdown"]

    assert f"[Long]({long})" in text
    assert "Bad: javascript:alert(1)" in text
    assert "[L5](https://a.example/5)" in text
    assert "[L0]" not in text


def test_mentions_are_named_in_the_text_and_alone_are_alerted() -> None:
    made = custom_robot_message(parcel(text="@user009 @all", mentions=(Identity("user001"), Identity("a*b"))))

    assert made["msgtype"] == "markdown"
    assert made["at"] == {"atUserIds": ["user001", "a*b"], "isAtAll": False}
    assert "@user001 @a＊b" in made["markdown"]["text"]
    assert "[Build 42](https://ci.example.com/42)" in made["markdown"]["text"]


def test_in_a_group_mentions_are_names() -> None:
    made = group_message(parcel(mentions=(Identity("user001", name="林悦"),)), "ding", "cid")

    assert "@林悦" in json.loads(made["msgParam"])["text"]


def test_equal_messages_of_two_parcels_differ_and_of_one_do_not() -> None:
    first, again = work_message(parcel()), work_message(parcel())
    other = work_message(Parcel("dlv_00000000000000000000000000000002", parcel().message, TO))

    assert first == again != other


HOSTILE = {
    "stars": "**" * 3000,
    "wide": "界" * 30_000,
    "escaped in JSON": '"\\' * 9000,
    "long link": "[a](https://a.example/" + "x" * 1900 + ")",
    "empty lines": "\n" * 5000,
    "template": "{{ 7*7 }} %s ${x}",
    "emoji": "🚀" * 9999,
}
TEXTS = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(sorted(HOSTILE))


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.integers(0, 30))
def test_the_platform_can_take_every_message(title: str, text: str, other: str, count: int) -> None:
    title, text, other = (HOSTILE.get(each, each) for each in (title, text, other))
    links = tuple(Link(other[:50], f"https://a.example/{number}/{'p' * 40 * number}") for number in range(count))
    hostile = parcel(Message(title, text, fields=(Field(other, title),) * count, links=links), (Identity("u"),))

    work = work_message(hostile)
    body = json.dumps(work, ensure_ascii=False)
    group = group_message(hostile, "ding", "cid")
    robot = custom_robot_message(hostile)

    assert len(body.encode()) <= MAX_WORK_BYTES
    assert len(group["msgParam"].encode()) <= MAX_PARAM_BYTES
    assert len(json.dumps(robot, ensure_ascii=False).encode()) <= MAX_PARAM_BYTES
    card = work.get("action_card", {})
    assert len(card.get("single_title", "")) <= 20
    assert len(card.get("single_url", "")) <= 500
    assert len(json.dumps(card.get("btn_json_list", []), ensure_ascii=False)) <= 1000


def test_a_robots_signature_agrees_with_the_vectors(vectors: dict[str, Any]) -> None:
    for vector in vectors["custom_robot_sign"]:
        at = NOW.fromtimestamp(int(vector["timestamp"]) / 1000, NOW.tzinfo)

        assert urlencode(robot_query("ROBOT_TOKEN", vector["secret"], at)) == vector["query"]


def test_a_robot_without_a_secret_is_not_signed() -> None:
    assert robot_query("ROBOT_TOKEN", "", NOW) == {"access_token": "ROBOT_TOKEN"}
