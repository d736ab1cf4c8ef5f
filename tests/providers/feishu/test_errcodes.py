"""What each of the vendor's codes becomes, and what the text says to do."""

from __future__ import annotations

import pytest

from approval_gate.errors import (
    ProviderError,
    ProviderQuotaUsedUp,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.providers.feishu.edition import FEISHU
from approval_gate.providers.feishu.errcodes import Complaint, error_for
from approval_gate.providers.lark.edition import LARK

REJECTED, UNAVAILABLE, THROTTLED = ProviderRejected, ProviderUnavailable, ProviderThrottled
CODES: dict[int, tuple[type[ProviderError], str]] = {
    10003: (REJECTED, "App ID and App Secret"),
    10012: (UNAVAILABLE, "later"),
    10013: (UNAVAILABLE, "later"),
    10014: (REJECTED, "App ID and App Secret"),
    10015: (REJECTED, "App ID and App Secret"),
    20002: (REJECTED, "App ID and App Secret"),
    99991543: (REJECTED, "made on Lark"),
    1000040351: (REJECTED, "made on Lark"),
    99991661: (REJECTED, "access token"),
    99991662: (REJECTED, "App management"),
    99991663: (REJECTED, "access token"),
    99991664: (REJECTED, "access token"),
    99991665: (REJECTED, "access token"),
    99991668: (REJECTED, "access token"),
    99991671: (REJECTED, "access token"),
    99991672: (REJECTED, "Permissions & Scopes"),
    99991673: (REJECTED, "App management"),
    99991677: (REJECTED, "access token"),
    99991679: (REJECTED, "Permissions & Scopes"),
    99991201: (REJECTED, "base_url"),
    99991301: (REJECTED, "base_url"),
    99991400: (THROTTLED, "slow down"),
    99991401: (REJECTED, "IP allow list"),
    99991403: (ProviderQuotaUsedUp, "quota"),
    99992351: (REJECTED, "one app only"),
    99992360: (REJECTED, "people"),
    99992361: (REJECTED, "one app only"),
    99992364: (REJECTED, "people"),
    99992402: (REJECTED, "invalid"),
    1390001: (REJECTED, "invalid"),
    1390002: (REJECTED, "definition"),
    1390003: (REJECTED, "credentials were changed"),
    1390004: (REJECTED, "people"),
    1390009: (REJECTED, "does not allow"),
    1390010: (REJECTED, "handled already"),
    1390012: (UNAVAILABLE, "this id"),
    1390013: (REJECTED, "kind of process"),
    1390015: (REJECTED, "definition"),
    1390016: (REJECTED, "definition"),
    1390018: (REJECTED, "kind of process"),
    1395001: (UNAVAILABLE, "later"),
    60001: (REJECTED, "invalid"),
    60002: (REJECTED, "definition"),
    60003: (REJECTED, "approval"),
    60004: (REJECTED, "people"),
    60006: (REJECTED, "invalid"),
    60009: (REJECTED, "does not allow"),
    60010: (REJECTED, "handled already"),
    60012: (UNAVAILABLE, "this id"),
    60014: (UNAVAILABLE, "later"),
    65001: (UNAVAILABLE, "later"),
    1500: (UNAVAILABLE, "later"),
    2200: (UNAVAILABLE, "later"),
    5000: (UNAVAILABLE, "later"),
    11232: (THROTTLED, "slow down"),
    11233: (THROTTLED, "slow down"),
    11247: (THROTTLED, "slow down"),
    230020: (THROTTLED, "slow down"),
    123456: (REJECTED, "123456"),
}


@pytest.mark.parametrize("http_status", [200, 400])
@pytest.mark.parametrize(("code", "expected"), CODES.items(), ids=str)
def test_the_code_in_the_body_decides(code: int, expected: tuple[type[ProviderError], str], http_status: int) -> None:
    error = error_for(FEISHU, "create_instance", Complaint(http_status, code, request_id="2026LOG"))

    assert type(error) is expected[0]
    assert expected[1] in error.message
    assert error.message.startswith("create_instance: ")
    assert "{" not in error.message
    assert (error.provider, error.operation, error.vendor_code) == ("feishu", "create_instance", str(code))
    assert error.vendor_request_id == "2026LOG"


@pytest.mark.parametrize(
    ("http_status", "expected"),
    [(429, THROTTLED), (500, UNAVAILABLE), (504, UNAVAILABLE), (200, UNAVAILABLE), (404, REJECTED), (302, REJECTED)],
)
def test_without_a_code_the_status_is_a_hint(http_status: int, expected: type[ProviderError]) -> None:
    assert type(error_for(FEISHU, "x", Complaint(http_status, None))) is expected


def test_missing_scopes_are_named() -> None:
    complaint = Complaint(400, 99991672, scopes=("approval:approval", "contact:user.id:readonly", "<script>", ""))

    message = error_for(FEISHU, "x", complaint).message

    assert "approval:approval, contact:user.id:readonly." in message
    assert "script" not in message


def test_invalid_fields_are_named() -> None:
    message = error_for(FEISHU, "x", Complaint(400, 99992402, fields=("user_id_list[0]", "a b c"))).message

    assert "(user_id_list[0])" in message
    assert "a b c" not in message


@pytest.mark.parametrize(
    ("sent", "seconds"), [("12", 12.0), ("0.5", 0.5), ("", None), ("soon", None), ("-1", None), ("999999", 3600.0)]
)
def test_the_pause_is_the_platforms(sent: str, seconds: float | None) -> None:
    error = error_for(FEISHU, "x", Complaint(429, 99991400, reset_s=sent))

    assert isinstance(error, ProviderThrottled)
    assert error.retry_after_s == seconds


def test_lark_is_named_lark() -> None:
    error = error_for(LARK, "x", Complaint(200, 10014))

    assert error.provider == "lark"
    assert "made on Feishu does not exist on Lark" in error.message
    assert "open.larksuite.com" in error.message
