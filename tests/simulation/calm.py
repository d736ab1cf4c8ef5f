"""
What must hold on a day without faults: outcomes are prompt, and calls to platforms stay within the budget.

With callbacks an outcome is stored moments after it was made, for one read; without any, at the next look of the
schedule. The numbers are written out here, so that a change of `domain/schedule.py` is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from approval_gate.domain.approval import Approval, Source, Status
from approval_gate.domain.truth import TruthStatus
from tests.simulation.machine import Machine
from tests.simulation.platform import Instance, Platform

__all__ = ["LOOKS_BY_SETTING_S", "LOOKS_HEARD_S", "LOOKS_UNHEARD_S", "over_budget", "violations_of"]

LOOKS_UNHEARD_S = (60, 360, 1260, 3060, *range(6_660, 100_000, 3_600))
"""When an approval is looked at, in seconds after it was opened, while no callback of its app has ever come."""

LOOKS_BY_SETTING_S = (60, 120, 240, 540, 1140, 2040, *range(3_840, 100_000, 1_800))
"""The same for an app that is registered with `callbacks: none`."""

LOOKS_HEARD_S = (3_600, 10_800, 25_200)
"""The same once a callback about the approval has come."""

_PROMPT_S = 12
_SLACK_S = 8
"""For each look: how long the looks before it, and the way to it, may take in all."""

_WITHDRAWAL_S = 90

_MONTH_S = 31 * 86_400
_POOR = 100
"""With a budget of so many looks a month it may be the timeout that finds an outcome."""


def violations_of(
    approval: Approval, instance: Instance | None, decided_at_s: float, platform: Platform, machine: Machine
) -> Iterator[str]:
    """Yield what is late, or costs more than it may."""
    name = approval.execution.rsplit(":", 1)[-1] or approval.id
    execution = machine.executions[name]
    by_platform = approval.outcome is not None and approval.outcome.source in (Source.CALLBACK, Source.RECONCILIATION)
    most_s = _PROMPT_S if by_platform else _WITHDRAWAL_S
    if execution.ended_at_s - decided_at_s > most_s:
        yield f"{approval.id} had its outcome at {decided_at_s:.0f} s, its execution at {execution.ended_at_s:.0f} s"
    if instance is None:
        return
    yield from _late(approval, instance, decided_at_s, platform, by_platform=by_platform)
    yield from _costly(approval, instance, decided_at_s, platform)


def over_budget(approvals: Iterable[Approval], platform: Platform, lasted_s: float) -> Iterator[str]:
    """Yield each app without callbacks that was asked more often than its budget allows."""
    approvals = list(approvals)
    for (tenant, app), traits in platform.traits.items():
        if traits.callbacks or traits.calls_per_month is None:
            continue
        mine = [each for each in approvals if (each.tenant, each.request.app) == (tenant, app)]
        at_once = max(1, traits.calls_per_month // 4)
        back = int(lasted_s / (_MONTH_S / (traits.calls_per_month - at_once)))
        # The look at a timeout is free, and so are those before a withdrawal.
        free = sum(8 if each.outcome and each.outcome.source in (Source.CANCEL, Source.SUBMIT) else 1 for each in mine)
        reads = sum(platform.calls[each.id]["read"] for each in mine if each.id in platform.calls)
        if reads > at_once + back + free:
            yield f"{tenant}/{app} was asked {reads} times in {lasted_s:.0f} s with {traits.calls_per_month} a month"


def _late(
    approval: Approval, instance: Instance, decided_at_s: float, platform: Platform, *, by_platform: bool
) -> Iterator[str]:
    age_s = instance.closed_at_s - instance.opened_at_s
    if platform.is_heard(instance.app):
        due_s = age_s + _PROMPT_S
    else:
        looks = _looks(platform, instance)
        number = next(n for n, look_s in enumerate(looks, 1) if look_s >= age_s)
        due_s = looks[number - 1] + _SLACK_S * (number + 1)
    timeout_s = approval.request.timeout_s + 2 * _SLACK_S
    budget = platform.traits[instance.app].calls_per_month
    if not platform.traits[instance.app].callbacks and budget is not None and budget <= _POOR:
        due_s = timeout_s
    waited_s = decided_at_s - instance.opened_at_s
    if by_platform and waited_s > min(due_s, timeout_s):
        yield f"{approval.id} ended on the platform after {age_s:.0f} s and here after {waited_s:.0f} s"
    is_revoked = instance.status is TruthStatus.REVOKED and approval.status is Status.APPROVED
    if is_revoked and platform.is_heard(instance.app) and approval.revoked_at is None:
        yield f"{approval.id} was revoked, and it is not recorded"


def _costly(approval: Approval, instance: Instance, decided_at_s: float, platform: Platform) -> Iterator[str]:
    calls = platform.calls[approval.id]
    if calls["open"] != 1:
        yield f"{approval.id} was opened by {calls['open']} calls"
    waited_s = decided_at_s - instance.opened_at_s
    looks = sum(look_s <= waited_s for look_s in _looks(platform, instance)) + 1
    most = looks + (1 if platform.is_heard(instance.app) else 0)
    if approval.outcome is not None and approval.outcome.source in (Source.CANCEL, Source.SUBMIT):
        most += 8  # before each of its attempts to withdraw
    if calls["read"] > most + (approval.revoked_at is not None):
        yield f"{approval.id} was read {calls['read']} times in {waited_s:.0f} s; {most} are allowed"


def _looks(platform: Platform, instance: Instance) -> tuple[int, ...]:
    if not platform.traits[instance.app].callbacks:
        return LOOKS_BY_SETTING_S
    return LOOKS_HEARD_S if platform.is_heard(instance.app) else LOOKS_UNHEARD_S
