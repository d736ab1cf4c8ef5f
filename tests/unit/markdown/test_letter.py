"""One message as one text: what is cut, what never is, and what tells repetitions apart."""

from __future__ import annotations

from typing import Any

import pytest

from approval_gate.domain.message import LOCALES, Field, Link, Message
from approval_gate.markdown_letter import Letter, reference, title_of
from approval_gate.markdown_writing import Dialect

MESSAGE = Message(
    "Deployed", "It works.", fields=(Field("Commit", "9f1c2ab"),), links=(Link("Log", "https://a.example/log"),)
)


def letter(limit: int = 2000, message: Message = MESSAGE, **others: Any) -> str:
    return Letter(
        message=message,
        dialect=Dialect(styles={}),
        heading="### Deployed",
        signature="Ref 12",
        size=lambda text: len(text.encode()),
        limit=limit,
        links=message.links,
        **others,
    ).written()


def test_everything_stands_in_its_order() -> None:
    assert letter(mentions="@lead").split("\n\n") == [
        "### Deployed", "It works.", "Commit：9f1c2ab", "- [Log](https://a.example/log)", "@lead", "Ref 12",
    ]  # fmt: skip


@pytest.mark.parametrize(("locale", "notice"), [("zh-CN", "已截断"), ("en", "shortened"), ("fr", "已截断")])
def test_a_cut_text_says_so_in_its_language(locale: str, notice: str) -> None:
    text = letter(400, Message("t", "long " * 1000, fields=MESSAGE.fields, links=MESSAGE.links, locale=locale))

    assert notice in text
    assert len(text.encode()) <= 400
    assert all(part in text for part in ("### Deployed", "long", "9f1c2ab", "https://a.example/log", "Ref 12"))


def test_links_and_fields_do_not_crowd_out_each_other() -> None:
    fields = tuple(Field(f"F{number}", "v" * 100) for number in range(99))
    links = tuple(Link(f"L{number}", f"https://a.example/{number}") for number in range(99))

    text = letter(1000, Message("t", "text " * 500, fields=fields, links=links))

    assert len(text.encode()) <= 1000
    assert all(part in text for part in ("F0", "https://a.example/0", "text", "Ref 12"))


def test_a_whole_text_is_not_said_to_be_cut() -> None:
    assert "截断" not in letter(len(letter().encode()))
    assert "截断" in letter(len(letter().encode()) - 1)


def test_an_address_that_is_not_of_the_web_is_shown_and_leads_nowhere() -> None:
    text = letter(message=Message("t", links=(Link("Open", "javascript:alert(1)"),)))

    assert "Open: javascript:alert(1)" in text
    assert "](" not in text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_message_without_a_title_has_one(locale: str) -> None:
    assert title_of(Message(" \n\u200f", locale=locale))


def test_a_title_is_one_line_of_a_hundred_characters_at_most() -> None:
    assert title_of(Message("a\nb")) == "a b"
    assert len(title_of(Message("长" * 500))) == 100


def test_the_reference_is_the_same_on_every_attempt_and_no_other() -> None:
    assert reference("dlv_1") == reference("dlv_1") != reference("dlv_2")
