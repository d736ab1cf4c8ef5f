"""
Carry messages: cards to people and groups, batches to departments, hooks of custom bots.

Source: Feishu developer docs, "Send message", "Update card", "Send messages in batch", "Custom bot guide", read
2026-02-28.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import quote

from approval_gate.domain.message import LOCALES, DestinationKind
from approval_gate.errors import ProviderRejected
from approval_gate.ports.messages import Pace, Receipt
from approval_gate.providers.feishu.card_parts import json_text, sent_bytes
from approval_gate.providers.feishu.client import Client
from approval_gate.providers.feishu.edition import FEISHU, Edition
from approval_gate.providers.feishu.identities import open_id_of, user_id_of
from approval_gate.providers.feishu.messages import HOOK_BYTES, REQUEST_BYTES, card
from approval_gate.providers.feishu.refusals import (
    CARD_REFUSED,
    MESSAGE_GONE,
    batch_problem,
    recipient_problem,
    robot_refusal,
)
from approval_gate.providers.feishu.robots import hook_problem, hook_signature
from approval_gate.untrusted import word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from approval_gate.domain.message import Message
    from approval_gate.domain.people import Identity
    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.ports.messages import Parcel, Recipient
    from approval_gate.providers.feishu.credentials import Credentials
    from approval_gate.providers.feishu.wire_messages import BatchRequest, Card, HookRequest, SendRequest

__all__ = ["Messenger"]

_logger = logging.getLogger(__name__)
_MESSAGES = "/open-apis/im/v1/messages"
_BATCH = "/open-apis/message/v4/batch_send/"
_MESSAGE_ID = "om_"
_ROOT_DEPARTMENT = "0"
_DEPARTMENTS_PER_CALL = 100
# Person and group: 5 a second, in a group shared by all its bots. Robot: 5 a second and 100 a minute, both kept by
# this one figure.
_PACES = {DestinationKind.CHAT: Pace(5, 1), DestinationKind.ROBOT: Pace(5, 3)}
_PERSON_PACE = Pace(5, 1)
# A body without its card, in bytes: what JSON adds around it.
_FRAME_BYTES = 200


class _Address(NamedTuple):
    """Whom a call of "Send message" names, and by which kind of id."""

    kind: str
    value: str


class Messenger:
    """
    The message half for one app.

    People get one call each, not one batch for all: a batch is sent later, its message cannot be replaced when an
    approval ends, and only single messages take a `uuid`, by which the platform drops a repetition within an hour.
    Departments and everybody get a batch, since the alternative is a call per member; a batch whose answer is lost may
    arrive twice, and so may a message to a robot.
    """

    edition: ClassVar[Edition] = FEISHU

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        del forms  # every provider's messenger is built alike; nothing has to be created here before a message
        self.locale = LOCALES[0] if self.edition.default_locale in LOCALES else "en"
        self._base_url = app.base_url or ""
        self._client = Client(self.edition, app, credentials, http, tokens)
        self._clock = clock

    def recipients_per_call(self, kind: DestinationKind) -> int:
        """Return how many recipients of one sort fit into one call; 0 when the platform cannot reach this kind."""
        if kind is DestinationKind.DEPARTMENT:
            return _DEPARTMENTS_PER_CALL
        single = {DestinationKind.CHAT, DestinationKind.ROBOT, DestinationKind.EVERYONE}
        return 1 if kind.is_person or kind in single else 0

    def pace(self, kind: DestinationKind) -> Pace | None:
        """Return how fast one destination of this kind may be written to."""
        return _PERSON_PACE if kind.is_person else _PACES.get(kind)

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        """
        Send one message, in one call; a second one only when a mention spoilt the card.

        What the platform says against a person, a group or a robot is a receipt; what it says against the app is
        raised.

        Raises:
            ProviderThrottled, ProviderUnavailable: try again with the same parcel. People and groups then get it once,
                within the hour in which the platform knows the parcel's id.
            ProviderRejected: will fail again for every recipient.
        """
        kind = parcel.to[0].destination.kind
        if kind in {DestinationKind.DEPARTMENT, DestinationKind.EVERYONE}:
            return self._send_batch(parcel)
        (recipient,) = parcel.to
        if kind is DestinationKind.ROBOT:
            return (self._send_to_robot(parcel.message, recipient, parcel.mentions),)
        return (self._send_single(parcel, recipient),)

    def update(self, message_id: str, message: Message) -> bool:
        """
        Replace the card of a single message.

        False: it was part of a batch or a robot's, recalled or deleted, is older than 14 days, or its group is gone.

        Raises:
            ProviderThrottled, ProviderUnavailable, ProviderRejected: as for `send`.
        """
        if not message_id.startswith(_MESSAGE_ID):
            return False
        body = {"content": json_text(card(message, REQUEST_BYTES - _FRAME_BYTES))}
        try:
            self._client.call("update_message", "PATCH", f"{_MESSAGES}/{quote(message_id, safe='')}", body=body)
        except ProviderRejected as err:
            if err.vendor_code in MESSAGE_GONE:
                return False
            raise
        return True

    # -- people and groups

    def _send_single(self, parcel: Parcel, recipient: Recipient) -> Receipt:
        destination = recipient.destination
        address = _address_of(recipient)
        # A mention alerts nobody who gets the message alone.
        mentions = () if destination.kind.is_person else parcel.mentions
        try:
            data = self._post_card(parcel, address, mentions)
        except ProviderRejected as err:
            problem = recipient_problem(self.edition, err.vendor_code)
            if not problem:
                raise
            return Receipt(destination, error_code=err.vendor_code, problem=problem)
        return Receipt(destination, message_id=word(data, "message_id"))

    def _post_card(self, parcel: Parcel, address: _Address, mentions: Sequence[Identity]) -> dict[str, Any]:
        room = REQUEST_BYTES - _FRAME_BYTES - sent_bytes(address.value)
        try:
            return self._post(parcel.id, address, card(parcel.message, room, mentions))
        except ProviderRejected as err:
            if not mentions or err.vendor_code != CARD_REFUSED:
                raise
            # Somebody in the mentions is unknown to the platform: nothing was sent. Better unmentioned than unsaid.
            _logger.warning("mentions_left_out", extra={"error_code": err.vendor_code})
        return self._post(parcel.id, address, card(parcel.message, room))

    def _post(self, uuid: str, address: _Address, shown: Card) -> dict[str, Any]:
        # What a repeated uuid answers is not documented: as long as it is a success, it is one.
        body: SendRequest = {
            "receive_id": address.value,
            "msg_type": "interactive",
            "content": json_text(shown),
            "uuid": uuid,
        }
        query = {"receive_id_type": address.kind}
        return self._client.call("send_message", "POST", _MESSAGES, body={**body}, query=query)

    # -- departments and everybody

    def _send_batch(self, parcel: Parcel) -> tuple[Receipt, ...]:
        """
        Send to whole departments; the platform names those it does not know.

        Not confirmed by the docs: that everybody is the root department `0` here as in the contacts, and that a batch
        takes cards of JSON 2.0. Should it refuse either, the receipt or the error says so.
        """
        is_everyone = parcel.to[0].destination.kind is DestinationKind.EVERYONE
        departments = [_ROOT_DEPARTMENT] if is_everyone else [each.destination.value for each in parcel.to]
        room = REQUEST_BYTES - _FRAME_BYTES - sent_bytes(departments)
        body: BatchRequest = {
            "msg_type": "interactive",
            "card": card(parcel.message, room),
            "department_ids": list(dict.fromkeys(departments)),
        }
        data = self._client.call("send_batch", "POST", _BATCH, body={**body})
        invalid, message_id = _texts(data, "invalid_department_ids"), word(data, "message_id")
        problem = batch_problem(self.edition, is_everyone=is_everyone)
        return tuple(
            Receipt(each.destination, error_code="invalid_department_ids", problem=problem)
            if department in invalid
            else Receipt(each.destination, message_id=message_id)
            for each, department in zip(parcel.to, departments, strict=True)
        )

    # -- robots

    def _send_to_robot(self, message: Message, recipient: Recipient, mentions: Sequence[Identity]) -> Receipt:
        destination, robot = recipient.destination, recipient.robot
        if robot is None:
            raise ValueError("a recipient of kind ROBOT needs its robot")
        problem = hook_problem(self.edition, robot.url, self._base_url)
        if problem:
            # Checked at registration already; the address is never called before it is checked here, too.
            return Receipt(destination, error_code="robot_address", problem=f"The robot's url {problem}.")
        body: HookRequest = {
            "msg_type": "interactive",
            "card": card(message, HOOK_BYTES - _FRAME_BYTES, mentions),
        }
        if robot.secret:
            body["timestamp"], body["sign"] = hook_signature(robot.secret, self._clock())
        try:
            self._client.call_hook("send_to_robot", robot.url, {**body})
        except ProviderRejected as err:
            problem = robot_refusal(self.edition, err.vendor_code)
            if not problem:
                raise
            return Receipt(destination, error_code=err.vendor_code, problem=problem)
        return Receipt(destination)


def _address_of(recipient: Recipient) -> _Address:
    destination, person = recipient.destination, recipient.person
    if destination.kind is DestinationKind.CHAT:
        return _Address("chat_id", destination.value)
    if person is None or not destination.kind.is_person:
        raise ValueError(f"a recipient of kind {destination.kind} cannot be written to like this")
    open_id = open_id_of(person)
    return _Address("open_id", open_id) if open_id else _Address("user_id", user_id_of(person))


def _texts(source: Mapping[str, Any], key: str) -> set[str]:
    value = source.get(key)
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()
