"""
The vendor's error codes, and what to do about each.

The code in the body decides; the HTTP status only where the body has none we know. Codes below 100000 are the older
numbers of the same meanings.

Source: Feishu developer docs, "Generic error codes", "Frequency control", "Custom app API call limit", "Set an IP
allow list" and the pages of the approval calls, read 2026-02-28.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from approval_gate.errors import ProviderError, ProviderRejected, ProviderThrottled, ProviderUnavailable

if TYPE_CHECKING:
    from approval_gate.providers.feishu.edition import Edition

__all__ = [
    "ALREADY_SUBSCRIBED",
    "DEFINITION_GONE",
    "INSTANCE_UNKNOWN",
    "TOKEN_REFUSED",
    "WITHDRAWAL_REFUSED",
    "Complaint",
    "error_for",
]

# The call was not executed, so even a creation may be repeated with a fresh token.
TOKEN_REFUSED = frozenset({99991661, 99991663, 99991664, 99991665, 99991668, 99991671})
ALREADY_SUBSCRIBED = frozenset({"1390007", "60007", "60008"})
INSTANCE_UNKNOWN = frozenset({"1390003", "60003"})
DEFINITION_GONE = frozenset({"1390002", "60002", "1390015", "1390016"})
# No permission, free-form process, handwritten signature, and "parameter invalid" for want of a better word there.
WITHDRAWAL_REFUSED = frozenset({"1390001", "60001", "1390009", "60009", "1390013", "1390018"})

_HTTP_THROTTLED = 429
_HTTP_SERVER_ERROR = 500
_MAX_RETRY_AFTER_S = 3600.0
_SCOPE = re.compile(r"[a-z0-9_]+(?:[:.][a-z0-9_.]+)+")
_FIELD = re.compile(r"[\w.\[\]-]{1,80}")


class _Kind(Enum):
    REJECTED = auto()
    UNAVAILABLE = auto()
    THROTTLED = auto()


@dataclass(frozen=True, slots=True)
class Complaint:
    """
    What the platform answered instead of success.

    Args:
        http_status: only a hint.
        code: of the body; None when there was no readable body.
        request_id: the vendor's, for its support.
        reset_s: the header `x-ogw-ratelimit-reset`, as sent.
        scopes: `permission_violations`, as sent.
        fields: `field_violations`, as sent.
    """

    http_status: int
    code: int | None
    request_id: str = ""
    reset_s: str = ""
    scopes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


_BAD_CREDENTIALS = (
    "{name} does not accept the App ID and App Secret. Copy both again from {console} > the app > Credentials & Basic "
    "Info and update the app in the gate. An app made on {other} does not exist on {name}: register it with the other "
    "provider name then"
)
_APP_STOPPED = (
    "the app is stopped or not installed in this tenant. Publish a version of it at {console} and have an "
    "administrator enable it in the {name} admin console > Workplace > App management"
)
_STALE = (
    "{name} refused a fresh access token. Check that base_url leads to {name} and that the app is enabled at {console}"
)
_SCOPE_MISSING = (
    "the app lacks a permission: {scopes}. Add it at {console} > the app > Permissions & Scopes, then publish a new "
    "version under Version Management & Release"
)
_IP = (
    "{name} does not take calls from this address. Add the gate's outgoing IP address at {console} > the app > "
    "Security Settings > IP allow list (single IPv4 addresses only)"
)
_QUOTA = (
    "the tenant's monthly quota of API calls is used up for all its apps. Calls work again next month, or at once "
    "with a paid {name} edition"
)
_NO_SUCH_CALL = (
    "this host does not offer the call. Check the base_url of the app; some newer calls exist on Feishu but not on Lark"
)
_PERSON = (
    "{name} does not know one of the people, or the app may not see them. An open_id belongs to one app only: use "
    "e-mail or mobile, and widen the app's availability and contact range at {console} if needed"
)
_INVALID = "{name} found the request invalid{fields}. Report this with the request id if the gate built it"
_DEFINITION = "the approval definition is gone or stopped. A new one is made at the next attempt"
_INSTANCE = (
    "{name} does not know this approval. It may belong to another app: check whether the app's credentials were changed"
)
_NO_PERMISSION = "{name} does not allow this operation to this person or app"
_TASK = "the task does not exist or was handled already"
_UNSUPPORTED = "{name} does not offer this for the approval's kind of process"
_BUSY = "{name} had an internal problem. Trying again later usually helps"
_DUPLICATE = "{name} holds an approval of this id but does not show it yet"
_SLOW_DOWN = "{name} asked to slow down"
_NO_BOT = (
    "the app has no bot yet. Enable it at {console} > the app > Add Features > Bot, then publish a new version under "
    "Version Management & Release"
)
_NO_RIGHT = (
    "the app lacks the permission to send messages (im:message:send_as_bot), or the message is another app's. Add the "
    "permission at {console} > the app > Permissions & Scopes and publish a new version"
)
_CENSORED = "{name} refused the content of the message (sensitive words, or data loss prevention). Change the text"
_BAD_CARD = "{name} cannot show the message. Report this with the request id"
_TOO_LARGE = "{name} finds the message too large. Report this with the request id"
_IN_FLIGHT = "{name} is still sending this message"

_MEANINGS: dict[int, tuple[_Kind, str]] = {
    **dict.fromkeys((10003, 10014, 10015, 20002, 99991543, 1000040351), (_Kind.REJECTED, _BAD_CREDENTIALS)),
    **dict.fromkeys((10012, 10013), (_Kind.UNAVAILABLE, _BUSY)),
    **dict.fromkeys((99991662, 99991673), (_Kind.REJECTED, _APP_STOPPED)),
    **dict.fromkeys((*TOKEN_REFUSED, 99991677), (_Kind.REJECTED, _STALE)),
    **dict.fromkeys((99991672, 99991679), (_Kind.REJECTED, _SCOPE_MISSING)),
    99991401: (_Kind.REJECTED, _IP),
    99991403: (_Kind.REJECTED, _QUOTA),
    **dict.fromkeys((99991201, 99991301), (_Kind.REJECTED, _NO_SUCH_CALL)),
    **dict.fromkeys((99992351, 99992360, 99992361, 99992364, 1390004, 60004), (_Kind.REJECTED, _PERSON)),
    **dict.fromkeys((99992402, 1390001, 60001, 60006), (_Kind.REJECTED, _INVALID)),
    **dict.fromkeys((1390002, 60002, 1390015, 1390016), (_Kind.REJECTED, _DEFINITION)),
    **dict.fromkeys((1390003, 60003), (_Kind.REJECTED, _INSTANCE)),
    **dict.fromkeys((1390009, 60009), (_Kind.REJECTED, _NO_PERMISSION)),
    **dict.fromkeys((1390010, 60010), (_Kind.REJECTED, _TASK)),
    **dict.fromkeys((1390013, 1390018), (_Kind.REJECTED, _UNSUPPORTED)),
    # 60012 is documented for a repeated uuid; 1390012 is what its renumbered sibling would be (not seen).
    **dict.fromkeys((60012, 1390012), (_Kind.UNAVAILABLE, _DUPLICATE)),
    **dict.fromkeys((230006, 232025), (_Kind.REJECTED, _NO_BOT)),
    230027: (_Kind.REJECTED, _NO_RIGHT),
    **dict.fromkeys((230022, 230028), (_Kind.REJECTED, _CENSORED)),
    **dict.fromkeys((230001, 230054, 230055, 230075, 230099), (_Kind.REJECTED, _BAD_CARD)),
    230025: (_Kind.REJECTED, _TOO_LARGE),
    230049: (_Kind.UNAVAILABLE, _IN_FLIGHT),
    **dict.fromkeys((1500, 2200, 5000, 60014, 65001, 1395001), (_Kind.UNAVAILABLE, _BUSY)),
    **dict.fromkeys((99991400, 11232, 11233, 11247, 230020), (_Kind.THROTTLED, _SLOW_DOWN)),
}


def error_for(edition: Edition, operation: str, complaint: Complaint) -> ProviderError:
    """Return the error to raise. Its text is ours and holds nothing of the vendor's but names of scopes and fields."""
    kind, text = _meaning(complaint)
    scopes = ", ".join(each for each in complaint.scopes if _SCOPE.fullmatch(each))
    fields = ", ".join(each for each in complaint.fields if _FIELD.fullmatch(each))
    message = (
        operation
        + ": "
        + text.format(
            name=edition.name,
            other=edition.other_name,
            console=edition.console_url,
            scopes=scopes or "see the permissions the installation guide lists",
            fields=f" ({fields})" if fields else "",
        )
    )
    code = "" if complaint.code is None else str(complaint.code)
    if kind is _Kind.THROTTLED:
        return ProviderThrottled(
            message + ".",
            retry_after_s=_seconds(complaint.reset_s),
            provider=edition.provider,
            operation=operation,
            vendor_code=code,
            vendor_request_id=complaint.request_id,
        )
    error = ProviderUnavailable if kind is _Kind.UNAVAILABLE else ProviderRejected
    return error(
        message + ".",
        provider=edition.provider,
        operation=operation,
        vendor_code=code,
        vendor_request_id=complaint.request_id,
    )


def _meaning(complaint: Complaint) -> tuple[_Kind, str]:
    if complaint.code in _MEANINGS:
        return _MEANINGS[complaint.code]
    if complaint.http_status == _HTTP_THROTTLED:
        return _Kind.THROTTLED, _SLOW_DOWN
    if complaint.http_status >= _HTTP_SERVER_ERROR:
        return _Kind.UNAVAILABLE, _BUSY
    if complaint.code is not None:
        return _Kind.REJECTED, f"{{name}} refused with code {complaint.code}. Look the code up in its documentation"
    # No JSON: a proxy's page, or a host that is not the platform's. Success with a page may be a passing proxy fault.
    success = range(200, 300)
    text = f"the answer (HTTP {complaint.http_status}) was not the platform's JSON. Check base_url and proxies"
    return (_Kind.UNAVAILABLE if complaint.http_status in success else _Kind.REJECTED), text


def _seconds(text: str) -> float | None:
    return min(float(text), _MAX_RETRY_AFTER_S) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) else None
