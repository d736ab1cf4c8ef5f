"""The approvals API as API Gateway calls it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.approval import Reminders
from approval_gate.entrypoints.api import build_resolver, caller_in
from approval_gate.entrypoints.approvals import ApprovalsApi
from approval_gate.errors import Unauthenticated
from approval_gate.ports.webhooks import WebhookSecret
from approval_gate.services.create import Creator
from approval_gate.store.webhook_secrets import DynamoWebhookSecrets
from approval_gate.webhooks.admission import CallbackAdmission
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import START, World, event
from tests.functions.api_events import LambdaContext, api_event

type Call = Callable[..., tuple[int, dict[str, Any], dict[str, Any]]]

ASKED: dict[str, Any] = {
    "app": "prod",
    "title": "Deploy web 1.42.0",
    "stages": [{"mode": "all", "approvers": [{"email": "lead@example.com"}]}],
}


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)


def _resolver(world: World) -> Any:
    drawn = iter(range(1, 100))
    creator = Creator(
        world.approvals,
        world.apps,
        world.workflow,
        world.clock,
        lambda count: next(drawn).to_bytes(count, "big"),
        CallbackAdmission(DynamoWebhookSecrets(world.client, TABLE, world.clock)),
    )
    return build_resolver(Logger(), ApprovalsApi(world.approvals, world.workflow, creator, world.clock))


@pytest.fixture
def call(world: World) -> Call:
    api = _resolver(world)

    def send(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any], dict[str, Any]]:
        answer = api.resolve(api_event(method, path, body, **more), LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    return send


def rows(world: World) -> int:
    return int(world.client.scan(TableName="approvals", Select="COUNT")["Count"])


def test_an_approval_is_accepted_and_its_execution_started(call: Call, world: World) -> None:
    status, body, headers = call("POST", "/v1/approvals", ASKED)

    assert (status, body["status"], body["outcome"], headers["Retry-After"]) == (201, "PENDING", None, "5")
    assert world.workflow.started == [body["id"]]
    assert world.platform.calls == []


def test_an_approval_can_be_read_with_its_people_and_outcome(call: Call, world: World) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)
    world.submitter.submit(world.stored(created["id"]))
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    status, body, headers = call("GET", f"/v1/approvals/{created['id']}")

    assert (status, body["status"], body["provider_ref"]) == (200, "APPROVED", "REF-1")
    assert "Retry-After" not in headers
    assert body["poll_after_s"] is None
    (task,) = body["stages"][0]["tasks"]
    assert task["approver"] == {"user_id": "ou_lead", "name": "Lead"}
    assert (task["status"], task["comment"]) == ("APPROVED", "ok")
    assert body["stages"][0]["status"] == "APPROVED"
    assert body["outcome"]["decided_by"][0]["user_id"] == "ou_lead"
    assert body["outcome"]["source"] == "callback"


def test_the_same_key_and_body_give_the_first_approval_again(call: Call, world: World) -> None:
    first, again = (call("POST", "/v1/approvals", ASKED, headers={"idempotency-key": "run-42"}) for _ in range(2))

    assert (first[0], again[0]) == (201, 200)
    assert first[1]["id"] == again[1]["id"]
    assert world.workflow.started == [first[1]["id"]]


def test_the_same_key_with_another_body_is_refused(call: Call) -> None:
    call("POST", "/v1/approvals", ASKED, headers={"idempotency-key": "run-42"})

    status, body, _ = call("POST", "/v1/approvals", {**ASKED, "title": "Other"}, headers={"idempotency-key": "run-42"})

    assert (status, body["code"]) == (409, "idempotency_mismatch")


def test_one_tenants_key_is_not_anothers(call: Call, world: World) -> None:
    world.register("other", "prod")
    first, other = (
        call("POST", "/v1/approvals", ASKED, tenant=tenant, headers={"idempotency-key": "k"})
        for tenant in ("acme", "other")
    )

    assert (first[0], other[0]) == (201, 201)
    assert first[1]["id"] != other[1]["id"]


def test_another_tenants_app_is_unknown_here(call: Call, world: World) -> None:
    world.register("other", "theirs")

    status, body, _ = call("POST", "/v1/approvals", {**ASKED, "app": "theirs"})

    assert (status, body["code"]) == (400, "unknown_app")


PERSON = {"email": "lead@example.com"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"aprovers": []}, "aprovers"),
        ({"app": "nowhere"}, "app"),
        ({"app": "#"}, "app"),
        ({"stages": [{"mode": "all", "approvers": [PERSON]}] * 21}, "stages"),
        ({"stages": []}, "stages"),
        ({"stages": [{"mode": "all", "approvers": []}]}, "stages[0].approvers"),
        ({"stages": [{"mode": "all", "approvers": [PERSON] * 21}]}, "stages[0].approvers"),
        ({"stages": [{"mode": "most", "approvers": [PERSON]}]}, "stages[0].mode"),
        (
            {"stages": [{"mode": "all", "approvers": [{"email": "x@y", "mobile": "+8613800000000"}]}]},
            "stages[0].approvers[0]",
        ),
        ({"stages": [{"mode": "all", "approvers": [{"email": "nonsense"}]}]}, "stages[0].approvers[0].email"),
        ({"stages": [{"mode": "all", "approvers": [{"emial": "x@y"}]}]}, "stages[0].approvers[0].emial"),
        ({"timeout_s": 59}, "timeout_s"),
        ({"timeout_s": 2_592_001}, "timeout_s"),
        ({"timeout_s": "3600"}, "timeout_s"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"description": "x" * 4001}, "description"),
        ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "links[0].url"),
        ({"fields": [{"name": "n", "value": "v"}] * 51}, "fields"),
        ({"metadata": {str(n): "v" for n in range(21)}}, "metadata"),
        ({"policy": {"allow_auto_pass": "yes"}}, "policy.allow_auto_pass"),
        ({"policy": {"allow_anything": True}}, "policy.allow_anything"),
        ({"callback": {"url": "ftp://ci.example.com"}}, "callback.url"),
        ({"callback": {}}, "callback.url"),
        ({"reminders": {"first_after_s": 0}}, "reminders.first_after_s"),
        ({"reminders": {"first_after_s": 60, "every_s": 60}}, "reminders.every_s"),
        ({"reminders": {"first_after_s": 60, "max": 21}}, "reminders.max"),
        ({"escalation": {"after_s": 60, "notify": []}}, "escalation.notify"),
        ({"escalation": {"after_s": 60, "notify": [{"group": "oncall"}]}}, "escalation"),
        ({"supersede_key": "x" * 256}, "supersede_key"),
        ({"notify": [{"app": "prod", "to": [{"chat": "oc_1"}], "on": []}]}, "notify[0].on"),
        ({"notify": [{"app": "prod", "to": [{"chat": "oc_1"}], "on": ["decided"]}]}, "notify[0].on[0]"),
        ({"notify": [{"app": "prod", "to": [{"chat": "oc_1", "email": "x@y"}], "on": ["pending"]}]}, "notify[0].to[0]"),
        ({"notify": [{"app": "prod", "to": [{"everyone": False}], "on": ["pending"]}]}, "notify[0].to[0].everyone"),
        ({"notify": [{"app": "nowhere", "to": [{"chat": "oc_1"}], "on": ["pending"]}]}, "notify[0].app"),
    ],
)
def test_a_bad_request_is_told_what_to_change_and_creates_nothing(
    call: Call, world: World, change: dict[str, Any], field: str
) -> None:
    before = rows(world)

    status, body, headers = call("POST", "/v1/approvals", {**ASKED, **change})

    assert status == 400
    assert headers["Content-Type"] == "application/problem+json"
    assert body["errors"][0]["field"] == field
    assert body["detail"]
    assert rows(world) == before
    assert world.workflow.started == []


def test_a_body_that_is_no_json_is_told_so(call: Call) -> None:
    status, body, _ = call("POST", "/v1/approvals", "{")

    assert status == 400
    assert "not valid JSON" in body["detail"]


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "1", ""])
def test_a_body_that_is_no_object_is_refused(call: Call, body: str) -> None:
    status, answer, _ = call("POST", "/v1/approvals", body, headers={"idempotency-key": "k"})

    assert (status, answer["status"]) == (400, 400)


def test_a_stranger_is_told_to_send_a_token(call: Call) -> None:
    for method, path in (("POST", "/v1/approvals"), ("GET", "/v1/approvals/apr_1"), ("GET", "/v1/nothing")):
        status, body, headers = call(method, path, ASKED, tenant=None)

        assert (status, body["code"]) == (401, "unauthenticated")
        assert headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_without_the_scope_is_refused(call: Call) -> None:
    status, body, _ = call("POST", "/v1/approvals", ASKED, scopes="approvals:read")

    assert (status, body["code"]) == (403, "forbidden")
    assert "approvals:write" in body["detail"]


def test_another_tenants_approval_does_not_exist(call: Call) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)

    answers = [
        call("GET", f"/v1/approvals/{created['id']}", tenant="other"),
        call("GET", f"/v1/approvals/{created['id']}/history", tenant="other"),
        call("POST", f"/v1/approvals/{created['id']}/cancel", {}, tenant="other"),
    ]

    assert [(status, body["code"]) for status, body, _ in answers] == [(404, "approval_not_found")] * 3


def test_an_approval_can_be_canceled_once(call: Call) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)

    first, second = (call("POST", f"/v1/approvals/{created['id']}/cancel", {"reason": "superseded"}) for _ in range(2))

    assert (first[0], first[1]["status"], first[1]["outcome"]["comment"]) == (200, "CANCELED", "superseded")
    assert (second[0], second[1]["code"], second[1]["approval"]["status"]) == (409, "already_decided", "CANCELED")


def test_the_history_tells_who_asked_and_who_canceled(call: Call) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)
    call("POST", f"/v1/approvals/{created['id']}/cancel", {"reason": "superseded"})

    _, body, _ = call("GET", f"/v1/approvals/{created['id']}/history")

    assert [(e["seq"], e["kind"], e["by"]) for e in body["entries"]] == [(1, "requested", "ci"), (2, "decided", "ci")]


STRANGE_BODIES = {
    "nested": "[" * 200_000,
    "nested objects": '{"a":' * 200_000,
    "a number without end": json.dumps(ASKED)[:-1] + ', "timeout_s": ' + "9" * 5000 + "}",
    "NaN": json.dumps(ASKED)[:-1] + ', "timeout_s": NaN}',
    "a name twice": json.dumps(ASKED)[:-1] + ', "stages": [{"mode": "any", "approvers": [{"user_id": "ou_me"}]}]}',
    "half a character": json.dumps({**ASKED, "title": "\ud800"}),
    "no object": "[]",
}


@pytest.mark.parametrize("body", STRANGE_BODIES.values(), ids=STRANGE_BODIES)
def test_a_body_that_is_no_request_is_refused_and_stored_nowhere(call: Call, world: World, body: str) -> None:
    before = rows(world)

    status, answer, _ = call("POST", "/v1/approvals", body)

    assert (status, answer["code"]) == (400, "invalid_request")
    assert rows(world) == before


@pytest.mark.parametrize("turned", ["\u202a", "\u202d", "\u202e", "\u2066", "\u2067", "\u2069"])
@pytest.mark.parametrize("field", ["title", "description"])
def test_text_that_reads_otherwise_than_it_is_written_is_refused(call: Call, field: str, turned: str) -> None:
    status, answer, _ = call("POST", "/v1/approvals", {**ASKED, field: f"Deploy to {turned}gnigats"})

    assert (status, answer["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize("break_", ["\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_title_is_one_line_whatever_ends_lines(call: Call, break_: str) -> None:
    status, answer, _ = call("POST", "/v1/approvals", {**ASKED, "title": f"Deploy web{break_}Approved by: QA"})

    assert (status, answer["errors"][0]["field"]) == (400, "title")


def test_text_of_every_language_is_taken(call: Call) -> None:
    words = "发布 web 👩🏽\u200d💻 نشر\u200f הפצה déploiement"

    status, answer, _ = call("POST", "/v1/approvals", {**ASKED, "title": words, "description": f"{words}\n{words}"})

    assert (status, answer["title"]) == (201, words)


@pytest.mark.parametrize("body", STRANGE_BODIES.values(), ids=STRANGE_BODIES)
def test_a_stranger_is_refused_before_their_body_is_read(call: Call, body: str) -> None:
    status, answer, headers = call("POST", "/v1/approvals", body, tenant=None)

    assert (status, answer["code"]) == (401, "unauthenticated")
    assert headers["WWW-Authenticate"] == 'Bearer realm="approval-gate"'


@pytest.mark.parametrize("told", [None, {}, {"lambda": None}, {"lambda": {}}, {"lambda": {"tenant": "acme"}}])
def test_whoever_the_authorizer_does_not_know_is_a_stranger(told: Any) -> None:
    request = api_event("GET", "/v1/approvals")
    request["requestContext"]["authorizer"] = told

    with pytest.raises(Unauthenticated):
        caller_in(request)


def test_an_unknown_path_is_told_so(call: Call) -> None:
    status, body, _ = call("GET", "/v1/nothing")

    assert (status, body["code"]) == (404, "no_such_path")


def test_an_approval_without_requester_says_so(call: Call, world: World) -> None:
    app = world.apps.get("acme", "prod")
    assert app is not None
    world.apps.remove(app)
    world.apps.claim(type(app)(tenant="acme", id="prod", provider="fake", vendor_identity="x"))

    status, body, _ = call("POST", "/v1/approvals", ASKED)

    assert (status, body["code"]) == (400, "requester_required")


def listed(call: Call, query: str, **more: Any) -> tuple[list[str], str | None]:
    status, body, _ = call("GET", "/v1/approvals", query=query, **more)
    assert status == 200, body
    return [approval["id"] for approval in body["approvals"]], body["next_cursor"]


def test_approvals_are_listed_newest_first_page_by_page_without_gap_or_repetition(call: Call, world: World) -> None:
    made = []
    for number in range(7):
        made.append(call("POST", "/v1/approvals", ASKED)[1]["id"])
        if number % 2:
            call("POST", f"/v1/approvals/{made[-1]}/cancel", {})
        if number != 3:  # two of them are of the same moment
            world.clock.advance(1)

    pages, cursor = [], ""
    while True:
        page, following = listed(call, f"limit=2{cursor}")
        pages.append(page)
        if following is None:
            break
        cursor = f"&cursor={following}"

    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [each for page in pages for each in page] == made[::-1]


def test_approvals_are_listed_by_status_app_and_time(call: Call, world: World) -> None:
    world.register("acme", "second")
    old = call("POST", "/v1/approvals", ASKED)[1]["id"]
    moment = world.clock.now.isoformat().replace("+", "%2B")
    world.clock.advance(5)
    canceled = call("POST", "/v1/approvals", ASKED)[1]["id"]
    call("POST", f"/v1/approvals/{canceled}/cancel", {})
    other = call("POST", "/v1/approvals", {**ASKED, "app": "second"})[1]["id"]

    assert listed(call, "status=CANCELED")[0] == [canceled]
    assert listed(call, "app=second")[0] == [other]
    assert set(listed(call, f"created_after={moment}")[0]) == {canceled, other}
    assert old not in listed(call, f"created_after={moment}&limit=1")[0]
    assert listed(call, "limit=20", tenant="other")[0] == []


def test_approvals_are_listed_by_time_whatever_its_zone(call: Call, world: World) -> None:
    made = call("POST", "/v1/approvals", ASKED)[1]["id"]

    def since(moment: datetime) -> list[str]:
        return listed(call, f"created_after={quote(moment.astimezone(timezone(timedelta(hours=8))).isoformat())}")[0]

    assert since(world.clock.now - timedelta(hours=1)) == [made]
    assert since(world.clock.now + timedelta(hours=1)) == []


FIRST_HOURS, LAST_HOURS = "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"
FORGED = [base64.urlsafe_b64encode(f"{moment} apr_1".encode()).decode() for moment in (FIRST_HOURS, LAST_HOURS)]


@pytest.mark.parametrize(
    "query",
    [
        *("status=OPEN", "limit=0", "limit=101", "cursor=%25", "created_after=yesterday"),
        *(f"cursor={quote(each)}" for each in FORGED),
        *(f"created_after={quote(each)}" for each in (FIRST_HOURS, LAST_HOURS)),
    ],
)
def test_a_list_of_what_does_not_exist_is_told_so(call: Call, query: str) -> None:
    status, body, _ = call("GET", "/v1/approvals", query=query)

    assert (status, body["errors"][0]["field"]) == (400, query.split("=", maxsplit=1)[0])


def test_everything_the_contract_names_is_accepted_and_stored(call: Call, world: World) -> None:
    asked = {
        **ASKED,
        "reminders": {"first_after_s": 900, "repeat_every_s": 1800, "max": 3},
        "escalation": {"after_s": 2400, "notify": [{"email": "oncall@example.com"}]},
        "supersede_key": "web/production",
        "notify": [{"app": "prod", "to": [{"chat": "oc_1"}, {"everyone": True}], "on": ["pending", "approved"]}],
    }

    status, body, _ = call("POST", "/v1/approvals", asked)

    stored = world.stored(body["id"]).request
    assert status == 201
    assert (stored.reminders, stored.supersede_key) == (Reminders(900, 1800, 3), "web/production")
    assert stored.escalation is not None
    assert stored.escalation.notify[0].field == "escalation.notify[0].email"
    assert [one.kind.value for one in stored.notify[0].to] == ["chat", "everyone"]


def test_approvers_can_be_reminded_but_not_every_moment(call: Call, world: World) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)
    path = f"/v1/approvals/{created['id']}/remind"

    first, again = call("POST", path), call("POST", path)

    assert (first[0], first[1]["reminded_at"]) == (202, "2026-01-15T09:00:00Z")
    assert (again[0], again[1]["code"], again[2]["Retry-After"]) == (429, "reminded_already", "300")


def test_a_decided_approval_cannot_be_reminded_of(call: Call) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)
    call("POST", f"/v1/approvals/{created['id']}/cancel", {})

    status, body, _ = call("POST", f"/v1/approvals/{created['id']}/remind")

    assert (status, body["code"], body["approval"]["status"]) == (409, "already_decided", "CANCELED")


def test_another_tenants_approval_cannot_be_reminded_of(call: Call) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)

    assert call("POST", f"/v1/approvals/{created['id']}/remind", tenant="other")[0] == 404


def test_a_callback_address_needs_a_secret_to_sign_for_it_and_a_public_https_address(call: Call, world: World) -> None:
    def ask(url: str) -> tuple[int, str, str]:
        status, body, _ = call("POST", "/v1/approvals", {**ASKED, "callback": {"url": url}})
        return status, body.get("code", ""), body.get("errors", [{}])[0].get("field", "")

    assert ask("https://ci.example.com/hooks") == (400, "webhook_secret_required", "callback.url")
    one = WebhookSecret("whs_1", created_at=START)
    DynamoWebhookSecrets(world.client, TABLE, world.clock).write("acme", [one], 0)
    assert ask("https://ci.example.com/hooks")[0] == 201
    assert ask("http://ci.example.com/hooks")[0] == 400
    assert ask("https://169.254.169.254/latest") == (400, "endpoint_address_blocked", "callback.url")


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_is_json_whatever_it_is_declared_as(call: Call, declared: str) -> None:
    """`curl -d` declares a form."""
    status, body, _ = call("POST", "/v1/approvals", ASKED, headers={"content-type": declared})

    assert (status, body["title"]) == (201, ASKED["title"])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("a=b", "is not valid JSON: Expecting value, line 1, column 1"),
        ('{"app": NaN}', "is not valid JSON: NaN is not JSON"),
        ("[" * 50_000, "is not valid JSON: nested too deeply"),
        ("1" * 5_000, "is not valid JSON: a number is too long"),
        ("", "is required"),
        ("null", "is required"),
    ],
)
def test_a_body_that_cannot_be_read_is_the_senders_mistake(call: Call, body: str, problem: str) -> None:
    status, answer, _ = call("POST", "/v1/approvals", body, headers={"content-type": "text/plain"})

    assert (status, answer["errors"]) == (400, [{"field": "body", "problem": problem}])


def test_bytes_that_are_no_text_are_the_senders_mistake(world: World) -> None:
    event = api_event("POST", "/v1/approvals", "//4=") | {"isBase64Encoded": True}

    answer = _resolver(world).resolve(event, LambdaContext())

    problem = {"field": "body", "problem": "is not JSON in UTF-8"}
    assert (answer["statusCode"], json.loads(answer["body"])["errors"]) == (400, [problem])


def test_a_field_that_is_given_twice_is_refused(call: Call, world: World) -> None:
    """One of the two lists of approvers would silently be none."""
    stages = json.dumps(ASKED["stages"])
    before = rows(world)

    status, body, _ = call(
        "POST", "/v1/approvals", f'{{"app": "prod", "title": "T", "stages": {stages}, "stages": []}}'
    )

    assert (status, body["errors"]) == (400, [{"field": "stages", "problem": "is given twice"}])
    assert rows(world) == before


def test_an_approval_is_canceled_without_a_body(call: Call) -> None:
    _, created, _ = call("POST", "/v1/approvals", ASKED)

    status, body, _ = call("POST", f"/v1/approvals/{created['id']}/cancel", None)

    assert (status, body["status"], body["outcome"]["comment"]) == (200, "CANCELED", "")
