"""Inputs that were once wrong, or nearly: replayed before anything new is tried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from approval_gate.errors import CallbackRejected
from tests.fuzz.cases import Case, kept_cases
from tests.kits import all_kits


@pytest.mark.parametrize("path", kept_cases(), ids=lambda path: path.stem)
def test_a_kept_input_is_refused_or_tells_what_it_should(path: Path) -> None:
    case = Case.read(path)
    kit: Any = next(kit for kit in all_kits() if kit.name == case.kit)
    receiver = kit.receiver(**case.credentials)

    if case.tells is None:
        with pytest.raises(CallbackRejected):
            receiver.open(case.request)
    else:
        opened = receiver.open(case.request)
        assert {event.provider_ref for event in opened.events} == set(case.tells)
        assert opened.response.to_api_gateway()["statusCode"] == 200


def test_a_kept_input_reads_back_as_it_was_written(tmp_path: Path) -> None:
    kit = all_kits()[0]
    case = Case(kit.name, "why", replace(kit.address_check(), headers={"a": "\ud800"}), tells=(), credentials={})
    file = tmp_path / "case.json"
    file.write_text(case.text(), encoding="utf-8")

    assert Case.read(file) == case
