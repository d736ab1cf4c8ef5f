"""An app's secret is changed on the platform and at the gate: senders that were built before go on."""

from __future__ import annotations

from typing import Any

import pytest

from approval_gate.entrypoints.renewal import Renewed, RenewedSender
from approval_gate.errors import ProviderRejected
from approval_gate.ports import AccessTokens, Credentials, Sender
from approval_gate.providers import registry
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.forms import DynamoForms
from tests.fakes.aws import TABLE
from tests.fakes.platform_site import PlatformSite

SECRET_FIELDS = {"feishu": "app_secret", "lark": "app_secret", "dingtalk": "app_secret", "wecom": "secret"}


class Stored:
    """What is stored of the app's credentials, and how often it was read."""

    def __init__(self, site: PlatformSite) -> None:
        self._provider = site.kit.provider
        self.fields = dict(site.kit.credentials)
        self.reads = 0

    def read(self) -> Credentials:
        self.reads += 1
        return registry.credentials_type(self._provider).from_fields(self.fields)


@pytest.fixture
def stored(site: PlatformSite) -> Stored:
    return Stored(site)


@pytest.fixture
def sender(site: PlatformSite, stored: Stored) -> RenewedSender:
    def build(credentials: Credentials, tokens: AccessTokens) -> Sender:
        forms = DynamoForms(site._table, TABLE, site.clock, site.app)
        made: Any = registry.sender_type(site.kit.provider)(
            app=site.app, credentials=credentials, http=site._http, tokens=tokens, forms=forms, clock=site.clock
        )
        return made  # type: ignore[no-any-return] # the contract is checked elsewhere

    tokens = DynamoAccessTokens(site._table, TABLE, site.clock, site.app)
    return RenewedSender(Renewed(stored.read, build, tokens))


def rotate(site: PlatformSite) -> dict[str, str]:
    """Reset the app's secret in the platform's console."""
    fresh = {**site.kit.credentials, SECRET_FIELDS[site.kit.provider]: "s" + "7" * 31}
    site.control("POST", "apps", fresh)
    return fresh


def test_a_changed_secret_is_read_again_and_the_call_made_once_more(
    site: PlatformSite, stored: Stored, sender: RenewedSender
) -> None:
    stored.fields = rotate(site)

    (found,) = sender.find_people([site.ref("lead")])

    assert found.user_id
    assert (site.calls(site.kit.fetch_token), stored.reads) == (2, 2)


def test_a_secret_that_is_wrong_everywhere_is_refused_after_one_fresh_read(
    site: PlatformSite, stored: Stored, sender: RenewedSender
) -> None:
    """Guessing on would have the address banned on some platforms."""
    rotate(site)

    with pytest.raises(ProviderRejected):
        sender.find_people([site.ref("lead")])

    assert (site.calls(site.kit.fetch_token), stored.reads) == (1, 2)


def test_other_refusals_read_nothing_again(site: PlatformSite, stored: Stored, sender: RenewedSender) -> None:
    with pytest.raises(ProviderRejected):
        sender.read_truth("no-such-approval")

    assert stored.reads == 1
