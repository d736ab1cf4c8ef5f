"""
Search people by what a person types: name, pinyin in full or its initials, e-mail address, the platform's user id.

The id is often a name of sorts, and all that WeCom tells of people to an app that may not see names.

One line per person, small enough that the whole organisation fits into a few items and is searched in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Found", "SearchLine", "search"]

_NAME, _WORD, _INSIDE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class SearchLine:
    """
    One person in the index.

    Args:
        words: lower case, without spaces: readings of the name, their initials, further names, e-mail addresses.
        departments: ids of the departments that list the person.
    """

    id: str
    name: str
    email: str = ""
    title: str = ""
    departments: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[str, str]:
        """Order of equally good answers: by reading, so that Chinese and Latin names mix as people expect."""
        return (self.words[0] if self.words else self.name.casefold(), self.id)


@dataclass(frozen=True, slots=True)
class Found:
    """One answer and where it stands in the order of all answers."""

    line: SearchLine
    rank: int

    @property
    def place(self) -> tuple[int, str, str]:
        """Return what the next page begins behind."""
        return (self.rank, *self.line.sort_key)


def search(
    lines: Iterable[SearchLine],
    query: str,
    *,
    departments: frozenset[str] | None = None,
    after: tuple[int, str, str] | None = None,
    limit: int,
) -> Sequence[Found]:
    """
    Return the best answers: the name itself, then what begins with the query (the id too), then names that contain it.

    Args:
        query: as typed; empty finds everybody.
        departments: only people listed in one of these; None: all.
        after: only what comes behind this place.
    """
    typed = "".join(query.split()).casefold()
    found: list[Found] = []
    for line in lines:
        if departments is not None and departments.isdisjoint(line.departments):
            continue
        rank = _rank(line, typed)
        if rank is not None:
            answer = Found(line, rank)
            if after is None or answer.place > after:
                found.append(answer)
    found.sort(key=lambda each: each.place)
    return found[:limit]


def _rank(line: SearchLine, typed: str) -> int | None:
    name = "".join(line.name.split()).casefold()
    if not typed or name == typed:
        return _NAME
    if any(word.startswith(typed) for word in (name, line.id.casefold(), *line.words)):
        return _WORD
    return _INSIDE if typed in name else None
