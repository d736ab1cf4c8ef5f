"""Answers in the platform's form, and its error codes. Source: "Generic error codes" and the pages of each call."""

from collections.abc import Mapping
from typing import Any

from local.simulators.frame.web import ApiAnswer

__all__ = ["Problem", "failure", "invalid", "success"]

_TEXTS = {
    2200: "Internal Error",
    10003: "invalid param",
    10014: "app id not exists",
    10015: "app secret invalid",
    40003: "internal error",
    40004: "no dept authority error",
    40008: "dept not exist",
    40011: "page size is invalid",
    40012: "page token is invalid error",
    41012: "user id invalid error",
    41050: "no user authority error",
    42002: "member type is invalid",
    42009: "no group authority error",
    60012: "uuid conflict",
    212100: "app is not installed",
    230001: "Your request contains an invalid request parameter.",
    230002: "The bot can not be outside the group.",
    230011: "The message was withdrawn.",
    230013: "Bot has NO availability to this user.",
    230025: "The length of the message content reaches its limit.",
    230027: "Lack of necessary permissions.",
    230031: "Message sent more than 14 days.",
    230034: "The receive_id is invalid.",
    230099: "Failed to create card content",
    230110: "Action unavailable as the message has been deleted.",
    232011: "Operator can NOT be out of the chat.",
    1390001: "param is invalid",
    1390002: "approval code not found",
    1390003: "instance code not found",
    1390004: "user not found",
    1390007: "subscription existed",
    1390009: "no operation permission",
    1390010: "task not found",
    1390012: "uuid conflict",
    1390015: "approval is not active",
    1390016: "approval is deleted",
    1395001: "There have been some errors. Please try again later.",
    99991201: "invalid request path",
    99991301: "request method not allowed",
    99991400: "request trigger frequency limit",
    99991401: "ip %s is denied by app setting",
    99991403: "This month's API call quota has been exceeded",
    99991661: "Missing access token for authorization. Please make a test attempt with an access token attached.",
    99991662: "app is not in use",
    99991663: "Invalid access token for authorization. Please make a test attempt with the correct token.",
    99991668: "Invalid access token for authorization. Please make a test attempt with the correct token.",
    99991671: "Invalid access token, must start with 't-' or 'u-'.",
    99991672: "Access denied.",
    99991673: "app is unavailable in this tenant",
    99992351: "The request you send is not a valid {open_id} or not exists.",
    99992354: "The request you send is not a valid {message_id} or not exists.",
    99992361: "open_id cross app.",
    99992402: "field validation failed",
}


class Problem(Exception):
    """
    A call that the platform refuses.

    Args:
        code: the platform's.
        detail: appended to the code's usual text.
        status: HTTP status; 400 goes with most codes.
        error: further members of the body's `error`.
    """

    def __init__(
        self,
        code: int,
        detail: str = "",
        *,
        status: int = 400,
        error: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        text = _TEXTS.get(code, "error")
        super().__init__(f"{code} {text}")
        self.code = code
        self.msg = f"{text} {detail}".strip() if detail else text
        self.status = status
        self.error = dict(error or {})
        self.headers = dict(headers or {})


def invalid(detail: str) -> Problem:
    """Return the approval interface's answer to a wrong parameter."""
    return Problem(1390001, detail)


def success(data: Mapping[str, Any] | None = None, **flat: Any) -> ApiAnswer:
    """
    Return `{"code": 0, "msg": "success", "data": ...}`; `flat` members stand beside, as older interfaces have them.
    """
    content: dict[str, Any] = {"code": 0, "msg": "success"}
    if data is not None:
        content["data"] = dict(data)
    return ApiAnswer(content={**content, **flat}, code=0)


def failure(problem: Problem, log_id: str) -> ApiAnswer:
    """Return the platform's error body."""
    error = {"message": problem.msg, "log_id": log_id, **problem.error}
    return ApiAnswer(
        content={"code": problem.code, "msg": problem.msg, "error": error},
        status=problem.status,
        headers=problem.headers,
        code=problem.code,
    )
