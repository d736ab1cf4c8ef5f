"""
Open, read and withdraw approvals.

Source: Feishu developer docs, "Create an approval instance", "Obtain a single approval instance", "Withdraw an
approval instance", "Copy an approval instance", read 2026-02-28.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast
from urllib.parse import quote, urlencode

from approval_gate.domain.approval import Mode
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import ProviderError, ProviderRejected, ProviderUnavailable
from approval_gate.ports import ProviderApproval, Withdrawal
from approval_gate.providers.feishu.cards import instance_body
from approval_gate.providers.feishu.client import Client
from approval_gate.providers.feishu.definitions import Definitions
from approval_gate.providers.feishu.edition import FEISHU, Edition
from approval_gate.providers.feishu.errcodes import DEFINITION_GONE, INSTANCE_UNKNOWN, WITHDRAWAL_REFUSED
from approval_gate.providers.feishu.identities import has_both_kinds, open_id_of, split_by_kind, user_id_of
from approval_gate.providers.feishu.people import find_people
from approval_gate.providers.feishu.truth import truth_of
from approval_gate.untrusted import word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from approval_gate.domain.approval import Identity, PersonRef
    from approval_gate.ports import AccessTokens, App, Clock, Draft, Forms
    from approval_gate.providers.feishu.credentials import Credentials
    from approval_gate.providers.feishu.wire import CancelRequest, CcRequest

__all__ = ["Sender"]

_logger = logging.getLogger(__name__)
_INSTANCES = "/open-apis/approval/v4/instances"


class _Instance(NamedTuple):
    """An instance that exists on the platform."""

    approval_code: str
    instance_code: str


class Sender:
    """
    The outbound half for one app.

    Calls per ordinary approval: people once, create once, and one read when it is decided. A copy (cc) is one more
    per kind of id.
    """

    edition: ClassVar[Edition] = FEISHU

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        del clock  # every provider's sender is built alike; this platform signs no time into its calls
        self._client = Client(self.edition, app, credentials, http, tokens)
        self._definitions = Definitions(self.edition, credentials.app_id, self._client, forms)

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """
        Resolve people: `ou_…` and tenant user ids as given, addresses in one call for up to 50 of each kind.

        Raises:
            PeopleNotFound: everyone who cannot be named exactly, with field and remedy.
        """
        return find_people(self._client, self.edition, refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        """
        Open the approval, once: `uuid` is the approval's id, and after any failure we look before we believe it.

        Copies (cc) go out afterwards; that a copy fails is logged and never fails the approval. An approval that is
        found instead of created is copied again: two notices rather than none.

        Raises:
            ProviderRejected: also when a sequence names people by both kinds of id: they go into two lists, and
                their order would be lost.
        """
        self._check_people(draft)
        instance = self._find(draft.approval_id) if may_exist else None
        if instance is None:
            instance = self._create(draft, self._definitions.code_for(draft.stages))
        self._copy(draft, instance)
        return self._opened(instance)

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        """Find what an earlier `open_approval` may have created; opens nothing. One call."""
        instance = self._find(draft.approval_id)
        return None if instance is None else self._opened(instance)

    def read_truth(self, ref: str) -> Truth:
        """
        Read the approval back. One call; a second one only if an approved instance leaves open which stage a task
        belongs to.

        Raises:
            ProviderRejected: the platform does not know it, or answered with another one.
        """
        data = self._get(ref)
        truth = truth_of(ref, data)
        if truth.status is TruthStatus.APPROVED and any(task.stage is None for task in truth.tasks):
            truth = truth_of(ref, data, self._definitions.nodes_of(word(data, "approval_code")))
        return truth

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        """
        Close a pending approval in the name of its starter, the only one who may.

        Withdrawing an approved instance would send it back to review; `revert_interval` 0 of our definitions prevents
        that should it be approved between the read and this call. The platform takes no reason.
        """
        del reason
        if truth.status is not TruthStatus.PENDING:
            return Withdrawal.REFUSED if truth.status is TruthStatus.UNKNOWN else Withdrawal.ALREADY_CLOSED
        if truth.requester is None:
            return Withdrawal.REFUSED
        kind, starter = _id_of(truth.requester)
        handle = dict(truth.handle)
        body: CancelRequest = {
            "approval_code": handle.get("approval_code", ""),
            "instance_code": handle.get("instance_code", truth.ref),
            "user_id": starter,
        }
        try:
            self._client.call("cancel_instance", "POST", f"{_INSTANCES}/cancel", body={**body}, query=_kind(kind))
        except ProviderRejected as err:
            if err.vendor_code in WITHDRAWAL_REFUSED:
                return Withdrawal.REFUSED
            raise
        return Withdrawal.DONE

    # -- opening

    def _check_people(self, draft: Draft) -> None:
        if not draft.requester.user_id:
            raise self._rejected("create_instance", "the requester has no id; name them by user_id, e-mail or mobile")
        for number, stage in enumerate(draft.stages):
            if not stage.approvers:
                raise self._rejected("create_instance", f"stage {number + 1} has no approvers; name at least one")
            if stage.mode is Mode.SEQUENCE and has_both_kinds(stage.approvers):
                raise self._rejected(
                    "create_instance",
                    f"the order of stage {number + 1} would be lost, because it names people by open_id and by "
                    "user_id; name all of them by e-mail, mobile or open_id",
                )

    def _create(self, draft: Draft, approval_code: str) -> _Instance:
        body = instance_body(draft, approval_code, self.edition.default_locale)
        try:
            data = self._client.call("create_instance", "POST", _INSTANCES, body=cast("Mapping[str, Any]", body))
        except ProviderError as err:
            # A repeated uuid is an error here and its code is not certain, and a lost answer looks like any failure:
            # so whatever went wrong, the platform is asked whether the instance exists.
            found = self._find_after(err, draft.approval_id)
            if found is not None:
                return found
            if err.vendor_code in DEFINITION_GONE:
                raise self._definitions.replace(draft.stages, approval_code) from err
            raise
        instance_code = word(data, "instance_code")
        if instance_code:
            return _Instance(approval_code, instance_code)
        found = self._find(draft.approval_id)
        if found is None:
            text = f"create_instance: {self.edition.name} said yes, but shows no instance yet; try again."
            raise ProviderUnavailable(text, provider=self.edition.provider, operation="create_instance")
        return found

    def _find_after(self, failure: ProviderError, approval_id: str) -> _Instance | None:
        try:
            return self._find(approval_id)
        except ProviderError:
            # Nothing learnt: the first failure tells more, and the next attempt looks before it creates.
            raise failure from None

    def _find(self, approval_id: str) -> _Instance | None:
        """Return the instance with our uuid; None when the platform says that there is none."""
        try:
            data = self._get(approval_id)
        except ProviderRejected as err:
            if err.vendor_code in INSTANCE_UNKNOWN:
                return None
            raise
        instance_code = word(data, "instance_code")
        if not instance_code:
            raise self._rejected("get_instance", f"{self.edition.name} tells no instance_code")
        return _Instance(word(data, "approval_code"), instance_code)

    def _get(self, ref: str) -> dict[str, Any]:
        """Read an instance by instance_code or uuid, and make sure that it is the one asked for."""
        data = self._client.call("get_instance", "GET", f"{_INSTANCES}/{quote(ref, safe='')}", query=_kind("open_id"))
        # The platform keeps a uuid in upper case.
        names = {word(data, "instance_code").casefold(), word(data, "uuid").casefold()} - {""}
        if ref.casefold() not in names:
            raise self._rejected("get_instance", f"{self.edition.name} answered with another approval than asked for")
        return data

    def _copy(self, draft: Draft, instance: _Instance) -> None:
        """
        Copy the approval to people, by the call that is documented for it.

        The node lists of the creation (`node_cc_…`) need copy nodes in the definition that the documentation says
        are not allowed; nothing here depends on them. The call names starter and readers by one kind of id.
        """
        for kind, people in zip(("open_id", "user_id"), split_by_kind(draft.cc), strict=True):
            if not people:
                continue
            starter = open_id_of(draft.requester) if kind == "open_id" else user_id_of(draft.requester)
            if not starter:
                _logger.warning(
                    "copy_skipped", extra={"provider_ref": instance.instance_code, "error_code": "no_" + kind}
                )
                continue
            body: CcRequest = {
                "approval_code": instance.approval_code,
                "instance_code": instance.instance_code,
                "user_id": starter,
                "cc_user_ids": people,
            }
            try:
                self._client.call("cc_instance", "POST", f"{_INSTANCES}/cc", body={**body}, query=_kind(kind))
            except ProviderError as err:
                extra = {"provider_ref": instance.instance_code, "error_code": err.vendor_code or err.code}
                _logger.warning("copy_failed", extra=extra)

    def _opened(self, instance: _Instance) -> ProviderApproval:
        """
        Return the approval with a link that opens the client at this approval (client 7.3 or newer; the desktop page).

        Source: Feishu developer docs, "AppLink protocol: open an approval page", read 2026-02-28.
        """
        query = {
            "appId": self.edition.applink_app_id,
            "mode": "appCenter",
            "path": f"pc/pages/in-process/index?instanceId={instance.instance_code}",
        }
        link = f"{self.edition.applink_base}/client/mini_program/open?{urlencode(query, quote_via=quote, safe='')}"
        return ProviderApproval(ref=instance.instance_code, open_url=link)

    def _rejected(self, operation: str, text: str) -> ProviderRejected:
        return ProviderRejected(f"{operation}: {text}.", provider=self.edition.provider, operation=operation)


def _kind(kind: str) -> dict[str, str]:
    return {"user_id_type": kind}


def _id_of(person: Identity) -> tuple[str, str]:
    open_id = open_id_of(person)
    return ("open_id", open_id) if open_id else ("user_id", user_id_of(person))
