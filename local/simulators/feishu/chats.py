"""Group chats that a bot is in. Source: "List chats", "Search chats", "List chat members", read 2026-02-28."""

from typing import Any

from local.simulators.feishu.answers import Problem, success
from local.simulators.feishu.call import FeishuCall, page_of
from local.simulators.feishu.events import tenant_key
from local.simulators.feishu.identities import Identities
from local.simulators.frame.people import Chat
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer

__all__ = ["Chats"]


class Chats:
    """The chats as an app may see them."""

    def __init__(self, simulation: Simulation, identities: Identities) -> None:
        self._simulation, self._identities = simulation, identities

    def listed(self, call: FeishuCall) -> ApiAnswer:
        """GET /im/v1/chats and /im/v1/chats/search: groups the bot is in."""
        query = call.query.get("query", "").lower()
        mine = [
            chat
            for chat in self._simulation.people.chats.find()
            if chat.has_bot(call.app.app_id) and query in chat.name.lower()
        ]
        items, page = page_of(call, mine, default=20, largest=100)
        return success({"items": [self._chat(call, chat) for chat in items], **page})

    def members(self, call: FeishuCall) -> ApiAnswer:
        """GET /im/v1/chats/:chat_id/members, without bots; the bot must be one of them."""
        chat = self._simulation.people.chats.get(call.params["chat_id"])
        if chat is None:
            raise Problem(232001, "chat_id is invalid")
        if not chat.has_bot(call.app.app_id):
            raise Problem(232011)
        id_type = call.query.get("member_id_type") or "open_id"
        items, page = page_of(call, chat.members, default=20, largest=100)
        members = [
            {
                "member_id_type": id_type,
                "member_id": self._identities.typed(call.app, user, id_type),
                "name": self._simulation.people.name_of(user),
                "tenant_key": tenant_key(call.app),
            }
            for user in items
        ]
        return success({"items": members, "member_total": len(chat.members), **page})

    def _chat(self, call: FeishuCall, chat: Chat) -> dict[str, Any]:
        id_type = call.user_id_type()
        return {
            "chat_id": chat.id,
            "avatar": "",
            "name": chat.name,
            "description": chat.description,
            "owner_id": self._identities.typed(call.app, chat.owner, id_type) if chat.owner else "",
            "owner_id_type": id_type,
            "external": False,
            "tenant_key": tenant_key(call.app),
            "chat_status": "normal",
        }
