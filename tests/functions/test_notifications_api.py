"""The notifications and templates API as API Gateway calls it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.delivery import DeliveryStatus, spread
from approval_gate.domain.message import Destination, DestinationKind, Level
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.domain.people import PersonKind
from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.authorizer import Authorizer
from approval_gate.entrypoints.notifications import NotificationsApi
from approval_gate.entrypoints.templates import TemplatesApi
from approval_gate.entrypoints.third_party import ThirdPartyApi
from approval_gate.services.notify import Notifier
from approval_gate.services.templates import TemplateKeeper
from approval_gate.store import keys
from approval_gate.store.outbox import DynamoOutbox
from approval_gate.store.templates import DynamoTemplates
from approval_gate.templating import problems_of, rendered
from tests.fakes.aws import TABLE, aws
from tests.fakes.post_office import told
from tests.fakes.world import START, World
from tests.functions.api_events import LambdaContext, api_event

type Call = Callable[..., tuple[int, dict[str, Any]]]

WRITE = "notifications:write"
MESSAGE = {"title": "Deployed", "text": "**web** 1.42.0 is live", "level": "success"}
ORDER = {"app": "prod", "to": [{"user_id": "u1"}], "message": MESSAGE}
TEMPLATE = {
    "variables": ["service", "hosts"],
    "title": {"zh-CN": "{{ service }} 已发布", "en": "{{ service }} is deployed"},
    "text": {
        "zh-CN": "主机：{{ hosts | join('、') }}",
        "en": "On:\n{% for host in hosts %}\n- {{ host }}\n{% endfor %}",
    },
    "level": "success",
}


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        world = World(client)
        app = world.apps.get("acme", "prod")
        assert app is not None
        world.apps.remove(app)
        world.apps.claim(replace(app, robots=("ops",)))
        yield world


@pytest.fixture
def outbox(world: World) -> DynamoOutbox:
    return DynamoOutbox(world.client, TABLE, world.clock)


@pytest.fixture
def call(world: World, outbox: DynamoOutbox) -> Call:
    drawn = itertools.count(1)
    templates = TemplateKeeper(DynamoTemplates(world.client, TABLE), problems_of, world.clock)
    notifier = Notifier(
        outbox,
        world.apps,
        templates,
        rendered,
        clock=world.clock,
        entropy=lambda count: next(drawn).to_bytes(count, "big"),
    )
    groups = (NotificationsApi(notifier, outbox), TemplatesApi(templates), ThirdPartyApi(notifier, world.apps))
    resolver = build_resolver(Logger(), *groups)

    def send(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
        answer = resolver.resolve(api_event(method, path, body, **{"scopes": WRITE, **more}), LambdaContext())
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    return send


def fields(problem: dict[str, Any]) -> set[str]:
    return {each["field"] for each in problem["errors"]}


def test_a_message_is_accepted_and_queued_for_each_destination(call: Call, outbox: DynamoOutbox) -> None:
    to = [{"user_id": "u1"}, {"email": "a@example.com"}, {"department": "12"}, {"chat": "c"}, {"robot": "ops"}]
    mention = [{"email": "a@example.com"}]

    status, body = call(
        "POST",
        "/v1/notifications",
        {**ORDER, "to": [*to, {"everyone": True}], "message": {**MESSAGE, "mention": mention}, "locale": "en"},
    )

    assert (status, body["status"]) == (202, "QUEUED")
    assert [each["destination"] for each in body["deliveries"]] == [*to, {"everyone": True}]
    assert {each["status"] for each in body["deliveries"]} == {"QUEUED"}
    assert body["counts"] == {"asked": 6, "sent": 0, "failed": 0, "dropped": 0, "queued": 6}
    stored = outbox.notification(body["id"])
    assert stored is not None
    assert stored.message is not None
    assert (stored.locale, stored.message.level, stored.message.mentions[0].kind) == (
        "en",
        Level.SUCCESS,
        PersonKind.EMAIL,
    )
    assert (stored.tenant, stored.created_by) == ("acme", "ci")


def test_a_destination_that_is_named_twice_is_told_once(call: Call) -> None:
    _, body = call("POST", "/v1/notifications", {**ORDER, "to": [{"user_id": "u1"}, {"user_id": "u1"}]})

    assert body["counts"]["asked"] == 1


def test_each_delivery_tells_what_became_of_it(call: Call, outbox: DynamoOutbox) -> None:
    _, asked = call("POST", "/v1/notifications", {**ORDER, "to": [{"user_id": "u1"}, {"chat": "c"}, {"robot": "ops"}]})
    notification = outbox.notification(asked["id"])
    assert notification is not None
    sent, failed, queued = spread(notification, START, lambda _: 20)
    sent = replace(sent, status=DeliveryStatus.SENT, attempts=1, message_id="om_1", finished_at=START)
    queued = replace(queued, attempts=2, next_attempt_at=START, error_code="11232")
    outbox.commit(sent, failed.failed("230002", "The bot is not in the chat. Add it.", START), queued)

    status, body = call("GET", f"/v1/notifications/{asked['id']}")

    assert (status, body["status"]) == (200, "QUEUED")
    assert body["counts"] == {"asked": 3, "sent": 1, "failed": 1, "dropped": 0, "queued": 1}
    shown = [(each["status"], each["provider_message_id"], each["error_code"]) for each in body["deliveries"]]
    assert shown == [("SENT", "om_1", None), ("FAILED", None, "230002"), ("QUEUED", None, "11232")]
    assert body["deliveries"][1]["problem"] == "The bot is not in the chat. Add it."


def test_a_notification_of_an_approval_hides_what_a_webhook_address_may_hold(call: Call, world: World) -> None:
    notice = told("ntf_x", approval=world.requested(), event=ApprovalEvent.APPROVED)
    webhook = (Destination(DestinationKind.WEBHOOK, "https://ci.example.com/hook?token=s3cret#x"),)
    outbox = DynamoOutbox(world.client, TABLE, world.clock)
    outbox.add(replace(notice, to=webhook), None)

    status, body = call("GET", "/v1/notifications/ntf_x")

    assert (status, body["event"]) == (200, "approved")
    assert body["deliveries"][0]["destination"] == {"webhook": "https://ci.example.com/hook"}


def test_the_same_key_and_body_is_one_notification(call: Call) -> None:
    headers = {"idempotency-key": "k1"}

    first = call("POST", "/v1/notifications", ORDER, headers=headers)
    again = call("POST", "/v1/notifications", ORDER, headers=headers)
    other = call("POST", "/v1/notifications", {**ORDER, "locale": "en"}, headers=headers)
    foreign = call("POST", "/v1/notifications", ORDER, headers=headers, tenant="other")

    assert first[0] == again[0] == 202
    assert first[1]["id"] == again[1]["id"]
    assert (other[0], other[1]["code"]) == (409, "idempotency_mismatch")
    assert foreign[1]["code"] == "unknown_app"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": []}, "to"),
        ({"to": [{"user_id": "u"}] * 101}, "to"),
        ({"to": [{}]}, "to[0]"),
        ({"to": [{"user_id": "u", "email": "a@example.com"}]}, "to[0]"),
        ({"to": [{"email": "nobody"}]}, "to[0].email"),
        ({"to": [{"webhook": "https://example.com"}]}, "to[0].webhook"),
        ({"to": [{"everyone": False}]}, "to[0].everyone"),
        ({"to": [{"robot": "nowhere"}]}, "to[0].robot"),
        ({"app": "nowhere"}, "app"),
        ({"message": None}, ""),
        ({"template": "x"}, ""),
        ({"variables": {"a": "b"}}, ""),
        ({"locale": "fr"}, "locale"),
        ({"mesage": {}}, "mesage"),
        ({"message": {**MESSAGE, "title": ""}}, "message.title"),
        ({"message": {**MESSAGE, "title": "two\nlines"}}, "message.title"),
        ({"message": {**MESSAGE, "text": "x" * 10_001}}, "message.text"),
        ({"message": {**MESSAGE, "text": "\x07"}}, "message.text"),
        ({"message": {**MESSAGE, "level": "loud"}}, "message.level"),
        ({"message": {**MESSAGE, "links": [{"title": "x", "url": "javascript:alert(1)"}]}}, "message.links[0].url"),
        ({"message": {**MESSAGE, "mention": [{"department": "1"}]}}, "message.mention[0]"),
    ],
)
def test_what_must_change_is_named(call: Call, change: dict[str, Any], field: str) -> None:
    status, body = call("POST", "/v1/notifications", {**ORDER, **change})

    assert status == 400
    assert any(each.startswith(field) for each in fields(body))


@pytest.mark.parametrize("path", ["/v1/notifications/{id}", "/v1/templates/deployed"])
def test_another_tenant_sees_nothing(call: Call, path: str) -> None:
    _, asked = call("POST", "/v1/notifications", ORDER)
    call("PUT", "/v1/templates/deployed", TEMPLATE)

    status, body = call("GET", path.format(id=asked["id"]), tenant="other")

    assert (status, body["status"]) == (404, 404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/v1/notifications", ORDER), ("PUT", "/v1/templates/t", TEMPLATE), ("DELETE", "/v1/templates/t", None)],
)
def test_who_may_only_read_changes_nothing(call: Call, method: str, path: str, body: Any) -> None:
    assert call(method, path, body, scopes="approvals:read")[0] == 403
    assert call(method, path, body, tenant=None)[0] == 401


# -- templates --------------------------------------------------------------------------------------------------------


def use(call: Call, outbox: DynamoOutbox, variables: dict[str, Any], **more: Any) -> Any:
    order = {"app": "prod", "to": [{"user_id": "u1"}], "template": "deployed", "variables": variables, **more}
    status, body = call("POST", "/v1/notifications", order)
    if status != 202:
        return body
    stored = outbox.notification(body["id"])
    assert stored is not None
    return stored.message


def test_a_template_is_filled_in_in_the_language_that_is_asked_for(call: Call, outbox: DynamoOutbox) -> None:
    status, body = call("PUT", "/v1/templates/deployed", TEMPLATE)
    assert (status, body["variables"]) == (200, ["service", "hosts"])
    given = {"service": "web", "hosts": ["a1", "a2"]}

    english, chinese = use(call, outbox, given, locale="en"), use(call, outbox, given)

    assert (english.title, english.text, english.level) == ("web is deployed", "On:\n- a1\n- a2", Level.SUCCESS)
    assert (chinese.title, chinese.text) == ("web 已发布", "主机：a1、a2")


def test_missing_and_undeclared_variables_are_named(call: Call, outbox: DynamoOutbox) -> None:
    call("PUT", "/v1/templates/deployed", TEMPLATE)

    assert fields(use(call, outbox, {"service": "web", "host": "x"})) == {"variables.hosts", "variables.host"}


def test_a_value_is_text_and_cannot_become_markup(call: Call, outbox: DynamoOutbox) -> None:
    call("PUT", "/v1/templates/deployed", TEMPLATE)

    message = use(call, outbox, {"service": "**web**\nx", "hosts": ["[a](https://evil)", "# b"]}, locale="en")

    assert message.title == "**web** x is deployed"
    assert message.text == "On:\n- \\[a](https://evil)\n- \\# b"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ other }}", "other"),
        ("{{ service.__class__ }}", "attributes"),
        ("{{ service['__class__'] }}", "not available"),
        ("{{ service.format(1) }}", "not available"),
        ("{{ ''.__class__.__mro__ }}", "attributes"),
        ("{{ service | attr('__class__') }}", "attr"),
        ("{{ range(10) }}", "Call is not available"),
        ("{% include 'x' %}", "not available"),
        ("{% import 'x' as y %}", "not available"),
        ("{% set x = 1 %}", "not available"),
        ("{% macro m() %}{% endmacro %}", "not available"),
        ("{{ service * 1000000000 }}", "not available"),
        ("{{ 9 ** 9 ** 9 }}", "not available"),
        ("{% for a in hosts %}{% for b in hosts %}{% endfor %}{% endfor %}", "loop in a loop"),
        ("{{ loop }}", "loop"),
        ("{{ self }}", "self"),
        ("{{ service | pprint }}", "pprint"),
        ("{% if %}", "cannot be read"),
        ("{{ unclosed", "cannot be read"),
        ("{% if service %}" * 101 + "{% endif %}" * 101, "cannot be read"),
        ("{{ hosts | join(', ', 'upper') }}", "one argument"),
        ("{{ hosts | join(hosts | join(hosts)) }}", "one argument"),
        ("{{ hosts | sort(attribute='__class__') }}", "not available"),
        ("{% for c in 'text' %}{% endfor %}", "a loop takes a variable"),
        ("{% for c in service | upper %}{% endfor %}", "a loop takes a variable"),
        ("{{ service" + " | upper" * 101 + " }}", "100 filters"),
        ("{{ " + "(" * 1900 + ")" * 1900 + " }}", "cannot be read"),
    ],
)
def test_a_template_that_reaches_further_is_refused(call: Call, text: str, says: str) -> None:
    status, body = call("PUT", "/v1/templates/deployed", {**TEMPLATE, "text": text, "title": "x"})

    assert status == 400
    assert fields(body) & {"text.zh-CN", "text.en"}
    assert says in body["errors"][0]["problem"]


def test_what_a_template_makes_is_cut_and_never_fails_on_its_values(call: Call, outbox: DynamoOutbox) -> None:
    text = "{% for host in hosts %}{{ service }}{% endfor %}{% if service < 3 %}{% endif %}"
    call("PUT", "/v1/templates/deployed", {**TEMPLATE, "text": text, "title": "x"})

    long = use(call, outbox, {"service": 1, "hosts": ["a"] * 50})
    wrong = use(call, outbox, {"service": "text", "hosts": ["a"]})
    huge = use(call, outbox, {"service": "x" * 2000, "hosts": ["y" * 2000] * 50})

    assert long.text == "1" * 50
    assert "TypeError" in wrong["errors"][0]["problem"]
    assert fields(huge) == {"variables"}


def test_no_template_takes_much_memory_or_long(call: Call, outbox: DynamoOutbox) -> None:
    growing = "{{ hosts | join('" + "x" * 5000 + "') }}"
    looping = "{% for host in hosts %}" + "{% if hosts | sort | join | title == 'x' %}{% endif %}" * 33 + "{% endfor %}"
    given = {"service": "web", "hosts": ["ab" * 190] * 50}

    call("PUT", "/v1/templates/deployed", {**TEMPLATE, "text": growing, "title": "x"})
    grown = use(call, outbox, given)
    call("PUT", "/v1/templates/deployed", {**TEMPLATE, "text": looping, "title": "x"})
    began_s = time.process_time()
    looped = use(call, outbox, given)

    assert "longer than" in grown["errors"][0]["problem"]
    assert looped.text == ""
    assert time.process_time() - began_s < 10  # the function has half a minute; this takes a fraction of a second


def test_a_text_is_not_looped_over_letter_by_letter(call: Call, outbox: DynamoOutbox) -> None:
    call("PUT", "/v1/templates/deployed", TEMPLATE)

    assert fields(use(call, outbox, {"service": "web", "hosts": "a1"}, locale="en")) == {"variables.hosts"}
    assert use(call, outbox, {"service": "web", "hosts": "a1"}, locale="zh-CN").text == "主机：a1"


def test_templates_are_listed_replaced_and_deleted(call: Call) -> None:
    for name in ("b", "a"):
        call("PUT", f"/v1/templates/{name}", TEMPLATE)
    call("PUT", "/v1/templates/a", {"title": "one text for all"})

    _, listed = call("GET", "/v1/templates", scopes="approvals:read")
    deleted, _ = call("DELETE", "/v1/templates/b")
    gone, problem = call("GET", "/v1/templates/b")

    assert [each["name"] for each in listed["templates"]] == ["a", "b"]
    assert listed["templates"][0]["title"] == {"zh-CN": "one text for all", "en": "one text for all"}
    assert (deleted, gone, problem["code"]) == (204, 404, "template_not_found")
    assert call("DELETE", "/v1/templates/b")[0] == 404


def test_a_template_that_does_not_exist_is_named(call: Call, outbox: DynamoOutbox) -> None:
    problem = use(call, outbox, {})

    assert (problem["code"], fields(problem)) == ("template_not_found", {"template"})


# -- the route of somebody else's document ----------------------------------------------------------------------------


def push(call: Call, body: dict[str, Any], **more: Any) -> tuple[int, dict[str, Any]]:
    return call("POST", "/sys/thirdApp/sendMessageTest", body, **more)


def test_a_script_of_the_document_sends_its_message(call: Call, outbox: DynamoOutbox) -> None:
    body = {"app": "FAKE", "receiver": "u1, u2,u1", "sendAll": False, "content": "**发布** done"}

    status, answer = push(call, body, headers={"x-tenant-id": "acme"})

    assert (status, answer["success"]) == (200, True)
    stored = outbox.notification(answer["result"])
    assert stored is not None
    assert stored.message is not None
    assert [each.value for each in stored.to] == ["u1", "u2"]
    assert (stored.message.title, stored.message.text) == ("**发布** done", "")


def test_everyone_may_be_meant_and_longer_texts_are_kept_as_they_are(call: Call, outbox: DynamoOutbox) -> None:
    _, answer = push(call, {"app": "prod", "sendAll": True, "content": "first *line*\nsecond"})

    stored = outbox.notification(answer["result"])
    assert stored is not None
    assert stored.message is not None
    assert [each.kind.value for each in stored.to] == ["everyone"]
    assert stored.message.text == "first \\*line\\*\nsecond"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"app": "DINGTALK", "receiver": "u1", "content": "x"}, "不识别的第三方APP"),
        ({"app": "FAKE", "content": "x"}, "receiver"),
        ({"app": "FAKE", "receiver": " , ", "content": "x"}, "receiver"),
        ({"app": "FAKE", "receiver": ",".join(map(str, range(101))), "content": "x"}, "100"),
    ],
)
def test_what_the_document_has_fail_fails_in_its_form(call: Call, body: dict[str, Any], says: str) -> None:
    status, answer = push(call, body)

    assert (status, answer["success"], answer["result"]) == (200, False, None)
    assert says in answer["message"]


def test_a_tenant_other_than_the_tokens_is_refused(call: Call) -> None:
    body = {"app": "FAKE", "receiver": "u1", "content": "x"}

    assert push(call, body, headers={"x-tenant-id": "other"})[0] == 403
    assert push(call, body, headers={"x-tenant-id": "0"})[0] == 200
    assert push(call, body, scopes="approvals:write")[0] == 403


def test_several_apps_of_a_platform_must_be_told_apart(call: Call, world: World) -> None:
    world.register("acme", "second")

    _, answer = push(call, {"app": "fake", "receiver": "u1", "content": "x"})

    assert not answer["success"]
    assert "prod, second" in answer["message"]


@pytest.mark.parametrize(
    ("route", "tenant"), [("POST /sys/thirdApp/sendMessageTest", "acme"), ("POST /v1/notifications", None)]
)
def test_the_documents_token_header_is_read_on_its_route_only(world: World, route: str, tenant: str | None) -> None:
    token = "agt_" + "A" * 43
    known = {"tenant": {"S": "acme"}, "scopes": {"S": WRITE}, "principal": {"S": "ci"}}
    world.client.put_item(TableName=TABLE, Item={**keys.api_token(token), **known})

    answer = Authorizer(world.client, TABLE, world.clock).handle(
        {"routeKey": route, "headers": {"X-Access-Token": token}}
    )

    assert answer["context"].get("tenant") == tenant
