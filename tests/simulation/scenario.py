"""What one seed is about: apps, requests, what people and pipelines intend, and how bad the day is."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from approval_gate.domain.approval import (
    Escalation,
    Mode,
    PersonKind,
    PersonRef,
    Policy,
    Reminders,
    Request,
    RequestedStage,
    Subscription,
)
from approval_gate.domain.message import Destination, DestinationKind
from tests.simulation.boundary import Faults
from tests.simulation.platform import Traits
from tests.simulation.sender import UNKNOWN

__all__ = ["PROFILES", "Intent", "Network", "Profile", "Scenario", "draw"]

TENANTS = ("acme", "umbra")
PEOPLE = ("lead", "qa", "ops", "dev")
REQUESTER = "dev"


@dataclass(frozen=True, slots=True)
class Profile:
    """
    A kind of day.

    Args:
        calm: nothing goes wrong.
        drops_all: every callback is lost, unknown to the apps.
        poor: apps without callbacks have budgets that do not suffice.
    """

    name: str
    calm: bool = False
    drops_all: bool = False
    poor: bool = False


PROFILES = {
    each.name: each
    for each in (
        Profile("mixed"),
        Profile("calm", calm=True),
        Profile("deaf", drops_all=True),
        Profile("calm-deaf", calm=True, drops_all=True),
        Profile("calm-poor", calm=True, drops_all=True, poor=True),
    )
}


@dataclass(frozen=True, slots=True)
class Network:
    """What becomes of a callback on its way to us; probabilities, and seconds."""

    drop: float = 0.0
    double: float = 0.0
    late: float = 0.0
    latest_s: float = 0.0
    forged: float = 0.0


@dataclass(frozen=True, slots=True)
class Intent:
    """
    One request and what its people will do.

    Args:
        at: when the pipeline asks.
        key: its idempotency key.
        twice: it asks twice with that key, at nearly the same time.
        by_execution: it starts the state machine itself instead of asking the API.
        decide_at: when people sit down to decide, in seconds after creation.
        verbs: what they do, in turn.
        cancel_at: when the pipeline cancels; `cancel_by` says whose pipeline, remind_at when it reminds.
        end_at: when the requester withdraws or an administrator deletes it on the platform.
        revoke_after_s: how long after its approval it is revoked there.
    """

    tenant: str
    request: Request
    at: float
    key: str = ""
    twice: bool = False
    by_execution: bool = False
    decide_at: tuple[float, ...] = ()
    verbs: tuple[str, ...] = ()
    cancel_at: float | None = None
    cancel_by: str = ""
    remind_at: float | None = None
    end_at: float | None = None
    revoke_after_s: float | None = None
    auto_pass: bool = False
    looks_at: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that a seed decides beforehand."""

    traits: dict[str, Traits]
    intents: tuple[Intent, ...]
    network: Network
    faults: Faults
    outages: tuple[tuple[str, float, float], ...] = ()
    jumps: tuple[tuple[float, float], ...] = ()
    token_ends: tuple[float, ...] = ()


def draw(rng: random.Random, profile: Profile) -> Scenario:
    """Draw a scenario."""
    is_picky = not profile.calm and rng.random() < 0.3
    traits = {tenant: _traits(rng, profile, is_picky=is_picky) for tenant in TENANTS}
    count = rng.choice((1, 1, 1, 2, 2, 3))
    shared_key = rng.random() < 0.4
    intents = tuple(
        _intent(rng, number, shared_key=shared_key and count > 1, is_picky=is_picky) for number in range(count)
    )
    intents = tuple(_with_key_of_tenant(intents, number) for number in range(count))
    horizon = max(intent.at + intent.request.timeout_s for intent in intents)
    if profile.calm:
        network = Network(drop=1.0 if profile.drops_all else 0.0)
        return Scenario(traits, intents, network, Faults())
    network = Network(
        drop=1.0 if profile.drops_all else rng.choice((0, 0, 0.3, 1.0)),
        double=rng.choice((0, 0.3, 0.9)),
        late=rng.choice((0, 0, 0.3, 0.9)),
        latest_s=rng.choice((5.0, 60.0, 1.5 * horizon)),
        forged=rng.choice((0, 0.5)),
    )
    faults = Faults(
        left=rng.choice((0, 1, 1, 2, 3, 5, 6)),  # fewer than a record of the stream has attempts
        rate=rng.choice((0.01, 0.03, 0.1)),
        slow=rng.choice((0, 0.05, 0.2)),
        very_slow=rng.choice((0, 0, 0.005)),
        spared=rng.choice((0, rng.randint(0, 150))),
    )
    if is_picky:
        # Faults are kept for what is rare: a day of expiring tokens, revocations, early and unconfirmed callbacks.
        faults.rate, faults.rare_rate = rng.choice((0.0, 0.01)), rng.choice((0.05, 0.2))
        faults.left = rng.choice((2, 4, 6))
    outages = tuple(
        (rng.choice(TENANTS), _moment(rng, horizon), rng.choice((20.0, 200.0, 900.0)))
        for _ in range(rng.choice((0, 0, 0, 1)))
    )
    jumps = tuple((_moment(rng, horizon), rng.choice((5.0, 90.0, 3700.0))) for _ in range(rng.choice((0, 0, 0, 1))))
    token_ends = tuple(_moment(rng, horizon) for _ in range(0 if is_picky else rng.choice((0, 0, 1))))
    return Scenario(traits, intents, network, faults, outages, jumps, token_ends)


def _with_key_of_tenant(intents: tuple[Intent, ...], number: int) -> Intent:
    """Number idempotency keys by tenant, so that two tenants use the same ones."""
    intent = intents[number]
    earlier = sum(each.tenant == intent.tenant for each in intents[:number])
    return replace(intent, key=f"run-{earlier}") if intent.key else intent


def _traits(rng: random.Random, profile: Profile, *, is_picky: bool) -> Traits:
    budgets = (10, 30) if profile.poor else (2000,) if profile.calm else (None, 2000, 10, 40)
    return Traits(
        is_keyed=rng.random() < 0.5,
        list_lag_s=0.0 if profile.calm else rng.choice((0.0, 2.0, 20.0)),
        truth_lag_s=0.0 if profile.calm else rng.choice((0.0, 0.0, 0.5, 8.0)),
        withdraws=rng.choice(("yes", "yes", "late", "no")),
        callbacks=(profile.calm and not profile.drops_all) or (not profile.poor and rng.random() < 0.7),
        calls_per_month=rng.choice(budgets),
        token_life_s=rng.choice((300, 900, 1800)) if is_picky else 1800,
        forgets_tokens=rng.choice((0.0, 0.1, 0.5)) if is_picky else 0.0,
    )


def _moment(rng: random.Random, horizon: float) -> float:
    """Return a moment where something else is likely to happen too: near the start, near the end, or anywhere."""
    return rng.choice((rng.uniform(0, 8), rng.uniform(0, horizon), horizon + rng.uniform(-3, 3), horizon))


def _intent(rng: random.Random, number: int, *, shared_key: bool, is_picky: bool) -> Intent:
    tenant = rng.choice((TENANTS[0], TENANTS[0], TENANTS[1]))
    timeout_s = rng.choice((60, 60, 600, 3600, 20_000))
    request = _request(rng, number, timeout_s, "web/production" if shared_key else "")
    by_execution = rng.random() < 0.15
    key = f"run-{number}" if rng.random() < 0.6 else ""
    early = rng.uniform(0.3, 5)
    around_end = timeout_s + rng.uniform(-4, 12)
    decide_at = sorted(
        rng.choice((early + rng.uniform(0, 2), early, around_end, timeout_s, rng.uniform(0, timeout_s)))
        for _ in range(rng.randint(0, 6))
    )
    verbs = tuple(rng.choices(("approve", "reject", "transfer"), (12, 1, 2), k=len(decide_at)))
    return Intent(
        tenant=tenant,
        request=request,
        at=rng.uniform(0, 3) if rng.random() < 0.7 else rng.uniform(0, 60),
        key="" if by_execution else key,
        twice=bool(key) and rng.random() < 0.4,
        by_execution=by_execution,
        decide_at=tuple(decide_at),
        verbs=verbs,
        cancel_at=_moment(rng, timeout_s) if rng.random() < 0.3 else None,
        cancel_by=tenant if rng.random() < 0.8 else TENANTS[tenant == TENANTS[0]],
        remind_at=_moment(rng, timeout_s) if rng.random() < 0.15 else None,
        end_at=_moment(rng, timeout_s) if rng.random() < 0.1 else None,
        revoke_after_s=rng.choice((0.0, 1.0, 600.0)) if rng.random() < (0.6 if is_picky else 0.15) else None,
        auto_pass=rng.random() < 0.1,
        looks_at=tuple(_moment(rng, timeout_s) for _ in range(rng.choice((0, 0, 1)))),
    )


def _request(rng: random.Random, number: int, timeout_s: int, supersede_key: str) -> Request:
    stages = tuple(
        RequestedStage(rng.choice(list(Mode)), tuple(_person(name) for name in _approvers(rng)))
        for _ in range(rng.choice((1, 1, 2)))
    )
    if rng.random() < 0.03:
        stages = (*stages, RequestedStage(Mode.ALL, (PersonRef(PersonKind.EMAIL, UNKNOWN, "stages"),)))
    token = f"caller-{number}" if rng.random() < 0.3 else ""
    notify = (
        (Subscription("prod", (Destination(DestinationKind.CHAT, "oc_1"),), frozenset({"approved", "expired"})),)
        if rng.random() < 0.3
        else ()
    )
    return Request(
        app="prod",
        title=f"Deploy {number}",
        stages=stages,
        timeout_s=timeout_s,
        requester=_person(REQUESTER),
        policy=Policy(*(rng.random() < 0.5 for _ in range(3))),
        reminders=Reminders(20, 30, 2) if rng.random() < 0.2 else None,
        escalation=Escalation(40, (_person("ops"),)) if rng.random() < 0.2 else None,
        supersede_key=supersede_key,
        notify=notify,
        task_token=token,
        fail_unless_approved=rng.random() < 0.3,
    )


def _approvers(rng: random.Random) -> list[str]:
    return rng.sample(PEOPLE, rng.choice((1, 1, 2, 2, 3)))


def _person(name: str) -> PersonRef:
    return PersonRef(PersonKind.EMAIL, f"{name}@example.com", "stages[0].approvers[0].email")
