"""The platform and what hangs on it, fresh for every test."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from approval_gate.domain.approval import Field, Identity, Link, Mode, Stage
from approval_gate.ports import Draft
from approval_gate.providers.wecom.sender import Sender
from tests.kits.wecom import WecomKit, wecom_kit
from tests.providers.wecom.fake_platform import NOW, FakePlatform, MemoryForms, MemoryTokens, sender_of


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "vectors" / "wecom.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def kit() -> WecomKit:
    return wecom_kit()


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def tokens() -> MemoryTokens:
    return MemoryTokens()


@pytest.fixture
def forms() -> MemoryForms:
    return MemoryForms()


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
        requester=Identity("ci.bot", name="ci.bot", other_id="ci.bot"),
        stages=(
            Stage(Mode.ALL, (Identity("alice", other_id="alice"), Identity("bob", other_id="bob"))),
            Stage(Mode.ANY, (Identity("Carol", other_id="carol"), Identity("dave", other_id="dave"))),
            Stage(Mode.SEQUENCE, (Identity("erin", other_id="erin"), Identity("frank", other_id="frank"))),
        ),
        cc=(Identity("release.mgr", other_id="release.mgr"),),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
