"""What an examination found, in words: advice in both languages, and the checks made of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from approval_gate.ports.checks import Check, CheckStatus, Words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["Advice", "advice", "clock_check", "failed", "passed", "skipped", "skipped_all", "warned"]

_MOST_SKEW_S = 60


@dataclass(frozen=True, slots=True)
class Advice:
    """
    What is wrong and what to press where; full sentences.

    Args:
        found, fix: may hold gaps such as `{address}`, see `filled`.
    """

    found: Words
    fix: Words

    @property
    def english(self) -> str:
        """Return both in English, for errors."""
        return f"{self.found.en} {self.fix.en}".rstrip()

    def filled(self, en: dict[str, str], zh: dict[str, str] | None = None) -> Advice:
        """Return the advice with its gaps filled; `zh` are the facts that read otherwise in Chinese."""
        facts_zh = en | (zh or {})

        def say(words: Words) -> Words:
            return Words(words.en.format_map(en), words.zh.format_map(facts_zh))

        return Advice(say(self.found), say(self.fix))


def advice(found: str, fix: str, found_zh: str, fix_zh: str) -> Advice:
    """Return advice from its four sentences."""
    return Advice(Words(found, found_zh), Words(fix, fix_zh))


def passed(name: str, en: str, zh: str) -> Check:
    """Return a check that found all in order."""
    return Check(name, CheckStatus.OK, Words(en, zh))


def failed(name: str, about: Advice) -> Check:
    """Return a check that found what keeps the app from working."""
    return Check(name, CheckStatus.FAILED, about.found, about.fix)


def warned(name: str, about: Advice) -> Check:
    """Return a check that found what may be meant so, or could not see clearly."""
    return Check(name, CheckStatus.WARNING, about.found, about.fix)


def skipped(name: str, en: str, zh: str) -> Check:
    """Return a check that was not made, and why."""
    return Check(name, CheckStatus.SKIPPED, Words(en, zh))


def skipped_all(names: Iterable[str], because: str) -> dict[str, Check]:
    """Return checks that could not be made because the check `because` failed."""
    return {
        name: skipped(
            name, f"Not looked at: {because} has to be put right first.", f"未检查：请先解决 {because} 的问题。"
        )
        for name in names
    }


def clock_check(platform: Words, date: str, received_at: datetime) -> Check:
    """
    Compare the platform's time with ours; signatures of callbacks hold for some minutes only.

    Args:
        platform: its name in both languages.
        date: the header `Date` of one of its answers, "" for none; whole seconds.
        received_at: our time when the answer came.
    """
    try:
        told = parsedate_to_datetime(date)
        skew_s = round((received_at - told).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return skipped("clock", f"{platform.en} did not tell its time.", f"{platform.zh}没有告知其时间。")
    ahead, ahead_zh = ("behind", "慢") if skew_s < 0 else ("ahead of", "快")
    en = f"The gate's clock is {abs(skew_s)} s {ahead} {platform.en}'s."
    zh = f"网关的时钟比{platform.zh}{ahead_zh} {abs(skew_s)} 秒。"
    if abs(skew_s) <= _MOST_SKEW_S:
        return passed("clock", en, zh)
    fix = Words(
        "Set the clock of the machine that the gate runs on by NTP (on AWS it is right), and check that no proxy at "
        "base_url answers from a cache: callbacks are refused by their time otherwise.",
        "请通过 NTP 校准网关所在机器的时钟（AWS 上的时钟是准确的），并确认 base_url 处的代理没有返回缓存的应答，"
        "否则回调会因时间不符而被拒绝。",
    )
    return warned("clock", Advice(Words(en, zh), fix))
