"""What is timed is checked first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.cold_starts import Candidate
from bench.emulator import Answer, Emulator


class Answering(Emulator):
    """A function that is not started and echoes the event."""

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        return Answer(event, 12.5)


@pytest.fixture
def function(tmp_path: Path) -> Emulator:
    return Answering("handler.lambda_handler", [tmp_path], {}, tmp_path / "log")


def candidate(body: str) -> Candidate:
    return Candidate(
        "a_callback",
        "handler.lambda_handler",
        [],
        {},
        lambda number: {"statusCode": 200, "body": f"{body} {number}"},
        lambda answer: answer["body"].startswith("success"),
    )


def test_a_call_is_timed(function: Emulator) -> None:
    assert candidate("success").call(function, 1) == 12.5


def test_an_answer_that_is_no_acknowledgement_ends_the_measurement(function: Emulator) -> None:
    with pytest.raises(RuntimeError, match=r"a_callback does not acknowledge: .*failure 7"):
        candidate("failure").call(function, 7)
