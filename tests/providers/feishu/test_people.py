"""Find people, in one call, and name every one who cannot be."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from approval_gate.domain.approval import Identity, PersonKind, PersonRef
from approval_gate.errors import PeopleNotFound, ProviderUnavailable
from approval_gate.providers.feishu.sender import Sender
from tests.providers.feishu.fake_platform import FakePlatform, sender_of

PATH = "/open-apis/contact/v3/users/batch_get_id"
ACTIVE = {"is_frozen": False, "is_resigned": False, "is_activated": True, "is_exited": False, "is_unjoin": False}


def ref(kind: PersonKind, value: str, field: str = "f") -> PersonRef:
    return PersonRef(kind, value, field)


def email(value: str, field: str = "f") -> PersonRef:
    return ref(PersonKind.EMAIL, value, field)


def user(open_id: str, **status: bool) -> dict[str, Any]:
    return {"user_id": open_id, "status": ACTIVE | status}


def problems_of(sender: Sender, *refs: PersonRef) -> dict[str, str]:
    with pytest.raises(PeopleNotFound) as caught:
        sender.find_people(refs)
    for problem in caught.value.problems:
        assert problem.given
        assert problem.remedy.endswith(".")
    return {problem.field: problem.problem for problem in caught.value.problems}


def test_ids_as_given_cost_no_call(platform: FakePlatform, sender: Sender) -> None:
    found = sender.find_people([ref(PersonKind.USER_ID, "ou_1"), ref(PersonKind.USER_ID, "a11ce001")])

    assert found == (Identity("ou_1", name="ou_1"), Identity("a11ce001", name="a11ce001"))
    assert platform.calls == []


def test_nobody_costs_no_call(platform: FakePlatform, sender: Sender) -> None:
    assert sender.find_people([]) == ()
    assert platform.calls == []


def test_all_addresses_are_found_in_one_call_and_in_order(platform: FakePlatform, sender: Sender) -> None:
    platform.people = {
        "lead@example.com": [user("ou_lead")],
        "+8613800000000": [user("ou_mobile")],
        "ops@example.com": [user("ou_ops")],
    }

    found = sender.find_people(
        [
            ref(PersonKind.MOBILE, "+86 138-0000-0000"),
            email("lead@example.com"),
            ref(PersonKind.USER_ID, "ou_1"),
            email("ops@example.com"),
            email("lead@example.com"),
        ]
    )

    assert [person.user_id for person in found] == ["ou_mobile", "ou_lead", "ou_1", "ou_ops", "ou_lead"]
    assert found[0].name == "+86 138-0000-0000"
    assert found[1].name == "lead@example.com"
    (call,) = platform.called(PATH)
    assert call.query == {"user_id_type": "open_id"}
    assert call.body == {
        "emails": ["lead@example.com", "ops@example.com"],
        "mobiles": ["+8613800000000"],
        "include_resigned": False,
    }


def test_more_than_fifty_addresses_are_asked_in_portions(platform: FakePlatform, sender: Sender) -> None:
    addresses = [f"p{i}@example.com" for i in range(120)]
    platform.people = {address: [user(f"ou_{i}")] for i, address in enumerate(addresses)}

    found = sender.find_people([email(address) for address in addresses])

    assert [person.user_id for person in found] == [f"ou_{i}" for i in range(120)]
    assert len(platform.called(PATH)) == 3


def test_the_platforms_spelling_of_an_address_may_differ(platform: FakePlatform, sender: Sender) -> None:
    platform.people = {
        "Lead@Example.com": [user("ou_lead") | {"email": "lead@example.com"}],
        "13800000000": [user("ou_mobile") | {"mobile": "+8613800000000"}],
    }

    found = sender.find_people([email("Lead@Example.com"), ref(PersonKind.MOBILE, "13800000000")])

    assert [person.user_id for person in found] == ["ou_lead", "ou_mobile"]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("is_resigned", "resigned"),
        ("is_frozen", "suspended"),
        ("is_unjoin", "not joined"),
        ("is_exited", "left"),
    ],
)
@pytest.mark.parametrize("open_id", ["ou_1", ""])
def test_people_who_cannot_decide_are_named(
    platform: FakePlatform, sender: Sender, status: str, text: str, open_id: str
) -> None:
    platform.people = {"a@example.com": [user(open_id, **{status: True})]}

    assert text in problems_of(sender, email("a@example.com"))["f"]


def test_two_people_of_one_address_are_ambiguous(platform: FakePlatform, sender: Sender) -> None:
    platform.people = {"a@example.com": [user("ou_1"), user("ou_2")]}

    assert problems_of(sender, email("a@example.com")) == {"f": "fits 2 people"}


def test_one_person_told_twice_is_one(platform: FakePlatform, sender: Sender) -> None:
    platform.people = {"a@example.com": [user("ou_1"), user("ou_1")]}

    assert sender.find_people([email("a@example.com")])[0].user_id == "ou_1"


def test_a_former_owner_of_an_address_does_not_disturb(platform: FakePlatform, sender: Sender) -> None:
    platform.people = {"a@example.com": [user("ou_old", is_resigned=True), user("ou_new")]}

    assert sender.find_people([email("a@example.com")])[0].user_id == "ou_new"


@pytest.mark.parametrize(
    "entry",
    [{}, {"user_id": ""}, {"user_id": None}, {"user_id": ["ou_1"]}, {"user_id": "ou_1", "email": "other@example.com"}],
)
def test_an_entry_without_the_person_is_nobody(platform: FakePlatform, sender: Sender, entry: dict[str, Any]) -> None:
    platform.people = {"a@example.com": [entry]}

    assert "unknown" in problems_of(sender, email("a@example.com"))["f"]


def test_everyone_who_is_wrong_is_named_at_once(platform: FakePlatform, sender: Sender) -> None:
    platform.people = {"good@example.com": [user("ou_1")]}

    problems = problems_of(
        sender,
        email("good@example.com", "ok"),
        email("nobody@example.com", "unknown"),
        email("no address", "form"),
        ref(PersonKind.MOBILE, "call me", "mobile"),
        ref(PersonKind.USER_ID, "on_1", "union"),
        ref(PersonKind.USER_ID, "a b", "id"),
        ref(PersonKind.ACCOUNT, "E1024", "account"),
        ref(PersonKind.DEPARTMENT, "12", "department"),
        ref(PersonKind.GROUP, "g", "group"),
    )

    assert set(problems) == {"unknown", "form", "mobile", "union", "id", "account", "department", "group"}
    assert "not supported for this app yet" in problems["account"]
    (call,) = platform.called(PATH)
    assert call.body["emails"] == ["good@example.com", "nobody@example.com"]
    assert call.body["mobiles"] == []


def test_a_platform_that_is_down_is_no_unknown_person(platform: FakePlatform) -> None:
    platform.fail(PATH, httpx.ReadTimeout("slow"))

    with pytest.raises(ProviderUnavailable):
        sender_of(platform).find_people([email("a@example.com")])
