"""
Credentials that were changed a moment ago.

What speaks for an app is kept for a minute, with the credentials it was built from. When the platform refuses those,
the stored ones are read again; if they differ, the call is made once more. That is safe for every call: credentials are
refused when an access token is fetched, before anything was asked of the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from approval_gate.domain.people import Identity, PersonRef
from approval_gate.domain.truth import Truth
from approval_gate.errors import ProviderRejected
from approval_gate.ports import AccessTokens, Credentials, Draft, ProviderApproval, Sender, Withdrawal

__all__ = ["Renewed", "RenewedSender"]


class _Watched:
    """Access tokens that remember whether the platform refused to give one."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens
        self.were_refused = False

    def get(self, fetch: Callable[[], tuple[str, float]]) -> str:
        try:
            return self._tokens.get(fetch)
        except ProviderRejected:
            self.were_refused = True
            raise

    def drop(self, token: str) -> None:
        self._tokens.drop(token)


class Renewed[Half]:
    """
    One half of a provider for one app: a sender, a messenger.

    Args:
        read: returns the app's credentials as they are stored now.
        build: makes the half of them.
        tokens: the app's.
    """

    def __init__(
        self, read: Callable[[], Credentials], build: Callable[[Credentials, AccessTokens], Half], tokens: AccessTokens
    ) -> None:
        self._read = read
        self._build = build
        self._tokens = _Watched(tokens)
        self._credentials = read()
        self.half = build(self._credentials, self._tokens)

    def ask[Answer](self, call: Callable[[Half], Answer]) -> Answer:
        """Make one call; with newer credentials once more if those in use were refused."""
        self._tokens.were_refused = False
        try:
            return call(self.half)
        except ProviderRejected:
            if not self._tokens.were_refused:
                raise
            newer = self._read()
            if newer == self._credentials:
                raise
            self._credentials, self.half = newer, self._build(newer, self._tokens)
        return call(self.half)


class RenewedSender:
    """The `Sender` port over one that may have to be built again."""

    def __init__(self, renewed: Renewed[Sender]) -> None:
        self._ask = renewed.ask

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """See `ports.Sender`; so for the others."""
        return self._ask(lambda sender: sender.find_people(refs))

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        """Open the approval, once."""
        return self._ask(lambda sender: sender.open_approval(draft, may_exist=may_exist))

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        """Find what an earlier attempt may have opened."""
        return self._ask(lambda sender: sender.find_approval(draft))

    def read_truth(self, ref: str) -> Truth:
        """Read the approval back."""
        return self._ask(lambda sender: sender.read_truth(ref))

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        """Close an approval."""
        return self._ask(lambda sender: sender.withdraw(truth, reason))
