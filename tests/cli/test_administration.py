"""Tokens, tenants, webhook secrets, contacts, messages, and what the operator does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from cli.bootstrap import SCOPES
from cli.exits import Misused
from cli.gate import TOKEN, URL
from cli.operations import _SCOPES, _module
from tests.cli.shell import GATE, Done, Shell
from tests.fakes.aws import TABLE

NOTIFY = ("notify", "--app", "prod", "--to", "lead@example.com", "--title", "Deployed")


def as_other(shell: Shell, token: str, *arguments: str) -> Done:
    return shell(*arguments, env={URL: GATE, TOKEN: token})


# -- tokens and tenants


def test_a_new_token_stands_alone_on_standard_output_and_opens_what_it_may(shell: Shell) -> None:
    done = shell("tokens", "create", "--name", "web", "--scope", "approvals:read", "--expires-in", "90d")

    (token,) = done.out.splitlines()
    assert done.code == 0
    assert token not in done.err
    assert as_other(shell, token, "list").code == 0
    assert as_other(shell, token, "apps", "list").code == 64
    (listed,) = (each for each in shell("tokens", "list", "--json").json["tokens"] if each["name"] == "web")
    life = datetime.fromisoformat(listed["expires_at"]) - shell.time.began
    assert abs(life - timedelta(days=90)) < timedelta(minutes=1)


def test_a_removed_token_opens_nothing(shell: Shell) -> None:
    issued = shell("tokens", "create", "--name", "web", "--scope", "approvals:read", "--json").json

    assert shell("tokens", "remove", issued["id"]).code == 0

    assert as_other(shell, issued["token"], "list").code == 64
    assert issued["id"] not in shell("tokens", "list").out


def test_issuing_a_token_is_not_repeated_when_its_answer_is_lost(shell: Shell) -> None:
    def lose(request: httpx.Request) -> httpx.Response:
        shell.line.carry(request)
        raise httpx.ReadTimeout("timed out", request=request)

    shell.line.troubles.append(lose)

    done = shell("tokens", "create", "--name", "web", "--scope", "approvals:read", "--json")

    assert done.code == 75
    assert "list what is there" in done.json["error"]["detail"]
    assert shell.line.asked == [("POST", "/v1/tokens")]


def test_tenants_are_made_listed_and_removed(shell: Shell) -> None:
    made = shell("tenants", "create", "other", "--name", "Other Inc.")
    listed = shell("tenants", "list").out
    removed = shell("tenants", "remove", "other", "--yes", "--json")

    assert (made.code, removed.json) == (0, {"removed": "other"})
    assert "other\tOther Inc." in listed
    assert "other" not in shell("tenants", "list").out


def test_webhook_secrets_are_made_listed_and_removed(shell: Shell) -> None:
    made = shell("webhook-secrets", "create")
    (secret,) = made.out.splitlines()
    (listed,) = shell("webhook-secrets", "list", "--json").json["secrets"]

    assert secret.startswith("whsec_")
    assert shell("webhook-secrets", "remove", listed["id"]).code == 64
    assert shell("webhook-secrets", "remove", listed["id"], "--yes").code == 0
    assert shell("webhook-secrets", "list", "--json").json["secrets"] == []


def test_failing_endpoints_are_listed_and_an_unknown_one_is_64(shell: Shell) -> None:
    assert shell("webhook-endpoints", "list").err == "All is well.\n"
    assert shell("webhook-endpoints", "enable", "whe_1").code == 64


# -- people


def test_a_synchronisation_is_asked_for_and_its_state_shown(shell: Shell) -> None:
    asked = shell("contacts", "sync", "prod", "--no-wait", "--no-daily", "--json")
    shown = shell("contacts", "status", "prod")

    assert (asked.code, asked.json["status"], asked.json["daily"]) == (0, "WANTED", False)
    assert "WANTED" in shown.out


def test_waiting_for_a_synchronisation_looks_less_and_less_often(shell: Shell) -> None:
    class EnoughError(Exception):
        pass

    def enough(number: int) -> None:
        if number == 9:
            raise EnoughError

    shell.time.then = enough

    shell("contacts", "sync", "prod")

    assert shell.time.pauses[0] == 1.0
    assert shell.time.pauses == sorted(shell.time.pauses)
    assert shell.time.pauses[-1] == 15.0


def test_finding_nobody_says_how_people_become_known(shell: Shell) -> None:
    done = shell("contacts", "find", "prod", "lead")

    assert (done.code, done.out) == (0, "")
    assert "approval-gate contacts sync prod" in done.err
    assert shell("contacts", "departments", "prod", "--json").json == {"departments": []}


# -- messages


def test_a_message_is_queued_for_each_destination(shell: Shell) -> None:
    done = shell(
        *NOTIFY,
        *("--to", "chat:oc_1", "--to", "everyone", "--text", "-", "--level", "success", "--field", "Version=1.42.0"),
        *("--mention", "ops@example.com", "--json"),
        typed="**web** is live",
    )

    assert (done.code, done.json["status"], done.json["counts"]["asked"]) == (0, "QUEUED", 3)
    assert shell.line.bodies == [
        {
            "app": "prod",
            "to": [{"email": "lead@example.com"}, {"chat": "oc_1"}, {"everyone": True}],
            "message": {
                "title": "Deployed",
                "text": "**web** is live",
                "level": "success",
                "fields": [{"name": "Version", "value": "1.42.0"}],
                "mention": [{"email": "ops@example.com"}],
            },
        }
    ]
    assert "chat: oc_1\tQUEUED" in shell("notifications", "show", done.json["id"]).out


def test_waiting_for_a_message_that_fails_is_4(shell: Shell) -> None:
    def failed(request: httpx.Request) -> httpx.Response:
        body = shell.line.carry(request).json()
        body |= {"status": "FAILED", "counts": {**body["counts"], "failed": 1, "queued": 0}}
        return httpx.Response(200, json=body)

    shell.time.then = lambda _: shell.line.troubles.append(failed)

    assert shell(*NOTIFY, "--wait").code == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("notify", "--app", "prod", "--title", "T"),
        ("notify", "--app", "prod", "--to", "a@example.com"),
        (*NOTIFY, "--template", "deployed"),
        (*NOTIFY, "--to", "nobody"),
    ],
    ids=" ".join,
)
def test_a_message_that_says_nothing_or_reaches_nobody_is_64(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert (shell(*arguments).code, shell.line.asked) == (64, [])


# -- the operator


def test_bootstrap_writes_a_token_that_opens_everything(shell: Shell) -> None:
    done = shell("bootstrap", "--table", TABLE, "--tenant", "fresh", env={})

    (token,) = done.out.splitlines()
    assert done.code == 0, done.err
    assert as_other(shell, token, "tenants", "list").code == 0
    assert _SCOPES.split() == list(SCOPES)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--table", TABLE, "--stack", "x"), 64),
        (("--table", TABLE, "--scopes", "everything"), 64),
        (("--table", "no-such-table"), 75),
        (("--stack", "no-such-stack"), 75),
    ],
)
def test_bootstrap_says_what_is_wrong(shell: Shell, arguments: tuple[str, ...], code: int) -> None:
    done = shell("bootstrap", "--tenant", "acme", *arguments, "--json")

    assert done.code == code
    assert done.json["error"]["detail"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("dead-letters", "list"),
        ("dead-letters", "replay"),
        ("deliveries", "list", "--tenant", "acme"),
        ("deliveries", "redrive"),
    ],
    ids=" ".join,
)
def test_the_operators_commands_never_end_as_an_outcome(
    shell: Shell, arguments: tuple[str, ...], tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    away = shell(*arguments, "--stack", "no-such-stack", "--json")
    not_up = shell(*arguments, "--local", str(tmp_path), "--json")

    assert (away.code, not_up.code) == (75, 64)
    assert json.loads(away.out)["error"]["code"] == "unreachable"


def test_a_command_that_needs_what_is_not_installed_says_what_to_install(shell: Shell) -> None:
    with pytest.raises(Misused, match=r"approval-gate\[operator\]"):
        _module("no_such_module")
