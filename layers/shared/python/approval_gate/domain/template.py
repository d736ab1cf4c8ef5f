"""A message template: words with holes, in one or more languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from approval_gate.domain.message import LOCALES, Level

__all__ = ["Template", "Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """A template in one language; `text` is Markdown as in a message."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """
    One template of a tenant.

    Args:
        variables: all that its words may use; a notification must give each of them, and no other.
        words: by language.
    """

    tenant: str
    name: str
    variables: tuple[str, ...]
    words: Mapping[str, Words]
    level: Level = Level.INFO
    updated_at: datetime | None = None

    def locale_for(self, wanted: str) -> str:
        """Return the language to use: what is wanted, else the usual one, else the only one there is."""
        return next(each for each in (wanted, *LOCALES, *sorted(self.words)) if each in self.words)
