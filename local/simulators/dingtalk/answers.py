"""
Answers in the forms of the platform's two APIs.

    newer   HTTP 4xx or 5xx   {"code", "message", "requestid", "accessdenieddetail": {"requiredScopes": [...]}}
    older   HTTP 200          {"errcode", "errmsg", "request_id"}

The older gateway wraps its own refusals: errcode 88, the code in `sub_code` and, as `subcode=`, in `errmsg`.

Source: "Server API calling guide", "Server API error codes" and the pages of the calls, read 2026-02-28; literal bodies
as published by others. Texts are our own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulators.frame.web import ApiAnswer

__all__ = [
    "BAD_TOKEN",
    "EXPIRED_TOKEN",
    "FOREIGN_ADDRESS",
    "NO_PERMISSION",
    "NO_TOKEN",
    "QUOTA_USED_UP",
    "TOO_FAST",
    "UNKNOWN_CALL",
    "OldProblem",
    "Problem",
    "Refusal",
    "Refused",
    "done",
    "failure",
    "is_newer",
    "old_done",
    "old_failure",
]

_WRAPPER = 88


def is_newer(path: str) -> bool:
    """Tell which of the two hosts a path belongs to."""
    return path.startswith("/v1.0/")


class Problem(Exception):
    """
    A call of the newer API that the platform refuses.

    Args:
        code: the platform's word, spelled as there.
    """

    def __init__(self, code: str, message: str = "", *, status: int = 400, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code} {message}".strip())
        self.code, self.message, self.status, self.scopes = code, message or code, status, scopes


class OldProblem(Exception):
    """
    A call of the older API that the platform refuses.

    Args:
        is_wrapped: whether the gateway answers, with 88 around the code.
    """

    def __init__(self, code: int, message: str = "", *, is_wrapped: bool = False) -> None:
        super().__init__(f"{code} {message}".strip())
        self.code, self.message, self.is_wrapped = code, message or _OLD_TEXTS.get(code, "error"), is_wrapped


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason of the gateway, in the words of both hosts. `plain`: the older code where it is not wrapped."""

    word: str
    status: int
    number: int
    text: str
    plain: int = 0


NO_TOKEN = Refusal("AuthenticationFailed.MissingParameter", 400, 40000, "access_token is blank", plain=41001)
BAD_TOKEN = Refusal("InvalidAuthentication", 400, 40014, "不合法的access_token", plain=40014)
EXPIRED_TOKEN = Refusal("InvalidAuthentication", 400, 42001, "access_token已过期", plain=42001)
FOREIGN_ADDRESS = Refusal("Forbidden.AccessDenied.IpNotInWhiteList", 403, 60020, "访问ip不在白名单之中")
NO_PERMISSION = Refusal("Forbidden.AccessDenied.AccessTokenPermissionDenied", 403, 60011, "应用尚未开通所需的权限")
TOO_FAST = Refusal("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", 403, 90018, "请求频率超过限制")
QUOTA_USED_UP = Refusal("Forbidden.AccessDenied.ApiCountLimitForOrg", 403, 90020, "企业本月调用量已用完")
# For the newer host neither code nor status was seen.
UNKNOWN_CALL = Refusal("InvalidAction.NotFound", 404, 22, "Invalid method", plain=22)


class Refused(Exception):
    """
    A call that the gateway refuses, whichever host was called.

    Args:
        detail: added to the text, such as the caller's address.
    """

    def __init__(self, reason: Refusal, detail: str = "", *, scopes: tuple[str, ...] = (), status: int = 0) -> None:
        super().__init__(reason.word)
        self.reason, self.scopes, self.status = reason, scopes, status or reason.status
        self.text = f"{reason.text} {detail}".strip()

    def newer(self) -> Problem:
        """Phrase it as the newer host."""
        return Problem(self.reason.word, self.text, status=self.status, scopes=self.scopes)

    def older(self, *, is_plain: bool) -> OldProblem:
        """Phrase it as the older host."""
        text = f"{self.text} [{','.join(self.scopes)}]" if self.scopes else self.text
        if self.reason is UNKNOWN_CALL or (is_plain and self.reason.plain):
            return OldProblem(self.reason.plain, text)
        return OldProblem(self.reason.number, text, is_wrapped=True)


_OLD_TEXTS = {
    -1: "系统繁忙",
    33012: "无效的USERID",
    40014: "不合法的access_token",
    40031: "不合法的UserID列表",
    40035: "缺少参数",
    40056: "不合法的agentid",
    40089: "不合法的corpid或corpsecret",
    40096: "不合法的appKey或appSecret",
    40104: "不合法的手机号",
    50002: "员工不在授权范围",
    50004: "部门不在授权范围",
    60003: "部门不存在",
    60011: "没有调用该接口的权限",
    60020: "访问ip不在白名单之中",
    60121: "找不到该用户",
    90018: "请求频率超过限制",
    400002: "参数错误",
    1430000: "没有接收者",
}


def done(content: Mapping[str, Any]) -> ApiAnswer:
    """Return an answer of the newer API."""
    return ApiAnswer(content=content, code=0)


def old_done(result: object = None, **flat: object) -> ApiAnswer:
    """Return an answer of the older API: `result` where there is one, `flat` members beside it."""
    content: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
    if result is not None:
        content["result"] = result
    return ApiAnswer(content=content | flat, code=0)


def failure(problem: Problem, request_id: str) -> ApiAnswer:
    """Return an error of the newer API."""
    content: dict[str, Any] = {"code": problem.code, "requestid": request_id, "message": problem.message}
    if problem.scopes:
        content["accessdenieddetail"] = {"requiredScopes": list(problem.scopes)}
    return ApiAnswer(content=content, status=problem.status, code=problem.code)


def old_failure(problem: OldProblem, request_id: str) -> ApiAnswer:
    """Return an error of the older API."""
    content: dict[str, Any] = {"errcode": problem.code, "errmsg": problem.message, "request_id": request_id}
    if problem.is_wrapped:
        content |= {
            "errcode": _WRAPPER,
            "errmsg": f"ding talk error[subcode={problem.code},submsg={problem.message}]",
            "sub_code": str(problem.code),
            "sub_msg": problem.message,
        }
    return ApiAnswer(content=content, code=problem.code)
