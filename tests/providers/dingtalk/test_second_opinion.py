"""
What the vendor's own Python SDK makes of what we send and receive.

Its models are generated from the API's description: a field that a model does not keep is one we invented.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from approval_gate.ports import Draft
from approval_gate.providers.dingtalk.cards import form_body, instance_body
from approval_gate.providers.dingtalk.sender import Sender
from approval_gate.providers.dingtalk.wire import Instance, OperationRecord, Task
from tests.providers.dingtalk.fake_platform import INSTANCES, LIST, TERMINATE, TOKEN, Clock, FakePlatform, sender_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("Tea.model", reason="the vendor's SDK is not installed")
    oauth2 = pytest.importorskip("alibabacloud_dingtalk.oauth2_1_0.models")
    workflow = pytest.importorskip("alibabacloud_dingtalk.workflow_1_0.models")


def differences(sent: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Yield every field that we send and the SDK's model does not keep with its value."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            if not isinstance(kept, dict) or name not in kept:
                yield f"{path}.{name} is unknown"
            else:
                yield from differences(value, kept[name], f"{path}.{name}")
    elif isinstance(sent, list):
        for number, value in enumerate(sent):
            yield from differences(value, kept[number], f"{path}[{number}]")
    elif sent != kept:
        yield f"{path} is {kept!r}"


def unknown_fields(model: type[Any], body: Any) -> list[str]:
    plain = json.loads(json.dumps(body))
    loaded = model().from_map(plain)
    loaded.validate()
    return list(differences(plain, loaded.to_map()))


def test_the_form_loads(draft: Draft) -> None:
    assert unknown_fields(workflow.FormCreateRequest, form_body()) == []


def test_an_instance_loads(draft: Draft) -> None:
    assert unknown_fields(workflow.StartProcessInstanceRequest, instance_body(draft, "PROC-1")) == []


def test_every_call_loads(sender: Sender, platform: FakePlatform, draft: Draft, clock: Clock) -> None:
    platform.lose_answer(INSTANCES, httpx.ReadTimeout("x"))
    with pytest.raises(Exception, match="in time"):
        sender.open_approval(draft, may_exist=False)
    ref = sender_of(platform).open_approval(draft, may_exist=True).ref
    clock.advance(90)
    sender.withdraw(sender.read_truth(ref), "over")

    (query,) = platform.called(LIST)
    (terminated,) = platform.called(TERMINATE)
    assert unknown_fields(workflow.ListProcessInstanceIdsRequest, query.body) == []
    assert unknown_fields(workflow.TerminateProcessInstanceRequest, terminated.body) == []
    assert unknown_fields(oauth2.GetAccessTokenRequest, platform.called(TOKEN)[0].body) == []


@pytest.mark.parametrize(
    ("shape", "model"),
    [
        (Instance, "GetProcessInstanceResponseBodyResult"),
        (Task, "GetProcessInstanceResponseBodyResultTasks"),
        (OperationRecord, "GetProcessInstanceResponseBodyResultOperationRecords"),
    ],
    ids=["instance", "task", "record"],
)
def test_what_we_read_is_what_the_sdk_reads(shape: Any, model: str) -> None:
    as_lists = {"operationRecords", "tasks", "formComponentValues"}
    body = {name: [] if name in as_lists else "x" for name in shape.__annotations__}

    assert unknown_fields(getattr(workflow, model), body) == []
