"""
Write text in the rich text of cards (JSON 2.0), so that only what we mean as markup is markup.

That rich text is CommonMark without blocks of HTML, with some tags of the vendor's own; `<at id=all></at>` in a commit
message would alert everybody, and an image would make the platform refuse the card. The vendor documents how to show a
character that is markup: as an HTML entity, `&#60;` for `<`. Code takes no entities, so there a tag that the platform
knows gets a full-width bracket.

Source: Feishu developer docs, "Rich text (Markdown), JSON 2.0 structure", with its table of escapes, read 2026-02-28.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING

from approval_gate.markdown import Line, LineKind, Span, Style, clean, web_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["card_markdown", "literal", "text_lines"]

_MARKUP = re.compile(r"[&<>*_~`\[\]\\$#|!]")
# `:DONE:` is one of the platform's own pictures.
_PICTURE = re.compile(r":(?=\w{1,40}:)")
# What makes a line something else: an item, a quote, a rule, or the mark under a heading.
_START = re.compile(r"[-+=]|[0-9]{1,9}(?P<dot>[.)])(?=\s|$)")
_TAG = re.compile(
    r"<(?=\s*/?\s*(?:at|person|link|a|font|text_tag|number_tag|local_datetime|raw|audio|img|br|hr)\b)", re.IGNORECASE
)
_FENCE = re.compile(r"`{3,}")
_ADDRESS = re.compile(r"https?://[0-9A-Za-z][0-9A-Za-z._~:/?#@!$&*+,;=%-]{0,2000}(?<![._~:?!,;*])")
_MARKS = {Style.BOLD: "**", Style.ITALIC: "*"}
_INDENT = "    "
_CONTAINERS = {LineKind.BULLET, LineKind.NUMBERED, LineKind.QUOTE}


def card_markdown(lines: Sequence[Line]) -> str:
    """Return lines as rich text of a card; every character of theirs is shown as it stands."""
    blocks: list[str] = []
    last = LineKind.BLANK
    depth = -1
    for kind, group in groupby(lines, lambda line: line.kind):
        # Without an empty line between them, a text would go on in the item or quote before it.
        if last in _CONTAINERS or (last, kind) == (LineKind.TEXT, LineKind.NUMBERED):
            blocks += [""] if kind is not LineKind.BLANK else []
        if kind is LineKind.CODE:
            blocks += _code_block(group)
        else:
            for line in group:
                # An item deeper than its parent allows would be taken for a block of code.
                depth = min(line.number, depth + 1) if kind is LineKind.BULLET else 0
                blocks.append(_written(line, depth))
        last = kind
        depth = depth if kind in {LineKind.BULLET, LineKind.NUMBERED} else -1
    return "\n".join(blocks)


def text_lines(text: str) -> tuple[Line, ...]:
    """Return a text without markup as lines."""
    return tuple(Line(LineKind.TEXT, (Span(each.strip()),)) for each in clean(text).split("\n"))


def literal(text: str) -> str:
    """Return a part of a line so that the platform shows it as it stands."""
    return _PICTURE.sub("&#58;", _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text))


def _linked(text: str) -> str:
    """Do as `literal`, but for addresses of the web: their signs are no markup, and people want to press them."""
    parts, end = [], 0
    for found in _ADDRESS.finditer(text):
        if url := web_url(found[0]):
            parts += [literal(text[end : found.start()]), f"[{literal(found[0])}]({url})"]
            end = found.end()
    return "".join([*parts, literal(text[end:])])


def _written(line: Line, depth: int) -> str:
    text = _spans(line.spans)
    match line.kind:
        case LineKind.HEADING:
            return f"{'#' * line.number} {text}"
        case LineKind.BULLET:
            return f"{_INDENT * depth}- {text}"
        case LineKind.NUMBERED:
            return f"{line.number}. {text}"
        case LineKind.QUOTE:
            return f"> {text}"
        case _:
            return text


def _code_block(lines: Iterable[Line]) -> list[str]:
    code = ["".join(span.text for span in line.spans) for line in lines]
    longest = max((len(run) for each in code for run in _FENCE.findall(each)), default=2)
    fence = "`" * (longest + 1)
    return [fence, *map(_inert, code), fence]


def _spans(spans: Sequence[Span]) -> str:
    text = ""
    for number, span in enumerate(spans):
        core = span.text.strip()
        lead, _, tail = span.text.partition(core) if core else (span.text, "", "")
        text += lead if text else ""  # four spaces at the start of a line would be code
        if core:
            following = tail or (spans[number + 1].text if number + 1 < len(spans) else "")
            text = _added(text, span, core, following) + tail
    return text.rstrip()


def _added(text: str, span: Span, core: str, following: str) -> str:
    if span.url:
        return f"{text}[{literal(core)}]({span.url})"
    if span.style is Style.CODE:
        return f"{text}`{_inert(core)}`"
    inner = _linked(core) if text else _linked_start(core)
    mark = _MARKS.get(span.style, "")
    if not mark:
        return text + inner
    # Marks count only at the edge of a word; where the text has no edge there, a space makes one.
    before = "" if _may_stand(inner[0], text[-1:]) else " "
    after = "" if _may_stand(inner[-1], following[:1]) else " "
    return f"{text}{before}{mark}{inner}{mark}{after}"


def _linked_start(text: str) -> str:
    """Do as `_linked` at the start of a line."""
    found = _START.match(text)
    if not found:
        return _linked(text)
    at = found.start("dot") if found["dot"] else 0
    return f"{text[:at]}&#{ord(text[at])};{_linked(text[at + 1 :])}"


def _may_stand(inner: str, outer: str) -> bool:
    """Tell whether a mark between these two is one: CommonMark's rule of flanking, and no mark beside another."""
    if outer == "*":
        return False
    return not outer or outer.isspace() or _is_sign(outer) or not _is_sign(inner)


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _inert(code: str) -> str:
    return _TAG.sub("＜", code)
