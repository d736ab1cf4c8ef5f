"""
Deliveries that failed: show them, and send them again once their cause is mended.

    python -m cli.outbox list    --stack approval-gate --tenant acme
    python -m cli.outbox redrive --stack approval-gate                       (everything in the dead-letter queue)
    python -m cli.outbox redrive --stack approval-gate --tenant acme         (every failed delivery of a tenant)
    python -m cli.outbox redrive --stack approval-gate --notification ntf_…  (of one notification)
    python -m cli.outbox list    --local .local --tenant local               (a local stack that is up)

A delivery that fails is marked in the table, from which it can be sent again for a year, and put into the dead-letter
queue, which wakes the operator and forgets after 14 days. `list` reads the table; `redrive` empties the queue, or goes
by the table.
Running it twice, or twice at once, sends nothing twice.

Runs with the operator's own credentials, which need `cloudformation:DescribeStacks`, `dynamodb:Query` on table and
index, `dynamodb:GetItem` and `dynamodb:PutItem` on the table, `sqs:ReceiveMessage` and `sqs:DeleteMessage` on the
dead-letter queue and `sqs:SendMessage` on the outbox.

Exit codes: 0 done, 1 AWS refused, 64 usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from approval_gate.domain.delivery import Delivery, DeliveryStatus
from approval_gate.errors import StoreError
from approval_gate.outbox_queue import SqsQueue, errand_of
from approval_gate.ports.outbox import Errand
from approval_gate.services.redrive import Redriven, Redriver
from approval_gate.store.delivery_items import failed_partition, read_delivery
from approval_gate.store.outbox import DynamoOutbox

__all__ = ["Operator", "main"]

_HELD_S = 60
_BATCH = 10


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator does with failed deliveries, over the stack's own table and queues."""

    dynamodb: Any
    sqs: Any
    table: str
    outbox_url: str
    dead_letters_url: str

    def failed(self, tenant: str) -> Iterator[Delivery]:
        """Return a tenant's failed deliveries, oldest first; a moment behind the truth."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            IndexName="by_tenant_status",
            KeyConditionExpression="tenant_status = :failed",
            ExpressionAttributeValues={":failed": {"S": failed_partition(tenant)}},
        )
        for page in pages:
            yield from map(read_delivery, page["Items"])

    def redrive_tenant(self, tenant: str) -> Counter[Redriven]:
        """Send every failed delivery of a tenant again."""
        return Counter(self._redriver.redrive_all(self.failed(tenant)).values())

    def redrive_notification(self, notification_id: str) -> Counter[Redriven]:
        """Send what failed of one notification again, and look at what is queued: its errand may have been lost."""
        stored = self._outbox.deliveries(notification_id)
        if not stored and self._outbox.notification(notification_id) is not None:
            return Counter([self._redriver.redrive(Errand(notification_id))])
        undone = [each for each in stored if each.status in {DeliveryStatus.FAILED, DeliveryStatus.QUEUED}]
        return Counter(self._redriver.redrive_all(undone).values())

    def redrive_dead_letters(self) -> Counter[Redriven]:
        """Empty the dead-letter queue. A letter is deleted when what it asks for is in the outbox again."""
        done: Counter[Redriven] = Counter()
        while letters := self._letters():
            for letter in letters:
                try:
                    done[self._redriver.redrive(errand_of(letter["Body"]))] += 1
                except ValueError:
                    done[Redriven.UNKNOWN] += 1  # none of ours: no later version will know it either
                self.sqs.delete_message(QueueUrl=self.dead_letters_url, ReceiptHandle=letter["ReceiptHandle"])
        return done

    @property
    def _outbox(self) -> DynamoOutbox:
        return DynamoOutbox(self.dynamodb, self.table, _now)

    @property
    def _redriver(self) -> Redriver:
        queue = SqsQueue(self.sqs, self.outbox_url, self.dead_letters_url, _now)
        return Redriver(self._outbox, queue, _now)

    def _letters(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.dead_letters_url, MaxNumberOfMessages=_BATCH, VisibilityTimeout=_HELD_S
        )
        letters: list[dict[str, Any]] = answer.get("Messages", [])
        return letters


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    given = _parser().parse_args(arguments)
    if given.command == "list" and not given.tenant:
        print("whose deliveries? name a tenant: --tenant acme", file=sys.stderr)
        return 64
    try:
        operator = _operator(given)
        return _list(operator, given) if given.command == "list" else _redrive(operator, given)
    except ValueError as err:
        print(err, file=sys.stderr)
        return 64
    except (BotoCoreError, ClientError, StoreError) as err:
        print(f"AWS refused: {err}", file=sys.stderr)
        print("Check the credentials, their permissions, the region and the name of the stack.", file=sys.stderr)
        return 1


def _list(operator: Operator, given: argparse.Namespace) -> int:
    found = [_shown(each) for each in operator.failed(given.tenant)]
    if given.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for each in found:
            print("\n".join(f"{name.replace('_', ' '):<13} {value}" for name, value in each.items()) + "\n")
    print(f"{len(found)} failed deliveries", file=sys.stderr)
    return 0


def _redrive(operator: Operator, given: argparse.Namespace) -> int:
    if given.notification:
        done = operator.redrive_notification(given.notification)
    elif given.tenant:
        done = operator.redrive_tenant(given.tenant)
    else:
        done = operator.redrive_dead_letters()
    if given.json:
        print(json.dumps({each.value: count for each, count in done.items()}))
    print(", ".join(f"{count} {each.value}" for each, count in done.items()) or "nothing to redrive", file=sys.stderr)
    return 0


def _shown(delivery: Delivery) -> dict[str, str]:
    return {
        "notification": f"{delivery.key.notification_id} #{delivery.key.number}",
        "app": delivery.app or "-",
        "to": delivery.destination.kind.value,
        "since": delivery.created_at.isoformat(timespec="seconds"),
        "attempts": str(delivery.attempts),
        "error_code": delivery.error_code,
        "problem": delivery.problem,
    }


def _operator(given: argparse.Namespace) -> Operator:
    session, endpoint = boto3.Session(), None
    if given.local:
        file = Path(given.local) / "stack.json"
        if not file.exists():
            raise ValueError(f"there is no {file}: is the local stack up? `make up` starts it")
        endpoint = json.loads(file.read_text(encoding="utf-8"))["aws_endpoint"]
        session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")  # noqa: S106 - the engine believes everyone
    stacks = session.client("cloudformation", endpoint_url=endpoint).describe_stacks(StackName=given.stack)["Stacks"]
    outputs = {one.get("OutputKey", ""): one.get("OutputValue", "") for one in stacks[0].get("Outputs", [])}
    missing = {"TableName", "OutboxUrl", "OutboxDeadLettersUrl"} - outputs.keys()
    if missing:
        raise ValueError(f"stack {given.stack} has no output {', '.join(sorted(missing))}: deploy this version first")
    return Operator(
        session.client("dynamodb", endpoint_url=endpoint),
        session.client("sqs", endpoint_url=endpoint),
        outputs["TableName"],
        outputs["OutboxUrl"],
        outputs["OutboxDeadLettersUrl"],
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cli.outbox", description="Deliveries that failed.")
    parser.add_argument("command", choices=["list", "redrive"])
    parser.add_argument("--stack", default="approval-gate", help="name of the deployed stack (default: approval-gate)")
    parser.add_argument("--local", metavar="FOLDER", help="a local stack that is up, by its folder (.local)")
    parser.add_argument("--tenant", help="whose deliveries")
    parser.add_argument("--notification", help="redrive what failed of this one")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser


if __name__ == "__main__":
    sys.exit(main())
