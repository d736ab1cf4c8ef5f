"""
Messages of an app.

An answer without error is no proof of delivery: invalid receivers are listed in it, and what is over a person's limit
is dropped without a word. Source: "Send application messages", "Recall application messages", "Application group
chats", "Access frequency limits", read 2026-02-28.
"""

import json
import re
from hashlib import sha256
from typing import Any

from local.simulators.frame.people import Chat
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer
from local.simulators.wecom.answers import Problem, success
from local.simulators.wecom.call import WecomCall, agent_id
from local.simulators.wecom.contents import check_content, mentioned
from local.simulators.wecom.directory import Directory
from local.simulators.wecom.model import Message
from local.simulators.wecom.rules import APPROVAL_APP
from local.simulators.wecom.throttle import Throttle

__all__ = ["Messages"]

_INTERACTIVE = frozenset({"button_interaction", "vote_interaction", "multiple_interaction"})
_TASK_ID = re.compile(r"[0-9A-Za-z_@-]{1,128}")
_CHAT_ID = re.compile(r"[0-9A-Za-z]{1,32}")
_DEDUPE_S, _LONGEST_DEDUPE_S = 1800, 4 * 3600
_RECALLABLE_S = 24 * 3600
_REPLACEABLE_S = 72 * 3600
_PER_MEMBER = ((30, 60), (1000, 3600))
_MOST_USERS, _MOST_PARTIES = 1000, 100


class Messages:
    """Sends and recalls messages."""

    def __init__(self, simulation: Simulation, directory: Directory, throttle: Throttle) -> None:
        self._simulation, self._directory, self._throttle = simulation, directory, throttle
        self._messages = Collection(
            simulation.store,
            "wecom_messages",
            Message,
            key="id",
            indexed=("digest", "app_id", "task_id", "response_code"),
        )

    def all(self, limit: int = -1) -> list[Message]:
        """Return messages, newest first."""
        return self._messages.find(newest_first=True, limit=limit)

    def send(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/message/send."""
        self._check_sender(call)
        msgtype, content = check_content(call.body)
        more = self._check_card(call, content) if msgtype == "template_card" else {}
        users, invalid = self._receivers(call)
        if not users:
            raise Problem(81013)
        digest = self._digest(call)
        repeated = self._repeated(call, digest)
        if repeated is not None:
            return success(**invalid, msgid=repeated.id)
        message = self.keep(
            msgtype,
            content,
            app_id=call.app.app_id,
            to=[one for one in users if self._is_admitted(call, one)],
            digest=digest,
            task_id=str(content.get("task_id", "")) if more else "",
            response_code=more.get("response_code", ""),
        )
        return success(**invalid, msgid=message.id, **more)

    def recall(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/message/recall: within a day, by the app that sent it."""
        message = self._messages.get(call.text("msgid"))
        if message is None or message.app_id != call.app.app_id:
            raise Problem(40058, "msgid")
        if self._simulation.clock.now_s() - message.sent_at_s > _RECALLABLE_S:
            raise Problem(42052)
        message.recalled = True
        self._messages.put(message)
        return success()

    def create_chat(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/appchat/create: only for an app that sees the whole company."""
        if call.app.contact_range is not None:
            raise Problem(48002)
        chats, chat_id = self._simulation.people.chats, call.body.get("chatid") or self._simulation.ids.hex(32)
        if not isinstance(chat_id, str) or not _CHAT_ID.fullmatch(chat_id):
            raise Problem(40058, "chatid")
        if chats.get(chat_id):
            raise Problem(86215)
        given = call.body.get("userlist")
        listed = given if isinstance(given, list) else []
        found = [self._directory.visible_person(call.app, str(one)) for one in listed]
        members = list(dict.fromkeys(one.user_id for one in found if one))
        if len(members) < 2 or None in found:
            raise Problem(60111, "userlist")
        owner = str(call.body.get("owner") or members[0])
        name = str(call.body.get("name") or "群聊")
        entry = {"id": chat_id, "name": name, "members": members, "owner": owner, "bots": [call.app.app_id]}
        self._simulation.people.add({"chats": [entry]})
        return success(chatid=chat_id)

    def chat(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/appchat/get."""
        chat = self._own_chat(call, call.parameter("chatid"))
        return success(chat_info={"chatid": chat.id, "name": chat.name, "owner": chat.owner, "userlist": chat.members})

    def send_to_chat(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/appchat/send: to chats that the app made; no cards."""
        chat = self._own_chat(call, call.text("chatid"))
        msgtype, content = check_content(call.body)
        if msgtype == "template_card":
            raise Problem(40008)
        mentions = mentioned(msgtype, content)
        self.keep(msgtype, content, app_id=call.app.app_id, chat_id=chat.id, mentions=mentions)
        return success()

    def answerable(self, app_id: str, response_code: str) -> Message | None:
        """Return the card of an app that this code replaces; None when it is unknown, used or too old."""
        found = self._messages.first(response_code=response_code) if response_code else None
        if found is None or found.app_id != app_id:
            return None
        is_fresh = self._simulation.clock.now_s() - found.sent_at_s <= _REPLACEABLE_S
        return found if is_fresh else None

    def replace(self, message: Message, card: dict[str, Any]) -> None:
        """Replace a card where it stands; its code is used up."""
        message.content, message.edited, message.response_code = card, True, ""
        self._messages.put(message)

    def keep(  # noqa: PLR0913 - the facts of one message, all named
        self,
        msgtype: str,
        content: dict[str, Any],
        *,
        app_id: str = "",
        to: list[str] | None = None,
        chat_id: str = "",
        robot: str = "",
        digest: str = "",
        task_id: str = "",
        response_code: str = "",
        mentions: list[str] | None = None,
    ) -> Message:
        """Keep a message."""
        return self._messages.put(
            Message(
                id=self._simulation.ids.hex(40),
                app_id=app_id,
                msgtype=msgtype,
                content=content,
                at_ms=self._simulation.clock.told_ms(),
                sent_at_s=self._simulation.clock.now_s(),
                to=to or [],
                chat_id=chat_id,
                robot=robot,
                digest=digest,
                task_id=task_id,
                response_code=response_code,
                mentions=mentions or [],
            )
        )

    def _own_chat(self, call: WecomCall, chat_id: str) -> Chat:
        chat = self._simulation.people.chats.get(chat_id)
        if chat is None or not chat.has_bot(call.app.app_id):
            raise Problem(86001)
        return chat

    def _check_sender(self, call: WecomCall) -> None:
        own = agent_id(call.app)
        # That the Approval app's own secret sends nothing is assumed; contact-sync can not, says its page.
        if own == APPROVAL_APP or (call.app.scopes is not None and "contact_sync" in call.app.scopes):
            raise Problem(48002)
        given = call.body.get("agentid")
        if type(given) is not int:
            raise Problem(40056)
        if str(given) != own:
            known = self._simulation.apps.get(f"{call.corp_id}:{given}")
            raise Problem(301002 if known else 40056)

    def _check_card(self, call: WecomCall, card: dict[str, Any]) -> dict[str, str]:
        """Check what only a card of an app has to keep to; return `response_code` where its clicks call back."""
        if card["card_type"] not in _INTERACTIVE:
            return {}
        if not call.app.request_url:
            raise Problem(43012)
        task_id = card.get("task_id")
        if not isinstance(task_id, str) or not _TASK_ID.fullmatch(task_id):
            raise Problem(42014)
        if any(one.app_id == call.app.app_id for one in self._messages.find(task_id=task_id)):
            raise Problem(42014)
        return {"response_code": self._simulation.ids.hex(64)}

    def _receivers(self, call: WecomCall) -> tuple[list[str], dict[str, str]]:
        """Return who is meant, and those who are nobody, joined by a vertical bar and in lower case."""
        users, parties, tags = (_parts(call, name) for name in ("touser", "toparty", "totag"))
        if not users and not parties and not tags:
            raise Problem(40035, "touser, toparty and totag are empty")
        if len(users) > _MOST_USERS or len(parties) > _MOST_PARTIES or len(tags) > _MOST_PARTIES:
            raise Problem(40035, "too many receivers")
        nobody = {"invaliduser": "", "invalidparty": "", "invalidtag": "", "unlicenseduser": ""}
        visible = {one.user_id for one in self._directory.visible_people(call.app)}
        if users == ["@all"]:
            return sorted(visible), nobody
        found: dict[str, None] = {}
        invalid: dict[str, list[str]] = {"invaliduser": [], "invalidparty": [], "invalidtag": []}
        for one in users:
            person = self._directory.visible_person(call.app, one)
            if person:
                found[person.user_id] = None
            else:
                invalid["invaliduser"].append(one.lower())
        for one in parties:
            department = self._directory.department(one)
            members = self._directory.everybody_below(department.id) if department else []
            known = [person.user_id for person in members if person.user_id in visible]
            found |= dict.fromkeys(known)
            if not known:
                invalid["invalidparty"].append(one)
        for one in tags:
            tag = self._directory.tag(one)
            known = [userid for userid in tag.members if userid in visible] if tag else []
            found |= dict.fromkeys(known)
            if not known:
                invalid["invalidtag"].append(one)
        return list(found), {**nobody, **{name: "|".join(ids) for name, ids in invalid.items()}}

    def _digest(self, call: WecomCall) -> str:
        if not call.body.get("enable_duplicate_check"):
            return ""
        text = json.dumps(call.body, sort_keys=True, ensure_ascii=False)
        return sha256(f"{call.app.app_id}\0{text}".encode()).hexdigest()

    def _repeated(self, call: WecomCall, digest: str) -> Message | None:
        """Return the same message if it was sent inside the interval."""
        if not digest:
            return None
        interval = call.body.get("duplicate_check_interval", _DEDUPE_S)
        if type(interval) is not int or interval < 0:
            raise Problem(40058, "duplicate_check_interval")
        since_s = self._simulation.clock.now_s() - min(interval, _LONGEST_DEDUPE_S)
        return next((one for one in self._messages.find(digest=digest) if one.sent_at_s > since_s), None)

    def _is_admitted(self, call: WecomCall, userid: str) -> bool:
        key = f"message {call.app.app_id} {userid}"
        return all(self._throttle.admits(key, limit * call.app.rate_scale, window) for limit, window in _PER_MEMBER)


def _parts(call: WecomCall, name: str) -> list[str]:
    value = call.body.get(name) or ""
    if not isinstance(value, str):
        raise Problem(40058, f"{name} must be a string")
    return [part for part in value.split("|") if part]
