"""Tokens, permissions, allow lists, quotas, rates: what stands before every call. And what Lark does otherwise."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.simulators.conftest import GATE, NARROW, Simulator

_TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
_INFO = "/open-apis/bot/v3/info"


def _status_and_code(feishu: Simulator, authorization: str | None) -> tuple[int, int]:
    headers = {"authorization": authorization} if authorization else {}
    answer = feishu.http.get(_INFO, headers=headers)
    return answer.status_code, answer.json()["code"]


def test_a_token_is_the_same_until_half_an_hour_before_its_end(feishu: Simulator):
    first = feishu.http.post(_TOKEN, json=GATE).json()
    assert first == {"code": 0, "msg": "ok", "tenant_access_token": first["tenant_access_token"], "expire": 7200}

    feishu.control("POST", "clock", {"advance_s": 5000})
    same = feishu.http.post(_TOKEN, json=GATE).json()
    feishu.control("POST", "clock", {"advance_s": 1000})
    new = feishu.http.post(_TOKEN, json=GATE).json()

    assert same["tenant_access_token"] == first["tenant_access_token"]
    assert same["expire"] == pytest.approx(2200, abs=3)
    assert new["tenant_access_token"] != first["tenant_access_token"]
    old = f"Bearer {first['tenant_access_token']}"
    assert _status_and_code(feishu, old) == (200, 0)
    feishu.control("POST", "clock", {"advance_s": 1201})
    assert _status_and_code(feishu, old) == (400, 99991663)
    assert _status_and_code(feishu, f"Bearer {new['tenant_access_token']}") == (200, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 10003),
        ({"app_id": "", "app_secret": ""}, 10003),
        ([], 10003),
        ({**GATE, "app_id": "cli_nobody"}, 10014),
        ({**GATE, "app_secret": "wrong"}, 10015),
    ],
)
def test_bad_credentials_are_told_with_http_200(feishu: Simulator, body: Any, code: int):
    answer = feishu.http.post(_TOKEN, json=body)

    assert (answer.status_code, answer.json()["code"]) == (200, code)
    assert "tenant_access_token" not in answer.json()


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, 99991661),
        ("Basic abc", 99991661),
        ("Bearer abc", 99991671),
        ("Bearer u-abc", 99991668),
        ("Bearer t-unknown", 99991663),
    ],
)
def test_an_unusable_token_is_refused(feishu: Simulator, authorization: str | None, code: int):
    assert _status_and_code(feishu, authorization) == (400, code)


def test_an_invalid_token_may_come_with_http_200(feishu: Simulator):
    feishu.control("POST", "settings", {"invalid_token_status": 200})

    assert _status_and_code(feishu, "Bearer t-unknown") == (200, 99991663)


def test_a_new_secret_ends_the_tokens_of_the_old_one(feishu: Simulator):
    old = feishu.token()

    feishu.control("POST", "apps", {**GATE, "app_secret": "rotated"})

    assert _status_and_code(feishu, f"Bearer {old}") == (400, 99991663)
    assert feishu.call("GET", "/bot/v3/info", app={**GATE, "app_secret": "rotated"}).json()["code"] == 0


def test_a_missing_permission_is_named(feishu: Simulator):
    answer = feishu.call("POST", "/approval/v4/approvals", {}, app=NARROW)

    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, 99991672)
    assert {one["subject"] for one in body["error"]["permission_violations"]} == {
        "approval:approval",
        "approval:definition",
    }
    scopes = feishu.data("GET", "/application/v6/scopes", app=NARROW)["scopes"]
    granted = {one["scope_name"] for one in scopes if one["grant_status"] == 1}
    assert granted == {"approval:instance", "contact:user.id:readonly", "im:message:send_as_bot"}


def test_a_foreign_address_is_refused_but_for_tokens(feishu: Simulator):
    feishu.control("POST", "apps", {**GATE, "ip_allow_list": ["203.0.113.5"]})

    assert feishu.token().startswith("t-")
    assert feishu.refusal("GET", "/bot/v3/info") == 99991401
    feishu.control("POST", "apps", {**GATE, "ip_allow_list": ["203.0.113.5", "127.0.0.1"]})
    assert feishu.refusal("GET", "/bot/v3/info") == 0


def test_the_monthly_quota_counts_approvals_and_messages_but_no_contacts(feishu: Simulator):
    feishu.control("POST", "apps", {**GATE, "monthly_quota": 2})
    codes = [feishu.refusal("GET", "/im/v1/chats") for _ in range(3)]
    assert codes == [0, 0, 99991403]
    assert feishu.refusal("GET", "/contact/v3/scopes") == 0

    feishu.control("POST", "clock", {"advance_s": 31 * 24 * 3600})

    assert feishu.refusal("GET", "/im/v1/chats") == 0


def test_the_documented_rate_is_counted_when_asked_for(feishu: Simulator):
    feishu.control("POST", "apps", {**GATE, "rate_scale": 0.02})
    feishu.control("POST", "clock", {"advance_s": 61 - time.time() % 60})  # a minute that has just begun
    answers = [feishu.call("GET", "/approval/v4/approvals/none") for _ in range(3)]

    assert [one.status_code for one in answers] == [400, 400, 429]
    assert answers[2].json()["code"] == 99991400
    assert answers[2].headers["x-ogw-ratelimit-limit"] == "2"
    feishu.control("POST", "clock", {"advance_s": int(answers[2].headers["x-ogw-ratelimit-reset"])})
    assert feishu.call("GET", "/approval/v4/approvals/none").status_code == 400


def test_every_answer_has_the_id_that_support_asks_for(feishu: Simulator):
    refused = feishu.call("GET", "/approval/v4/instances/none")

    assert refused.headers["x-tt-logid"] == refused.json()["error"]["log_id"]
    assert feishu.call("GET", "/bot/v3/info").headers["x-tt-logid"]


def test_feishu_and_lark_answer_unknown_paths_each_in_their_way(feishu: Simulator, lark: Simulator):
    unknown = feishu.http.get("/open-apis/nowhere")
    absent = lark.http.get("/open-apis/nowhere")

    assert (unknown.status_code, unknown.json()["code"]) == (404, 99991201)
    assert (absent.status_code, absent.text) == (404, "404 page not found")
    assert feishu.http.put("/open-apis/im/v1/chats").json()["code"] == 99991301


def test_lark_runs_an_approval_as_feishu_does(lark: Simulator):
    ref = lark.start(lark.define(("N0", "AND")), {"N0": ["lead"]})

    lark.decide(ref, "approve", "lead@example.com")

    assert lark.read(ref)["status"] == "APPROVED"


def test_a_body_that_is_no_json_object_is_refused(feishu: Simulator):
    headers = {"authorization": f"Bearer {feishu.token()}"}

    for body in (b"{", b"[]", b"\xff"):
        answer = feishu.http.post("/open-apis/approval/v4/approvals", content=body, headers=headers)
        assert answer.json()["code"] == 9499


def test_an_app_sees_only_its_range_of_people(feishu: Simulator):
    body = {"emails": ["lead@example.com", "ops@example.com"]}

    found = feishu.data("POST", "/contact/v3/users/batch_get_id", body, app=NARROW, user_id_type="open_id")

    assert ["user_id" in entry for entry in found["user_list"]] == [False, True]
    feishu.control("POST", "apps", {**NARROW, "scopes": None})
    assert feishu.refusal("GET", "/contact/v3/departments/0/children", app=NARROW) == 40014
    scopes = feishu.data("GET", "/contact/v3/scopes", app=NARROW, department_id_type="department_id")
    assert scopes["department_ids"] == ["d-operations"]
    lead = feishu.open_id("lead", NARROW)
    assert feishu.refusal("GET", f"/contact/v3/users/{lead}", app=NARROW) == 41050


def test_fields_without_their_scope_vanish_silently(feishu: Simulator):
    feishu.control("POST", "apps", {**NARROW, "scopes": ["contact:contact.base:readonly"], "contact_range": None})
    lead = feishu.open_id("lead", NARROW)

    user = feishu.data("GET", f"/contact/v3/users/{lead}", app=NARROW)["user"]

    assert user.keys() == {"open_id", "union_id", "status"}


@pytest.mark.parametrize(
    "query", [{"page_size": "0"}, {"page_size": "51"}, {"page_token": "zzzz"}, {"page_token": "-1"}]
)
def test_a_page_that_does_not_exist_is_refused(feishu: Simulator, query: dict[str, str]):
    assert feishu.refusal("GET", "/contact/v3/departments/0/children", **query) == 99992402


def test_more_than_fifty_addresses_at_once_are_refused(feishu: Simulator):
    body = {"emails": [f"{n}@example.com" for n in range(51)]}

    assert feishu.refusal("POST", "/contact/v3/users/batch_get_id", body) == 99992402
