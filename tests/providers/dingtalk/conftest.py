"""The platform and what hangs on it, fresh for every test."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from approval_gate.domain.approval import Field, Identity, Link, Mode, Stage
from approval_gate.ports import Draft
from approval_gate.providers.dingtalk.sender import Sender
from tests.kits.dingtalk import DingTalkKit, dingtalk_kit
from tests.providers.dingtalk.fake_platform import NOW, Clock, FakePlatform, MemoryForms, MemoryTokens, sender_of


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "vectors" / "dingtalk.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def kit() -> DingTalkKit:
    return dingtalk_kit()


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def clock(platform: FakePlatform) -> Clock:
    return platform.clock


@pytest.fixture
def tokens() -> MemoryTokens:
    return MemoryTokens()


@pytest.fixture
def forms(clock: Clock) -> MemoryForms:
    return MemoryForms(clock)


@pytest.fixture
def sender(platform: FakePlatform, tokens: MemoryTokens, forms: MemoryForms) -> Sender:
    return sender_of(platform, tokens=tokens, forms=forms)


@pytest.fixture
def draft() -> Draft:
    return Draft(
        approval_id="apr_01KF0AAAAAAAAAAAAAAAAAAAAA",
        title="Deploy web 1.42.0 to production",
        description="Rolls out the new checkout.\nSecond line.",
        fields=(Field("Commit", "9f1c2ab"), Field("Tests", "1,204 passed")),
        links=(Link("Build 42", "https://ci.example.com/42"),),
        requester=Identity("manager164", name="dev@example.com"),
        stages=(
            Stage(Mode.ALL, (Identity("user001"), Identity("user002"))),
            Stage(Mode.SEQUENCE, (Identity("user005"), Identity("user004"))),
            Stage(Mode.ANY, (Identity("user002"), Identity("user003"))),
            Stage(Mode.ANY, (Identity("user001"),)),
        ),
        cc=(Identity("user009"),),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
