"""A new user with nothing but the command line: from no app to an approved request, and mistakes that `check` names."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.provision import APPROVER, APPROVER_USER_ID, NEW_CREDENTIALS, REQUESTER
from local.stack import PROVIDERS

pytestmark = pytest.mark.stack

type Json = dict[str, Any]
type Eventually = Callable[..., Any]

COMMAND = Path(__file__).parents[2] / "bin" / "approval-gate"
CALLBACK_KEY = {"feishu": "encrypt_key", "lark": "encrypt_key", "dingtalk": "aes_key", "wecom": "encoding_aes_key"}
SECRET = {"feishu": "app_secret", "lark": "app_secret", "dingtalk": "app_secret", "wecom": "secret"}
WITHOUT_APPROVALS = {
    "feishu": ["contact:user.id:readonly"],
    "lark": ["contact:user.id:readonly"],
    "dingtalk": ["qyapi_base", "qyapi_get_member"],
    "wecom": ["message", "contact"],
}
IDENTITY = {"feishu": ("app_id",), "lark": ("app_id",), "dingtalk": ("app_key",), "wecom": ("corp_id", "agent_id")}


class NewUser:
    """Somebody with a terminal, and the console of one platform."""

    def __init__(self, stack: Json, http: httpx.Client, provider: str) -> None:
        self.provider = provider
        self.app = f"{provider}-new-{os.urandom(3).hex()}"
        self.credentials: dict[str, str] = NEW_CREDENTIALS[provider]()
        self.base_url = stack["simulators"][provider]["base_url"]
        self._http = http
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "APPROVAL_GATE_URL": stack["api_url"],
            "APPROVAL_GATE_TOKEN": stack["admin_token"],
        }

    def run(self, *words: str, typed: Any = None) -> tuple[int, Json]:
        """Give one command; its exit code and its one JSON document."""
        given = subprocess.Popen(  # noqa: S603 - our own command
            [str(COMMAND), *words, "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environ,
        )
        out, err = given.communicate(json.dumps(typed) if typed is not None else "", timeout=100)
        assert out.strip(), err
        return given.returncode, json.loads(out)

    def console(self, **fields: Any) -> httpx.Response:
        """Change the app in the platform's console."""
        return self._http.post(f"{self.base_url}/_sim/apps", json={**self.credentials, **fields})

    def add(self, *, app: str = "", provider: str = "", **mistyped: str) -> tuple[int, Json]:
        person = REQUESTER[self.provider]
        kind, value = next(iter(person.items()))
        words = ["apps", "add", app or self.app, "--provider", provider or self.provider, "--no-check"]
        words += ["--base-url", self.base_url, "--default-requester", f"{kind}:{value}", "--credentials-file", "-"]
        return self.run(*words, typed={**self.credentials, **mistyped})

    def save_request_address(self, url: str, eventually: Eventually) -> None:
        saved = eventually(lambda: self.console(request_url=url), lambda answer: answer.is_success, 20)
        assert saved.is_success, saved.text

    def check(self, app: str = "") -> tuple[int, dict[str, Json]]:
        code, found = self.run("apps", "check", app or self.app)
        return code, {each["name"]: each for each in found["checks"]}


@pytest.fixture(params=PROVIDERS)
def user(stack: Json, request: pytest.FixtureRequest) -> Iterator[NewUser]:
    with httpx.Client(timeout=30, trust_env=False) as http:
        user = NewUser(stack, http, request.param)
        assert user.console(name="New").is_success
        yield user
        user.run("apps", "remove", user.app, "--force", "--yes")


def test_from_nothing_to_an_approved_request(user: NewUser, stack: Json, eventually: Eventually) -> None:
    code, added = user.add()
    assert code == 0, added
    user.save_request_address(added["callback_url"], eventually)
    code, checks = user.check()
    assert code == 0, [each for each in checks.values() if each["status"] == "failed"]

    kind, value = next(iter(APPROVER[user.provider].items()))
    asked = ["request", "--app", user.app, "--title", "Deploy web", "--approver", f"{kind}:{value}"]
    code, approval = user.run(*asked, "--timeout", "10m")
    shown = eventually(
        lambda: user.run("status", approval["id"])[1], lambda seen: seen["provider_ref"] or seen["outcome"], 40
    )
    decide = f"{user.base_url}/_sim/approvals/{shown['provider_ref']}/decide"
    httpx.post(decide, json={"user_id": APPROVER_USER_ID, "decision": "approve"}, trust_env=False).raise_for_status()
    code, decided = user.run("status", approval["id"], "--wait")

    assert (code, decided["status"], decided["outcome"]["source"]) == (0, "APPROVED", "callback")


def test_a_wrong_secret_is_named(user: NewUser) -> None:
    assert user.add(**{SECRET[user.provider]: "not-this-apps-secret-at-all-0123456789"})[0] == 0

    code, checks = user.check()

    assert (code, checks["credentials"]["status"]) == (4, "failed")
    assert checks["credentials"]["fix"]
    assert checks["credentials"]["fix_zh"]


def test_a_wrong_key_for_callbacks_is_named_once_the_platform_has_tried(user: NewUser) -> None:
    key = CALLBACK_KEY[user.provider]
    wrong = user.credentials[key][::-1] if len(user.credentials[key]) == 43 else "another-key"  # 43: base64 of 32 bytes
    _, added = user.add(**{key: wrong[:-1] + "A" if len(wrong) == 43 else wrong})
    for _ in range(2):
        refused = user.console(request_url=added["callback_url"])

    code, checks = user.check()

    assert not refused.is_success
    assert (code, checks["callback_accepted"]["status"]) == (4, "failed"), checks["callback_accepted"]
    assert checks["callback_accepted"]["fix"]


def test_an_address_that_is_not_trusted_is_named_with_the_address_to_add(user: NewUser) -> None:
    user.console(ip_allow_list=["203.0.113.9"])
    user.add()

    code, checks = user.check()

    assert (code, checks["trusted_ip"]["status"]) == (4, "failed"), checks
    assert "127.0.0.1" in checks["trusted_ip"]["detail"] + checks["trusted_ip"]["fix"]


def test_a_missing_permission_is_named(user: NewUser) -> None:
    user.console(scopes=WITHOUT_APPROVALS[user.provider])
    user.add()

    code, checks = user.check()

    assert (code, checks["permission_approvals"]["status"]) == (4, "failed"), checks["permission_approvals"]
    assert checks["permission_approvals"]["fix"]


def test_an_identity_the_platform_does_not_know_is_named(user: NewUser) -> None:
    field = IDENTITY[user.provider][0]
    user.add(**{field: user.credentials[field][:-4] + "zzzz"})

    code, checks = user.check()

    assert (code, checks["credentials"]["status"]) == (4, "failed"), checks["credentials"]


@pytest.mark.parametrize(("made_on", "registered_as"), [("feishu", "lark"), ("lark", "feishu")])
def test_an_app_of_the_other_side_is_named(stack: Json, made_on: str, registered_as: str) -> None:
    with httpx.Client(timeout=30, trust_env=False) as http:
        user = NewUser(stack, http, made_on)
        user.console(name="New")
        user.base_url = stack["simulators"][registered_as]["base_url"]
        user.add(provider=registered_as)

        code, checks = user.check()

        user.run("apps", "remove", user.app, "--force", "--yes")
    assert (code, checks["credentials"]["status"]) == (4, "failed"), checks["credentials"]
    assert made_on.capitalize() in checks["credentials"]["detail"] + checks["credentials"]["fix"]
