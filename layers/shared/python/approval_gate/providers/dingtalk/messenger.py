"""
Send messages: work notifications to people, departments and everyone, the app's robot to chats, custom robots.

What is told of a work notification is that the platform took it. Who got it, the platform knows only later and tells in
a second call (`getsendresult`), which is not made: each of both counts against the 5,000 calls a month that the whole
organisation has, so asking would halve what can be sent; and nearly all ids come from the platform itself, by a look-up
or an approval. What the first call refuses is told per recipient. What a person may have in a day, after which the
platform drops without a word, `pace` keeps below.

One text reaches a person once a day: the platform drops repetitions without a word. A repeated attempt is the same
text and so does no harm before midnight; other messages differ in their reference (`markdown_letter`). Custom robots
have a key for repetitions (`msgUuid`). Group messages of the app's robot have neither: an attempt that was not answered
may be shown twice.

Source: DingTalk developer docs, "Send work notifications", "Get the result of sending messages", "The robot sends a
group message", "Custom robots send group messages", "Application development platform billing model", read 2026-02-28.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from approval_gate.domain.message import LOCALES, DestinationKind
from approval_gate.errors import ProviderRejected
from approval_gate.ports.messages import Pace, Receipt
from approval_gate.providers.dingtalk.client import Client
from approval_gate.providers.dingtalk.message_errcodes import (
    ALREADY_SHOWN,
    BAN_S,
    CHAT_REFUSED,
    DEPARTMENT_REFUSED,
    PERSON_REFUSED,
)
from approval_gate.providers.dingtalk.messages import custom_robot_message, group_message, work_message
from approval_gate.providers.dingtalk.robots import robot_problem, robot_query, robot_target
from approval_gate.untrusted import word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from approval_gate.domain.message import Message
    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.ports.messages import Parcel, Recipient
    from approval_gate.providers.dingtalk.credentials import Credentials

__all__ = ["Messenger"]

_SEND_WORK = "/topapi/message/corpconversation/asyncsend_v2"
_SEND_TO_GROUP = "/v1.0/robot/groupMessages/send"

_PEOPLE_PER_CALL = 100
_DEPARTMENTS_PER_CALL = 20
_PER_CALL = {
    DestinationKind.DEPARTMENT: _DEPARTMENTS_PER_CALL,
    DestinationKind.CHAT: 1,
    DestinationKind.EVERYONE: 1,
    DestinationKind.ROBOT: 1,
}
_DAY_S = 86_400.0
# Of an organisation's own app, which ours are; apps of others have 100 or 50, by the page. A day of the calendar holds
# no more than any 24 hours.
_PERSON_PACE = Pace(500, _DAY_S)
_PACES = {
    DestinationKind.DEPARTMENT: _PERSON_PACE,
    DestinationKind.ROBOT: Pace(20, 60, ban_s=BAN_S),
    # Three a day, and no more is shown: from memory, the pages read do not say it. Waiting is better than losing.
    DestinationKind.EVERYONE: Pace(3, _DAY_S),
}


@dataclass(frozen=True, slots=True)
class _Sort:
    """
    A sort of recipients that many of fit into one call.

    Args:
        field: of the call. `id`: what fits there.
        refusals: codes that mean one of them, and that nothing was sent.
        unknown_code, advice: for what cannot be an id.
    """

    field: str
    id: re.Pattern[str]
    refusals: frozenset[str]
    unknown_code: str
    advice: str


_PEOPLE = _Sort(
    "userid_list",
    re.compile(r"[!-+\--~]{1,64}"),  # no comma: it stands between ids
    PERSON_REFUSED,
    "33012",
    "This is no user_id. Copy it from the admin console > Contacts (通讯录).",
)
_DEPARTMENTS = _Sort(
    "dept_id_list",
    re.compile(r"[0-9]{1,19}"),
    DEPARTMENT_REFUSED,
    "60003",
    "This is no department: give its number from the admin console > Contacts (通讯录); 1 is the whole organisation.",
)


class Messenger:
    """
    The message half for one app.

    Calls that count against the monthly quota: one per send, for up to 100 people or 20 departments. Custom robots
    count against another one, together with pushed events.
    """

    locale = LOCALES[0]

    def __init__(
        self,
        *,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        del forms  # nothing has to be remembered
        self._base_url = app.base_url
        self._credentials = credentials
        self._clock = clock
        self._client = Client(app, credentials, http, tokens, clock)

    def recipients_per_call(self, kind: DestinationKind) -> int:
        """Return 100 for people, 20 for departments, 1 for chats, robots and everyone."""
        return _PEOPLE_PER_CALL if kind.is_person else _PER_CALL.get(kind, 0)

    def pace(self, kind: DestinationKind) -> Pace | None:
        """Return the limits of a person's day, of custom robots, and of messages to everyone."""
        return _PERSON_PACE if kind.is_person else _PACES.get(kind)

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        """
        Send one message; see the module for what a receipt means.

        A call that the platform refuses because of one of its recipients is made again for each half of them: it sent
        nothing, and one wrong id must not keep the message from the others.

        Raises:
            ProviderThrottled, ProviderUnavailable: halves that were sent before are dropped as repetitions next time.
            ProviderRejected: also without `agent_id`. What is wrong with one person, chat or robot is a receipt.
        """
        first = parcel.to[0]
        match first.destination.kind:
            case DestinationKind.ROBOT:
                return (self._to_robot(parcel, first),)
            case DestinationKind.CHAT:
                return (self._to_chat(parcel, first),)
            case DestinationKind.EVERYONE:
                return (self._notify({"to_all_user": True}, parcel, first)[0],)
            case DestinationKind.DEPARTMENT:
                return self._to_many(parcel, _DEPARTMENTS)
            case kind if kind.is_person:
                return self._to_many(parcel, _PEOPLE)
            case kind:
                raise self._client.rejected("send_message", f"DingTalk cannot reach a destination of the kind {kind}")

    def update(self, message_id: str, message: Message) -> bool:
        """
        Return False: a message that was sent stays as it is.

        Two kinds can change, and neither is ours: in `oa` messages a coloured word, for five receivers at most and
        without Markdown or buttons; and cards whose template an administrator made in the console.
        """
        del message_id, message
        return False

    def _to_robot(self, parcel: Parcel, recipient: Recipient) -> Receipt:
        robot = recipient.robot
        target = robot_target(robot.url, self._base_url) if robot else None
        if robot is None or target is None:
            problem = robot_problem(robot.url if robot else "", self._base_url)
            return Receipt(recipient.destination, "", "robot_address", f"The robot's address {problem}.")
        query = robot_query(target.key, robot.secret, self._clock())
        try:
            answer = self._client.post("send_to_robot", target.url, query, {**custom_robot_message(parcel)})
        except ProviderRejected as err:
            return Receipt.refused(recipient.destination, err)
        if word(answer, "errcode") != "0":
            raise self._client.unavailable("send_to_robot", "the answer does not say whether the message was taken")
        return Receipt(recipient.destination)

    def _to_chat(self, parcel: Parcel, recipient: Recipient) -> Receipt:
        # The robot of an internal app goes by the app's own key.
        body = group_message(parcel, self._credentials.app_key, recipient.destination.value)
        try:
            answer = self._client.call("send_to_group", "POST", _SEND_TO_GROUP, body={**body})
        except ProviderRejected as err:
            if err.vendor_code.lower() in CHAT_REFUSED:
                return Receipt.refused(recipient.destination, err)
            raise
        key = word(answer, "processQueryKey", limit=256)
        if not key:
            raise self._client.unavailable("send_to_group", "the answer holds no processQueryKey")
        return Receipt(recipient.destination, message_id=key)

    def _to_many(self, parcel: Parcel, sort: _Sort) -> tuple[Receipt, ...]:
        """Send to those who have a possible id, in as few calls as the platform takes it in; receipts in order."""
        possible = [one for one in parcel.to if sort.id.fullmatch(_id_of(one))]
        sent = iter(self._to_some(parcel, sort, possible) if possible else ())
        wrong = sort.unknown_code, sort.advice
        return tuple(
            next(sent) if sort.id.fullmatch(_id_of(one)) else Receipt(one.destination, "", *wrong) for one in parcel.to
        )

    def _to_some(self, parcel: Parcel, sort: _Sort, some: Sequence[Recipient]) -> tuple[Receipt, ...]:
        try:
            return self._notify({sort.field: ",".join(_id_of(one) for one in some)}, parcel, *some)
        except ProviderRejected as err:
            if err.vendor_code not in sort.refusals:
                raise
            if len(some) == 1:
                return (Receipt.refused(some[0].destination, err),)
        middle = len(some) // 2
        return self._to_some(parcel, sort, some[:middle]) + self._to_some(parcel, sort, some[middle:])

    def _notify(self, to: Mapping[str, Any], parcel: Parcel, *recipients: Recipient) -> tuple[Receipt, ...]:
        """Make one call of a work notification. `task_id` names what it sent, to all of them together."""
        body = {"agent_id": self._agent_id(), **to, "msg": work_message(parcel)}
        try:
            answer = self._client.call_older("send_work_notification", _SEND_WORK, body)
        except ProviderRejected as err:
            if err.vendor_code in ALREADY_SHOWN:  # by an earlier attempt whose answer was lost
                return tuple(Receipt(one.destination) for one in recipients)
            raise
        task_id = word(answer, "task_id")
        if not task_id:
            raise self._client.unavailable("send_work_notification", "the answer holds no task_id")
        return tuple(Receipt(one.destination, message_id=task_id) for one in recipients)

    def _agent_id(self) -> int:
        if not self._credentials.agent_id:
            raise self._client.rejected(
                "send_work_notification",
                "the app has no agent_id, which work notifications need. Copy AgentId from the developer console > the "
                "app > Credentials and basic information (凭证与基础信息) into the app's credentials in the gate",
            )
        return int(self._credentials.agent_id)


def _id_of(recipient: Recipient) -> str:
    return recipient.person.user_id if recipient.person else recipient.destination.value
