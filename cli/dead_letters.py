"""
Dead letters of the table's stream and of the event bus: show them, and replay them once their cause is mended.

    python -m cli.dead_letters list   --stack approval-gate
    python -m cli.dead_letters replay --stack approval-gate
    python -m cli.dead_letters list   --local .local            (a local stack that is up)

A replay reads the records that a letter names (`stream_records`) and gives each, alone, to the very function that
failed. The letter is deleted when the function has taken all of them; until then it stays. An event of the bus stands
in its letter and is given to its function as it was. Running it twice, or twice at once, changes nothing more: the
functions find their work done.

Why invoke, rather than touch the item so that the stream brings it again? The filters take new items only, and this has
its answer at once: a record that still fails keeps its letter and fails the command.

Runs with the operator's own credentials, which need `cloudformation:DescribeStacks`, `sqs:ReceiveMessage`,
`sqs:ChangeMessageVisibility`, `sqs:DeleteMessage`, `lambda:ListEventSourceMappings`, `lambda:InvokeFunction`,
`dynamodb:GetShardIterator`, `dynamodb:GetRecords`, `dynamodb:GetItem`; for letters older than a day also
`dynamodb:Scan` and `states:ListExecutions`.

Exit codes: 0 done, 1 AWS refused, 3 some letters could not be replayed, 64 usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli.stream_records import Batch, Record, read_batch, records_of_stream, records_of_table

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["DeadLetters", "Letter", "main"]

_HELD_S = 600
"""How long a letter is hidden from others while this command works at it; longer than any of the functions may run."""
_FUNCTION_S = 200

_WHAT_TO_DO = (
    """What to do: look for {word!r} in the log of {function} since {since}, mend the cause, then `make replay`."""
)
_LOGGED = {"apply_callback": "event_not_applied", "drive_workflow": "not_driven"}
_OTHERS = {"Outbox"}
"""Dead letters of these have a command of their own."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """
    What the letter of a function says that nobody waits for.

    Args:
        function: its ARN.
        condition: why the event was given up, in Lambda's words (`RetriesExhausted`, ...).
        payload: the event.
        since: when it was given up.
    """

    function: str
    condition: str
    payload: Mapping[str, Any]
    since: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """
    One dead letter.

    Args:
        about: what it says; None when it is no dead letter of ours.
        problem: why this command cannot replay it; empty when it can.
        from_stream: its records were still in the stream; otherwise they are rebuilt from the table.
        approvals: the approvals they are about, as far as known.
    """

    queue: str
    receipt: str
    about: Batch | Invocation | None
    problem: str = ""
    records: tuple[Record, ...] = ()
    from_stream: bool = True
    approvals: tuple[str, ...] = ()

    @property
    def function(self) -> str:
        """Return the name of the function that failed."""
        return self.about.function.rpartition(":function:")[2] if self.about else ""


class DeadLetters:
    """
    The dead letters of one deployed stack.

    Args:
        client: makes a client of an AWS service, by its name.
        outputs: the stack's; every queue of dead letters is named by one that ends with `DeadLettersUrl`.
    """

    def __init__(self, client: Callable[[str], Any], outputs: Mapping[str, str]) -> None:
        self._sqs, self._lambda, self._client = client("sqs"), client("lambda"), client
        self._dynamodb, self._streams = client("dynamodb"), client("dynamodbstreams")
        self._machine = outputs["StateMachineArn"]
        self._queues = {
            queue: url
            for name, url in sorted(outputs.items())
            if name.endswith("DeadLettersUrl") and (queue := name.removesuffix("DeadLettersUrl")) not in _OTHERS
        }

    def letters(self) -> list[Letter]:
        """Return all letters, and leave them where they are."""
        found = list(self._take())
        self._give_back(found)
        return found

    def replay(self) -> tuple[list[Letter], list[Letter]]:
        """Replay all letters. Returns those that are done with, and those that stay."""
        done: list[Letter] = []
        kept: list[Letter] = []
        for letter in self._take():
            if self._is_replayed(letter):
                self._sqs.delete_message(QueueUrl=self._queues[letter.queue], ReceiptHandle=letter.receipt)
                done.append(letter)
            else:
                kept.append(letter)
        self._give_back(kept)
        return done, kept

    def _is_replayed(self, letter: Letter) -> bool:
        if letter.about is None or letter.problem:
            return False
        if isinstance(letter.about, Invocation):
            return self._took(letter.about.function, letter.about.payload)
        # Each record is tried, whatever became of those before it: they are about different approvals.
        taken = [self._took(letter.about.function, {"Records": [record]}) for record in letter.records]
        return all(taken)

    def _take(self) -> Iterator[Letter]:
        """Take one letter after another; each is hidden from the next look, so that there is an end."""
        for queue, url in self._queues.items():
            while messages := self._sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=_HELD_S, WaitTimeSeconds=1
            ).get("Messages", []):
                for message in messages:
                    yield self._read(queue, message)

    def _give_back(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            self._sqs.change_message_visibility(
                QueueUrl=self._queues[letter.queue], ReceiptHandle=letter.receipt, VisibilityTimeout=0
            )

    def _read(self, queue: str, message: MessageTypeDef) -> Letter:
        receipt = message.get("ReceiptHandle", "")
        body = message.get("Body", "")
        if (invocation := read_invocation(body)) is not None:
            return Letter(queue, receipt, invocation)
        try:
            batch = read_batch(body)
        except ValueError as err:
            return Letter(queue, receipt, None, problem=f"{err}: this command leaves it alone.")
        patterns = self._patterns(batch)
        if not patterns:
            return Letter(queue, receipt, batch, problem="Its function does not read the stream any more.")
        records = records_of_stream(self._streams, batch, patterns)
        from_stream = records is not None
        if records is None:
            records = list(records_of_table(self._dynamodb, batch, patterns, self._running()))
        approvals = dict.fromkeys(self._approval_of(batch.table, record) for record in records)
        return Letter(queue, receipt, batch, "", tuple(records), from_stream, tuple(approvals))

    def _patterns(self, batch: Batch) -> list[Mapping[str, Any]]:
        mappings = self._lambda.list_event_source_mappings(
            FunctionName=batch.function.rpartition(":function:")[2], EventSourceArn=batch.stream
        )["EventSourceMappings"]
        return [
            json.loads(one["Pattern"])
            for mapping in mappings
            for one in mapping.get("FilterCriteria", {}).get("Filters", [])
        ]

    def _running(self) -> set[str]:
        pages = self._client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self._machine, statusFilter="RUNNING")
        return {execution["name"] for page in found for execution in page["executions"]}

    def _approval_of(self, table: str, record: Record) -> str:
        """Return the id of the approval that a record is about, or the record's own key when none is known (yet)."""
        key = str(record["dynamodb"]["Keys"]["PK"]["S"])
        if key.startswith("REF#"):
            item = self._dynamodb.get_item(TableName=table, Key={"PK": {"S": key}, "SK": {"S": "APPROVAL"}}).get("Item")
            return str(item["approval_id"]["S"]) if item else key
        return key.removeprefix("APPROVAL#")

    def _took(self, function: str, event: Mapping[str, Any]) -> bool:
        """Give an event to a function, and tell whether it took it: consumers of the stream answer what not."""
        answer = self._lambda.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        told = json.loads(answer["Payload"].read() or b"null")
        return not answer.get("FunctionError") and not (isinstance(told, dict) and told.get("batchItemFailures"))


def read_invocation(body: str) -> Invocation | None:
    """
    Read the body of a letter about an event that a function did not take; None when it is no such letter.

    Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", read 2026-11-29.
    """
    try:
        letter = json.loads(body)
        context, payload = letter["requestContext"], letter["requestPayload"]
        given_up_at = datetime.fromisoformat(letter["timestamp"])
        return Invocation(str(context["functionArn"]), str(context["condition"]), payload, given_up_at)
    except (KeyError, TypeError, ValueError):
        return None


def shown(letter: Letter) -> dict[str, Any]:
    """Return a letter as JSON-ready values: what failed, why, about which approvals, since when, what to do."""
    about = letter.about
    if about is None:
        return {"queue": letter.queue, "what_to_do": letter.problem}
    since = about.since.isoformat()
    word = next((word for name, word in _LOGGED.items() if name.replace("_", "") in letter.function.lower()), "ERROR")
    what_to_do = letter.problem or _WHAT_TO_DO.format(word=word, function=letter.function, since=since)
    if isinstance(about, Invocation):
        return {
            "queue": letter.queue,
            "function": letter.function,
            "why": about.condition,
            "since": since,
            "event": json.dumps(about.payload),
            "what_to_do": what_to_do,
        }
    return {
        "queue": letter.queue,
        "function": letter.function,
        "why": about.condition,
        "since": since,
        "records": [
            f"{one['eventName']} {one['dynamodb']['Keys']['PK']['S']} {one['dynamodb']['Keys']['SK']['S']}"
            for one in letter.records
        ],
        "records_from": "stream" if letter.from_stream else "table",
        "approvals": list(letter.approvals),
        "what_to_do": what_to_do,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    given = _parser().parse_args(arguments)
    try:
        letters = DeadLetters(*_reach(given))
        return _replay(letters, given) if given.command == "replay" else _list(letters, given)
    except ValueError as err:
        print(err, file=sys.stderr)
        return 64
    except (BotoCoreError, ClientError) as err:
        print(f"AWS refused: {err}", file=sys.stderr)
        print("Check the credentials, their permissions, the region and the name of the stack.", file=sys.stderr)
        return 1


def _list(letters: DeadLetters, given: argparse.Namespace) -> int:
    found = letters.letters()
    _show(found, given)
    print(f"{len(found)} dead letters", file=sys.stderr)
    return 0


def _replay(letters: DeadLetters, given: argparse.Namespace) -> int:
    done, kept = letters.replay()
    _show(kept, given)
    print(f"{len(done)} dead letters replayed, {len(kept)} kept", file=sys.stderr)
    return 3 if kept else 0


def _show(letters: Sequence[Letter], given: argparse.Namespace) -> None:
    if given.json:
        print(json.dumps([shown(letter) for letter in letters], indent=2))
        return
    for letter in letters:
        for name, value in shown(letter).items():
            print(f"{name.replace('_', ' '):<13} {', '.join(value) if isinstance(value, list) else value}")
        print()


def _reach(given: argparse.Namespace) -> tuple[Callable[[str], Any], dict[str, str]]:
    """Return what makes clients, and the stack's outputs."""
    session, endpoint, stack = boto3.Session(), None, given.stack
    if given.local:
        file = Path(given.local) / "stack.json"
        if not file.exists():
            raise ValueError(f"there is no {file}: is the local stack up? `make up` starts it")
        endpoint = json.loads(file.read_text(encoding="utf-8"))["aws_endpoint"]
        session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")  # noqa: S106  # the engine believes everyone
    config = Config(read_timeout=_FUNCTION_S, retries={"max_attempts": 2, "mode": "standard"})

    def client(service: str) -> Any:
        made: Any = session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]  # by name
        return made

    described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
    if "StateMachineArn" not in outputs:
        raise ValueError(f"stack {stack} has no output StateMachineArn: is it an approval gate?")
    return client, outputs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cli.dead_letters", description="Dead letters of the table's stream."
    )
    parser.add_argument("command", choices=["list", "replay"])
    parser.add_argument("--stack", default="approval-gate", help="name of the deployed stack (default: approval-gate)")
    parser.add_argument("--local", metavar="FOLDER", help="a local stack that is up, by its folder (.local)")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser


if __name__ == "__main__":
    sys.exit(main())
