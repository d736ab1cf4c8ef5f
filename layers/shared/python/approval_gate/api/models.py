"""
What the public API is asked, and its translation into the domain; `answers.py` has what it answers.

Unknown fields are refused: a typo in `approvers` must never weaken a gate.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from approval_gate.domain import approval as domain
from approval_gate.domain.message import Destination, DestinationKind

__all__ = [
    "ApprovalRequestBody",
    "CancelBody",
    "DestinationBody",
    "PersonBody",
    "RequesterBody",
    "StageBody",
]

TIMEOUT_MIN_S = 60
TIMEOUT_MAX_S = 2_592_000
REQUEST_MAX_BYTES = 131_072
"""What one approval may take in the table: its item also holds up to 400 tasks and must stay below 400 KB."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""The last two turn the direction of text: an approver would read something else than what is approved."""
_BREAK = re.compile(r"[\n\r\x85\u2028\u2029]")
_MOBILE = re.compile(r"\+?[0-9]{5,20}")


def _one_line(text: str) -> str:
    if _CONTROL.search(text) or _BREAK.search(text):
        raise ValueError("must be one line without control characters")
    return text


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    return text


def _http_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", url):
        raise ValueError("must be an http or https address")
    return url


def _mobile(number: str) -> str:
    digits = re.sub(r"[\s()-]", "", number)
    if not _MOBILE.fullmatch(digits):
        raise ValueError("must be a phone number such as +8613800000000")
    return digits


def _email(address: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ValueError("must be an e-mail address")
    return address


def _line(limit: int, minimum: int = 1) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=minimum, max_length=limit)


def _text(limit: int) -> Any:
    return StringConstraints(max_length=limit)


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Line = Annotated[str, _line(200), AfterValidator(_one_line)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=TIMEOUT_MAX_S)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonBody(_Body):
    """One person, named in exactly one way."""

    user_id: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None
    email: Annotated[str, _line(254), AfterValidator(_email)] | None = None
    mobile: Annotated[str, _line(32), AfterValidator(_mobile)] | None = None
    account: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None
    department: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None
    group: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len(self.model_fields_set) != 1 or getattr(self, next(iter(self.model_fields_set))) is None:
            raise ValueError("name a person by exactly one of user_id, email, mobile, account, department, group")
        return self

    def to_domain(self, path: str) -> domain.PersonRef:
        """Return the person with its path in the request."""
        kind = next(iter(self.model_fields_set))
        return domain.PersonRef(domain.PersonKind(kind), str(getattr(self, kind)), f"{path}.{kind}")


class RequesterBody(PersonBody):
    """The one person in whose name an approval is asked for."""

    @model_validator(mode="after")
    def _is_one_person(self) -> Self:
        if self.department is not None or self.group is not None:
            raise ValueError("must be one person, not a department or a group")
        return self


class StageBody(_Body):
    """One stage: who is asked, and who of them must agree."""

    mode: Literal["all", "any", "sequence"]
    approvers: Annotated[list[PersonBody], Field(min_length=1, max_length=20)]


class FieldBody(_Body):
    """One labelled value that approvers see."""

    name: Annotated[str, _line(100), AfterValidator(_one_line)]
    value: Annotated[str, _text(2000), AfterValidator(_printable)]


class LinkBody(_Body):
    """One link that approvers see."""

    title: Annotated[str, _line(200), AfterValidator(_one_line)]
    url: Annotated[str, _line(2048), AfterValidator(_http_url)]


class PolicyBody(_Body):
    """What may count when the platform says "approved"."""

    allow_transfer: Annotated[bool, Field(strict=True)] = True
    allow_self_approval: Annotated[bool, Field(strict=True)] = False
    allow_auto_pass: Annotated[bool, Field(strict=True)] = False


class RemindersBody(_Body):
    """When approvers who have not answered are reminded: first (from creation), how often, how many times at most."""

    first_after_s: Seconds
    repeat_every_s: Seconds = 1800
    max: Annotated[int, Field(strict=True, ge=1, le=20)] = 3

    def to_domain(self) -> domain.Reminders:
        """Return it as the core knows it."""
        return domain.Reminders(self.first_after_s, self.repeat_every_s, self.max)


class EscalationBody(_Body):
    """Whom to tell that nobody has decided, and how many seconds after creation."""

    after_s: Seconds
    notify: Annotated[list[PersonBody], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if any(person.group is not None for person in self.notify):
            raise ValueError("a group of approvers cannot be written to; name its people, or a department")
        return self

    def to_domain(self) -> domain.Escalation:
        """Return it as the core knows it."""
        people = tuple(each.to_domain(f"escalation.notify[{index}]") for index, each in enumerate(self.notify))
        return domain.Escalation(self.after_s, people)


class CallbackBody(_Body):
    """Where the outcome is posted, signed."""

    url: Annotated[str, _line(2048), AfterValidator(_http_url)]


class DestinationBody(_Body):
    """One destination of messages, named in exactly one way."""

    user_id: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None
    email: Annotated[str, _line(254), AfterValidator(_email)] | None = None
    mobile: Annotated[str, _line(32), AfterValidator(_mobile)] | None = None
    account: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None
    department: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None
    chat: Annotated[str, _line(128), AfterValidator(_one_line)] | None = None
    robot: Id | None = None
    everyone: Literal[True] | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len(self.model_fields_set) != 1 or getattr(self, next(iter(self.model_fields_set))) is None:
            names = "user_id, email, mobile, account, department, chat, robot, everyone"
            raise ValueError(f"name a destination by exactly one of {names}")
        return self

    def to_domain(self, path: str) -> Destination:
        """Return the destination with its path in the request."""
        kind = next(iter(self.model_fields_set))
        value = "" if kind == "everyone" else str(getattr(self, kind))
        return Destination(DestinationKind(kind), value, f"{path}.{kind}")


class SubscriptionBody(_Body):
    """Who hears what becomes of the approval, through which app."""

    app: Id
    to: Annotated[list[DestinationBody], Field(min_length=1, max_length=20)]
    on: Annotated[
        list[Literal["pending", "approved", "rejected", "expired", "canceled", "failed"]],
        Field(min_length=1, max_length=6),
    ]

    def to_domain(self, path: str) -> domain.Subscription:
        """Return it as the core knows it."""
        to = tuple(each.to_domain(f"{path}.to[{index}]") for index, each in enumerate(self.to))
        return domain.Subscription(self.app, to, frozenset(self.on))


class ApprovalRequestBody(_Body):
    """What a pipeline asks."""

    app: Id
    title: Line
    stages: Annotated[list[StageBody], Field(min_length=1, max_length=20)]
    description: Annotated[str, _text(4000), AfterValidator(_printable)] = ""
    fields: Annotated[list[FieldBody], Field(max_length=50)] = Field(default_factory=list)
    links: Annotated[list[LinkBody], Field(max_length=50)] = Field(default_factory=list)
    requester: RequesterBody | None = None
    cc: Annotated[list[PersonBody], Field(max_length=20)] = Field(default_factory=list)
    policy: PolicyBody = Field(default_factory=PolicyBody)
    timeout_s: Annotated[int, Field(strict=True, ge=TIMEOUT_MIN_S, le=TIMEOUT_MAX_S)] = 3600
    reminders: RemindersBody | None = None
    escalation: EscalationBody | None = None
    supersede_key: Annotated[str, _line(255, 0), AfterValidator(_one_line)] = ""
    callback: CallbackBody | None = None
    notify: Annotated[list[SubscriptionBody], Field(max_length=10)] = Field(default_factory=list)
    task_token: Annotated[str, _text(2048)] = ""
    fail_unless_approved: Annotated[bool, Field(strict=True)] = False
    metadata: Annotated[dict[Annotated[str, _line(100)], Annotated[str, _text(1000)]], Field(max_length=20)] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _fits_into_an_item(self) -> Self:
        if len(self.model_dump_json().encode()) > REQUEST_MAX_BYTES:
            raise ValueError(f"the request is larger than {REQUEST_MAX_BYTES} bytes; shorten the fields")
        return self

    def to_domain(self) -> domain.Request:
        """Return the request as the core knows it."""
        return domain.Request(
            app=self.app,
            title=self.title,
            description=self.description,
            fields=tuple(domain.Field(field.name, field.value) for field in self.fields),
            links=tuple(domain.Link(link.title, link.url) for link in self.links),
            requester=self.requester.to_domain("requester") if self.requester else None,
            stages=tuple(
                domain.RequestedStage(
                    domain.Mode(stage.mode),
                    tuple(
                        person.to_domain(f"stages[{number}].approvers[{index}]")
                        for index, person in enumerate(stage.approvers)
                    ),
                )
                for number, stage in enumerate(self.stages)
            ),
            cc=tuple(person.to_domain(f"cc[{index}]") for index, person in enumerate(self.cc)),
            policy=domain.Policy(**self.policy.model_dump()),
            timeout_s=self.timeout_s,
            reminders=self.reminders.to_domain() if self.reminders else None,
            escalation=self.escalation.to_domain() if self.escalation else None,
            supersede_key=self.supersede_key,
            callback_url=self.callback.url if self.callback else "",
            notify=tuple(each.to_domain(f"notify[{index}]") for index, each in enumerate(self.notify)),
            task_token=self.task_token,
            fail_unless_approved=self.fail_unless_approved,
            metadata=dict(self.metadata),
        )


class CancelBody(_Body):
    """Why an approval is canceled; approvers see it."""

    reason: Annotated[str, _text(500), AfterValidator(_printable)] = ""
