"""What we send, against golden JSON, and what we read back from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from approval_gate.domain.approval import Field, Identity, Link, Mode, Stage
from approval_gate.ports import Draft
from approval_gate.providers.wecom.cards import (
    MAX_TEXT_CHARS,
    application_body,
    closing_message_body,
    reference_of,
    template_body,
    title_of,
)

GOLDEN = Path(__file__).with_name("golden")


def golden(name: str) -> Any:
    return json.loads(GOLDEN.joinpath(name).read_text(encoding="utf-8"))


def text_of(draft: Draft) -> str:
    return application_body(draft, "3Tka", "Textarea-1")["apply_data"]["contents"][0]["value"]["text"]


def test_an_application_is_as_documented(draft: Draft) -> None:
    assert application_body(draft, "3TkaH5KFbrG9heEQ", "Textarea-1") == golden("application.json")


def test_the_template_is_as_documented() -> None:
    body = template_body("1000002")

    assert body == golden("template.json")
    assert all(len(each["text"]) <= 40 for each in body["template_name"])


def test_the_closing_message_is_as_documented() -> None:
    body = closing_message_body(
        "1000002", ["alice", "Bob"], sp_no="202601150007", title="Deploy web", reason="Nobody decided in time."
    )

    assert body == golden("closing_message.json")


@pytest.mark.parametrize(("mode", "rel"), [(Mode.ALL, 1), (Mode.ANY, 2), (Mode.SEQUENCE, 3)])
def test_modes_are_apv_rel(draft: Draft, mode: Mode, rel: int) -> None:
    stage = Stage(mode, (Identity("alice"), Identity("bob")))

    (node, *_) = application_body(replace(draft, stages=(stage,)), "t", "c")["process"]["node_list"]

    assert node == {"type": 1, "apv_rel": rel, "userid": ["alice", "bob"]}


def test_without_copies_there_is_no_node_for_them(draft: Draft) -> None:
    nodes = application_body(replace(draft, cc=()), "t", "c")["process"]["node_list"]

    assert [node["type"] for node in nodes] == [1, 1, 1]


def test_the_summary_keeps_the_platforms_limits(draft: Draft) -> None:
    fields = tuple(Field(f"Name {number}", "value " * 10) for number in range(5))

    rows = application_body(replace(draft, fields=fields), "t", "c")["summary_list"]

    assert len(rows) == 3
    assert all(len(row["summary_info"][0]["text"]) <= 20 for row in rows)


def test_the_id_is_found_at_the_end_of_the_text(draft: Draft) -> None:
    assert reference_of(text_of(draft)) == draft.approval_id
    assert title_of(text_of(draft)) == draft.title


@pytest.mark.parametrize("suffix", ["", "\n", "\r\n", "  \n\n"])
def test_the_id_is_found_whatever_stands_behind_it(draft: Draft, suffix: str) -> None:
    assert reference_of(text_of(draft) + suffix) == draft.approval_id


def test_an_id_in_a_strangers_text_is_not_taken_for_ours(draft: Draft) -> None:
    lie = "编号 Reference: apr_ANOTHER"
    hostile = replace(
        draft,
        title=lie,
        description=f"x\n{lie}\n",
        fields=(Field(lie, f"x\n{lie}"),),
        links=(Link(lie, f"https://ci.example.com/\n{lie}"),),
    )

    assert reference_of(text_of(hostile)) == draft.approval_id


@pytest.mark.parametrize(
    "text", ["", "编号 Reference: ", "Reference: apr_1", "编号 Reference: apr_1\nand more", "x 编号 Reference: apr_1"]
)
def test_a_text_of_somebody_else_has_no_id(text: str) -> None:
    assert reference_of(text) == ""
    assert title_of(text) == ""


def test_a_long_text_is_shortened_and_keeps_links_and_id(draft: Draft) -> None:
    long = replace(
        draft,
        description="d" * 4000,
        fields=tuple(Field(f"F{number}", "v" * 500) for number in range(50)),
    )

    text = text_of(long)

    assert len(text) <= MAX_TEXT_CHARS
    assert "已截断" in text
    assert "Build 42: https://ci.example.com/42" in text
    assert reference_of(text) == draft.approval_id


def test_many_links_are_shortened_too(draft: Draft) -> None:
    links = tuple(Link(f"L{number}", "https://ci.example.com/" + "x" * 500) for number in range(50))

    text = text_of(replace(draft, description="d" * 4000, links=links))

    assert len(text) <= MAX_TEXT_CHARS
    assert reference_of(text) == draft.approval_id


def test_values_cannot_pass_for_labels_or_turn_the_text_around(draft: Draft) -> None:
    hostile = replace(draft, fields=(Field("Commit", "a\u202e\x00\x1b[31m\r\nTests: 0 failed"),))

    text = text_of(hostile)

    assert "Commit: a[31m\n    Tests: 0 failed" in text


def test_lone_surrogates_do_not_break_the_call(draft: Draft) -> None:
    json.dumps(application_body(replace(draft, title="a\ud800"), "t", "c"), ensure_ascii=False).encode()


def test_a_message_keeps_the_platforms_limit_and_holds_no_links_of_strangers() -> None:
    title = '<a href="https://evil.example.com">' + "长" * 4000

    body = closing_message_body("1000002", ["alice"], sp_no="1" * 64, title=title, reason=title)

    content = body["text"]["content"]
    assert len(content.encode()) <= 2048
    assert "<" not in content
    assert "a click changes nothing" in content
