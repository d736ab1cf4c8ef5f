"""
KeySet are changed while callbacks arrive: none is lost, and none is accepted by a key whose overlap has ended.

Several warm workers, each with a memory of its own, take a stream of callbacks while every secret of the app is changed
twice through the apps API, the second time within the overlap of the first. The platform uses the new keys some time
after the change, one field at a time where its console saves them one by one. Time is virtual, seeds are literal.
"""

from __future__ import annotations

import base64
import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from aws_lambda_powertools import Logger

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.apps import AppsApi
from approval_gate.entrypoints.callback import CallbackEndpoint
from approval_gate.ports import CallbackEvent
from approval_gate.ports.secrets import AppSecret, Held
from approval_gate.providers import registry
from approval_gate.services.receive import Callbacks, Keys
from approval_gate.settings import Settings
from approval_gate.store.keyring import Keyring
from approval_gate.store.secrets import SecretStore
from approval_gate.web import WebRequest
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import World
from tests.functions.api_events import LambdaContext, api_event
from tests.kits import all_kits

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
OVERLAP_S = 3600
WORKERS = 4
CALLBACKS = 1000
SAVED_ONE_BY_ONE = {"feishu", "lark"}
"""Their consoles reset each key on its own; the others save both on one page."""

type KeySet = dict[str, str]


@dataclass
class Journal:
    """Which approvals were heard of."""

    refs: Counter[str] = field(default_factory=Counter)

    def add(
        self, provider: str, tenant: str, app: str, event: CallbackEvent, body: bytes, took_ms: int | None = None
    ) -> bool:
        self.refs[event.provider_ref] += 1
        return self.refs[event.provider_ref] == 1


class Stream:
    """One app of one platform, its console, its callbacks, and the workers that take them."""

    def __init__(self, kit: Any, table: Any, seed: int, spoil: Callable[[Keys], Keys] = lambda keys: keys) -> None:
        self._spoil = spoil
        self.kit = copy.copy(kit)
        self.kit.credentials = dict(kit.credentials)
        self.world = World(table)
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.journal = Journal()
        self.secrets = SecretStore(boto3.client("secretsmanager"), "gate")
        apps = AppsApi(self.world.apps, self.secrets, self.world.approvals, Settings(TABLE), self.clock)
        self._api = build_resolver(Logger(), apps)
        self.workers = [self.worker() for _ in range(WORKERS)]
        self.fields = registry.credentials_type(kit.name).callback_fields()
        self.ends: dict[tuple[str, str], datetime] = {}
        self.current: KeySet = dict(self.kit.credentials)
        self.used_before: list[KeySet] = []
        registered = {"id": "prod-1", "provider": kit.name, "credentials": self.current}
        assert self.call("POST", "/v1/apps", registered)[0] == 201

    def clock(self) -> datetime:
        now: datetime = self.kit.now
        return now

    def worker(self) -> CallbackEndpoint:
        keyring = self._spoil(Keyring(self.secrets, self.kit.name, self.clock))
        receiver = registry.receiver_type(self.kit.name)
        callbacks = Callbacks(self.kit.name, receiver, keyring, self.journal, self.clock)
        return CallbackEndpoint(self.kit.name, callbacks, Logger(service="rotation"))

    def call(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        context: Any = LambdaContext()
        answer = self._api.resolve(api_event(method, path, body), context)
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    def later(self, seconds: float) -> None:
        self.kit.now += timedelta(seconds=seconds)

    # -- the administrator

    def rotate(self, overlap_s: int = OVERLAP_S) -> KeySet:
        """Change every secret at the gate; return what the platform has to be told."""
        fresh = {**self.current, **{name: self._new(name) for name in self._secret_fields()}}
        changed = {name: fresh[name] for name in self._secret_fields()}
        status, _ = self.call("PUT", "/v1/apps/prod-1", {"credentials": changed, "overlap_s": overlap_s})
        assert status == 200
        for name in self.fields:
            self.ends[name, self.current[name]] = self.clock() + timedelta(seconds=overlap_s)
        self.current = fresh
        return fresh

    def _secret_fields(self) -> list[str]:
        public = registry.credentials_type(self.kit.name).public_fields()
        return sorted(set(self.current) - public)

    def _new(self, name: str) -> str:
        if "aes" in name:
            return base64.b64encode(self.chance.randbytes(32)).decode().rstrip("=").replace("+", "A").replace("/", "B")
        return self.chance.randbytes(12).hex()

    # -- the platform

    def use(self, keys: Mapping[str, str]) -> None:
        """Let the platform send by these from now on."""
        self.used_before.append(dict(self.kit.credentials))
        self.kit.credentials = {**self.kit.credentials, **keys}

    def is_good(self, keys: KeySet) -> bool:
        """Tell whether a callback by these keys must be accepted now."""
        return all(
            keys[name] == self.current[name] or self.clock() < self.ends.get((name, keys[name]), self.clock())
            for name in self.fields
        )

    def made_by(self, keys: KeySet, ref: str) -> WebRequest:
        kept, self.kit.credentials = self.kit.credentials, keys
        try:
            request: WebRequest = self.kit.approve(ref)
        finally:
            self.kit.credentials = kept
        return request

    def send(self, request: WebRequest, worker: CallbackEndpoint | None = None) -> int:
        status: int = (worker or self.chance.choice(self.workers)).handle(_event(request))["statusCode"]
        return status


def _event(request: WebRequest) -> dict[str, Any]:
    return {
        "requestContext": {"http": {"method": request.method}},
        "pathParameters": {"tenant": "acme", "app": "prod-1"},
        "headers": dict(request.headers),
        "rawQueryString": "&".join(f"{name}={quote(value, safe='')}" for name, value in request.query.items()),
        "body": request.body.decode(),
    }


@pytest.fixture(params=all_kits(), ids=lambda kit: kit.name)
def stream(request: pytest.FixtureRequest) -> Iterator[Stream]:
    kit: Any = request.param
    with aws() as table:
        yield Stream(kit, table, seed=20260115)


@dataclass
class Tally:
    sent: int = 0
    lost: list[str] = field(default_factory=list)
    refused: int = 0
    accepted_too_late: list[str] = field(default_factory=list)


def run(stream: Stream, overlap_s: int = OVERLAP_S) -> Tally:
    """
    Send the stream: ten seconds between callbacks, so nearly three hours; both rotations in the first.

    Every tenth callback is one that the platform made before it changed its keys, perhaps too late to be good; every
    fortieth is a forgery.
    """
    tally = Tally()
    plan: list[tuple[int, str, Any]] = [(100, "rotate", None), (250, "rotate", None)]
    steps = count()
    while tally.sent < CALLBACKS:
        step = next(steps)
        while plan and plan[0][0] <= step:
            _, what, keys = plan.pop(0)
            if what == "use":
                stream.use(keys)
                continue
            fresh = {name: value for name, value in stream.rotate(overlap_s).items() if name in stream.fields}
            told = step + stream.chance.choice((0, 3, 40))
            parts = [{name: fresh[name]} for name in sorted(fresh)] if stream.kit.name in SAVED_ONE_BY_ONE else [fresh]
            plan = sorted(
                [*plan, *((told + 7 * n, "use", part) for n, part in enumerate(parts))], key=lambda each: each[0]
            )
        stream.later(10)
        if step % 40 == 39:
            assert stream.send(stream.kit.unsigned(stream.kit.approve("FORGED"))) == 401
        keys = dict(stream.kit.credentials)
        if step % 10 == 9 and stream.used_before:
            keys = stream.chance.choice(stream.used_before)
        ref = f"REF-{step:05d}"
        is_good = stream.is_good(keys)
        accepted = stream.send(stream.made_by(keys, ref)) == 200
        tally.sent += is_good
        tally.refused += not accepted
        if is_good and not accepted:
            tally.lost.append(ref)
        if accepted and not is_good:
            tally.accepted_too_late.append(ref)
    return tally


def test_of_a_thousand_callbacks_none_is_lost_and_none_is_accepted_too_late(stream: Stream) -> None:
    tally = run(stream)

    assert (tally.sent, tally.lost, tally.accepted_too_late) == (CALLBACKS, [], [])
    assert len(stream.journal.refs) == CALLBACKS
    assert tally.refused > 20, "nothing was sent by a key past its overlap: the test would show nothing"


class Spoilt:
    """A memory of secrets that lacks one of the rules; the test above must notice each."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def spoil(self, secret: AppSecret) -> AppSecret:
        return secret

    def get(self, tenant: str, app: str) -> Held:
        held = self._keys.get(tenant, app)
        return replace(held, secret=held.secret and self.spoil(held.secret))

    def again(self, tenant: str, app: str) -> Held | None:
        held = self._keys.again(tenant, app)
        return held and replace(held, secret=held.secret and self.spoil(held.secret))


class ForgetsOldKeys(Spoilt):
    def spoil(self, secret: AppSecret) -> AppSecret:
        return replace(secret, previous=())


class OldKeysHaveNoEnd(Spoilt):
    def spoil(self, secret: AppSecret) -> AppSecret:
        return replace(secret, previous=tuple(replace(old, until=FOR_EVER) for old in secret.previous))


class NeverReadsAgain(Spoilt):
    def again(self, tenant: str, app: str) -> Held | None:
        return None


class WholeSetsOnly(AppSecret):
    def key_sets(self, now: datetime) -> Iterator[Mapping[str, str]]:
        good = sum(now < old.until for old in self.previous)
        return islice(super().key_sets(now), 1 + good)


class MixesNothing(Spoilt):
    def spoil(self, secret: AppSecret) -> AppSecret:
        return WholeSetsOnly(secret.credentials, secret.updated_at, secret.previous)


@pytest.mark.parametrize(
    ("spoil", "provider"),
    [
        (ForgetsOldKeys, "wecom"),
        (OldKeysHaveNoEnd, "dingtalk"),
        (NeverReadsAgain, "lark"),
        (MixesNothing, "feishu"),
    ],
)
def test_each_rule_is_needed(spoil: Callable[[Keys], Keys], provider: str) -> None:
    (kit,) = (kit for kit in all_kits() if kit.name == provider)
    with aws() as table:
        tally = run(Stream(kit, table, seed=20260115, spoil=spoil))

    assert tally.lost or tally.accepted_too_late


@pytest.mark.parametrize("is_warm", [True, False])
def test_an_old_key_is_good_to_the_last_moment_of_its_overlap_and_no_longer(stream: Stream, is_warm: bool) -> None:
    old = dict(stream.kit.credentials)
    worker = stream.workers[0]
    stream.send(stream.made_by(old, "REF-0"), worker)  # it now remembers the old keys as the current ones
    stream.rotate()
    stream.later(OVERLAP_S - 0.001)
    at_the_end = stream.send(stream.made_by(old, "REF-1"), worker)
    stream.later(0.001)

    afterwards = stream.send(stream.made_by(old, "REF-2"), worker if is_warm else stream.worker())

    assert (at_the_end, afterwards) == (200, 401)


def test_two_rotations_in_one_overlap_each_keep_their_own_end(stream: Stream) -> None:
    first = dict(stream.current)
    second = stream.rotate()
    stream.later(1800)
    stream.rotate()

    def heard(keys: KeySet) -> int:
        return stream.send(stream.made_by(keys, "REF-1"), stream.workers[0])

    assert [heard(first), heard(second), heard(stream.current)] == [200, 200, 200]
    stream.later(1800)
    assert [heard(first), heard(second), heard(stream.current)] == [401, 200, 200]
    stream.later(1800)
    assert [heard(first), heard(second), heard(stream.current)] == [401, 401, 200]


def test_a_key_taken_away_without_overlap_is_refused_everywhere_within_a_minute(stream: Stream) -> None:
    leaked = dict(stream.current)
    for worker in stream.workers:
        stream.send(stream.made_by(leaked, "REF-1"), worker)
    stream.rotate(overlap_s=0)
    cold = stream.send(stream.made_by(leaked, "REF-2"), stream.worker())
    stream.later(Keyring.LIFE.total_seconds())

    warm = [stream.send(stream.made_by(leaked, "REF-3"), worker) for worker in stream.workers]

    assert (cold, warm) == (401, [401] * WORKERS)


def test_an_overlap_can_be_ended_early(stream: Stream) -> None:
    old = dict(stream.current)
    stream.rotate()

    status, shown = stream.call("PUT", "/v1/apps/prod-1", {"overlap_s": 0})

    assert (status, shown["old_keys_until"]) == (200, None)
    assert stream.send(stream.made_by(old, "REF-1"), stream.worker()) == 401
    assert stream.send(stream.made_by(stream.current, "REF-2"), stream.worker()) == 200


def test_old_keys_count_also_where_the_new_set_has_none(stream: Stream) -> None:
    old = dict(stream.current)
    status, shown = stream.call("PUT", "/v1/apps/prod-1", {"credentials": dict.fromkeys(stream.fields)})

    assert (status, shown["callbacks_ready"]) == (200, False)
    assert stream.send(stream.made_by(old, "REF-1"), stream.worker()) == 200
    stream.later(86_400)
    assert stream.send(stream.made_by(old, "REF-2"), stream.worker()) == 401
