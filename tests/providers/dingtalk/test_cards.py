"""What we send, held against golden JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from approval_gate.domain.approval import Field, Identity, Link, Mode, Stage
from approval_gate.ports import Draft
from approval_gate.providers.dingtalk.cards import LABELS, MAX_DETAIL_CHARS, form_body, instance_body
from approval_gate.providers.dingtalk.plan import Plan, read_reference, reference

GOLDEN = Path(__file__).parent / "golden"
ONE, TWO, THREE = (Identity(f"user00{number}") for number in (1, 2, 3))


def golden(name: str) -> object:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def value_of(draft: Draft, label: str) -> str:
    return next(
        each["value"] for each in instance_body(draft, "PROC-1")["formComponentValues"] if each["name"] == label
    )


def test_the_form_is_the_golden_one() -> None:
    assert form_body() == golden("form.json")


def test_an_instance_is_the_golden_one(draft: Draft) -> None:
    assert instance_body(draft, "PROC-00000001") == golden("instance.json")


def test_labels_are_short_enough_for_the_platform() -> None:
    assert all(len(label) <= 20 for label in LABELS)
    assert len(set(LABELS)) == 3


@pytest.mark.parametrize(
    ("stage", "nodes"),
    [
        (Stage(Mode.ALL, (ONE, TWO)), [("AND", ["user001", "user002"])]),
        (Stage(Mode.ANY, (ONE, TWO)), [("OR", ["user001", "user002"])]),
        (Stage(Mode.ALL, (ONE,)), [("NONE", ["user001"])]),
        (Stage(Mode.ANY, (ONE,)), [("NONE", ["user001"])]),
        (Stage(Mode.SEQUENCE, (TWO, ONE)), [("NONE", ["user002"]), ("NONE", ["user001"])]),
    ],
    ids=str,
)
def test_a_stage_becomes_nodes(draft: Draft, stage: Stage, nodes: list[tuple[str, list[str]]]) -> None:
    body = instance_body(replace(draft, stages=(stage,)), "PROC-1")

    assert [(each["actionType"], each["userIds"]) for each in body["approvers"]] == nodes


def test_without_copies_none_are_mentioned(draft: Draft) -> None:
    assert not {"ccList", "ccPosition"} & instance_body(replace(draft, cc=()), "PROC-1").keys()


def test_a_reference_tells_the_approval_and_its_nodes() -> None:
    stages = (Stage(Mode.ALL, (ONE, TWO)), Stage(Mode.SEQUENCE, (ONE, TWO, THREE)), Stage(Mode.ANY, (THREE,)))

    text = reference("apr_01", stages)

    assert text == "apr_01 [2,1+1+1,1]"
    assert read_reference(text) == ("apr_01", Plan(stages=(0, 1, 1, 1, 2), sizes=(2, 1, 1, 1, 1)))


@pytest.mark.parametrize(
    "text", ["", "apr_01", "apr_01 []", "apr_01 [2,]", "apr_01 [x]", "apr_01 [2]x", "a b [2]", "[2]"]
)
def test_what_is_no_reference_of_ours_reads_as_nothing(text: str) -> None:
    assert read_reference(text) == ("", None)


def test_a_long_text_is_cut_and_keeps_its_links_and_its_end(draft: Draft) -> None:
    long = replace(draft, fields=(Field("Log", "x" * 50_000),))

    detail = value_of(long, LABELS[1])

    assert len(detail) <= MAX_DETAIL_CHARS
    assert "Too long, shortened here" in detail
    assert "https://ci.example.com/42" in detail
    assert detail.endswith("Decide before: 2026-01-15 12:30 UTC+8 (2026-01-15 04:30 UTC)")


def test_no_value_can_pass_for_a_label_or_turn_the_text_around(draft: Draft) -> None:
    hostile = replace(
        draft,
        title="Deploy\u202e web\n\x00 now",
        description="one\r\ntwo\u2028three",
        fields=(Field("Note", "a\nDecide before: never"),),
        links=(Link("Bu\nild", "https://ci.example.com/1"),),
        expires_at=datetime(2026, 1, 16, tzinfo=UTC),
    )

    assert value_of(hostile, LABELS[0]) == "Deploy web now"
    assert value_of(hostile, LABELS[1]) == (
        "one\ntwo\nthree\n\nNote: a\n    Decide before: never\n\n"
        "链接 Links:\nBu ild: https://ci.example.com/1\n\n请在此时间前处理 "
        "Decide before: 2026-01-16 08:00 UTC+8 (2026-01-16 00:00 UTC)"
    )


def test_text_that_no_codec_takes_is_made_encodable(draft: Draft) -> None:
    json.dumps(instance_body(replace(draft, title="a\ud800b"), "PROC-1"), ensure_ascii=False).encode()
