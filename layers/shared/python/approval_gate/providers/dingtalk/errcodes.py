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

from approval_gate.errors import ProviderError, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.dingtalk.meanings import Kind as _Kind
from approval_gate.providers.dingtalk.message_errcodes import MESSAGE_MEANINGS, MESSAGE_PAUSES

__all__ = [
    "FORM_GONE",
    "FORM_NAME_TAKEN",
    "INSTANCE_UNKNOWN",
    "NOT_WITHDRAWN",
    "PERSON_HIDDEN",
    "PERSON_MALFORMED",
    "PERSON_UNKNOWN",
    "PROVIDER",
    "Complaint",
    "error_for",
    "is_token_refused",
    "last_part",
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


_BAD_CREDENTIALS = (
    "DingTalk does not accept the AppKey and AppSecret. Copy both again from the developer console > the app > "
    "Credentials and basic information (凭证与基础信息) and update the app in the gate"
)
_STALE = "DingTalk refused a fresh access token. Check that base_url leads to DingTalk and that the app is enabled"
_PERMISSION = (
    "the app lacks a permission: {scopes}. Add it in the developer console > the app > Permission management "
    "(权限管理) and publish a version of the app"
)
_IP = (
    "DingTalk does not take calls from this address. Add {address} in the developer console > the app > Security "
    "settings (安全设置) > Server egress IP (服务器出口IP)"
)
_QUOTA = (
    "the organisation's monthly quota of API calls is used up for all its apps. Calls work again next month, or at "
    "once with a paid DingTalk edition or an add-on pack"
)
_SLOW_DOWN = "DingTalk asked to slow down"
_FLOOD = "DingTalk blocks this address for some minutes because of too many calls from it"
_BUSY = "DingTalk had an internal problem. Trying again later usually helps"
_SCOPE_OF_APP = (
    "somebody is outside the app's visible range. Widen it in the developer console > the app > Version management "
    "(版本管理)"
)
_MAY_NOT_START = (
    "the requester may not submit this form, or the app may not read it. In the OA approval admin, let everyone submit "
    "the form, and check that the requester is in the app's visible range"
)
_FORM = "the approval form is gone or cannot be read. A new one is made at the next attempt"
_FORM_FIELDS = (
    "a field of the approval form does not take its value. Somebody changed the form: rename or delete it in the OA "
    "approval admin, and the gate makes a new one"
)
_NAME_TAKEN = "a form of the gate's name exists already"
_INSTANCE = (
    "DingTalk does not know this approval. It may have been deleted, or belong to another organisation: check whether "
    "the app's credentials were changed"
)
_STATE = "the approval has ended already or is less than 15 seconds old"
_NO_WITHDRAWAL = (
    "DingTalk did not withdraw the approval. In the OA approval admin > the form > advanced settings, allow submitters "
    "to withdraw running approvals"
)
_PERSON = (
    "DingTalk does not know one of the people, or they have left. Check the user_ids, or name people by mobile number"
)
_INVALID = "DingTalk found the request invalid. Report this with the request id if the gate built it"
_START_FAILED = (
    "DingTalk could not start the approval. Check that every approver and the requester still work here, then ask again"
)
_NOT_THERE = "this host does not offer the call. Check the base_url of the app"

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

_MEANINGS: dict[str, tuple[_Kind, str]] = {
    **dict.fromkeys(("invalidclientidorsecret", "40096", "40089"), (_Kind.REJECTED, _BAD_CREDENTIALS)),
    **dict.fromkeys(("invalidauthentication", *_OLD_TOKEN_REFUSED), (_Kind.REJECTED, _STALE)),
    **dict.fromkeys(
        ("accesstokenpermissiondenied", "permission.error", "processsetupnopermission"), (_Kind.REJECTED, _PERMISSION)
    ),
    **dict.fromkeys(("60011", "43007", "48002", "50003", "50005"), (_Kind.REJECTED, _PERMISSION)),
    **dict.fromkeys(("ipnotinwhitelist", "60020"), (_Kind.REJECTED, _IP)),
    **dict.fromkeys(("apicountlimitfororg", "90020"), (_Kind.REJECTED, _QUOTA)),
    **dict.fromkeys((name for name in _PAUSES if name != "1111"), (_Kind.THROTTLED, _SLOW_DOWN)),
    **MESSAGE_MEANINGS,
    "1111": (_Kind.THROTTLED, _FLOOD),
    **dict.fromkeys(("50002", "50004"), (_Kind.REJECTED, _SCOPE_OF_APP)),
    "needauth": (_Kind.REJECTED, _MAY_NOT_START),
    **dict.fromkeys((*FORM_GONE, "processcode.error", "process.error"), (_Kind.REJECTED, _FORM)),
    **dict.fromkeys(("formconvertererror", "illegalcomponent"), (_Kind.REJECTED, _FORM_FIELDS)),
    FORM_NAME_TAKEN: (_Kind.REJECTED, _NAME_TAKEN),
    **dict.fromkeys(
        (*INSTANCE_UNKNOWN, "processinstanceiderror", "aflowprocessinstnotexist", "invalidinstanceid"),
        (_Kind.REJECTED, _INSTANCE),
    ),
    "aflowprocessinststatusexception": (_Kind.REJECTED, _STATE),
    **dict.fromkeys(("usernotexist", *PERSON_UNKNOWN, *PERSON_MALFORMED, "40031"), (_Kind.REJECTED, _PERSON)),
    **dict.fromkeys(("invalidparameter", "processinstanceinvalidparameter", "40035"), (_Kind.REJECTED, _INVALID)),
    "400002": (_Kind.REJECTED, _INVALID),
    "processinstancestartfailed": (_Kind.REJECTED, _START_FAILED),
    "22": (_Kind.REJECTED, _NOT_THERE),
    # The first has three r's on the wire. `processFormDataIsNull`: the instance is there, its form not yet.
    **dict.fromkeys(("syserrror", "syserror", "systemerror", "system.error"), (_Kind.UNAVAILABLE, _BUSY)),
    **dict.fromkeys(("internalerror", "schema.sysattrs.error", "unknownerror"), (_Kind.UNAVAILABLE, _BUSY)),
    **dict.fromkeys(("processformdataisnull", "-1", "400001", "15"), (_Kind.UNAVAILABLE, _BUSY)),
}

_MEANINGS_OF_STATUS = {
    401: (_Kind.REJECTED, _STALE),
    408: (_Kind.UNAVAILABLE, _BUSY),
    429: (_Kind.THROTTLED, _SLOW_DOWN),
}
# The same word means more in one call, whatever the HTTP status beside it.
_IN_CALLS: dict[tuple[str, str], tuple[_Kind, str]] = {
    ("terminate_instance", "internalerror"): (_Kind.REJECTED, _NO_WITHDRAWAL),
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


def error_for(operation: str, complaint: Complaint) -> ProviderError:
    """Return the error to raise. Its text is ours; of the vendor's it has names of permissions and our own address."""
    kind, text = _meaning(operation, complaint)
    scopes = ", ".join(each for each in complaint.scopes if _SCOPE.fullmatch(each))
    message = f"{operation}: " + text.format(
        scopes=scopes or _PERMISSIONS.get(operation, "see the permissions the set-up guide lists"),
        address=complaint.address or "the gate's outgoing IP address",
    )
    if kind is _Kind.THROTTLED:
        error: ProviderError = ProviderThrottled(
            message + ".",
            retry_after_s=_PAUSES.get(last_part(complaint.code)),
            provider=PROVIDER,
            operation=operation,
            vendor_code=complaint.code,
        )
        error.vendor_request_id = complaint.request_id
        return error
    error_class = ProviderUnavailable if kind is _Kind.UNAVAILABLE else ProviderRejected
    return error_class(
        message + ".",
        provider=PROVIDER,
        operation=operation,
        vendor_code=complaint.code,
        vendor_request_id=complaint.request_id,
    )


def _meaning(operation: str, complaint: Complaint) -> tuple[_Kind, str]:
    name = last_part(complaint.code)
    in_call, known = _IN_CALLS.get((operation, name)), _MEANINGS.get(name)
    if in_call is not None:
        return in_call
    if known is not None and complaint.http_status < _HTTP_SERVER_ERROR:
        return known
    if complaint.http_status >= _HTTP_SERVER_ERROR or complaint.http_status in _MEANINGS_OF_STATUS:
        return _MEANINGS_OF_STATUS.get(complaint.http_status, (_Kind.UNAVAILABLE, _BUSY))
    if name.startswith("authenticationfailed."):
        return _Kind.REJECTED, _STALE
    if name:
        code = complaint.code.replace("{", "").replace("}", "")
        return _Kind.REJECTED, f"DingTalk refused with code {code}. Look the code up in its documentation"
    # No JSON: DingTalk's own page for an address that calls too often, or a proxy's.
    text = (
        f"the answer (HTTP {complaint.http_status}) was not DingTalk's JSON. Check base_url and proxies if it stays so"
    )
    return (_Kind.REJECTED if complaint.http_status == _HTTP_NOT_FOUND else _Kind.UNAVAILABLE), text
