"""What a person reads of a text in Markdown: no marks, and links beside it."""

import re

__all__ = ["read_markdown"]

_LINK = re.compile(r"!?\[([^\[\]]*)\]\(([^)\s]*)\)")
_HEADING = re.compile(r"^ {0,3}#{1,6} +", re.MULTILINE)
_QUOTE = re.compile(r"^ {0,3}> ?", re.MULTILINE)
_STRONG = re.compile(r"\*\*(?=\S)(.+?)\*\*|(?<!\w)__(?=\S)(.+?)__(?!\w)")
_EMPHASIS = re.compile(r"\*(?=\S)([^*\n]+)\*|(?<!\w)_(?=\S)([^_\n]+)_(?!\w)")
_CODE = re.compile(r"`([^`\n]+)`")
_BREAK = re.compile(r"  \n *")


def read_markdown(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text without its marks, and its links: title and address."""
    links = [(found[1], found[2]) for found in _LINK.finditer(text)]
    text = _QUOTE.sub("│ ", _HEADING.sub("", _LINK.sub(r"\1", _BREAK.sub("\n", text))))
    for marks in (_STRONG, _EMPHASIS):
        text = marks.sub(lambda found: found[1] or found[2], text)
    return _CODE.sub(r"\1", text), links
