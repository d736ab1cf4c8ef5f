"""
How a name is read: pinyin in full and its initials, to search by.

Characters with several readings are searched by each of them, since surnames often have one of their own (单 is read
shan, not dan). Loading the dictionary takes a tenth of a second, so only what writes the index imports this.
"""

from __future__ import annotations

import itertools

from pypinyin import Style, pinyin

from approval_gate.domain.contacts import Contact, normal_email

__all__ = ["search_words"]

_MOST_READINGS = 8
_LONGEST_NAME = 24


def search_words(contact: Contact) -> tuple[str, ...]:
    """Return what a person can be searched by beside the name itself; the most usual reading first."""
    words: list[str] = []
    for name in (contact.name, *contact.other_names):
        words += _readings(name)
        latin = [part for part in name.casefold().split() if part.isascii()]
        words += [*latin, "".join(part[0] for part in latin)]
    words += [normal_email(each) for each in contact.emails]
    return tuple(dict.fromkeys(word for word in words if word))


def _readings(name: str) -> list[str]:
    """Return full readings, then initials. Latin parts stand as they are."""
    # The dictionary writes v for ü, which is what people type.
    parts = pinyin(name[:_LONGEST_NAME], style=Style.NORMAL, heteronym=True)
    parts = [["".join(each.split()).casefold() for each in readings] for readings in parts]
    combined = [c for c in itertools.islice(itertools.product(*parts), _MOST_READINGS) if any(c)]
    return ["".join(each) for each in combined] + ["".join(part[:1] for part in each) for each in combined]
