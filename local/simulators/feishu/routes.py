"""
The calls that are simulated, with the scopes and limits stated on their pages (read 2026-02-28).

Contact, authentication and event calls are not counted against a free edition's monthly quota.
"""

from functools import partial

from local.simulators.feishu.chats import Chats
from local.simulators.feishu.contacts import Contacts
from local.simulators.feishu.definitions import Definitions
from local.simulators.feishu.gateway import RouteRule
from local.simulators.feishu.instance_details import InstanceDetails
from local.simulators.feishu.instances import Instances
from local.simulators.feishu.messages import Messages
from local.simulators.feishu.selfchecks import SelfChecks
from local.simulators.feishu.tasks import Tasks

__all__ = ["approval_routes", "contact_routes", "message_routes", "other_routes"]

_APPROVAL = "/open-apis/approval/v4"
_FULL, _READ = "approval:approval", "approval:approval:readonly"
_DEFINITION = (_FULL, "approval:definition")
_INSTANCE = (_FULL, "approval:instance")
_READ_INSTANCE = (_FULL, _READ, "approval:instance")
_TASK = (_FULL, _READ, "approval:task")
_COMMENT = (_FULL, "approval:instance.comment")

_CONTACT = "/open-apis/contact/v3"
_BASE = ("contact:contact.base:readonly", "contact:contact:readonly_as_app", "contact:contact:readonly")

_IM = "/open-apis/im/v1"
_SEND = ("im:message", "im:message:send_as_bot", "im:message:send")
_CHAT = ("im:chat", "im:chat:readonly", "im:chat:read", "im:chat.group_info:readonly")


def approval_routes(
    definitions: Definitions, instances: Instances, details: InstanceDetails, tasks: Tasks
) -> list[RouteRule]:
    """Return the routes of approval v4."""
    slow = partial(RouteRule, per_minute=100, per_second=0)
    return [
        RouteRule("POST", f"{_APPROVAL}/approvals", definitions.create, _DEFINITION),
        slow("GET", f"{_APPROVAL}/approvals/:approval_code", definitions.read, (*_DEFINITION, _READ)),
        slow("POST", f"{_APPROVAL}/approvals/:approval_code/subscribe", definitions.subscribe, _DEFINITION),
        slow("POST", f"{_APPROVAL}/approvals/:approval_code/unsubscribe", definitions.unsubscribe, _DEFINITION),
        slow("POST", f"{_APPROVAL}/instances", instances.create, _INSTANCE),
        slow("GET", f"{_APPROVAL}/instances", instances.codes, _READ_INSTANCE),
        slow("POST", f"{_APPROVAL}/instances/cancel", instances.cancel, _READ_INSTANCE),
        slow("POST", f"{_APPROVAL}/instances/cc", instances.copy, _READ_INSTANCE),
        RouteRule("POST", f"{_APPROVAL}/instances/specified_rollback", tasks.roll_back, _TASK),
        RouteRule("GET", f"{_APPROVAL}/instances/:instance_id", details.read, _READ_INSTANCE),
        RouteRule("POST", f"{_APPROVAL}/instances/:instance_id/comments", tasks.add_comment, _COMMENT),
        RouteRule("GET", f"{_APPROVAL}/instances/:instance_id/comments", tasks.list_comments, (*_COMMENT, _READ)),
        RouteRule("POST", f"{_APPROVAL}/instances/:instance_id/comments/remove", tasks.clear_comments, _COMMENT),
        RouteRule("DELETE", f"{_APPROVAL}/instances/:instance_id/comments/:comment_id", tasks.delete_comment, _COMMENT),
        slow("POST", f"{_APPROVAL}/tasks/approve", tasks.approve, _TASK),
        slow("POST", f"{_APPROVAL}/tasks/reject", tasks.reject, _TASK),
        slow("POST", f"{_APPROVAL}/tasks/transfer", tasks.transfer, _TASK),
    ]


def contact_routes(contacts: Contacts) -> list[RouteRule]:
    """Return the routes of contact v3."""

    def rule(method: str, path: str, handler: str, *scopes: str) -> RouteRule:
        return RouteRule(method, f"{_CONTACT}{path}", getattr(contacts, handler), scopes or _BASE, is_counted=False)

    groups = ("contact:group:readonly", *_BASE[1:])
    return [
        rule("POST", "/users/batch_get_id", "batch_get_id", "contact:user.id:readonly"),
        rule("GET", "/users/find_by_department", "users_of_department"),
        rule("GET", "/users/:user_id", "user"),
        rule("GET", "/scopes", "scopes"),
        rule("GET", "/departments/:department_id/children", "children"),
        rule("GET", "/departments/:department_id", "department"),
        rule("GET", "/group/simplelist", "groups", *groups),
        rule("GET", "/group/:group_id/member/simplelist", "group_members", *groups),
        rule("GET", "/group/:group_id", "group", *groups),
    ]


def message_routes(messages: Messages, chats: Chats) -> list[RouteRule]:
    """Return the routes of messages and chats."""
    return [
        RouteRule("POST", f"{_IM}/messages", messages.send, _SEND),
        RouteRule("POST", f"{_IM}/messages/:message_id/reply", messages.reply, _SEND),
        RouteRule("PATCH", f"{_IM}/messages/:message_id", messages.update, (*_SEND[:2], "im:message:update")),
        RouteRule("DELETE", f"{_IM}/messages/:message_id", messages.recall, (*_SEND[:2], "im:message:recall")),
        RouteRule(
            "PATCH",
            f"{_IM}/messages/:message_id/urgent_app",
            messages.urge,
            ("im:message.urgent", "im:message.urgent:app_send"),
        ),
        RouteRule("POST", "/open-apis/message/v4/batch_send/", messages.batch, _SEND[:2]),
        RouteRule("POST", "/open-apis/message/v4/batch_send", messages.batch, _SEND[:2]),
        RouteRule("GET", f"{_IM}/chats", chats.listed, _CHAT),
        RouteRule("GET", f"{_IM}/chats/search", chats.listed, _CHAT),
        RouteRule("GET", f"{_IM}/chats/:chat_id/members", chats.members, _CHAT),
    ]


def other_routes(checks: SelfChecks) -> list[RouteRule]:
    """Return the routes by which an app examines itself."""
    return [
        RouteRule("GET", "/open-apis/bot/v3/info", checks.bot, is_self_check=True),
        RouteRule("GET", "/open-apis/bot/v3/info/", checks.bot, is_self_check=True),
        RouteRule("GET", "/open-apis/application/v6/scopes", checks.scopes, is_self_check=True),
        RouteRule("GET", "/open-apis/event/v1/outbound_ip", checks.outbound_ip, ("event:ip_list",), is_counted=False),
    ]
