"""
Open, read and withdraw approvals.

Source: DingTalk developer docs, "Create an approval instance", "Obtain the details of a single approval instance",
"Revoke an approval instance", read 2026-02-28.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import ProviderRejected
from approval_gate.ports import ProviderApproval, Withdrawal
from approval_gate.providers.dingtalk.client import Client
from approval_gate.providers.dingtalk.errcodes import NOT_WITHDRAWN, last_part
from approval_gate.providers.dingtalk.instances import Instances
from approval_gate.providers.dingtalk.people import find_people
from approval_gate.providers.dingtalk.plan import MOST_NODES, MOST_PEOPLE_PER_NODE, nodes_of
from approval_gate.providers.dingtalk.reading import minute
from approval_gate.providers.dingtalk.templates import Templates
from approval_gate.providers.dingtalk.truth import truth_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from approval_gate.domain.approval import Identity, PersonRef
    from approval_gate.ports import AccessTokens, App, Clock, Draft, Forms
    from approval_gate.providers.dingtalk.credentials import Credentials
    from approval_gate.providers.dingtalk.wire import TerminateRequest

__all__ = ["Sender"]

_TERMINATE = "/v1.0/workflow/processInstances/terminate"
_MOST_CC = 50
_MAX_REMARK_CHARS = 1024
_TOO_NEW = timedelta(seconds=15)
"""For so long after its creation an instance cannot be withdrawn."""
_A_MINUTE = timedelta(minutes=1)


class Sender:
    """
    The outbound half for one app.

    Calls per ordinary approval that count against the monthly quota: create once, and one read when it is decided. The
    form costs up to four, once per organisation; a withdrawal one or two.
    """

    def __init__(
        self,
        *,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._client = Client(app, credentials, http, tokens, clock)
        templates = Templates(credentials.app_key, self._client, forms)
        self._instances = Instances(self._client, templates, forms, clock)

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """
        Resolve people: user_ids as given, one call per mobile number; there is no look-up by e-mail.

        Raises:
            PeopleNotFound: everyone who cannot be named exactly, with field and remedy.
        """
        return find_people(self._client, refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        """
        Open the approval, once; see `instances`. There is no link: the platform tells none at creation.

        Raises:
            ProviderRejected: also for more nodes, people or copies than the platform takes.
            ProviderUnavailable: also while an earlier attempt is not settled.
        """
        self._check(draft)
        return ProviderApproval(self._instances.open(draft, may_exist=may_exist))

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        """Find what an earlier `open_approval` may have created; opens nothing."""
        instance_id = self._instances.find(draft)
        return ProviderApproval(instance_id) if instance_id else None

    def read_truth(self, ref: str) -> Truth:
        """
        Read the approval back.

        Raises:
            ProviderRejected: the platform does not know it, or answered with another one.
        """
        return truth_of(ref, self._instances.get(ref), self._clock())

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        """
        Close a pending approval in the name of the system; the platform refuses for one that has ended.

        Raises:
            ProviderUnavailable: it is less than 15 s old; `retry_after_s` is the rest of that.
        """
        if truth.status is not TruthStatus.PENDING:
            return Withdrawal.REFUSED if truth.status is TruthStatus.UNKNOWN else Withdrawal.ALREADY_CLOSED
        self._wait_until_old_enough(truth)
        body: TerminateRequest = {
            "processInstanceId": truth.ref,
            "isSystem": True,
            "remark": (reason or "Closed by the approval gate.")[:_MAX_REMARK_CHARS],
        }
        try:
            answer = self._client.call("terminate_instance", "POST", _TERMINATE, body={**body})
        except ProviderRejected as err:
            if last_part(err.vendor_code) in NOT_WITHDRAWN:
                return self._after_refusal(truth)
            raise
        return Withdrawal.DONE if answer.get("result") is True else self._after_refusal(truth)

    def _after_refusal(self, truth: Truth) -> Withdrawal:
        """Ask what stands in the way: one code says "ended already" and "not allowed" alike."""
        now = self.read_truth(truth.ref)
        is_open = now.status in {TruthStatus.PENDING, TruthStatus.UNKNOWN}
        return Withdrawal.REFUSED if is_open else Withdrawal.ALREADY_CLOSED

    def _wait_until_old_enough(self, truth: Truth) -> None:
        handle = dict(truth.handle)
        opened_at = self._instances.opened_at(handle.get("approval_id", ""))
        if opened_at is None:
            # The platform cuts the time off to the minute: it may be this much younger.
            began = minute(handle, "created_at")
            opened_at = began + _A_MINUTE if began else None
        missing_s = (opened_at + _TOO_NEW - self._clock()).total_seconds() if opened_at else 0.0
        if missing_s > 0:
            raise self._client.unavailable(
                "terminate_instance", "DingTalk withdraws no approval in its first 15 seconds", missing_s
            )

    def _check(self, draft: Draft) -> None:
        """Refuse what the platform would refuse, in words that say what to change."""
        if not draft.requester.user_id:
            raise self._cannot_open("the requester has no id; name them by user_id or mobile")
        for number, stage in enumerate(draft.stages):
            if not stage.approvers:
                raise self._cannot_open(f"stage {number + 1} has no approvers; name at least one")
            if len(stage.approvers) > MOST_PEOPLE_PER_NODE:
                raise self._cannot_open(
                    f"stage {number + 1} has more than {MOST_PEOPLE_PER_NODE} approvers; name fewer"
                )
        nodes = len(nodes_of(draft.stages))
        if not 0 < nodes <= MOST_NODES:
            raise self._cannot_open(
                f"the stages take {nodes} steps, and DingTalk allows 1 to {MOST_NODES}; each person of a sequence is a "
                "step of their own"
            )
        if len(draft.cc) > _MOST_CC:
            raise self._cannot_open(f"more than {_MOST_CC} people in cc; name fewer")

    def _cannot_open(self, text: str) -> ProviderRejected:
        return self._client.rejected("create_instance", text)
