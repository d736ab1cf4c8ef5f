"""
Open an instance once, although the platform has no idempotency key.

Three things stand between us and a second instance. What was created is saved under the approval's id before anything
else happens. Who wants to create takes a claim on that id for a minute, so two workers never create at once and an
unanswered creation has time to appear. And whoever cannot know that none was sent before lists the requester's
instances since then and compares the approval's id in each form.

Source: DingTalk developer docs, "Create an approval instance", "Obtain a list of instance IDs", read 2026-02-28.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.dingtalk.cards import instance_body
from approval_gate.providers.dingtalk.errcodes import FORM_GONE, INSTANCE_UNKNOWN, last_part
from approval_gate.providers.dingtalk.reading import whole
from approval_gate.providers.dingtalk.truth import reference_of
from approval_gate.untrusted import mapping, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from approval_gate.ports import Clock, Draft, Forms
    from approval_gate.providers.dingtalk.client import Client
    from approval_gate.providers.dingtalk.templates import Templates
    from approval_gate.providers.dingtalk.wire import ListInstanceIdsRequest

__all__ = ["Instances", "Opening"]

_INSTANCES = "/v1.0/workflow/processInstances"
_QUERY = "/v1.0/workflow/processes/instanceIds/query"
_PER_PAGE = 20
_MOST_CANDIDATES = 100
_CLOCKS_DIFFER = timedelta(minutes=5)
# A claim lasts a minute; the creation itself, with a fresh token, may take half of it.
_SEARCH_MAY_TAKE = timedelta(seconds=15)
_LOOK_AGAIN_S = 10.0


class Opening(NamedTuple):
    """An instance that exists. `opened_at`: by our clock, not before it was created; None when not recorded."""

    instance_id: str
    opened_at: datetime | None


class Instances:
    """The instances of one app."""

    def __init__(self, client: Client, templates: Templates, forms: Forms, clock: Clock) -> None:
        self._client = client
        self._templates = templates
        self._forms = forms
        self._clock = clock

    def get(self, instance_id: str) -> Mapping[str, Any]:
        """
        Return `result` of GET instance (`wire.Instance`).

        Raises:
            ProviderRejected: unknown, or the answer is about another instance.
        """
        answer = self._client.call("get_instance", "GET", _INSTANCES, query={"processInstanceId": instance_id})
        instance = mapping(answer, "result")
        if not word(instance, "status"):
            raise self._client.unavailable("get_instance", "the answer holds no instance")
        tasks = instance.get("tasks")
        told = (
            {word(task, "processInstanceId") for task in tasks if isinstance(task, dict)}
            if isinstance(tasks, list)
            else set()
        )
        if told - {"", instance_id}:
            raise self._client.rejected("get_instance", "DingTalk answered with another approval than asked for")
        return instance

    def open(self, draft: Draft, *, may_exist: bool) -> str:
        """
        Return the id of the draft's instance, creating it unless it exists.

        Raises:
            ProviderUnavailable: also when an earlier attempt is not settled yet; then `retry_after_s` says when to
                look again.
        """
        key = _key(draft.approval_id)
        saved = self._saved(draft.approval_id)
        if saved is not None:
            return saved.instance_id
        process_code = self._templates.code()
        started = self._clock()
        if not self._forms.claim(key):
            saved = self._saved(draft.approval_id)  # the other worker may have been as fast as that
            if saved is not None:
                return saved.instance_id
            found = self._search(draft, process_code)
            if not found:
                raise self._unsettled()
            return self._save(draft.approval_id, found)
        try:
            found = self._search(draft, process_code) if may_exist else ""
            if not found and self._clock() - started > _SEARCH_MAY_TAKE:
                raise self._unsettled()
        except (ProviderRejected, ProviderUnavailable):
            self._forms.release(key)  # nothing was sent
            raise
        return self._save(draft.approval_id, found or self._create(draft, process_code))

    def find(self, draft: Draft) -> str:
        """
        Return the id of the draft's instance, "" if there is none; creates nothing.

        Raises:
            ProviderUnavailable: also while an attempt to open it is not settled.
        """
        saved = self._saved(draft.approval_id)
        if saved is not None:
            return saved.instance_id
        process_code = self._templates.known_code()
        key = _key(draft.approval_id)
        # Claimed before the search: an attempt that is settled only during it would be missed by both.
        is_settled = self._forms.claim(key)
        try:
            found = self._search(draft, process_code) if process_code else ""
        except (ProviderRejected, ProviderUnavailable):
            if is_settled:
                self._forms.release(key)
            raise
        if found:
            return self._save(draft.approval_id, found)
        if not is_settled:
            raise self._unsettled()
        self._forms.release(key)
        return ""

    def opened_at(self, approval_id: str) -> datetime | None:
        """Return when we opened the instance of an approval, if that is recorded."""
        saved = self._saved(approval_id) if approval_id else None
        return saved.opened_at if saved else None

    # -- creating

    def _create(self, draft: Draft, process_code: str) -> str:
        body = cast("Mapping[str, Any]", instance_body(draft, process_code))
        try:
            answer = self._client.call("create_instance", "POST", _INSTANCES, body=body)
        except (ProviderRejected, ProviderThrottled) as err:
            self._forms.release(_key(draft.approval_id))  # refused: there is none
            if last_part(err.vendor_code) in FORM_GONE:
                raise self._templates.replace(process_code) from err
            raise
        except ProviderUnavailable as err:
            # It may exist. The claim is left to lapse; until then every attempt only looks.
            err.retry_after_s = max(err.retry_after_s or 0.0, _LOOK_AGAIN_S)
            raise
        instance_id = word(answer, "instanceId")
        if not instance_id:
            raise self._client.unavailable("create_instance", "the answer holds no instanceId", _LOOK_AGAIN_S)
        return instance_id

    def _saved(self, approval_id: str) -> Opening | None:
        saved = self._forms.get(_key(approval_id))
        if saved is None:
            return None
        return Opening(saved["instance_id"], datetime.fromisoformat(saved["opened_at"]))

    def _save(self, approval_id: str, instance_id: str) -> str:
        opened_at = self._clock().isoformat()
        self._forms.save(_key(approval_id), {"instance_id": instance_id, "opened_at": opened_at})
        return instance_id

    def _unsettled(self) -> ProviderUnavailable:
        return self._client.unavailable(
            "create_instance", "an earlier attempt may still appear at DingTalk; looking again soon", _LOOK_AGAIN_S
        )

    # -- finding

    def _search(self, draft: Draft, process_code: str) -> str:
        """Return the instance whose form holds the approval's id and whose submitter is the requester, or ""."""
        for number, instance_id in enumerate(self._candidates(draft, process_code)):
            if number == _MOST_CANDIDATES:
                raise self._client.rejected(
                    "list_instances",
                    f"the requester submitted more than {_MOST_CANDIDATES} approvals since this one was asked for, so "
                    "it cannot be told whether it was opened. Close it in DingTalk if you find it there, and ask again",
                )
            try:
                instance = self.get(instance_id)
            except ProviderRejected as err:
                if last_part(err.vendor_code) in INSTANCE_UNKNOWN:
                    continue
                raise
            approval_id, _ = reference_of(instance)
            if approval_id == draft.approval_id and word(instance, "originatorUserId") == draft.requester.user_id:
                return instance_id
        return ""

    def _candidates(self, draft: Draft, process_code: str) -> Iterator[str]:
        """Yield the ids of the requester's instances since the approval was asked for, one call per 20."""
        token = 0
        while True:
            body: ListInstanceIdsRequest = {
                "processCode": process_code,
                "startTime": int((draft.created_at - _CLOCKS_DIFFER).timestamp() * 1000),
                "nextToken": token,
                "maxResults": _PER_PAGE,
                "userIds": [draft.requester.user_id],
            }
            try:
                answer = self._client.call("list_instances", "POST", _QUERY, body={**body})
            except ProviderRejected as err:
                if last_part(err.vendor_code) in FORM_GONE:
                    raise self._templates.replace(process_code) from err
                raise
            result = mapping(answer, "result")
            ids = result.get("list")
            # An answer that cannot be read is no proof that there is none.
            if not isinstance(ids, list):
                raise self._client.unavailable("list_instances", "the answer holds no list")
            yield from (each for each in ids if isinstance(each, str) and each)
            following = whole(result, "nextToken")
            if not following or following <= token:
                return
            token = following


def _key(approval_id: str) -> str:
    return f"instance/{approval_id}"
