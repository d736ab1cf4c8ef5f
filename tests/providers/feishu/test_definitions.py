"""One definition per shape, whatever crashes or races."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import Draft
from approval_gate.providers.feishu.sender import Sender
from tests.providers.feishu.fake_platform import FakePlatform, MemoryForms, refusal, sender_of

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFINITIONS = "/open-apis/approval/v4/approvals"
INSTANCES = "/open-apis/approval/v4/instances"


def subscribe_path(platform: FakePlatform) -> str:
    (code,) = platform.definitions
    return f"{DEFINITIONS}/{code}/subscribe"


def test_a_definition_is_created_subscribed_and_remembered(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)

    (code,) = platform.definitions
    assert platform.subscribed == {code}
    assert list(forms.saved.values()) == [{"approval_code": code, "subscribed": "yes"}]
    assert forms.claims == set()


def test_while_another_worker_creates_it_we_wait(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    (key,) = forms.saved
    forms.forget(key)
    forms.claim(key)

    with pytest.raises(ProviderUnavailable) as caught:
        sender.open_approval(replace(draft, approval_id="apr_02"), may_exist=False)

    assert caught.value.retry_after_s == 2.0
    assert len(platform.definitions) == 1


@pytest.mark.parametrize(
    "fault", [httpx.ReadTimeout("lost"), httpx.Response(502, text="bad gateway")], ids=["timeout", "502"]
)
def test_an_unknown_result_of_the_creation_holds_the_claim(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft, fault: httpx.Response | Exception
) -> None:
    # A definition can never be removed: not two in a row only because an answer was lost.
    platform.lose_answer(DEFINITIONS, fault)

    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            sender.open_approval(draft, may_exist=True)

    assert len(platform.definitions) == 1
    forms.pass_a_minute()
    sender.open_approval(draft, may_exist=True)
    assert len(platform.definitions) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refusal(99991672), ProviderRejected), (refusal(99991400, status=429), ProviderThrottled)],
    ids=["scope", "throttle"],
)
def test_a_refused_creation_ends_the_claim(
    platform: FakePlatform,
    sender: Sender,
    forms: MemoryForms,
    draft: Draft,
    answer: httpx.Response,
    error: type[Exception],
) -> None:
    platform.fail(DEFINITIONS, answer)

    with pytest.raises(error):
        sender.open_approval(draft, may_exist=False)
    sender.open_approval(draft, may_exist=True)

    assert len(platform.definitions) == 1


def test_a_creation_without_a_code_is_not_saved(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.fail(DEFINITIONS, httpx.Response(200, json={"code": 0, "data": {}}))

    with pytest.raises(ProviderUnavailable, match="no approval_code"):
        sender.open_approval(draft, may_exist=False)

    assert forms.saved == {}


def test_a_crash_between_creation_and_subscription_is_made_good(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    (key,) = forms.saved
    forms.saved[key]["subscribed"] = ""
    platform.subscribed.clear()

    sender.open_approval(replace(draft, approval_id="apr_02"), may_exist=False)

    assert platform.subscribed == set(platform.definitions)
    assert forms.saved[key]["subscribed"] == "yes"
    assert len(platform.definitions) == 1


@pytest.mark.parametrize("code", [1390007, 60007, 60008])
def test_subscribed_already_is_success(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft, code: int
) -> None:
    sender.open_approval(draft, may_exist=False)
    (key,) = forms.saved
    forms.saved[key]["subscribed"] = ""
    platform.fail(subscribe_path(platform), refusal(code))

    sender.open_approval(replace(draft, approval_id="apr_02"), may_exist=False)

    assert forms.saved[key]["subscribed"] == "yes"


def test_a_failing_subscription_opens_no_approval(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    (key,) = forms.saved
    forms.saved[key]["subscribed"] = ""
    platform.fail(subscribe_path(platform), refusal(1395001))

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(replace(draft, approval_id="apr_02"), may_exist=False)

    assert len(platform.instances) == 1
    assert forms.saved[key]["subscribed"] == ""


@pytest.mark.parametrize("code", [1390002, 1390015, 1390016])
def test_a_definition_that_is_gone_is_made_anew_after_a_minute(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft, code: int
) -> None:
    sender.open_approval(draft, may_exist=False)
    platform.fail(INSTANCES, refusal(code))
    second = replace(draft, approval_id="apr_02")

    with pytest.raises(ProviderUnavailable) as caught:
        sender.open_approval(second, may_exist=False)
    assert caught.value.retry_after_s == 60.0
    with pytest.raises(ProviderUnavailable):
        sender.open_approval(second, may_exist=True)
    forms.pass_a_minute()
    sender.open_approval(second, may_exist=True)

    assert len(platform.definitions) == 2
    assert len(platform.instances) == 2


def test_a_platform_that_calls_every_definition_gone_gets_one_a_minute(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.fail(INSTANCES, *[refusal(1390015)] * 50)

    for _ in range(3):
        for _ in range(5):
            with pytest.raises(ProviderUnavailable):
                sender.open_approval(draft, may_exist=True)
        forms.pass_a_minute()

    assert len(platform.definitions) == 3


def test_a_new_definition_of_a_colleague_is_not_forgotten(
    platform: FakePlatform, forms: MemoryForms, draft: Draft
) -> None:
    one = sender_of(platform, forms=forms)
    one.open_approval(draft, may_exist=False)
    (key,) = forms.saved

    def replaced_meanwhile() -> None:
        forms.saved[key] = {"approval_code": "NEWER", "subscribed": "yes"}

    class SlowForms(MemoryForms):
        """Between our creation attempt and our look at the store, a colleague replaces the definition."""

        def __init__(self) -> None:
            super().__init__()
            self.saved, self.claimed_until = forms.saved, forms.claimed_until
            self.reads = 0

        def get(self, key: str) -> Mapping[str, str] | None:
            self.reads += 1
            if self.reads == 2:
                replaced_meanwhile()
            return super().get(key)

    platform.fail(INSTANCES, refusal(1390015))
    with pytest.raises(ProviderUnavailable):
        sender_of(platform, forms=SlowForms()).open_approval(replace(draft, approval_id="apr_02"), may_exist=False)

    assert forms.saved[key]["approval_code"] == "NEWER"


def test_a_gone_definition_found_while_subscribing_is_forgotten(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    (key,) = forms.saved
    forms.saved[key]["subscribed"] = ""
    platform.fail(subscribe_path(platform), refusal(1390002))

    with pytest.raises(ProviderUnavailable):
        sender.open_approval(replace(draft, approval_id="apr_02"), may_exist=False)

    assert forms.saved == {}
    assert forms.claims == {key}
