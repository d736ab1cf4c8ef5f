"""
What must hold: after every write of the table, and at the end, when everything that could happen has happened.

The numbers are those of the invariants in `docs/architecture.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from approval_gate.domain.approval import Approval, Outcome, Status
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.domain.truth import TruthStatus
from approval_gate.ports.outbox import Errand
from approval_gate.store.documents import read_approval, read_history, read_notification
from tests.fakes.table import Change, MemoryTable
from tests.simulation.calm import over_budget, violations_of
from tests.simulation.machine import Machine
from tests.simulation.platform import Instance, Platform
from tests.simulation.reasons import Reasons

__all__ = ["Watch"]

_SECRETS = ("secret-", "caller-")
_MOST_CALLS = 100
_WRITTEN_ONCE = ("tenant", "provider", "request", "created_at", "expires_at")


class Watch:
    """Sees every write, knows what was asked for, and collects what should never have happened."""

    def __init__(
        self, clock: Callable[[], datetime], platform: Platform, on_created: Callable[[Approval], None]
    ) -> None:
        self.violations: list[str] = []
        self.cancels: set[str] = set()
        self.callers: dict[str, list[tuple[str, Any]]] = {}
        self.expected_failures: dict[str, set[str]] = {}
        self.stored: dict[str, Approval] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.decided_at_s: dict[str, float] = {}
        self._tenants: dict[str, str] = {}
        self._items: dict[str, Any] = {}
        self._platform = platform
        self._on_created = on_created
        self._reasons = Reasons(clock, platform, self.stored, self.cancels, self.expected_failures)

    def violate(self, number: int, text: str) -> None:
        """Record that invariant `number` does not hold."""
        self.violations.append(f"invariant {number}: {text}")

    # -- after every write

    def on_write(self, changes: list[Change], allowed_tenant: str = "") -> None:
        """
        Check one write; all of a transaction is one.

        Args:
            allowed_tenant: whose work this is; empty for a batch of several tenants.
        """
        written = {change.key: change for change in changes}
        for change in changes:
            pk, sk = change.key
            if sk == "APPROVAL" and pk.startswith("APPROVAL#"):
                self._approval(change, written)
            elif sk.startswith("HISTORY#"):
                self._history(change)
            elif sk == "NOTIFICATION":
                self._notification(change)
        tenants = {self._tenant_of(change) for change in changes} - {""}
        if len(tenants) > 1 or (allowed_tenant and tenants - {allowed_tenant}):
            self.violate(4, f"work of {allowed_tenant or 'one tenant'} wrote {sorted(map(str, written))}")

    def _approval(self, change: Change, written: dict[tuple[str, str], Change]) -> None:
        if change.after is None:
            self.violate(1, f"{change.key} was removed")
            return
        now, before = read_approval(change.after), self._parsed(change)
        self.stored[now.id] = now
        self._items[change.key[0]] = change.after
        if before is None:
            if now.version != 1 or (change.key[0], "HISTORY#00000001") not in written:
                self.violate(3, f"{now.id} was created as version {now.version}, or without its history")
            self._tenants[change.key[0]] = now.tenant
            self._on_created(now)
            return
        if before.outcome is not None and now.outcome != before.outcome:
            self.violate(1, f"the outcome of {now.id} was {before.outcome.status} and became {now.outcome}")
        if now.version == before.version:
            if (change.before or {}).keys() | {"task_token"} != change.after.keys() | {"task_token"} or before.outcome:
                self.violate(3, f"{now.id} changed without a new version")
            return
        if now.version != before.version + 1 or (change.key[0], f"HISTORY#{now.version:08d}") not in written:
            self.violate(3, f"{now.id} went from version {before.version} to {now.version}, or without its history")
        self._kept(before, now, written)
        if now.outcome is not None and before.outcome is None:
            self.outcomes[now.id] = now.outcome
            self.decided_at_s[now.id] = self._platform.now_s
            self._justify(now, now.outcome)
            self._announced(now, written)

    def _kept(self, before: Approval, now: Approval, written: dict[tuple[str, str], Change]) -> None:
        """What was asked for, who was asked and where it stands on the platform is written once."""
        if any(getattr(before, name) != getattr(now, name) for name in _WRITTEN_ONCE):
            self.violate(2, f"what was asked for as {now.id} changed")
        if before.stages and (before.stages, before.requester) != (now.stages, now.requester):
            self.violate(2, f"the people of {now.id} changed after they were frozen")
        if before.provider_ref and before.provider_ref != now.provider_ref:
            self.violate(2, f"{now.id} was {before.provider_ref} and became {now.provider_ref} on the platform")
        if now.provider_ref and not before.provider_ref:
            ref = (f"REF#{now.provider}#{now.tenant}#{now.request.app}#{now.provider_ref}", "APPROVAL")
            if ref not in written:
                self.violate(3, f"{now.id} has a reference that does not lead back to it")

    def _parsed(self, change: Change) -> Approval | None:
        """Return what stood there, which has usually been read from this very item before."""
        if change.before is None:
            return None
        if self._items.get(change.key[0]) is change.before:
            return self.stored[change.key[0].removeprefix("APPROVAL#")]
        return read_approval(change.before)

    def _history(self, change: Change) -> None:
        if change.before is not None or change.after is None:
            self.violate(3, f"history {change.key} was rewritten")
            return
        text = change.after["entry"]["S"]
        if any(secret in text for secret in _SECRETS):
            self.violate(7, f"a token stands in history {change.key}: {text}")

    def _notification(self, change: Change) -> None:
        if change.before is not None:
            self.violate(3, f"{change.key[0]} was announced twice")

    def _announced(self, approval: Approval, written: dict[tuple[str, str], Change]) -> None:
        """An outcome and its announcement are one write."""
        notices = [
            read_notification(change.after)
            for (_, sk), change in written.items()
            if sk == "NOTIFICATION" and change.after is not None
        ]
        told = [
            each
            for each in notices
            if each.approval_id == approval.id
            and each.event == ApprovalEvent(approval.status.value.lower())
            and any(to.kind is DestinationKind.EVENT_BUS for to in each.to)
        ]
        if len(told) != 1 or any(each.tenant != approval.tenant for each in notices):
            self.violate(3, f"the outcome of {approval.id} was announced {len(told)} times")

    def _tenant_of(self, change: Change) -> str:
        pk, _ = change.key
        kind, *parts = pk.split("#")
        if kind == "APPROVAL":
            return self._tenants.get(pk, "")
        if kind in {"REF", "TOKEN", "FORM"}:
            return parts[1]
        if kind in {"TENANT", "IDEMPOTENCY", "SUPERSEDE"}:
            return parts[0]
        if kind == "NOTIFICATION" and change.after is not None:
            return str(change.after["tenant"]["S"])
        return ""

    def _justify(self, approval: Approval, outcome: Outcome) -> None:
        if not self._reasons.justify(approval, outcome):
            said = [f"{at:%H:%M:%S} {truth.status}" for at, truth in self._reasons.reads(approval)]
            why = f"nothing justifies {outcome.status} ({outcome.reason}) of {approval.id}"
            self.violate(2, f"{why}; the platform said {said}")

    # -- at the end

    def at_the_end(self, table: MemoryTable, machine: Machine, outbox: Sequence[Errand], dead_letters: int) -> None:
        """Check what can only be said when nothing happens any more."""
        for approval in self.stored.values():
            self._ended(approval, machine)
            self._explained(approval, table)
            self._once_on_platform(approval)
            self._closed_there(approval)
            self._cheap(approval)
        for misuse in self._platform.misuses:
            self.violate(2, misuse)
        for approval_id, times in self._announcements(table).items():
            if times != 1:
                self.violate(3, f"the outcome of {approval_id} was announced {times} times")
        on_their_way = {errand.notification_id for errand in outbox}
        for partition in table.items.values():
            if "NOTIFICATION" in partition:
                notice = read_notification(partition["NOTIFICATION"])
                if notice.id not in on_their_way:
                    self.violate(3, f"{notice.event} of {notice.approval_id} is stored and nobody delivers it")
        if dead_letters:
            self.violate(3, f"{dead_letters} records stand in a dead-letter queue although the faults were few")

    def in_calm(self, machine: Machine) -> None:
        """Check that an undisturbed day was prompt and cheap."""
        for approval in self.stored.values():
            instance = next(self._opened_as(approval), None)
            decided_at_s = self.decided_at_s[approval.id]
            for text in violations_of(approval, instance, decided_at_s, self._platform, machine):
                self.violate(6 if "read" in text else 5, text)
        for text in over_budget(self.stored.values(), self._platform, self._platform.now_s):
            self.violate(6, text)

    def _announcements(self, table: MemoryTable) -> Counter[str]:
        finals = {ApprovalEvent(status.value.lower()) for status in Status if status.is_final}
        told = Counter(dict.fromkeys(self.outcomes, 0))
        for partition in table.items.values():
            if "NOTIFICATION" in partition:
                notice = read_notification(partition["NOTIFICATION"])
                if notice.event in finals and any(to.kind is DestinationKind.EVENT_BUS for to in notice.to):
                    told[notice.approval_id] += 1
        return told

    def _ended(self, approval: Approval, machine: Machine) -> None:
        if approval.outcome is None:
            self.violate(5, f"{approval.id} has no outcome")
            return
        name = approval.execution.rsplit(":", 1)[-1] or approval.id
        execution = machine.executions.get(name)
        if execution is None or execution.status == "RUNNING":
            self.violate(3, f"the execution of {approval.id} {'never ended' if execution else 'never began'}")
            return
        status = approval.outcome.status
        fails = approval.request.fail_unless_approved and status is not Status.APPROVED
        told = execution.error if execution.status == "FAILED" else (execution.output or {}).get("status")
        if told != (f"Approval.{status.value.capitalize()}" if fails else status.value):
            self.violate(3, f"{approval.id} ended {status}, and its execution {execution.status} with {told}")
        if token := approval.request.task_token:
            answers = self.callers.get(token, [])
            expected = f"Approval.{status.value.capitalize()}" if fails else status.value
            if [answer for answer, _ in answers] != [expected]:
                self.violate(3, f"{approval.id} ended {status}, and its caller heard {answers}")

    def _explained(self, approval: Approval, table: MemoryTable) -> None:
        items = table.items[f"APPROVAL#{approval.id}"]
        entries = [read_history(item) for sk, item in sorted(items.items()) if sk.startswith("HISTORY#")]
        if [entry.seq for entry in entries] != list(range(1, approval.version + 1)):
            self.violate(3, f"the history of {approval.id} has gaps: {[entry.seq for entry in entries]}")
        decided = [entry for entry in entries if entry.kind == "decided"]
        if len(decided) != 1 or (approval.outcome and decided[0].detail["status"] != approval.outcome.status.value):
            self.violate(3, f"the history of {approval.id} tells {len(decided)} decisions")

    def _opened_as(self, approval: Approval) -> Iterator[Instance]:
        return (each for each in self._platform.instances.values() if each.approval_id == approval.id)

    def _once_on_platform(self, approval: Approval) -> None:
        instances = list(self._opened_as(approval))
        if len(instances) > 1:
            self.violate(2, f"{approval.id} stands {len(instances)} times on the platform")
        if any(instance.app != (approval.tenant, approval.request.app) for instance in instances):
            self.violate(4, f"{approval.id} was opened by another app")

    def _cheap(self, approval: Approval) -> None:
        """Whatever goes wrong, calls are bounded; `calm` says how few they are when nothing does."""
        calls = self._platform.calls.get(approval.id, Counter())
        if calls.total() > _MOST_CALLS:
            self.violate(6, f"{approval.id} cost {calls.total()} calls: {dict(calls)}")

    def _closed_there(self, approval: Approval) -> None:
        """What ended here must not stay open in front of its approvers, unless it is recorded that it does."""
        for instance in self._opened_as(approval):
            is_open = instance.status is TruthStatus.PENDING
            if is_open and not approval.still_open_at_provider:
                self.violate(3, f"{approval.id} ended as {approval.status} and is still open on the platform")
