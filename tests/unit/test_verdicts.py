"""The words of an examination, and the comparison of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from approval_gate.fresh_token import FreshToken
from approval_gate.ports.checks import CheckStatus, Words
from approval_gate.verdicts import advice, clock_check, skipped_all

NAME = Words("Platform", "平台")
THEN = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
DATE = "Thu, 15 Jan 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("seconds", "status", "words", "words_zh"),
    [
        (0, CheckStatus.OK, "0 s ahead of", "快 0 秒"),
        (60, CheckStatus.OK, "60 s ahead of Platform's", "比平台快 60 秒"),
        (61, CheckStatus.WARNING, "61 s ahead of", "快 61 秒"),
        (-60, CheckStatus.OK, "60 s behind", "慢 60 秒"),
        (-61, CheckStatus.WARNING, "61 s behind", "慢 61 秒"),
    ],
)
def test_clocks_may_differ_by_a_minute(seconds: int, status: CheckStatus, words: str, words_zh: str) -> None:
    check = clock_check(NAME, DATE, THEN + timedelta(seconds=seconds))

    assert check.status is status
    assert words in check.detail.en
    assert words_zh in check.detail.zh
    assert bool(check.fix.en) is (status is CheckStatus.WARNING)


@pytest.mark.parametrize("date", ["", "soon", "Thu, 15 Jan 2026 09:00:00 -0000", "9" * 400, "Thu, 99 Jan 2026"])
def test_a_time_that_cannot_be_read_is_not_judged(date: str) -> None:
    assert clock_check(NAME, date, THEN).status is CheckStatus.SKIPPED


def test_gaps_are_filled_in_both_languages() -> None:
    filled = advice("At {a}.", "Add {a}.", "在{a}。", "添加{a}。").filled({"a": "here"}, {"a": "这里"})

    assert filled.english == "At here. Add here."
    assert (filled.found.zh, filled.fix.zh) == ("在这里。", "添加这里。")


def test_what_was_not_looked_at_says_why() -> None:
    (check,) = skipped_all(["quota"], "trusted_ip").values()

    assert (check.name, check.status) == ("quota", CheckStatus.SKIPPED)
    assert "trusted_ip" in check.detail.en
    assert "trusted_ip" in check.detail.zh


def test_a_fresh_token_is_fetched_once_and_again_after_a_refusal() -> None:
    fetched = iter(["first", "second"])
    token = FreshToken()

    assert [token.get(lambda: (next(fetched), 1.0)) for _ in range(2)] == ["first", "first"]
    token.drop("another")
    assert token.get(lambda: (next(fetched), 1.0)) == "first"
    token.drop("first")
    assert token.get(lambda: (next(fetched), 1.0)) == "second"
