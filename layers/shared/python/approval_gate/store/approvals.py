"""Approvals, their history and their journal in the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from approval_gate.domain.approval import Approval, HistoryEntry, Status
from approval_gate.domain.notification import Notification
from approval_gate.errors import IdempotencyMismatch, StoreError, VersionConflict
from approval_gate.ports import CallbackEvent, Idempotency, Superseding, Wanted
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors, failed_conditions
from approval_gate.store.documents import (
    approval_item,
    history_item,
    notification_item,
    read_approval,
    read_event,
    read_history,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoApprovals"]

IDEMPOTENCY_KEPT_FOR = timedelta(days=7)
_COLLISION_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4)


class DynamoApprovals:
    """The `Approvals` port on DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def create(
        self,
        approval: Approval,
        entry: HistoryEntry,
        idempotency: Idempotency | None,
        superseding: Superseding | None = None,
    ) -> Approval:
        """Store a new approval, or return the one that the same key or id made before; end what it supersedes."""
        writes = [
            self._put(keys.approval(approval.id), approval_item(approval), "attribute_not_exists(PK)"),
            self._put(keys.history(approval.id, entry.seq), history_item(entry), "attribute_not_exists(PK)"),
        ]
        if idempotency is not None:
            writes.append(self._claim_key(approval, idempotency))
        own = len(writes)
        if superseding is not None:
            writes += self._take_over(approval, superseding)
        try:
            self._transact("create approval", writes)
        except VersionConflict as conflict:
            cause: Any = conflict.__cause__
            if not any(failed_conditions(cause)[:own]):
                raise
            return self._created_before(approval, idempotency)
        return approval

    def get(self, approval_id: str) -> Approval | None:
        """Read one approval, consistently."""
        with as_store_errors("read approval"):
            answer = self._client.get_item(TableName=self._table, Key=keys.approval(approval_id), ConsistentRead=True)
        return read_approval(answer["Item"]) if "Item" in answer else None

    def change(
        self,
        before: Approval,
        after: Approval,
        entry: HistoryEntry,
        *,
        wake: bool | None = None,
        notices: Sequence[Notification] = (),
    ) -> Approval:
        """Replace `before` by `after`, with its history entry and notices, if `before` is still what is stored."""
        after = replace(after, version=before.version + 1)
        writes = self._change(before, after, entry, wake=wake, notices=notices)
        if after.provider_ref and not before.provider_ref:
            writes.append(self._put(_ref_key(after), {"approval_id": {"S": after.id}}, "attribute_not_exists(PK)"))
        self._transact("change approval", writes)
        return after

    def _change(
        self,
        before: Approval,
        after: Approval,
        entry: HistoryEntry,
        *,
        wake: bool | None = None,
        notices: Sequence[Notification] = (),
    ) -> list[Any]:
        attributes = approval_item(after)
        sets = ", ".join(f"#{name} = :{name}" for name in attributes)
        names = {f"#{name}": name for name in attributes}
        values = {f":{name}": value for name, value in attributes.items()}
        if wake:
            sets += ", look_now = :look_now"
            values[":look_now"] = {"S": self._clock().isoformat()}
        remove = " REMOVE look_now" if wake is False else ""
        condition = "#version = :before"
        if before.outcome is None:
            # The version says so already; an outcome is worth saying it twice (invariant 1).
            condition += " AND attribute_not_exists(outcome)"
        values[":before"] = {"N": str(before.version)}
        return [
            {
                "Update": {
                    "TableName": self._table,
                    "Key": keys.approval(before.id),
                    "UpdateExpression": f"SET {sets}{remove}",
                    "ConditionExpression": condition,
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": values,
                }
            },
            self._put(
                keys.history(before.id, after.version),
                history_item(replace(entry, seq=after.version)),
                "attribute_not_exists(PK)",
            ),
            *(self._put(keys.notification(notice.id), notification_item(notice)) for notice in notices),
        ]

    def _take_over(self, approval: Approval, superseding: Superseding) -> list[Any]:
        """Move the supersede key to a new approval and end the one that held it."""
        take = self._put(
            keys.supersede(approval.tenant, approval.request.supersede_key),
            {"approval_id": {"S": approval.id}},
            "approval_id = :held_by" if superseding.held_by else "attribute_not_exists(PK)",
        )
        if superseding.held_by:
            take["Put"]["ExpressionAttributeValues"] = {":held_by": {"S": superseding.held_by}}
        before, after, entry = superseding.before, superseding.after, superseding.entry
        if before is None or after is None or entry is None:
            return [take]
        after = replace(after, version=before.version + 1)
        return [take, *self._change(before, after, entry, notices=superseding.notices)]

    def holder_of(self, tenant: str, supersede_key: str) -> str:
        """Return the id of the latest approval with this supersede key."""
        with as_store_errors("find by supersede key"):
            answer = self._client.get_item(
                TableName=self._table, Key=keys.supersede(tenant, supersede_key), ConsistentRead=True
            )
        return answer["Item"]["approval_id"]["S"] if "Item" in answer else ""

    def find_by_ref(self, provider: str, tenant: str, app: str, ref: str) -> str | None:
        """Return the id of the approval that holds this provider ref."""
        with as_store_errors("find by reference"):
            answer = self._client.get_item(
                TableName=self._table, Key=keys.ref(provider, tenant, app, ref), ConsistentRead=True
            )
        return answer["Item"]["approval_id"]["S"] if "Item" in answer else None

    def journal_of(self, approval: Approval) -> tuple[CallbackEvent, ...]:
        """Return every journaled callback about this approval, oldest first."""
        partition = keys.ref_partition(approval.provider, approval.tenant, approval.request.app, approval.provider_ref)
        events = [read_event(item["event"]["S"]) for item in self._query(partition, "EVENT#")]
        return tuple(sorted(events, key=lambda event: event.occurred_at))

    def history(self, approval_id: str) -> tuple[HistoryEntry, ...]:
        """Return every recorded fact in order."""
        partition = keys.approval(approval_id)["PK"]["S"]
        return tuple(read_history(item) for item in self._query(partition, "HISTORY#"))

    def find(self, tenant: str, wanted: Wanted, limit: int) -> tuple[Approval, ...]:
        """
        Return up to `limit` approvals of a tenant, newest first, from the index.

        The index has a partition per status; each is read newest first as far as needed, and the results are merged.
        """
        statuses = [wanted.status] if wanted.status else list(Status)
        found: list[Approval] = []
        for status in statuses:
            found += islice(self._indexed(tenant, status, wanted), limit)
        return tuple(sorted(found, key=_place, reverse=True)[:limit])

    def _indexed(self, tenant: str, status: Status, wanted: Wanted) -> Iterator[Approval]:
        values: dict[str, Any] = {":partition": {"S": f"{tenant}#{status.value}"}}
        condition = "tenant_status = :partition"
        after, before = wanted.created_after, wanted.before
        if before is not None:
            values |= {":from": {"S": after.isoformat() if after else "0"}, ":to": {"S": before[0].isoformat()}}
            condition += " AND created_at BETWEEN :from AND :to"
        elif after is not None:
            values[":from"] = {"S": after.isoformat()}
            condition += " AND created_at > :from"
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "by_tenant_status",
            "ScanIndexForward": False,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        if wanted.app is not None:
            query |= {"FilterExpression": "app = :app"}
            values[":app"] = {"S": wanted.app}
        with as_store_errors("list approvals"):
            for page in self._client.get_paginator("query").paginate(**query):
                for approval in map(read_approval, page["Items"]):
                    # The range includes its ends; two approvals may be of the same moment.
                    if (before is None or _place(approval) < before) and (after is None or approval.created_at > after):
                        yield approval

    def has_pending(self, tenant: str, app: str) -> bool:
        """Tell whether an app has approvals that wait; a moment behind the truth (an index)."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by_tenant_status",
            KeyConditionExpression="tenant_status = :pending",
            FilterExpression="app = :app",
            ExpressionAttributeValues={
                ":pending": {"S": f"{tenant}#{Status.PENDING.value}"},
                ":app": {"S": app},
            },
        )
        with as_store_errors("find pending approvals"):
            return any(page["Items"] for page in pages)

    def _transact(self, what: str, writes: list[Any]) -> None:
        """
        Write all or nothing.

        Two writers of one item meet here: DynamoDB cancels one as a conflict before the other has won or lost. That one
        tries again, and then finds out.
        """
        for pause_s in (*_COLLISION_PAUSES_S, None):
            try:
                with as_store_errors(what):
                    self._client.transact_write_items(TransactItems=writes)
            except VersionConflict:
                raise
            except StoreError as err:
                if pause_s is None or not _is_collision(err):
                    raise
                time.sleep(pause_s)
            else:
                return

    def _created_before(self, approval: Approval, idempotency: Idempotency | None) -> Approval:
        approval_id = approval.id
        if idempotency is not None:
            with as_store_errors("read idempotency key"):
                answer = self._client.get_item(
                    TableName=self._table,
                    Key=keys.idempotency(approval.tenant, idempotency.key),
                    ConsistentRead=True,
                )
            stored = answer.get("Item")
            if stored is not None:
                if stored["digest"]["S"] != idempotency.digest:
                    raise IdempotencyMismatch(
                        "This Idempotency-Key came before with another body. "
                        "Send the first body again, or use a new key for a new approval."
                    )
                approval_id = stored["approval_id"]["S"]
        before = self.get(approval_id)
        if before is None or before.tenant != approval.tenant:
            raise StoreError("create approval: lost a race and found no winner; try again")
        return before

    def _claim_key(self, approval: Approval, idempotency: Idempotency) -> Any:
        now = self._clock()
        put = self._put(
            keys.idempotency(approval.tenant, idempotency.key),
            {
                "approval_id": {"S": approval.id},
                "digest": {"S": idempotency.digest},
                "expires_at_epoch_s": {"N": str(int((now + IDEMPOTENCY_KEPT_FOR).timestamp()))},
            },
            # DynamoDB may remove an expired item hours late.
            "attribute_not_exists(PK) OR expires_at_epoch_s < :now",
        )
        put["Put"]["ExpressionAttributeValues"] = {":now": {"N": str(int(now.timestamp()))}}
        return put

    def _put(self, key: keys.Key, attributes: dict[str, Any], condition: str = "") -> Any:
        conditions = {"ConditionExpression": condition} if condition else {}
        return {"Put": {"TableName": self._table, "Item": {**key, **attributes}, **conditions}}

    def _query(self, partition: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix}},
        )
        with as_store_errors("query"):
            for page in pages:
                yield from page["Items"]


def _place(approval: Approval) -> tuple[datetime, str]:
    """Return what orders a list: the moment of creation, then the id."""
    return approval.created_at, approval.id


def _ref_key(approval: Approval) -> keys.Key:
    return keys.ref(approval.provider, approval.tenant, approval.request.app, approval.provider_ref)


def _is_collision(err: StoreError) -> bool:
    cause = err.__cause__
    return isinstance(cause, ClientError) and (
        cause.response["Error"]["Code"] in {"TransactionCanceledException", "TransactionInProgressException"}
        and not any(failed_conditions(cause))
    )
