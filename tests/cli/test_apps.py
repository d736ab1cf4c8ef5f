"""`approval-gate apps`: set up in the platform's words, without a secret on the command line or on the screen."""

from __future__ import annotations

import json
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import boto3
import pytest

from approval_gate.providers import registry
from cli.consoles import CONSOLES
from cli.main import root
from tests.cli.shell import Shell
from tests.kits import all_kits

SECRET, KEY, TOKEN = "s3cret-app-secret-of-the-cli-test", "Enc-key-of-the-cli-test-0123456789", "vtok-of-the-cli-test"
FEISHU = {"app_id": "cli_a1b2c3d4e5f60718", "app_secret": SECRET, "encrypt_key": KEY, "verification_token": TOKEN}
WECOM = {"corp_id": "ww0123456789abcdef", "agent_id": "1000002", "secret": "wecom-" + SECRET}
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def lines(*answers: str) -> str:
    return "".join(f"{answer}\n" for answer in answers)


def stored(provider: str, app: str) -> str:
    found = boto3.client("secretsmanager").list_secrets()["SecretList"]
    (name,) = (each["Name"] for each in found if f"/{provider}/acme/{app}" in f"/{each['Name']}")
    return str(boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def file_of(folder: Path, document: Any) -> str:
    file = folder / "credentials.json"
    file.write_text(json.dumps(document))
    return str(file)


def added(shell: Shell, folder: Path) -> None:
    credentials = file_of(folder, FEISHU)
    assert shell("apps", "add", "mine", "--provider", "feishu", "--credentials-file", credentials).code == 0


# -- the questions are the providers'


@pytest.mark.parametrize("provider", sorted(registry.provider_names()))
def test_the_questions_are_the_fields_of_the_provider(provider: str) -> None:
    credentials: Any = registry.credentials_type(provider)
    fields = {field.name: field for field in CONSOLES[provider].fields}

    assert fields.keys() == credentials.__dataclass_fields__.keys()
    assert CONSOLES[provider].secrets == fields.keys() - credentials.public_fields()
    assert {f.name for f in fields.values() if f.on_address_page} <= credentials.callback_fields()
    required = {name for name, field in fields.items() if field.is_required}
    assert required == {name for name, field in credentials.__dataclass_fields__.items() if _has_no_default(field)}


def _has_no_default(field: Any) -> bool:
    return field.default is MISSING


def test_every_provider_can_be_registered_from_its_kits_credentials(shell: Shell, tmp_path: Path) -> None:
    for kit in all_kits():
        file = file_of(tmp_path, dict(kit.credentials))
        done = shell("apps", "add", f"{kit.name}-1", "--provider", kit.name, "--credentials-file", file)
        assert done.code == 0, done.err
        assert f"/callbacks/{kit.name}/acme/{kit.name}-1" in done.out


# -- adding


def test_a_person_is_asked_in_the_consoles_words_and_told_what_to_press_next(shell: Shell) -> None:
    typed = lines("feishu", *FEISHU.values(), "dev@example.com", "n")

    done = shell("apps", "add", "mine", person=True, typed=typed)

    assert done.code == 0, done.err
    for said in ("https://open.feishu.cn/app", "Credentials & Basic Info", "App Secret", "Encryption Strategy"):
        assert said in done.err
    assert "/callbacks/feishu/acme/mine" in done.out
    assert "approval_instance" in done.out
    assert SECRET in stored("feishu", "mine")
    assert shell("apps", "show", "mine", "--json").json["default_requester"] == {"email": "dev@example.com"}


def test_the_questions_are_asked_in_chinese_too(shell: Shell) -> None:
    done = shell("apps", "add", "mine", "--lang", "zh", person=True, typed=lines("feishu", *FEISHU.values(), "", "n"))

    assert done.code == 0, done.err
    assert "凭证与基础信息" in done.err
    assert "请求地址" in done.out


def test_what_is_typed_as_a_secret_is_shown_nowhere(shell: Shell) -> None:
    done = shell("apps", "add", "mine", person=True, typed=lines("feishu", *FEISHU.values(), "", "n"))
    shown = shell("apps", "show", "mine"), shell("apps", "list", "--json"), shell("apps", "show", "mine", "--json")

    for each in (done, *shown):
        for secret in (SECRET, KEY, TOKEN):
            assert secret not in each.out + each.err


def test_what_the_gate_objects_to_is_asked_for_again(shell: Shell) -> None:
    wrong = {**FEISHU, "app_id": "not-an-app-id"}

    done = shell("apps", "add", "mine", person=True, typed=lines("feishu", *wrong.values(), "", FEISHU["app_id"], "n"))

    assert done.code == 0, done.err
    assert "app_id is malformed; copy it again from" in done.err
    assert shell("apps", "show", "mine", "--json").json["credentials"]["app_id"] == FEISHU["app_id"]


def test_a_requester_who_is_nobody_is_asked_for_again_and_nothing_typed_before_is_lost(shell: Shell) -> None:
    typed = lines(*FEISHU.values(), "42", "dev@example.com", "n")

    done = shell("apps", "add", "mine", "--provider", "feishu", person=True, typed=typed)

    assert done.code == 0, done.err
    assert "give an e-mail address" in done.err
    assert shell("apps", "show", "mine", "--json").json["default_requester"] == {"email": "dev@example.com"}


def test_what_the_address_page_shows_is_asked_for_when_the_address_is_known(shell: Shell) -> None:
    answers = lines("wecom", *WECOM.values(), "", "", "callbackToken", AES_KEY, "n")

    done = shell("apps", "add", "mine", person=True, typed=answers)

    assert done.code == 0, done.err
    assert "EncodingAESKey" in done.err
    assert [method for method, _ in shell.line.asked] == ["POST", "PUT"]
    assert shell("apps", "show", "mine", "--json").json["callbacks_ready"] is True


def test_what_the_address_page_shows_can_be_given_later(shell: Shell) -> None:
    shell("apps", "add", "mine", person=True, typed=lines("wecom", *WECOM.values(), "", "", "", "", "n"))
    before = shell("apps", "list").out

    rotated = shell(
        *("apps", "rotate", "mine", "--field", "token", "--field", "encoding_aes_key"),
        person=True,
        typed=lines("callbackToken", AES_KEY),
    )

    assert "keys missing" in before
    assert rotated.code == 0, rotated.err
    assert "ready" in shell("apps", "list").out


def test_without_a_person_the_credentials_come_from_a_file_or_standard_input(shell: Shell) -> None:
    nobody = shell("apps", "add", "mine", "--provider", "feishu")
    piped = shell(
        "apps", "add", "mine", "--provider", "feishu", "--credentials-file", "-", "--json", typed=json.dumps(FEISHU)
    )

    assert (nobody.code, piped.code) == (64, 0)
    assert "--credentials-file" in nobody.err
    assert piped.json["id"] == "mine"


def test_no_option_takes_a_secret() -> None:
    secrets = {name for console in CONSOLES.values() for name in console.secrets}
    options = {
        option.lstrip("-").replace("-", "_")
        for command in root.commands["apps"].commands.values()  # type: ignore[attr-defined]  # a group
        for parameter in command.params
        for option in parameter.opts
    }

    assert options & secrets == set()


def test_a_provider_that_this_version_does_not_know_is_refused_by_the_gate_and_not_by_the_command(
    shell: Shell, tmp_path: Path
) -> None:
    done = shell("apps", "add", "mine", "--provider", "slack", "--credentials-file", file_of(tmp_path, {"a": "b"}))

    assert done.code == 64
    assert "choose one of dingtalk, feishu, lark, wecom" in done.err


def test_more_of_an_app_comes_from_a_file(shell: Shell, tmp_path: Path) -> None:
    document = {"provider": "feishu", "credentials": FEISHU, "user_mapping": {"account": "user_id"}}

    done = shell("apps", "add", "mine", "--file", file_of(tmp_path, document), "--callbacks", "none", "--json")

    assert (done.code, done.json["user_mapping"], done.json["callbacks"]) == (0, {"account": "user_id"}, "none")


def test_an_app_without_callbacks_says_what_looks_may_cost(shell: Shell, tmp_path: Path) -> None:
    credentials = file_of(tmp_path, FEISHU)
    asked = ("--callbacks", "none", "--max-pause", "10m", "--credentials-file", credentials, "--json")
    added = shell("apps", "add", "mine", "--provider", "feishu", *asked)
    changed = shell("apps", "change", "mine", "--calls-per-month", "500", "--json")
    unlimited = shell("apps", "change", "mine", "--calls-per-month", "unlimited", "--json")

    assert added.json["reconciliation"] == {"max_pause_s": 600, "calls_per_month": 2000}
    assert changed.json["reconciliation"] == {"max_pause_s": 600, "calls_per_month": 500}, "what is left out stays"
    assert unlimited.json["reconciliation"] == {"max_pause_s": 600, "calls_per_month": None}
    assert "up to every 10 min, as often as it takes" in shell("apps", "show", "mine").out
    refused = shell("apps", "change", "mine", "--calls-per-month", "many")
    assert (refused.code, "write a number, or unlimited" in refused.err) == (64, True)


def test_an_identity_that_is_in_use_is_64_and_asks_nothing_again(shell: Shell, tmp_path: Path) -> None:
    added(shell, tmp_path)

    done = shell("apps", "add", "second", person=True, typed=lines("feishu", *FEISHU.values(), ""))

    assert done.code == 64
    assert "identity" in done.err or "registered" in done.err


# -- changing


def test_a_setting_changes_alone(shell: Shell, tmp_path: Path) -> None:
    added(shell, tmp_path)

    done = shell("apps", "change", "mine", "--name", "Production", "--json")

    assert (done.code, done.json["name"], shell.line.bodies[-1]) == (0, "Production", {"name": "Production"})
    assert shell("apps", "change", "mine").code == 64


def test_rotating_asks_for_each_secret_and_keeps_what_is_left_out(shell: Shell, tmp_path: Path) -> None:
    added(shell, tmp_path)

    done = shell(
        "apps", "rotate", "mine", "--overlap", "1h", person=True, typed=lines("new-" + SECRET, "", "new-" + TOKEN)
    )

    assert done.code == 0, done.err
    assert shell.line.bodies[-1] == {
        "credentials": {"app_secret": "new-" + SECRET, "verification_token": "new-" + TOKEN},
        "overlap_s": 3600,
    }
    assert "old keys until" in done.out
    assert SECRET not in done.out + done.err


def test_rotating_from_a_file_asks_nobody_and_an_overlap_can_be_ended(shell: Shell, tmp_path: Path) -> None:
    added(shell, tmp_path)
    file = file_of(tmp_path, {"encrypt_key": "new-" + KEY})

    rotated = shell("apps", "rotate", "mine", "--credentials-file", file, "--json")
    ended = shell("apps", "rotate", "mine", "--end-overlap", "--json")

    assert rotated.json["old_keys_until"] is not None
    assert ended.json["old_keys_until"] is None


@pytest.mark.parametrize(
    "options",
    [("--field", "nonsense"), ("--end-overlap", "--field", "app_secret"), ("--end-overlap", "--overlap", "1h")],
)
def test_rotating_nonsense_is_64(shell: Shell, tmp_path: Path, options: tuple[str, ...]) -> None:
    added(shell, tmp_path)

    assert shell("apps", "rotate", "mine", *options, person=True, typed="\n").code == 64


def test_removing_asks_first_and_a_no_removes_nothing(shell: Shell, tmp_path: Path) -> None:
    added(shell, tmp_path)

    refused = shell("apps", "remove", "mine", person=True, typed="n\n")
    alone = shell("apps", "remove", "mine")
    there = shell("apps", "list", "--json").json["apps"]
    removed = shell("apps", "remove", "mine", "--yes")

    assert (refused.code, alone.code, removed.code) == (130, 64, 0)
    assert "mine" in {each["id"] for each in there}
    assert "mine" not in {each["id"] for each in shell("apps", "list", "--json").json["apps"]}


# -- the doctor


@pytest.mark.parametrize(("lang", "says"), [("en", "Send the credentials again"), ("zh", "请通过")])
def test_a_check_that_fails_is_4_with_the_fix_below_it(shell: Shell, tmp_path: Path, lang: str, says: str) -> None:
    added(shell, tmp_path)
    for each in boto3.client("secretsmanager").list_secrets()["SecretList"]:
        boto3.client("secretsmanager").delete_secret(SecretId=each["Name"], ForceDeleteWithoutRecovery=True)

    text, document = shell("apps", "check", "mine", "--lang", lang), shell("apps", "check", "mine", "--json")

    assert (text.code, document.code) == (4, 4)
    first, second, *_ = text.out.splitlines()
    assert first.startswith("✗ credentials")
    assert "→" in second
    assert says in second
    assert document.json["ready"] is False
