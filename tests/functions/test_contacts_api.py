"""The contacts routes as API Gateway calls them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.contacts import ContactsApi
from approval_gate.entrypoints.sync import SyncEndpoint
from approval_gate.services.contacts import ContactBook
from tests.fakes.aws import aws
from tests.fakes.contact_site import ContactSite
from tests.functions.api_events import LambdaContext, api_event
from tests.sender_kits import all_sender_kits

type Call = Callable[..., tuple[int, dict[str, Any]]]


class Queue:
    """Calls of workers, not made yet."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, int]] = []

    def send(self, tenant: str, app_id: str, delay_s: int = 0) -> None:
        self.sent.append((tenant, app_id, delay_s))


@pytest.fixture
def site() -> Iterator[ContactSite]:
    (kit,) = (each for each in all_sender_kits() if each.provider == "feishu")
    with aws() as table:
        site = ContactSite(kit, table)
        yield site
        site.close()


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def call(site: ContactSite, queue: Queue) -> Call:
    names = iter(f"run{number}" for number in range(100))
    book = ContactBook(site.store, site.syncs, queue, site.platform.clock, lambda: next(names))
    resolver = build_resolver(Logger(), ContactsApi(site, book))

    def send(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
        event = api_event(method, f"/v1/apps/{site.app.id}/{path}", body, **more)
        answer = resolver.resolve(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    return send


def worked(site: ContactSite, queue: Queue) -> None:
    """Let the queue call workers until none is wanted."""
    endpoint = SyncEndpoint(site.worker(), queue, site.platform.clock, Logger())
    while queue.sent:
        tenant, app, delay_s = queue.sent.pop(0)
        site.platform.later(delay_s)
        record = {"body": json.dumps({"tenant": tenant, "app": app})}
        endpoint.handle({"Records": [record]}, 900_000)


def test_a_synchronisation_is_asked_for_followed_and_reported(call: Call, site: ContactSite, queue: Queue) -> None:
    status, asked = call("POST", "contacts/sync")
    assert (status, asked["status"], asked["report"]) == (202, "WANTED", None)
    assert queue.sent == [("acme", site.app.id, 0)]

    worked(site, queue)
    status, done = call("GET", "contacts/sync")

    assert (status, done["status"], done["run_id"]) == (200, "DONE", asked["run_id"])
    assert (done["people"], done["report"]["people"], done["report"]["created"]) == (6, 6, 6)
    assert done["report"]["calls"] == done["calls"] > 0
    assert done["next_at"] > done["finished_at"]


def test_asking_again_while_a_run_waits_is_the_same_run(call: Call, site: ContactSite, queue: Queue) -> None:
    _, first = call("POST", "contacts/sync")
    _, second = call("POST", "contacts/sync", {"daily": False})
    assert second["run_id"] == first["run_id"]
    assert second["daily"] is False

    worked(site, queue)

    _, third = call("POST", "contacts/sync")
    assert third["run_id"] != first["run_id"]
    assert (third["daily"], third["report"]) == (True, None)


def test_a_lost_message_is_made_up_for_by_the_schedule(call: Call, site: ContactSite, queue: Queue) -> None:
    call("POST", "contacts/sync")
    queue.sent.clear()

    SyncEndpoint(site.worker(), queue, site.platform.clock, Logger()).handle({"sweep": True}, 900_000)

    assert queue.sent == [("acme", site.app.id, 0)]


def test_an_app_registered_anew_with_another_identity_starts_from_nothing(
    call: Call, site: ContactSite, queue: Queue
) -> None:
    call("POST", "contacts/sync")
    worked(site, queue)
    old = site.app
    site.app = site.registered = replace(old, vendor_identity="another")

    assert call("GET", "contacts/sync")[0] == 404
    assert call("GET", "contacts/users")[1] == {"users": [], "next_cursor": None}
    assert call("POST", "contacts/sync")[0] == 202
    worked(site, queue)

    assert len(call("GET", "contacts/users")[1]["users"]) == 6
    assert site.store.people(old) == ({}, {})


def test_conflicts_are_shown_with_their_cause_and_without_whole_numbers(
    call: Call, site: ContactSite, queue: Queue
) -> None:
    people = [{"user_id": "qa", "mobile": "+8613800000001", "email": "lead@example.com"}]
    site.platform.control("POST", "people", {"people": people})
    call("POST", "contacts/sync")
    worked(site, queue)

    report = call("GET", "contacts/sync")[1]["report"]

    shown = {each["kind"]: each for each in report["conflicts"]}
    assert (shown["mobile"]["value"], shown["email"]["value"]) == ("+86138****0001", "lead@example.com")
    assert all(len(each["people"]) == 2 and each["cause"] for each in shown.values())
    assert "13800000001" not in json.dumps(report)


@pytest.mark.parametrize("typed", ["林悦", "林", "linyue", "ly", "LinYue", "lead@", "yue"])
def test_a_picker_finds_people_by_what_is_typed(call: Call, site: ContactSite, queue: Queue, typed: str) -> None:
    call("POST", "contacts/sync")
    worked(site, queue)

    status, page = call("GET", "contacts/users", query=f"query={typed}", scopes="approvals:write")

    assert status == 200
    assert [each["name"] for each in page["users"]] == ["林悦"]
    (lead,) = page["users"]
    assert lead["user_id"].startswith("ou_")
    assert [each["name"] for each in lead["departments"]] == ["研发部 Development"]
    assert "mobile" not in lead


def test_pages_hold_everybody_once(call: Call, site: ContactSite, queue: Queue) -> None:
    site.platform.control("POST", "people", {"generate": {"people": 45, "departments": 4}})
    call("POST", "contacts/sync")
    worked(site, queue)

    found: list[str] = []
    query = "limit=20"
    while True:
        _, page = call("GET", "contacts/users", query=query)
        found += [each["user_id"] for each in page["users"]]
        if page["next_cursor"] is None:
            break
        query = f"limit=20&cursor={page['next_cursor']}"

    assert len(found) == len(set(found)) == 51


def test_departments_are_a_tree_and_narrow_the_people(call: Call, site: ContactSite, queue: Queue) -> None:
    call("POST", "contacts/sync")
    worked(site, queue)

    (root,) = call("GET", "contacts/departments")[1]["departments"]
    level = call("GET", "contacts/departments", query=f"parent={root['department_id']}")[1]["departments"]
    names = {each["name"]: each for each in level}
    assert set(names) == {"工程中心 Engineering", "产品部 Product"}
    assert (names["工程中心 Engineering"]["has_children"], names["产品部 Product"]["has_children"]) == (True, False)

    engineering = names["工程中心 Engineering"]["department_id"]
    page = call("GET", "contacts/users", query=f"department={engineering}")[1]
    assert {each["name"] for each in page["users"]} == {"林悦", "周航", "Priya Nair", "马腾", "陈思远"}
    assert call("GET", "contacts/users", query="department=unknown")[1]["users"] == []


def test_chats_are_found_and_their_absence_is_explained(call: Call, site: ContactSite, queue: Queue) -> None:
    _, before = call("GET", "chats")
    assert before["chats"] == []
    assert "contacts/sync" in before["problem"]
    call("POST", "contacts/sync")
    worked(site, queue)

    _, found = call("GET", "chats", query="query=release")

    assert [each["chat_id"] for each in found["chats"]] == ["oc_demo_releases"]
    assert found["problem"] == ""


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "bnVsbA", "é"])
def test_a_cursor_that_is_none_of_ours_is_refused(call: Call, cursor: str) -> None:
    status, problem = call("GET", "contacts/users", query=f"cursor={cursor}")

    assert status == 400
    assert problem["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "contacts/sync", {"apps:admin"}),
        ("GET", "contacts/sync", {"apps:admin"}),
        ("GET", "contacts/users", {"apps:admin", "approvals:write", "notifications:write"}),
        ("GET", "contacts/departments", {"apps:admin", "approvals:write", "notifications:write"}),
        ("GET", "chats", {"apps:admin", "approvals:write", "notifications:write"}),
    ],
)
def test_each_route_takes_its_scopes_only(call: Call, method: str, path: str, allowed: set[str]) -> None:
    for scope in ("apps:admin", "approvals:write", "approvals:read", "notifications:write", "tokens:admin"):
        status, _ = call(method, path, scopes=scope)
        assert (status == 403) == (scope not in allowed), scope


def test_another_tenants_app_is_unknown(call: Call) -> None:
    for method, path in (("POST", "contacts/sync"), ("GET", "contacts/sync"), ("GET", "contacts/users")):
        status, problem = call(method, path, tenant="other")
        assert (status, problem["code"]) == (404, "app_not_found")


def test_a_body_with_a_typo_is_refused(call: Call) -> None:
    status, problem = call("POST", "contacts/sync", {"dayly": True})

    assert (status, problem["errors"][0]["field"]) == (400, "dayly")
