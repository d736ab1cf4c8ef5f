"""
What the vendor's own Python SDK makes of what we send and receive.

It is slow to import and is used nowhere else. Where it is known to differ, the vectors' `about` says so.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import Draft
from approval_gate.providers.feishu.cards import definition_body, instance_body
from approval_gate.providers.feishu.truth import truth_of
from tests.kits.feishu import FeishuKit
from tests.providers.feishu.test_callbacks import receiver_for, request_of

with warnings.catch_warnings():
    # Its vendored websocket and protobuf modules use deprecated calls while they are imported.
    warnings.simplefilter("ignore")
    import lark_oapi as lark
    from lark_oapi.api.approval.v4 import model
    from lark_oapi.core.model import RawRequest
    from lark_oapi.core.utils.decryptor import AESCipher

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "feishu-lark.json").read_text(encoding="utf-8"))
# The SDK has no handler for these and answers 500, or raises on missing headers; both are ours to do better.
SDK_DIFFERS = {"unknown_event_type_v2", "approval_definition_updated_v4", "card_action_trigger_token_only"}


def plain(value: Any) -> Any:
    """Return what the SDK would send: its models as JSON without empty fields."""
    return json.loads(lark.JSON.marshal(value))


def known_fields(value: Any, as_sent: Any) -> None:
    """Assert that the SDK's model kept every field that we send, at every depth, with its value."""
    if isinstance(as_sent, dict):
        for name, ours in as_sent.items():
            assert name in value, f"the SDK knows no field {name}"
            known_fields(value[name], ours)
    elif isinstance(as_sent, list):
        assert len(value) == len(as_sent)
        for theirs, ours in zip(value, as_sent, strict=True):
            known_fields(theirs, ours)
    else:
        assert value == as_sent


def test_a_definition_loads_into_the_sdks_model(draft: Draft) -> None:
    body = json.loads(json.dumps(definition_body(draft.stages, "zh-CN")))

    known_fields(plain(model.ApprovalCreate(body)), body)


def test_an_instance_loads_into_the_sdks_model(draft: Draft) -> None:
    body = json.loads(json.dumps(instance_body(draft, "CODE", "zh-CN")))

    known_fields(plain(model.InstanceCreate(body)), body)


@pytest.mark.parametrize(
    ("model_name", "body"),
    [
        ("InstanceCancel", {"approval_code": "A", "instance_code": "I", "user_id": "ou_1"}),
        ("InstanceCc", {"approval_code": "A", "instance_code": "I", "user_id": "ou_1", "cc_user_ids": ["ou_2"]}),
    ],
)
def test_smaller_bodies_load_into_the_sdks_models(model_name: str, body: dict[str, Any]) -> None:
    known_fields(plain(getattr(model, model_name)(body)), body)


def test_a_field_the_sdk_does_not_know_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="knows no field"):
        known_fields(plain(model.InstanceCancel({"approval_code": "A", "instance": "I"})), {"instance": "I"})


@pytest.mark.parametrize("vector", VECTORS["instance_responses"], ids=lambda vector: vector["name"])
def test_an_instance_read_by_the_sdk_says_the_same(vector: dict[str, Any]) -> None:
    data = vector["response"]["data"]
    theirs = model.GetInstanceResponseBody(data)

    ours = truth_of(data["instance_code"], data)

    assert [(task.id, task.person.user_id if task.person else "") for task in ours.tasks] == [
        (task.id, task.open_id) for task in theirs.task_list
    ]
    assert ours.vendor_status == theirs.status


def test_our_sealing_opens_with_the_sdks_decryptor(kit: FeishuKit) -> None:
    request = kit.approve("REF")

    opened = AESCipher(kit.credentials["encrypt_key"]).decrypt_str(json.loads(request.body)["encrypt"])

    assert json.loads(opened)["event"]["instance_code"] == "REF"


@pytest.mark.parametrize(
    "case",
    [case for case in VECTORS["cases"] if case["kind"] == "event" and case["name"] not in SDK_DIFFERS],
    ids=lambda case: case["name"],
)
def test_the_sdk_accepts_and_reads_the_same_events(case: dict[str, Any]) -> None:
    seen: list[dict[str, Any]] = []
    key = "" if case.get("profile") == "token_only" else VECTORS["config"]["encrypt_key"]
    builder = lark.EventDispatcherHandler.builder(key, VECTORS["config"]["verification_token"])
    for event_type in ("approval_instance", "approval_task", "approval_cc"):
        builder.register_p1_customized_event(event_type, lambda event: seen.append(event.event))
    request = RawRequest()
    request.uri, request.headers, request.body = "/", dict(case["headers"]), case["raw_body"].encode()

    status = 500
    try:
        status = builder.build().do(request).status_code
    except TypeError:
        assert case["name"] == "neg_missing_signature_headers"
    try:
        ours = receiver_for(case).open(request_of(case))
    except CallbackRejected:
        assert status != 200
        return

    assert status == 200
    (theirs,) = seen
    assert ours.vendor_type == theirs["type"]
    for event in ours.events:
        assert (event.provider_ref, event.vendor_status) == (theirs["instance_code"], theirs["status"])
        if event.task:
            assert event.task.id == theirs["task_id"]
