"""Write lines of the Markdown subset in the words of a platform, and shorten them to what it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from approval_gate.markdown import Line, LineKind, Span, Style, literal, literal_start

__all__ = ["Dialect", "columns", "cut_to_columns", "shortened", "written"]

# An address that was cut in the middle leads elsewhere.
_BROKEN_ADDRESS = re.compile(r"https?:\S*$")
_HALF_CHARACTERS = "\u200d\ufe0f"
_WIDE_FROM = 0x1100


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    How a platform writes what it can show.

    Args:
        styles: by style, what stands before and after; a style that is missing is shown as plain text.
        link: with `{text}` and `{url}`.
        heading: before a heading, once per level; "" for none. `top` is the level of the largest that texts may have.
        quote: before a quoted line.
        newline: between two lines of text.
        new_block: between lines of different kinds.
        bullet: before each item, once per depth indented by `indent`.
        code_line: before and after a line of a block of code.
    """

    styles: Mapping[Style, tuple[str, str]]
    link: str = "[{text}]({url})"
    heading: str = "#"
    top: int = 4
    quote: str = "> "
    newline: str = "\n"
    new_block: str = "\n"
    bullet: str = "- "
    indent: str = "  "
    code_line: tuple[str, str] = ("`", "`")


def written(lines: Sequence[Line], dialect: Dialect) -> str:
    """Return lines as the platform reads them. Everything in them that is not markup of the subset is literal."""
    text, last = "", LineKind.BLANK
    for line in lines:
        if line.kind is not LineKind.BLANK:
            text += (_joint(last, line.kind, dialect) if text else "") + _written(line, dialect)
        last = line.kind
    return text


def shortened(lines: Sequence[Line], fits: Callable[[Sequence[Line]], bool]) -> tuple[Line, ...]:
    """
    Return as much from the start as fits: whole lines, then pieces of the next, then characters. Links stay whole.

    Args:
        fits: holds for every beginning of what it holds for.
    """
    kept = _most(len(lines), lambda count: fits(lines[:count]))
    head = tuple(lines[:kept])
    if kept == len(lines):
        return head
    line = lines[kept]
    count = _most(len(line.spans), lambda count: fits((*head, replace(line, spans=line.spans[:count]))))
    if count == len(line.spans):  # an empty line that does not fit
        return _without_blank_end(head)
    spans, span = line.spans[:count], line.spans[count]
    if not span.url:
        chars = _most(
            len(span.text),
            lambda chars: fits((*head, replace(line, spans=(*spans, replace(span, text=span.text[:chars]))))),
        )
        text = _BROKEN_ADDRESS.sub("", span.text[:chars].rstrip(_HALF_CHARACTERS)).rstrip()
        spans = (*spans, replace(span, text=text)) if text else spans
    return (*head, replace(line, spans=spans)) if spans else _without_blank_end(head)


def columns(text: str) -> int:
    """Return how wide a text is: vendors count Chinese characters, and others take half of one."""
    return sum(2 if ord(character) >= _WIDE_FROM else 1 for character in text)


def cut_to_columns(text: str, limit: int) -> str:
    """Return a text of at most so many columns, with a mark where it was cut."""
    if columns(text) <= limit:
        return text
    kept = _most(len(text), lambda count: columns(text[:count]) <= limit - 2)
    return text[:kept].rstrip(_HALF_CHARACTERS).rstrip() + "…"


def _joint(last: LineKind, kind: LineKind, dialect: Dialect) -> str:
    if last is LineKind.BLANK or (last is LineKind.QUOTE and kind is LineKind.TEXT):
        return "\n\n"
    if last is not kind:
        return dialect.new_block
    return dialect.newline if kind in {LineKind.TEXT, LineKind.CODE} else "\n"


def _written(line: Line, dialect: Dialect) -> str:
    if line.kind is LineKind.CODE:
        before, after = dialect.code_line
        text = _inert("".join(span.text for span in line.spans))
        return f"{before}{text}{after}" if text.strip() else ""
    text = "".join(_written_span(span, dialect) for span in line.spans)
    if line.spans and line.spans[0] == Span(line.spans[0].text):  # what stands there is not markup of ours
        text = literal_start(text)
    match line.kind:
        case LineKind.HEADING:
            return f"{dialect.heading * max(line.number, dialect.top)} {text}".lstrip(" ")
        case LineKind.BULLET:
            return f"{dialect.indent * line.number}{dialect.bullet}{text}"
        case LineKind.NUMBERED:
            return f"{line.number}. {text}"
        case LineKind.QUOTE:
            return f"{dialect.quote}{text}"
        case _:
            return text


def _written_span(span: Span, dialect: Dialect) -> str:
    # White space at the inner edge of markup would undo it.
    core = span.text.strip()
    if not core:
        return span.text
    before, after = dialect.styles.get(span.style, ("", ""))
    text = f"{before}{_inert(core) if span.style is Style.CODE else literal(core)}{after}"
    if span.url:
        text = dialect.link.format(text=text, url=span.url)
    lead, _, tail = span.text.partition(core)
    return f"{lead}{text}{tail}"


def _inert(code: str) -> str:
    """Return code as it stands, but for what ends it, and what some renderers read even in it."""
    return code.replace("`", "｀").replace("<", "＜").replace("](", "］(")


def _without_blank_end(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    while lines and lines[-1].kind is LineKind.BLANK:
        lines = lines[:-1]
    return lines


def _most(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the largest number up to the limit for which something holds; 0 where it holds for none."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
