"""Open, read and withdraw approvals, against a platform that keeps state."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import httpx
import pytest

from approval_gate.domain.approval import Identity, Mode, Stage
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import (
    ProviderError,
    ProviderQuotaUsedUp,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.ports import Draft, Withdrawal
from approval_gate.providers.feishu.sender import Sender
from tests.providers.feishu.fake_platform import (
    APP_SECRET,
    FakePlatform,
    MemoryForms,
    MemoryTokens,
    refusal,
    sender_of,
)

DEFINITIONS = "/open-apis/approval/v4/approvals"
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
INSTANCES = "/open-apis/approval/v4/instances"
CANCEL = INSTANCES + "/cancel"
COPY = INSTANCES + "/cc"


def only_instance(platform: FakePlatform) -> dict[str, Any]:
    (instance,) = platform.instances.values()
    return instance


# -- opening


def test_an_approval_is_opened_with_its_id_as_uuid(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(draft, may_exist=False)

    instance = only_instance(platform)
    assert opened.ref == instance["instance_code"]
    assert instance["_request"]["uuid"] == draft.approval_id
    assert instance["open_id"] == "ou_9"
    assert opened.open_url == (
        "https://applink.feishu.cn/client/mini_program/open?appId=cli_9cb844403dbb9108&mode=appCenter"
        f"&path=pc%2Fpages%2Fin-process%2Findex%3FinstanceId%3D{opened.ref}"
    )


def test_an_ordinary_approval_costs_one_call_once_its_definition_exists(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    platform.calls.clear()

    opened = sender.open_approval(replace(draft, approval_id="apr_02", title="Another"), may_exist=False)
    sender.read_truth(opened.ref)

    assert platform.counted_calls == ["/approval/v4/instances", f"/approval/v4/instances/{opened.ref}"]
    assert len(platform.definitions) == 1


def test_another_shape_gets_another_definition(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    sender.open_approval(draft, may_exist=False)
    sender.open_approval(replace(draft, approval_id="apr_02", stages=draft.stages[:1]), may_exist=False)

    assert len(platform.definitions) == 2
    assert platform.subscribed == set(platform.definitions)


def test_a_lost_answer_is_found_by_uuid(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    platform.lose_answer(INSTANCES, httpx.ReadTimeout("lost"))

    opened = sender.open_approval(draft, may_exist=False)

    assert opened.ref == only_instance(platform)["instance_code"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(200, text="<html>login</html>"),
        httpx.Response(200, json={"code": 0, "data": {}}),
        refusal(1395001),
        refusal(1390012),
    ],
    ids=["502", "html-200", "no-code", "internal", "conflict"],
)
def test_any_strange_answer_to_the_creation_is_checked(
    platform: FakePlatform, sender: Sender, draft: Draft, answer: httpx.Response
) -> None:
    platform.lose_answer(INSTANCES, answer)

    assert sender.open_approval(draft, may_exist=False).ref == only_instance(platform)["instance_code"]


def test_a_yes_without_an_instance_is_unavailable(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    platform.fail(INSTANCES, httpx.Response(200, json={"code": 0, "data": {}}))

    with pytest.raises(ProviderUnavailable, match="shows no instance"):
        sender.open_approval(draft, may_exist=False)


def test_an_instance_without_a_code_is_not_adopted(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    platform.fail(
        f"{INSTANCES}/{draft.approval_id}",
        httpx.Response(200, json={"code": 0, "data": {"uuid": draft.approval_id.upper(), "status": "PENDING"}}),
    )

    with pytest.raises(ProviderRejected, match="no instance_code"):
        sender.open_approval(draft, may_exist=True)


def test_a_timeout_without_effect_is_unavailable_and_can_be_repeated(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    platform.fail(INSTANCES, httpx.ConnectTimeout("slow"))

    with pytest.raises(ProviderUnavailable, match="in time"):
        sender.open_approval(draft, may_exist=False)
    opened = sender.open_approval(draft, may_exist=True)

    assert opened.ref == only_instance(platform)["instance_code"]


def test_a_repeated_uuid_adopts_what_exists(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    first = sender.open_approval(draft, may_exist=False)
    # The caller forgot, and even its "may exist" is lost.
    second = sender.open_approval(draft, may_exist=False)

    assert second == first
    assert len(platform.instances) == 1


def test_what_may_exist_is_found_before_anything_is_created(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    first = sender.open_approval(draft, may_exist=False)
    platform.calls.clear()

    assert sender.open_approval(draft, may_exist=True) == first
    assert platform.counted_calls == [f"/approval/v4/instances/{draft.approval_id}"]


def test_what_might_exist_but_does_not_is_created(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    sender.open_approval(draft, may_exist=True)

    assert len(platform.instances) == 1


def test_an_approval_can_be_found_without_opening_one(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    assert sender.find_approval(draft) is None

    opened = sender.open_approval(draft, may_exist=False)

    assert sender.find_approval(draft) == opened
    assert len(platform.instances) == 1


def test_a_failing_look_up_tells_the_first_failure(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    platform.fail(INSTANCES, refusal(1390001))
    platform.fail(f"{INSTANCES}/{draft.approval_id}", httpx.ReadTimeout("slow"))

    with pytest.raises(ProviderRejected) as caught:
        sender.open_approval(draft, may_exist=False)

    assert caught.value.vendor_code == "1390001"


def test_a_found_instance_of_somebody_else_is_not_adopted(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    foreign = {"instance_code": "OTHER", "uuid": "SOMETHING-ELSE", "status": "APPROVED"}
    platform.fail(f"{INSTANCES}/{draft.approval_id}", httpx.Response(200, json={"code": 0, "data": foreign}))

    with pytest.raises(ProviderRejected, match="another approval"):
        sender.open_approval(draft, may_exist=True)


def test_a_sequence_of_both_kinds_of_ids_is_refused(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    mixed = Stage(Mode.SEQUENCE, (Identity("e1"), Identity("ou_2")))

    with pytest.raises(ProviderRejected, match="order of stage 1"):
        sender.open_approval(replace(draft, stages=(mixed,)), may_exist=False)

    assert platform.calls == []


def test_a_stage_without_approvers_is_refused(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    with pytest.raises(ProviderRejected, match="no approvers"):
        sender.open_approval(replace(draft, stages=(Stage(Mode.ALL, ()),)), may_exist=False)

    assert platform.calls == []


def test_a_requester_without_an_id_is_refused(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    with pytest.raises(ProviderRejected, match="requester"):
        sender.open_approval(replace(draft, requester=Identity("")), may_exist=False)

    assert platform.calls == []


# -- copies


def test_copies_go_out_by_both_kinds_of_ids(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(replace(draft, cc=(Identity("ou_7"), Identity("e8"))), may_exist=False)

    assert [(copy["user_id"], copy["cc_user_ids"]) for copy in platform.copies] == [
        ("ou_9", ["ou_7"]),
        ("dev00001", ["e8"]),
    ]
    assert {copy["instance_code"] for copy in platform.copies} == {opened.ref}
    assert [call.query["user_id_type"] for call in platform.called(COPY)] == ["open_id", "user_id"]


@pytest.mark.parametrize(
    "fault", [refusal(1390009, status=403), httpx.ReadTimeout("slow"), httpx.Response(500, text="oops")]
)
def test_a_failing_copy_never_fails_the_approval(
    platform: FakePlatform,
    sender: Sender,
    draft: Draft,
    fault: httpx.Response | Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    platform.fail(COPY, fault)

    with caplog.at_level(logging.WARNING):
        opened = sender.open_approval(replace(draft, cc=(Identity("ou_7"),)), may_exist=False)

    assert opened.ref in platform.instances
    assert [record.message for record in caplog.records] == ["copy_failed"]


def test_a_copy_the_starter_cannot_send_is_skipped(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    sender.open_approval(replace(draft, requester=Identity("ou_9"), cc=(Identity("e8"),)), may_exist=False)

    assert platform.called(COPY) == []


# -- access tokens


def test_an_expired_token_is_refreshed_and_the_call_repeated_once(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    platform.expire_tokens()
    platform.calls.clear()

    sender.read_truth(opened.ref)

    assert [call.path for call in platform.calls] == [f"{INSTANCES}/{opened.ref}", TOKEN, f"{INSTANCES}/{opened.ref}"]


@pytest.mark.parametrize("code", [99991661, 99991663, 99991664, 99991665, 99991668, 99991671])
@pytest.mark.parametrize("status", [200, 400])
def test_every_refusal_of_a_token_is_understood(
    platform: FakePlatform, sender: Sender, draft: Draft, code: int, status: int
) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    platform.fail(f"{INSTANCES}/{opened.ref}", refusal(code, status=status))

    assert sender.read_truth(opened.ref).status is TruthStatus.PENDING


def test_a_fresh_token_that_is_refused_ends_it(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    path = f"{INSTANCES}/{opened.ref}"
    platform.fail(path, refusal(99991663), refusal(99991663), refusal(99991663))
    platform.calls.clear()

    with pytest.raises(ProviderRejected, match="fresh access token"):
        sender.read_truth(opened.ref)

    assert len(platform.called(path)) == 2


def test_a_token_that_a_colleague_refreshed_is_used(platform: FakePlatform, draft: Draft) -> None:
    tokens, forms = MemoryTokens(), MemoryForms()
    one, other = (sender_of(platform, tokens=tokens, forms=forms) for _ in range(2))
    opened = one.open_approval(draft, may_exist=False)
    platform.expire_tokens()
    other.read_truth(opened.ref)
    platform.calls.clear()

    one.read_truth(opened.ref)

    assert platform.called(TOKEN) == []


@pytest.mark.parametrize(("life_s", "kept_s"), [(7200, 6600.0), (1800, 1200.0), (60, 30.0)])
def test_a_token_is_kept_for_its_life_less_a_margin(
    platform: FakePlatform, tokens: MemoryTokens, sender: Sender, draft: Draft, life_s: int, kept_s: float
) -> None:
    platform.token_life_s = life_s

    sender.open_approval(draft, may_exist=False)

    assert tokens.life_s == kept_s


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 0},
        {"code": 0, "tenant_access_token": "", "expire": 7200},
        {"code": 0, "tenant_access_token": "a\r\nb", "expire": 7200},
        {"code": 0, "tenant_access_token": "t-1", "expire": "7200"},
        {"code": 0, "tenant_access_token": "t-1", "expire": 0},
        {"code": 0, "tenant_access_token": "t-1", "expire": True},
    ],
)
def test_a_token_answer_without_a_token_is_unavailable(
    platform: FakePlatform, sender: Sender, answer: dict[str, Any]
) -> None:
    platform.fail(TOKEN, httpx.Response(200, json=answer))

    with pytest.raises(ProviderUnavailable, match="access token"):
        sender.read_truth("X")


def test_wrong_credentials_say_where_to_look(platform: FakePlatform) -> None:
    with pytest.raises(ProviderRejected, match="App ID and App Secret") as caught:
        sender_of(platform, app_secret="wrong").read_truth("X")

    assert caught.value.operation == "fetch_token"
    assert caught.value.vendor_code == "10014"


# -- errors of calls


def test_a_throttle_says_when(platform: FakePlatform, sender: Sender) -> None:
    headers = {"x-ogw-ratelimit-limit": "100", "x-ogw-ratelimit-reset": "12", "X-Tt-Logid": "20260115LOG"}
    platform.fail(f"{INSTANCES}/X", refusal(99991400, status=429, headers=headers))

    with pytest.raises(ProviderThrottled) as caught:
        sender.read_truth("X")

    assert caught.value.retry_after_s == 12.0
    assert caught.value.vendor_request_id == "20260115LOG"


def test_a_missing_scope_is_named(platform: FakePlatform, sender: Sender) -> None:
    violations = [{"type": "action_scope_required", "subject": "approval:approval"}, {"scope": "approval:instance"}]
    platform.fail(f"{INSTANCES}/X", refusal(99991672, permission_violations=violations, log_id="LOG2"))

    with pytest.raises(ProviderRejected, match="approval:approval, approval:instance") as caught:
        sender.read_truth("X")

    assert caught.value.vendor_request_id == "LOG2"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, text="<html>proxy</html>"), ProviderUnavailable),
        (httpx.Response(404, text="404 page not found"), ProviderRejected),
        (httpx.Response(503, text=""), ProviderUnavailable),
        (httpx.Response(302, headers={"location": "https://evil.example/"}), ProviderRejected),
        (httpx.Response(200, json=["code", 0]), ProviderUnavailable),
        (httpx.Response(200, json={"code": "0", "data": {}}), ProviderUnavailable),
        (httpx.Response(200, json={"code": False, "data": {}}), ProviderUnavailable),
        (httpx.Response(200, content=b"\xff\xfe"), ProviderUnavailable),
        (httpx.Response(200, content=b"[" * 100_000), ProviderUnavailable),
    ],
    ids=["html", "404", "503", "redirect", "list", "text-code", "bool-code", "not-utf8", "deep"],
)
def test_an_answer_that_is_not_the_platforms_is_no_crash_and_no_truth(
    platform: FakePlatform, sender: Sender, answer: httpx.Response, error: type[ProviderError]
) -> None:
    platform.fail(f"{INSTANCES}/X", answer)

    with pytest.raises(ProviderError) as caught:
        sender.read_truth("X")

    assert type(caught.value) is error


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
        httpx.PoolTimeout("busy"),
        httpx.DecodingError("gzip"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_broken_connection_is_unavailable(platform: FakePlatform, sender: Sender, fault: Exception) -> None:
    platform.fail(f"{INSTANCES}/X", fault)

    with pytest.raises(ProviderUnavailable):
        sender.read_truth("X")


@pytest.mark.parametrize("base_url", ["ftp://host", "not a url", "http://[::1"])
def test_a_base_url_that_is_none_is_named(base_url: str) -> None:
    with httpx.Client() as http:
        sender = sender_of(FakePlatform(), base_url=base_url)
        sender._client._http = http

        with pytest.raises(ProviderRejected, match="base_url"):
            sender.read_truth("X")


def test_a_base_url_may_carry_a_path(draft: Draft) -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"code": 10003})

    sender = sender_of(FakePlatform(), base_url="http://127.0.0.1:8080/feishu/")
    sender._client._http = httpx.Client(transport=httpx.MockTransport(handle))
    with pytest.raises(ProviderRejected):
        sender.read_truth("X")

    assert seen == [f"http://127.0.0.1:8080/feishu{TOKEN}"]


def test_time_limits_are_set_on_every_call(draft: Draft) -> None:
    limits: list[dict[str, float]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        return httpx.Response(200, json={"code": 10003})

    sender = sender_of(FakePlatform())
    sender._client._http = httpx.Client(transport=httpx.MockTransport(handle), timeout=99)
    with pytest.raises(ProviderRejected):
        sender.read_truth("X")

    assert [(each["connect"], each["read"]) for each in limits] == [(3.0, 10.0)]


def test_no_secret_is_in_any_error_or_log(
    platform: FakePlatform, sender: Sender, draft: Draft, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    opened = sender.open_approval(draft, may_exist=False)
    faults: list[httpx.Response | Exception] = [refusal(99991663), refusal(99991663), httpx.ReadTimeout("slow")]
    platform.fail(f"{INSTANCES}/{opened.ref}", *faults)
    shown = []
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            sender.read_truth(opened.ref)
        shown += [repr(caught.value), repr(caught.value.__cause__), repr(vars(caught.value))]

    text = caplog.text + "".join(shown) + repr(sender) + repr(sender._client)
    assert APP_SECRET not in text
    assert not any(f"t-{number}" in text.replace("x-tt-", "") for number in range(1, 9))


# -- truth


def test_the_truth_is_read_by_its_reference(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(draft, may_exist=False)

    truth = sender.read_truth(opened.ref)

    assert truth.ref == opened.ref
    assert truth.status is TruthStatus.PENDING
    assert truth.requester == Identity("ou_9")


@pytest.mark.parametrize(
    "data", [{}, None, {"instance_code": "OTHER", "uuid": ""}, {"instance_code": ["X"]}, {"uuid": "apr"}]
)
def test_the_truth_about_another_approval_is_refused(platform: FakePlatform, sender: Sender, data: object) -> None:
    platform.fail(f"{INSTANCES}/X", httpx.Response(200, json={"code": 0, "data": data}))

    with pytest.raises(ProviderRejected, match="another approval"):
        sender.read_truth("X")


def test_an_unknown_approval_is_an_error_and_no_decision(sender: Sender) -> None:
    with pytest.raises(ProviderRejected) as caught:
        sender.read_truth("NOWHERE")

    assert caught.value.vendor_code == "1390003"


def test_a_reference_cannot_leave_its_path(platform: FakePlatform, sender: Sender) -> None:
    with pytest.raises(ProviderRejected):
        sender.read_truth("../approvals?x=1#")

    assert platform.calls[-1].query == {"user_id_type": "open_id"}
    assert platform.calls[-1].path.startswith(INSTANCES)


def test_an_approval_that_leaves_stages_open_asks_the_definition(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    tasks = [
        {
            "id": str(i),
            "open_id": f"ou_{i}",
            "status": "APPROVED",
            "type": "AND",
            "node_id": f"system-APPROVAL_NODE_{i}",
        }
        for i in range(3)
    ]
    only_instance(platform).update(status="APPROVED", task_list=[*tasks, tasks[0] | {"node_id": "added by hand"}])

    truth = sender.read_truth(opened.ref)

    assert [task.stage for task in truth.tasks] == [0, 1, 2, None]
    assert len(platform.called(f"{DEFINITIONS}/{only_instance(platform)['approval_code']}")) == 1


@pytest.mark.parametrize(("status", "custom_node_id"), [("PENDING", ""), ("APPROVED", "APPROVAL_NODE_0")])
def test_otherwise_the_definition_is_not_asked(
    platform: FakePlatform, sender: Sender, draft: Draft, status: str, custom_node_id: str
) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    task = {"id": "1", "node_id": "n", "status": status, "custom_node_id": custom_node_id}
    only_instance(platform).update(status=status, task_list=[task])
    platform.calls.clear()

    sender.read_truth(opened.ref)

    assert len(platform.calls) == 1


# -- withdrawing


def test_a_pending_approval_is_withdrawn_as_its_starter(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(draft, may_exist=False)

    result = sender.withdraw(sender.read_truth(opened.ref), "expired")

    assert result is Withdrawal.DONE
    assert sender.read_truth(opened.ref).status is TruthStatus.CANCELED
    (call,) = platform.called(CANCEL)
    assert call.body == {
        "approval_code": only_instance(platform)["approval_code"],
        "instance_code": opened.ref,
        "user_id": "ou_9",
    }
    assert call.query == {"user_id_type": "open_id"}


def test_a_starter_known_by_user_id_withdraws_by_user_id(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(replace(draft, requester=Identity("dev00001")), may_exist=False)

    assert sender.withdraw(sender.read_truth(opened.ref), "") is Withdrawal.DONE
    assert platform.called(CANCEL)[0].query == {"user_id_type": "user_id"}


@pytest.mark.parametrize("status", ["APPROVED", "REJECTED", "CANCELED", "DELETED"])
def test_what_has_ended_is_never_withdrawn(platform: FakePlatform, sender: Sender, draft: Draft, status: str) -> None:
    # Withdrawing an approved instance would send it back to review.
    opened = sender.open_approval(draft, may_exist=False)
    only_instance(platform)["status"] = status

    assert sender.withdraw(sender.read_truth(opened.ref), "") is Withdrawal.ALREADY_CLOSED
    assert platform.called(CANCEL) == []


def test_what_is_unknown_is_not_withdrawn(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    only_instance(platform)["status"] = "OVERTIME_CLOSE"

    assert sender.withdraw(sender.read_truth(opened.ref), "") is Withdrawal.REFUSED
    assert platform.called(CANCEL) == []


@pytest.mark.parametrize("code", [1390009, 1390013, 1390018, 1390001])
def test_a_refused_withdrawal_is_an_answer(platform: FakePlatform, sender: Sender, draft: Draft, code: int) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    platform.fail(CANCEL, refusal(code))

    assert sender.withdraw(sender.read_truth(opened.ref), "") is Withdrawal.REFUSED


def test_an_approval_without_a_known_starter_is_not_withdrawn(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    only_instance(platform)["open_id"] = ""

    assert sender.withdraw(sender.read_truth(opened.ref), "") is Withdrawal.REFUSED


@pytest.mark.parametrize(
    ("fault", "error"), [(httpx.ReadTimeout("slow"), ProviderUnavailable), (refusal(99991403), ProviderQuotaUsedUp)]
)
def test_a_withdrawal_that_may_work_later_is_an_error(
    platform: FakePlatform,
    sender: Sender,
    draft: Draft,
    fault: httpx.Response | Exception,
    error: type[ProviderError],
) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    platform.fail(CANCEL, fault)

    with pytest.raises(error):
        sender.withdraw(sender.read_truth(opened.ref), "")


def test_a_body_is_json_the_platform_can_read(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    sender.open_approval(replace(draft, title="部署 \ud800 <script>"), may_exist=False)

    texts = json.dumps(only_instance(platform)["_request"], ensure_ascii=False)
    assert "部署 ? <script>" in texts
