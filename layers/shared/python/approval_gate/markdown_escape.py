"""Put plain text into the Markdown subset of messages so that it reads as it stands; `markdown.read` is the inverse."""

from __future__ import annotations

import re

from approval_gate.markdown import clean

__all__ = ["escaped"]

# Only what would be markup where it stands: a version, a commit or a name stays as it is, also inside of `code`.
_INLINE = re.compile(r"[`*\[]|(?<!\w)_|_(?!\w)|\\(?=[!-/:-@\[-`{-~]|$)", re.MULTILINE)
_START = re.compile(r"^(\s*)(?=[#>+-]|~~~)", re.MULTILINE)
_NUMBER = re.compile(r"^(\s*[0-9]{1,4})(?=[.)]\s)", re.MULTILINE)


def escaped(text: str) -> str:
    """Return `text`, made printable, with a backslash before every character that would be read as markup."""
    safe = _INLINE.sub(lambda found: "\\" + found[0], clean(text))
    return _NUMBER.sub(r"\1\\", _START.sub(r"\1\\", safe))
