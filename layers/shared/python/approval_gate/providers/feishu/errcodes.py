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

from approval_gate.errors import (
    ProviderError,
    ProviderQuotaUsedUp,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.ports.checks import Words
from approval_gate.providers.feishu import advice
from approval_gate.providers.feishu.advice import filled
from approval_gate.verdicts import Advice

if TYPE_CHECKING:
    from approval_gate.providers.feishu.edition import Edition

__all__ = [
    "ALREADY_SUBSCRIBED",
    "APP_STOPPED",
    "BAD_CREDENTIALS",
    "DEFINITION_GONE",
    "INSTANCE_UNKNOWN",
    "IP_DENIED",
    "QUOTA_USED_UP",
    "SCOPE_MISSING",
    "TOKEN_REFUSED",
    "WITHDRAWAL_REFUSED",
    "WRONG_DOMAIN",
    "Complaint",
    "advice_on",
    "error_for",
]

WRONG_DOMAIN = 1000040351
BAD_CREDENTIALS = frozenset({10003, 10014, 10015, 20002, 99991543, WRONG_DOMAIN})
APP_STOPPED = frozenset({99991662, 99991673, 212100, 232034})
IP_DENIED = 99991401
QUOTA_USED_UP = 99991403
SCOPE_MISSING = 99991672
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
        address: whose calls are refused, where the platform names it; checked to be an IPv4 address.
    """

    http_status: int
    code: int | None
    request_id: str = ""
    reset_s: str = ""
    scopes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    address: str = ""


_MEANINGS: dict[int, tuple[_Kind, Advice]] = {
    **dict.fromkeys(BAD_CREDENTIALS, (_Kind.REJECTED, advice.BAD_CREDENTIALS)),
    # Documented for a stopped app, seen for an unknown one. Whether a wrong secret always gives 10015 is not known, so
    # both say to copy both.
    10014: (_Kind.REJECTED, advice.UNKNOWN_APP),
    10015: (_Kind.REJECTED, advice.WRONG_SECRET),
    **dict.fromkeys((10012, 10013), (_Kind.UNAVAILABLE, advice.BUSY)),
    **dict.fromkeys(APP_STOPPED, (_Kind.REJECTED, advice.APP_STOPPED)),
    **dict.fromkeys((*TOKEN_REFUSED, 99991677), (_Kind.REJECTED, advice.STALE_TOKEN)),
    **dict.fromkeys((SCOPE_MISSING, 99991679), (_Kind.REJECTED, advice.SCOPE_MISSING)),
    IP_DENIED: (_Kind.REJECTED, advice.IP_DENIED),
    QUOTA_USED_UP: (_Kind.REJECTED, advice.QUOTA),
    **dict.fromkeys((99991201, 99991301), (_Kind.REJECTED, advice.NO_SUCH_CALL)),
    **dict.fromkeys((99992351, 99992360, 99992361, 99992364, 1390004, 60004), (_Kind.REJECTED, advice.PERSON)),
    # Contacts: department, person or user group outside the data permission range.
    **dict.fromkeys((40004, 40014, 41050, 42009), (_Kind.REJECTED, advice.CONTACT_RANGE)),
    # A paid definition; an edition without it.
    **dict.fromkeys((60011, 60013), (_Kind.REJECTED, advice.EDITION_TOO_SMALL)),
    **dict.fromkeys((99992402, 1390001, 60001, 60006), (_Kind.REJECTED, advice.INVALID)),
    **dict.fromkeys((1390002, 60002, 1390015, 1390016), (_Kind.REJECTED, advice.DEFINITION)),
    **dict.fromkeys((1390003, 60003), (_Kind.REJECTED, advice.INSTANCE)),
    **dict.fromkeys((1390009, 60009), (_Kind.REJECTED, advice.NO_PERMISSION)),
    **dict.fromkeys((1390010, 60010), (_Kind.REJECTED, advice.TASK)),
    **dict.fromkeys((1390013, 1390018), (_Kind.REJECTED, advice.UNSUPPORTED)),
    # 60012 is documented for a repeated uuid; 1390012 is what its renumbered sibling would be (not seen).
    **dict.fromkeys((60012, 1390012), (_Kind.UNAVAILABLE, advice.DUPLICATE)),
    **dict.fromkeys((230006, 232025), (_Kind.REJECTED, advice.NO_BOT)),
    230027: (_Kind.REJECTED, advice.NO_RIGHT),
    **dict.fromkeys((230022, 230028), (_Kind.REJECTED, advice.CENSORED)),
    **dict.fromkeys((230001, 230054, 230055, 230075, 230099), (_Kind.REJECTED, advice.BAD_CARD)),
    230025: (_Kind.REJECTED, advice.TOO_LARGE),
    230049: (_Kind.UNAVAILABLE, advice.IN_FLIGHT),
    **dict.fromkeys((1500, 2200, 5000, 60014, 65001, 1395001), (_Kind.UNAVAILABLE, advice.BUSY)),
    **dict.fromkeys((99991400, 11232, 11233, 11247, 230020), (_Kind.THROTTLED, advice.SLOW_DOWN)),
}


def advice_on(edition: Edition, complaint: Complaint) -> Advice:
    """Return what the platform's refusal means; nothing of the vendor's but names of scopes, fields and an address."""
    scopes = ", ".join(each for each in complaint.scopes if _SCOPE.fullmatch(each))
    fields = ", ".join(each for each in complaint.fields if _FIELD.fullmatch(each))
    return filled(
        _meaning(complaint)[1],
        edition,
        scopes=scopes or "approval:approval, contact:user.id:readonly, im:message:send_as_bot …",
        fields=f" ({fields})" if fields else "",
        address=f" ({complaint.address})" if complaint.address else "",
    )


def error_for(edition: Edition, operation: str, complaint: Complaint) -> ProviderError:
    """Return the error to raise; its text is the English of `advice_on`."""
    kind, _ = _meaning(complaint)
    message = f"{operation}: {advice_on(edition, complaint).english}"
    code = "" if complaint.code is None else str(complaint.code)
    if kind is _Kind.THROTTLED:
        return ProviderThrottled(
            message,
            retry_after_s=_seconds(complaint.reset_s),
            provider=edition.provider,
            operation=operation,
            vendor_code=code,
            vendor_request_id=complaint.request_id,
        )
    error: type[ProviderError] = ProviderUnavailable if kind is _Kind.UNAVAILABLE else ProviderRejected
    if complaint.code == QUOTA_USED_UP:
        error = ProviderQuotaUsedUp
    return error(
        message,
        provider=edition.provider,
        operation=operation,
        vendor_code=code,
        vendor_request_id=complaint.request_id,
    )


def _meaning(complaint: Complaint) -> tuple[_Kind, Advice]:
    if complaint.code in _MEANINGS:
        return _MEANINGS[complaint.code]
    if complaint.http_status == _HTTP_THROTTLED:
        return _Kind.THROTTLED, advice.SLOW_DOWN
    if complaint.http_status >= _HTTP_SERVER_ERROR:
        return _Kind.UNAVAILABLE, advice.BUSY
    if complaint.code is not None:
        unknown = Advice(
            Words(f"{{name}} refused with code {complaint.code}.", f"{{name}}拒绝了请求，错误码 {complaint.code}。"),
            Words("Look the code up in its documentation.", "请在其官方文档中查询该错误码。"),
        )
        return _Kind.REJECTED, unknown
    # No JSON: a proxy's page, or a host that is not the platform's. Success with a page may be a passing proxy fault.
    success = range(200, 300)
    status = complaint.http_status
    page = Advice(
        Words(
            f"The answer (HTTP {status}) was not the platform's JSON.", f"返回内容（HTTP {status}）不是平台的 JSON。"
        ),
        Words("Check base_url and proxies.", "请检查 base_url 和代理。"),
    )
    return (_Kind.UNAVAILABLE if status in success else _Kind.REJECTED), page


def _seconds(text: str) -> float | None:
    return min(float(text), _MAX_RETRY_AFTER_S) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) else None
