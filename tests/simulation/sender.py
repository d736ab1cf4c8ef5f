"""
The senders of the simulated platform. One kind opens by an id of ours, the other only by the project's own protocol of
claims and lists: DingTalk's `Instances`, real code over a client that asks the simulated platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from approval_gate.domain.approval import Identity, PersonKind, PersonRef
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import (
    PeopleNotFound,
    PersonProblem,
    ProviderError,
    ProviderQuotaUsedUp,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.ports import AccessTokens, App, Draft, Forms, ProviderApproval, Withdrawal
from approval_gate.providers.dingtalk.instances import Instances
from tests.simulation.boundary import Boundary
from tests.simulation.loop import Loop
from tests.simulation.platform import Platform, TokenRefused

__all__ = ["SimulatedSender", "SimulatedSenders"]

UNKNOWN = "nobody@example.com"
_TOO_NEW_S = 15
_LONG_S = 200

_REFUSALS: tuple[Callable[[], Exception], ...] = (
    lambda: ProviderUnavailable("503"),
    lambda: ProviderUnavailable("could not connect"),
    lambda: ProviderThrottled("429", retry_after_s=7),
)
_REFUSALS_OF_READS = (
    *_REFUSALS,
    lambda: ProviderThrottled("429", retry_after_s=400),
    lambda: ProviderQuotaUsedUp("the month's calls are used up"),
)
_LOSSES: tuple[Callable[[], Exception], ...] = (
    lambda: ProviderUnavailable("read time-out"),
    lambda: ProviderUnavailable("502 after the fact"),
)


class _Calls:
    """Calls to the platform by one app, with its access token."""

    def __init__(self, platform: Platform, app: App, boundary: Boundary, tokens: AccessTokens) -> None:
        self.platform = platform
        self.app = (app.tenant, app.id)
        self._boundary = boundary
        self._tokens = tokens

    def make[T](
        self,
        operation: str,
        approval_id: str,
        effect: Callable[[], T],
        refusals: tuple[Callable[[], Exception], ...] = _REFUSALS,
    ) -> T:
        """Make one call; renew a refused token and repeat it, once."""
        for is_last in (False, True):
            token = self._tokens.get(self._fetch)
            served = partial(self._served, token, operation, approval_id, effect, is_again=is_last)
            try:
                return self._boundary.call(f"platform {operation}", served, refusals, _LOSSES)
            except TokenRefused:
                self._tokens.drop(token)
                if is_last:
                    raise ProviderRejected("The access token is refused.", code="token_refused") from None
        raise AssertionError("not reached")

    def _served[T](self, token: str, operation: str, approval_id: str, effect: Callable[[], T], *, is_again: bool) -> T:
        forgets = self.platform.traits[self.app].forgets_tokens
        # Not one that is about to end: its successor would be refused too, and twice is an error by right.
        if (
            forgets
            and not is_again
            and self.platform.token_left_s(self.app) > _LONG_S
            and self._boundary.draws(forgets)
        ):
            raise TokenRefused
        self.platform.serve(self.app, token, operation, approval_id)
        return effect()

    def _fetch(self) -> tuple[str, float]:
        token, life_s = self._boundary.call(
            "platform token",
            lambda: self.platform.token(self.app, self.platform.traits[self.app].token_life_s),
            _REFUSALS,
            _LOSSES,
        )
        return token, life_s - 60


class _ListingClient:
    """DingTalk's client as `Instances` uses it."""

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls
        self.draft: Draft | None = None

    def call(
        self, operation: str, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None
    ) -> dict[str, Any]:
        del method, path
        draft = cast("Draft", self.draft)
        platform, app = self._calls.platform, self._calls.app
        if operation == "create_instance":
            reference = body["formComponentValues"]
            ref = self._calls.make("open", draft.approval_id, lambda: platform.create(app, draft, reference))
            return {"instanceId": ref}
        if operation == "list_instances":
            (user_id,) = body["userIds"]
            found = self._calls.make("list", draft.approval_id, lambda: platform.listed(app, user_id))
            return {"result": {"list": found}}
        ref = (query or {})["processInstanceId"]
        return {"result": self._calls.make("find", draft.approval_id, lambda: self._instance(ref))}

    def _instance(self, ref: str) -> dict[str, Any]:
        instance = self._calls.platform.instances[ref]
        return {
            "status": "RUNNING",
            "originatorUserId": instance.requester.user_id,
            "formComponentValues": instance.reference,
        }

    def unavailable(self, operation: str, text: str, retry_after_s: float | None = None) -> ProviderUnavailable:
        return ProviderUnavailable(f"{operation}: {text}", retry_after_s=retry_after_s)

    def rejected(self, operation: str, text: str) -> ProviderRejected:
        return ProviderRejected(f"{operation}: {text}")


class _Templates:
    """One form, there from the start: creating it is held to its contract elsewhere."""

    def code(self) -> str:
        return "PROC-1"

    known_code = code


class SimulatedSender:
    """The `Sender` port for one app."""

    def __init__(
        self, platform: Platform, app: App, boundary: Boundary, tokens: AccessTokens, forms: Forms, loop: Loop
    ) -> None:
        self._platform = platform
        self._app = (app.tenant, app.id)
        self._calls = _Calls(platform, app, boundary, tokens)
        self._traits = platform.traits[self._app]
        self._loop = loop
        self._client = _ListingClient(self._calls)
        self._instances = Instances(cast("Any", self._client), cast("Any", _Templates()), forms, loop.clock)

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        if any(ref.kind is PersonKind.EMAIL for ref in refs):
            self._calls.make("find_people", "", lambda: None)
        if any(ref.value == UNKNOWN for ref in refs):
            raise PeopleNotFound((PersonProblem("stages", UNKNOWN, "is unknown", "Correct it."),))
        return tuple(Identity(ref.value.split("@")[0], ref.value.split("@")[0].capitalize()) for ref in refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        if not self._traits.is_keyed:
            self._client.draft = draft
            return ProviderApproval(self._instances.open(draft, may_exist=may_exist))
        found = self._find(draft) if may_exist else None
        if found is not None:
            return found
        try:
            return ProviderApproval(
                self._calls.make("open", draft.approval_id, lambda: self._platform.create(self._app, draft))
            )
        except (ProviderRejected, ProviderUnavailable):
            found = self._find(draft)
            if found is None:
                raise
            return found

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        if self._traits.is_keyed:
            return self._find(draft)
        self._client.draft = draft
        ref = self._instances.find(draft)
        return ProviderApproval(ref) if ref else None

    def _find(self, draft: Draft) -> ProviderApproval | None:
        instance = self._calls.make(
            "find", draft.approval_id, lambda: self._platform.by_id(self._app, draft.approval_id)
        )
        return ProviderApproval(instance.ref) if instance else None

    def read_truth(self, ref: str) -> Truth:
        approval_id = self._approval_id(ref)
        try:
            return self._calls.make(
                "read", approval_id, lambda: self._platform.truth(self._app, ref), _REFUSALS_OF_READS
            )
        except ProviderError:
            self._platform.unanswered.setdefault(approval_id, []).append(self._loop.clock())
            raise

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        del reason
        if truth.status is not TruthStatus.PENDING:
            # Real senders refuse it too; nobody is to rely on that, for on one platform it would reopen the approval.
            self._platform.misuses.append(f"{truth.ref} was to be withdrawn though it was {truth.status}")
            return Withdrawal.ALREADY_CLOSED
        if self._traits.withdraws == "no":
            return Withdrawal.UNSUPPORTED
        instance = self._platform.instances[truth.ref]
        age_s = (self._loop.clock() - instance.created_at).total_seconds()
        if self._traits.withdraws == "late" and age_s < _TOO_NEW_S:
            raise ProviderUnavailable("too new to be withdrawn", retry_after_s=_TOO_NEW_S - age_s)
        closed = self._calls.make("withdraw", instance.approval_id, lambda: self._platform.close(self._app, truth.ref))
        return Withdrawal.DONE if closed else Withdrawal.ALREADY_CLOSED

    def _approval_id(self, ref: str) -> str:
        instance = self._platform.instances.get(ref)
        return instance.approval_id if instance else ""


class SimulatedSenders:
    """The `Senders` port of one process: senders are kept as long as it lives."""

    def __init__(self, make: Callable[[App], SimulatedSender]) -> None:
        self._make = make
        self._built: dict[tuple[str, str], SimulatedSender] = {}

    def of(self, app: App) -> SimulatedSender:
        key = (app.tenant, app.id)
        if key not in self._built:
            self._built[key] = self._make(app)
        return self._built[key]
