"""What each code means for the caller."""

from __future__ import annotations

import re

import pytest

from approval_gate.errors import ProviderError, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.wecom.errcodes import Complaint, error_for


def error(code: int | None, status: int = 200, text: str = "") -> ProviderError:
    return error_for("submit", Complaint(status, code, text))


@pytest.mark.parametrize("code", [-1, 6000, 301026, 301057, 620004])
def test_what_may_work_later_is_unavailable(code: int) -> None:
    assert type(error(code)) is ProviderUnavailable


@pytest.mark.parametrize(("code", "pause_s"), [(45009, 60), (45033, 5)])
def test_what_asks_to_slow_down_is_throttled(code: int, pause_s: int) -> None:
    found = error(code)

    assert isinstance(found, ProviderThrottled)
    assert found.retry_after_s == pause_s


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (40001, "Company ID"),
        (40013, "Company ID"),
        (40056, "agent_id"),
        (50003, "Enable"),
        (301055, "可调用接口的应用"),
        (301056, "Enable"),
        (301087, "template_id"),
        (60111, "visible range"),
        (60011, "visible range"),
        (48002, "self-built"),
    ],
)
def test_what_an_administrator_must_change_is_said(code: int, remedy: str) -> None:
    found = error(code)

    assert type(found) is ProviderRejected
    assert remedy in found.message
    assert (found.provider, found.operation, found.vendor_code) == ("wecom", "submit", str(code))


def test_an_unknown_code_is_refused_for_good() -> None:
    assert type(error(987654)) is ProviderRejected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hint: [1], from ip: 203.0.113.7, more", "203.0.113.7"),
        ("from ip:2001:db8::1, more", "2001:db8::1"),
        ("from ip: 999.1.1.1, more", "the gate's address"),
        ("from ip: {0}", "the gate's address"),
        ("", "the gate's address"),
    ],
)
def test_only_an_address_is_taken_from_the_vendors_text(text: str, shown: str) -> None:
    assert f"take calls from {shown}." in error(60020, text=text).message


def test_no_text_holds_the_vendors_own() -> None:
    for code in (40001, 60020, 301025, -1, 45009, 987654):
        assert "hint" not in error(code, text="hint: [secret-hint], from ip: 203.0.113.7").message


def test_every_text_is_a_sentence_without_gaps() -> None:
    for code in (40001, 60020, 301055, 301057, 301087, 45009):
        assert re.fullmatch(r"submit: .*[^.]\.", error(code).message)
