"""Looking people up for requests: synchronised contacts first, then the platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from approval_gate.domain.people import PersonKind, PersonRef
from approval_gate.domain.sync import MAX_AGE
from approval_gate.errors import PeopleNotFound
from approval_gate.ports import App, Sender
from approval_gate.services.members import MOST_PER_LIST
from approval_gate.services.people import People
from tests.fakes.aws import aws
from tests.fakes.contact_site import ContactSite
from tests.fakes.wire import Fault
from tests.sender_kits import SenderKit, all_sender_kits


class Site(ContactSite):
    """With the look-up over the real sender."""

    def people_of(self) -> People:
        outer = self

        class Senders:
            def of(self, app: App) -> Sender:
                assert app.id == outer.app.id
                return outer.platform.sender()

        return People(self.store, self.syncs, Senders(), self.platform.clock)

    def find(self, kind: str, value: str, app: App | None = None) -> str:
        """Return the name of whom the contacts or the platform find."""
        (found,) = self.people_of().find(app or self.app, [ref(kind, value)])
        return found.name

    def problem(self, kind: str, value: str, app: App | None = None) -> str:
        with pytest.raises(PeopleNotFound) as caught:
            self.people_of().expand(app or self.app, [[ref(kind, value)]])
        (problem,) = caught.value.problems
        assert (problem.field, problem.given) == (f"approvers.{kind}", value)
        assert problem.remedy
        return problem.problem

    def people_calls(self) -> int:
        return self.platform.calls(self.platform.kit.find_people)


def ref(kind: str, value: str) -> PersonRef:
    return PersonRef(PersonKind(kind), value, f"approvers.{kind}")


@pytest.fixture
def table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture
def platform() -> str:
    return "dingtalk"


@pytest.fixture
def site(table: Any, platform: str) -> Iterator[Site]:
    kit: SenderKit = next(each for each in all_sender_kits() if each.provider == platform)
    site = Site(kit, table)
    yield site
    site.close()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("user_id", "lead"),
        ("email", "Lead@Example.com"),
        ("mobile", "13800000001"),
        ("mobile", "+86 138 0000 0001"),
        ("mobile", "8613800000001"),
        ("mobile", "0086-138-0000-0001"),
    ],
)
def test_a_synchronised_person_is_found_by_name_without_a_call(site: Site, kind: str, value: str) -> None:
    site.synchronise()

    assert site.find(kind, value) == "林悦"
    assert site.people_calls() == 0


def test_an_email_finds_people_on_dingtalk_which_itself_cannot(site: Site) -> None:
    assert "no look-up by e-mail" in site.problem("email", "lead@example.com")

    site.synchronise()

    assert site.find("email", "lead@example.com") == "林悦"


def test_who_is_not_among_the_contacts_is_asked_of_the_platform(site: Site) -> None:
    site.synchronise()
    new = {"user_id": "new", "name": "新人", "mobile": "+8613800000099", "departments": ["d-product"]}
    site.platform.control("POST", "people", {"people": [new]})

    (found,) = site.people_of().find(site.app, [ref("mobile", "+8613800000099")])

    assert found.user_id == "new"
    assert site.people_calls() == 1


def test_everybody_unknown_costs_one_look_up_together(site: Site) -> None:
    feishu_like = [ref("mobile", "+8613800000001"), ref("mobile", "+8613800000001")]

    first, second = site.people_of().find(site.app, feishu_like)

    assert first == second
    assert site.people_calls() == 1


@pytest.mark.parametrize("platform", ["dingtalk", "feishu", "lark", "wecom"])
@pytest.mark.parametrize(
    ("spelling", "user_id"),
    [
        *((each, "lead") for each in ("13800000001", "+8613800000001", "8613800000001", "0086 138-0000-0001")),
        *((each, "qa") for each in ("+65 9123 4567", "+65-9123-4567", "006591234567")),
    ],
)
def test_a_mobile_number_finds_its_owner_on_the_platform_in_every_spelling(
    site: Site, spelling: str, user_id: str
) -> None:
    (owner,) = site.platform.people(user_id)

    (found,) = site.people_of().find(site.app, [ref("mobile", spelling)])

    assert found.user_id == owner.user_id


@pytest.mark.parametrize("platform", ["feishu", "lark", "wecom"])
def test_an_email_finds_its_owner_on_the_platform_without_regard_to_case(site: Site) -> None:
    (owner,) = site.platform.people("lead")

    (found,) = site.people_of().find(site.app, [ref("email", "Lead@Example.com")])

    assert found.user_id == owner.user_id


def test_an_ambiguous_address_names_nobody_and_the_platform_is_not_asked(site: Site) -> None:
    site.platform.control("POST", "people", {"people": [{"user_id": "qa", "mobile": "+8613800000001"}]})
    site.synchronise()

    assert "fits 2 people" in site.problem("mobile", "13800000001")
    assert site.people_calls() == 0


def test_who_left_is_refused_by_every_name(site: Site) -> None:
    site.synchronise()
    site.platform.control("POST", "people", {"people": [{"user_id": "qa", "resigned": True}]})
    site.synchronise()

    for kind, value in (("user_id", "qa"), ("email", "qa@example.com"), ("mobile", "+6591234567")):
        assert "has left" in site.problem(kind, value)
    assert site.people_calls() == 0


def test_an_address_that_went_to_somebody_else_names_the_new_owner(site: Site) -> None:
    site.synchronise()
    people = [{"user_id": "qa", "resigned": True}, {"user_id": "dev", "email": "qa@example.com"}]
    site.platform.control("POST", "people", {"people": people})
    site.synchronise()

    assert site.find("email", "qa@example.com") == "周航"


def test_contacts_that_were_not_confirmed_for_days_are_not_believed(site: Site) -> None:
    site.synchronise()
    assert site.find("mobile", "13800000001") == "林悦"

    site.platform.later(MAX_AGE.total_seconds())

    site.find("mobile", "13800000001")
    assert site.people_calls() == 1


def test_an_account_means_what_the_app_maps_it_to(site: Site) -> None:
    site.platform.control("POST", "people", {"people": [{"user_id": "qa", "job_number": "E1024"}]})
    site.synchronise()

    def mapped(target: str) -> App:
        return replace(site.app, user_mapping={"account": target})

    assert site.find("account", "lead", mapped("user_id")) == "林悦"
    assert site.find("account", "lead@example.com", mapped("email")) == "林悦"
    assert site.find("account", "13800000001", mapped("mobile")) == "林悦"
    assert site.find("account", "E1024", mapped("job_number")) == "Priya Nair"
    assert "nobody's job_number" in site.problem("account", "E9", mapped("job_number"))
    assert "not known" in site.problem("account", "E9", mapped("shoe_size"))
    assert "no mapping" in site.problem("account", "E1024")


def test_a_problem_of_the_platform_is_told_with_what_the_request_said(site: Site) -> None:
    app = replace(site.app, user_mapping={"account": "mobile"})

    assert "unknown" in site.problem("account", "+8613900000009", app)


def test_a_department_stands_for_everybody_in_and_below_it(site: Site) -> None:
    site.synchronise()
    departments = {each.name: each.id for each in site.store.departments(site.app)}

    ((*everybody,), (*others,)) = site.people_of().expand(
        site.app,
        [[ref("department", departments["工程中心 Engineering"])], [ref("email", "release@example.com")]],
    )

    assert {each.name for each in everybody} == {"林悦", "周航", "Priya Nair", "马腾", "陈思远"}
    assert [each.name for each in others] == ["Sofia Berg"]
    assert site.people_calls() == 0


def test_whose_decision_would_not_count_is_left_out_of_departments_and_stays_where_named(site: Site) -> None:
    site.synchronise()
    departments = {each.name: each.id for each in site.store.departments(site.app)}
    engineering = ref("department", departments["工程中心 Engineering"])
    requester = ref("email", "lead@example.com")

    (asking, stage, named) = site.people_of().expand(
        site.app, [[requester], [engineering], [ref("mobile", "13800000001")]], but=requester
    )

    assert [each.name for each in (*asking, *named)] == ["林悦", "林悦"]
    assert {each.name for each in stage} == {"周航", "Priya Nair", "马腾", "陈思远"}


def test_a_department_of_the_requester_alone_is_refused(site: Site) -> None:
    alone = {"user_id": "alone", "name": "Alone", "email": "alone@example.com", "departments": ["d-alone"]}
    site.platform.control("POST", "people", {"departments": [{"id": "d-alone", "name": "Alone"}], "people": [alone]})
    site.synchronise()
    departments = {each.name: each.id for each in site.store.departments(site.app)}
    requester = ref("email", "alone@example.com")

    with pytest.raises(PeopleNotFound, match="nobody in it but the requester"):
        site.people_of().expand(site.app, [[requester], [ref("department", departments["Alone"])]], but=requester)


def test_a_department_is_no_single_person(site: Site) -> None:
    site.synchronise()

    with pytest.raises(PeopleNotFound, match="where one person is needed"):
        site.people_of().find(site.app, [ref("department", "1")])


def test_a_department_is_refused_when_it_is_unknown_empty_or_too_large(site: Site) -> None:
    site.platform.control("POST", "people", {"departments": [{"id": "d-empty", "name": "Empty"}]})
    site.platform.control("POST", "people", {"generate": {"people": MOST_PER_LIST + 1, "departments": 1}})
    site.synchronise()
    departments = {each.name: each.id for each in site.store.departments(site.app)}

    assert "no department" in site.problem("department", "12345")
    assert "nobody in it" in site.problem("department", departments["Empty"])
    assert "more than 20" in site.problem("department", departments["部门0 Department 0"])


def test_departments_that_together_exceed_a_list_are_refused(site: Site) -> None:
    site.platform.control("POST", "people", {"generate": {"people": 30, "departments": 3}})
    site.synchronise()
    departments = {each.name: each.id for each in site.store.departments(site.app)}
    two = [ref("department", departments[f"部门{number} Department {number}"]) for number in (1, 2)]

    (one, other) = site.people_of().expand(site.app, [[each] for each in two])
    assert (len(one), len(other)) == (11, 11)

    with pytest.raises(PeopleNotFound, match="20 is the most"):
        site.people_of().expand(site.app, [two])


def test_a_department_of_a_partial_reading_is_refused_since_somebody_may_be_missing(site: Site) -> None:
    hidden = httpx.Response(200, json={"errcode": 50004, "errmsg": "hidden"})
    is_list = Fault(lambda _m, path: path == "/topapi/v2/user/list", hidden, 1, is_carried_out=False)
    site.platform.wire.faults.append(is_list)
    site.synchronise()

    assert "not read completely" in site.problem("department", "1")


def test_without_contacts_a_department_is_refused_with_the_call_to_make(site: Site) -> None:
    with pytest.raises(PeopleNotFound, match=r"POST /v1/apps/app-\d+/contacts/sync"):
        site.people_of().expand(site.app, [[ref("department", "1")]])


@pytest.mark.parametrize("platform", ["feishu", "lark", "wecom"])
def test_a_group_stands_for_its_members_where_the_platform_has_groups(site: Site, platform: str) -> None:
    site.synchronise()
    group = "1" if platform == "wecom" else "g-release-managers"

    ((*members,),) = site.people_of().expand(site.app, [[ref("group", group)]])

    assert {each.name for each in members} == {"林悦", "Sofia Berg", "陈思远"}
    assert "no group" in site.problem("group", "g-unknown")


@pytest.mark.parametrize("platform", ["feishu"])
def test_a_group_of_departments_stands_for_everybody_in_them(site: Site) -> None:
    group = {"id": "g-mixed", "name": "Mixed", "members": ["release"], "departments": ["d-operations"]}
    site.platform.control("POST", "people", {"groups": [group]})
    site.synchronise()

    ((*members,),) = site.people_of().expand(site.app, [[ref("group", "g-mixed")]])

    assert {each.name for each in members} == {"Sofia Berg", "马腾", "陈思远"}


@pytest.mark.parametrize("platform", ["feishu"])
def test_a_group_with_members_out_of_sight_is_refused(site: Site) -> None:
    group = {"id": "g-more", "name": "More", "members": ["release", "intern"]}
    site.platform.control("POST", "people", {"groups": [group]})
    site.synchronise()

    assert "cannot see" in site.problem("group", "g-more")


@pytest.mark.parametrize("platform", ["wecom"])
def test_a_group_too_large_to_keep_is_refused(site: Site) -> None:
    site.platform.control("POST", "people", {"generate": {"people": 250, "departments": 1}})
    everybody = [f"c{number:06d}" for number in range(250)]
    site.platform.control("POST", "people", {"groups": [{"id": "g-all", "name": "All", "members": everybody}]})
    site.synchronise()

    assert "more than 20" in site.problem("group", "2")


def test_a_group_is_refused_where_the_platform_has_none(site: Site) -> None:
    site.synchronise()

    assert "no group" in site.problem("group", "g1")


@pytest.mark.parametrize("platform", ["wecom"])
@pytest.mark.parametrize("spelling", ["lead", "LEAD", "Lead"])
def test_a_wecom_userid_is_one_person_in_every_spelling(site: Site, spelling: str) -> None:
    site.synchronise()

    assert site.find("user_id", spelling) == "林悦"


@pytest.mark.parametrize("platform", ["wecom"])
def test_a_wecom_userid_with_capitals_is_found_without_them(site: Site) -> None:
    site.platform.control("POST", "people", {"people": [{"user_id": "WangWu", "name": "王五"}]})
    site.synchronise()

    assert site.find("user_id", "wangwu") == "王五"


@pytest.mark.parametrize("platform", ["feishu"])
def test_both_ids_of_feishu_name_one_person(site: Site) -> None:
    site.synchronise()
    (lead,) = site.platform.people("lead")

    by_open_id, by_user_id = site.people_of().find(site.app, [ref("user_id", lead.user_id), ref("user_id", "lead")])

    assert by_open_id == by_user_id
    assert (by_user_id.name, by_user_id.user_id, by_user_id.other_id) == ("林悦", lead.user_id, "lead")


def test_a_later_run_changes_nothing_that_was_found(site: Site) -> None:
    site.synchronise()
    before = site.people_of().find(site.app, [ref("email", "qa@example.com")])
    site.platform.control("POST", "people", {"people": [{"user_id": "qa", "name": "Somebody Else"}]})
    site.platform.later(timedelta(days=1).total_seconds())
    site.synchronise()

    assert before[0].name == "Priya Nair"
