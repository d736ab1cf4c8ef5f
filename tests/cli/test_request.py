"""`approval-gate request`, `status`, `cancel`, `list`, `remind`: a pipeline's whole life with the gate."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from cli.gate import TOKEN, URL
from tests.cli.shell import GATE, Done, Shell
from tests.fakes.world import LEAD

ASK = ("request", "--app", "prod", "--title", "Deploy web 1.42.0", "--approver", "lead@example.com")


def one_at(shell: Shell, pause: int, what: Callable[[], object]) -> None:
    """Let something happen in one pause of the command."""
    shell.time.then = lambda number: what() if number == pause else None


def interrupt(number: signal.Signals = signal.SIGINT) -> Callable[[], object]:
    return lambda: os.kill(os.getpid(), number)


def one_document(done: Done) -> bool:
    """Tell whether standard output is exactly one JSON document."""
    return isinstance(json.loads(done.out), dict)


# -- exit codes


@pytest.mark.parametrize(
    ("happens", "status", "code"),
    [
        (Shell.approve, "APPROVED", 0),
        (Shell.reject, "REJECTED", 1),
        (Shell.expire, "EXPIRED", 2),
        (Shell.cancel_elsewhere, "CANCELED", 3),
        (Shell.fail, "FAILED", 4),
    ],
)
@pytest.mark.parametrize("is_json", [True, False], ids=["json", "text"])
def test_waiting_ends_with_the_outcomes_exit_code(
    shell: Shell, happens: Callable[[Shell], object], status: str, code: int, *, is_json: bool
) -> None:
    one_at(shell, 2, lambda: happens(shell))

    done = shell(*ASK, "--wait", *(["--json"] if is_json else []))

    assert done.code == code
    if is_json:
        assert done.json["outcome"]["status"] == status
    else:
        assert done.out.startswith(f"{status}  Deploy web 1.42.0\n")
    assert "Waiting for" in done.err


def test_without_waiting_the_exit_code_says_that_it_was_asked(shell: Shell) -> None:
    done = shell(*ASK, "--json")

    assert (done.code, done.json["status"], shell.time.pauses) == (0, "PENDING", [])
    assert shell.approvals() == [done.json["id"]]


def test_a_status_that_this_version_does_not_know_is_a_failure(shell: Shell) -> None:
    def strange(request: httpx.Request) -> httpx.Response:
        body = shell.line.carry(request).json()
        return httpx.Response(200, json={**body, "status": "DELEGATED"})

    one_at(shell, 1, lambda: shell.line.troubles.append(strange))

    assert shell(*ASK, "--wait").code == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("request",),
        ("request", "--nonsense"),
        ("request", "--app", "prod", "--title", "T"),
        (*ASK, "--approver", "lead"),
        (*ASK, "--stage", "any:qa@example.com"),
        (*ASK, "--timeout", "soon"),
        (*ASK, "--field", "Commit"),
        (*ASK, "--link", "Build 42"),
        (*ASK, "--metadata", "run=1", "--metadata", "run=2"),
        (*ASK, "--remind-max", "3"),
        (*ASK, "--escalate-after", "1h"),
        (*ASK, "--cancel-on-interrupt"),
        (*ASK, "--file", "no-such-file.json"),
        ("status",),
        ("status", "apr_1", "--wait", "--history"),
        ("nothing-of-this-name",),
    ],
    ids=" ".join,
)
def test_a_mistake_on_the_command_line_is_64_and_asks_nobody(shell: Shell, arguments: tuple[str, ...]) -> None:
    plain, with_json = shell(*arguments), shell(*arguments, "--json")

    assert (plain.code, with_json.code) == (64, 64)
    assert (plain.out, shell.line.asked) == ("", [])
    assert plain.err
    assert with_json.json["error"]["code"] == "usage"


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({}, URL),
        ({URL: GATE}, TOKEN),
        ({URL: GATE, TOKEN: "agt_\x00"}, TOKEN),
        ({URL: "gate.example.com", TOKEN: "agt_1"}, "https://"),
        ({URL: "http://gate.example.com", TOKEN: "agt_1"}, "https://"),
        ({URL: "https://user:word@gate.example.com", TOKEN: "agt_1"}, URL),
        ({URL: "https://gate.example.com:port", TOKEN: "agt_1"}, URL),
    ],
)
def test_an_environment_that_names_no_gate_is_64_and_says_what_to_set(
    shell: Shell, env: dict[str, str], says: str
) -> None:
    done = shell(*ASK, env=env)

    assert (done.code, shell.line.asked) == (64, [])
    assert says in done.err
    assert "agt_1" not in done.err


def test_what_the_gate_refuses_is_64_and_names_each_field(shell: Shell) -> None:
    done = shell(*ASK, "--timeout", "1s", "--wait", "--json")

    assert done.code == 64
    assert done.json["error"]["errors"][0]["field"] == "timeout_s"
    assert done.err.count("timeout_s") == 1


@pytest.mark.parametrize(("token", "says"), [("agt_unknown", TOKEN), (None, "approvals:write")])
def test_a_token_that_does_not_open_is_64(shell: Shell, token: str | None, says: str) -> None:
    done = shell(*ASK, env={URL: GATE, TOKEN: token or shell.new_token("apps:admin")})

    assert done.code == 64
    assert says in done.err


def test_an_address_with_another_server_is_64_and_says_so(shell: Shell) -> None:
    shell.line.troubles.append(lambda _: httpx.Response(404, text="<html>not here</html>"))

    done = shell(*ASK)

    assert done.code == 64
    assert "No approval gate answered" in done.err


def test_a_redirect_is_not_followed_with_the_token(shell: Shell) -> None:
    shell.line.troubles.append(lambda _: httpx.Response(302, headers={"location": "https://elsewhere.example.com/x"}))

    done = shell(*ASK)

    assert (done.code, shell.line.asked) == (64, [])
    assert "elsewhere.example.com" in done.err


def test_an_unforeseen_error_is_70_in_one_line_and_a_trace_with_debug(shell: Shell) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise RuntimeError("a bug")

    shell.line.troubles.extend([broken, broken, broken])

    plain, traced, document = shell(*ASK), shell(*ASK, "--debug"), shell(*ASK, "--json")

    assert [plain.code, traced.code, document.code] == [70, 70, 70]
    assert len(plain.err.splitlines()) == 1
    assert "--debug" in plain.err
    assert "Traceback" in traced.err
    assert document.json["error"]["code"] == "unforeseen"


# -- a gate that is away


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def test_a_gate_that_is_away_for_a_minute_does_not_lose_the_wait(shell: Shell) -> None:
    def away() -> None:
        shell.approve()
        shell.line.away_until_s = shell.time.now_s + 60

    one_at(shell, 1, away)

    done = shell(*ASK, "--wait", "--json")

    assert (done.code, done.json["status"]) == (0, "APPROVED")
    assert "Trying again" in done.err


def test_a_gate_that_stays_away_ends_the_wait_with_75_and_keeps_the_approval(shell: Shell) -> None:
    def away() -> None:
        shell.line.away_until_s = shell.time.now_s + 86_400

    one_at(shell, 1, away)

    done = shell(*ASK, "--wait", "--json")

    assert (done.code, done.json["error"]["code"]) == (75, "unreachable")
    (approval_id,) = shell.approvals()
    assert done.json["approval"]["id"] == approval_id
    assert f"approval-gate status {approval_id} --wait" in done.err
    assert 590 < shell.time.now_s < 620
    assert shell.status() == "PENDING"


def test_a_gate_that_is_away_from_the_start_is_75_after_some_tries(shell: Shell) -> None:
    shell.line.away_until_s = 86_400

    done = shell(*ASK, "--wait", "--json")

    assert (done.code, shell.approvals()) == (75, [])
    assert one_document(done)
    assert shell.time.pauses == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert "Traceback" not in done.err


def test_nobody_listens_there_is_75(shell: Shell, unused_tcp_address: str) -> None:
    shell.line = httpx.HTTPTransport()  # type: ignore[assignment]  # the network itself

    assert shell(*ASK, env={URL: unused_tcp_address, TOKEN: "agt_1"}).code == 75


@pytest.fixture
def unused_tcp_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize(
    "trouble",
    [
        lambda _: httpx.Response(429, json={"message": "Too Many Requests"}),
        lambda _: httpx.Response(429, headers={"retry-after": "7"}),
        lambda _: httpx.Response(503, json={"code": "store_unavailable", "detail": "Send it again."}),
        lambda _: httpx.Response(500, text="oops"),
        lambda _: httpx.Response(504),
        lambda _: httpx.Response(200, text="<html>sign in to the hotel's network</html>"),
        lambda _: httpx.Response(200, json=["a list"]),
        refuse,
    ],
    ids=["429", "429-retry-after", "503", "500", "504", "html", "list", "refused"],
)
def test_a_passing_trouble_is_passed_over_both_when_asking_and_when_waiting(
    shell: Shell, trouble: Callable[[httpx.Request], httpx.Response]
) -> None:
    shell.line.troubles.extend([trouble, trouble])

    def again(number: int) -> None:
        if number == 4:
            shell.line.troubles.append(trouble)
            shell.approve()

    shell.time.then = again

    assert shell(*ASK, "--wait").code == 0
    assert len(shell.approvals()) == 1


def test_retry_after_is_respected(shell: Shell) -> None:
    shell.line.troubles.append(lambda _: httpx.Response(429, headers={"retry-after": "7"}))

    assert shell(*ASK).code == 0
    assert shell.time.pauses == [7.0]


def test_an_answer_that_was_lost_is_asked_for_again_and_makes_no_second_approval(shell: Shell) -> None:
    def lose(request: httpx.Request) -> httpx.Response:
        shell.line.carry(request)
        raise httpx.ReadTimeout("timed out", request=request)

    shell.line.troubles.append(lose)

    done = shell(*ASK, "--json")

    assert done.code == 0
    assert shell.approvals() == [done.json["id"]]
    assert shell.line.keys == ["key-0", "key-0"]


def test_polling_goes_at_the_pace_that_the_gate_asks_for(shell: Shell) -> None:
    one_at(shell, 3, shell.approve)

    shell(*ASK, "--wait")

    assert shell.time.pauses == [5.0, 5.0, 5.0]
    assert shell.line.asked[1:] == [("GET", f"/v1/approvals/{shell.approvals()[0]}")] * 3


def test_a_long_wait_shows_a_sign_of_life_where_there_is_no_terminal(shell: Shell) -> None:
    one_at(shell, 150, shell.approve)

    done = shell(*ASK, "--wait")

    lines = [line for line in done.err.splitlines() if line.startswith("Waiting for")]
    assert len(lines) == 3
    assert "left" in lines[-1]


def test_a_token_that_is_removed_meanwhile_ends_the_wait_with_64_and_the_approval_waits_on(shell: Shell) -> None:
    one_at(
        shell, 1, lambda: shell.line.troubles.append(lambda _: httpx.Response(401, json={"code": "unauthenticated"}))
    )

    done = shell(*ASK, "--wait", "--json")

    assert (done.code, done.json["approval"]["status"], shell.status()) == (64, "PENDING", "PENDING")


# -- interruptions


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_the_approval_pending_and_says_so(shell: Shell, number: signal.Signals) -> None:
    one_at(shell, 2, interrupt(number))

    done = shell(*ASK, "--wait", "--json")

    assert (done.code, shell.status()) == (130, "PENDING")
    assert "left pending" in done.err
    assert done.json["approval"]["id"] == shell.approvals()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancel_on_interrupt_cancels_and_says_canceled(shell: Shell, number: signal.Signals) -> None:
    one_at(shell, 2, interrupt(number))

    done = shell(*ASK, "--wait", "--cancel-on-interrupt", "--json")

    assert (done.code, done.json["status"], shell.status()) == (3, "CANCELED", "CANCELED")
    assert "A second Ctrl-C" in done.err


def test_an_approval_in_the_moment_of_an_interruption_stands_but_is_no_success(shell: Shell) -> None:
    def both() -> None:
        shell.approve()
        interrupt()()

    one_at(shell, 2, both)

    done = shell(*ASK, "--wait", "--cancel-on-interrupt", "--json")

    assert (done.code, shell.status()) == (130, "APPROVED")
    assert done.json["approval"]["status"] == "APPROVED"


@pytest.mark.parametrize(
    ("options", "code", "status"), [((), 130, "PENDING"), (("--cancel-on-interrupt",), 3, "CANCELED")]
)
def test_an_interruption_while_asking_loses_no_approval(
    shell: Shell, options: tuple[str, ...], code: int, status: str
) -> None:
    def cut(request: httpx.Request) -> None:
        shell.line.carry(request)
        interrupt()()

    shell.line.troubles.append(cut)

    done = shell(*ASK, "--wait", "--idempotency-key", "run-42", *options)

    assert (done.code, shell.status()) == (code, status)
    assert "run-42" in done.err or options


def test_a_second_interruption_gives_up_canceling(shell: Shell) -> None:
    one_at(shell, 2, interrupt())
    first = shell.line.carry

    def carry(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/cancel"):
            interrupt()()
        return first(request)

    shell.line.carry = carry  # type: ignore[method-assign]  # the line, not the gate

    done = shell(*ASK, "--wait", "--cancel-on-interrupt", "--json")

    assert (done.code, shell.status()) == (130, "PENDING")
    assert one_document(done)


def test_the_handler_of_sigterm_is_put_back(shell: Shell) -> None:
    before = signal.getsignal(signal.SIGTERM)
    one_at(shell, 1, shell.approve)

    shell(*ASK, "--wait")

    assert signal.getsignal(signal.SIGTERM) is before


# -- what is asked for


def test_every_option_reaches_the_gate(shell: Shell) -> None:
    done = shell(
        *("request", "--app", "prod", "--title", "T", "--description", "D", "--timeout", "2h"),
        *(
            "--stage",
            "any:lead@example.com,+8613800000000",
            "--stage",
            "user_id:ou_1",
            "--stage",
            "sequence:account:E1",
        ),
        *(
            "--field",
            "Commit=9f1c=2ab",
            "--link",
            "Build=https://ci.example.com/?a=b",
            "--link",
            "https://x.example.com",
        ),
        *("--metadata", "run=42", "--requester", "dev@example.com", "--cc", "ops@example.com"),
        *("--remind-after", "15m", "--remind-every", "30m", "--remind-max", "2"),
        *("--escalate-after", "1h", "--escalate-to", "ops@example.com"),
        *("--supersede-key", "web/production", "--allow-self-approval", "--no-transfer"),
        *("--idempotency-key", "run-42"),
    )

    assert done.code == 0, done.err
    assert shell.line.keys == ["run-42"]
    assert shell.line.bodies == [
        {
            "app": "prod",
            "title": "T",
            "description": "D",
            "timeout_s": 7200,
            "stages": [
                {"mode": "any", "approvers": [{"email": "lead@example.com"}, {"mobile": "+8613800000000"}]},
                {"mode": "all", "approvers": [{"user_id": "ou_1"}]},
                {"mode": "sequence", "approvers": [{"account": "E1"}]},
            ],
            "fields": [{"name": "Commit", "value": "9f1c=2ab"}],
            "links": [
                {"title": "Build", "url": "https://ci.example.com/?a=b"},
                {"title": "https://x.example.com", "url": "https://x.example.com"},
            ],
            "metadata": {"run": "42"},
            "requester": {"email": "dev@example.com"},
            "cc": [{"email": "ops@example.com"}],
            "reminders": {"first_after_s": 900, "repeat_every_s": 1800, "max": 2},
            "escalation": {"after_s": 3600, "notify": [{"email": "ops@example.com"}]},
            "supersede_key": "web/production",
            "policy": {"allow_self_approval": True, "allow_transfer": False},
        }
    ]


def test_options_go_before_the_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(
        json.dumps(
            {
                "app": "prod",
                "title": "From the file",
                "stages": [{"mode": "any", "approvers": [{"email": "lead@example.com"}]}],
                "policy": {"allow_auto_pass": True},
            }
        )
    )

    assert shell("request", "--file", str(file), "--title", "From the option", "--no-transfer").code == 0

    (body,) = shell.line.bodies
    assert (body["title"], body["stages"][0]["mode"]) == ("From the option", "any")
    assert body["policy"] == {"allow_auto_pass": True, "allow_transfer": False}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"app": "prod", "app": "other"}', "\ud800"])
def test_a_file_that_is_no_request_is_64(shell: Shell, tmp_path: Path, text: str) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(text.encode(errors="surrogatepass"))

    done = shell("request", "--file", str(file))

    assert (done.code, shell.line.asked) == (64, [])
    assert "request.json" in done.err


def test_a_repeated_job_finds_the_first_approval_and_its_outcome(shell: Shell) -> None:
    first = shell(*ASK, "--idempotency-key", "run-42", "--json").json
    shell.approve()

    again = shell(*ASK, "--idempotency-key", "run-42", "--wait", "--json")

    assert (again.code, again.json["id"], shell.time.pauses) == (0, first["id"], [])


# -- looking and taking back


def test_status_waits_for_an_approval_that_another_run_asked_for(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    one_at(shell, 1, shell.reject)

    assert shell("status", approval_id, "--wait").code == 1


def test_status_alone_is_0_and_shows_who_was_asked_and_what_they_said(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    shell.reject()

    done = shell("status", approval_id)

    assert done.code == 0
    assert "decided by  Lead" in done.out
    assert "1 all\tLead\t✗ REJECTED\t2026-01-15 09:00:00 UTC\tNot on a Friday" in done.out


def test_the_history_says_what_happened(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    shell.approve()

    entries = shell("status", approval_id, "--history", "--json").json["entries"]
    text = shell("status", approval_id, "--history")

    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry["kind"] in text.out for entry in entries)


def test_the_history_tells_an_auditor_what_was_asked_who_allowed_it_and_whose_id_is_whose(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    shell.approve()

    text = shell("status", approval_id, "--history").out

    assert text.startswith("APPROVED  Deploy web 1.42.0\n")
    assert "decided by  Lead\n" in text
    (decided,) = (line for line in text.splitlines() if "\tdecided\t" in line)
    assert "decided_by: Lead" in decided
    assert f"Lead is {LEAD.user_id}" in text


def test_a_failure_says_its_reason_once_and_no_reason_twice(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    shell.fail()

    text = shell("status", approval_id).out

    assert text.count("The platform refuses this app.") == 1


def test_a_cancellation_is_told_in_one_language(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]

    text = shell("cancel", approval_id).out

    assert "because     Canceled by the requesting system." in text
    assert "请求方已取消" not in text


def test_another_persons_words_cannot_control_the_terminal(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    shell.reject("Deploy \u202egnp.exe")

    done = shell("status", approval_id)

    assert "\u202e" not in done.out
    assert "\N{REPLACEMENT CHARACTER}gnp.exe" in done.out


def test_cancel_takes_it_back_and_doing_so_twice_is_the_same(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]

    first, again = (shell("cancel", approval_id, "--reason", "Not needed", "--json") for _ in range(2))

    assert (first.code, again.code) == (0, 0)
    assert first.json["outcome"]["comment"] == again.json["outcome"]["comment"]
    assert shell.status() == "CANCELED"


def test_cancel_after_a_decision_is_64_and_shows_the_decision(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    shell.approve()

    done = shell("cancel", approval_id, "--json")

    assert (done.code, done.json["error"]["code"]) == (64, "already_decided")
    assert done.json["approval"]["status"] == "APPROVED"


def test_list_shows_what_is_pending(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]

    assert approval_id in shell("list", "--status", "pending").out
    assert shell("list", "--status", "approved", "--json").json["approvals"] == []


def test_remind_asks_once_more_and_too_soon_is_refused_with_the_time_to_wait(shell: Shell) -> None:
    approval_id = shell(*ASK, "--json").json["id"]
    shell.submit()

    first, again = shell("remind", approval_id), shell("remind", approval_id)

    assert (first.code, again.code) == (0, 64)
    assert "Ask again from" in again.err


def test_an_id_is_one_segment_of_the_path_whatever_it_contains(shell: Shell) -> None:
    shell.line.troubles.append(
        lambda request: httpx.Response(400, json={"code": "x", "detail": request.url.raw_path.decode()})
    )

    done = shell("status", "../apps?x=1")

    assert "/v1/approvals/..%2Fapps%3Fx%3D1" in done.err
