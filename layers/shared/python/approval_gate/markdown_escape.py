"""Put plain text into the Markdown subset of messages so that it reads as it stands; `markdown.read` is the inverse."""

from __future__ import annotations

import re

__all__ = ["escaped"]

# Only what would be markup where it stands: a version, a commit or a name stays as it is, also inside of `code`.
_INLINE = re.compile(r"[`*\[]|(?<!\w)_|_(?!\w)|\\(?=[!-/:-@\[-`{-~]|$)", re.MULTILINE)
_START = re.compile(r"^(\s*)(?=[#>+-]|~~~)", re.MULTILINE)
_NUMBER = re.compile(r"^(\s*[0-9]{1,4})(?=[.)]\s)", re.MULTILINE)
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")


def escaped(text: str) -> str:
    """Return `text` with a backslash before every character that would be read as markup."""
    lines = _LINE_ENDS.sub("\n", text)
    safe = _INLINE.sub(lambda found: "\\" + found[0], lines)
    return _NUMBER.sub(r"\1\\", _START.sub(r"\1\\", safe))
