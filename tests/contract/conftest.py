"""One simulated platform with senders of one app, for each provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.aws import aws
from tests.fakes.mail_site import MailSite
from tests.fakes.platform_site import PlatformSite
from tests.sender_kits import SenderKit, all_sender_kits


@pytest.fixture(scope="module")
def shared_table() -> Iterator[Any]:
    """One table for all sites of a module: each has items of its own."""
    with aws() as client:
        yield client


@pytest.fixture(params=all_sender_kits(), ids=lambda kit: kit.provider)
def site(request: pytest.FixtureRequest, shared_table: Any) -> Iterator[PlatformSite]:
    kit: SenderKit = request.param
    site = PlatformSite(kit, shared_table)
    yield site
    site.close()


@pytest.fixture
def mail(request: pytest.FixtureRequest, shared_table: Any) -> Iterator[MailSite]:
    """Give the site of the platform that a mark of `tests.fakes.mail_cases` names."""
    site = MailSite(request.param, shared_table)
    yield site
    site.close()
