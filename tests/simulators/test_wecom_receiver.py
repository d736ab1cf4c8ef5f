"""What the simulator sends, opened by our receiver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from approval_gate.domain.approval import Mode, TaskProgress, TaskStatus
from approval_gate.ports import CallbackEvent, EventKind, Opened
from approval_gate.providers.wecom.callbacks import Receiver
from approval_gate.web import WebRequest
from tests.simulators.wecom import GATE, KEY, TOKEN, AppServer, Arrived, Wecom, app_server, wecom_serving
from tests.simulators.wecom_gate import Gate, identity, stage


class Inbound:
    """Our receiver behind an app's request address."""

    def __init__(self, server: AppServer) -> None:
        self._server = server
        self.receiver = Receiver.from_credentials(
            {**GATE, "token": TOKEN, "encoding_aes_key": KEY}, lambda: datetime.now(UTC)
        )
        server.on_check = self._answer
        server.answer = self._answer

    def next(self) -> tuple[CallbackEvent, ...]:
        return self._open(self._server.next()).events

    def tasks(self) -> list[TaskProgress | None]:
        return [event.task for event in self.next()]

    def _answer(self, arrived: Arrived) -> tuple[int, bytes]:
        response = self._open(arrived).response
        return response.status, response.body

    def _open(self, arrived: Arrived) -> Opened:
        event = {
            "requestContext": {"http": {"method": arrived.method}},
            "rawQueryString": arrived.query,
            "body": arrived.body.decode(),
        }
        return self.receiver.open(WebRequest.from_api_gateway(event))


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


@pytest.fixture
def gate(wecom: Wecom) -> Iterator[Gate]:
    with httpx.Client(trust_env=False) as http:
        yield Gate(wecom, http)


@pytest.fixture
def inbound(wecom: Wecom) -> Iterator[Inbound]:
    with app_server() as server:
        receiving = Inbound(server)
        wecom.register(request_url=server.url)
        yield receiving


def test_our_receiver_passes_the_check_of_its_address(wecom: Wecom, inbound: Inbound):
    for _ in range(20):
        wecom.register(request_url=wecom.control("GET", "apps")["apps"][0]["request_url"])


def test_what_happens_arrives_as_our_events(gate: Gate, wecom: Wecom, inbound: Inbound):
    ref = gate.open(stage(Mode.ALL, "lead", "qa"))

    (opened,) = inbound.next()
    wecom.decide(ref, "transfer", "lead", to="release", comment="yours")
    (moved,) = inbound.next()
    wecom.decide(ref, "approve", "release", comment="看起来没问题 <ok> & ]]>")
    agreed = inbound.next()
    wecom.decide(ref, "approve", "qa")
    (decided,) = inbound.next()

    assert (opened.kind, opened.provider_ref, opened.vendor_status) == (EventKind.OPENED, ref, "1/1")
    assert moved.kind is EventKind.TASK
    assert moved.task is not None
    assert (moved.task.status, moved.task.transferred_to) == (TaskStatus.TRANSFERRED, identity("release"))
    told = {event.task.person.user_id: event.task for event in agreed if event.task and event.task.person}
    assert (told["release"].status, told["release"].comment) == (TaskStatus.APPROVED, "看起来没问题 <ok> & ]]>")
    assert (decided.kind, decided.vendor_status) == (EventKind.DECIDED, "2/2")
    assert all(one["status"] == "delivered" for one in wecom.settled(ref))


@pytest.mark.parametrize("legacy", [0, 1])
@pytest.mark.parametrize(("actions", "status"), [(["reject"], "3/3"), (["withdraw"], "4/6"), (["approve"], "2/2")])
def test_every_end_asks_for_the_truth(
    gate: Gate, wecom: Wecom, inbound: Inbound, actions: list[str], status: str, legacy: int
):
    wecom.settings(legacy_details=legacy)
    ref = gate.open()
    inbound.next()

    for action in actions:
        wecom.decide(ref, action)

    (event,) = inbound.next()
    assert (event.kind, event.vendor_status, event.provider_ref) == (EventKind.DECIDED, status, ref)


def test_a_revocation_after_approval_asks_for_the_truth(gate: Gate, wecom: Wecom, inbound: Inbound):
    ref = gate.open()
    for action in ("approve", "revert"):
        wecom.decide(ref, action)

    told = {event.vendor_status for _ in range(3) for event in inbound.next()}

    assert told == {"1/1", "2/2", "6/8"}


def test_an_event_and_the_truth_name_tasks_alike(gate: Gate, wecom: Wecom, inbound: Inbound):
    ref = gate.open(stage(Mode.SEQUENCE, "lead", "qa"))
    inbound.next()

    wecom.decide(ref, "approve", "lead", comment="ok")

    (told,) = inbound.tasks()
    assert told == gate.truth(ref).tasks[0]


def test_a_redelivery_has_the_same_key(gate: Gate, wecom: Wecom, inbound: Inbound):
    ref = gate.open()
    (first,) = inbound.next()
    (delivery,) = wecom.settled(ref)

    wecom.control("POST", f"callbacks/{delivery['id']}/redeliver")

    assert inbound.next() == (first,)


def test_two_who_agree_in_the_same_second_are_two_events(gate: Gate, wecom: Wecom, inbound: Inbound):
    ref = gate.open(stage(Mode.ALL, "lead", "qa", "ops"))
    inbound.next()

    for person in ("lead", "qa"):
        wecom.decide(ref, "approve", person)
    keys = [{event.dedupe_key for event in inbound.next()} for _ in range(2)]

    assert not keys[0] & keys[1]


def test_comments_and_reminders_change_nothing(gate: Gate, wecom: Wecom, inbound: Inbound):
    ref = gate.open()
    inbound.next()

    wecom.decide(ref, "urge")
    wecom.decide(ref, "comment", "qa", comment="which build?")

    assert {event.kind for _ in range(2) for event in inbound.next()} == {EventKind.OPENED}
