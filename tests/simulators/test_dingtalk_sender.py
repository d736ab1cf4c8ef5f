"""Our provider against the simulator: open, decide, transfer, withdraw, lost answers, callbacks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from approval_gate.domain.approval import Field, Identity, Link, Mode, PersonKind, PersonRef, Stage, TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import PeopleNotFound, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import App, CallbackEvent, Draft, EventKind, Withdrawal
from approval_gate.providers.dingtalk.callbacks import Receiver
from approval_gate.providers.dingtalk.credentials import Credentials
from approval_gate.providers.dingtalk.sender import Sender
from approval_gate.web import WebRequest
from tests.providers.dingtalk.fake_platform import MemoryForms, MemoryTokens
from tests.simulators.dingtalk import (
    CORP_ID,
    INSTANCES,
    KIT,
    MOBILE,
    TERMINATE,
    AppServer,
    DingTalk,
    app_server,
    dingtalk_at,
)


class Clock:
    """The gate's clock; `later` moves the platform's with it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Gate:
    """One worker of the gate, with its own memory of tokens and forms."""

    def __init__(self, dingtalk: DingTalk, http: httpx.Client) -> None:
        self.dingtalk, self.clock = dingtalk, Clock()
        self.tokens, self.forms = MemoryTokens(), MemoryForms(self.clock)  # type: ignore[arg-type] # only called
        self._http = http

    def sender(self, **changes: str) -> Sender:
        app = App(tenant="acme", id="app-1", provider="dingtalk", base_url=self.dingtalk.base_url)
        return Sender(
            app=app,
            credentials=replace(Credentials.from_fields(KIT.credentials), **changes),
            http=self._http,
            tokens=self.tokens,
            forms=self.forms,
            clock=self.clock,
        )

    def later(self, seconds: float) -> None:
        self.clock.ahead += timedelta(seconds=seconds)
        self.dingtalk.later(seconds)

    def forget_everything(self) -> None:
        self.forms.saved.clear()
        self.forms.claimed_until.clear()

    def calls(self, method: str, path: str) -> int:
        calls = self.dingtalk.control("GET", "calls")["calls"]
        return sum((one["method"], one["path"]) == (method, path) for one in calls)


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalk]:
    with dingtalk_at(tmp_path / "dingtalk.db") as simulator:
        yield simulator


@pytest.fixture
def gate(dingtalk: DingTalk) -> Iterator[Gate]:
    with httpx.Client(trust_env=False) as http:
        yield Gate(dingtalk, http)


@pytest.fixture
def sender(gate: Gate) -> Sender:
    return gate.sender()


@pytest.fixture
def server(dingtalk: DingTalk) -> Iterator[AppServer]:
    with app_server() as server:
        yield server


def draft(*stages: Stage, number: int = 1, **changes: Any) -> Draft:
    now = datetime.now(UTC)
    made = Draft(
        approval_id=f"apr_01KF0AAAAAAAAAAAAAAAAAAAA{number}",
        title="Deploy web 1.42.0 to production",
        description="Rolls out the new checkout.",
        fields=(Field("Commit", "9f1c2ab"),),
        links=(Link("Build 42", "https://ci.example.com/42"),),
        requester=Identity("dev", name="dev"),
        stages=stages or (stage(Mode.ANY, "lead"),),
        cc=(Identity("oncall"),),
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    return replace(made, **changes)


def stage(mode: Mode, *people: str) -> Stage:
    return Stage(mode, tuple(Identity(one) for one in people))


def told(truth: Truth) -> list[tuple[int | None, str, TaskStatus]]:
    return [(task.stage, task.person.user_id if task.person else "", task.status) for task in truth.tasks]


def test_all_three_modes_are_opened_and_read_back(dingtalk: DingTalk, sender: Sender):
    three = draft(
        stage(Mode.ALL, "lead", "qa"), stage(Mode.SEQUENCE, "ops", "release"), stage(Mode.ANY, "oncall", "qa")
    )
    ref = sender.open_approval(three, may_exist=False).ref
    modes = [one["mode"] for one in dingtalk.control("GET", f"approvals/{ref}")["stages"]]
    assert modes == ["all", "all", "all", "any"]

    for person in ("qa", "lead", "ops", "release"):
        dingtalk.decide(ref, "approve", person, comment=f"fine, says {person}")
        assert sender.read_truth(ref).status is TruthStatus.PENDING
    dingtalk.decide(ref, "approve", "oncall")

    truth = sender.read_truth(ref)
    assert truth.status is TruthStatus.APPROVED
    assert told(truth) == [
        (0, "lead", TaskStatus.APPROVED),
        (0, "qa", TaskStatus.APPROVED),
        (1, "ops", TaskStatus.APPROVED),
        (1, "release", TaskStatus.APPROVED),
        (2, "oncall", TaskStatus.APPROVED),
        (2, "qa", TaskStatus.DONE),
    ]
    assert truth.requester == Identity("dev")
    assert {task.comment for task in truth.tasks} >= {"fine, says lead", "fine, says ops"}
    assert not any(task.is_automatic for task in truth.tasks)


def test_a_refusal_ends_it_with_its_reason(dingtalk: DingTalk, sender: Sender):
    ref = sender.open_approval(draft(stage(Mode.ALL, "lead", "qa")), may_exist=False).ref

    dingtalk.decide(ref, "reject", "qa", comment="no way back")

    truth = sender.read_truth(ref)
    assert (truth.status, truth.comment) == (TruthStatus.REJECTED, "no way back")
    assert told(truth) == [(0, "lead", TaskStatus.DONE), (0, "qa", TaskStatus.REJECTED)]


def test_a_transfer_names_its_receiver_and_decides_nothing(dingtalk: DingTalk, sender: Sender):
    ref = sender.open_approval(draft(stage(Mode.ANY, "lead", "qa")), may_exist=False).ref

    dingtalk.decide(ref, "transfer", "lead", to="ops", comment="on leave")
    handed = sender.read_truth(ref)
    dingtalk.decide(ref, "approve", "ops")
    decided = sender.read_truth(ref)

    assert handed.status is TruthStatus.PENDING
    assert (handed.tasks[0].status, handed.tasks[0].transferred_to) == (TaskStatus.TRANSFERRED, Identity("ops"))
    assert decided.status is TruthStatus.APPROVED
    assert told(decided)[1:] == [(0, "qa", TaskStatus.DONE), (0, "ops", TaskStatus.APPROVED)]


def test_whoever_was_passed_by_the_system_decided_nothing_by_hand(dingtalk: DingTalk, sender: Sender):
    dingtalk.control("POST", "people", {"people": [{"user_id": "lead", "auto_pass": True}]})

    ref = sender.open_approval(draft(), may_exist=False).ref

    truth = sender.read_truth(ref)
    assert truth.status is TruthStatus.APPROVED
    assert [task.is_automatic for task in truth.tasks] == [True]


def test_who_agreed_before_and_is_not_asked_again_repeats_that_decision(dingtalk: DingTalk, sender: Sender):
    dingtalk.control("POST", "settings", {"remove_repeat": 1})
    ref = sender.open_approval(draft(stage(Mode.ANY, "lead"), stage(Mode.ALL, "lead", "qa")), may_exist=False).ref

    dingtalk.decide(ref, "approve", "lead")

    tasks = {(task.stage, task.person.user_id): task for task in sender.read_truth(ref).tasks if task.person}
    assert not tasks[0, "lead"].is_automatic
    assert (tasks[1, "lead"].is_automatic, tasks[1, "lead"].repeats_decision) == (True, True)


@pytest.mark.parametrize("seed", range(12))
def test_a_random_history_is_read_back_as_it_happened(dingtalk: DingTalk, sender: Sender, seed: int):
    chance = random.Random(seed)  # noqa: S311 - a history that can be had again
    people = ["lead", "dev", "qa", "ops", "release", "oncall"]
    stages = [
        stage(chance.choice(list(Mode)), *chance.sample(people, chance.randint(1, 3)))
        for _ in range(chance.randint(1, 3))
    ]
    ref = sender.open_approval(draft(*stages), may_exist=False).ref
    stage_of = [n for n, one in enumerate(stages) for _ in (one.approvers if one.mode is Mode.SEQUENCE else [None])]

    for _ in range(30):
        shown = dingtalk.control("GET", f"approvals/{ref}")
        if shown["status"] != "pending":
            break
        action = chance.choices(("approve", "reject", "transfer"), (6, 1, 4))[0]
        person = chance.choice(shown["actions"]["approve"])
        to = chance.choice(sorted(set(people) - {person})) if action == "transfer" else ""
        dingtalk.decide(ref, action, person, to=to)

    truth, shown = sender.read_truth(ref), dingtalk.control("GET", f"approvals/{ref}")
    ours = {
        task.id: (
            task.stage,
            task.person.user_id if task.person else "",
            task.status.value.lower(),
            task.transferred_to.user_id if task.transferred_to else "",
        )
        for task in truth.tasks
    }
    names = {one["name"]: one["user_id"] for one in dingtalk.control("GET", "people")["people"]}
    theirs = {
        task["id"]: (stage_of[number], task["user_id"], task["status"], names.get(task["to"], ""))
        for number, node in enumerate(shown["stages"])
        for task in node["tasks"]
        if task["id"]
    }
    assert truth.status.value.lower() == shown["status"]
    assert ours == theirs


@pytest.mark.parametrize("setting", [{}, {"running_says_agree": 1}])
def test_a_running_approval_is_pending_whatever_its_result_says(
    dingtalk: DingTalk, sender: Sender, setting: dict[str, float]
):
    dingtalk.control("POST", "settings", setting)

    ref = sender.open_approval(draft(), may_exist=False).ref

    assert sender.read_truth(ref).status is TruthStatus.PENDING


def test_the_form_is_made_once_for_all_workers(gate: Gate):
    gate.sender().open_approval(draft(number=1), may_exist=False)
    gate.forget_everything()
    gate.sender().open_approval(draft(number=2), may_exist=False)

    assert gate.calls("POST", "/v1.0/workflow/forms") == 1


def test_a_form_that_another_worker_made_meanwhile_is_used(gate: Gate, sender: Sender):
    sender.open_approval(draft(number=1), may_exist=False)
    gate.forget_everything()
    visible = "/v1.0/workflow/processes/userVisibilities/templates"
    gate.dingtalk.control("POST", "faults", {"path": visible, "status": 200, "body": '{"result":{"processList":[]}}'})

    gate.sender().open_approval(draft(number=2), may_exist=False)

    assert gate.calls("POST", "/v1.0/workflow/forms") == 2
    assert len({one["raw"]["title"] for one in gate.dingtalk.control("GET", "approvals")["approvals"]}) == 1


@pytest.mark.parametrize("loss", [{"status": 504, "body": "<html>"}, {"status": 500, "code": "systemError"}])
def test_a_lost_answer_opens_no_second_approval(gate: Gate, sender: Sender, loss: dict[str, Any]):
    gate.dingtalk.control("POST", "faults", {"path": INSTANCES, "method": "POST", "executed": True, **loss})
    lost = draft()

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(lost, may_exist=False)
    again = sender.open_approval(lost, may_exist=True)

    assert [one["ref"] for one in gate.dingtalk.control("GET", "approvals")["approvals"]] == [again.ref]


def test_a_lost_answer_is_found_by_a_worker_that_knows_nothing(gate: Gate, sender: Sender):
    others = [sender.open_approval(draft(number=number), may_exist=False).ref for number in (1, 2)]
    fault = {"path": INSTANCES, "method": "POST", "executed": True, "status": 504, "body": "<html>"}
    gate.dingtalk.control("POST", "faults", fault)
    lost = draft(number=3)
    with pytest.raises(ProviderUnavailable):
        sender.open_approval(lost, may_exist=False)
    gate.forget_everything()

    found = gate.sender().find_approval(lost)

    assert found is not None
    assert found.ref not in others
    assert gate.sender().find_approval(draft(number=4)) is None


def test_a_creation_that_was_not_carried_out_is_repeated_when_the_claim_has_lapsed(gate: Gate, sender: Sender):
    gate.dingtalk.control("POST", "faults", {"path": INSTANCES, "method": "POST", "status": 504, "body": "<html>"})
    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft(), may_exist=False)
    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft(), may_exist=True)

    gate.later(61)
    sender.open_approval(draft(), may_exist=True)

    assert len(gate.dingtalk.control("GET", "approvals")["approvals"]) == 1


def test_a_withdrawal_waits_for_the_first_fifteen_seconds(gate: Gate, sender: Sender):
    ref = sender.open_approval(draft(), may_exist=False).ref
    with pytest.raises(ProviderUnavailable) as too_early:
        sender.withdraw(sender.read_truth(ref), "expired")
    assert 0 < (too_early.value.retry_after_s or 0) <= 15
    assert gate.calls("POST", TERMINATE) == 0

    gate.later(16)

    assert sender.withdraw(sender.read_truth(ref), "expired") is Withdrawal.DONE
    truth = sender.read_truth(ref)
    assert (truth.status, truth.comment) == (TruthStatus.CANCELED, "expired")
    assert told(truth) == [(0, "lead", TaskStatus.DONE)]


def test_a_withdrawal_loses_against_a_decision(gate: Gate, sender: Sender):
    ref = sender.open_approval(draft(), may_exist=False).ref
    gate.later(16)
    pending = sender.read_truth(ref)

    gate.dingtalk.decide(ref, "approve", "lead")

    assert sender.withdraw(pending, "expired") is Withdrawal.ALREADY_CLOSED
    assert sender.read_truth(ref).status is TruthStatus.APPROVED


@pytest.mark.parametrize("status", [400, 500])
def test_a_form_that_forbids_withdrawal_refuses_it(gate: Gate, sender: Sender, status: int):
    gate.dingtalk.control("POST", "settings", {"withdrawal_allowed": 0, "withdrawal_refused_status": status})
    ref = sender.open_approval(draft(), may_exist=False).ref
    gate.later(16)

    assert sender.withdraw(sender.read_truth(ref), "expired") is Withdrawal.REFUSED
    gate.dingtalk.control("POST", "settings", {"system_may_withdraw": 1})
    assert sender.withdraw(sender.read_truth(ref), "expired") is Withdrawal.DONE


def test_people_are_found_by_mobile_at_home_and_abroad(sender: Sender):
    refs = [
        PersonRef(PersonKind.MOBILE, "+86 138 0000 0001", field="stages[0].approvers[0]"),
        PersonRef(PersonKind.MOBILE, "13800000004", field="stages[0].approvers[1]"),
        PersonRef(PersonKind.MOBILE, "+65 9123 4567", field="stages[0].approvers[2]"),
        PersonRef(PersonKind.USER_ID, "oncall", field="stages[0].approvers[3]"),
    ]

    assert [one.user_id for one in sender.find_people(refs)] == ["lead", "ops", "qa", "oncall"]


def test_everyone_who_cannot_be_found_is_named(dingtalk: DingTalk, sender: Sender):
    contact_range = {"departments": ["d-operations"], "people": []}
    dingtalk.control("POST", "apps", {"app_key": KIT.credentials["app_key"], "contact_range": contact_range})
    refs = [
        PersonRef(PersonKind.MOBILE, "13800000099", field="a"),
        PersonRef(PersonKind.MOBILE, "13800000007", field="b"),
        PersonRef(PersonKind.MOBILE, "13800000001", field="c"),
    ]

    with pytest.raises(PeopleNotFound) as missing:
        sender.find_people(refs)

    assert [problem.field for problem in missing.value.problems] == ["a", "b", "c"]
    assert "visible range" in missing.value.problems[2].problem


def test_an_expired_token_is_replaced_on_both_hosts(gate: Gate, sender: Sender):
    sender.open_approval(draft(), may_exist=False)
    mobile = [PersonRef(PersonKind.MOBILE, "13800000001", field="a")]
    for setting in ({}, {"invalid_token_status": 401, "plain_token_errors": 1}):
        gate.dingtalk.control("POST", "settings", setting)
        for act in (lambda: sender.find_people(mobile), lambda: sender.find_approval(draft(number=2))):
            gate.dingtalk.later(7201)
            before = gate.tokens.fetches
            act()
            assert gate.tokens.fetches == before + 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"scopes": ["qyapi_base"]}, "Workflow.Form.Read"),
        ({"ip_allow_list": ["203.0.113.9"]}, "127.0.0.1"),
        ({"monthly_quota": 0}, "quota"),
    ],
)
def test_refusals_of_the_gateway_say_what_to_do(gate: Gate, sender: Sender, settings: dict[str, Any], says: str):
    gate.dingtalk.control("POST", "apps", {"app_key": KIT.credentials["app_key"], **settings})

    with pytest.raises(ProviderRejected, match=says):
        sender.open_approval(draft(), may_exist=False)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"scopes": ["qyapi_base"]}, "qyapi_get_member_by_mobile"), ({"ip_allow_list": ["203.0.113.9"]}, "127.0.0.1")],
)
def test_refusals_of_the_older_gateway_say_what_to_do(gate: Gate, sender: Sender, settings: dict[str, Any], says: str):
    gate.dingtalk.control("POST", "apps", {"app_key": KIT.credentials["app_key"], **settings})

    with pytest.raises(ProviderRejected, match=says):
        sender.find_people([PersonRef(PersonKind.MOBILE, "13800000001", field="a")])


def test_a_wrong_secret_is_told(gate: Gate):
    with pytest.raises(ProviderRejected, match="AppSecret"):
        gate.sender(app_secret="wrong").open_approval(draft(), may_exist=False)


@pytest.mark.parametrize("code", ["Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "autoflowLikeTriggerRateLimited"])
def test_a_throttled_creation_was_not_carried_out(gate: Gate, sender: Sender, code: str):
    gate.dingtalk.control("POST", "faults", {"path": INSTANCES, "method": "POST", "code": code})

    with pytest.raises(ProviderThrottled):
        sender.open_approval(draft(), may_exist=False)

    sender.open_approval(draft(), may_exist=True)
    assert len(gate.dingtalk.control("GET", "approvals")["approvals"]) == 1


def test_a_blocked_address_is_told_to_wait(gate: Gate, sender: Sender):
    sender.open_approval(draft(number=1), may_exist=False)
    gate.dingtalk.control("POST", "settings", {"ip_flood": 1})

    with pytest.raises(ProviderThrottled) as blocked:
        sender.open_approval(draft(number=2), may_exist=False)

    assert blocked.value.retry_after_s == 300


def test_people_are_looked_up_by_one_call_per_number(gate: Gate, sender: Sender):
    refs = [PersonRef(PersonKind.MOBILE, "13800000001", field=name) for name in ("a", "b")]

    sender.find_people(refs)

    assert gate.calls("POST", MOBILE) == 1


# -- callbacks


class Inbound:
    """Our Receiver as the app's server."""

    def __init__(self, server: AppServer) -> None:
        self.events: list[CallbackEvent] = []
        self._receiver = Receiver.from_credentials(KIT.credentials, lambda: datetime.now(UTC))
        self._server = server
        server.answer = self._answer

    def wait(self, count: int) -> list[CallbackEvent]:
        for _ in range(count):
            self._server.next()
        return self.events

    def _answer(self, pushed: Any) -> tuple[int, bytes]:
        opened = self._receiver.open(WebRequest("POST", pushed.headers, pushed.query, pushed.body))
        self.events += opened.events
        return opened.response.status, opened.response.body


@pytest.fixture
def inbound(dingtalk: DingTalk, server: AppServer) -> Inbound:
    inbound = Inbound(server)
    dingtalk.control("POST", "settings", {"in_order": 1})
    dingtalk.control("POST", "apps", {"app_key": KIT.credentials["app_key"], "request_url": server.url})
    return inbound


def test_our_receiver_opens_every_callback_and_its_answer_counts(dingtalk: DingTalk, sender: Sender, inbound: Inbound):
    ref = sender.open_approval(draft(stage(Mode.ANY, "lead", "qa")), may_exist=False).ref
    dingtalk.decide(ref, "transfer", "lead", to="ops")
    dingtalk.decide(ref, "approve", "ops", comment="fine 好的")

    events = inbound.wait(8)

    assert [(one.kind, one.vendor_status) for one in events] == [
        (EventKind.OPENED, "start"),
        (EventKind.TASK, "start"),
        (EventKind.TASK, "start"),
        (EventKind.TASK, "finish/redirect"),
        (EventKind.TASK, "start"),
        (EventKind.TASK, "finish/agree"),
        (EventKind.TASK, "cancel"),
        (EventKind.DECIDED, "finish/agree"),
    ]
    assert {one.provider_ref for one in events} == {ref}
    agreed = next(one.task for one in events if one.vendor_status == "finish/agree" and one.task)
    assert (agreed.person, agreed.status, agreed.comment) == (Identity("ops"), TaskStatus.APPROVED, "fine 好的")
    assert [one["status"] for one in dingtalk.settled(ref)] == ["delivered"] * 8


@pytest.mark.parametrize(
    "settings", [{"sealed_for_corp": 1}, {"older_event_form": 1}, {"signature_names": 1}, {"signature_names": 2}]
)
def test_other_forms_of_callbacks_are_opened_too(
    dingtalk: DingTalk, sender: Sender, inbound: Inbound, settings: dict[str, float]
):
    dingtalk.control("POST", "settings", settings)
    assert KIT.credentials["corp_id"] == CORP_ID

    ref = sender.open_approval(draft(), may_exist=False).ref
    dingtalk.decide(ref, "reject", "lead")

    events = inbound.wait(4)
    assert [one.vendor_status for one in events] == ["start", "start", "finish/refuse", "finish/refuse"]
    assert len({one.dedupe_key for one in events}) == 4


def test_a_redelivery_has_the_same_dedupe_key(dingtalk: DingTalk, sender: Sender, inbound: Inbound):
    dingtalk.control("POST", "faults", {"duplicate_callbacks": 1})

    sender.open_approval(draft(), may_exist=False)

    first, second, third = (one.dedupe_key for one in inbound.wait(3))
    assert first == second != third


def test_withdrawn_and_deleted_are_told(gate: Gate, sender: Sender, inbound: Inbound):
    withdrawn = sender.open_approval(draft(number=1), may_exist=False).ref
    deleted = sender.open_approval(draft(number=2), may_exist=False).ref
    gate.later(16)
    sender.withdraw(sender.read_truth(withdrawn), "expired")
    gate.dingtalk.decide(deleted, "delete")

    told_of = {(one.provider_ref, one.vendor_status, one.kind) for one in inbound.wait(8)}

    assert (withdrawn, "terminate", EventKind.DECIDED) in told_of
    assert (deleted, "delete", EventKind.DECIDED) in told_of
    with pytest.raises(ProviderRejected):
        sender.read_truth(deleted)
