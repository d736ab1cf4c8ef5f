"""
The vendor's error codes, and what to do about each.

Errors come with HTTP 200 and a code in the body. The text beside it holds a changing hint; nothing of it is shown but
the address that the platform saw a call come from.

Source: WeCom developer docs, "Global error codes", "Access frequency limits", "Get access_token" and the pages of the
approval calls, read 2026-02-28.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from approval_gate.errors import ProviderError, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.wecom.meanings import Kind as _Kind
from approval_gate.providers.wecom.message_errcodes import IN_MESSAGE_CALLS, MESSAGE_MEANINGS

__all__ = ["PARAMETERS_REFUSED", "PERSON_UNKNOWN", "TOKEN_REFUSED", "Complaint", "error_for"]

# The token is checked before anything is done, so even a submission may be repeated with a fresh one.
TOKEN_REFUSED = frozenset({40014, 42001})
PERSON_UNKNOWN = frozenset({"46004", "60111", "40003"})
PARAMETERS_REFUSED = "301025"

_HTTP_OK = 200
_HTTP_THROTTLED = 429
_HTTP_SERVER_ERROR = 500
_FROM_IP = re.compile(r"from ip: ?([0-9A-Fa-f.:]{3,45})")

_FREQUENCY_S = 60.0  # the shortest of the platform's blocks: a minute, an hour, a day or a month
_TOKEN_BLOCK_S = 600.0  # asking for tokens too often blocks the address for an hour
_CONCURRENCY_S = 5.0


@dataclass(frozen=True, slots=True)
class Complaint:
    """
    What the platform answered instead of success.

    Args:
        http_status: only a hint.
        code: `errcode`; None when there was no readable body.
        text: `errmsg`, of which only our own address is taken.
    """

    http_status: int
    code: int | None
    text: str = ""


_BAD_CREDENTIALS = (
    "WeCom does not accept the corp_id and secret. Copy both again from the admin console (My Company > Company ID; "
    "App Management > the app > Secret), make sure that the app is enabled, and update the app in the gate"
)
_APP_DISABLED = "the app, or the company itself, is disabled in WeCom. Enable it in the admin console"
_STALE = "WeCom refused a fresh access token. Check that base_url leads to WeCom and that the app is enabled"
_BUG = "WeCom found the call incomplete. Check base_url and proxies; report this if they are right"
_IP = (
    "WeCom does not take calls from {address}. Add that address in the admin console > App Management > the app > "
    "Trusted IPs (企业可信IP); it works a minute later. Use a fixed outgoing address, or base_url with a fixed-IP proxy"
)
_AGENT = "agent_id is not that of the secret's app. Copy AgentId and Secret from the same page of the admin console"
_PERSON = (
    "WeCom does not know one of the people, or the app may not see them. Correct the userid, or widen the app's "
    "visible range in the admin console"
)
_RANGE = "a person is outside the app's visible range. Widen it in the admin console > App Management > the app"
_NOT_ALLOWED = "WeCom does not offer this call to this app. Use a self-built app, not a system app's secret"
_CONTACTS_IP = "WeCom does not let this address read contacts. Use a self-built app's secret with a trusted IP"
_PARAMETERS = (
    "WeCom refused the application. Check that the applicant is inside the app's visible range, that every userid "
    "exists, and that the template is enabled and has no mandatory fields but one multi-line text"
)
_NO_PERMISSION = (
    "the app may not use approvals, or may not see one of the people. In the admin console open Approval (审批) > API "
    "> Apps that may call (可调用接口的应用) and add it; its visible range must cover applicant and approvers"
)
_APPROVAL_OFF = "the Approval app (审批) is disabled. Enable it in the admin console"
_TEMPLATE_CONTROLS = "WeCom refused the fields of the template. Report this with the code"
_TOO_MANY_TEMPLATES = "the company has too many templates. Delete some, or put an existing one's id into template_id"
_INVALID = "WeCom found the request invalid. Report this with the code if the gate built it"
_RECEIVERS = "no receiver is known to WeCom and visible to the app"
_RANGE_TOO_WIDE = "too many approvals were made in the time asked for"
_UNCLEAR = "WeCom had an internal problem and may have opened the application all the same; the gate looks for it"
_INTERNAL = "WeCom had an internal problem, or the template is not audited yet. Trying again later usually helps"
_BUSY = "WeCom had an internal problem. Trying again later usually helps"
_SLOW_DOWN = "WeCom asked to slow down"

_MEANINGS: dict[int, tuple[_Kind, str]] = {
    **dict.fromkeys((40001, 40013, 40091), (_Kind.REJECTED, _BAD_CREDENTIALS)),
    **dict.fromkeys((50003, 50006, 301007), (_Kind.REJECTED, _APP_DISABLED)),
    **dict.fromkeys(TOKEN_REFUSED, (_Kind.REJECTED, _STALE)),
    **dict.fromkeys((41001, 41002, 41004), (_Kind.REJECTED, _BUG)),
    60020: (_Kind.REJECTED, _IP),
    **dict.fromkeys((40056, 301002), (_Kind.REJECTED, _AGENT)),
    **dict.fromkeys((40003, 46004, 60111), (_Kind.REJECTED, _PERSON)),
    **dict.fromkeys((50002, 60011), (_Kind.REJECTED, _RANGE)),
    48002: (_Kind.REJECTED, _NOT_ALLOWED),
    48009: (_Kind.REJECTED, _CONTACTS_IP),
    301025: (_Kind.REJECTED, _PARAMETERS),
    **dict.fromkeys((301055, 301088), (_Kind.REJECTED, _NO_PERMISSION)),
    301056: (_Kind.REJECTED, _APPROVAL_OFF),
    301086: (_Kind.REJECTED, _TEMPLATE_CONTROLS),
    301087: (_Kind.REJECTED, _TOO_MANY_TEMPLATES),
    301112: (_Kind.REJECTED, _RANGE_TOO_WIDE),
    81013: (_Kind.REJECTED, _RECEIVERS),
    **dict.fromkeys((40008, 40035, 40058, 40063, 44004, 45002), (_Kind.REJECTED, _INVALID)),
    301057: (_Kind.UNAVAILABLE, _UNCLEAR),
    301026: (_Kind.UNAVAILABLE, _INTERNAL),
    **dict.fromkeys((-1, 6000, 620004), (_Kind.UNAVAILABLE, _BUSY)),
    **dict.fromkeys((45009, 45033), (_Kind.THROTTLED, _SLOW_DOWN)),
    **MESSAGE_MEANINGS,
}


def error_for(operation: str, complaint: Complaint) -> ProviderError:
    """Return the error to raise. Its text is ours and holds nothing of the vendor's but our own address."""
    kind, text = IN_MESSAGE_CALLS.get((operation, complaint.code or 0)) or _meaning(complaint)
    message = f"{operation}: {text.format(address=_address(complaint.text))}."
    code = "" if complaint.code is None else str(complaint.code)
    if kind is _Kind.THROTTLED:
        pause_s = _CONCURRENCY_S if complaint.code == 45033 else _FREQUENCY_S  # noqa: PLR2004 - the vendor's code
        if operation == "fetch_token":
            pause_s = _TOKEN_BLOCK_S
        return ProviderThrottled(
            message, retry_after_s=pause_s, provider="wecom", operation=operation, vendor_code=code
        )
    error = ProviderUnavailable if kind is _Kind.UNAVAILABLE else ProviderRejected
    return error(message, provider="wecom", operation=operation, vendor_code=code)


def _meaning(complaint: Complaint) -> tuple[_Kind, str]:
    if complaint.code in _MEANINGS:
        return _MEANINGS[complaint.code]
    if complaint.http_status == _HTTP_THROTTLED:
        return _Kind.THROTTLED, _SLOW_DOWN
    if complaint.http_status >= _HTTP_SERVER_ERROR:
        return _Kind.UNAVAILABLE, _BUSY
    if complaint.code:
        return _Kind.REJECTED, f"WeCom refused with code {complaint.code}. Look the code up in its documentation"
    # No JSON: a proxy's page, or a host that is not the platform's. Success with a page may be a passing proxy fault.
    text = f"the answer (HTTP {complaint.http_status}) was not WeCom's JSON. Check base_url and proxies"
    return (_Kind.UNAVAILABLE if complaint.http_status == _HTTP_OK else _Kind.REJECTED), text


def _address(text: str) -> str:
    """Return the address that the platform saw, if it is one and nothing else."""
    found = _FROM_IP.search(text)
    try:
        return str(ipaddress.ip_address(found.group(1))) if found else "the gate's address"
    except ValueError:
        return "the gate's address"
