"""What we send as messages, against golden JSON, and that the platform can take all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_gate.domain.message import LOCALES, Destination, DestinationKind, Field, Level, Link, Message
from approval_gate.domain.people import Identity
from approval_gate.ports.messages import Parcel, Recipient
from approval_gate.providers.wecom.message_cards import closing_card, message_card
from approval_gate.providers.wecom.messages import (
    MAX_APP_BYTES,
    MAX_ROBOT_BYTES,
    app_markdown,
    chat_message,
    robot_message,
)
from local.simulators.wecom.contents import check_card

GOLDEN = Path(__file__).with_name("golden") / "messages"
TEXT = """Rolled out to **all** regions, *without* errors. See the [log](https://ci.example.com/log?a=1&b=2).

# What changed
- `checkout` is faster
  - by half
1. Watch the dashboard
> Nothing else <font color="warning">is</font> expected. <@all> @all

```
kubectl get pods
```"""
FIELDS = (Field("Commit", "9f1c2ab"), Field("A longer name", "is a line of the text"))
LINKS = (Link("Build 42", "https://ci.example.com/42"), Link("Roll back now, please", "https://ci.example.com/undo"))
TO = (Recipient(Destination(DestinationKind.USER_ID, "Alice"), Identity("Alice")),)
LEAD = Identity("lead", name="林悦")


def parcel(what: Message | None = None, mentions: tuple[Identity, ...] = (), **parts: Any) -> Parcel:
    given = {"title": "部署完成 Deployed web", "text": TEXT, "fields": FIELDS, "links": LINKS}
    return Parcel("dlv_00000000000000000000000000000001", what or Message(**{**given, **parts}), TO, mentions)


def forms(given: Parcel) -> dict[str, Any]:
    short = parcel(level=given.message.level, locale=given.message.locale, text="**web** 1.42.0 is live")
    without_links = parcel(level=given.message.level, locale=given.message.locale, text="It is over.", links=())
    return {
        "app": app_markdown(given),
        "chat": chat_message(given, "chat1"),
        "chat_with_mentions": chat_message(Parcel(given.id, given.message, TO, (LEAD,)), "chat1"),
        "robot_with_mentions": robot_message(Parcel(given.id, given.message, TO, (LEAD,))),
        "card": message_card(short, "Alice"),
        "closing_card": closing_card(short.message),
        "closing_card_without_links": closing_card(without_links.message),
    }


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("level", Level)
def test_messages_are_as_documented(locale: str, level: Level) -> None:
    expected = json.loads(GOLDEN.joinpath(f"{locale}-{level}.json").read_text(encoding="utf-8"))

    assert forms(parcel(level=level, locale=locale)) == expected


def test_no_text_of_others_has_a_bracket_that_a_mention_or_colour_needs() -> None:
    hostile = Message(
        "<@all>",
        TEXT,
        fields=(Field("<@all>", "<font color='info'>"),),
        links=(Link("<@all>", "https://a.example/<@all>"),),
    )
    made = [app_markdown(parcel(hostile)), json.dumps(robot_message(parcel(hostile)))]

    for text in made:
        ours = (
            text.replace('<font color=\\"comment\\">', "").replace('<font color="comment">', "").replace("</font>", "")
        )
        assert "<" not in ours


@pytest.mark.parametrize("userid", ["all", "ALL", "@all", "a>b", "<b", "a|b", "a b"])
def test_an_odd_id_is_named_and_alerts_nobody(userid: str) -> None:
    mentions = (Identity(userid),)

    assert "<@" not in robot_message(parcel(text="", mentions=mentions))["markdown"]["content"]
    assert chat_message(parcel(mentions=mentions), "c")["msgtype"] == "markdown"


# -- cards


@pytest.mark.parametrize(
    "change",
    [
        {"links": ()},
        {"links": LINKS * 4},
        {"links": (Link("Open", "javascript:alert(1)"),)},
        {"text": "See the [log](https://ci.example.com/log)."},
        {"text": "long " * 80},
        {"text": "长" * 161},
        {"fields": (Field("Details", "v" * 400),)},
    ],
    ids=str,
)
def test_what_a_card_cannot_show_whole_is_no_card(change: dict[str, Any]) -> None:
    assert message_card(parcel(**{"text": "ok", **change}), "Alice") is None


def test_a_task_is_named_by_parcel_and_person() -> None:
    def task(parcel_id: str, userid: str) -> str:
        card = message_card(Parcel(parcel_id, parcel(text="ok").message, TO), userid)
        assert card is not None
        return card["task_id"]

    assert task("dlv_1", "Alice") == task("dlv_1", "Alice")
    assert len({task("dlv_1", "Alice"), task("dlv_2", "Alice"), task("dlv_1", "Bob")}) == 3


# -- limits


HOSTILE = {
    "stars": "**" * 3000,
    "wide": "界" * 30_000,
    "long link": "[a](https://a.example/" + "x" * 1900 + ")",
    "empty lines": "\n" * 5000,
    "template": "{{ 7*7 }} %s ${x} $userName=lead$",
    "emoji": "🚀" * 9999,
}
TEXTS = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(sorted(HOSTILE))


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.integers(0, 30))
def test_the_platform_can_take_every_message(title: str, text: str, other: str, count: int) -> None:
    title, text, other = (HOSTILE.get(each, each) for each in (title, text, other))
    links = tuple(Link(other[:50], f"https://a.example/{number}/{'p' * 40 * number}") for number in range(count))
    hostile = parcel(Message(title, text, fields=(Field(other, title),) * count, links=links), (LEAD,))

    assert len(app_markdown(hostile).encode()) <= MAX_APP_BYTES
    assert len(chat_message(hostile, "c")["text"]["content"].encode()) <= MAX_APP_BYTES
    assert len(robot_message(hostile)["markdown"]["content"].encode()) <= MAX_ROBOT_BYTES
    check_card({**closing_card(hostile.message)})
    card = message_card(hostile, "Alice")
    check_card({**card} if card else {**closing_card(hostile.message)})
