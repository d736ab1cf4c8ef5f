"""Registered apps: the item of each, and the claim on its vendor identity."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from approval_gate.domain.schedule import BUDGET_PERIOD
from approval_gate.errors import AppExists, AppNotFound, Conflict, IdentityInUse, StoreError, VersionConflict
from approval_gate.ports import App
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors, failed_conditions, is_contended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoApps"]

_TRIES = 4
_FREE = "(attribute_not_exists(claimed_until_epoch_ms) OR claimed_until_epoch_ms < :now)"
_USED = "looks_used_until_epoch_ms"
_RELEASE = "REMOVE claimed_by, claimed_until_epoch_ms"


@cache
def _adapter() -> TypeAdapter[App]:
    return TypeAdapter(App)


class DynamoApps:
    """The `Apps` port on DynamoDB, and what registration needs."""

    CALLBACK_SEEN_RESOLUTION = timedelta(minutes=1)
    CLAIM_LIFE = timedelta(seconds=30)
    """Longer than the function runs that holds the claim, so that nobody writes after it has lapsed."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def get(self, tenant: str, app_id: str) -> App | None:
        """Read one app of a tenant."""
        with as_store_errors("read app"):
            answer = self._client.get_item(TableName=self._table, Key=keys.app(tenant, app_id), ConsistentRead=True)
        return self._read(answer["Item"]) if "Item" in answer else None

    def list(self, tenant: str) -> tuple[App, ...]:
        """Return all apps of a tenant by id."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":pk": {"S": keys.tenant_partition(tenant)}, ":prefix": {"S": "APP#"}},
        )
        with as_store_errors("list apps"):
            return tuple(self._read(item) for page in pages for item in page["Items"])

    def claim(self, app: App, by: str = "") -> None:
        """
        Take an app's id and its vendor identity, in one step.

        A creation of the same app that never became ready is resumed, once its claim has lapsed.

        Args:
            by: who keeps the right to change it until `change` or `end_change`; empty for nobody.

        Raises:
            AppExists: the tenant has an app of that id.
            IdentityInUse: the vendor identity is registered anywhere.
            Conflict: the same is being registered at this moment.
        """
        owner = f"{app.tenant}#{app.id}"
        put_app: dict[str, Any] = {
            "TableName": self._table,
            "Item": {**keys.app(app.tenant, app.id), **self._attributes(app), **(self._held(by) if by else {})},
            "ConditionExpression": (
                "attribute_not_exists(PK) OR (#state = :creating AND vendor_identity = :identity AND " + _FREE + ")"
            ),
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":creating": {"S": "creating"},
                ":identity": {"S": app.vendor_identity},
                ":now": self._epoch_ms(),
            },
        }
        put_identity: dict[str, Any] = {
            "TableName": self._table,
            "Item": {**keys.identity(app.provider, app.vendor_identity), "owner": {"S": owner}},
            "ConditionExpression": "attribute_not_exists(PK) OR #owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": {"S": owner}},
        }
        try:
            self._transact("register app", [{"Put": put_app}, {"Put": put_identity}])
        except VersionConflict as conflict:
            cause: Any = conflict.__cause__
            taken_id, _ = failed_conditions(cause)
            if taken_id:
                raise self._taken(app) from conflict
            raise IdentityInUse(
                f"The {app.provider} identity {app.vendor_identity!r} is registered already, here or in another "
                "tenant. One identity belongs to one app: use that app, or delete it first."
            ) from conflict

    def begin_change(self, tenant: str, app_id: str, by: str) -> App:
        """
        Take the right to change an app, and read it.

        Raises:
            AppNotFound: not in this tenant.
            Conflict: somebody else has the right.
        """
        try:
            with as_store_errors("change app"):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=keys.app(tenant, app_id),
                    UpdateExpression="SET claimed_by = :by, claimed_until_epoch_ms = :until",
                    ConditionExpression="attribute_exists(PK) AND " + _FREE,
                    ExpressionAttributeValues={
                        ":by": self._held(by)["claimed_by"],
                        ":until": self._held(by)["claimed_until_epoch_ms"],
                        ":now": self._epoch_ms(),
                    },
                    ReturnValues="ALL_NEW",
                )
        except VersionConflict as conflict:
            if self.get(tenant, app_id) is None:
                raise AppNotFound(f"There is no app {app_id!r}. GET /v1/apps lists your apps.") from conflict
            raise _busy(app_id) from conflict
        return self._read(answer["Attributes"])

    def change(self, app: App, by: str) -> None:
        """
        Replace what is stored about a claimed app, its id and vendor identity excepted, and give the claim back.

        Raises:
            VersionConflict: the claim has lapsed and somebody else has taken the app.
        """
        with as_store_errors("change app"):
            self._client.update_item(
                TableName=self._table,
                Key=keys.app(app.tenant, app.id),
                UpdateExpression="SET document = :document, #state = :state " + _RELEASE,
                ConditionExpression="claimed_by = :by AND vendor_identity = :identity",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":document": self._attributes(app)["document"],
                    ":state": {"S": app.state},
                    ":by": {"S": by},
                    ":identity": {"S": app.vendor_identity},
                },
            )

    def end_change(self, app: App, by: str) -> None:
        """Give a claim back; one that is gone, or is somebody else's by now, is nothing to do."""
        with suppress(StoreError), as_store_errors("end change of app"):
            self._client.update_item(
                TableName=self._table,
                Key=keys.app(app.tenant, app.id),
                UpdateExpression=_RELEASE,
                ConditionExpression="claimed_by = :by",
                ExpressionAttributeValues={":by": {"S": by}},
            )

    def remove(self, app: App, by: str = "") -> None:
        """
        Give a claimed app's id and vendor identity free.

        Raises:
            VersionConflict: the claim has lapsed and somebody else has taken the app.
        """
        delete_app: dict[str, Any] = {
            "TableName": self._table,
            "Key": keys.app(app.tenant, app.id),
            **(
                {"ConditionExpression": "claimed_by = :by", "ExpressionAttributeValues": {":by": {"S": by}}}
                if by
                else {"ConditionExpression": "attribute_not_exists(claimed_by)"}
            ),
        }
        delete_identity: dict[str, Any] = {
            "TableName": self._table,
            "Key": keys.identity(app.provider, app.vendor_identity),
            "ConditionExpression": "attribute_not_exists(PK) OR #owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": {"S": f"{app.tenant}#{app.id}"}},
        }
        self._transact("delete app", [{"Delete": delete_app}, {"Delete": delete_identity}])

    def saw_callback(self, app: App, at: datetime, took_ms: int | None = None) -> None:
        """Remember that callbacks of this app arrive, and how fast one was taken; written at most once a minute."""
        if app.callback_seen_at is not None and at - app.callback_seen_at < self.CALLBACK_SEEN_RESOLUTION:
            return
        try:
            with as_store_errors("remember callback"):
                self._client.update_item(
                    TableName=self._table,
                    Key=keys.app(app.tenant, app.id),
                    UpdateExpression="SET callback_seen_at = :at, callback_took_ms = :took_ms",
                    ConditionExpression="attribute_exists(PK)",
                    ExpressionAttributeValues={
                        ":at": {"S": at.isoformat()},
                        ":took_ms": {"N": str(took_ms)} if took_ms is not None else {"NULL": True},
                    },
                )
        except VersionConflict:
            return  # the app was deleted meanwhile: nothing to remember

    def take_look(self, app: App, now: datetime, before: datetime | None) -> datetime | None:
        """
        Take a look out of an app's budget: move the moment at which the budget is whole again by one interval.

        Two looks at once each move it, so neither needs to know of the other.
        """
        budget = app.reconciliation
        if budget.calls_per_month is None:
            return now
        used_until = app.looks_used_until or now
        if before is None and used_until > now + BUDGET_PERIOD:
            return now  # a month's worth is owed already
        if before is not None and budget.room_at(used_until, now) >= before:
            return None
        used_until = self._use(app, now, budget.interval) - budget.interval
        if before is None:
            return now
        place = budget.room_at(used_until, now)
        if place >= before:  # others were faster
            self._use(app, now, -budget.interval)
            return None
        return place

    def _use(self, app: App, now: datetime, interval: timedelta) -> datetime:
        """Move the moment at which the budget is whole again, from now or from where it is; return the new one."""
        step_ms, now_ms = int(interval.total_seconds() * 1000), int(now.timestamp() * 1000)
        from_there = ("used + :step", {":step": step_ms, ":now": now_ms}, "used >= :now")
        from_now = (
            ":moved",
            {":moved": now_ms + max(step_ms, 0), ":now": now_ms},
            "attribute_exists(PK) AND (attribute_not_exists(used) OR used < :now)",
        )
        for moved, numbers, condition in (from_there, from_now, from_there):  # between two of them others may be faster
            with suppress(VersionConflict), as_store_errors("take a look"):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=keys.app(app.tenant, app.id),
                    UpdateExpression=f"SET {_USED} = {moved.replace('used', _USED)}",
                    ConditionExpression=condition.replace("used", _USED),
                    ExpressionAttributeValues={name: {"N": str(number)} for name, number in numbers.items()},
                    ReturnValues="ALL_NEW",
                )
                return _moment(answer["Attributes"][_USED]["N"])
        return now + interval  # the app was deleted meanwhile: there is no budget to keep

    def _transact(self, what: str, writes: Any) -> None:
        """Write all or nothing; an item that another transaction holds at this moment is tried again."""
        for remaining in reversed(range(_TRIES)):
            try:
                with as_store_errors(what):
                    self._client.transact_write_items(TransactItems=writes)
            except VersionConflict:
                raise
            except StoreError as err:
                cause: Any = err.__cause__
                if not remaining or not (isinstance(cause, ClientError) and is_contended(cause)):
                    raise
            else:
                return

    def _taken(self, app: App) -> Conflict:
        known = self.get(app.tenant, app.id)
        if known is not None and known.state == "creating" and known.vendor_identity == app.vendor_identity:
            return _busy(app.id)
        return AppExists(f"An app named {app.id!r} exists. Choose another id, or delete that app first.")

    def _held(self, by: str) -> dict[str, Any]:
        until = self._clock() + self.CLAIM_LIFE
        return {"claimed_by": {"S": by}, "claimed_until_epoch_ms": {"N": str(int(until.timestamp() * 1000))}}

    def _epoch_ms(self) -> Any:
        return {"N": str(int(self._clock().timestamp() * 1000))}

    def _attributes(self, app: App) -> dict[str, Any]:
        return {
            "document": {"S": _adapter().dump_json(app).decode()},
            "state": {"S": app.state},
            "vendor_identity": {"S": app.vendor_identity},
        }

    def _read(self, item: dict[str, Any]) -> App:
        fields: dict[str, Any] = _adapter().dump_python(_adapter().validate_json(item["document"]["S"]))
        fields["state"] = item["state"]["S"]
        if "callback_seen_at" in item:
            fields["callback_seen_at"] = item["callback_seen_at"]["S"]
            fields["callback_took_ms"] = item.get("callback_took_ms", {}).get("N")
        if _USED in item:
            fields["looks_used_until"] = _moment(item[_USED]["N"])
        return _adapter().validate_python(fields)


def _moment(epoch_ms: str) -> datetime:
    return datetime.fromtimestamp(int(epoch_ms) / 1000, UTC)


def _busy(app_id: str) -> Conflict:
    return Conflict(
        f"The app {app_id!r} is being changed by another request. Send this one again in half a minute.",
        code="app_busy",
    )
