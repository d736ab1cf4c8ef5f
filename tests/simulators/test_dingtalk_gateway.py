"""Tokens, permissions, IP lists, quotas, rates and faults, in the words of both hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulators.dingtalk import CORP_ID, GATE, INSTANCES, MOBILE, NARROW, DingTalk, dingtalk_at

TOKEN = "/v1.0/oauth2/accessToken"
HEADER = "x-acs-dingtalk-access-token"
VISIBLE = "/v1.0/workflow/processes/userVisibilities/templates"


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalk]:
    with dingtalk_at(tmp_path / "dingtalk.db") as simulator:
        yield simulator


def newer(dingtalk: DingTalk, token: str | None) -> tuple[int, str]:
    answer = dingtalk.http.get(VISIBLE, headers={HEADER: token} if token else {})
    return answer.status_code, answer.json().get("code", "ok")


def older(dingtalk: DingTalk, token: str | None) -> tuple[int, str]:
    """errcode, and the code inside it."""
    query = {"access_token": token} if token else {}
    answer = dingtalk.http.post("/topapi/user/count", params=query, json={"only_active": True})
    assert answer.status_code == 200
    return answer.json()["errcode"], answer.json().get("sub_code", "")


def change(dingtalk: DingTalk, **settings: Any) -> None:
    dingtalk.control("POST", "apps", {"app_key": GATE["appKey"], **settings})


def test_a_token_comes_back_with_a_new_life_until_it_has_expired(dingtalk: DingTalk):
    first = dingtalk.http.post(TOKEN, json=GATE).json()
    assert first == {"accessToken": first["accessToken"], "expireIn": 7200}

    dingtalk.later(7000)
    same = dingtalk.http.post(TOKEN, json=GATE).json()
    dingtalk.later(7000)
    assert same == first
    assert newer(dingtalk, first["accessToken"]) == (200, "ok")
    dingtalk.later(201)
    assert newer(dingtalk, first["accessToken"]) == (400, "InvalidAuthentication")
    assert dingtalk.http.post(TOKEN, json=GATE).json()["accessToken"] != first["accessToken"]


def test_the_three_token_calls_give_the_same_token_for_both_hosts(dingtalk: DingTalk):
    old = dingtalk.http.get("/gettoken", params={"appkey": GATE["appKey"], "appsecret": GATE["appSecret"]}).json()
    newest = {"client_id": GATE["appKey"], "client_secret": GATE["appSecret"], "grant_type": "client_credentials"}
    corp = dingtalk.http.post(f"/v1.0/oauth2/{CORP_ID}/token", json=newest).json()

    assert old == {"errcode": 0, "errmsg": "ok", "access_token": dingtalk.token(), "expires_in": 7200}
    assert corp == {"access_token": dingtalk.token(), "expires_in": 7200}
    assert newer(dingtalk, dingtalk.token()) == (200, "ok")
    assert older(dingtalk, dingtalk.token()) == (0, "")
    assert dingtalk.http.post("/v1.0/oauth2/dingnobody/token", json=newest).status_code == 500


@pytest.mark.parametrize("body", [{}, [], {"appKey": 1, "appSecret": 2}, {**GATE, "appSecret": "wrong"}])
def test_bad_credentials_are_refused_by_the_newer_host(dingtalk: DingTalk, body: Any):
    answer = dingtalk.http.post(TOKEN, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalidClientIdOrSecret")
    assert answer.json()["requestid"]


@pytest.mark.parametrize(
    ("query", "code"),
    [({}, 40035), ({"appkey": GATE["appKey"]}, 40035), ({"appkey": GATE["appKey"], "appsecret": "wrong"}, 40096)],
)
def test_bad_credentials_are_refused_by_the_older_host(dingtalk: DingTalk, query: dict[str, str], code: int):
    answer = dingtalk.http.get("/gettoken", params=query)

    assert (answer.status_code, answer.json()["errcode"]) == (200, code)


def test_an_unusable_token_is_refused_in_the_words_of_each_host(dingtalk: DingTalk):
    assert newer(dingtalk, None) == (400, "AuthenticationFailed.MissingParameter")
    assert newer(dingtalk, "unknown") == (400, "InvalidAuthentication")
    assert older(dingtalk, None) == (88, "40000")
    assert older(dingtalk, "unknown") == (88, "40014")
    token = dingtalk.token()
    dingtalk.later(7201)
    assert older(dingtalk, token) == (88, "42001")

    dingtalk.control("POST", "settings", {"plain_token_errors": 1, "invalid_token_status": 401})
    assert older(dingtalk, None) == (41001, "")
    assert older(dingtalk, "unknown") == (40014, "")
    assert older(dingtalk, token) == (42001, "")
    assert newer(dingtalk, token) == (401, "InvalidAuthentication")


def test_the_newer_host_looks_at_its_header_only_and_the_older_also_at_forms(dingtalk: DingTalk):
    token = dingtalk.token()

    in_query = dingtalk.http.get(VISIBLE, params={"access_token": token}, headers={"authorization": f"Bearer {token}"})
    in_form = dingtalk.http.post("/topapi/user/count", data={"access_token": token, "only_active": "true"})

    assert in_query.json()["code"] == "AuthenticationFailed.MissingParameter"
    assert in_form.json()["result"] == {"count": 6}


def test_a_new_secret_ends_the_tokens_of_the_old_one(dingtalk: DingTalk):
    old = dingtalk.token()

    change(dingtalk, app_secret="rotated")

    assert newer(dingtalk, old) == (400, "InvalidAuthentication")
    assert newer(dingtalk, dingtalk.token({**GATE, "appSecret": "rotated"})) == (200, "ok")


def test_a_missing_permission_is_named_by_both_hosts(dingtalk: DingTalk):
    new = dingtalk.call("POST", INSTANCES, {}, app=NARROW)
    old = dingtalk.old(MOBILE, {"mobile": "13800000001"}, app=NARROW)

    assert (new.status_code, new.json()["code"]) == (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied")
    assert new.json()["accessdenieddetail"] == {"requiredScopes": ["Workflow.Instance.Write"]}
    assert (old["errcode"], old["sub_code"]) == (88, "60011")
    assert "subcode=60011" in old["errmsg"]
    assert "qyapi_get_member_by_mobile" in old["errmsg"]


@pytest.mark.parametrize(
    ("allowed", "passes"), [([], True), (["127.0.0.1"], True), (["127.0.*"], True), (["203.0.113.9"], False)]
)
def test_the_ip_list_is_held(dingtalk: DingTalk, allowed: list[str], *, passes: bool):
    token = dingtalk.token()
    change(dingtalk, ip_allow_list=allowed)

    assert newer(dingtalk, token) == ((200, "ok") if passes else (403, "Forbidden.AccessDenied.IpNotInWhiteList"))
    assert older(dingtalk, token) == ((0, "") if passes else (88, "60020"))


def test_an_empty_ip_list_may_mean_nobody(dingtalk: DingTalk):
    dingtalk.control("POST", "settings", {"empty_ip_list_allows": 0})

    answer = dingtalk.old("/topapi/user/count", {"only_active": True})

    assert answer["sub_code"] == "60020"
    assert "127.0.0.1" in answer["errmsg"]
    assert GATE["appKey"] in answer["errmsg"]


def test_the_rate_is_counted_per_app_and_call(dingtalk: DingTalk):
    change(dingtalk, rate_scale=0.05)
    token = dingtalk.token()

    # One a second; a second may begin between two calls, but not between each of them.
    seen = {newer(dingtalk, token) for _ in range(8)}
    assert (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi") in seen
    assert (88, "90018") in {older(dingtalk, token) for _ in range(8)}
    dingtalk.later(1)
    assert newer(dingtalk, token) == (200, "ok")


@pytest.mark.parametrize("by_app", [True, False])
def test_the_monthly_quota_is_the_organisations_and_contacts_are_free(dingtalk: DingTalk, *, by_app: bool):
    if by_app:
        change(dingtalk, monthly_quota=2)
    else:
        dingtalk.control("POST", "settings", {"monthly_calls": 2})
    token = dingtalk.token()
    dingtalk.data("GET", "/v1.0/workflow/processes/todoTasks/numbers", app=NARROW, userId="lead")

    assert newer(dingtalk, token) == (200, "ok")
    assert newer(dingtalk, token) == (403, "Forbidden.AccessDenied.ApiCountLimitForOrg")
    assert older(dingtalk, token) == (0, "")
    dingtalk.later(31 * 24 * 3600)
    assert newer(dingtalk, dingtalk.token()) == (200, "ok")


def test_an_address_that_calls_too_often_is_blocked_for_five_minutes(dingtalk: DingTalk):
    token = dingtalk.token()
    dingtalk.control("POST", "settings", {"ip_flood": 3})

    answers = [dingtalk.http.get(VISIBLE, headers={HEADER: token}).json() for _ in range(8)]

    assert answers[-1] == {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": answers[-1]["uuid"]}
    dingtalk.later(200)
    assert dingtalk.http.post(TOKEN, json=GATE).json()["punish"] == "deny"
    dingtalk.later(101)
    assert newer(dingtalk, token) == (200, "ok")


def test_unknown_paths_are_answered_in_the_manner_of_their_host(dingtalk: DingTalk):
    assert dingtalk.why("GET", "/v1.0/nothing/here") == "InvalidAction.NotFound"
    assert dingtalk.old("/topapi/nothing")["errcode"] == 22
    assert dingtalk.old("/topapi/user/count", method="GET")["errcode"] == 22


def test_what_is_no_json_is_refused(dingtalk: DingTalk):
    headers = {HEADER: dingtalk.token()}

    new = dingtalk.http.post(INSTANCES, content=b"{", headers=headers)
    old = dingtalk.http.post(MOBILE, params={"access_token": dingtalk.token()}, content=b"[]")

    assert (new.status_code, new.json()["code"]) == (400, "invalidParameter")
    assert old.json()["errcode"] == 400002


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        ({"path": INSTANCES, "status": 500}, 500, {"code": "systemError"}),
        ({"path": INSTANCES, "status": 401}, 401, {"code": "InvalidAuthentication"}),
        ({"path": INSTANCES, "code": "processInstanceStartFailed", "msg": "no"}, 400, {"message": "no"}),
        (
            {"path": "/v1.0/*", "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied"},
            403,
            {"accessdenieddetail": {"requiredScopes": ["Workflow.Instance.Write"]}},
        ),
        ({"path": MOBILE, "code": 40014}, 200, {"errcode": 88, "sub_code": "40014"}),
        ({"path": MOBILE, "code": "60121"}, 200, {"errcode": 60121}),
        ({"path": MOBILE, "status": 502}, 502, {"errcode": -1}),
    ],
)
def test_faults_are_phrased_as_the_platform_would(
    dingtalk: DingTalk, fault: dict[str, Any], status: int, content: dict[str, Any]
):
    dingtalk.control("POST", "faults", fault)
    path = MOBILE if fault["path"] == MOBILE else INSTANCES

    answer = httpx.post(f"{dingtalk.base_url}{path}", json={}, trust_env=False)

    assert answer.status_code == status
    assert answer.json() | content == answer.json()


def test_a_proxys_page_is_sent_as_it_is(dingtalk: DingTalk):
    dingtalk.control("POST", "faults", {"path": INSTANCES, "status": 403, "body": "<html>blocked</html>"})

    answer = dingtalk.http.get(INSTANCES)

    assert (answer.status_code, answer.text) == (403, "<html>blocked</html>")
    assert answer.headers["content-type"].startswith("text/html")


def test_no_secret_is_logged(dingtalk: DingTalk):
    dingtalk.http.get("/gettoken", params={"appkey": GATE["appKey"], "appsecret": GATE["appSecret"]})
    dingtalk.old(MOBILE, {"mobile": "13800000001"})

    log = dingtalk.http.get("/_sim/calls").text

    assert GATE["appSecret"] not in log
    assert dingtalk.token() not in log


def test_nothing_is_lost_when_it_is_killed_and_started_again(tmp_path: Path):
    state = tmp_path / "state.db"
    with dingtalk_at(state) as before:
        ref = before.open(before.form())
        token = before.token()

    with dingtalk_at(state) as after:
        assert after.read(ref)["status"] == "RUNNING"
        assert newer(after, token) == (200, "ok")
