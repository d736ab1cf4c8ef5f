"""What people read about an approval, in both languages. The requester's own words stand in the title and in fields."""

from __future__ import annotations

from approval_gate.domain.approval import Approval
from approval_gate.domain.message import LOCALES, Field, Level, Link, Message
from approval_gate.domain.moments import moment_text
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.domain.people import Identity
from approval_gate.domain.waiting import waiting_for

__all__ = ["message_about"]

_FIELDS_SHOWN = 10
"""Of the request's own fields: a notification is read at a glance, the approval shows all of them."""

_LEVELS = {
    ApprovalEvent.APPROVED: Level.SUCCESS,
    ApprovalEvent.REJECTED: Level.ERROR,
    ApprovalEvent.FAILED: Level.ERROR,
    ApprovalEvent.EXPIRED: Level.WARNING,
    ApprovalEvent.REMINDER: Level.WARNING,
    ApprovalEvent.ESCALATION: Level.WARNING,
    ApprovalEvent.REVOKED: Level.ERROR,
}

_WORDS: dict[str, dict[ApprovalEvent, tuple[str, str]]] = {
    "zh-CN": {
        ApprovalEvent.PENDING: ("待审批", "已发起审批，等待处理。"),
        ApprovalEvent.APPROVED: ("已通过", "审批已通过，流水线将继续执行。"),
        ApprovalEvent.REJECTED: ("已拒绝", "审批未通过，流水线不会继续。"),
        ApprovalEvent.EXPIRED: ("已超时", "审批在截止时间前无人处理完成，流水线不会继续。"),
        ApprovalEvent.CANCELED: ("已取消", "审批已被取消，流水线不会继续。"),
        ApprovalEvent.FAILED: ("审批失败", "审批无法完成，流水线不会继续。"),
        ApprovalEvent.REMINDER: ("催办", "有一个审批正在等待您处理。"),
        ApprovalEvent.ESCALATION: ("审批升级", "该审批长时间无人处理。"),
        ApprovalEvent.RELEASED: ("无需处理", "该审批已经结束，您无需再处理；此后的操作不会生效。"),
        ApprovalEvent.REVOKED: ("通过后被撤销", "审批通过后在平台上被撤销。结果已经生效，请检查是否需要回滚。"),
    },
    "en": {
        ApprovalEvent.PENDING: ("Approval needed", "An approval was requested and waits for its approvers."),
        ApprovalEvent.APPROVED: ("Approved", "The pipeline goes on."),
        ApprovalEvent.REJECTED: ("Rejected", "The pipeline does not go on."),
        ApprovalEvent.EXPIRED: ("Expired", "It was not decided in time. The pipeline does not go on."),
        ApprovalEvent.CANCELED: ("Canceled", "The request was taken back. The pipeline does not go on."),
        ApprovalEvent.FAILED: ("Approval failed", "It could not be completed. The pipeline does not go on."),
        ApprovalEvent.REMINDER: ("Reminder", "An approval waits for you."),
        ApprovalEvent.ESCALATION: ("Nobody has decided", "This approval has been waiting for long."),
        ApprovalEvent.RELEASED: (
            "No answer needed",
            "It has ended; what you press there has no effect.",
        ),
        ApprovalEvent.REVOKED: (
            "Revoked after approval",
            "It was taken back on the platform after it was approved. The outcome stands: check whether to roll back.",
        ),
    },
}

_LABELS = {
    "zh-CN": {
        "requester": "申请人",
        "waiting": "等待处理",
        "by": "处理人",
        "comment": "意见",
        "reason": "原因",
        "expires": "截止时间",
        "outcome": "结果",
        "open": "打开审批",
    },
    "en": {
        "requester": "Requested by",
        "waiting": "Waiting for",
        "by": "Decided by",
        "comment": "Comment",
        "reason": "Reason",
        "expires": "Expires",
        "outcome": "Outcome",
        "open": "Open the approval",
    },
}

_STILL_OPEN = {ApprovalEvent.PENDING, ApprovalEvent.REMINDER, ApprovalEvent.ESCALATION}


def message_about(approval: Approval, event: ApprovalEvent, locale: str = "") -> Message:
    """
    Return what to tell about an event of an approval.

    Args:
        locale: one of `LOCALES`; anything else reads as the first.
    """
    locale = locale if locale in LOCALES else LOCALES[0]
    heading, text = _WORDS[locale][event]
    label = _LABELS[locale]
    colon, comma = ("：", "、") if locale == "zh-CN" else (": ", ", ")
    facts: list[tuple[str, str]] = [(label["requester"], _named(approval.requester))]
    outcome = approval.outcome
    if event in _STILL_OPEN:
        facts += [(label["waiting"], comma.join(_named(who) for who in waiting_for(approval)))]
        facts += [(label["expires"], moment_text(approval.expires_at, locale))]
    elif outcome is not None:
        language = "zh" if locale == "zh-CN" else "en"
        if event in (ApprovalEvent.RELEASED, ApprovalEvent.REVOKED):
            facts += [(label["outcome"], _WORDS[locale][ApprovalEvent(outcome.status.value.lower())][0])]
        facts += [(label["by"], comma.join(_named(who) for who in outcome.decided_by))]
        facts += [(label["comment"], outcome.comment)]
        explained = outcome.detail.get(language) or outcome.detail.get("en", "")
        facts += [(label["reason"], explained if explained != outcome.comment else "")]
    own = [(field.name, field.value) for field in approval.request.fields[:_FIELDS_SHOWN]]
    links = (Link(label["open"], approval.open_url),) if approval.open_url else ()
    return Message(
        title=f"{heading}{colon}{approval.request.title}",
        text=text,
        level=_LEVELS.get(event, Level.INFO),
        fields=tuple(Field(name, value) for name, value in facts + own if value),
        links=links + approval.request.links,
        locale=locale,
    )


def _named(person: Identity | None) -> str:
    return (person.name or person.user_id) if person else ""
