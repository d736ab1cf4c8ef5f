"""An access token for one examination: what the platform says of the credentials now, not what it said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FreshToken"]


class FreshToken:
    """
    The `AccessTokens` port without a memory beyond its own life.

    A stored token would pass for a secret that was changed since. Asking again ends no other token: the platforms give
    the same one to everyone who asks while it has time left.
    """

    def __init__(self) -> None:
        self._held: str | None = None

    def get(self, fetch: Callable[[], tuple[str, float]]) -> str:
        """Return the token, fetched once."""
        if self._held is None:
            self._held, _ = fetch()
        return self._held

    def drop(self, token: str) -> None:
        """Forget a token that the platform refused."""
        if self._held == token:
            self._held = None
