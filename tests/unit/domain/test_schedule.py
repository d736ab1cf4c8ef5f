from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from approval_gate.domain.approval import Approval, Escalation, Reminders, Request
from approval_gate.domain.schedule import (
    BUDGET_PERIOD,
    UNREACHABLE_GRACE,
    Reconciliation,
    after_silence,
    earliest_look,
    next_look,
    next_timer,
    poll_after_s,
    reminder_due,
    seconds_until,
)
from approval_gate.errors import ProviderQuotaUsedUp, ProviderThrottled, ProviderUnavailable

NOW = datetime(2026, 1, 15, tzinfo=UTC)


def approval(**changes: object) -> Approval:
    base = Approval(
        id="apr_1",
        tenant="acme",
        provider="any",
        request=Request(app="prod", title="Deploy", stages=(), timeout_s=36000),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=10),
    )
    return replace(base, **changes)  # type: ignore[arg-type] # fields by name


def looks(**given: object) -> list[float]:
    return [
        (next_look(approval(looks=number), NOW, **given) - NOW).total_seconds()  # type: ignore[arg-type] # by name
        for number in range(6)
    ]


def test_looks_are_rare_once_a_callback_about_the_approval_came() -> None:
    assert looks(callbacks="http", app_heard=True, heard=True) == [3600, 7200, 14400, 28800, 36000, 36000]


def test_looks_are_sparse_while_callbacks_of_the_app_arrive() -> None:
    assert looks(callbacks="http", app_heard=True, heard=False) == [300, 900, 1800, 3600, 3600, 3600]


def test_the_first_look_comes_early_while_no_callback_was_ever_seen() -> None:
    assert looks(callbacks="http", app_heard=False, heard=False) == [60, 300, 900, 1800, 3600, 3600]


def test_without_callbacks_a_ten_hour_wait_costs_at_most_thirty_calls() -> None:
    now, count = NOW, 0
    waiting = approval()
    while now < waiting.expires_at:
        now = next_look(replace(waiting, looks=count), now, callbacks="none", app_heard=False, heard=False)
        count += 1

    assert count <= 30


def test_pauses_of_an_app_without_callbacks_grow_up_to_the_longest_it_allows() -> None:
    def pauses(max_pause_s: int) -> list[float]:
        return looks(
            callbacks="none", app_heard=False, heard=False, reconciliation=Reconciliation(max_pause_s=max_pause_s)
        )

    assert pauses(60) == [60] * 6
    assert pauses(300) == [60, 60, 120, 300, 300, 300]
    assert pauses(86_400) == [60, 60, 120, 300, 600, 900]


def test_the_longest_wait_fits_into_the_events_that_an_execution_may_have() -> None:
    """
    Step Functions ends an execution at 25,000 events. A look takes 13 at most: AwaitOutcome (entered, scheduled,
    started, submitted, timed out, exited), CheckApproval (entered, scheduled, started, succeeded, exited), Waiting?.
    """
    asking = Reconciliation(max_pause_s=60, calls_per_month=None)
    month = approval(expires_at=NOW + timedelta(days=30))
    now, count = NOW, 0
    while now < month.expires_at:
        waiting = replace(month, looks=count)
        now = next_look(waiting, now, callbacks="none", app_heard=False, heard=False, reconciliation=asking)
        count += 1

    assert 13 * (count + 20 + 1) < 20_000, "20 reminders and an escalation wake it too; retries want some room"
    assert count > 1_000


def test_an_outage_of_a_month_fits_too() -> None:
    month = approval(expires_at=NOW + timedelta(days=30))
    now, count = NOW, 0
    while now < month.expires_at:
        now = after_silence(month, now, ProviderUnavailable("503"))
        count += 1

    assert 13 * count < 15_000


def test_a_budget_gives_a_quarter_at_once_and_never_more_than_it_says_in_a_month() -> None:
    asking = Reconciliation(calls_per_month=100)
    used_until, now = NOW, NOW
    taken = []
    while now < NOW + 2 * BUDGET_PERIOD:
        now = asking.room_at(used_until, now)
        used_until = max(used_until, now) + asking.interval
        taken.append(now)

    assert taken[24] == NOW < taken[25]
    windows = [sum(start <= at < start + BUDGET_PERIOD for at in taken) for start in taken]
    assert 99 <= max(windows) <= 100
    assert min(windows[: len(taken) // 3]) >= 75


def test_a_platform_is_left_alone_for_as_long_as_it_says() -> None:
    waiting = approval(opening_at=NOW)
    throttled = ProviderThrottled("429", retry_after_s=3000)

    assert after_silence(waiting, NOW, ProviderUnavailable("503")) == NOW + timedelta(seconds=15)
    assert after_silence(waiting, NOW, throttled) == NOW + timedelta(seconds=3000)
    assert earliest_look(waiting, NOW, throttled) == NOW + timedelta(seconds=3000)
    assert earliest_look(waiting, NOW, None) == NOW


def test_the_last_question_waits_for_a_platform_that_wants_to_be_left_alone_but_not_for_ever() -> None:
    ends = NOW + timedelta(seconds=30)
    waiting = approval(opening_at=NOW, expires_at=ends)

    assert after_silence(waiting, NOW, ProviderThrottled("429", retry_after_s=60)) == NOW + timedelta(seconds=60)
    assert after_silence(waiting, NOW, ProviderThrottled("429", retry_after_s=9000)) == ends + UNREACHABLE_GRACE
    assert after_silence(waiting, ends, ProviderThrottled("429", retry_after_s=60)) == ends + timedelta(seconds=60)


def test_a_used_up_quota_is_asked_for_four_times_a_day_and_once_at_the_timeout() -> None:
    used_up = ProviderQuotaUsedUp("99991403")
    waiting = approval(opening_at=NOW)

    assert after_silence(waiting, NOW, used_up) == NOW + timedelta(hours=6)
    assert after_silence(waiting, NOW + timedelta(hours=6), used_up) == waiting.expires_at
    assert after_silence(waiting, waiting.expires_at, used_up) == waiting.expires_at + UNREACHABLE_GRACE


def test_reminders_are_not_put_off_by_a_platform_that_wants_to_be_left_alone() -> None:
    late = reminded(look_at=NOW + timedelta(hours=10, minutes=5))

    assert next_timer(late) == NOW + timedelta(seconds=900)


def test_a_look_never_comes_after_the_timeout() -> None:
    soon = approval(expires_at=NOW + timedelta(seconds=10))

    assert next_look(soon, NOW, callbacks="http", app_heard=True, heard=False) == soon.expires_at


def test_an_unconfirmed_callback_is_looked_into_at_once_and_then_less_and_less() -> None:
    suspected = approval(suspected_at=NOW)

    pauses = [
        (next_look(suspected, at, callbacks="http", app_heard=True, heard=True) - at).total_seconds()
        for at in (NOW + timedelta(seconds=s) for s in (0, 60, 600))
    ]

    assert pauses == [5, 15, 150]


def reminded(**changes: object) -> Approval:
    request = Request("prod", "Deploy", (), 36000, reminders=Reminders(900, 1800, 2))
    return approval(request=request, **changes)


def test_reminders_come_after_the_first_pause_and_then_after_each_further_one() -> None:
    assert reminder_due(reminded()) == NOW + timedelta(seconds=900)
    last = NOW + timedelta(seconds=1000)
    assert reminder_due(reminded(reminders=1, reminded_at=last)) == last + timedelta(seconds=1800)


def test_reminders_end() -> None:
    assert reminder_due(reminded(reminders=2, reminded_at=NOW)) is None
    assert reminder_due(approval()) is None


def test_nothing_is_due_after_the_timeout_but_the_last_question() -> None:
    late = reminded(expires_at=NOW + timedelta(seconds=60), look_at=NOW + timedelta(seconds=75))

    assert reminder_due(late) is None
    assert next_timer(late) == NOW + timedelta(seconds=75)


def test_one_timer_serves_looks_reminders_escalation_and_the_timeout() -> None:
    request = Request("prod", "Deploy", (), 36000, reminders=Reminders(900, 1800, 2), escalation=Escalation(600, ()))
    waiting = approval(request=request, look_at=NOW + timedelta(seconds=3600))

    assert next_timer(waiting) == NOW + timedelta(seconds=600)
    assert next_timer(replace(waiting, escalated_at=NOW)) == NOW + timedelta(seconds=900)
    assert next_timer(replace(waiting, escalated_at=NOW, reminders=2)) == NOW + timedelta(seconds=3600)
    assert next_timer(approval()) == NOW + timedelta(hours=10)


def test_a_wait_is_at_least_a_second() -> None:
    assert seconds_until(NOW - timedelta(hours=1), NOW) == 1
    assert seconds_until(NOW + timedelta(seconds=1.2), NOW) == 2


def test_polling_slows_down_with_age() -> None:
    ages = [0, 100, 10_000]

    assert [poll_after_s(approval(), NOW + timedelta(seconds=age)) for age in ages] == [5, 10, 60]
