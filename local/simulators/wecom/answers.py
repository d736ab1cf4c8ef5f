"""
Answers in the platform's form, and its error codes.

Errors come with HTTP 200. Their text carries a changing hint and the address that the call came from. Source: "Global
error codes", read 2026-02-28; those marked "unseen" are remembered, not read there.
"""

from collections.abc import Mapping
from typing import Any

from local.simulators.frame.web import ApiAnswer

__all__ = ["Problem", "failure", "param_error", "success"]

_TEXTS = {
    -1: "system busy",
    6000: "version conflict",
    40001: "invalid credential",
    40003: "invalid userid",
    40007: "invalid media_id",  # unseen
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40035: "invalid parameter",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    40068: "invalid tagid",  # unseen
    40063: "some parameters are empty",
    40091: "secret of another corp",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "corpsecret missing",
    42001: "access_token expired",
    42014: "invalid task_id",
    42027: "invalid horizontal_content_list",
    42038: "invalid button_list",
    42039: "invalid button key",
    42042: "invalid jump_list",
    42045: "invalid card_action",
    42052: "msgid expired",
    43012: "app has no callback url",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    46004: "user not exist",
    47001: "data format error",  # unseen
    48002: "api forbidden",
    48009: "contact-sync api forbidden for new ip",
    50001: "redirect_url not in safe domain",
    50002: "user not in limit range",
    50003: "application disabled",
    50006: "system application disabled",
    60003: "department not found",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    60123: "invalid party id",
    81013: "user & party & tag all invalid",
    86001: "invalid chatid",
    86215: "chatid exists",
    93000: "invalid webhook url",
    93004: "robot disabled",
    93008: "robot not in chat",
    301002: "agentid does not match the access_token",
    301007: "corp is disabled",
    301025: "get approval param error",
    301026: "get approval data error",
    301055: "no approval permission",
    301056: "approval app is disabled",
    301057: "submit approval error",
    301079: "attendance time conflict",
    301086: "template control param error",
    301087: "template count out of limit",
    301088: "no approval permission",
    301112: "narrow the time range",
    620004: "approval template server error",
}


class Problem(Exception):
    """
    A call that the platform refuses.

    Args:
        code: the platform's.
        detail: appended to the code's usual text after a colon.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        text = _TEXTS.get(code, "error")
        super().__init__(f"{code} {text}")
        self.code = code
        self.msg = f"{text}:{detail}" if detail else text


def param_error(detail: str) -> Problem:
    """Return the approval interface's answer to a wrong parameter."""
    return Problem(301025, detail)


def success(**members: Any) -> ApiAnswer:
    """Return `{"errcode": 0, "errmsg": "ok", ...}`."""
    return ApiAnswer(content={"errcode": 0, "errmsg": "ok", **members}, code=0)


def failure(problem: Problem, *, hint: str, client_ip: str, empty: Mapping[str, Any] | None = None) -> ApiAnswer:
    """
    Return the platform's error body.

    Args:
        empty: lists that stand in the answer all the same, empty.
    """
    msg = f"{problem.msg}, hint: [{hint}], from ip: {client_ip}, more info at "
    address = f"https://open.work.weixin.qq.com/devtool/query?e={problem.code}"
    return ApiAnswer(content={"errcode": problem.code, "errmsg": msg + address, **(empty or {})}, code=problem.code)
