from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from approval_gate.domain.ids import approval_id_of_execution, new_approval_id

NOW = datetime(2026, 1, 15, tzinfo=UTC)


def test_ids_sort_by_time_and_fit_every_platform() -> None:
    earlier, later = (new_approval_id(NOW + timedelta(milliseconds=ms), b"\xff" * 10) for ms in (0, 1))

    assert earlier < later
    assert len(earlier) == 30
    assert earlier.startswith("apr_0")


def test_an_execution_always_gets_the_same_id() -> None:
    arns = ["arn:aws:states:us-east-1:1:execution:gate:a", "arn:aws:states:us-east-1:1:execution:gate:b"]

    first, again, other = (approval_id_of_execution(arn, NOW) for arn in (arns[0], arns[0], arns[1]))

    assert first == again != other


def test_too_little_entropy_is_refused() -> None:
    with pytest.raises(ValueError, match="entropy"):
        new_approval_id(NOW, b"123")
