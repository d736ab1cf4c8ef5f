"""
Corrections that let the engine hold functions to their roles as AWS does (`AUTH=true`).

A permission that the template forgets must fail here, not on AWS. Without these two a role could not answer a task
token at all, and limits by partition key would let everything pass. Rules of use: see `corrections`.

4. `states:SendTask...` is authorized on the state machine that the token belongs to; the engine asks for `*`.
   The service authorization reference says `*` too, but AWS accepts the state machine and names it when it refuses.
   Source: learnt by others on AWS (aws-cdk pull request 8486), and SAM's policy template StepFunctionsCallbackPolicy.
5. `dynamodb:LeadingKeys` holds the partition keys of a request; the engine leaves it out, and `ForAllValues` of nothing
   is true. Source: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control",
   read 2026-02-28.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import Any

from ministack.core import iam_actions
from ministack.services import stepfunctions

__all__ = ["authorize_leading_keys", "authorize_task_tokens", "leading_keys"]

_PARTITION_KEY = "PK"
_KEY_CONDITION = re.compile(r"\s*(?P<name>#?\w+)\s*=\s*(?P<value>:\w+)")

type _Json = Mapping[str, Any]


def authorize_task_tokens() -> None:
    """Let the resource of `states:SendTask...` be the state machine that waits."""
    running: ContextVar[str] = ContextVar("running")
    machines: dict[str, str] = {}  # kept when a token is spent: AWS still knows whose it was
    execute = stepfunctions._execute_task  # noqa: SLF001  # the engine's only place where a task begins
    wait = stepfunctions._invoke_with_callback  # noqa: SLF001  # and where it waits
    resource_of: Callable[..., str] = iam_actions.extract_resource_arn

    @wraps(execute)
    def execute_known(state: _Json, raw_input: Any, execution: _Json, context: Any) -> Any:
        running.set(execution["stateMachineArn"])
        return execute(state, raw_input, execution, context)

    @wraps(wait)
    def wait_known(resource: str, task_input: Any, token: str, state: _Json) -> Any:
        machines[token] = running.get()
        return wait(resource, task_input, token, state)

    @wraps(resource_of)
    def resource_of_token(service: str, method: str, path: str, headers: _Json, body: bytes, *more: Any) -> str:
        if service == "states" and ".SendTask" in headers.get("x-amz-target", ""):
            return machines.get(_read(body).get("taskToken", ""), "*")
        return resource_of(service, method, path, headers, body, *more)

    stepfunctions._execute_task = execute_known  # noqa: SLF001  # as above
    stepfunctions._invoke_with_callback = wait_known  # noqa: SLF001  # as above
    iam_actions.extract_resource_arn = resource_of_token


def authorize_leading_keys() -> None:
    """Let conditions on `dynamodb:LeadingKeys` see the keys of a request."""
    context_of: Callable[[bytes], dict[str, Any]] = iam_actions.dynamodb_service_context

    @wraps(context_of)
    def context_with_keys(body: bytes) -> dict[str, Any]:
        keys = sorted(set(leading_keys(_read(body))))
        return {**context_of(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}

    iam_actions.dynamodb_service_context = context_with_keys


def leading_keys(request: _Json) -> Iterator[str]:
    """
    Read the partition keys out of a DynamoDB request on a table whose partition key is `PK`, or on its indexes.

    A transaction or batch gives the keys of all its items. For transactions that is stricter than AWS, where each item
    stands for itself.
    """
    for operation in _operations(request):
        yield from leading_keys(operation)
    for holder in ("Key", "Item"):
        value = request.get(holder, {}).get(_PARTITION_KEY, {}).get("S")
        if value is not None:
            yield value
    condition = _KEY_CONDITION.match(request.get("KeyConditionExpression", ""))
    if condition:
        yield request.get("ExpressionAttributeValues", {}).get(condition["value"], {}).get("S", "")


def _operations(request: _Json) -> Iterator[_Json]:
    """Read the single operations of a transaction, and of a batch that reads keys or puts and deletes items."""
    for item in request.get("TransactItems", ()):
        yield from item.values()
    for several in request.get("RequestItems", {}).values():
        if isinstance(several, dict):
            yield from ({"Key": key} for key in several["Keys"])
        else:
            yield from (operation for write in several for operation in write.values())


def _read(body: bytes) -> _Json:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
