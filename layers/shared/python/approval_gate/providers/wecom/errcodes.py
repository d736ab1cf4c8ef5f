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
from typing import TYPE_CHECKING

from approval_gate.errors import ProviderError, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.wecom import advice
from approval_gate.providers.wecom.meanings import Kind as _Kind
from approval_gate.providers.wecom.message_errcodes import IN_MESSAGE_CALLS, MESSAGE_MEANINGS

if TYPE_CHECKING:
    from approval_gate.verdicts import Advice

__all__ = [
    "AGENT_REFUSED",
    "IP_DENIED",
    "PARAMETERS_REFUSED",
    "PERSON_UNKNOWN",
    "TOKEN_REFUSED",
    "Complaint",
    "advice_on",
    "error_for",
]

# The token is checked before anything is done, so even a submission may be repeated with a fresh one.
TOKEN_REFUSED = frozenset({40014, 42001})
IP_DENIED = 60020
AGENT_REFUSED = frozenset({40056, 301002})
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


_MEANINGS: dict[int, tuple[_Kind, Advice]] = {
    40001: (_Kind.REJECTED, advice.BAD_SECRET),
    40013: (_Kind.REJECTED, advice.BAD_CORP_ID),
    40091: (_Kind.REJECTED, advice.FOREIGN_SECRET),
    **dict.fromkeys((50003, 50006, 301007), (_Kind.REJECTED, advice.APP_DISABLED)),
    **dict.fromkeys(TOKEN_REFUSED, (_Kind.REJECTED, advice.STALE_TOKEN)),
    **dict.fromkeys((41001, 41002, 41004), (_Kind.REJECTED, advice.INCOMPLETE)),
    IP_DENIED: (_Kind.REJECTED, advice.IP_DENIED),
    **dict.fromkeys(AGENT_REFUSED, (_Kind.REJECTED, advice.AGENT)),
    **dict.fromkeys((40003, 46004, 60111), (_Kind.REJECTED, advice.PERSON)),
    **dict.fromkeys((50002, 60011), (_Kind.REJECTED, advice.OUT_OF_RANGE)),
    48002: (_Kind.REJECTED, advice.CALL_FORBIDDEN),
    48009: (_Kind.REJECTED, advice.CONTACTS_ADDRESS),
    301025: (_Kind.REJECTED, advice.PARAMETERS),
    **dict.fromkeys((301055, 301088), (_Kind.REJECTED, advice.APPROVALS_FORBIDDEN)),
    50001: (_Kind.REJECTED, advice.UNTRUSTED_DOMAIN),
    301079: (_Kind.REJECTED, advice.TIME_CONFLICT),
    301056: (_Kind.REJECTED, advice.APPROVAL_OFF),
    301086: (_Kind.REJECTED, advice.TEMPLATE_CONTROLS),
    301087: (_Kind.REJECTED, advice.TOO_MANY_TEMPLATES),
    301112: (_Kind.REJECTED, advice.RANGE_TOO_WIDE),
    81013: (_Kind.REJECTED, advice.RECEIVERS),
    **dict.fromkeys((40008, 40035, 40058, 40063, 42052, 44004, 45002), (_Kind.REJECTED, advice.INVALID)),
    301057: (_Kind.UNAVAILABLE, advice.UNCLEAR),
    301026: (_Kind.UNAVAILABLE, advice.INTERNAL),
    **dict.fromkeys((-1, 6000, 620004), (_Kind.UNAVAILABLE, advice.BUSY)),
    **dict.fromkeys((45009, 45033), (_Kind.THROTTLED, advice.SLOW_DOWN)),
    **MESSAGE_MEANINGS,
}


def advice_on(operation: str, complaint: Complaint) -> Advice:
    """Return what a refusal means; of the vendor's it has the code and our own address."""
    address = _address(complaint.text)
    facts = {
        "address": address or "the gate's address",
        "code": str(complaint.code),
        "status": str(complaint.http_status),
    }
    return _meaning(operation, complaint)[1].filled(facts, {"address": address or "网关的出口 IP 地址"})


def error_for(operation: str, complaint: Complaint) -> ProviderError:
    """Return the error to raise; its text is the English of `advice_on`."""
    kind, _ = _meaning(operation, complaint)
    message = f"{operation}: {advice_on(operation, complaint).english}"
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


def _meaning(operation: str, complaint: Complaint) -> tuple[_Kind, Advice]:
    in_call = IN_MESSAGE_CALLS.get((operation, complaint.code or 0))
    if in_call is not None:
        return in_call
    if complaint.code in _MEANINGS:
        return _MEANINGS[complaint.code]
    if complaint.http_status == _HTTP_THROTTLED:
        return _Kind.THROTTLED, advice.SLOW_DOWN
    if complaint.http_status >= _HTTP_SERVER_ERROR:
        return _Kind.UNAVAILABLE, advice.BUSY
    if complaint.code:
        return _Kind.REJECTED, advice.UNKNOWN_CODE
    # No JSON: a proxy's page, or a host that is not the platform's. Success with a page may be a passing proxy fault.
    return (_Kind.UNAVAILABLE if complaint.http_status == _HTTP_OK else _Kind.REJECTED), advice.UNREADABLE


def _address(text: str) -> str:
    """Return the address that the platform saw, "" if it is not one and nothing else."""
    found = _FROM_IP.search(text)
    try:
        return str(ipaddress.ip_address(found.group(1))) if found else ""
    except ValueError:
        return ""
