"""Finding people."""

from __future__ import annotations

import httpx
import pytest

from approval_gate.domain.approval import Identity, PersonKind, PersonRef
from approval_gate.errors import PeopleNotFound, ProviderRejected, ProviderUnavailable
from approval_gate.providers.wecom.sender import Sender
from tests.providers.wecom.fake_platform import BY_EMAIL, BY_MOBILE, FakePlatform, refusal


def ref(kind: PersonKind, value: str, field: str = "stages[0].approvers[0]") -> PersonRef:
    return PersonRef(kind, value, f"{field}.{kind}")


def test_userids_cost_no_call(platform: FakePlatform, sender: Sender) -> None:
    people = sender.find_people([ref(PersonKind.USER_ID, "ZhangSan"), ref(PersonKind.USER_ID, "li.si@corp")])

    assert people == (
        Identity("ZhangSan", name="ZhangSan", other_id="zhangsan"),
        Identity("li.si@corp", name="li.si@corp", other_id="li.si@corp"),
    )
    assert platform.calls == []


def test_two_spellings_of_a_userid_are_one_person(sender: Sender) -> None:
    one, two = sender.find_people([ref(PersonKind.USER_ID, "ZhangSan"), ref(PersonKind.USER_ID, "zhangsan")])

    assert one.is_same_person(two)


def test_addresses_are_looked_up_once_each_and_in_order(platform: FakePlatform, sender: Sender) -> None:
    platform.people = {"+8613800000000": "zhangsan", "lisi@corp.example": "lisi"}

    people = sender.find_people(
        [
            ref(PersonKind.EMAIL, "lisi@corp.example"),
            ref(PersonKind.MOBILE, "+86 138-0000-0000"),
            ref(PersonKind.EMAIL, " lisi@corp.example "),
            ref(PersonKind.MOBILE, "+8613800000000"),
        ]
    )

    assert [person.user_id for person in people] == ["lisi", "zhangsan", "lisi", "zhangsan"]
    assert platform.paths == [BY_EMAIL, BY_MOBILE]
    assert platform.called(BY_MOBILE)[0].body == {"mobile": "+8613800000000"}


def test_a_personal_email_is_looked_up_after_the_corporate_ones(platform: FakePlatform, sender: Sender) -> None:
    platform.personal = {"lisi@mail.example": "lisi"}

    (person,) = sender.find_people([ref(PersonKind.EMAIL, "lisi@mail.example")])

    assert person.user_id == "lisi"
    assert [call.body["email_type"] for call in platform.called(BY_EMAIL)] == [1, 2]


def test_everyone_who_is_not_found_is_named_with_a_remedy(platform: FakePlatform, sender: Sender) -> None:
    refs = [
        ref(PersonKind.USER_ID, "alice", "stages[0].approvers[0]"),
        ref(PersonKind.MOBILE, "13800000001", "stages[0].approvers[1]"),
        ref(PersonKind.EMAIL, "nobody@corp.example", "stages[0].approvers[2]"),
        ref(PersonKind.USER_ID, "@all", "stages[0].approvers[3]"),
        ref(PersonKind.USER_ID, "a|b", "stages[0].approvers[4]"),
        ref(PersonKind.USER_ID, "张三", "stages[0].approvers[5]"),
        ref(PersonKind.MOBILE, "no number", "stages[0].approvers[6]"),
        ref(PersonKind.EMAIL, "no address", "stages[0].approvers[7]"),
        ref(PersonKind.DEPARTMENT, "2", "stages[0].approvers[8]"),
        ref(PersonKind.MOBILE, "13800000001", "cc[0]"),
    ]

    with pytest.raises(PeopleNotFound) as caught:
        sender.find_people(refs)

    assert [each.field for each in caught.value.problems] == [each.field for each in refs[1:]]
    assert [each.given for each in caught.value.problems] == [each.value for each in refs[1:]]
    assert all(each.problem and each.remedy for each in caught.value.problems)


def test_malformed_and_repeated_addresses_do_not_count_as_errors_there(platform: FakePlatform, sender: Sender) -> None:
    refs = [ref(PersonKind.MOBILE, "12"), ref(PersonKind.EMAIL, "x"), *[ref(PersonKind.MOBILE, "13800000001")] * 3]

    with pytest.raises(PeopleNotFound):
        sender.find_people(refs)

    assert platform.paths == [BY_MOBILE]


@pytest.mark.parametrize("code", [40003, 46004, 60111])
def test_every_code_for_an_unknown_person_is_read(platform: FakePlatform, sender: Sender, code: int) -> None:
    platform.fail(BY_MOBILE, refusal(code))

    with pytest.raises(PeopleNotFound):
        sender.find_people([ref(PersonKind.MOBILE, "13800000001")])


def test_an_answer_without_a_userid_finds_nobody(platform: FakePlatform, sender: Sender) -> None:
    platform.fail(BY_MOBILE, httpx.Response(200, json={"errcode": 0, "userid": ""}))

    with pytest.raises(PeopleNotFound):
        sender.find_people([ref(PersonKind.MOBILE, "13800000001")])


def test_a_missing_permission_is_not_taken_for_an_unknown_person(platform: FakePlatform, sender: Sender) -> None:
    platform.fail(BY_MOBILE, refusal(60011), refusal(-1))

    with pytest.raises(ProviderRejected) as caught:
        sender.find_people([ref(PersonKind.MOBILE, "13800000001")])
    with pytest.raises(ProviderUnavailable):
        sender.find_people([ref(PersonKind.MOBILE, "13800000001")])

    assert not isinstance(caught.value, PeopleNotFound)
