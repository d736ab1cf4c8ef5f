"""Finding people: no call for ids, one for each mobile number, none for e-mail addresses."""

from __future__ import annotations

import pytest

from approval_gate.domain.approval import Identity, PersonKind, PersonRef
from approval_gate.errors import PeopleNotFound, PersonProblem, ProviderRejected, ProviderThrottled
from approval_gate.providers.dingtalk.sender import Sender
from tests.providers.dingtalk.fake_platform import MOBILE, FakePlatform, older


def ref(kind: PersonKind, value: str, field: str = "stages[0].approvers[0]") -> PersonRef:
    return PersonRef(kind, value, f"{field}.{kind}")


def problems_of(sender: Sender, *refs: PersonRef) -> tuple[PersonProblem, ...]:
    with pytest.raises(PeopleNotFound) as caught:
        sender.find_people(refs)
    return caught.value.problems


def test_ids_cost_no_call(sender: Sender, platform: FakePlatform) -> None:
    people = sender.find_people([ref(PersonKind.USER_ID, "manager164"), ref(PersonKind.USER_ID, "a.b_c@d-1")])

    assert people == (Identity("manager164", name="manager164"), Identity("a.b_c@d-1", name="a.b_c@d-1"))
    assert platform.calls == []


def test_mobiles_cost_one_call_each_and_nothing_of_the_quota(sender: Sender, platform: FakePlatform) -> None:
    platform.people |= {"13800000001": {"userid": "user001"}, "13800000002": {"userid": "user002"}}
    given = ["+86 138-0000-0001", "13800000002", "13800000002"]

    people = sender.find_people([ref(PersonKind.MOBILE, each) for each in given])

    assert [person.user_id for person in people] == ["user001", "user002", "user002"]
    assert [person.name for person in people] == given
    assert [call.body for call in platform.called(MOBILE)] == [{"mobile": "13800000001"}, {"mobile": "13800000002"}]
    assert platform.counted_calls == []


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("+1 (415) 555-0100", "+1-4155550100"),
        ("+44 7700 900123", "+44-7700900123"),
        ("+852 5123 4567", "+852-51234567"),
        ("+7 912 345-67-89", "+7-9123456789"),
    ],
)
def test_a_foreign_number_is_sent_with_its_country_set_apart(
    sender: Sender, platform: FakePlatform, given: str, sent: str
) -> None:
    platform.people[sent] = {"userid": "user007"}

    (person,) = sender.find_people([ref(PersonKind.MOBILE, given)])

    assert person.user_id == "user007"


def test_everyone_who_is_missing_is_named_at_once(sender: Sender, platform: FakePlatform) -> None:
    platform.people["13800000001"] = {"userid": "user001"}
    refs = [
        ref(PersonKind.MOBILE, "13800000001", "requester"),
        ref(PersonKind.MOBILE, "13900000009", "stages[0].approvers[0]"),
        ref(PersonKind.EMAIL, "lead@example.com", "stages[0].approvers[1]"),
        ref(PersonKind.DEPARTMENT, "12", "stages[1].approvers[0]"),
        ref(PersonKind.USER_ID, "two words", "cc[0]"),
        ref(PersonKind.MOBILE, "nobody", "cc[1]"),
    ]

    problems = problems_of(sender, *refs)

    assert [each.field for each in problems] == [each.field for each in refs[1:]]
    assert "unknown" in problems[0].problem
    assert "no look-up by e-mail" in problems[1].problem
    assert "department" in problems[2].problem
    assert all(each.remedy.endswith(".") for each in problems)


def test_somebody_outside_the_visible_range_is_told_apart_from_somebody_unknown(
    sender: Sender, platform: FakePlatform
) -> None:
    platform.fail(MOBILE, older(50002), older("60121"), older(40104))

    hidden, unknown, malformed = problems_of(
        sender, *(ref(PersonKind.MOBILE, f"1380000000{number}") for number in range(3))
    )

    assert "visible range" in hidden.problem
    assert "unknown" in unknown.problem
    assert "no mobile number" in malformed.problem


def test_a_number_that_fits_two_accounts_is_ambiguous(sender: Sender, platform: FakePlatform) -> None:
    platform.people["13800000001"] = {"userid": "user001", "exclusive_account_userid_list": ["corp-1", "user001"]}

    (problem,) = problems_of(sender, ref(PersonKind.MOBILE, "13800000001"))

    assert problem.problem == "fits 2 accounts"
    assert "user_id" in problem.remedy


def test_an_account_of_the_organisation_alone_is_found(sender: Sender, platform: FakePlatform) -> None:
    platform.people["13800000001"] = {"exclusive_account_userid_list": ["corp-1"]}

    (person,) = sender.find_people([ref(PersonKind.MOBILE, "13800000001")])

    assert person.user_id == "corp-1"


@pytest.mark.parametrize("result", [{}, {"userid": ""}, {"userid": None}, {"userid": "爱丽丝"}])
def test_an_answer_without_a_readable_id_names_nobody(
    sender: Sender, platform: FakePlatform, result: dict[str, object]
) -> None:
    platform.people["13800000001"] = result

    (problem,) = problems_of(sender, ref(PersonKind.MOBILE, "13800000001"))

    assert "unknown" in problem.problem


def test_a_missing_permission_is_no_missing_person(sender: Sender, platform: FakePlatform) -> None:
    platform.fail(MOBILE, older(88, sub_code="60011", sub_msg="no permission"))

    with pytest.raises(ProviderRejected, match="qyapi_get_member_by_mobile") as caught:
        sender.find_people([ref(PersonKind.MOBILE, "13800000001")])

    assert not isinstance(caught.value, PeopleNotFound)


def test_too_many_look_ups_can_be_tried_again(sender: Sender, platform: FakePlatform) -> None:
    platform.fail(MOBILE, older(90018))

    with pytest.raises(ProviderThrottled) as caught:
        sender.find_people([ref(PersonKind.MOBILE, "13800000001")])

    assert caught.value.retry_after_s == 1.0
