from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from approval_gate.domain.approval import Approval, Request
from approval_gate.domain.schedule import next_look, poll_after_s, seconds_until

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


def test_looks_are_sparse_while_callbacks_arrive() -> None:
    assert looks(callbacks="http", callback_seen=True) == [300, 900, 1800, 3600, 3600, 3600]


def test_the_first_look_comes_early_while_no_callback_was_ever_seen() -> None:
    assert looks(callbacks="http", callback_seen=False) == [60, 300, 900, 1800, 3600, 3600]


def test_without_callbacks_a_ten_hour_wait_costs_at_most_thirty_calls() -> None:
    now, count = NOW, 0
    waiting = approval()
    while now < waiting.expires_at:
        now = next_look(replace(waiting, looks=count), now, callbacks="none", callback_seen=False)
        count += 1

    assert count <= 30


def test_a_look_never_comes_after_the_timeout() -> None:
    soon = approval(expires_at=NOW + timedelta(seconds=10))

    assert next_look(soon, NOW, callbacks="http", callback_seen=True) == soon.expires_at


def test_an_unconfirmed_callback_is_looked_into_at_once_and_then_less_and_less() -> None:
    suspected = approval(suspected_at=NOW)

    pauses = [
        (next_look(suspected, NOW + timedelta(seconds=s), callbacks="http", callback_seen=True) - NOW).total_seconds()
        - s
        for s in (0, 60, 600)
    ]

    assert pauses == [5, 15, 150]


def test_a_wait_is_at_least_a_second() -> None:
    assert seconds_until(NOW - timedelta(hours=1), NOW) == 1
    assert seconds_until(NOW + timedelta(seconds=1.2), NOW) == 2


def test_polling_slows_down_with_age() -> None:
    ages = [0, 100, 10_000]

    assert [poll_after_s(approval(), NOW + timedelta(seconds=age)) for age in ages] == [5, 10, 60]
