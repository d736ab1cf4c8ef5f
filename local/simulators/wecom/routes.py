"""The calls of the interface, with what they need and how often they may be made."""

from local.simulators.frame.web import ApiAnswer
from local.simulators.wecom.agents import Agents
from local.simulators.wecom.answers import success
from local.simulators.wecom.applications import Applications
from local.simulators.wecom.call import WecomCall
from local.simulators.wecom.card_updates import CardUpdates
from local.simulators.wecom.contacts import Contacts
from local.simulators.wecom.gateway import Route
from local.simulators.wecom.messages import Messages
from local.simulators.wecom.templates import Templates

__all__ = ["approval_routes", "contact_routes", "message_routes", "other_routes"]

_PER_MINUTE = 600
"""Source: "Get approval details" and its sisters, read 2026-02-28."""


def approval_routes(templates: Templates, applications: Applications) -> list[Route]:
    """Templates and applications."""
    table = [
        ("/cgi-bin/oa/approval/create_template", templates.create, 301088, ()),
        ("/cgi-bin/oa/approval/update_template", templates.update, 301088, ()),
        ("/cgi-bin/oa/gettemplatedetail", templates.read, 301055, ("template_names",)),
        ("/cgi-bin/oa/applyevent", applications.submit, 301055, ()),
        ("/cgi-bin/oa/getapprovaldetail", applications.read, 301055, ()),
        ("/cgi-bin/oa/getapprovalinfo", applications.numbers, 301055, ("sp_no_list",)),
    ]
    return [
        Route(path, handler, "approval", denied=denied, per_minute=_PER_MINUTE, is_approval=True, empty=empty)
        for path, handler, denied, empty in table
    ]


def contact_routes(contacts: Contacts) -> list[Route]:
    """People, departments and tags."""
    return [
        Route("/cgi-bin/user/getuserid", contacts.userid_by_mobile, "contact"),
        Route("/cgi-bin/user/get_userid_by_email", contacts.userid_by_email, "contact"),
        Route("/cgi-bin/user/get", contacts.user, "contact"),
        Route("/cgi-bin/user/simplelist", contacts.users_brief, "contact", empty=("userlist",)),
        Route("/cgi-bin/user/list", contacts.users, "contact", empty=("userlist",)),
        Route("/cgi-bin/user/list_id", contacts.user_ids, empty=("dept_user",)),
        Route("/cgi-bin/department/simplelist", contacts.departments_brief, "contact", empty=("department_id",)),
        Route("/cgi-bin/department/list", contacts.departments, "contact", empty=("department",)),
        Route("/cgi-bin/department/get", contacts.department, "contact"),
        Route("/cgi-bin/tag/list", contacts.tags, "contact", empty=("taglist",)),
        Route("/cgi-bin/tag/get", contacts.tag, "contact"),
    ]


def message_routes(messages: Messages, updates: CardUpdates, agents: Agents) -> list[Route]:
    """Messages of an app, and the app itself; an app without `message` stands for a system app's secret."""
    return [
        Route("/cgi-bin/agent/get", agents.read, "message"),
        Route("/cgi-bin/message/send", messages.send, "message"),
        Route("/cgi-bin/message/recall", messages.recall, "message"),
        Route("/cgi-bin/message/update_template_card", updates.update, "message"),
        Route("/cgi-bin/appchat/create", messages.create_chat, "message"),
        Route("/cgi-bin/appchat/get", messages.chat, "message"),
        Route("/cgi-bin/appchat/send", messages.send_to_chat, "message"),
    ]


def other_routes() -> list[Route]:
    """Where callbacks come from, and where calls go to: here loopback."""
    return [Route(f"/cgi-bin/{name}", _addresses) for name in ("getcallbackip", "get_api_domain_ip")]


def _addresses(_: WecomCall) -> ApiAnswer:
    return success(ip_list=["127.0.0.1"])
