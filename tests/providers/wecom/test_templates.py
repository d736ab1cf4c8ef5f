"""One template per app: created once, never without end."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import Draft
from approval_gate.providers.wecom.sender import Sender
from tests.providers.wecom.fake_platform import (
    APPLY,
    CREATE_TEMPLATE,
    LIST,
    TEMPLATE,
    FakePlatform,
    MemoryForms,
    refusal,
    sender_of,
)


def test_only_one_worker_creates_it(platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft) -> None:
    forms.claim("template/ww1a2b3c4d5e6f7890/of/1000002")

    with pytest.raises(ProviderUnavailable, match="being created") as caught:
        sender.open_approval(draft, may_exist=False)

    assert caught.value.retry_after_s == 2
    assert platform.calls == []


@pytest.mark.parametrize(
    "fault", [httpx.ReadTimeout("lost"), refusal(620004), httpx.Response(200, json={"errcode": 0})]
)
def test_an_unclear_creation_is_not_repeated_before_the_claim_lapses(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft, fault: httpx.Response | Exception
) -> None:
    platform.fail(CREATE_TEMPLATE, fault)

    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            sender.open_approval(draft, may_exist=False)
    forms.pass_a_minute()
    sender.open_approval(draft, may_exist=False)

    assert len(platform.called(CREATE_TEMPLATE)) == 2


def test_a_throttled_creation_gives_the_claim_back(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.fail(CREATE_TEMPLATE, refusal(45009))

    with pytest.raises(ProviderThrottled):
        sender.open_approval(draft, may_exist=False)

    assert forms.claims == set()


def test_a_refused_creation_says_how_to_use_an_existing_template(
    platform: FakePlatform, sender: Sender, forms: MemoryForms, draft: Draft
) -> None:
    platform.fail(CREATE_TEMPLATE, refusal(301086))

    with pytest.raises(ProviderRejected, match="template_id") as caught:
        sender.open_approval(draft, may_exist=False)

    assert caught.value.vendor_code == "301086"
    assert forms.claims == set()


def test_a_template_without_a_multi_line_text_is_refused(platform: FakePlatform, draft: Draft) -> None:
    platform.add_template("3Tka", ("Text", "Text-1", 1))

    with pytest.raises(ProviderRejected, match="多行文本"):
        sender_of(platform, template_id="3Tka").open_approval(draft, may_exist=False)


def test_a_template_with_other_mandatory_fields_is_refused(platform: FakePlatform, draft: Draft) -> None:
    platform.add_template("3Tka", ("Textarea", "Textarea-1", 1), ("Number", "Number-1", 1))

    with pytest.raises(ProviderRejected, match="mandatory"):
        sender_of(platform, template_id="3Tka").open_approval(draft, may_exist=False)

    assert APPLY not in platform.paths


def test_a_deleted_template_of_ours_fails_one_approval_and_is_made_anew_for_the_next(
    platform: FakePlatform, sender: Sender, draft: Draft
) -> None:
    sender.open_approval(draft, may_exist=False)
    platform.templates.clear()

    with pytest.raises(ProviderRejected):
        sender.open_approval(replace(draft, approval_id="apr_2"), may_exist=False)
    sender.open_approval(replace(draft, approval_id="apr_3"), may_exist=False)

    assert len(platform.called(CREATE_TEMPLATE)) == 2


def test_a_deleted_configured_template_is_never_replaced(
    platform: FakePlatform, forms: MemoryForms, draft: Draft
) -> None:
    platform.add_template("3Tka", ("Textarea", "Textarea-1", 1))
    sender = sender_of(platform, forms=forms, template_id="3Tka")
    sender.open_approval(draft, may_exist=False)
    platform.templates.clear()

    for number in range(2):
        with pytest.raises(ProviderRejected):
            sender.open_approval(replace(draft, approval_id=f"apr_{number}"), may_exist=False)

    assert CREATE_TEMPLATE not in platform.paths
    assert len(platform.called(TEMPLATE)) == 3


def test_an_application_made_before_a_template_was_configured_is_still_found(
    platform: FakePlatform, forms: MemoryForms, draft: Draft
) -> None:
    opened = sender_of(platform, forms=forms).open_approval(draft, may_exist=False)
    forms.forget(f"application/{draft.approval_id}")
    platform.add_template("3Tkb", ("Textarea", "Textarea-1", 1))

    found = sender_of(platform, forms=forms, template_id="3Tkb").find_approval(draft)

    assert found == opened
    assert len(platform.called(LIST)) == 2
