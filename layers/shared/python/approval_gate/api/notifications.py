"""Bodies of the notifications API."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, model_validator
from pydantic import StringConstraints as Text

from approval_gate.api.models import REQUEST_MAX_BYTES, DestinationBody, FieldBody, Id, Line, LinkBody, PersonBody
from approval_gate.domain.delivery import Delivery, DeliveryStatus
from approval_gate.domain.message import Destination, DestinationKind, Level, Link, Message
from approval_gate.domain.message import Field as MessageField
from approval_gate.domain.notification import Notification
from approval_gate.services.notify import Order

__all__ = ["NotificationBody", "NotificationRequestBody", "notification_view"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    return text


def _one_person(person: PersonBody) -> PersonBody:
    if person.model_fields_set & {"department", "group"}:
        raise ValueError("mention one person, by user_id, email, mobile or account")
    return person


type Locale = Literal["zh-CN", "en"]
_Word = Annotated[str, Text(max_length=2000), AfterValidator(_printable)]
_Scalar = _Word | StrictBool | StrictInt | StrictFloat
_VariableName = Annotated[str, Text(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class MessageBody(BaseModel):
    """What to tell. `text` is Markdown: bold, italics, links, lists, quotes, code, headings; nothing else is markup."""

    model_config = ConfigDict(extra="forbid")

    title: Line
    text: Annotated[str, Text(max_length=10_000), AfterValidator(_printable)] = ""
    level: Level = Level.INFO
    fields: Annotated[list[FieldBody], Field(max_length=50)] = Field(default_factory=list)
    links: Annotated[list[LinkBody], Field(max_length=20)] = Field(default_factory=list)
    mention: Annotated[list[Annotated[PersonBody, AfterValidator(_one_person)]], Field(max_length=50)] = Field(
        default_factory=list
    )

    def to_domain(self, locale: str) -> Message:
        """Return the message as the core knows it."""
        words: dict[str, Any] = {"locale": locale} if locale else {}
        return Message(
            title=self.title,
            text=self.text,
            level=self.level,
            fields=tuple(MessageField(field.name, field.value) for field in self.fields),
            links=tuple(Link(link.title, link.url) for link in self.links),
            mentions=tuple(who.to_domain(f"message.mention[{index}]") for index, who in enumerate(self.mention)),
            **words,
        )


class NotificationRequestBody(BaseModel):
    """
    A message for somebody, in one's own words (`message`) or a template's.

    `locale` is the language of the words that the gate adds, and of a template; absent: the platform's usual one.
    """

    model_config = ConfigDict(extra="forbid")

    app: Id
    to: Annotated[list[DestinationBody], Field(min_length=1, max_length=100)]
    message: MessageBody | None = None
    template: Id | None = None
    variables: Annotated[
        dict[_VariableName, _Scalar | Annotated[list[_Scalar], Field(max_length=50)]], Field(max_length=50)
    ] = Field(default_factory=dict)
    locale: Locale | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.message is None) == (self.template is None):
            raise ValueError("give exactly one of message and template")
        if self.variables and self.template is None:
            raise ValueError("variables belong to a template; leave them out")
        if len(self.model_dump_json().encode()) > REQUEST_MAX_BYTES:
            raise ValueError(f"the request is larger than {REQUEST_MAX_BYTES} bytes; shorten it")
        return self

    def to_domain(self) -> Order:
        """Return the order as the core knows it; a destination that is named twice is told once."""
        named = (each.to_domain(f"to[{index}]") for index, each in enumerate(self.to))
        return Order(
            app=self.app,
            to=tuple({(each.kind, each.value): each for each in named}.values()),
            message=self.message.to_domain(self.locale or "") if self.message else None,
            template=self.template or "",
            variables=self.variables,
            locale=self.locale or "",
        )


class DeliveryBody(BaseModel):
    """
    What became of one destination.

    `status`: QUEUED, SENT, FAILED, or DROPPED when it had become untrue before it could be sent. `problem` says what is
    wrong and what to do.
    """

    destination: dict[str, str | bool]
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    finished_at: datetime | None
    provider_message_id: str | None
    error_code: str | None
    problem: str | None


class CountsBody(BaseModel):
    """`sent + failed + dropped + queued = asked`, always."""

    asked: int
    sent: int
    failed: int
    dropped: int
    queued: int


class NotificationBody(BaseModel):
    """One notification. `status` is QUEUED while any delivery is, then FAILED if any did, else SENT."""

    id: str
    status: Literal["QUEUED", "SENT", "FAILED"]
    app: str | None
    event: str | None
    approval_id: str | None
    created_at: datetime
    counts: CountsBody
    deliveries: list[DeliveryBody]


def notification_view(notification: Notification, deliveries: Sequence[Delivery]) -> NotificationBody:
    """Return a notification as the public API shows it; what was not spread yet is queued."""
    by_number = {each.key.number: each for each in deliveries}
    shown = [_delivery_view(to, by_number.get(number)) for number, to in enumerate(notification.to)]
    found = Counter(each.status for each in shown)
    counts = CountsBody(
        asked=len(shown),
        sent=found[DeliveryStatus.SENT],
        failed=found[DeliveryStatus.FAILED],
        dropped=found[DeliveryStatus.DROPPED],
        queued=found[DeliveryStatus.QUEUED],
    )
    return NotificationBody(
        id=notification.id,
        status="QUEUED" if counts.queued else "FAILED" if counts.failed else "SENT",
        app=notification.app or None,
        event=notification.event.value if notification.event else None,
        approval_id=notification.approval_id or None,
        created_at=notification.created_at,
        counts=counts,
        deliveries=shown,
    )


def _delivery_view(to: Destination, delivery: Delivery | None) -> DeliveryBody:
    return DeliveryBody(
        destination=_destination_view(to),
        status=delivery.status if delivery else DeliveryStatus.QUEUED,
        attempts=delivery.attempts if delivery else 0,
        next_attempt_at=delivery.next_attempt_at if delivery else None,
        finished_at=delivery.finished_at if delivery else None,
        provider_message_id=(delivery.message_id or None) if delivery else None,
        error_code=(delivery.error_code or None) if delivery else None,
        problem=(delivery.problem or None) if delivery else None,
    )


def _destination_view(to: Destination) -> dict[str, str | bool]:
    if to.kind in {DestinationKind.EVERYONE, DestinationKind.EVENT_BUS}:
        return {to.kind.value: True}
    if to.kind is DestinationKind.WEBHOOK:
        # Callers put secrets into queries.
        return {to.kind.value: urlsplit(to.value)._replace(query="", fragment="").geturl()}
    return {to.kind.value: to.value}
