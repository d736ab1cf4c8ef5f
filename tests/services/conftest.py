from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.aws import aws
from tests.fakes.world import World


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)
