"""Synchronisation of contacts: the real service and store against DingTalk's simulator, on one clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from approval_gate.domain.sync import LEASE, RunState
from approval_gate.errors import StoreError
from approval_gate.store.journal import Journal
from tests.fakes.aws import TABLE, aws
from tests.fakes.contact_site import ContactSite
from tests.fakes.wire import Fault
from tests.sender_kits import all_sender_kits

EVERYBODY = {"林悦", "周航", "Priya Nair", "马腾", "Sofia Berg", "陈思远"}
LIST_PEOPLE = "/topapi/v2/user/list"


@pytest.fixture
def table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture
def site(table: Any) -> Iterator[ContactSite]:
    (kit,) = (each for each in all_sender_kits() if each.provider == "dingtalk")
    site = ContactSite(kit, table)
    yield site
    site.close()


def changed(site: ContactSite, **person: Any) -> None:
    site.platform.control("POST", "people", {"people": [person]})


def failing(site: ContactSite, path: str, times: int, answer: httpx.Response | None = None) -> None:
    answer = answer or httpx.Response(503, text="busy")
    site.platform.wire.faults.append(Fault(lambda _method, asked: asked == path, answer, times, is_carried_out=False))


def asked(site: ContactSite, path: str) -> int:
    return site.platform.wire.calls(lambda _method, called: called == path)


def test_a_second_run_in_which_nothing_changed_writes_nothing(site: ContactSite) -> None:
    first = site.synchronise()

    second = site.synchronise()

    assert (first.created, first.written_items > 0) == (6, True)
    assert (second.created, second.updated, second.left, second.written_items) == (0, 0, 0, 0)


def test_who_left_is_marked_and_kept_and_unmarked_on_return(site: ContactSite) -> None:
    site.synchronise()

    changed(site, user_id="qa", resigned=True)
    report = site.synchronise()
    assert (report.left, site.left()) == (1, {"Priya Nair"})
    assert site.people() == EVERYBODY - {"Priya Nair"}

    changed(site, user_id="qa", resigned=False)
    report = site.synchronise()
    assert (report.returned, report.created, site.left()) == (1, 0, set())
    assert site.people() == EVERYBODY


def test_a_changed_person_is_updated_with_every_way_to_find_them(site: ContactSite) -> None:
    site.synchronise()

    changed(site, user_id="qa", email="priya@example.com", name="Priya N.")
    report = site.synchronise()

    assert report.updated == 1
    keys = [("email", "priya@example.com"), ("email", "qa@example.com")]
    assert site.store.by_address(site.app, keys) == {("email", "priya@example.com"): ("qa",)}


def test_who_could_not_be_read_has_not_left(site: ContactSite) -> None:
    site.synchronise()
    changed(site, user_id="ops", resigned=True)
    failing(site, LIST_PEOPLE, 1, httpx.Response(200, json={"errcode": 50004, "errmsg": "hidden"}))

    report = site.synchronise()

    assert report.is_partial
    assert [each.what.partition(":")[0] for each in report.unread if "range" in each.problem] == ["people"]
    assert (report.left, site.people()) == (0, EVERYBODY)
    assert site.sync().is_partial


def test_a_department_that_goes_away_while_it_is_read_is_no_gap(site: ContactSite) -> None:
    failing(site, LIST_PEOPLE, 1, httpx.Response(200, json={"errcode": 60003, "errmsg": "gone"}))

    assert not site.synchronise().is_partial


def test_losing_most_people_at_once_has_to_be_confirmed(site: ContactSite) -> None:
    site.platform.control("POST", "people", {"generate": {"people": 60, "departments": 3}})
    site.synchronise()
    everybody = site.people()
    for number in range(50):
        changed(site, user_id=f"c{number:06d}", resigned=True)

    doubted = site.synchronise()
    assert (doubted.left, doubted.is_partial) == (0, True)
    assert "confirm_leavers" in doubted.notes[-1]
    assert site.people() == everybody

    confirmed = site.synchronise(confirm_leavers=True)
    assert (confirmed.left, confirmed.is_partial) == (50, False)


def test_one_address_of_two_people_is_reported_with_its_cause(site: ContactSite) -> None:
    changed(site, user_id="qa", email="lead@example.com")

    report = site.synchronise()

    (conflict,) = report.conflicts
    assert (conflict.kind, conflict.value, conflict.people) == ("email", "lead@example.com", ("lead", "qa"))
    assert report.conflict_count == 1


def test_a_worker_whose_time_is_up_is_followed_by_one_that_goes_on(site: ContactSite) -> None:
    site.wanted()
    rounds = 0

    while site.work(seconds=0.2) is not None:
        rounds += 1
        assert rounds < 30

    assert rounds > 1
    assert site.people() == EVERYBODY
    # Nothing was read twice, but for what the last call of a worker's time was about.
    assert asked(site, LIST_PEOPLE) == 6


@pytest.mark.parametrize("number", range(1, 15))
def test_a_crash_at_any_call_loses_nothing(site: ContactSite, table: Any, number: int) -> None:
    site.wanted()
    calls, put = itertools.count(1), table.put_item

    def crash_at(_method: str, _path: str) -> bool:
        if next(calls) != number:
            return False
        table.put_item = _die  # a dead process cannot save what it has read
        return True

    site.platform.wire.faults.append(Fault(crash_at, _Crash(), 1, is_carried_out=False))
    with pytest.raises(_Crash):
        site.work()
    table.put_item = put
    assert site.people() == set()
    site.platform.later(LEASE.total_seconds() + 1)

    assert site.work() is None

    assert site.people() == EVERYBODY


def test_a_crash_while_writing_is_made_good_by_the_next_worker(site: ContactSite, table: Any) -> None:
    site.wanted()
    write, calls = table.batch_write_item, []

    def failing_write(**request: Any) -> Any:
        calls.append(request)
        if len(calls) == 2:
            raise _Crash
        return write(**request)

    table.batch_write_item = failing_write
    with pytest.raises(_Crash):
        site.work()
    site.platform.later(LEASE.total_seconds() + 1)

    assert site.work() is None

    assert site.people() == EVERYBODY
    assert site.synchronise().written_items == 0


def test_two_workers_never_work_on_one_app(site: ContactSite) -> None:
    site.wanted()
    before = site.sync()
    site.syncs.change(before, replace(before, leased_until=site.platform.now + LEASE, worker="other"))

    assert site.work() is None

    assert site.platform.wire.exchanges == []


def test_a_worker_that_was_taken_over_writes_nothing_more(site: ContactSite, table: Any) -> None:
    site.wanted()
    present: list[bool] = []

    def take_over(_method: str, path: str) -> bool:
        if path == LIST_PEOPLE and not present:
            present.append(True)
            held = site.sync()
            site.syncs.change(held, replace(held, worker="other"))
        return False

    site.platform.wire.faults.append(Fault(take_over, httpx.Response(500), 1, is_carried_out=False))

    assert site.work() is None

    assert site.sync().worker == "other"
    assert site.people() == set()


def test_calls_keep_to_the_platforms_pace(site: ContactSite) -> None:
    started = site.platform.now

    report = site.synchronise()

    took_s = (site.platform.now - started).total_seconds()
    assert report.calls / took_s <= 20


def test_a_throttled_call_waits_as_long_as_the_platform_says(site: ContactSite) -> None:
    failing(site, LIST_PEOPLE, 2, httpx.Response(200, json={"errcode": 90018, "errmsg": "slow down"}))

    site.synchronise()

    assert site.people() == EVERYBODY
    assert site.slept_s > 2


def test_a_platform_that_stays_away_ends_the_run_with_what_to_do(site: ContactSite) -> None:
    site.wanted()
    failing(site, LIST_PEOPLE, 10_000)

    for _ in range(40):
        pause_s = site.work()
        if pause_s is None:
            break
        site.platform.later(pause_s)

    assert site.sync().state is RunState.FAILED
    assert site.sync().problem
    assert site.people() == set()


def test_progress_in_between_is_no_setback(site: ContactSite) -> None:
    site.wanted()
    failing(site, LIST_PEOPLE, 3)
    assert site.work() is not None
    assert site.sync().setbacks == 1
    site.platform.later(60)

    failing(site, "/topapi/v2/department/listsub", 0)
    assert site.work() is None

    assert site.sync().setbacks == 0


def test_an_app_that_is_gone_takes_its_contacts_with_it(site: ContactSite, table: Any) -> None:
    site.synchronise()
    site.registered = None

    assert [each.app for each in site.worker().due()] == [site.app.id]
    assert site.work() is None

    contacts = [each for each in table.scan(TableName=TABLE)["Items"] if each["PK"]["S"].startswith("CONTACTS#")]
    assert contacts == []
    assert site.syncs.all() == ()


def test_a_deleted_app_is_forgotten_only_when_its_worker_is_done(site: ContactSite) -> None:
    site.synchronise()
    held = site.sync()
    site.syncs.change(held, replace(held, leased_until=site.platform.now + LEASE, worker="other"))
    site.registered = None

    assert site.worker().due() == ()
    assert site.work() is None
    assert site.people() == EVERYBODY

    site.platform.later(LEASE.total_seconds() + 1)
    assert site.work() is None
    assert site.people() == set()


def test_contacts_of_another_vendor_identity_are_never_seen(site: ContactSite) -> None:
    site.synchronise()

    other = replace(site.app, vendor_identity="another")

    assert site.store.by_id(other, ["lead"]) == {}
    assert site.store.search_lines(other) == ()
    assert site.store.departments(other) == ()


def test_what_a_run_staged_is_removed_when_it_ends(site: ContactSite, table: Any) -> None:
    site.synchronise()

    names = [each["SK"]["S"] for each in table.scan(TableName=TABLE)["Items"]]
    assert not any(name.startswith("STAGE#") for name in names)
    assert sum(name.startswith("SEARCH#") for name in names) == 1


def test_an_app_is_due_a_day_later_and_not_before(site: ContactSite) -> None:
    site.synchronise()
    assert site.worker().due() == ()

    site.platform.later(21 * 3600)
    assert site.worker().due() == ()

    site.platform.later(6 * 3600)
    assert [each.app for each in site.worker().due()] == [site.app.id]
    assert site.work() is None
    assert site.worker().due() == ()


def test_an_app_whose_admin_wants_no_daily_runs_has_none(site: ContactSite) -> None:
    site.synchronise(is_daily=False)

    site.platform.later(30 * 86_400)

    assert site.worker().due() == ()


def test_many_changes_told_by_callbacks_are_one_run(site: ContactSite, table: Any) -> None:
    site.synchronise()
    journal = Journal(table, TABLE, site.platform.clock)
    for _ in range(5):
        journal.mark_contacts(site.app.provider, site.app.tenant, site.app.id)
    assert site.worker().due() == ()

    site.platform.later(timedelta(minutes=31).total_seconds())
    assert [each.app for each in site.worker().due()] == [site.app.id]

    changed(site, user_id="qa", resigned=True)
    assert site.work() is None
    assert site.left() == {"Priya Nair"}
    site.platform.later(3600)
    assert site.worker().due() == ()


def test_a_change_during_a_run_is_read_by_another_run(site: ContactSite, table: Any) -> None:
    journal = Journal(table, TABLE, site.platform.clock)
    site.wanted()
    told: list[bool] = []

    def tell(_method: str, path: str) -> bool:
        if path == LIST_PEOPLE and not told:
            told.append(True)
            journal.mark_contacts(site.app.provider, site.app.tenant, site.app.id)
        return False

    site.platform.wire.faults.append(Fault(tell, httpx.Response(500), 1, is_carried_out=False))
    assert site.work() is None

    site.platform.later(3600)

    assert [each.app for each in site.worker().due()] == [site.app.id]


def test_a_table_that_does_not_answer_leaves_the_run_to_the_schedule(site: ContactSite, table: Any) -> None:
    site.wanted()
    table.batch_write_item = _refuse

    with pytest.raises(StoreError):
        site.work()

    site.platform.later(LEASE.total_seconds() + 1)
    assert [each.app for each in site.worker().due()] == [site.app.id]


def test_more_people_than_an_item_holds_are_staged_and_searched(site: ContactSite) -> None:
    site.platform.control("POST", "people", {"generate": {"people": 2500, "departments": 1}})

    report = site.synchronise()

    assert report.people == 2506
    assert len(site.store.search_lines(site.app)) == 2506


class _Crash(BaseException):
    """The worker's process ends."""


def _die(**_: Any) -> Any:
    raise _Crash


def _refuse(**request: Any) -> Any:
    return {"UnprocessedItems": request["RequestItems"]}
