"""Phrasing an arranged fault as the platform would: words for the newer API, numbers for the older one."""

from local.simulators.dingtalk.answers import OldProblem, Problem, failure, is_newer, old_failure
from local.simulators.frame.faults import Fault
from local.simulators.frame.web import ApiAnswer

__all__ = ["fault_answer"]

# What the older gateway wraps in 88.
_WRAPPED = frozenset({40000, 40014, 42001, 60011, 60020, 90002, 90018, 90020})
_INTERNAL = frozenset({"systemError", "system.error", "unknownError"})
_WORDS = {
    401: "InvalidAuthentication",
    403: "Forbidden.AccessDenied.AccessTokenPermissionDenied",
    404: "InvalidAction.NotFound",
    429: "Throttling",
    503: "ServiceUnavailable",
}


def fault_answer(fault: Fault, request_id: str) -> ApiAnswer:
    """Return the answer for a fault; one that brings its own body gets just that."""
    if fault.body is not None:
        is_json = fault.body.lstrip().startswith(("{", "["))
        kind = "application/json" if is_json else "text/html; charset=utf-8"
        return ApiAnswer(status=fault.status or 200, raw=fault.body, content_type=kind, code=fault.code)
    number = _number(fault)
    if number is not None:
        answer = old_failure(OldProblem(number, fault.msg, is_wrapped=number in _WRAPPED), request_id)
        return ApiAnswer(content=answer.content, status=fault.status or 200, code=number)
    word = str(fault.code) if fault.code is not None else _WORDS.get(fault.status or 400, "systemError")
    scopes = ("Workflow.Instance.Write",) if word.endswith("AccessTokenPermissionDenied") else ()
    return failure(Problem(word, fault.msg, status=fault.status or _status(word), scopes=scopes), request_id)


def _number(fault: Fault) -> int | None:
    """Return the older API's code, if the fault is one of that API."""
    if fault.code is None:
        return -1 if fault.path.startswith("/") and not is_newer(fault.path) and "*" not in fault.path else None
    text = str(fault.code)
    return int(text) if text.removeprefix("-").isdecimal() else None


def _status(word: str) -> int:
    if word.startswith("Forbidden."):
        return 403
    return 500 if word in _INTERNAL else 400
