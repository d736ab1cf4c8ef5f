"""
Bugs that the simulation must find: each is one small change of the real source.

A bug's snippet stands exactly once in its file; a stale one fails. The numbers of schedules until each is found are in
`docs/reliability.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLANTED", "Planted"]


@dataclass(frozen=True, slots=True)
class Planted:
    """
    One bug.

    Args:
        name: what is wrong, in words.
        file: below `approval_gate/`.
        profile: the kind of day on which it shows.
    """

    name: str
    file: str
    original: str
    replacement: str
    profile: str = "mixed"


PLANTED = (
    Planted(
        "an outcome is written without a condition",
        "store/approvals.py",
        '        self._transact("change approval", writes)\n',
        "        for write in writes:\n"
        '            next(iter(write.values())).pop("ConditionExpression", None)\n'
        '            write.get("Update", {}).get("ExpressionAttributeValues", {}).pop(":before", None)\n'
        '        self._transact("change approval", writes)\n',
    ),
    Planted(
        "a decided approval is decided again",
        "services/decide.py",
        "            is_ours = before.outcome is None\n",
        "            is_ours = True\n",
    ),
    Planted(
        "the execution is resumed before the outcome is stored",
        "services/decide.py",
        "            is_ours = before.outcome is None\n",
        "            is_ours = before.outcome is None\n"
        "            if before.task_token:\n"
        '                self._workflow.resume(before.task_token, {"look": False})\n',
    ),
    Planted(
        "the truth is not read before deciding",
        "services/apply.py",
        "            truth = self._read_truth(approval, app)\n            approval =",
        "            from approval_gate.domain.truth import Truth\n"
        "            truth = Truth(approval.provider_ref, TruthStatus(event.vendor_status), approval.tasks)\n"
        "            approval =",
    ),
    Planted(
        "the dedupe key is too coarse",
        "store/journal.py",
        "event.provider_ref, event.dedupe_key),",
        "event.provider_ref, event.vendor_type),",
        profile="calm",
    ),
    Planted(
        "nobody wakes the execution",
        "services/decide.py",
        "        if stored is not None and stored.outcome is not None and stored.task_token:\n",
        "        if False:\n",
        profile="calm",
    ),
    Planted(
        "a spent token is a failure",
        "workflow.py",
        '_TOKEN_GONE = {"TaskTimedOut", "InvalidToken", "TaskDoesNotExist"}',
        "_TOKEN_GONE: set[str] = set()",
    ),
    Planted(
        "callbacks that came before the reference are not applied",
        "services/submit.py",
        "in self._approvals.journal_of(approval) if approval.provider_ref else ():",
        "in ():",
        profile="calm",
    ),
    Planted(
        "an approval expires without a last look",
        "services/check.py",
        "        truth: Truth | None = None\n",
        "        if self._clock() >= approval.expires_at:\n"
        "            return self._expire(approval, None)\n"
        "        truth: Truth | None = None\n",
    ),
    Planted(
        "superseding does not look at the tenant",
        "store/keys.py",
        'return _key(f"SUPERSEDE#{tenant}#',
        'return _key(f"SUPERSEDE#all#',
    ),
    Planted(
        "idempotency keys are the same for all tenants",
        "store/keys.py",
        'return _key(f"IDEMPOTENCY#{tenant}#',
        'return _key(f"IDEMPOTENCY#all#',
    ),
    Planted(
        "an approval can supersede itself",
        "services/create.py",
        "if held_by and held_by != draft.id else None",
        "if held_by else None",
    ),
    Planted(
        "the claim on the idempotency key is not in the transaction",
        "store/approvals.py",
        "            writes.append(self._claim_key(approval, idempotency))\n",
        "            key = keys.idempotency(approval.tenant, idempotency.key)\n"
        '            if "Item" in self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True):\n'
        "                return self._created_before(approval, idempotency)\n"
        '            claim = self._claim_key(approval, idempotency)["Put"]\n'
        '            self._client.put_item(TableName=self._table, Item=claim["Item"])\n',
    ),
    Planted(
        "the mark of opening is not stored",
        "services/submit.py",
        "cc=_without_repeats(cc), opening_at=self._clock()\n",
        "cc=_without_repeats(cc)\n",
    ),
    Planted(
        "an attempt to open does not know that an earlier one may have arrived",
        "services/submit.py",
        "may_exist=not first_try",
        "may_exist=False",
    ),
    Planted(
        "the claim on opening is not taken",
        "providers/dingtalk/instances.py",
        "        if not self._forms.claim(key):\n            saved =",
        "        if False:\n            saved =",
    ),
    Planted(
        "what is still open on the platform is not withdrawn",
        "services/withdraw.py",
        "        if not _may_be_open(approval) or approval.withdrawal:\n",
        "        if True:\n",
    ),
    Planted(
        "what was decided on the platform is withdrawn",
        "services/withdraw.py",
        "        if truth is None or truth.status is not TruthStatus.PENDING:\n",
        "        if truth is None:\n",
    ),
    Planted(
        "a wish for a look is never taken back",
        "services/check.py",
        "change_until_stored(self._approvals, approval_id, step, wake=False)",
        "change_until_stored(self._approvals, approval_id, step)",
    ),
    Planted(
        "an expired access token is not renewed",
        "store/access_tokens.py",
        "        if self._held is not None and self._held[0] == token:\n            self._held = None\n        try:",
        "        return\n        try:",
    ),
    Planted(
        "history is not written with the change",
        "store/approvals.py",
        "            self._put(\n"
        "                keys.history(before.id, after.version),\n"
        "                history_item(replace(entry, seq=after.version)),\n"
        '                "attribute_not_exists(PK)",\n'
        "            ),\n",
        "",
    ),
    Planted(
        "the stream's records are lost with an error",
        "entrypoints/task.py",
        'failed.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})',
        "pass",
    ),
    Planted(
        "the requester's own decision counts",
        "domain/quorum.py",
        "        if not self.policy.allow_self_approval and self._is_requester(person):",
        "        if False:",
    ),
    Planted(
        "a task that nobody decided counts",
        "domain/quorum.py",
        "        if automatic and not self.policy.allow_auto_pass:",
        "        if False:",
    ),
    Planted(
        "that it was escalated is not stored",
        "services/check.py",
        "            return replace(before, escalated_at=now),",
        "            return before,",
    ),
    Planted(
        "an outcome is stored without its announcement",
        "services/decide.py",
        "            self._approvals, approval_id, step, notices=lambda after: about_outcome(after, self._clock())\n",
        "            self._approvals, approval_id, step\n",
    ),
    Planted(
        "a revocation is not recorded",
        "services/apply.py",
        "            return self._note_late_event(approval, app, event)",
        "            return approval",
        profile="calm",
    ),
    Planted(
        "a look from before the timeout counts as the last one",
        "services/check.py",
        "(truth is not None and asked_at >= approval.expires_at)",
        "truth is not None",
    ),
    Planted(
        "a token is answered although there is no outcome",
        "services/decide.py",
        "        if stored is not None and stored.outcome is not None and stored.task_token:\n",
        "        if stored is not None and stored.task_token:\n",
    ),
    Planted(
        "what was decided before its execution began has none",
        "entrypoints/task.py",
        '        if record["eventName"] == "INSERT" and not approval.execution:\n',
        '        if record["eventName"] == "INSERT" and not approval.execution and approval.outcome is None:\n',
    ),
    Planted(
        "a tenant can cancel another's approval",
        "services/cancel.py",
        "if approval is None or approval.tenant != tenant:",
        "if approval is None:",
    ),
    Planted(
        "the reference does not lead back to its approval",
        "store/approvals.py",
        "        if after.provider_ref and not before.provider_ref:\n",
        "        if False:\n",
    ),
)
