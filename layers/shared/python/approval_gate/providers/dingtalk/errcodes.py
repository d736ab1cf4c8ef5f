"""
The vendor's error codes, and what to do about each.

Two sets of codes: words of the newer API (HTTP status 4xx or 5xx), numbers of the older one (always HTTP 200). Words
are compared without regard to case, since the vendor's spelling varies, and by their last part where they have parts:
`Forbidden.AccessDenied.IpNotInWhiteList`. HTTP 403 alone says nothing: address, rate, quota and permission share it.

Source: DingTalk developer docs, "Server API error codes", "How to process API throttling", "Application development
platform billing model" and the pages of the calls, read 2026-02-28; wire forms as published by others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from approval_gate.errors import (
    ProviderError,
    ProviderQuotaUsedUp,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.providers.dingtalk import advice
from approval_gate.providers.dingtalk.meanings import Kind as _Kind
from approval_gate.providers.dingtalk.message_errcodes import MESSAGE_MEANINGS, MESSAGE_PAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from approval_gate.verdicts import Advice

__all__ = [
    "FORM_GONE",
    "FORM_NAME_TAKEN",
    "INSTANCE_UNKNOWN",
    "IP_DENIED",
    "NOT_WITHDRAWN",
    "PERMISSION_MISSING",
    "PERSON_HIDDEN",
    "PERSON_MALFORMED",
    "PERSON_UNKNOWN",
    "PROVIDER",
    "QUOTA_USED_UP",
    "Complaint",
    "advice_on",
    "error_for",
    "is_token_refused",
    "last_part",
    "missing_permissions",
]

PROVIDER = "dingtalk"

FORM_NAME_TAKEN = "formname.error"
FORM_GONE = frozenset({"processcodeerror", "processgetfailed", "processgroupgetfailed", "invalidprocesscode"})
INSTANCE_UNKNOWN = frozenset({"processinstancenotexist"})
# The first: it has ended or is too new. The second: the form does not let the submitter withdraw. With which HTTP
# status was not seen; of other calls the word comes with 400 and with 500, and means trouble that passes.
NOT_WITHDRAWN = frozenset({"aflowprocessinststatusexception", "internalerror"})
PERSON_UNKNOWN = frozenset({"60121", "33012"})
PERSON_MALFORMED = frozenset({"40104"})
PERSON_HIDDEN = frozenset({"50002"})
IP_DENIED = frozenset({"ipnotinwhitelist", "60020", "ip.not.match"})
QUOTA_USED_UP = frozenset({"apicountlimitfororg", "90020"})
PERMISSION_MISSING = frozenset(
    {
        *("accesstokenpermissiondenied", "permission.error", "processsetupnopermission"),
        *("60011", "43007", "48002", "50003", "50005"),
    }
)

_FORM_UNKNOWN = frozenset({"processcode.error", "process.error", "820001", "830001", "820004"})
_PEOPLE_UNKNOWN = frozenset({"40031", "staffid.notexisted", "invaliduserids"})
_OLD_TOKEN_REFUSED = frozenset({"40014", "42001", "40001", "41001", "40000"})
_HTTP_BAD_REQUEST = 400
_HTTP_UNAUTHORIZED = 401
_HTTP_NOT_FOUND = 404
_HTTP_SERVER_ERROR = 500
_FLOOD_S = 300.0
_SCOPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_PERMISSIONS = {
    "find_form": "Workflow.Form.Read",
    "read_form": "Workflow.Form.Read",
    "create_form": "Workflow.Form.Write",
    "create_instance": "Workflow.Instance.Write",
    "terminate_instance": "Workflow.Instance.Write",
    "get_instance": "Workflow.Instance.Read",
    "list_instances": "Workflow.Instance.Read",
    "find_people": "qyapi_get_member_by_mobile",
    "list_departments": "qyapi_get_department_list",
    "read_department": "qyapi_get_department_list",
    "list_people": "qyapi_get_department_member",
    "read_person": "qyapi_get_member",
    "send_work_notification": "qyapi_base",
    "send_to_group": "qyapi_robot_sendmsg",
    "read_contact_range": "qyapi_base",
    "read_notification": "qyapi_base",
    "check_form": "Workflow.Form.Write",
    "check_withdrawal": "Workflow.Instance.Write",
    "check_robot": "qyapi_robot_sendmsg",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """
    What the platform answered instead of success.

    Args:
        code: of the body: a word of the newer API; of the older one the number, for the wrapper 88 the number inside;
            "" when there was no readable body.
        request_id: the vendor's, for its support.
        scopes: permissions that the answer says are missing.
        address: the caller's address as the answer names it.
    """

    http_status: int
    code: str
    request_id: str = ""
    scopes: tuple[str, ...] = ()
    address: str = ""


# Seconds after which another try makes sense, where the vendor says so or the limit's own period tells.
_PAUSES = {
    "qpslimitforappkeyandapi": 1.0,
    "qpmlimitforappkeyandapi": 60.0,
    "qpslimitforapi": 10.0,
    "90018": 1.0,
    "90002": 10.0,
    "autoflowliketriggerratelimited": 60.0,
    "1111": _FLOOD_S,
    **MESSAGE_PAUSES,
}

_MEANINGS: dict[str, tuple[_Kind, Advice]] = {
    **dict.fromkeys(("invalidclientidorsecret", "40096", "40089"), (_Kind.REJECTED, advice.BAD_CREDENTIALS)),
    **dict.fromkeys(("invalidauthentication", *_OLD_TOKEN_REFUSED), (_Kind.REJECTED, advice.STALE_TOKEN)),
    **dict.fromkeys(PERMISSION_MISSING, (_Kind.REJECTED, advice.NO_PERMISSION)),
    **dict.fromkeys(IP_DENIED, (_Kind.REJECTED, advice.IP_DENIED)),
    **dict.fromkeys(QUOTA_USED_UP, (_Kind.REJECTED, advice.QUOTA)),
    **dict.fromkeys((name for name in _PAUSES if name != "1111"), (_Kind.THROTTLED, advice.SLOW_DOWN)),
    **MESSAGE_MEANINGS,
    "1111": (_Kind.THROTTLED, advice.ADDRESS_BLOCKED),
    **dict.fromkeys(("50002", "50004"), (_Kind.REJECTED, advice.OUT_OF_RANGE)),
    **dict.fromkeys(("needauth", "8100017"), (_Kind.REJECTED, advice.MAY_NOT_START)),
    **dict.fromkeys(
        ("targetselectapproverscopeerror", "targetselectapprovermissing"), (_Kind.REJECTED, advice.FLOW_CHANGED)
    ),
    "benefitstatusinvalid": (_Kind.REJECTED, advice.EDITION_TOO_SMALL),
    **dict.fromkeys((*FORM_GONE, *_FORM_UNKNOWN), (_Kind.REJECTED, advice.FORM)),
    **dict.fromkeys(("formconvertererror", "illegalcomponent"), (_Kind.REJECTED, advice.FIELDS_CHANGED)),
    FORM_NAME_TAKEN: (_Kind.REJECTED, advice.NAME_TAKEN),
    **dict.fromkeys(
        (*INSTANCE_UNKNOWN, "processinstanceiderror", "aflowprocessinstnotexist", "invalidinstanceid"),
        (_Kind.REJECTED, advice.INSTANCE),
    ),
    **dict.fromkeys(("aflowprocessinststatusexception", "instance.status.error"), (_Kind.REJECTED, advice.STATE)),
    **dict.fromkeys(("task.status.error", "aflowprocessinstcannotbeexecuted"), (_Kind.REJECTED, advice.STATE)),
    **dict.fromkeys(("820005", "820006", "820008"), (_Kind.REJECTED, advice.NO_WITHDRAWAL)),
    **dict.fromkeys(
        ("usernotexist", *PERSON_UNKNOWN, *PERSON_MALFORMED, *_PEOPLE_UNKNOWN), (_Kind.REJECTED, advice.PERSON)
    ),
    **dict.fromkeys(("invalidparameter", "processinstanceinvalidparameter", "40035"), (_Kind.REJECTED, advice.INVALID)),
    **dict.fromkeys(("400002", "formschema.error"), (_Kind.REJECTED, advice.INVALID)),
    "processinstancestartfailed": (_Kind.REJECTED, advice.START_FAILED),
    "22": (_Kind.REJECTED, advice.NO_SUCH_CALL),
    # The first has three r's on the wire. `processFormDataIsNull`: the instance is there, its form not yet.
    **dict.fromkeys(("syserrror", "syserror", "systemerror", "system.error"), (_Kind.UNAVAILABLE, advice.BUSY)),
    **dict.fromkeys(("internalerror", "schema.sysattrs.error", "unknownerror"), (_Kind.UNAVAILABLE, advice.BUSY)),
    **dict.fromkeys(("processformdataisnull", "-1", "400001", "15"), (_Kind.UNAVAILABLE, advice.BUSY)),
}

_MEANINGS_OF_STATUS = {
    401: (_Kind.REJECTED, advice.STALE_TOKEN),
    408: (_Kind.UNAVAILABLE, advice.BUSY),
    429: (_Kind.THROTTLED, advice.SLOW_DOWN),
}
# The same word means more in one call, whatever the HTTP status beside it.
_IN_CALLS: dict[tuple[str, str], tuple[_Kind, Advice]] = {
    ("terminate_instance", "internalerror"): (_Kind.REJECTED, advice.NO_WITHDRAWAL),
}


def is_token_refused(http_status: int, code: str) -> bool:
    """
    Tell whether the access token was refused: then the call was not executed and may be repeated with a fresh one.

    Never for HTTP 403, which is about permission, address, rate or quota.
    """
    if http_status == _HTTP_UNAUTHORIZED:
        return True
    name = code.lower()
    if http_status == _HTTP_BAD_REQUEST:
        return name == "invalidauthentication" or name.startswith("authenticationfailed.")
    return http_status < _HTTP_BAD_REQUEST and code in _OLD_TOKEN_REFUSED


def last_part(code: str) -> str:
    """Return the part of a vendor's word that names the trouble, in lower case."""
    return code.rsplit(".", 1)[-1].lower() if code.lower().startswith("forbidden.") else code.lower()


def advice_on(operation: str, complaint: Complaint) -> Advice:
    """Return what a refusal means; of the vendor's it has the code, names of permissions and our own address."""
    scopes = ", ".join(_scopes(operation, complaint))
    facts = {
        "scopes": scopes or "see the permissions the set-up guide lists",
        "address": complaint.address or "the gate's outgoing IP address",
        "code": complaint.code,
        "status": str(complaint.http_status),
    }
    facts_zh = {"scopes": scopes or "见安装指南的权限列表", "address": complaint.address or "网关的出口 IP 地址"}
    return _meaning(operation, complaint)[1].filled(facts, facts_zh)


def error_for(operation: str, complaint: Complaint) -> ProviderError:
    """Return the error to raise; its text is the English of `advice_on`."""
    kind, _ = _meaning(operation, complaint)
    message = f"{operation}: {advice_on(operation, complaint).english}"
    if kind is _Kind.THROTTLED:
        error: ProviderError = ProviderThrottled(
            message,
            retry_after_s=_PAUSES.get(last_part(complaint.code)),
            provider=PROVIDER,
            operation=operation,
            vendor_code=complaint.code,
        )
        error.vendor_request_id = complaint.request_id
        return error
    error_class: type[ProviderError] = ProviderUnavailable if kind is _Kind.UNAVAILABLE else ProviderRejected
    if kind is _Kind.REJECTED and last_part(complaint.code) in QUOTA_USED_UP:
        error_class = ProviderQuotaUsedUp
    return error_class(
        message,
        provider=PROVIDER,
        operation=operation,
        vendor_code=complaint.code,
        vendor_request_id=complaint.request_id,
    )


def missing_permissions(refusals: Iterable[tuple[str, Complaint]]) -> Advice:
    """Return one advice for several calls, by operation, that were refused for want of a permission."""
    scopes = dict.fromkeys(scope for operation, complaint in refusals for scope in _scopes(operation, complaint))
    return advice.NO_PERMISSION.filled({"scopes": ", ".join(scopes)})


def _scopes(operation: str, complaint: Complaint) -> list[str]:
    """Return the permissions that an answer names, or the one that the call's page does."""
    known = _PERMISSIONS.get(operation)
    return [each for each in complaint.scopes if _SCOPE.fullmatch(each)] or ([known] if known else [])


def _meaning(operation: str, complaint: Complaint) -> tuple[_Kind, Advice]:
    name = last_part(complaint.code)
    in_call, known = _IN_CALLS.get((operation, name)), _MEANINGS.get(name)
    if in_call is not None:
        return in_call
    if known is not None and complaint.http_status < _HTTP_SERVER_ERROR:
        return known
    if complaint.http_status >= _HTTP_SERVER_ERROR or complaint.http_status in _MEANINGS_OF_STATUS:
        return _MEANINGS_OF_STATUS.get(complaint.http_status, (_Kind.UNAVAILABLE, advice.BUSY))
    if name.startswith("authenticationfailed."):
        return _Kind.REJECTED, advice.STALE_TOKEN
    if name:
        return _Kind.REJECTED, advice.UNKNOWN_CODE
    # No JSON: DingTalk's own page for an address that calls too often, or a proxy's.
    kind = _Kind.REJECTED if complaint.http_status == _HTTP_NOT_FOUND else _Kind.UNAVAILABLE
    return kind, advice.UNREADABLE
