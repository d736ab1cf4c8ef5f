"""
Send messages: of the app to people, departments, everyone and chats that it made; of group robots.

To people it is a card where the message fits into one, since a card can be replaced in place when the approval it tells
of ends. Each person gets a card of their own: a card's code works once, whoever got it. So only few people in one call
get cards, more get one Markdown message; there is no quota of calls here that a call for each would use up.

Repetitions: a card's task is never taken twice; an equal message of the app is dropped for four hours, which is the
platform's longest. Chats and robots know no repetitions: an attempt that was not answered may be shown twice.

What is over a member's limit (30 messages a minute) the platform drops without a word; `pace` keeps below it.

Source: WeCom developer docs, "Send application messages", "Template cards", "Update template cards", "Application group
chats", "Group robots", "Access frequency limits", read 2026-02-28.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Literal

from approval_gate.domain.message import LOCALES, DestinationKind
from approval_gate.errors import ProviderRejected, ProviderUnavailable
from approval_gate.ports.messages import Pace, Receipt
from approval_gate.providers.wecom.client import Client
from approval_gate.providers.wecom.identities import is_userid
from approval_gate.providers.wecom.message_cards import closing_card, message_card
from approval_gate.providers.wecom.message_errcodes import (
    CARD_REFUSED,
    CARD_SENT_BEFORE,
    CHAT_REFUSED,
    RECEIVERS_UNKNOWN,
)
from approval_gate.providers.wecom.messages import app_markdown, chat_message, robot_message
from approval_gate.providers.wecom.receivers import DEPARTMENTS, PEOPLE, Sort, id_of
from approval_gate.providers.wecom.robots import KEY_PARAMETER, robot_problem, robot_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from approval_gate.domain.message import Message
    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.ports.messages import Parcel, Recipient
    from approval_gate.providers.wecom.credentials import Credentials
    from approval_gate.providers.wecom.documents import Element
    from approval_gate.providers.wecom.wire_messages import AppMessage, ChatMessage, ReceiverField, UpdateCardRequest

__all__ = ["Messenger"]

_logger = logging.getLogger(__name__)

_BASE_URL = "https://qyapi.weixin.qq.com"
_SEND = "/cgi-bin/message/send"
_SEND_TO_CHAT = "/cgi-bin/appchat/send"
_UPDATE = "/cgi-bin/message/update_template_card"

_PEOPLE_PER_CALL = 1000
_PER_CALL = {
    DestinationKind.DEPARTMENT: 100,
    DestinationKind.CHAT: 1,
    DestinationKind.EVERYONE: 1,
    DestinationKind.ROBOT: 1,
}
_MEMBER_PACE = Pace(30, 60)
_PACES = {
    DestinationKind.DEPARTMENT: _MEMBER_PACE,
    DestinationKind.EVERYONE: _MEMBER_PACE,
    DestinationKind.CHAT: Pace(200, 60),
    DestinationKind.ROBOT: Pace(20, 60, ban_s=60),
}
_MOST_CARDS = 10
_CARD_ID = "card:"
_CODE = re.compile(r"[!-~]{1,500}")
_LONGEST_DUPLICATE_CHECK_S = 4 * 3600


class Messenger:
    """The message half for one app."""

    locale = LOCALES[0]

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        del forms  # nothing has to be remembered
        self._base_url = app.base_url
        self._agent_id = int(credentials.agent_id)
        self._may_have_cards = credentials.callbacks_ready  # the platform refuses buttons to an app without an address
        base_url = (app.base_url or _BASE_URL).rstrip("/")
        self._client = Client(app.id, base_url, credentials=credentials, http=http, tokens=tokens, clock=clock)

    def recipients_per_call(self, kind: DestinationKind) -> int:
        """Return 1,000 for people, 100 for departments, 1 for chats, robots and everyone."""
        return _PEOPLE_PER_CALL if kind.is_person else _PER_CALL.get(kind, 0)

    def pace(self, kind: DestinationKind) -> Pace | None:
        """Return the limits beyond which the platform drops in silence, and that of robots."""
        return _MEMBER_PACE if kind.is_person else _PACES.get(kind)

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        """
        Send one message; see the module for its forms and for repetitions.

        Raises:
            ProviderThrottled, ProviderUnavailable: cards that were sent before are known as such next time.
            ProviderRejected: will fail for everyone. What is wrong with one recipient is a receipt.
        """
        first = parcel.to[0]
        match first.destination.kind:
            case DestinationKind.ROBOT:
                return (self._to_robot(parcel, first),)
            case DestinationKind.CHAT:
                return (self._to_chat(parcel, first),)
            case DestinationKind.EVERYONE:
                answer = self._send_markdown(parcel, "touser", "@all")
                if answer is None:
                    raise _rejected("send_message", "the app sees nobody. Widen its visible range (可见范围)")
                return (Receipt(first.destination, message_id=answer.word("msgid")),)
            case DestinationKind.DEPARTMENT:
                return self._markdown_to(parcel, parcel.to, DEPARTMENTS)
            case kind if kind.is_person:
                return self._to_people(parcel)
            case kind:
                raise _rejected("send_message", f"WeCom cannot reach a destination of the kind {kind}")

    def update(self, message_id: str, message: Message) -> bool:
        """
        Replace a card. False: it was no card, or its code was used, is older than 72 hours or not known any more.

        A code works once, so an attempt whose answer was lost may have replaced the card although the next one says
        False.
        """
        code = message_id.removeprefix(_CARD_ID)
        if code == message_id or not _CODE.fullmatch(code):
            return False
        body: UpdateCardRequest = {
            "atall": 1,  # all who got this card: one person
            "agentid": self._agent_id,
            "response_code": code,
            "template_card": closing_card(message),
        }
        try:
            self._call("update_card", _UPDATE, body)
        except ProviderRejected as err:
            _logger.info("card_not_replaced", extra={"provider": "wecom", "error_code": err.vendor_code or err.code})
            return False
        return True

    # -- one sort of destination each

    def _to_robot(self, parcel: Parcel, recipient: Recipient) -> Receipt:
        url = recipient.robot.url if recipient.robot else ""
        target = robot_target(url, self._base_url)
        if target is None:
            problem = f"The robot's address {robot_problem(url, self._base_url)}."
            return Receipt(recipient.destination, error_code="robot_address", problem=problem)
        query = {KEY_PARAMETER: target.key}
        try:
            _taken("send_to_robot", self._client.post("send_to_robot", target.url, query, {**robot_message(parcel)}))
        except ProviderRejected as err:
            return Receipt.refused(recipient.destination, err)
        return Receipt(recipient.destination)

    def _to_chat(self, parcel: Parcel, recipient: Recipient) -> Receipt:
        body = chat_message(parcel, recipient.destination.value)
        try:
            self._call("send_to_chat", _SEND_TO_CHAT, body)
        except ProviderRejected as err:
            if err.vendor_code in CHAT_REFUSED:
                return Receipt.refused(recipient.destination, err)
            raise
        return Receipt(recipient.destination)

    def _to_people(self, parcel: Parcel) -> tuple[Receipt, ...]:
        is_card = len(parcel.to) <= _MOST_CARDS and self._may_have_cards and message_card(parcel, "") is not None
        if is_card:
            return tuple(self._card_to(parcel, recipient) for recipient in parcel.to)
        return self._markdown_to(parcel, parcel.to, PEOPLE)

    def _card_to(self, parcel: Parcel, recipient: Recipient) -> Receipt:
        userid = id_of(recipient)
        card = message_card(parcel, userid)
        if card is None or not is_userid(userid):
            return self._markdown_to(parcel, (recipient,), PEOPLE)[0]
        body = self._message("template_card")
        body["touser"], body["template_card"] = userid, card
        try:
            answer = self._call("send_message", _SEND, body)
        except ProviderRejected as err:
            if err.vendor_code == CARD_SENT_BEFORE:  # its code went the way of the answer, so it stays as it is
                return Receipt(recipient.destination)
            if err.vendor_code in CARD_REFUSED:
                return self._markdown_to(parcel, (recipient,), PEOPLE)[0]
            if err.vendor_code == RECEIVERS_UNKNOWN:
                return PEOPLE.unknown(recipient)
            raise
        code = answer.word("response_code", limit=500)
        return PEOPLE.receipt(recipient, answer, _CARD_ID + code if code else answer.word("msgid"))

    def _markdown_to(self, parcel: Parcel, recipients: Sequence[Recipient], sort: Sort) -> tuple[Receipt, ...]:
        """Make one call for all that have a possible id; receipts in order."""
        ids = [id_of(one) for one in recipients if sort.is_id(id_of(one))]
        answer = self._send_markdown(parcel, sort.field, "|".join(ids)) if ids else None
        return tuple(
            sort.receipt(one, answer, answer.word("msgid"))
            if answer is not None and sort.is_id(id_of(one))
            else sort.unknown(one)
            for one in recipients
        )

    def _send_markdown(self, parcel: Parcel, field: ReceiverField, ids: str) -> Element | None:
        """Return the answer; None when the platform knows none of the receivers."""
        body = self._message("markdown")
        body["markdown"], body[field] = {"content": app_markdown(parcel)}, ids
        try:
            return self._call("send_message", _SEND, body)
        except ProviderRejected as err:
            if err.vendor_code == RECEIVERS_UNKNOWN:
                return None
            raise

    def _call(self, operation: str, path: str, body: AppMessage | ChatMessage | UpdateCardRequest) -> Element:
        return _taken(operation, self._client.call(operation, path, {**body}))

    def _message(self, msgtype: Literal["markdown", "template_card"]) -> AppMessage:
        return {
            "msgtype": msgtype,
            "agentid": self._agent_id,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": _LONGEST_DUPLICATE_CHECK_S,
        }


def _taken(operation: str, answer: Element) -> Element:
    """Return an answer that says it was taken; some other calls say nothing when all is well."""
    if answer.word("errcode") == "0":
        return answer
    text = f"{operation}: the answer does not say whether the message was taken."
    raise ProviderUnavailable(text, provider="wecom", operation=operation)


def _rejected(operation: str, text: str) -> ProviderRejected:
    return ProviderRejected(f"{operation}: {text}.", provider="wecom", operation=operation)
