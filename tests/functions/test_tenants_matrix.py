"""
Nothing of one tenant can be read, changed, guessed or timed by another: every route × tenants × scopes.

The routes are the template's, the handlers the real ones. A new route without an entry in `OPENED_BY` fails the first
test here. "Timed" is held by counting: an id of another tenant costs the same calls, in the same order, as one that
nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pytest

from approval_gate.domain.access import OPERATOR_SCOPE, SCOPES
from approval_gate.store.endpoints import DynamoEndpoints
from cli.bootstrap import issue_token
from tests.fakes.aws import TABLE
from tests.fakes.gateway import Answer, Gateway, Route, gateway, routes
from tests.kits import all_kits

APPROVE = {"approvals:write"}
WATCH = {"approvals:read", "approvals:write"}
ADMIN = {"apps:admin"}
PICK = {"apps:admin", "approvals:write", "notifications:write"}
NOTIFY = {"notifications:write"}
TOKENS = {"tokens:admin", OPERATOR_SCOPE}
OPERATE = {OPERATOR_SCOPE}

OPENED_BY: dict[tuple[str, str], set[str]] = {
    ("POST", "/v1/approvals"): APPROVE,
    ("GET", "/v1/approvals"): WATCH,
    ("GET", "/v1/approvals/{id}"): WATCH,
    ("GET", "/v1/approvals/{id}/history"): WATCH,
    ("POST", "/v1/approvals/{id}/cancel"): APPROVE,
    ("POST", "/v1/approvals/{id}/remind"): APPROVE,
    ("POST", "/v1/apps"): ADMIN,
    ("GET", "/v1/apps"): ADMIN,
    ("GET", "/v1/apps/{app}"): ADMIN,
    ("PUT", "/v1/apps/{app}"): ADMIN,
    ("DELETE", "/v1/apps/{app}"): ADMIN,
    ("POST", "/v1/apps/{app}/check"): ADMIN,
    ("POST", "/v1/apps/{app}/contacts/sync"): ADMIN,
    ("GET", "/v1/apps/{app}/contacts/sync"): ADMIN,
    ("GET", "/v1/apps/{app}/contacts/users"): PICK,
    ("GET", "/v1/apps/{app}/contacts/departments"): PICK,
    ("GET", "/v1/apps/{app}/chats"): PICK,
    ("POST", "/v1/webhook-secrets"): ADMIN,
    ("GET", "/v1/webhook-secrets"): ADMIN,
    ("DELETE", "/v1/webhook-secrets/{secret}"): ADMIN,
    ("GET", "/v1/webhook-endpoints"): ADMIN,
    ("POST", "/v1/webhook-endpoints/{endpoint}/enable"): ADMIN,
    ("POST", "/v1/notifications"): NOTIFY,
    ("GET", "/v1/notifications/{id}"): NOTIFY | {"approvals:read"},
    ("GET", "/v1/templates"): NOTIFY | {"approvals:read"},
    ("PUT", "/v1/templates/{name}"): NOTIFY,
    ("GET", "/v1/templates/{name}"): NOTIFY | {"approvals:read"},
    ("DELETE", "/v1/templates/{name}"): NOTIFY,
    ("POST", "/sys/thirdApp/sendMessageTest"): NOTIFY,
    ("POST", "/v1/tokens"): TOKENS,
    ("GET", "/v1/tokens"): TOKENS,
    ("DELETE", "/v1/tokens/{token}"): TOKENS,
    ("POST", "/v1/tenants"): OPERATE,
    ("GET", "/v1/tenants"): OPERATE,
    ("GET", "/v1/tenants/{tenant}"): OPERATE,
    ("DELETE", "/v1/tenants/{tenant}"): OPERATE,
}
"""Which scopes open a route; any one of them does."""

NOT_ANOTHERS = {("PUT", "/v1/templates/{name}")}
"""These make what they name: in the caller's own tenant, whatever others call theirs."""

APP = {
    "id": "prod",
    "provider": "feishu",
    "credentials": {"app_id": "cli_matrix0123456789", "app_secret": "matrix-app-secret", "encrypt_key": "matrix-key-1"},
    "default_requester": {"user_id": "ou_9"},
}
APPROVAL = {"app": "prod", "title": "T", "stages": [{"mode": "all", "approvers": [{"user_id": "ou_1"}]}]}
MESSAGE = {"app": "prod", "to": [{"user_id": "ou_1"}], "message": {"title": "T", "text": "t"}}
TEMPLATE = {"title": "T", "text": "{{ x }}", "variables": ["x"]}
BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "/v1/approvals"): APPROVAL,
    ("POST", "/v1/approvals/{id}/cancel"): {"reason": "r"},
    ("POST", "/v1/apps"): {
        **APP,
        "id": "second",
        "credentials": {"app_id": "cli_matrixsecond", "app_secret": "second-app-secret"},
    },
    ("PUT", "/v1/apps/{app}"): {"name": "N"},
    ("POST", "/v1/notifications"): MESSAGE,
    ("PUT", "/v1/templates/{name}"): TEMPLATE,
    ("POST", "/sys/thirdApp/sendMessageTest"): {"app": "prod", "receiver": "ou_1", "content": "c"},
    ("POST", "/v1/tokens"): {"name": "n", "scopes": ["tokens:admin"]},
    ("POST", "/v1/tenants"): {"id": "new"},
    ("POST", "/v1/webhook-secrets"): {},
}
CLOSED = [route for route in routes() if not route.is_open]
NAMING = [
    route
    for route in CLOSED
    if "{" in route.path
    and OPENED_BY.get((route.method, route.path)) != OPERATE
    and (route.method, route.path) not in NOT_ANOTHERS
]
LISTS = [
    route
    for route in CLOSED
    if route.method == "GET" and "{" not in route.path and OPENED_BY.get((route.method, route.path)) != OPERATE
]
OPEN = [route for route in routes() if route.is_open]


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass
class Installation:
    """Tenant acme, which has one of everything, and tenant other, which has nothing."""

    gateway: Gateway
    _tokens: dict[tuple[str, frozenset[str]], str] = field(default_factory=dict)
    _made: dict[str, str] = field(default_factory=dict)

    def token(self, tenant: str, *scopes: str) -> str:
        key = (tenant, frozenset(scopes))
        if key not in self._tokens:
            self._tokens[key] = issue_token(
                self.gateway.table, TABLE, tenant=tenant, scopes=scopes, principal="p", now=datetime.now(UTC)
            )
        return self._tokens[key]

    def send(self, route: Route, token: str | None, made: str = "none-of-that-id") -> Answer:
        path = re.sub(r"\{\w+\}", made, route.path)
        return self.gateway.send(route.method, path, token=token, body=BODIES.get((route.method, route.path)))

    @cached_property
    def _own(self) -> str:
        token = self.token("acme", *SCOPES)
        assert self.gateway.send("POST", "/v1/apps", token=token, body=APP).status == 201
        return token

    def made(self, route: Route) -> str:
        """Make what the route names, once, in acme, and return its id."""
        collection = route.path[: route.path.index("/{")]
        if collection not in self._made:
            self._made[collection] = self._make(collection)
        return self._made[collection]

    def _make(self, collection: str) -> str:
        own = self._own
        if collection == "/v1/apps":
            return "prod"
        if collection == "/v1/webhook-endpoints":
            endpoints = DynamoEndpoints(self.gateway.table, TABLE)
            endpoints.failed("acme", "https://ci.example.com/hook", "timeout", datetime.now(UTC))
            (endpoint,) = self.gateway.send("GET", collection, token=own).json["endpoints"]
            return str(endpoint["id"])
        if collection == "/v1/templates":
            assert self.gateway.send("PUT", f"{collection}/theirs", token=own, body=TEMPLATE).status in {200, 201}
            return "theirs"
        answer = self.gateway.send("POST", collection, token=own, body=BODIES[("POST", collection)])
        assert answer.status in {201, 202}, answer.body
        return str(answer.json["id"])


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """One for all tests here, since wiring every function takes a second; each test adds to it and none takes away."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with gateway(monkeypatch) as opened:
            yield Installation(opened)


def test_every_route_stands_in_the_matrix() -> None:
    assert {(route.method, route.path) for route in CLOSED} == set(OPENED_BY)


@pytest.mark.parametrize("route", CLOSED, ids=name_of)
def test_without_a_token_every_route_gives_the_same_refusal(installation: Installation, route: Route) -> None:
    unknown = "agt_" + "A" * 43
    answers = [installation.send(route, token) for token in (None, unknown)]

    assert {(answer.status, answer.json["code"], answer.calls) for answer in answers} == {(401, "unauthenticated", ())}
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize("route", CLOSED, ids=name_of)
def test_only_its_scopes_open_a_route(installation: Installation, route: Route) -> None:
    opens = OPENED_BY[route.method, route.path]
    others = sorted(set(SCOPES) - opens)

    refused = [installation.send(route, installation.token("acme", scope)) for scope in others]
    together = installation.send(route, installation.token("acme", *others))
    let_in = [installation.send(route, installation.token("acme", scope)) for scope in sorted(opens)]

    assert {(answer.status, answer.json["code"]) for answer in [*refused, together]} == {(403, "forbidden")}
    assert {call for answer in refused for call in answer.calls} == set(), "refused before anything is looked up"
    assert not {401, 403} & {answer.status for answer in let_in if answer.json.get("code") != "scope_beyond_own"}


@pytest.mark.parametrize("route", CLOSED, ids=name_of)
@pytest.mark.parametrize("body", ["{", "{}", '{"no_such_field": 1}'])
def test_who_may_not_ask_is_told_so_before_what_is_wrong_with_the_body(
    installation: Installation, route: Route, body: str
) -> None:
    others = sorted(set(SCOPES) - OPENED_BY[route.method, route.path])
    path = re.sub(r"\{\w+\}", "x", route.path)

    stranger = installation.gateway.send(route.method, path, body=body)
    outside = installation.gateway.send(route.method, path, token=installation.token("acme", *others), body=body)

    assert [(answer.status, answer.json["code"]) for answer in (stranger, outside)] == [
        (401, "unauthenticated"),
        (403, "forbidden"),
    ]


@pytest.mark.parametrize("route", NAMING, ids=name_of)
def test_what_another_tenant_has_looks_like_what_nobody_has(installation: Installation, route: Route) -> None:
    theirs = installation.made(route)
    token = installation.token("other", *sorted(set(SCOPES) - OPERATE))

    foreign = installation.send(route, token, theirs)
    # As long as the other one and of the same kind, so that nothing but existence differs.
    nobodys = theirs[:-4] + "zzzz" if len(theirs) > 8 else theirs[::-1]
    unknown = installation.send(route, token, nobodys)

    assert (foreign.status, unknown.status) == (404, 404)
    assert foreign.body.replace(theirs, "ID") == unknown.body.replace(nobodys, "ID")
    assert foreign.headers == unknown.headers
    assert foreign.calls == unknown.calls


@pytest.mark.parametrize(
    ("route", "body"),
    [
        (("POST", "/v1/approvals"), APPROVAL),
        (("POST", "/v1/notifications"), MESSAGE),
        (("POST", "/sys/thirdApp/sendMessageTest"), BODIES["POST", "/sys/thirdApp/sendMessageTest"]),
    ],
    ids=str,
)
def test_an_app_of_another_tenant_named_in_a_body_looks_like_nobodys(
    installation: Installation, route: tuple[str, str], body: dict[str, Any]
) -> None:
    installation.made(next(each for each in NAMING if each.path == "/v1/apps/{app}"))
    token = installation.token("other", *sorted(set(SCOPES) - OPERATE))

    foreign = installation.gateway.send(*route, token=token, body={**body, "app": "prod"})
    unknown = installation.gateway.send(*route, token=token, body={**body, "app": "drop"})

    assert "There is no app 'prod'" in foreign.body
    assert foreign.body.replace("prod", "APP") == unknown.body.replace("drop", "APP")
    assert (foreign.status, foreign.headers, foreign.calls) == (unknown.status, unknown.headers, unknown.calls)


def test_an_idempotency_key_of_another_tenant_is_not_taken(installation: Installation) -> None:
    made: dict[str, str] = {}
    for tenant in ("acme", "third"):
        token = installation.token(tenant, *sorted(set(SCOPES) - OPERATE))
        app = {**APP, "id": "keyed", "credentials": {"app_id": f"cli_keyed{tenant}", "app_secret": "keyed-app-secret"}}
        assert installation.gateway.send("POST", "/v1/apps", token=token, body=app).status == 201
        answer = installation.gateway.send(
            "POST", "/v1/approvals", token=token, body={**APPROVAL, "app": "keyed"}, headers={"idempotency-key": "42"}
        )
        assert answer.status == 201, answer.body
        made[tenant] = answer.json["id"]

    assert made["acme"] != made["third"]


@pytest.mark.parametrize("route", LISTS, ids=name_of)
def test_a_list_holds_nothing_of_others(installation: Installation, route: Route) -> None:
    for each in NAMING:
        installation.made(each)

    answer = installation.send(route, installation.token("other", *sorted(set(SCOPES) - OPERATE)))

    assert answer.status == 200
    listed = next(value for value in answer.json.values() if isinstance(value, list))
    assert {each.get("tenant", "") for each in listed} == ({"other"} if route.path == "/v1/tokens" else set())
    assert "acme" not in answer.body


def test_a_tenants_administrator_neither_makes_tenants_nor_reaches_tokens_of_others(installation: Installation) -> None:
    admin = installation.token("acme", *sorted(set(SCOPES) - OPERATE))
    installation.token("other", "approvals:read")

    def refused(method: str, path: str, body: Any = None, query: str = "") -> tuple[int, str]:
        answer = installation.gateway.send(method, path, token=admin, body=body, query=query)
        return answer.status, answer.body

    for_others = {"name": "n", "scopes": ["approvals:read"], "tenant": "other"}
    there = refused("POST", "/v1/tokens", for_others)
    assert there == refused("POST", "/v1/tokens", {**for_others, "tenant": "nowhere"})
    assert there[0] == 403
    assert refused("GET", "/v1/tokens", query="tenant=other") == refused("GET", "/v1/tokens", query="tenant=nowhere")
    assert refused("GET", "/v1/tenants/other") == refused("GET", "/v1/tenants/nowhere")
    assert refused("DELETE", "/v1/tenants/other") == refused("DELETE", "/v1/tenants/nowhere")
    assert refused("POST", "/v1/tenants", {"id": "other"}) == refused("POST", "/v1/tenants", {"id": "nowhere"})


@pytest.mark.parametrize("route", OPEN, ids=name_of)
def test_a_callback_does_not_tell_which_tenants_and_apps_there_are(installation: Installation, route: Route) -> None:
    """Registered, registered without callback keys, another tenant's, nobody's: the same refusal for the same calls."""
    kit: Any = next(kit for kit in all_kits() if kit.name == route.path.split("/")[2])
    own = installation.token("acme", *SCOPES)
    public = {"app_id", "app_key", "corp_id", "agent_id", "app_secret", "secret"}
    bare = {name: value for name, value in kit.credentials.items() if name in public}
    other_identity = {"wecom": {"agent_id": "1000777"}, "dingtalk": {"app_key": "dingmatrix"}}
    bare |= other_identity.get(kit.name, {"app_id": "cli_matrixbare"})
    ready, not_ready = f"{kit.name}-ready", f"{kit.name}-bare"
    for app_id, credentials in ((ready, kit.credentials), (not_ready, bare)):
        body = {"id": app_id, "provider": kit.name, "credentials": credentials}
        answer = installation.gateway.send("POST", "/v1/apps", token=own, body=body)
        assert answer.status == 201 or answer.json["code"] == "app_exists", answer.body

    def refusals(tenant: str, app: str) -> list[Answer]:
        path = route.path.replace("{tenant}", tenant).replace("{app}", app)
        return [installation.gateway.send(route.method, path, body={"encrypt": "AAAA"}) for _ in range(3)]

    places = (("acme", ready), ("acme", not_ready), ("acme", "nowhere"), ("nobody", ready))
    first, *others = [refusals(*place) for place in places]

    assert [(answer.status, answer.body) for answer in first] == [(401, "")] * 3
    # A refusal is noted for the doctor, unless one was a moment ago.
    assert first[0].calls in (
        ("secretsmanager:GetSecretValue", "dynamodb:PutItem"),
        ("secretsmanager:GetSecretValue",),
    )
    assert all(each == first for each in others)
