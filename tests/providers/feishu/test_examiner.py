"""What is Feishu's and Lark's alone about their doctor; what all share is in tests/contract/test_examiners.py."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from approval_gate.ports import App
from approval_gate.ports.checks import Check, CheckStatus
from approval_gate.providers.feishu.address_check import address_check
from approval_gate.providers.feishu.credentials import Credentials
from approval_gate.providers.feishu.examiner import Examiner as FeishuExaminer
from approval_gate.providers.lark.examiner import Examiner as LarkExaminer
from tests.fakes.aws import aws
from tests.fakes.examined_site import ExaminedSite
from tests.kits.feishu import FeishuKit
from tests.providers.feishu.fake_platform import MemoryForms, MemoryTokens
from tests.sender_kits import Call
from tests.sender_kits.feishu import KITS as SENDER_KITS

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
FEISHU_HOST, LARK_HOST = "open.feishu.cn", "open.larksuite.com"
CREDENTIALS = Credentials("cli_a1b2c3d4e5f60718", "a-secret", "a-key", "a-token")
TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"

type Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(scope="module")
def shared_table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture
def examined(shared_table: Any) -> Iterator[ExaminedSite]:
    site = ExaminedSite(SENDER_KITS[0], shared_table)
    yield site
    site.close()


class TwoDeployments:
    """Answers as both hosts do: the app is known on one of them only, and tells nothing beyond its access token."""

    def __init__(self, home: str, date: str = "") -> None:
        self.home, self.date = home, date
        self.refusal = 10014
        self.asked: list[str] = []
        self.answers: dict[str, object] = {}

    def examine(
        self, examiner: type[FeishuExaminer], *, base_url: str = "", callbacks: str = "http"
    ) -> dict[str, Check]:
        with httpx.Client(transport=httpx.MockTransport(self._answer)) as http:
            checks = examiner(
                app=App("acme", "app-1", examiner.edition.provider, base_url=base_url, callbacks=callbacks),
                credentials=CREDENTIALS,
                http=http,
                tokens=MemoryTokens(),
                forms=MemoryForms(),
                clock=lambda: NOW,
            ).examine()
        return {each.name: each for each in checks}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        return httpx.Response(200, json=self._body(request), headers={"date": self.date} if self.date else {})

    def _body(self, request: httpx.Request) -> object:
        if request.url.path != TOKEN_PATH:
            return self.answers.get(request.url.path, {"code": 0, "msg": "ok", "data": {}})
        if request.url.host != self.home:
            return {"code": self.refusal, "msg": "refused"}
        return {"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200}


# -- the two deployments


@pytest.mark.parametrize(
    ("examiner", "home", "says", "says_zh", "provider"),
    [
        (FeishuExaminer, LARK_HOST, "made on Lark, not on Feishu", "是在Lark创建的，而不是飞书", "lark"),
        (LarkExaminer, FEISHU_HOST, "made on Feishu, not on Lark", "是在飞书创建的，而不是Lark", "feishu"),
    ],
)
def test_an_app_of_the_other_deployment_is_told_by_its_access_token_there(
    examiner: type[FeishuExaminer], home: str, says: str, says_zh: str, provider: str
) -> None:
    hosts = TwoDeployments(home)

    check = hosts.examine(examiner)["credentials"]

    assert check.status is CheckStatus.FAILED
    assert says in check.detail.en
    assert says_zh in check.detail.zh
    assert all(f'"provider": "{provider}"' in each for each in (check.fix.en, check.fix.zh))
    assert len(hosts.asked) == 2


def test_an_app_that_neither_deployment_knows_is_no_app_of_the_other() -> None:
    hosts = TwoDeployments("nowhere.example")

    check = hosts.examine(FeishuExaminer)["credentials"]

    assert "knows no app of this App ID" in check.detail.en
    assert hosts.asked == [FEISHU_HOST, LARK_HOST]


def test_the_other_deployment_hears_nothing_of_an_app_in_order() -> None:
    hosts = TwoDeployments(FEISHU_HOST)

    hosts.examine(FeishuExaminer)

    assert set(hosts.asked) == {FEISHU_HOST}


def test_the_other_deployment_hears_nothing_of_an_app_with_a_base_url() -> None:
    hosts = TwoDeployments(LARK_HOST)

    check = hosts.examine(FeishuExaminer, base_url="https://proxy.example.com")["credentials"]

    assert hosts.asked == ["proxy.example.com"]
    assert check.status is CheckStatus.FAILED
    assert "register it with the other provider name" in check.fix.en


def test_the_other_deployment_is_not_asked_because_this_one_is_busy() -> None:
    hosts = TwoDeployments(LARK_HOST)
    hosts.refusal = 2200

    check = hosts.examine(FeishuExaminer)["credentials"]

    assert hosts.asked == [FEISHU_HOST]
    assert "later" in check.fix.en


def test_a_base_url_of_the_other_deployment_is_told() -> None:
    hosts = TwoDeployments(LARK_HOST)

    check = hosts.examine(FeishuExaminer, base_url=f"https://{LARK_HOST}")["credentials"]

    assert check.status is CheckStatus.WARNING
    assert "base_url is Lark's host" in check.detail.en
    assert '"provider": "lark"' in check.fix.zh


# -- odd answers


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "Thu, 15 Jan 2026 09:00:00", "Thu, 99 Jan 2026 09:00:00 GMT", "Thu, 15 Jan 2026 09:00:00 -0000"],
)
def test_a_date_that_cannot_be_read_leaves_the_clock_unjudged(date: str) -> None:
    check = TwoDeployments(FEISHU_HOST, date).examine(FeishuExaminer)["clock"]

    assert check.status is CheckStatus.SKIPPED


def test_a_date_in_another_zone_is_the_same_time() -> None:
    check = TwoDeployments(FEISHU_HOST, "Thu, 15 Jan 2026 17:00:00 +0800").examine(FeishuExaminer)["clock"]

    assert check.status is CheckStatus.OK


@pytest.mark.parametrize("odd", [None, 7, "0", ["0", 1], {"scopes": 1}, {"department_ids": "0", "scopes": [{}, 3]}])
def test_answers_of_another_shape_are_survived(odd: object) -> None:
    hosts = TwoDeployments(FEISHU_HOST)
    for path in ("application/v6/scopes", "contact/v3/scopes", "contact/v3/users/batch_get_id", "bot/v3/info"):
        hosts.answers[f"/open-apis/{path}"] = {"code": 0, "data": odd, "bot": odd}

    checks = hosts.examine(FeishuExaminer)

    assert checks["credentials"].status is CheckStatus.OK
    assert checks["permission_messages"].status is CheckStatus.FAILED
    assert checks["contact_range"].status is CheckStatus.FAILED


@pytest.mark.parametrize("state", [None, True, [], "1", 99])
def test_a_state_that_nobody_documented_is_not_held_against_the_app(state: object) -> None:
    hosts = TwoDeployments(FEISHU_HOST)
    hosts.answers["/open-apis/bot/v3/info"] = {"code": 0, "bot": {"activate_status": state}}

    assert hosts.examine(FeishuExaminer)["app_status"].status is CheckStatus.OK


@pytest.mark.parametrize(("skew_s", "en", "zh"), [(75, "75 s ahead of", "快 75 秒"), (-75, "75 s behind", "慢 75 秒")])
def test_a_clock_that_is_off_is_told_which_way(examined: ExaminedSite, skew_s: float, en: str, zh: str) -> None:
    examined.skew_s = skew_s

    check = examined.examine()["clock"]

    assert en in check.detail.en
    assert zh in check.detail.zh


def test_the_time_of_a_proxy_is_not_the_platforms(examined: ExaminedSite) -> None:
    examined.skew_s = 3600
    examined.control("POST", "faults", {"path": "/", "status": 502, "body": "<html>Bad gateway", "times": None})

    assert examined.examine()["clock"].status is CheckStatus.SKIPPED


def test_a_first_page_without_anybody_is_not_an_empty_range() -> None:
    hosts = TwoDeployments(FEISHU_HOST)
    hosts.answers["/open-apis/contact/v3/scopes"] = {"code": 0, "data": {"has_more": True}}

    assert hosts.examine(FeishuExaminer)["contact_range"].status is CheckStatus.WARNING


def test_more_than_one_page_of_range_is_counted_as_at_least() -> None:
    hosts = TwoDeployments(FEISHU_HOST)
    data = {"user_ids": ["ou_1"] * 100, "department_ids": [], "has_more": True}
    hosts.answers["/open-apis/contact/v3/scopes"] = {"code": 0, "data": data}

    check = hosts.examine(FeishuExaminer)["contact_range"]

    assert check.status is CheckStatus.WARNING
    assert "people: 100, user groups: 0, or more" in check.detail.en


def test_an_app_without_callbacks_needs_no_events() -> None:
    check = TwoDeployments(FEISHU_HOST).examine(FeishuExaminer, callbacks="none")["event_subscription"]

    assert check.status is CheckStatus.SKIPPED
    assert "without callbacks" in check.detail.en


def test_finer_permissions_for_approvals_suffice(examined: ExaminedSite) -> None:
    examined.change_app(scopes=["approval:definition", "approval:instance"])

    assert examined.examine()["permission_approvals"].status is CheckStatus.OK


def test_the_permission_for_all_contacts_suffices(examined: ExaminedSite) -> None:
    examined.change_app(scopes=["contact:contact:readonly_as_app", "contact:user.id:readonly"])

    assert examined.examine()["permission_contacts"].status is CheckStatus.OK


def test_a_wrong_secret_is_found_though_a_token_is_still_stored(examined: ExaminedSite) -> None:
    examined.people("lead")  # fetches and stores an access token
    examined.credentials["app_secret"] = "mistyped-secret"

    assert examined.examine()["credentials"].status is CheckStatus.FAILED


def test_a_refused_examination_leaves_the_stored_token_alone(examined: ExaminedSite) -> None:
    examined.people("lead")
    examined.examine()
    fetched = examined.calls(examined.kit.fetch_token)

    examined.people("qa")

    assert examined.calls(examined.kit.fetch_token) == fetched


def test_an_app_that_is_not_installed_has_no_permissions_to_list(examined: ExaminedSite) -> None:
    examined.refuse("/open-apis/application/v6/scopes", 212100)

    checks = examined.examine()

    assert checks["permission_messages"].status is CheckStatus.SKIPPED
    assert checks["permission_approvals"].status is CheckStatus.WARNING


def test_nobody_is_asked_again_after_one_call_that_hangs(examined: ExaminedSite) -> None:
    examined.fail(Call("GET", "/open-apis/bot/v3/info"), httpx.ReadTimeout("slow"), times=99)

    checks = examined.examine()

    assert [each.path for each in examined.wire.exchanges] == [TOKEN_PATH, "/open-apis/bot/v3/info"]
    assert checks["trusted_ip"].status is CheckStatus.WARNING
    assert "did not answer at platform.test" in checks["permission_approvals"].detail.en


# -- the address check, against the independent kit


def _rehearsed(kit: FeishuKit, **changes: str) -> tuple[httpx.Headers, dict[str, Any]]:
    credentials = Credentials(**(kit.credentials | changes))
    examiner = FeishuExaminer(
        app=App("acme", "app-1", "feishu"),
        credentials=credentials,
        http=httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(500))),
        tokens=MemoryTokens(),
        forms=MemoryForms(),
        clock=lambda: NOW,
    )
    rehearsal = examiner.rehearsal()
    assert rehearsal is not None
    body: dict[str, Any] = json.loads(rehearsal.request.body)
    return httpx.Headers(dict(rehearsal.request.headers)), body


def test_with_an_encrypt_key_the_address_check_is_sealed_and_unsigned(kit: FeishuKit) -> None:
    headers, body = _rehearsed(kit)
    plain = json.loads(kit._unsealed(json.dumps(body).encode()))

    assert set(body) == {"encrypt"}
    assert set(headers) == {"content-type"}
    assert plain == {
        "challenge": plain["challenge"],
        "token": kit.credentials["verification_token"],
        "type": "url_verification",
    }


def test_without_an_encrypt_key_the_address_check_is_in_clear(kit: FeishuKit) -> None:
    _, body = _rehearsed(kit, encrypt_key="")

    assert body["type"] == "url_verification"
    assert body["token"] == kit.credentials["verification_token"]


@pytest.mark.parametrize("missing", ["encrypt_key", "verification_token"])
def test_one_key_suffices_for_a_rehearsal_that_our_receiver_answers(kit: FeishuKit, missing: str) -> None:
    credentials = replace(Credentials(**kit.credentials), **{missing: ""})
    examiner = LarkExaminer(
        app=App("acme", "app-1", "lark"),
        credentials=credentials,
        http=httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(500))),
        tokens=MemoryTokens(),
        forms=MemoryForms(),
        clock=lambda: NOW,
    )
    rehearsal = examiner.rehearsal()
    assert rehearsal is not None

    opened = kit.receiver(**{missing: ""}).open(rehearsal.request)

    assert rehearsal.is_right(opened.response)


def test_the_answer_to_another_check_or_to_an_event_is_not_right(kit: FeishuKit) -> None:
    rehearsal = address_check(Credentials(**kit.credentials), os.urandom)

    for request in (kit.address_check(), kit.approve("ref-1")):
        assert not rehearsal.is_right(kit.receiver().open(request).response)
