"""
The XML of an approval event. Lists are repeated siblings; texts stand in CDATA, numbers do not.

Source: "Approval status change event", read 2026-02-28.
"""

import re
from collections.abc import Iterable

from local.simulators.wecom.details import Details, copied_to, legacy_attr
from local.simulators.wecom.model import COPY, Application, Entry, Node

__all__ = ["approval_event", "element"]

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, content: str | int) -> str:
    """Return an element with a text or a number."""
    if isinstance(content, int):
        return f"<{name}>{content}</{name}>"
    text = _NOT_XML.sub("", content).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"


def approval_event(  # noqa: PLR0913 - the facts of one event, all named
    application: Application,
    details: Details,
    *,
    change: int,
    corp_id: str,
    agent_id: str,
    at_s: int,
    with_process: bool,
) -> str:
    """Return one `sys_approval_change`."""
    records = (_record(node, details.entries(node)) for node in application.nodes if node.type != COPY)
    nodes = (_node(node, details.entries(node)) for node in application.nodes)
    info = [
        element("SpNoStr", application.sp_no),
        f"<SpNo>{application.sp_no}</SpNo>",
        element("SpName", application.sp_name),
        element("SpStatus", application.status),
        element("TemplateId", application.template_id),
        element("ApplyTime", application.apply_s),
        _parent("Applyer", [element("UserId", application.applicant), element("Party", str(application.department))]),
        *records,
        *(_parent("Notifyer", [element("UserId", userid)]) for userid in copied_to(application)),
        *([_parent("ProcessList", nodes)] if with_process else []),
        *(
            _parent(
                "Comments",
                [
                    _parent("CommentUserInfo", [element("UserId", one.userid)]),
                    element("CommentTime", one.at_s),
                    element("CommentContent", one.text),
                    element("CommentId", one.id),
                ],
            )
            for one in application.comments
        ),
        element("StatuChangeEvent", change),
    ]
    return _parent(
        "xml",
        [
            element("ToUserName", corp_id),
            element("FromUserName", "sys"),
            element("CreateTime", at_s),
            element("MsgType", "event"),
            element("Event", "sys_approval_change"),
            f"<AgentID>{agent_id}</AgentID>",
            _parent("ApprovalInfo", info),
        ],
    )


def _parent(name: str, children: Iterable[str]) -> str:
    return f"<{name}>{''.join(children)}</{name}>"


def _record(node: Node, entries: list[Entry]) -> str:
    people = (
        _parent(
            "Details",
            [
                _parent("Approver", [element("UserId", entry.userid)]),
                element("Speech", entry.speech),
                element("SpStatus", entry.status),
                element("SpTime", entry.at_s),
            ],
        )
        for entry in entries
    )
    return _parent("SpRecord", [element("SpStatus", node.status), element("ApproverAttr", legacy_attr(node)), *people])


def _node(node: Node, entries: list[Entry]) -> str:
    if node.type == COPY:
        people = [_parent("SubNodeList", [_user(entry)]) for entry in entries]
        return _parent("NodeList", [element("NodeType", COPY), *people])
    people = [
        _parent(
            "SubNodeList",
            [
                _user(entry),
                element("Speech", entry.speech),
                element("SpYj", entry.status),
                element("Sptime", entry.at_s),
            ],
        )
        for entry in entries
    ]
    facts = [element("NodeType", node.type), element("SpStatus", node.status), element("ApvRel", node.apv_rel)]
    return _parent("NodeList", [*facts, *people])


def _user(entry: Entry) -> str:
    return _parent("UserInfo", [element("UserId", entry.userid)])
