"""Opening, finding, reading and closing approvals against a WeCom that keeps state."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from approval_gate.domain.approval import Identity, Mode, Stage, TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import Draft, Withdrawal
from approval_gate.providers.wecom.cards import application_body
from approval_gate.providers.wecom.sender import Sender
from tests.providers.wecom.fake_platform import (
    APPLY,
    CREATE_TEMPLATE,
    DETAIL,
    LIST,
    NOW,
    SEND,
    TEMPLATE,
    FakePlatform,
    MemoryForms,
    refusal,
    sender_of,
)

LOST = httpx.ReadTimeout("lost")
LATER = timedelta(minutes=1)


class WorkerDied(Exception):
    """Ends an attempt at a call's end, where nothing of ours can catch it."""


def ids(platform: FakePlatform) -> list[str]:
    return list(platform.applications)


def key_of(draft: Draft) -> str:
    return f"application/{draft.approval_id}"


# -- opening


def test_the_first_approval_makes_the_template_and_the_next_costs_one_call(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    first = sender.open_approval(draft, may_exist=False)
    second = sender.open_approval(replace(draft, approval_id="apr_2"), may_exist=False)

    assert [first.ref, second.ref] == ids(platform)
    assert platform.paths == [CREATE_TEMPLATE, APPLY, APPLY]


def test_a_configured_template_is_read_once_and_filled(
    platform: FakePlatform, forms: MemoryForms, draft: Draft
) -> None:
    platform.add_template("1910324946027731_168", ("Text", "Text-9", 0), ("Textarea", "Textarea-1583739881382", 1))
    sender = sender_of(platform, forms=forms, template_id="1910324946027731_168")

    opened = sender.open_approval(draft, may_exist=False)
    sender.open_approval(replace(draft, approval_id="apr_2"), may_exist=False)

    request = platform.applications[opened.ref]["request"]
    assert request["template_id"] == "1910324946027731_168"
    assert request["apply_data"]["contents"][0]["id"] == "Textarea-1583739881382"
    assert platform.paths == [TEMPLATE, APPLY, APPLY]


def test_a_lost_answer_is_found_and_never_submitted_again(
    platform: FakePlatform, forms: MemoryForms, draft: Draft
) -> None:
    platform.lose_answer(APPLY, LOST)
    with pytest.raises(ProviderUnavailable) as caught:
        sender_of(platform, forms=forms).open_approval(draft, may_exist=False)

    opened = sender_of(platform, forms=forms, later_by=LATER).open_approval(draft, may_exist=True)

    assert caught.value.retry_after_s == 30
    assert [opened.ref] == ids(platform)


@pytest.mark.parametrize(
    "answer",
    [
        refusal(301057),
        refusal(-1),
        refusal(6000),
        httpx.Response(502, text="bad gateway"),
        httpx.Response(200, json={}),
    ],
    ids=["internal", "busy", "conflict", "gateway", "no-number"],
)
def test_any_unclear_answer_is_looked_into_first(
    platform: FakePlatform, forms: MemoryForms, draft: Draft, answer: httpx.Response
) -> None:
    platform.lose_answer(APPLY, answer)
    with pytest.raises(ProviderUnavailable):
        sender_of(platform, forms=forms).open_approval(draft, may_exist=False)

    opened = sender_of(platform, forms=forms, later_by=LATER).open_approval(draft, may_exist=True)

    assert [opened.ref] == ids(platform)


def test_an_attempt_that_opened_nothing_is_made_again_when_its_claim_has_lapsed(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.fail(APPLY, httpx.ConnectError("down"))
    for may_exist in (False, True):
        with pytest.raises(ProviderUnavailable) as caught:
            sender.open_approval(draft, may_exist=may_exist)
        assert caught.value.retry_after_s == 30
    assert ids(platform) == []

    forms.pass_a_minute()
    opened = sender.open_approval(draft, may_exist=True)

    assert [opened.ref] == ids(platform)
    assert platform.paths == [CREATE_TEMPLATE, APPLY, LIST, LIST, APPLY]


def test_what_a_worker_submitted_before_it_died_is_adopted_and_never_submitted_again(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.list_delay = timedelta(seconds=20)
    platform.lose_answer(APPLY, WorkerDied())
    with pytest.raises(WorkerDied):
        sender.open_approval(draft, may_exist=False)

    with pytest.raises(ProviderUnavailable) as caught:
        sender_of(platform, forms=forms).open_approval(draft, may_exist=True)
    with pytest.raises(ProviderUnavailable):
        sender_of(platform, forms=forms).find_approval(draft)
    platform.now += LATER
    forms.pass_a_minute()
    opened = sender_of(platform, forms=forms).open_approval(draft, may_exist=True)

    assert caught.value.retry_after_s == 30
    assert [opened.ref] == ids(platform)
    assert len(platform.called(APPLY)) == 1


def test_what_the_list_shows_is_adopted_before_the_claim_lapses(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.lose_answer(APPLY, WorkerDied())
    with pytest.raises(WorkerDied):
        sender.open_approval(draft, may_exist=False)

    opened = sender_of(platform, forms=forms).open_approval(draft, may_exist=True)

    assert [opened.ref] == ids(platform)
    assert forms.claims == set()


def test_nothing_is_submitted_while_another_worker_may_be_submitting(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    forms.claim(key_of(draft))

    for may_exist in (False, True):
        with pytest.raises(ProviderUnavailable):
            sender.open_approval(draft, may_exist=may_exist)

    assert APPLY not in platform.paths
    assert forms.claims == {key_of(draft)}


def test_a_number_that_another_worker_saved_while_we_claimed_is_taken(platform: FakePlatform, draft: Draft) -> None:
    class Raced(MemoryForms):
        def claim(self, key: str) -> bool:
            self.saved.setdefault(key, {"sp_no": "202601150007"} if key == key_of(draft) else {})
            return super().claim(key)

    platform.add_template("3Tka", ("Textarea", "Textarea-1", 1))

    opened = sender_of(platform, forms=Raced(), template_id="3Tka").open_approval(draft, may_exist=True)

    assert opened.ref == "202601150007"
    assert platform.paths == [TEMPLATE]


@pytest.mark.parametrize(("code", "error"), [(301055, ProviderRejected), (45009, ProviderThrottled)])
def test_a_refused_submission_opened_nothing_and_is_free_to_be_made_again(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft, code: int, error: type[Exception]
) -> None:
    platform.fail(APPLY, refusal(code))
    with pytest.raises(error):
        sender.open_approval(draft, may_exist=False)
    assert forms.claims == set()

    opened = sender.open_approval(draft, may_exist=True)

    assert [opened.ref] == ids(platform)


@pytest.mark.parametrize("fault", [LOST, refusal(301055)], ids=["lost", "refused"])
def test_a_search_that_fails_submits_nothing_and_gives_its_claim_back(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft, fault: httpx.Response | Exception
) -> None:
    sender.open_approval(replace(draft, approval_id="apr_0"), may_exist=False)
    platform.fail(LIST, fault, fault)

    with pytest.raises((ProviderRejected, ProviderUnavailable)):
        sender.open_approval(draft, may_exist=True)
    with pytest.raises((ProviderRejected, ProviderUnavailable)):
        sender.find_approval(draft)

    assert len(ids(platform)) == 1
    assert forms.claims == set()


def test_whoever_only_looks_leaves_the_claim_to_its_holder(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(replace(draft, approval_id="apr_0"), may_exist=False)
    forms.claim(key_of(draft))
    platform.fail(LIST, LOST, LOST)

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(draft, may_exist=True)
    with pytest.raises(ProviderUnavailable):
        sender.find_approval(draft)

    assert forms.claims == {key_of(draft)}


def test_after_a_long_search_nothing_is_submitted_that_might_show_up_too_late(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    for number in range(3):
        sender.open_approval(replace(draft, approval_id=f"apr_{number}"), may_exist=False)
    platform.call_takes = timedelta(seconds=6)

    with pytest.raises(ProviderUnavailable) as caught:
        sender.open_approval(draft, may_exist=True)

    assert caught.value.retry_after_s == 30
    assert len(ids(platform)) == 3
    assert forms.claims == set()
    platform.call_takes = timedelta(seconds=4)
    assert sender.open_approval(draft, may_exist=True).ref == ids(platform)[-1]


def test_what_a_search_began_too_early_to_see_is_not_taken_for_absent(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.list_delay = timedelta(seconds=20)
    platform.lose_answer(APPLY, WorkerDied())
    with pytest.raises(WorkerDied):
        sender.open_approval(draft, may_exist=False)

    platform.meanwhile[LIST] = forms.pass_a_minute
    with pytest.raises(ProviderUnavailable):
        sender.find_approval(draft)


def test_nobody_submits_while_absence_is_being_established(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(replace(draft, approval_id="apr_0"), may_exist=False)
    tried: list[ProviderUnavailable] = []

    def other_worker() -> None:
        with pytest.raises(ProviderUnavailable) as caught:
            sender_of(platform, forms=forms).open_approval(draft, may_exist=True)
        tried.append(caught.value)

    platform.meanwhile[LIST] = other_worker

    assert sender.find_approval(draft) is None
    assert len(tried) == len(ids(platform)) == 1
    assert forms.claims == set()


def test_what_was_opened_here_is_found_without_a_call(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    platform.calls.clear()

    assert sender.open_approval(draft, may_exist=True) == opened
    assert sender.find_approval(draft) == opened
    assert platform.calls == []


def test_what_is_there_is_found_without_waiting_though_its_number_was_never_saved(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    opened = sender.open_approval(draft, may_exist=False)
    forms.forget(key_of(draft))

    assert sender.open_approval(draft, may_exist=True) == opened
    assert len(platform.called(APPLY)) == 1
    assert forms.get(key_of(draft)) == {"sp_no": opened.ref}


def test_only_ours_is_found_among_others_over_several_pages(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.page_size = 2
    for number in range(7):
        sender.open_approval(replace(draft, approval_id=f"apr_{number}"), may_exist=False)
    mine = sender.open_approval(draft, may_exist=False)
    forms.forget(key_of(draft))
    platform.calls.clear()

    assert sender.find_approval(draft) == mine
    assert len(platform.called(LIST)) == 4


def test_nothing_is_found_where_nothing_was_made(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    assert sender.find_approval(draft) is None
    assert platform.calls == []


def test_an_application_that_only_mentions_the_id_is_not_ours(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    lie = replace(draft, approval_id="apr_x", description=f"编号 Reference: {draft.approval_id}")
    sender.open_approval(lie, may_exist=False)

    assert sender.find_approval(draft) is None


def test_an_application_in_somebody_elses_name_is_not_ours(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    sender.open_approval(replace(draft, approval_id="apr_0"), may_exist=False)
    template_id = next(iter(platform.templates))
    body = application_body(replace(draft, requester=Identity("mallory")), template_id, "Textarea-1")
    sp_no = platform.apply({**body})
    platform.fail(LIST, httpx.Response(200, json={"errcode": 0, "sp_no_list": [sp_no]}))

    assert sender.find_approval(draft) is None


def test_the_search_covers_the_time_since_creation_and_no_month_more(
    platform: FakePlatform, forms: MemoryForms, draft: Draft
) -> None:
    sender_of(platform, forms=forms).open_approval(draft, may_exist=False)
    forms.forget(key_of(draft))

    sender_of(platform, forms=forms, later_by=timedelta(days=60)).find_approval(draft)

    body = platform.called(LIST)[0].body
    assert int(body["starttime"]) == int(NOW.timestamp()) - 600
    assert int(body["endtime"]) - int(body["starttime"]) == 31 * 24 * 3600
    assert {each["key"]: each["value"] for each in body["filters"]}["creator"] == "ci.bot"


def test_too_many_candidates_conclude_nothing(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    sender.open_approval(replace(draft, approval_id="apr_0"), may_exist=False)
    (known,) = platform.applications.values()
    for number in range(200):
        platform.applications[f"x{number}"] = known

    with pytest.raises(ProviderUnavailable, match="more than 200"):
        sender.find_approval(draft)


def test_a_list_without_an_end_concludes_nothing(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    forms.forget(key_of(draft))
    endless = {"errcode": 0, "sp_no_list": [], "new_next_cursor": "again"}
    platform.fail(LIST, *(httpx.Response(200, json=endless) for _ in range(30)))

    with pytest.raises(ProviderUnavailable, match="does not end"):
        sender.find_approval(draft)


def test_a_candidate_that_cannot_be_read_concludes_nothing(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    forms.forget(key_of(draft))
    platform.fail(DETAIL, refusal(301055))

    with pytest.raises(ProviderRejected):
        sender.find_approval(draft)


def test_a_renamed_field_is_read_again_and_the_application_submitted_once(
    platform: FakePlatform, forms: MemoryForms, draft: Draft
) -> None:
    platform.add_template("3Tka", ("Textarea", "Textarea-1", 1))
    sender = sender_of(platform, forms=forms, template_id="3Tka")
    sender.open_approval(draft, may_exist=False)
    platform.add_template("3Tka", ("Textarea", "Textarea-2", 1))

    opened = sender.open_approval(replace(draft, approval_id="apr_2"), may_exist=False)

    assert platform.applications[opened.ref]["request"]["apply_data"]["contents"][0]["id"] == "Textarea-2"
    assert len(ids(platform)) == 2


def test_parameters_refused_for_another_reason_are_refused_once(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    platform.fail(APPLY, refusal(301025))

    with pytest.raises(ProviderRejected, match="visible range") as caught:
        sender.open_approval(draft, may_exist=False)

    assert caught.value.vendor_code == "301025"
    assert platform.paths == [CREATE_TEMPLATE, APPLY, TEMPLATE]
    assert ids(platform) == []


def test_a_refused_application_is_not_read_again_for_other_reasons(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    platform.fail(APPLY, refusal(301055))

    with pytest.raises(ProviderRejected, match="可调用接口的应用"):
        sender.open_approval(draft, may_exist=False)

    assert TEMPLATE not in platform.paths


def test_an_approval_without_requester_or_approvers_is_refused_without_a_call(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    with pytest.raises(ProviderRejected, match="requester"):
        sender.open_approval(replace(draft, requester=Identity("")), may_exist=False)
    with pytest.raises(ProviderRejected, match="stage 2"):
        sender.open_approval(replace(draft, stages=(draft.stages[0], Stage(Mode.ANY, ()))), may_exist=False)

    assert platform.calls == []


# -- truth


def test_the_truth_follows_the_people(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    assert sender.read_truth(ref).status is TruthStatus.PENDING

    for userid in ("alice", "bob", "Carol", "erin", "frank"):
        platform.act(ref, userid, 2, speech="ok")
    platform.act(ref, "frank", 2, status=2)

    truth = sender.read_truth(ref)
    assert (truth.ref, truth.status, truth.vendor_status) == (ref, TruthStatus.APPROVED, "2")
    assert [task.id for task in truth.tasks if task.status is TaskStatus.APPROVED] == [
        "1.alice",
        "1.bob",
        "2.carol",
        "3.erin",
        "3.frank",
    ]


def test_an_answer_about_another_approval_is_refused(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    other = {"errcode": 0, "info": {"sp_no": "202601159999", "sp_status": 2}}
    platform.fail(DETAIL, httpx.Response(200, json=other), httpx.Response(200, json={"errcode": 0}))

    with pytest.raises(ProviderRejected, match="another approval"):
        sender.read_truth(ref)
    with pytest.raises(ProviderRejected, match="another approval"):
        sender.read_truth(ref)


@pytest.mark.parametrize("name", ["SpNoStr", "SpNo", "sp_no"])
def test_the_number_is_read_by_any_of_its_names(platform: FakePlatform, sender: Sender, name: str) -> None:
    answer = {"errcode": 0, "info": {name: "202601150007", "sp_status": 1}}
    platform.fail(DETAIL, httpx.Response(200, json=answer))

    assert sender.read_truth("202601150007").status is TruthStatus.PENDING


def test_an_unknown_approval_is_refused(sender: Sender) -> None:
    with pytest.raises(ProviderRejected):
        sender.read_truth("202601159999")


# -- closing


def test_those_who_are_asked_now_are_told_and_nobody_else(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    platform.act(ref, "alice", 2)

    result = sender.withdraw(sender.read_truth(ref), "Nobody decided in time.")

    assert result is Withdrawal.UNSUPPORTED
    (message,) = platform.messages
    assert message["touser"] == "bob"
    assert message["agentid"] == 1000002
    assert message["enable_duplicate_check"] == 1
    assert draft.title in message["text"]["content"]
    assert "Nobody decided in time." in message["text"]["content"]


def test_a_refused_message_changes_nothing(
    platform: FakePlatform, sender: Sender, draft: Draft, caplog: pytest.LogCaptureFixture
) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    platform.fail(SEND, refusal(81013))

    with caplog.at_level(logging.WARNING):
        assert sender.withdraw(sender.read_truth(ref), "reason") is Withdrawal.UNSUPPORTED

    assert [record.message for record in caplog.records] == ["closing_message_failed"]


def test_a_message_that_did_not_go_out_is_tried_again(platform: FakePlatform, sender: Sender, draft: Draft) -> None:
    ref = sender.open_approval(draft, may_exist=False).ref
    platform.fail(SEND, LOST)
    truth = sender.read_truth(ref)

    with pytest.raises(ProviderUnavailable):
        sender.withdraw(truth, "reason")

    assert sender.withdraw(truth, "reason") is Withdrawal.UNSUPPORTED
    assert len(platform.messages) == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (TruthStatus.APPROVED, Withdrawal.ALREADY_CLOSED),
        (TruthStatus.CANCELED, Withdrawal.ALREADY_CLOSED),
        (TruthStatus.UNKNOWN, Withdrawal.REFUSED),
    ],
)
def test_what_is_not_pending_is_left_alone(
    platform: FakePlatform, sender: Sender, status: TruthStatus, expected: Withdrawal
) -> None:
    assert sender.withdraw(Truth("1", status), "reason") is expected
    assert platform.calls == []


def test_nobody_to_tell_costs_no_call(platform: FakePlatform, sender: Sender) -> None:
    assert sender.withdraw(Truth("1", TruthStatus.PENDING), "reason") is Withdrawal.UNSUPPORTED
    assert platform.calls == []
