"""
Messages of an app's bot.

Source: "Send message", "Reply", "Update card", "Urgent", "Send in batch", read 2026-02-28. What a
repeated `uuid` answers was not seen; the first message comes back here.
"""

import json
from hashlib import sha256
from typing import Any

from local.simulators.feishu.answers import Problem, success
from local.simulators.feishu.call import FeishuCall, field_violation
from local.simulators.feishu.cards import check_content, mentions_of
from local.simulators.feishu.contacts import Contacts
from local.simulators.feishu.events import tenant_key
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.model import Message
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.throttle import Throttle
from local.simulators.frame.web import ApiAnswer

__all__ = ["BATCH_SCOPES", "Messages"]

_DEDUPE_MS = 3600 * 1000
_EDITABLE_S = 14 * 24 * 3600
_PER_RECEIVER_S = 5
BATCH_SCOPES = (
    (("department_ids",), "im:message:send_multi_depts"),
    (("open_ids", "user_ids", "union_ids"), "im:message:send_multi_users"),
)
"""What a batch needs beside the permission to send: for which lists which one."""


class Messages:
    """Sends, changes and recalls messages."""

    def __init__(self, simulation: Simulation, identities: Identities, contacts: Contacts, throttle: Throttle) -> None:
        self._simulation, self._identities = simulation, identities
        self._contacts, self._throttle = contacts, throttle
        self._messages = Collection(simulation.store, "feishu_messages", Message, key="id", indexed=("uuid",))

    def all(self, limit: int = -1) -> list[Message]:
        """Return messages, newest first."""
        return self._messages.find(newest_first=True, limit=limit)

    def add(self, message: Message) -> None:
        """Keep a message that came another way, such as from a custom bot."""
        self._messages.put(message)

    def send(self, call: FeishuCall) -> ApiAnswer:
        """POST /im/v1/messages."""
        id_type, receiver = call.query.get("receive_id_type", ""), call.body.get("receive_id")
        if id_type not in {"open_id", "union_id", "user_id", "email", "chat_id"}:
            raise field_violation("receive_id_type", id_type, "must be open_id, union_id, user_id, email or chat_id")
        if not isinstance(receiver, str) or not receiver:
            raise field_violation("receive_id", receiver, "is required")
        chat_id, user_id = self._receiver(call, id_type, receiver)
        return self._create(call, chat_id, user_id)

    def reply(self, call: FeishuCall) -> ApiAnswer:
        """POST /im/v1/messages/:message_id/reply."""
        parent = self._own(call, any_sender=True)
        return self._create(call, parent.chat_id, parent.user_id, parent_id=parent.id)

    def update(self, call: FeishuCall) -> ApiAnswer:
        """PATCH /im/v1/messages/:message_id: a card of the same app, 14 days at most."""
        message = self._own(call)
        if message.msg_type != "interactive":
            raise Problem(230001, "only interactive messages can be updated")
        if self._simulation.clock.now_s() - message.at_ms / 1000 > _EDITABLE_S:
            raise Problem(230031)
        before, after = json.loads(message.content), check_content("interactive", call.body.get("content"))
        if before.get("schema") == "2.0" and after.get("schema") != "2.0":
            raise Problem(230099, "ext=ErrCode: 200830; ErrMsg: a card of schema V2 can not become V1")
        # Default of shared updates: off in JSON 1.0, always on in 2.0.
        for card in (before, after):
            if (
                card.get("schema") != "2.0"
                and card.get("type") != "template"
                and not (card.get("config") or {}).get("update_multi")
            ):
                raise Problem(230001, "config.update_multi must be true before and after")
        self._check_mentions(mentions_of("interactive", call.body["content"]))
        message.content, message.edited_ms = call.body["content"], self._simulation.clock.told_ms()
        self._messages.put(message)
        return success({})

    def recall(self, call: FeishuCall) -> ApiAnswer:
        """DELETE /im/v1/messages/:message_id."""
        message = self._own(call)
        message.deleted = True
        self._messages.put(message)
        return success({})

    def urge(self, call: FeishuCall) -> ApiAnswer:
        """PATCH /im/v1/messages/:message_id/urgent_app."""
        message = self._own(call)
        given = call.body.get("user_id_list")
        if not isinstance(given, list) or not 1 <= len(given) <= 200:
            raise field_violation("user_id_list", given, "must have 1 to 200 ids")
        readers = self._readers(message)
        invalid: list[str] = []
        for one in given:
            try:
                user = self._identities.resolve(call.app, str(one), call.user_id_type())
            except Problem:
                user = ""
            if user in readers:
                message.urgent_for = sorted({*message.urgent_for, user})
            else:
                invalid.append(str(one))
        self._messages.put(message)
        return success({"invalid_user_id_list": invalid})

    def batch(self, call: FeishuCall) -> ApiAnswer:
        """POST /message/v4/batch_send/: `content` is an object here; a card stands under `card`."""
        for names, scope in BATCH_SCOPES:
            if any(_ids(call, name) for name in names) and not call.app.is_granted(scope):
                raise Problem(99991672, error={"permission_violations": [{"subject": scope}]})
        msg_type = str(call.body.get("msg_type"))
        content = call.body.get("card") if msg_type == "interactive" else call.body.get("content")
        text = json.dumps(content, ensure_ascii=False)
        check_content(msg_type, text)
        users: dict[str, None] = {}
        invalid: dict[str, list[str]] = {}
        for name, id_type in (("open_ids", "open_id"), ("user_ids", "user_id"), ("union_ids", "union_id")):
            for one in _ids(call, name):
                try:
                    users[self._identities.resolve(call.app, one, id_type)] = None
                except Problem:
                    invalid.setdefault(f"invalid_{name}", []).append(one)
        for given in _ids(call, "department_ids"):
            found = self._contacts.department_ids([given]) if given != "0" else ["0"]
            if found:
                users |= dict.fromkeys(one.user_id for one in self._contacts.people_below(found[0]) if not one.resigned)
            else:
                invalid.setdefault("invalid_department_ids", []).append(given)
        batch_id = f"bm-{self._simulation.ids.hex()}"
        for user in users:
            self._keep(call.app.app_id, _conversation(call.app.app_id, user), user, msg_type, text)
        empty: dict[str, list[str]] = {
            f"invalid_{name}": [] for name in ("department_ids", "open_ids", "user_ids", "union_ids")
        }
        return success({"message_id": batch_id, **empty, **invalid})

    def _receiver(self, call: FeishuCall, id_type: str, receiver: str) -> tuple[str, str]:
        """Return the conversation, and its only reader unless it is a group."""
        if id_type == "chat_id":
            chat = self._simulation.people.chats.get(receiver)
            if chat is None:
                return self._known_conversation(call, receiver)
            if not chat.has_bot(call.app.app_id):
                raise Problem(230002)
            return chat.id, ""
        if id_type == "email":
            by_mail = self._simulation.people.people.first(email=receiver)
            if by_mail is None:
                raise Problem(230034)
            user = by_mail.user_id
        else:
            user = self._identities.resolve(call.app, receiver, id_type)
        person = self._simulation.people.people.get(user)
        if person is None or person.resigned or not self._identities.is_in_range(call.app, person):
            raise Problem(230013)
        return _conversation(call.app.app_id, user), user

    def _known_conversation(self, call: FeishuCall, chat_id: str) -> tuple[str, str]:
        for person in self._simulation.people.people.find():
            if _conversation(call.app.app_id, person.user_id) == chat_id:
                return chat_id, person.user_id
        raise Problem(230034)

    def _create(self, call: FeishuCall, chat_id: str, user_id: str, parent_id: str = "") -> ApiAnswer:
        msg_type, content, uuid = call.body.get("msg_type"), call.body.get("content"), call.body.get("uuid") or ""
        check_content(msg_type, content)
        self._check_mentions(mentions_of(str(msg_type), str(content)))
        if not isinstance(uuid, str) or len(uuid) > 50:
            raise field_violation("uuid", uuid, "the max len is 50")
        if uuid:
            since_ms = self._simulation.clock.now_s() * 1000 - _DEDUPE_MS
            for known in self._messages.find(uuid=uuid):
                if known.app_id == call.app.app_id and known.at_ms > since_ms:
                    return success(self._shown(call, known))
        # Limits of a group are shared by all bots in it; those of a person are the app's own.
        if self._throttle.wait_s(f"message {chat_id}", _PER_RECEIVER_S * call.app.rate_scale, 1):
            raise Problem(230020)
        message = self._keep(
            call.app.app_id, chat_id, user_id, str(msg_type), str(content), uuid=uuid, parent_id=parent_id
        )
        return success(self._shown(call, message))

    def _keep(  # noqa: PLR0913 - the facts of one message, all named
        self,
        app_id: str,
        chat_id: str,
        user_id: str,
        msg_type: str,
        content: str,
        *,
        uuid: str = "",
        parent_id: str = "",
    ) -> Message:
        return self._messages.put(
            Message(
                id=f"om_{self._simulation.ids.hex()}",
                app_id=app_id,
                chat_id=chat_id,
                user_id=user_id,
                msg_type=msg_type,
                content=content,
                at_ms=self._simulation.clock.told_ms(),
                uuid=uuid,
                parent_id=parent_id,
                mentions=mentions_of(msg_type, content),
            )
        )

    def _check_mentions(self, given: list[str]) -> None:
        """Refuse a card that mentions somebody who does not exist."""
        for one in given:
            if one == "all" or self._identities.anyone(one):
                continue
            raise Problem(230099, "ext=ErrCode: 100290; ErrMsg: Failed to create card content, unknown user")

    def _own(self, call: FeishuCall, *, any_sender: bool = False) -> Message:
        message = self._messages.get(call.params["message_id"])
        if message is None:
            raise Problem(99992354)
        if message.deleted:
            raise Problem(230011)
        if message.app_id != call.app.app_id and not any_sender:
            raise Problem(230027)
        return message

    def _readers(self, message: Message) -> set[str]:
        if message.user_id:
            return {message.user_id}
        chat = self._simulation.people.chats.get(message.chat_id)
        return set(chat.members) if chat else set()

    def _shown(self, call: FeishuCall, message: Message) -> dict[str, Any]:
        return {
            "message_id": message.id,
            "root_id": message.parent_id,
            "parent_id": message.parent_id,
            "msg_type": message.msg_type,
            "create_time": str(message.at_ms),
            "update_time": str(message.edited_ms or message.at_ms),
            "deleted": message.deleted,
            "updated": message.edited_ms > 0,
            "chat_id": message.chat_id,
            "sender": {
                "id": message.app_id,
                "id_type": "app_id",
                "sender_type": "app",
                "tenant_key": tenant_key(call.app),
            },
            "body": {"content": message.content},
        }


def _conversation(app_id: str, user_id: str) -> str:
    """Return the chat_id of the conversation between a bot and a person."""
    return f"oc_{sha256(f'{app_id}\0{user_id}'.encode()).hexdigest()[:32]}"


def _ids(call: FeishuCall, name: str) -> list[str]:
    value = call.body.get(name) or []
    if not isinstance(value, list) or len(value) > 200 or not all(isinstance(one, str) for one in value):
        raise field_violation(name, value, "must be a list of at most 200 ids")
    return value
