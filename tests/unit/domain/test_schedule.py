from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from approval_gate.domain.approval import Approval, Escalation, Reminders, Request
from approval_gate.domain.schedule import next_look, next_timer, poll_after_s, reminder_due, seconds_until

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
