"""What Feishu answers when departments cannot be read as asked for."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.aws import aws
from tests.fakes.contact_site import ContactSite
from tests.fakes.wire import Fault
from tests.sender_kits.feishu import KITS

CHILDREN, PEOPLE = "/children", "/users/find_by_department"


@pytest.fixture(params=KITS, ids=lambda kit: kit.provider)
def site(request: pytest.FixtureRequest) -> Iterator[ContactSite]:
    with aws() as table:
        site = ContactSite(request.param, table)
        yield site
        site.close()


def refusing(site: ContactSite, path: str, code: int) -> None:
    """Have the platform refuse the next call of a path that ends so."""
    answer = httpx.Response(400, json={"code": code, "msg": "refused"})
    site.platform.wire.faults.append(
        Fault(lambda _method, asked: asked.endswith(path), answer, 1, is_carried_out=False)
    )


def tree(site: ContactSite) -> set[tuple[str, str, str]]:
    return {(each.id, each.name, each.parent) for each in site.store.departments(site.app)}


def test_departments_too_many_to_be_read_at_once_are_walked_level_by_level(site: ContactSite) -> None:
    whole = site.synchronise()
    everybody, departments = site.people(), tree(site)
    refusing(site, CHILDREN, 43010)

    walked = site.synchronise()

    assert (site.people(), tree(site), walked.is_partial) == (everybody, departments, False)
    assert walked.calls > whole.calls


def test_a_department_that_goes_away_while_it_is_read_is_no_gap(site: ContactSite) -> None:
    refusing(site, PEOPLE, 40008)

    assert not site.synchronise().is_partial


def test_a_department_out_of_range_is_a_gap_and_marks_nobody_as_left(site: ContactSite) -> None:
    site.synchronise()
    everybody = site.people()
    refusing(site, PEOPLE, 40004)

    report = site.synchronise()

    assert (report.is_partial, report.left, site.people()) == (True, 0, everybody)
    assert any("Data permissions" in each.problem for each in report.unread)
