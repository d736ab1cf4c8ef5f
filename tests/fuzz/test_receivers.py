"""
Whatever arrives, a receiver answers or refuses; and nothing that is not proven tells anything new.

Inputs are the kits' true requests, changed: at random but repeatably, by the seed of each kit. A failure prints the
input as a file for `kept/`, where it is replayed from then on; the seed and the number repeat it where the file
runs by itself, since kits number their events.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml import sax

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import CallbackEvent, Opened, Receiver
from approval_gate.store.journal import event_document
from approval_gate.web import WebRequest
from tests.fuzz.bytes_mutations import mutated_bytes, mutated_request
from tests.fuzz.cases import Case
from tests.fuzz.proven import Proof, proofs_of
from tests.kits import Kit, all_kits

REF = "A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"
OTHER = "B7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"
VICTIM = "V1C71A11-0000-4000-8000-00000000FACE"
SEEDS = {"feishu": 20260115, "lark": 20260116, "dingtalk": 20260117, "wecom": 20260118}
UNPROVEN = {"feishu": 35_000, "lark": 35_000, "dingtalk": 70_000, "wecom": 70_000}
PROVEN = {"feishu": 15_000, "lark": 15_000, "dingtalk": 30_000, "wecom": 30_000}
"""Together 100,000 for each receiver that has its own code; Feishu and Lark share one."""
DEFAULT_SEED, DEFAULT_INPUTS = 1, 10_000

pytestmark = pytest.mark.parametrize("kit", all_kits(), ids=lambda kit: kit.name)


def true_requests(kit: Kit) -> list[WebRequest]:
    approved = kit.approve(REF)
    decided = [approved, kit.redelivery(approved), kit.reject(REF), kit.cancel(OTHER), kit.opened(OTHER)]
    return [*decided, kit.unknown_event(), kit.mangled_event(REF), kit.address_check()]


def opened(receiver: Receiver, request: WebRequest) -> Opened | None:
    try:
        return receiver.open(request)
    except CallbackRejected:
        return None


def false_requests(kit: Kit) -> list[WebRequest]:
    """Requests about another approval that lack one part of their proof, for the others to lend it to them."""
    unsigned = kit.unsigned(kit.approve(VICTIM))
    in_clear = [replace(unsigned, body=proof.document_of(kit.approve(VICTIM))) for proof in proofs_of(kit)]
    kit.now -= timedelta(days=2)
    stale = kit.approve(VICTIM)
    kit.now += timedelta(days=2)
    return [unsigned, stale, *in_clear]


def test_unproven_requests_tell_nothing_new(kit: Kit) -> None:
    receiver, corpus = kit.receiver(), true_requests(kit)
    # No events at all is what an address check and an unknown event tell.
    true_events = {receiver.open(request).events for request in corpus}
    corpus += false_requests(kit)
    seed = SEEDS.get(kit.name, DEFAULT_SEED)
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret

    for number in range(UNPROVEN.get(kit.name, DEFAULT_INPUTS)):
        request = mutated_request(rng, rng.choice(corpus), corpus)
        try:
            result = opened(receiver, request)
            if result is not None:
                check_answer(result)
                assert result.events in true_events, "an event that no true request told"
        except Exception as err:  # noqa: BLE001 - whatever it is, the input must be shown
            fail(kit, seed, number, request, err)


def test_proven_garbage_decides_for_no_other_approval(kit: Kit) -> None:
    proofs = proofs_of(kit)
    if not proofs:
        pytest.skip("this kit seals nothing but its own events")
    corpus = true_requests(kit)[:-1]
    seed = SEEDS.get(kit.name, DEFAULT_SEED)
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    documents = [proofs[0].document_of(request) for request in corpus]

    for number in range(PROVEN.get(kit.name, DEFAULT_INPUTS)):
        proof = proofs[number % len(proofs)]
        document = mutated_document(rng, proof, documents)
        request = proof.proven(document)
        try:
            result = opened(proof.receiver, request)
            if result is not None:
                check_answer(result)
                check_refs(result, document)
        except Exception as err:  # noqa: BLE001 - whatever it is, the input must be shown
            fail(kit, seed, number, request, err)


def mutated_document(rng: random.Random, proof: Proof, documents: list[bytes]) -> bytes:
    document = rng.choice(documents)
    if rng.randrange(3):
        return proof.mutated(rng, document, VICTIM, proof.refs)
    return mutated_bytes(rng, document, documents)


def check_answer(result: Opened) -> None:
    """What is accepted can be answered, journaled and logged."""
    assert result.response.to_api_gateway()["statusCode"] == 200
    assert result.is_address_check <= (result.events == ())
    for event in result.events:
        check_event(event)


def check_event(event: CallbackEvent) -> None:
    for text in (event.provider_ref, event.dedupe_key, event.vendor_type, event.vendor_status):
        assert text
        assert text.isascii()
        assert text.isprintable()
        assert len(text) <= 300
    assert event.occurred_at.tzinfo is not None
    assert event_document(event).encode()


def check_refs(result: Opened, document: bytes) -> None:
    """No event is about an approval that was planted, and none about one that the document does not hold."""
    for event in result.events:
        assert event.provider_ref != VICTIM, "an id was read where none belongs"
        assert event.provider_ref in texts_of(document), "an id that the document does not hold"


def texts_of(document: bytes) -> set[str]:
    """Return every text and number in a document, read without our own readers."""
    try:
        return set(_leaves(json.loads(document)))
    except ValueError:
        texts = _Texts()
        sax.parseString(document, texts)  # noqa: S317 - ours, and small
        return texts.found


class _Texts(sax.ContentHandler):
    """Collects the text in front of each end of an element."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._pieces: list[str] = []

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the library's name
        self._pieces = []

    def endElement(self, name: str) -> None:  # noqa: N802 - the library's name
        self.found.add("".join(self._pieces).strip())

    def characters(self, content: str) -> None:
        self._pieces.append(content)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield str(value)


def fail(kit: Kit, seed: int, number: int, request: WebRequest, err: Exception) -> None:
    case = Case(kit.name, f"{type(err).__name__}: {err}"[:200], request, tells=None, credentials={})
    pytest.fail(
        f"{err!r}\nseed {seed}, input {number}; keep this as tests/fuzz/kept/<what it is>.json "
        f"and set `tells` to what is right:\n{case.text()}"
    )
