from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from approval_gate.domain.approval import (
    Approval,
    Field,
    Identity,
    Link,
    Mode,
    Outcome,
    Request,
    Source,
    Stage,
    Status,
)
from approval_gate.domain.message import LOCALES, Level, Message
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.domain.wording import message_about

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
APPROVAL = Approval(
    id="apr_1",
    tenant="acme",
    provider="any",
    request=Request(
        "prod",
        "Deploy web 1.42.0",
        (),
        3600,
        fields=(Field("Commit", "9f1c2ab"),),
        links=(Link("Build 42", "https://ci.example.com/42"),),
    ),
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    requester=Identity("ou_dev", "Dev"),
    stages=(Stage(Mode.ALL, (Identity("ou_lead", "Lead"),)),),
    provider_ref="REF-1",
    open_url="https://platform.example.com/open",
)
REJECTED = replace(
    APPROVAL,
    outcome=Outcome(Status.REJECTED, NOW, Source.CALLBACK, (Identity("ou_lead", "Lead"),), comment="not *now*"),
)


def shown(message: Message) -> dict[str, str]:
    return {field.name: field.value for field in message.fields}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("event", list(ApprovalEvent))
def test_every_event_has_words_in_both_languages(event: ApprovalEvent, locale: str) -> None:
    approval = APPROVAL if event in (ApprovalEvent.PENDING, ApprovalEvent.REMINDER) else REJECTED

    message = message_about(approval, event, locale)

    assert message.title.endswith("Deploy web 1.42.0")
    assert message.text
    assert message.locale == locale
    assert any("\u4e00" <= letter <= "\u9fff" for letter in message.title) == (locale == "zh-CN")


def test_a_reminder_says_who_is_awaited_until_when_and_where_to_go() -> None:
    message = message_about(APPROVAL, ApprovalEvent.REMINDER, "en")

    assert shown(message) == {
        "Requested by": "Dev",
        "Waiting for": "Lead",
        "Expires": "2026-01-15 10:00 UTC",
        "Commit": "9f1c2ab",
    }
    assert message.links[0] == Link("Open the approval", "https://platform.example.com/open")


def test_a_chinese_reader_is_told_the_time_of_china_and_names_as_they_are_listed_there() -> None:
    two = replace(APPROVAL, stages=(Stage(Mode.ALL, (Identity("ou_lead", "林悦"), Identity("ou_ops", "陈浩"))),))

    message = message_about(two, ApprovalEvent.REMINDER, "zh-CN")

    assert (shown(message)["截止时间"], shown(message)["等待处理"]) == ("2026-01-15 18:00 UTC+8", "林悦、陈浩")


def test_a_rejection_says_who_and_why_and_looks_like_one() -> None:
    message = message_about(REJECTED, ApprovalEvent.REJECTED, "zh-CN")

    assert (message.level, message.title) == (Level.ERROR, "已拒绝：Deploy web 1.42.0")
    assert (shown(message)["处理人"], shown(message)["意见"]) == ("Lead", "not *now*")


def test_what_people_wrote_never_stands_in_the_markdown() -> None:
    texts = [message_about(REJECTED, event, "en").text for event in ApprovalEvent if event is not ApprovalEvent.PENDING]

    assert not any("not *now*" in text or "Deploy" in text for text in texts)


def test_an_unknown_language_reads_as_the_usual_one() -> None:
    assert message_about(APPROVAL, ApprovalEvent.PENDING, "fr").locale == "zh-CN"
