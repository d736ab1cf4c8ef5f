"""The bodies we send, against golden files, and what strangers' text cannot do to them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from approval_gate.domain.approval import Field, Identity, Link, Mode, Stage
from approval_gate.ports import Draft
from approval_gate.providers.feishu.cards import MAX_DETAIL_CHARS, definition_body, instance_body, shape_of

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> object:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def detail_of(draft: Draft, locale: str = "en-US") -> str:
    return _text(instance_body(draft, "CODE", "zh-CN"), locale, "@i18n@detail")


def title_of(draft: Draft) -> str:
    return _text(instance_body(draft, "CODE", "zh-CN"), "en-US", "@i18n@title")


def test_a_definition_is_as_agreed(draft: Draft) -> None:
    assert definition_body(draft.stages, "zh-CN") == golden("definition_and_or_sequential.json")


def test_an_instance_is_as_agreed(draft: Draft) -> None:
    assert instance_body(draft, "7D9C1A52-3E4F-4B60-9A71-0C2D4E6F8A10", "zh-CN") == golden("instance.json")


def test_an_instance_for_lark_is_english_first(draft: Draft) -> None:
    defaults = {each["locale"]: each["is_default"] for each in instance_body(draft, "CODE", "en-US")["i18n_resources"]}

    assert defaults == {"zh-CN": False, "en-US": True}


def test_every_language_holds_every_key(draft: Draft) -> None:
    for body in (definition_body(draft.stages, "zh-CN"), instance_body(draft, "CODE", "zh-CN")):
        keys = [{text["key"] for text in each["texts"]} for each in body["i18n_resources"]]

        assert keys[0] == keys[1]
        used = {part.split('"')[0] for part in json.dumps(body).replace("\\", "").split('"') if part[:6] == "@i18n@"}
        assert used == keys[0]
        assert all(len(key) >= 9 for key in keys[0])


def test_an_approved_instance_cannot_be_revoked_and_nobody_starts_one_by_hand(draft: Draft) -> None:
    body = definition_body(draft.stages, "zh-CN")

    assert body["settings"]["revert_interval"] == 0
    assert body["viewers"] == [{"viewer_type": "NONE"}]
    assert all(node["starter_assignee"] == "STARTER" for node in body["node_list"][1:-1])


def test_the_definition_does_not_depend_on_the_request(draft: Draft) -> None:
    other = replace(draft, title="Another title", stages=tuple(replace(s, approvers=()) for s in draft.stages))

    assert definition_body(other.stages, "zh-CN") == definition_body(draft.stages, "zh-CN")


def test_a_shape_is_its_modes_in_order() -> None:
    stages = [Stage(mode, (Identity("ou_1"),)) for mode in (Mode.SEQUENCE, Mode.ALL, Mode.ANY)]

    assert shape_of(stages) == "SEQUENTIAL-AND-OR"


def test_a_person_with_both_ids_is_named_once(draft: Draft) -> None:
    body = instance_body(
        replace(draft, stages=(Stage(Mode.ALL, (Identity("ou_3", other_id="e3"), Identity("ou_3"))),)), "CODE", "zh-CN"
    )

    assert body["node_approver_open_id_list"] == [{"key": "APPROVAL_NODE_0", "value": ["ou_3"]}]
    assert body["node_approver_user_id_list"] == []


def test_a_requester_known_by_user_id_only_starts_by_user_id(draft: Draft) -> None:
    body = instance_body(replace(draft, requester=Identity("dev00001")), "CODE", "zh-CN")

    assert body["user_id"] == "dev00001"
    assert "open_id" not in body


@pytest.mark.parametrize("text", ["@i18n@detail", "a@I18N@title", "@\x00i18n@detail", "@@i18n@x", "@\u202ei18n@detail"])
def test_a_strangers_text_is_no_key(draft: Draft, text: str) -> None:
    hostile = replace(
        draft, title=text, description=text, fields=(Field(text, text),), links=(Link(text, "https://x/" + text),)
    )

    body = instance_body(hostile, "CODE", "zh-CN")

    values = [text["value"] for each in body["i18n_resources"] for text in each["texts"]]
    assert not any("@i18n@" in value.lower() for value in values)


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u200f", "\ufeff"])
def test_control_characters_and_reversed_text_are_taken_out(draft: Draft, char: str) -> None:
    hostile = replace(draft, title=f"a{char}b", description=f"a{char}b")

    assert title_of(hostile) == "ab"
    assert char not in detail_of(hostile)


def test_lone_surrogates_can_be_sent(draft: Draft) -> None:
    hostile = replace(draft, title="a\ud800b", fields=(Field("\udfff", "x\ud800"),))

    json.dumps(instance_body(hostile, "CODE", "zh-CN"), ensure_ascii=False).encode()


def test_a_value_of_several_lines_cannot_pass_for_another_label(draft: Draft) -> None:
    hostile = replace(draft, fields=(Field("Commit\nTests", "9f1c2ab\r\nTests: passed\u2028Risk: none"),))

    lines = detail_of(hostile).splitlines()

    assert "Commit Tests: 9f1c2ab" in lines
    assert "    Tests: passed" in lines
    assert "    Risk: none" in lines


def test_a_title_is_one_line(draft: Draft) -> None:
    assert title_of(replace(draft, title="a\n b\tc")) == "a b c"


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_a_long_text_is_shortened_with_a_notice_and_keeps_its_links(draft: Draft, locale: str) -> None:
    long = replace(draft, fields=tuple(Field(f"F{i}", "x" * 500) for i in range(50)))

    detail = detail_of(long, locale)

    assert len(detail) <= MAX_DETAIL_CHARS
    assert "https://ci.example.com/42" in detail
    assert draft.approval_id in detail
    assert {"zh-CN": "截断", "en-US": "shortened"}[locale] in detail


def test_even_too_many_links_stay_within_the_limit(draft: Draft) -> None:
    long = replace(draft, description="y" * 20_000, links=tuple(Link("L", "https://x/" + "z" * 900) for _ in range(50)))

    assert len(detail_of(long)) <= MAX_DETAIL_CHARS


def test_a_short_text_is_not_shortened(draft: Draft) -> None:
    assert "shortened" not in detail_of(draft)


def _text(body: Any, locale: str, key: str) -> str:
    resource = next(each for each in body["i18n_resources"] if each["locale"] == locale)
    value: str = next(text["value"] for text in resource["texts"] if text["key"] == key)
    return value
