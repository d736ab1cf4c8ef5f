"""Why an outcome is right: each source of outcomes has to have its reason in what really happened (invariant 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from approval_gate.domain.approval import Approval, Outcome, Source, Status
from approval_gate.domain.schedule import UNREACHABLE_GRACE
from approval_gate.domain.truth import Truth, TruthStatus
from tests.simulation.oracle import verdict
from tests.simulation.platform import Platform

__all__ = ["Reasons"]


class Reasons:
    """
    Everything that may justify an outcome; what is given is filled while the schedule runs.

    Args:
        stored: every approval as it stands in the table.
        cancels: the approvals that somebody of their own tenant wanted to cancel.
        expected_failures: codes with which a request may fail by its own fault, by its title.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        platform: Platform,
        stored: Mapping[str, Approval],
        cancels: AbstractSet[str],
        expected_failures: Mapping[str, AbstractSet[str]],
    ) -> None:
        self._clock = clock
        self._platform = platform
        self._stored = stored
        self._cancels = cancels
        self._expected_failures = expected_failures

    def justify(self, approval: Approval, outcome: Outcome) -> bool:
        """Tell whether there is a reason for this outcome."""
        check = {
            Source.CALLBACK: self._by_platform,
            Source.RECONCILIATION: self._by_platform,
            Source.TIMEOUT: self._by_timeout,
            Source.CANCEL: self._by_cancel,
            Source.SUBMIT: self._by_submit,
        }[outcome.source]
        return check(approval, outcome)

    def reads(self, approval: Approval) -> list[tuple[datetime, Truth]]:
        """Return what the platform said about an approval's own reference, and when."""
        instance = self._platform.instances.get(approval.provider_ref)
        if instance is None or instance.approval_id != approval.id or instance.app[0] != approval.tenant:
            return []
        return instance.reads

    def _by_platform(self, approval: Approval, outcome: Outcome) -> bool:
        if outcome.status is Status.FAILED:
            return self._may_fail(approval, outcome)
        if outcome.status not in {Status.APPROVED, Status.REJECTED, Status.CANCELED}:
            return False
        return any(verdict(approval, truth) is outcome.status for _, truth in self.reads(approval))

    def _by_timeout(self, approval: Approval, outcome: Outcome) -> bool:
        now, ends = self._clock(), approval.expires_at
        if outcome.status is not Status.EXPIRED or now < ends:
            return False
        if outcome.reason == "timeout_unconfirmed":
            asked = self._platform.unanswered.get(approval.id, [])
            return now >= ends + UNREACHABLE_GRACE and any(at >= ends for at in asked)
        return any(at >= ends and truth.status is TruthStatus.PENDING for at, truth in self.reads(approval))

    def _by_cancel(self, approval: Approval, outcome: Outcome) -> bool:
        if outcome.status is not Status.CANCELED:
            return False
        if outcome.reason != "superseded":
            return approval.id in self._cancels
        key = approval.request.supersede_key
        return bool(key) and any(
            each.id in outcome.detail["en"]
            and each.id != approval.id
            and each.tenant == approval.tenant
            and each.request.supersede_key == key
            for each in self._stored.values()
        )

    def _by_submit(self, approval: Approval, outcome: Outcome) -> bool:
        return outcome.status is Status.FAILED and self._may_fail(approval, outcome)

    def _may_fail(self, approval: Approval, outcome: Outcome) -> bool:
        code = outcome.reason.split(":")[0]
        if code in {"provider_unavailable", "provider_throttled"}:
            return self._clock() >= approval.expires_at
        return code in self._expected_failures.get(approval.request.title, set())
