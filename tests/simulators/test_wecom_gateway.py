"""Access tokens, trusted addresses, permissions, frequency, and the form of errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.wecom import CORP, GATE, NARROW, Wecom, application, wecom_serving


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


def test_asked_again_the_same_token_comes_back_with_what_is_left(wecom: Wecom):
    first = wecom.gettoken(corpid=CORP, corpsecret=GATE["secret"])
    wecom.pass_time(100)

    second = wecom.gettoken(corpid=CORP, corpsecret=GATE["secret"])

    assert (first["errcode"], first["errmsg"], first["expires_in"]) == (0, "ok", 7200)
    assert second["access_token"] == first["access_token"]
    assert second["expires_in"] == pytest.approx(7100, abs=2)


def test_every_secret_has_its_own_token(wecom: Wecom):
    assert wecom.token(GATE) != wecom.token(NARROW)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"corpsecret": "x"}, 41002),
        ({"corpid": CORP}, 41004),
        ({"corpid": "test", "corpsecret": "x"}, 40013),
        ({"corpid": CORP, "corpsecret": "wrong"}, 40001),
    ],
)
def test_bad_credentials_are_refused_by_code(wecom: Wecom, query: dict[str, str], code: int):
    assert wecom.gettoken(**query)["errcode"] == code


def test_a_secret_of_another_company_is_named_as_such(wecom: Wecom):
    wecom.control("POST", "apps", {"corp_id": "wwother", "agent_id": "1000002", "secret": "other-secret"})

    assert wecom.gettoken(corpid=CORP, corpsecret="other-secret")["errcode"] == 40091
    assert len(wecom.control("GET", "apps")["apps"]) == 3


def test_two_thousand_failures_block_the_address_for_the_hour(wecom: Wecom):
    for _ in range(2000):
        wecom.gettoken(corpid=CORP, corpsecret="wrong")

    assert wecom.gettoken(corpid=CORP, corpsecret=GATE["secret"])["errcode"] == 45009
    wecom.pass_time(3600)
    assert wecom.gettoken(corpid=CORP, corpsecret=GATE["secret"])["errcode"] == 0


@pytest.mark.parametrize("code", [42001, 40014])
def test_a_token_expires(wecom: Wecom, code: int):
    token = wecom.token()
    wecom.settings(expired_token_code=code)
    wecom.pass_time(7200)

    assert wecom.http.get("/cgi-bin/tag/list", params={"access_token": token}).json()["errcode"] == code
    assert wecom.data("tag/list")["taglist"][0]["tagid"] == 1


def test_a_new_secret_ends_the_tokens_of_the_old_one(wecom: Wecom):
    token = wecom.token()

    wecom.control("POST", "apps", {**GATE, "secret": "rotated"})

    assert wecom.http.get("/cgi-bin/tag/list", params={"access_token": token}).json()["errcode"] == 40014


def test_the_token_stands_in_the_query_and_nowhere_else(wecom: Wecom):
    token = wecom.token()

    by_header = wecom.http.post(
        "/cgi-bin/oa/applyevent", json={"access_token": token}, headers={"authorization": f"Bearer {token}"}
    )

    assert by_header.json()["errcode"] == 41001


def test_the_token_is_checked_before_the_parameters(wecom: Wecom):
    answer = wecom.http.post("/cgi-bin/oa/applyevent", params={"access_token": "no"}, content=b"no json")

    assert (answer.status_code, answer.json()["errcode"]) == (200, 40014)


def test_an_error_tells_the_callers_address_and_a_changing_hint(wecom: Wecom):
    first, second = (wecom.gettoken(corpid="test", corpsecret="x")["errmsg"] for _ in range(2))

    assert ", from ip: 127.0.0.1, more info at " in first
    assert first != second


def test_a_refused_list_still_carries_an_empty_list(wecom: Wecom):
    refused = wecom.call("oa/gettemplatedetail", {"template_id": "none"})

    assert (refused["errcode"], refused["template_names"]) == (301025, [])


def test_an_address_that_is_not_trusted_is_told_its_own(wecom: Wecom):
    wecom.register(ip_allow_list=["203.0.113.7"])

    refused = wecom.call("oa/applyevent", application())

    assert refused["errcode"] == 60020
    assert "from ip: 127.0.0.1" in refused["errmsg"]


def test_a_disabled_app_gets_no_token_and_its_old_one_ends(wecom: Wecom):
    token = wecom.token()
    wecom.register(enabled="0")

    assert wecom.gettoken(corpid=CORP, corpsecret=GATE["secret"])["errcode"] == 50003
    assert wecom.http.get("/cgi-bin/tag/list", params={"access_token": token}).json()["errcode"] == 50003


def test_a_disabled_approval_app_has_its_own_code(wecom: Wecom):
    system = {"corp_id": CORP, "agent_id": "3010040", "secret": "system-secret"}
    wecom.control("POST", "apps", {**system, "enabled": "0"})

    assert wecom.gettoken(corpid=CORP, corpsecret="system-secret")["errcode"] == 50006


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("oa/applyevent", 301055),
        ("oa/getapprovaldetail", 301055),
        ("oa/getapprovalinfo", 301055),
        ("oa/approval/create_template", 301088),
        ("message/send", 48002),
        ("user/getuserid", 48002),
    ],
)
def test_a_call_that_the_app_is_not_granted_is_refused(wecom: Wecom, path: str, code: int):
    wecom.register(scopes=[])

    assert wecom.refusal(path, {}) == code


def test_without_the_approval_app_nothing_can_be_applied_for(wecom: Wecom):
    wecom.settings(approval_app_enabled=0)

    assert wecom.refusal("oa/applyevent", application()) == 301056


def test_six_hundred_reads_a_minute_and_no_more(wecom: Wecom):
    sp_no = wecom.apply()
    wecom.register(rate_scale=0.01)

    codes = [wecom.refusal("oa/getapprovaldetail", {"sp_no": sp_no}) for _ in range(7)]

    assert codes == [0, 0, 0, 0, 0, 0, 45009]
    wecom.pass_time(60)
    assert wecom.refusal("oa/getapprovaldetail", {"sp_no": sp_no}) == 0


def test_an_unknown_path_is_no_json(wecom: Wecom):
    answer = wecom.http.post("/cgi-bin/oa/withdraw", params={"access_token": wecom.token()}, json={})

    assert (answer.status_code, answer.text) == (404, "404 page not found")


def test_by_get_the_body_is_not_read(wecom: Wecom):
    assert wecom.refusal("oa/getapprovalinfo") == 40058


def test_what_is_no_json_object_is_refused(wecom: Wecom):
    params = {"access_token": wecom.token()}
    for body in (b"{", b"[]", b'"x"'):
        answer = wecom.http.post("/cgi-bin/oa/applyevent", params=params, content=body)
        assert answer.json()["errcode"] == 47001


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"code": 301057}, 200, 301057),
        ({"code": -1}, 200, -1),
        ({"code": "45033", "status": 429}, 429, 45033),
        ({"status": 502}, 502, None),
        ({"body": "<html>proxy</html>"}, 200, None),
    ],
)
def test_faults_come_in_the_platforms_form_or_as_a_proxys(wecom: Wecom, fault: dict, status: int, code: int | None):
    wecom.control("POST", "faults", {"path": "/cgi-bin/oa/applyevent", **fault})

    answer = wecom.http.post("/cgi-bin/oa/applyevent", params={"access_token": wecom.token()}, json=application())

    assert answer.status_code == status
    if code is None:
        assert "html" in answer.text
    else:
        assert answer.json()["errcode"] == code


def test_the_log_of_calls_holds_no_secret(wecom: Wecom):
    wecom.data("tag/list")

    gettoken, tags = wecom.control("GET", "calls")["calls"]

    assert gettoken["query"] == {"corpid": CORP, "corpsecret": "***"}
    assert tags["query"] == {"access_token": "***"}
    assert (tags["app"], tags["code"]) == (f"{CORP}:1000002", 0)


@pytest.mark.parametrize(
    "change",
    [{"encoding_aes_key": "short"}, {"token": "has space"}, {"agent_id": "x"}, {"corp_id": ""}],
    ids=["key", "token", "agent_id", "corp_id"],
)
def test_malformed_credentials_are_not_registered(wecom: Wecom, change: dict[str, str]):
    answer = wecom.control("POST", "apps", {**GATE, **change}, status=400)

    assert next(iter(change)) in answer["error"]
