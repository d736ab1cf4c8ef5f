"""The waiting executions in Step Functions, and its error codes in our words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from approval_gate.domain.approval import Approval
from approval_gate.errors import StoreError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

__all__ = ["StepFunctions"]

# One fact, three names: AWS says TaskTimedOut or InvalidToken for a spent token, the local engine TaskDoesNotExist.
_TOKEN_GONE = {"TaskTimedOut", "InvalidToken", "TaskDoesNotExist"}
_CAUSE_LENGTH = 32_000


class StepFunctions:
    """The `Workflow` port."""

    def __init__(self, client: SFNClient, state_machine_arn: str = "") -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, approval: Approval) -> None:
        """Start the execution of an approval; already started is success."""
        self._start(approval, approval.id)

    def start_closing(self, approval: Approval) -> None:
        """Start one more, to conclude an approval whose own execution is gone; already started is success."""
        self._start(approval, f"{approval.id}-closing")

    def _start(self, approval: Approval, name: str) -> None:
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=name,
                input=json.dumps({"approval_id": approval.id}),
            )
        except ClientError as err:
            code = err.response["Error"]["Code"]
            # AWS answers 200 for the same name and input while it runs; the local engine says it exists.
            if code != "ExecutionAlreadyExists":
                raise StoreError(f"start execution: {code}") from err
        except BotoCoreError as err:
            raise StoreError(f"start execution: {type(err).__name__}") from err

    def resume(self, task_token: str, output: Mapping[str, object]) -> None:
        """Answer a task token; a token that is gone is success."""
        try:
            # Not escaped: the limit is one of bytes, and Chinese would take twice as many.
            self._client.send_task_success(taskToken=task_token, output=json.dumps(output, ensure_ascii=False))
        except ClientError as err:
            self._raise_unless_gone("resume", err)
        except BotoCoreError as err:
            raise StoreError(f"resume: {type(err).__name__}") from err

    def fail(self, task_token: str, error: str, cause: str) -> None:
        """Answer a caller's task token with an error; a token that is gone is success."""
        try:
            self._client.send_task_failure(taskToken=task_token, error=error, cause=cause[:_CAUSE_LENGTH])
        except ClientError as err:
            self._raise_unless_gone("fail", err)
        except BotoCoreError as err:
            raise StoreError(f"fail: {type(err).__name__}") from err

    @staticmethod
    def _raise_unless_gone(what: str, err: ClientError) -> None:
        code = err.response["Error"]["Code"]
        if code not in _TOKEN_GONE:
            raise StoreError(f"{what}: {code}") from err
