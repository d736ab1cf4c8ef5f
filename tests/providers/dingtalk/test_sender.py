"""Opening once, finding again, withdrawing: against a platform that keeps state and fails on demand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from approval_gate.domain.approval import Identity, Mode, Stage
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import Draft, Withdrawal
from approval_gate.providers.dingtalk.cards import FORM_NAME, LABELS
from approval_gate.providers.dingtalk.sender import Sender
from tests.providers.dingtalk.fake_platform import (
    FORMS,
    INSTANCES,
    LIST,
    SCHEMA,
    TERMINATE,
    VISIBLE,
    Clock,
    FakePlatform,
    MemoryForms,
    newer,
    sender_of,
)

CREATE = f"POST {INSTANCES}"


def created(platform: FakePlatform) -> int:
    return len(platform.called(INSTANCES, "POST"))


# -- the form


def test_the_first_approval_makes_the_form_and_later_ones_cost_one_call(
    sender: Sender, platform: FakePlatform, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    first = platform.counted_calls
    sender.open_approval(replace(draft, approval_id="apr_02"), may_exist=False)

    assert first == [f"GET {VISIBLE}", f"POST {FORMS}", CREATE]
    assert platform.counted_calls[len(first) :] == [CREATE]


def test_a_form_of_our_name_and_fields_is_used(sender: Sender, platform: FakePlatform, draft: Draft) -> None:
    for number in range(230):
        platform.add_form(f"Another form {number}", ["Reason"])
    code = platform.add_form(FORM_NAME, [*LABELS])

    ref = sender.open_approval(draft, may_exist=False).ref

    assert platform.instances[ref]["processCode"] == code
    assert len(platform.called(VISIBLE)) == 3
    assert platform.called(FORMS) == []


def test_a_form_of_our_name_with_other_fields_is_not_used(sender: Sender, platform: FakePlatform, draft: Draft) -> None:
    platform.add_form(FORM_NAME, ["Reason"])

    with pytest.raises(ProviderRejected, match="Rename or delete it"):
        sender.open_approval(draft, may_exist=False)

    assert created(platform) == 0
    assert len(platform.forms) == 1


def test_a_form_that_is_not_in_the_list_is_found_by_its_name(
    sender: Sender, platform: FakePlatform, draft: Draft
) -> None:
    code = platform.add_form(FORM_NAME, [*LABELS])
    platform.hidden_forms.add(code)

    ref = sender.open_approval(draft, may_exist=False).ref

    assert platform.instances[ref]["processCode"] == code
    assert len(platform.forms) == 1


def test_a_form_whose_creation_was_not_answered_is_not_made_twice(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    platform.lose_answer(FORMS, httpx.ReadTimeout("x"))

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=False)
    with pytest.raises(ProviderUnavailable, match="being made"):
        sender.open_approval(draft, may_exist=True)
    clock.advance(61)
    sender.open_approval(draft, may_exist=True)

    assert len(platform.called(FORMS)) == 1
    assert len(platform.forms) == 1


def test_a_form_that_exists_and_is_nowhere_to_be_seen_asks_for_help(
    sender: Sender, platform: FakePlatform, draft: Draft
) -> None:
    platform.fail(FORMS, newer("formName.error"))

    with pytest.raises(ProviderRejected, match="Make it visible"):
        sender.open_approval(draft, may_exist=False)


def test_an_answer_without_a_code_for_the_form_is_looked_up_later(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    platform.lose_answer(FORMS, httpx.Response(200, json={"result": {}}))

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=False)
    clock.advance(61)
    sender.open_approval(draft, may_exist=True)

    assert len(platform.forms) == 1


def test_a_form_that_may_not_be_made_leaves_no_claim(sender: Sender, platform: FakePlatform, draft: Draft) -> None:
    platform.fail(FORMS, newer("Forbidden.AccessDenied.AccessTokenPermissionDenied", status=403))

    with pytest.raises(ProviderRejected, match=r"Workflow\.Form\.Write"):
        sender.open_approval(draft, may_exist=False)

    assert sender.open_approval(draft, may_exist=True).ref in platform.instances


def test_a_deleted_form_is_made_anew_once_a_minute(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    sender.open_approval(draft, may_exist=False)
    platform.forms.clear()
    other = replace(draft, approval_id="apr_02")

    with pytest.raises(ProviderUnavailable, match="another will be made") as caught:
        sender.open_approval(other, may_exist=False)
    with pytest.raises(ProviderUnavailable, match="being made"):
        sender.open_approval(other, may_exist=True)
    clock.advance(61)
    ref = sender.open_approval(other, may_exist=True).ref

    assert caught.value.retry_after_s == 60.0
    assert platform.instances[ref]["processCode"] in platform.forms
    assert len(platform.called(FORMS)) == 2


def test_a_list_without_an_end_is_left(sender: Sender, platform: FakePlatform, draft: Draft) -> None:
    page = {"result": {"processList": [{"name": "x"}], "nextToken": 100}}
    platform.fail(VISIBLE, *(httpx.Response(200, json=page) for _ in range(2)))

    sender.open_approval(draft, may_exist=False)

    assert len(platform.called(VISIBLE)) == 2
    assert platform.called(SCHEMA) == []


# -- opening once


def test_opening_twice_makes_one_instance(sender: Sender, platform: FakePlatform, draft: Draft) -> None:
    first = sender.open_approval(draft, may_exist=False)
    calls = len(platform.calls)

    again = sender.open_approval(draft, may_exist=True)

    assert again == first
    assert len(platform.calls) == calls
    assert first.open_url == ""


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, text="<html>"),
        newer("systemError", status=500),
        newer("sysErrror"),
        httpx.Response(200, json={}),
    ],
    ids=["timeout", "reset", "proxy", "page", "500", "400-internal", "empty"],
)
def test_an_instance_whose_answer_was_lost_is_found_and_not_made_twice(
    sender: Sender, platform: FakePlatform, draft: Draft, fault: Any
) -> None:
    platform.lose_answer(INSTANCES, fault)

    with pytest.raises(ProviderUnavailable) as caught:
        sender.open_approval(draft, may_exist=False)
    ref = sender.open_approval(draft, may_exist=True).ref

    assert caught.value.retry_after_s
    assert list(platform.instances) == [ref]
    assert created(platform) == 1


def test_an_instance_that_appears_late_is_not_made_twice(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    """The platform executes the first call after we have looked for its result."""
    platform.lose_answer(INSTANCES, httpx.ReadTimeout("x"))
    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=False)
    late = dict(platform.instances)
    platform.instances.clear()

    with pytest.raises(ProviderUnavailable, match="may still appear"):
        sender.open_approval(draft, may_exist=True)
    clock.advance(30)
    platform.instances |= late
    ref = sender.open_approval(draft, may_exist=True).ref

    assert list(late) == [ref]
    assert created(platform) == 1


def test_a_creation_that_came_to_nothing_is_repeated_after_a_minute(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    platform.fail(CREATE, httpx.ConnectTimeout("x"))
    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=False)

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=True)
    clock.advance(61)
    ref = sender.open_approval(draft, may_exist=True).ref

    assert list(platform.instances) == [ref]


def test_a_worker_that_knows_nothing_finds_the_instance(platform: FakePlatform, draft: Draft) -> None:
    ref = sender_of(platform).open_approval(draft, may_exist=False).ref

    again = sender_of(platform).open_approval(draft, may_exist=True).ref

    assert again == ref
    assert created(platform) == 1


def test_two_workers_at_once_make_one_instance(platform: FakePlatform, forms: MemoryForms, draft: Draft) -> None:
    """The second comes while the first one's call is on its way."""
    first, second = (sender_of(platform, forms=forms) for _ in range(2))
    first.open_approval(replace(draft, approval_id="apr_before"), may_exist=False)
    seen: list[str] = []
    handle = platform._create

    def create(body: dict[str, Any]) -> httpx.Response:
        if not seen:
            seen.append("second worker")
            with pytest.raises(ProviderUnavailable):
                second.open_approval(draft, may_exist=True)
        return handle(body)

    platform._create = create  # type: ignore[method-assign] # the fake's own step, to put a race into it
    ref = first.open_approval(draft, may_exist=False).ref

    assert second.open_approval(draft, may_exist=True).ref == ref
    assert len(platform.instances) == 2


@pytest.mark.parametrize("code", ["needAuth", "invalidParameter", "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"])
def test_a_refused_creation_may_be_repeated_at_once(
    sender: Sender, platform: FakePlatform, draft: Draft, code: str
) -> None:
    platform.fail(CREATE, newer(code, status=403 if code.startswith("Forbidden") else 400))

    with pytest.raises((ProviderRejected, ProviderThrottled)):
        sender.open_approval(draft, may_exist=False)

    assert sender.open_approval(draft, may_exist=True).ref in platform.instances


def test_only_the_instance_with_our_id_and_requester_is_ours(platform: FakePlatform, draft: Draft) -> None:
    other = replace(draft, approval_id=draft.approval_id + "X")
    sender_of(platform).open_approval(other, may_exist=False)
    forged = sender_of(platform).open_approval(draft, may_exist=False).ref
    platform.instances[forged]["originatorUserId"] = "somebody-else"
    # A list that pays no regard to the submitter it was asked for.
    platform.fail(LIST, httpx.Response(200, json={"result": {"list": [*platform.instances]}}))

    ref = sender_of(platform).open_approval(draft, may_exist=True).ref

    assert ref != forged
    assert len(platform.instances) == 3


def test_the_search_reads_every_page_and_starts_with_the_approval(
    platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    sender = sender_of(platform)
    clock.advance(-3600)
    sender.open_approval(replace(draft, approval_id="apr_long_ago"), may_exist=False)
    clock.advance(3600)
    for number in range(45):
        sender.open_approval(replace(draft, approval_id=f"apr_{number}"), may_exist=False)
    ref = sender.open_approval(draft, may_exist=False).ref

    assert sender_of(platform).open_approval(draft, may_exist=True).ref == ref

    pages = [call.body for call in platform.called(LIST)]
    assert [page["nextToken"] for page in pages] == [0, 20, 40]
    assert {page["maxResults"] for page in pages} == {20}
    assert {tuple(page["userIds"]) for page in pages} == {("manager164",)}
    read = {call.query["processInstanceId"] for call in platform.called(INSTANCES, "GET")}
    assert len(read) == 46


def test_a_search_without_an_end_opens_nothing(platform: FakePlatform, draft: Draft) -> None:
    sender = sender_of(platform)
    for number in range(101):
        sender.open_approval(replace(draft, approval_id=f"apr_{number}"), may_exist=False)

    with pytest.raises(ProviderRejected, match="cannot be told"):
        sender_of(platform).open_approval(draft, may_exist=True)

    assert len(platform.instances) == 101


@pytest.mark.parametrize("body", [{}, {"result": {}}, {"result": {"list": None}}, {"success": False}])
def test_a_list_that_cannot_be_read_is_no_proof_that_there_is_none(
    platform: FakePlatform, draft: Draft, body: dict[str, Any]
) -> None:
    sender_of(platform).open_approval(draft, may_exist=False)
    platform.fail(LIST, httpx.Response(200, json=body))

    with pytest.raises(ProviderUnavailable):
        sender_of(platform).open_approval(draft, may_exist=True)

    assert created(platform) == 1


def test_a_slow_search_opens_nothing_while_its_claim_may_lapse(
    platform: FakePlatform, draft: Draft, forms: MemoryForms, clock: Clock
) -> None:
    sender = sender_of(platform, forms=forms)
    handle = platform._list

    def slow(body: dict[str, Any]) -> httpx.Response:
        clock.advance(16)
        return handle(body)

    platform._list = slow  # type: ignore[method-assign] # the fake's own step, made slow

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=True)

    assert platform.instances == {}


def test_a_deleted_candidate_is_passed_over(platform: FakePlatform, draft: Draft) -> None:
    ref = sender_of(platform).open_approval(draft, may_exist=False).ref
    platform.fail(LIST, httpx.Response(200, json={"result": {"list": ["gone", 7, "", ref]}}))

    assert sender_of(platform).open_approval(draft, may_exist=True).ref == ref


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"requester": Identity("")}, "requester"),
        ({"stages": ()}, "0 steps"),
        ({"stages": (Stage(Mode.ALL, ()),)}, "stage 1 has no approvers"),
        ({"stages": (Stage(Mode.ALL, tuple(Identity(f"u{n}") for n in range(21))),)}, "more than 20 approvers"),
        ({"stages": (Stage(Mode.SEQUENCE, tuple(Identity(f"u{n}") for n in range(20))),) * 2}, "40 steps"),
        ({"cc": tuple(Identity(f"u{n}") for n in range(51))}, "50 people in cc"),
    ],
    ids=["requester", "no-stages", "nobody", "too-many", "too-long", "copies"],
)
def test_what_the_platform_cannot_do_is_said_before_any_call(
    sender: Sender, platform: FakePlatform, draft: Draft, changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(ProviderRejected, match=text):
        sender.open_approval(replace(draft, **changes), may_exist=False)

    assert platform.calls == []


# -- finding


def test_finding_opens_nothing_and_makes_no_form(sender: Sender, platform: FakePlatform, draft: Draft) -> None:
    assert sender.find_approval(draft) is None

    assert platform.forms == {}
    assert platform.instances == {}


def test_what_was_opened_is_found_by_whoever_looks(sender: Sender, platform: FakePlatform, draft: Draft) -> None:
    opened = sender.open_approval(draft, may_exist=False)

    assert sender.find_approval(draft) == opened
    assert sender_of(platform).find_approval(draft) == opened
    assert sender.find_approval(replace(draft, approval_id="apr_other")) is None


def test_finding_waits_until_an_unanswered_creation_is_settled(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    platform.fail(CREATE, httpx.ReadTimeout("x"))
    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=False)

    with pytest.raises(ProviderUnavailable, match="may still appear"):
        sender.find_approval(draft)
    clock.advance(61)

    assert sender.find_approval(draft) is None
    assert sender.find_approval(draft) is None


def test_a_form_deleted_since_is_no_reason_to_believe_that_there_is_none(
    platform: FakePlatform, draft: Draft, forms: MemoryForms, clock: Clock
) -> None:
    sender = sender_of(platform, forms=forms)
    sender.open_approval(replace(draft, approval_id="apr_before"), may_exist=False)
    platform.fail(LIST, newer("invalidProcessCode"))

    with pytest.raises(ProviderUnavailable, match="another will be made"):
        sender.open_approval(draft, may_exist=True)
    clock.advance(61)

    assert sender.open_approval(draft, may_exist=True).ref in platform.instances


@pytest.mark.parametrize("path", [LIST, f"GET {INSTANCES}"])
def test_a_search_that_is_refused_opens_nothing(platform: FakePlatform, draft: Draft, path: str) -> None:
    sender_of(platform).open_approval(draft, may_exist=False)
    platform.fail(path, newer("Forbidden.AccessDenied.AccessTokenPermissionDenied", status=403))

    with pytest.raises(ProviderRejected, match=r"Workflow\.Instance\.Read"):
        sender_of(platform).open_approval(draft, may_exist=True)

    assert created(platform) == 1


def test_what_another_worker_saved_meanwhile_is_taken(platform: FakePlatform, draft: Draft, clock: Clock) -> None:
    class LateForms(MemoryForms):
        """Another worker saves between our look and our claim."""

        def claim(self, key: str) -> bool:
            if key.startswith("instance/"):
                self.save(key, {"instance_id": "i-of-another", "opened_at": clock().isoformat()})
            return super().claim(key)

    sender = sender_of(platform, forms=LateForms(clock))

    assert sender.open_approval(draft, may_exist=False).ref == "i-of-another"
    assert created(platform) == 0


# -- withdrawing


def test_a_pending_approval_is_withdrawn_by_the_system(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(15)

    assert sender.withdraw(sender.read_truth(ref), "Nobody decided in time.") is Withdrawal.DONE

    assert platform.called(TERMINATE)[0].body == {
        "processInstanceId": ref,
        "isSystem": True,
        "remark": "Nobody decided in time.",
    }
    assert sender.read_truth(ref).status is TruthStatus.CANCELED


@pytest.mark.parametrize("age_s", [0, 5, 14.5])
def test_a_young_approval_is_withdrawn_later(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock, age_s: float
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(age_s)

    with pytest.raises(ProviderUnavailable, match="15 seconds") as caught:
        sender.withdraw(sender.read_truth(ref), "")

    assert caught.value.retry_after_s == 15 - age_s
    assert platform.called(TERMINATE) == []


def test_without_a_record_of_the_opening_the_minute_tells_the_age(
    platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    ref = sender_of(platform).open_approval(draft, may_exist=False).ref
    stranger = sender_of(platform)
    clock.advance(39)  # 03:30:59, created in the minute from 03:30

    with pytest.raises(ProviderUnavailable) as caught:
        stranger.withdraw(stranger.read_truth(ref), "")
    clock.advance(16)

    assert caught.value.retry_after_s == 16
    assert stranger.withdraw(stranger.read_truth(ref), "") is Withdrawal.DONE


def test_an_approval_that_ended_meanwhile_is_left_alone(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)
    truth = sender.read_truth(ref)
    platform.finish(ref)

    assert sender.withdraw(truth, "") is Withdrawal.ALREADY_CLOSED
    assert sender.withdraw(sender.read_truth(ref), "") is Withdrawal.ALREADY_CLOSED
    assert len(platform.called(TERMINATE)) == 1
    assert sender.read_truth(ref).status is TruthStatus.APPROVED


def test_a_form_that_allows_no_withdrawal_is_a_refusal(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    platform.allows_withdrawal = False
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)

    assert sender.withdraw(sender.read_truth(ref), "") is Withdrawal.REFUSED


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"result": False}),
        httpx.Response(200, json={}),
        newer("internalError"),
        newer("internalError", status=500),
    ],
)
def test_a_withdrawal_that_is_not_confirmed_is_none(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock, answer: httpx.Response
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)
    platform.fail(TERMINATE, answer)

    assert sender.withdraw(sender.read_truth(ref), "") is Withdrawal.REFUSED


def test_a_refused_withdrawal_of_what_has_ended_meanwhile_says_so(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)
    platform.lose_answer(TERMINATE, newer("internalError", status=500))

    assert sender.withdraw(sender.read_truth(ref), "") is Withdrawal.ALREADY_CLOSED


@pytest.mark.parametrize("code", ["systemError", "schema.sysAttrs.error"])
def test_other_trouble_of_the_platform_leaves_the_withdrawal_to_be_tried_again(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock, code: str
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)
    platform.fail(TERMINATE, newer(code, status=500))

    with pytest.raises(ProviderUnavailable):
        sender.withdraw(sender.read_truth(ref), "")


def test_the_same_word_about_another_call_is_trouble_that_passes(
    sender: Sender, platform: FakePlatform, draft: Draft
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    platform.fail(INSTANCES, newer("internalError", status=500))

    with pytest.raises(ProviderUnavailable):
        sender.read_truth(ref)


def test_a_withdrawal_that_was_not_answered_can_be_tried_again(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)
    platform.lose_answer(TERMINATE, httpx.ReadTimeout("x"))
    truth = sender.read_truth(ref)

    with pytest.raises(ProviderUnavailable):
        sender.withdraw(truth, "")

    assert sender.withdraw(truth, "") is Withdrawal.ALREADY_CLOSED


def test_an_instance_that_is_gone_cannot_be_withdrawn(
    sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)
    truth = sender.read_truth(ref)
    del platform.instances[ref]

    with pytest.raises(ProviderRejected, match="does not know this approval"):
        sender.withdraw(truth, "")


def test_an_unknown_state_is_not_touched(sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(60)
    platform.instances[ref]["status"] = "ENTIRELY_NEW"

    assert sender.withdraw(sender.read_truth(ref), "") is Withdrawal.REFUSED
    assert platform.called(TERMINATE) == []


def test_a_long_reason_is_cut(sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    clock.advance(timedelta(minutes=1).total_seconds())

    sender.withdraw(sender.read_truth(ref), "x" * 5000)

    assert len(platform.called(TERMINATE)[0].body["remark"]) == 1024
