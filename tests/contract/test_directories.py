"""What every provider's directory must tell, asked of the platforms' simulators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from approval_gate.domain.contacts import Contact
from approval_gate.domain.sync import RunState
from tests.fakes.contact_site import ContactSite
from tests.fakes.wire import Fault
from tests.sender_kits import SenderKit, all_sender_kits

PRESENT = {"林悦", "周航", "Priya Nair", "马腾", "Sofia Berg", "陈思远"}


@pytest.fixture(params=all_sender_kits(), ids=lambda kit: kit.provider)
def site(request: pytest.FixtureRequest, shared_table: Any) -> Iterator[ContactSite]:
    kit: SenderKit = request.param
    site = ContactSite(kit, shared_table)
    yield site
    site.close()


def answered(site: ContactSite, answer: httpx.Response) -> None:
    """Let every call be answered in this way instead of by the platform."""
    site.platform.wire.faults.append(Fault(lambda _method, _path: True, answer, times=1000, is_carried_out=False))


def test_everybody_who_works_here_is_read_with_department_and_name(site: ContactSite) -> None:
    report = site.synchronise()

    assert site.people() == PRESENT
    assert (report.people, report.is_partial) == (6, False)
    lines = {each.name: each for each in site.store.search_lines(site.app)}
    departments = {each.id: each.name for each in site.store.departments(site.app)}
    assert [departments[each] for each in lines["林悦"].departments] == ["研发部 Development"]


def test_departments_form_the_tree_of_the_platform(site: ContactSite) -> None:
    site.synchronise()

    every = {each.id: each for each in site.store.departments(site.app)}
    chains = set()
    for each in every.values():
        names, above = [each.name], every.get(each.parent)
        while above is not None:
            names.append(above.name)
            above = every.get(above.parent)
        chains.add(" < ".join(names))
    assert "研发部 Development < 工程中心 Engineering < Simulated company" in chains
    assert len(every) == 6


def test_ids_are_those_that_approvals_use(site: ContactSite) -> None:
    site.synchronise()

    present, _ = site.store.people(site.app)
    lead = next(each for each in present.values() if each.name == "林悦")
    (resolved,) = site.platform.people("lead")
    assert lead.identity().is_same_person(resolved)
    assert lead.id == resolved.user_id


def test_one_person_and_one_department_are_read_by_id(site: ContactSite) -> None:
    site.synchronise()
    directory = site.platform.directory()
    present, _ = site.store.people(site.app)
    lead = next(each for each in present.values() if each.name == "林悦")
    department = site.store.departments(site.app)[-1]

    read = directory.person(lead.id)
    assert read is not None
    assert read.contact == lead
    (listed,) = (each.departments for each in site.store.search_lines(site.app) if each.id == lead.id)
    assert read.departments in {None, listed}
    assert (read.departments is None) == (site.app.provider == "wecom")
    found = directory.department(department.id)
    assert found is not None
    assert found.name == department.name
    assert directory.person("nobody-of-this-id") is None
    assert directory.department("999999999") is None


def test_a_narrow_range_is_read_whole_and_nothing_beside_it(site: ContactSite) -> None:
    site.narrow(departments=["d-operations"])

    site.synchronise()

    assert site.people() == {"马腾", "陈思远"}


def test_each_call_is_told_before_it_is_made(site: ContactSite) -> None:
    report = site.synchronise()

    tokens = site.platform.calls(site.platform.kit.fetch_token)
    assert report.calls == len(site.platform.wire.exchanges) - tokens


def test_what_cannot_be_listed_is_said_and_not_shown_as_empty(site: ContactSite) -> None:
    report = site.synchronise()

    chats = site.store.chats(site.app)
    unread = {each.what: each.problem for each in report.unread}
    assert bool(chats) != bool(unread.get("chats"))


def test_a_refused_credential_fails_the_run_with_the_platforms_remedy(site: ContactSite) -> None:
    # Each platform finds its own code for an address that it does not trust in one of these two.
    body = {"code": 99991401, "errcode": 60020, "errmsg": "not allow to access from your ip, from ip: 203.0.113.9"}
    answered(site, httpx.Response(200, json=body))
    site.wanted()

    assert site.work() is None

    assert site.sync().state is RunState.FAILED
    assert "address" in site.sync().problem
    assert site.sync().next_at is not None


def test_hostile_people_are_read_without_harm(site: ContactSite) -> None:
    hostile = {
        "user_id": "evil",
        "name": "\u202e<at id=all>" + "x" * 5000,
        "email": "evil@example.com",
        "departments": ["d-product"],
    }
    site.platform.control("POST", "people", {"people": [hostile]})

    site.synchronise()

    evil = next(each for each in site.store.people(site.app)[0].values() if "at id" in each.name)
    assert len(evil.name) <= 200


def test_a_platform_that_is_away_leaves_the_run_open(site: ContactSite) -> None:
    site.wanted()
    answered(site, httpx.Response(502, text="bad gateway"))

    pause_s = site.work()

    assert pause_s is not None
    assert site.sync().state is RunState.RUNNING
    assert site.sync().problem
    assert site.people() == set()


def test_everybody_has_the_addresses_that_the_platform_tells(site: ContactSite) -> None:
    site.synchronise()

    present, _ = site.store.people(site.app)
    (qa,) = (each for each in present.values() if each.name == "Priya Nair")
    hidden = site.app.provider == "wecom"
    assert (qa.mobile, qa.emails) == (("", ()) if hidden else ("+6591234567", ("qa@example.com",)))
    assert isinstance(qa, Contact)
