"""The promises, on the deployed template: forgeries, floods, races, broken policies, lost callbacks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from approval_gate.providers.feishu.callbacks import Receiver as FeishuReceiver
from approval_gate.providers.lark.callbacks import Receiver as LarkReceiver
from approval_gate.web import WebRequest
from local.engine.launcher import aws_session
from local.provision import NEW_CREDENTIALS
from local.stack import PROVIDERS
from tests.kits.dingtalk import DingTalkKit
from tests.kits.feishu import FeishuKit
from tests.kits.wecom import WecomKit

pytestmark = pytest.mark.stack

type Json = dict[str, Any]
type Eventually = Callable[..., Any]

KITS: dict[str, Callable[..., Any]] = {
    "feishu": lambda **credentials: FeishuKit("feishu", FeishuReceiver, **credentials),
    "lark": lambda **credentials: FeishuKit("lark", LarkReceiver, **credentials),
    "dingtalk": DingTalkKit,
    "wecom": WecomKit,
}
_FEISHU = "/open-apis/approval/v4/instances"
CREATE = {
    "feishu": _FEISHU,
    "lark": _FEISHU,
    "dingtalk": "/v1.0/workflow/processInstances",
    "wecom": "/cgi-bin/oa/applyevent",
}
READ = {
    "feishu": ("GET", _FEISHU),
    "lark": ("GET", _FEISHU),
    "dingtalk": ("GET", "/v1.0/workflow/processInstances"),
    "wecom": ("POST", "/cgi-bin/oa/getapprovaldetail"),
}
IDS = {"app_id", "app_key", "corp_id", "agent_id"}
CANNOT_WITHDRAW = {"wecom"}


@dataclass
class Site:
    """A freshly registered app on one platform, whose keys this test knows."""

    stack: Json
    provider: str
    http: httpx.Client
    app: str
    credentials: dict[str, str]
    callback_url: str
    eventually: Eventually

    @property
    def base(self) -> str:
        return str(self.stack["simulators"][self.provider]["base_url"])

    def kit(self, **changes: str) -> Any:
        kit = KITS[self.provider](**(self.credentials | changes))
        kit.now = datetime.now(UTC)
        return kit

    def who(self, name: str) -> Json:
        """Name a person as this platform can look them up."""
        return {"email": f"{name}@example.com"} if self.provider in {"feishu", "lark"} else {"user_id": name}

    def gate(self, method: str, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        token = {"authorization": f"Bearer {self.stack['pipeline_token']}"}
        return self.http.request(method, self.stack["api_url"] + path, json=body, headers=token | headers)

    def request(self, **changes: Any) -> Json:
        asked = {
            "app": self.app,
            "title": f"Deploy web 1.42.0 for {self.app}",
            "requester": self.who("dev"),
            "stages": [{"mode": "all", "approvers": [self.who("lead")]}],
        }
        return asked | changes

    def opened(self, **changes: Any) -> Json:
        created = self.gate("POST", "/v1/approvals", self.request(**changes))
        assert created.status_code == 201, created.text
        return self.seen(created.json()["id"], lambda seen: seen["provider_ref"] or seen["outcome"])

    def seen(self, approval_id: str, is_right: Callable[[Json], object], patience_s: float = 20) -> Json:
        seen: Json = self.eventually(lambda: self.approval(approval_id), lambda seen: bool(is_right(seen)), patience_s)
        assert is_right(seen), seen
        return seen

    def decided(self, approval: Json, patience_s: float = 20) -> Json:
        return self.seen(approval["id"], lambda seen: seen["outcome"], patience_s)

    def approval(self, approval_id: str) -> Json:
        read: Json = self.gate("GET", f"/v1/approvals/{approval_id}").json()
        return read

    def history(self, approval: Json) -> list[Json]:
        read: list[Json] = self.gate("GET", f"/v1/approvals/{approval['id']}/history").json()["entries"]
        return read

    def sim(self, method: str, path: str, body: Any = None) -> Json:
        answer = self.http.request(method, f"{self.base}/_sim{path}", json=body)
        assert answer.is_success, answer.text
        read: Json = answer.json()
        return read

    def decide(self, approval: Json, decision: str, user_id: str = "lead", **more: str) -> None:
        body = {"user_id": user_id, "decision": decision, **more}
        self.sim("POST", f"/approvals/{approval['provider_ref']}/decide", body)

    def deliver(self, request: WebRequest) -> int:
        answer = self.http.post(
            self.callback_url, content=request.body, headers=dict(request.headers), params=dict(request.query)
        )
        return answer.status_code

    def execution(self, approval: Json) -> Json:
        states = aws_session().client("stepfunctions", endpoint_url=self.stack["aws_endpoint"])
        arn = self.stack["state_machine_arn"].replace(":stateMachine:", ":execution:") + f":{approval['id']}"
        described: Json = self.eventually(
            lambda: states.describe_execution(executionArn=arn), lambda seen: seen["status"] != "RUNNING", 20
        )
        return described


def register(stack: Json, provider: str, http: httpx.Client, eventually: Eventually) -> Site:
    base = stack["simulators"][provider]["base_url"]
    credentials = NEW_CREDENTIALS[provider]()
    app = f"test-{secrets.token_hex(4)}"
    assert http.post(f"{base}/_sim/apps", json=credentials).is_success
    registered = http.post(
        f"{stack['api_url']}/v1/apps",
        json={"id": app, "provider": provider, "credentials": credentials, "base_url": base},
        headers={"authorization": f"Bearer {stack['admin_token']}"},
    )
    assert registered.status_code == 201, registered.text
    url = registered.json()["callback_url"]
    saved = eventually(
        lambda: http.post(f"{base}/_sim/apps", json=credentials | {"request_url": url}),
        lambda answer: answer.is_success,
    )
    assert saved.is_success, saved.text
    return Site(stack, provider, http, app, credentials, url, eventually)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(params=PROVIDERS)
def site(request: pytest.FixtureRequest, stack: Json, http: httpx.Client, eventually: Eventually) -> Iterator[Site]:
    made = register(stack, request.param, http, eventually)
    yield made
    http.delete(f"{made.base}/_sim/faults")


def test_a_forged_callback_never_changes_an_outcome(site: Site) -> None:
    approval = site.opened()
    kit = site.kit()
    true_looking = kit.approve(approval["provider_ref"])
    others = NEW_CREDENTIALS[site.provider]()
    wrong_keys = site.kit(**{name: value for name, value in others.items() if name not in IDS})

    refused = [site.deliver(wrong_keys.approve(approval["provider_ref"])), site.deliver(kit.altered(true_looking))]
    refused.append(site.deliver(kit.unsigned(true_looking)))
    accepted = site.deliver(true_looking)  # the right keys, but the platform still shows the approval as pending

    assert (refused, accepted) == ([401, 401, 401], 200)
    site.eventually(
        lambda: site.history(approval), lambda seen: any(e["kind"] == "event_not_confirmed" for e in seen), 20
    )
    assert site.approval(approval["id"])["status"] == "PENDING"
    site.decide(approval, "reject", comment="no")
    assert site.decided(approval)["status"] == "REJECTED"


def test_the_same_callback_twenty_times_at_once_gives_one_outcome_and_one_resume(site: Site) -> None:
    approval = site.opened()
    site.sim("POST", "/faults", {"drop_callbacks": 10})
    site.decide(approval, "approve")
    request = site.kit().approve(approval["provider_ref"])

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: site.deliver(request), range(20)))

    assert answers == [200] * 20
    assert site.decided(approval)["outcome"]["source"] == "callback"
    assert site.execution(approval)["status"] == "SUCCEEDED"
    assert [entry["kind"] for entry in site.history(approval)].count("decided") == 1
    journal = _journal(site, approval)
    assert sum('"kind":"decided"' in entry for entry in journal) == 1


def test_one_key_and_body_twenty_times_at_once_make_one_approval(site: Site) -> None:
    key = secrets.token_hex(8)

    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(
                lambda _: site.gate("POST", "/v1/approvals", site.request(), **{"idempotency-key": key}), range(20)
            )
        )

    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    (approval_id,) = {answer.json()["id"] for answer in answers}
    site.seen(approval_id, lambda seen: seen["provider_ref"])
    opened = [each for each in site.sim("GET", "/approvals")["approvals"] if approval_id in str(each)]
    assert len(opened) <= 1


def test_an_automatically_passed_task_does_not_open_the_gate(site: Site) -> None:
    person = f"robot-{secrets.token_hex(3)}"
    site.sim("POST", "/people", {"people": [{"user_id": person, "name": "Auto", "auto_pass": True}]})

    approval = site.opened(stages=[{"mode": "all", "approvers": [{"user_id": person}]}])

    outcome = site.decided(approval)["outcome"]
    assert (outcome["status"], outcome["reason"]) == ("REJECTED", "policy_violation")
    assert "passed by nobody" in outcome["detail"]["en"]


def test_the_requesters_own_approval_does_not_open_the_gate(site: Site) -> None:
    approval = site.opened(stages=[{"mode": "any", "approvers": [site.who("dev")]}])
    site.decide(approval, "approve", "dev")

    outcome = site.decided(approval)["outcome"]

    assert (outcome["status"], outcome["reason"]) == ("REJECTED", "policy_violation")
    assert "requester" in outcome["detail"]["en"]


@pytest.mark.parametrize(("allowed", "status"), [(False, "REJECTED"), (True, "APPROVED")])
def test_a_transferred_task_counts_only_where_the_request_allows_it(site: Site, allowed: bool, status: str) -> None:
    approval = site.opened(policy={"allow_transfer": allowed})
    site.decide(approval, "transfer", to="ops")
    site.decide(approval, "approve", "ops")

    outcome = site.decided(approval)["outcome"]

    assert outcome["status"] == status
    assert outcome["reason"] == ("approved" if allowed else "policy_violation")


def test_stages_run_in_order_and_everyone_is_named(site: Site) -> None:
    approval = site.opened(
        stages=[
            {"mode": "all", "approvers": [site.who("lead"), site.who("qa")]},
            {"mode": "any", "approvers": [site.who("ops"), site.who("oncall")]},
            {"mode": "sequence", "approvers": [site.who("qa"), site.who("release")]},
        ],
        cc=[site.who("oncall")],
    )
    for person in ("lead", "qa", "ops", "qa", "release"):
        site.decide(approval, "approve", person, comment=f"{person} 同意")

    seen = site.decided(approval)

    assert seen["status"] == "APPROVED"
    assert [stage["status"] for stage in seen["stages"]] == ["APPROVED"] * 3
    assert len(seen["outcome"]["decided_by"]) == 4
    comments = [task["comment"] for stage in seen["stages"] for task in stage["tasks"]]
    assert "lead 同意" in comments


def test_an_unknown_person_fails_the_approval_and_is_named(site: Site) -> None:
    approval = site.opened(stages=[{"mode": "all", "approvers": [{"email": "nobody@example.com"}]}])

    assert approval["status"] == "FAILED"
    for word in ("nobody@example.com", "stages[0].approvers[0].email"):
        assert word in approval["outcome"]["reason"]
    assert site.execution(approval)["status"] == "SUCCEEDED"


def test_a_canceled_approval_is_withdrawn_on_the_platform(site: Site) -> None:
    approval = site.opened(fail_unless_approved=True)

    canceled = site.gate("POST", f"/v1/approvals/{approval['id']}/cancel", {"reason": "superseded"})

    assert canceled.json()["status"] == "CANCELED"
    execution = site.execution(approval)
    assert (execution["status"], execution["error"]) == ("FAILED", "Approval.Canceled")
    shown = site.sim("GET", f"/approvals/{approval['provider_ref']}")
    if site.provider in CANNOT_WITHDRAW:
        concluded = site.seen(approval["id"], lambda seen: seen["outcome"]["still_open_at_provider"])
        assert (shown["status"], concluded["status"]) == ("pending", "CANCELED")
    else:
        assert shown["status"] == "canceled"
    assert any(entry["kind"] == "withdrawal" for entry in site.history(approval))


def test_an_outage_while_confirming_delays_the_outcome_and_loses_nothing(site: Site) -> None:
    approval = site.opened()
    method, path = READ[site.provider]
    site.sim(
        "POST",
        "/faults",
        {"path": path, "method": method, "times": 2, "status": 503, "body": "<html>"},
    )

    site.decide(approval, "approve")

    seen = site.decided(approval, 40)
    assert (seen["status"], seen["outcome"]["source"]) == ("APPROVED", "callback")


WITHOUT_CALLBACKS = "lark"
"""Here the app says that it gets none: it is asked out of its budget."""


@dataclass
class Patience:
    """What takes a minute or more on one platform; begun on all platforms at once."""

    site: Site
    unanswered: str
    lost: Json
    silent: Json


@pytest.fixture(scope="module")
def minute(stack: Json) -> Iterator[dict[str, Patience]]:
    """Begin, on each platform: a creation whose answer is lost, a click whose callbacks are lost, and silence."""
    with httpx.Client(timeout=30, trust_env=False) as http:
        begun = {}
        for provider in PROVIDERS:
            site = register(stack, provider, http, _eventually)
            if provider == WITHOUT_CALLBACKS:
                admin = {"authorization": f"Bearer {stack['admin_token']}"}
                app = f"{stack['api_url']}/v1/apps/{site.app}"
                assert http.put(app, json={"callbacks": "none"}, headers=admin).json()["callbacks"] == "none"
            site.sim("POST", "/faults", {"drop_callbacks": True})
            lost, silent = site.opened(timeout_s=60), site.opened(timeout_s=60)
            site.decide(lost, "approve")
            fault = {"path": CREATE[provider], "method": "POST", "times": 1, "status": 502, "executed": True}
            site.sim("POST", "/faults", fault)
            unanswered = site.gate("POST", "/v1/approvals", site.request()).json()["id"]
            begun[provider] = Patience(site, unanswered, lost, silent)
        yield begun
        for patience in begun.values():
            patience.site.sim("DELETE", "/faults")


def _eventually(look: Callable[[], Any], is_right: Callable[[Any], bool], patience_s: float = 10.0) -> Any:
    deadline = time.monotonic() + patience_s
    while not is_right(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen


@pytest.mark.parametrize("provider", PROVIDERS)
def test_lost_callbacks_are_made_up_for_before_expiry(minute: dict[str, Patience], provider: str) -> None:
    site, lost = minute[provider].site, minute[provider].lost

    adopted = site.decided(lost, 90)

    assert (adopted["status"], adopted["outcome"]["source"]) == ("APPROVED", "reconciliation")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_silence_expires_and_is_closed_on_the_platform(minute: dict[str, Patience], provider: str) -> None:
    site, silent = minute[provider].site, minute[provider].silent

    expired = site.decided(silent, 90)

    assert (expired["status"], expired["outcome"]["source"]) == ("EXPIRED", "timeout")
    assert site.execution(silent)["status"] == "SUCCEEDED"
    shown = site.sim("GET", f"/approvals/{silent['provider_ref']}")
    if provider in CANNOT_WITHDRAW:
        assert site.approval(silent["id"])["outcome"]["still_open_at_provider"]
    else:
        assert shown["status"] == "canceled"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_lost_answer_of_create_makes_no_second_approval(minute: dict[str, Patience], provider: str) -> None:
    site = minute[provider].site

    approval = site.seen(minute[provider].unanswered, lambda seen: seen["provider_ref"] or seen["outcome"], 180)

    assert approval["provider_ref"], approval["outcome"]
    mine = [each for each in site.sim("GET", "/approvals")["approvals"] if site.app in str(each)]
    assert len(mine) == 3


def _journal(site: Site, approval: Json) -> list[str]:
    dynamodb = aws_session().client("dynamodb", endpoint_url=site.stack["aws_endpoint"])
    partition = f"REF#{site.provider}#{site.stack['tenant']}#{site.app}#{approval['provider_ref']}"
    items = dynamodb.query(
        TableName=site.stack["table"],
        KeyConditionExpression="PK = :pk AND begins_with(SK, :event)",
        ExpressionAttributeValues={":pk": {"S": partition}, ":event": {"S": "EVENT#"}},
    )["Items"]
    return [item["event"]["S"] for item in items]
