"""What callbacks say of single people is read for them alone; over the real service, store and directories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from approval_gate.domain.sync import CHANGE_PAUSE, LEASE, MAX_AGE, Due, RunState, what_is_due
from approval_gate.store.journal import MOST_NAMED, Journal
from tests.fakes.aws import TABLE, aws
from tests.fakes.contact_site import ContactSite
from tests.fakes.wire import Fault
from tests.sender_kits import all_sender_kits

EVERYBODY = {"林悦", "周航", "Priya Nair", "马腾", "Sofia Berg", "陈思远"}
READ_PERSON = {"dingtalk": "/topapi/v2/user/get", "feishu": "/open-apis/contact/v3/users/"}


class Site(ContactSite):
    """With callbacks that tell of changes."""

    def change(self, user_id: str, **fields: Any) -> None:
        self.platform.control("POST", "people", {"people": [{"user_id": user_id, **fields}]})

    def id_of(self, name: str) -> str:
        present, left = self.store.people(self.app)
        (found,) = (each.id for each in [*present.values(), *left.values()] if each.name == name)
        return found

    def told(self, *people: str) -> None:
        """Take the platform's callback: these people changed; nobody named: anything may have."""
        journal = Journal(self.store._client, TABLE, self.platform.clock)
        journal.mark_contacts(self.app.provider, self.app.tenant, self.app.id, people)

    def due(self) -> Due:
        marked = self.syncs.changed(self.app.provider, self.app.tenant, self.app.id)
        return what_is_due(self.sync(), self.platform.now, marked)

    def calls(self) -> int:
        return len(self.platform.wire.exchanges)

    def failing(self, answer: httpx.Response, times: int = 1000) -> None:
        path = READ_PERSON[self.app.provider]
        self.platform.wire.faults.append(
            Fault(lambda _method, asked: asked.startswith(path), answer, times, is_carried_out=False)
        )


@pytest.fixture
def table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture(params=["dingtalk", "feishu"])
def site(table: Any, request: pytest.FixtureRequest) -> Iterator[Site]:
    (kit,) = (each for each in all_sender_kits() if each.provider == request.param)
    site = Site(kit, table)
    site.synchronise()
    yield site
    site.close()


def test_a_changed_person_is_read_alone_with_one_call(site: Site) -> None:
    site.told(site.id_of("Priya Nair"))
    site.change("qa", name="Priya N.", email="priya@example.com", departments=["d-operations"])
    before, report = site.calls(), site.report()

    assert [each.app for each in site.worker().due()] == [site.app.id]
    assert site.work() is None

    assert site.calls() - before == 1
    assert site.people() == EVERYBODY - {"Priya Nair"} | {"Priya N."}
    person = site.id_of("Priya N.")
    keys = [("email", "priya@example.com"), ("email", "qa@example.com")]
    assert site.store.by_address(site.app, keys) == {("email", "priya@example.com"): (person,)}
    # What is on record of the last complete reading stays, and nothing is left to be done.
    assert (site.report(), site.sync().state, site.worker().due()) == (report, RunState.DONE, ())


def test_what_was_read_alone_is_what_a_run_would_have_written(site: Site) -> None:
    site.told(site.id_of("Priya Nair"), site.id_of("周航"))
    site.change("qa", name="Priya N.", departments=["d-operations", "d-product"])
    site.change("dev", resigned=True)
    assert site.work() is None

    assert site.synchronise().written_items == 0


def test_who_left_is_marked_at_the_next_look_and_unmarked_on_return(site: Site) -> None:
    person = site.id_of("Priya Nair")
    site.change("qa", resigned=True)
    site.told(person)
    assert site.work() is None
    assert (site.left(), site.people()) == ({"Priya Nair"}, EVERYBODY - {"Priya Nair"})
    assert person not in {each.id for each in site.store.search_lines(site.app)}

    site.change("qa", resigned=False)
    site.told(person)
    assert site.work() is None
    assert (site.left(), site.people()) == (set(), EVERYBODY)
    assert person in {each.id for each in site.store.search_lines(site.app)}


def test_a_callback_alone_marks_nobody_as_left(site: Site) -> None:
    site.told(site.id_of("Priya Nair"), "nobody-of-this-id")

    assert site.work() is None

    assert (site.left(), site.people()) == (set(), EVERYBODY)


def test_a_platform_that_does_not_answer_loses_no_change(site: Site) -> None:
    site.change("qa", resigned=True)
    site.told(site.id_of("Priya Nair"))
    site.failing(httpx.Response(503, text="busy"), times=3)

    pause_s = site.work()
    assert pause_s is not None
    assert (site.left(), site.due()) == (set(), Due.NOTHING)

    site.platform.later(pause_s)
    assert site.due() is Due.PEOPLE
    assert site.work() is None
    assert site.left() == {"Priya Nair"}


def test_a_refused_call_leaves_the_change_to_a_run(site: Site, table: Any) -> None:
    site.told(site.id_of("Priya Nair"))
    site.failing(httpx.Response(200, json={"code": 99991672, "errcode": 60011, "errmsg": "no permission"}))

    assert site.work() is None

    assert site.people() == EVERYBODY
    assert site.due() is Due.NOTHING
    (mark,) = (each for each in table.scan(TableName=TABLE)["Items"] if each["PK"]["S"].startswith("CHANGED#"))
    assert "expires_at_epoch_s" in mark
    site.platform.later(CHANGE_PAUSE.total_seconds())
    assert site.due() is Due.RUN


def test_most_people_gone_at_once_are_left_to_a_run_which_doubts_it(site: Site) -> None:
    site.platform.control("POST", "people", {"generate": {"people": 30, "departments": 1}})
    site.synchronise()
    everybody = site.people()
    site.narrow(departments=[], people=[])
    site.told(*site.store.people(site.app)[0])

    assert site.work() is None

    assert (site.people(), site.left()) == (everybody, set())
    site.platform.later(CHANGE_PAUSE.total_seconds())
    assert site.due() is Due.RUN


def test_a_change_that_comes_while_people_are_read_is_read_too(site: Site) -> None:
    other = site.id_of("马腾")
    site.told(site.id_of("Priya Nair"))

    def tell(_method: str, path: str) -> bool:
        if path.startswith(READ_PERSON[site.app.provider]):
            site.told(other)
        return False

    site.platform.wire.faults.append(Fault(tell, httpx.Response(500), 1, is_carried_out=False))
    site.platform.later(1)
    assert site.work() is None

    marked = site.syncs.changed(site.app.provider, site.app.tenant, site.app.id)
    assert marked is not None
    assert other in marked.people


@pytest.mark.parametrize("first", ["anything", "many", "many at once"])
def test_more_than_a_few_people_or_anything_is_one_run(site: Site, first: str) -> None:
    many = [f"person-{number}" for number in range(MOST_NAMED + 1)]
    events = {"anything": [[]], "many": [[each] for each in many[:MOST_NAMED]], "many at once": [many]}
    for people in events[first]:
        site.told(*people)

    site.told(site.id_of("Priya Nair"))

    marked = site.syncs.changed(site.app.provider, site.app.tenant, site.app.id)
    assert marked is not None
    assert (marked.people, site.due()) == ((), Due.NOTHING)
    site.platform.later(CHANGE_PAUSE.total_seconds())
    assert site.due() is Due.RUN


def test_contacts_that_are_not_believed_any_more_are_read_whole(site: Site) -> None:
    known = site.sync()
    site.syncs.change(known, replace(known, completed_at=site.platform.now - MAX_AGE))
    site.told(site.id_of("Priya Nair"))

    assert site.due() is Due.NOTHING
    site.platform.later(CHANGE_PAUSE.total_seconds())
    assert site.due() is Due.RUN


def test_a_worker_that_dies_over_a_change_is_followed_by_another(site: Site, table: Any) -> None:
    site.change("qa", resigned=True)
    site.told(site.id_of("Priya Nair"))
    write = table.batch_write_item

    def die(**_request: Any) -> Any:
        raise _Crash

    table.batch_write_item = die
    with pytest.raises(_Crash):
        site.work()
    table.batch_write_item = write
    assert site.due() is Due.NOTHING

    site.platform.later(LEASE.total_seconds() + 1)
    assert site.work() is None
    assert site.left() == {"Priya Nair"}


def test_departments_that_are_not_told_are_left_to_a_run(table: Any) -> None:
    (kit,) = (each for each in all_sender_kits() if each.provider == "wecom")
    site = Site(kit, table)
    try:
        site.synchronise()
        site.told(site.id_of("Priya Nair"))

        assert site.work() is None

        assert site.people() == EVERYBODY
        site.platform.later(CHANGE_PAUSE.total_seconds())
        assert site.due() is Due.RUN
    finally:
        site.close()


class _Crash(BaseException):
    """The worker's process ends."""
