"""
Read the small Markdown subset of messages: bold, italics, links, lists, quotes, code, headings. Nothing else is markup.

Platforms differ in what they render, and none documents how to escape. So a text is read here once, a platform writes
what it can show, and every other character that could be markup there is replaced by its full-width twin (`literal`):
a person reads the same, no renderer takes it for a link, a colour or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from urllib.parse import quote, urlsplit

__all__ = [
    "MAX_CHARS",
    "Line",
    "LineKind",
    "Span",
    "Style",
    "clean",
    "literal",
    "literal_start",
    "one_line",
    "plain",
    "read",
    "web_url",
]

MAX_CHARS = 20_000
"""Longer texts are read up to here: no platform takes as much, and reading stays fast for hostile ones."""

_MAX_URL_CHARS = 2048
_MAX_DEPTH = 3


class Style(Enum):
    """How a piece of text looks."""

    PLAIN = auto()
    BOLD = auto()
    ITALIC = auto()
    CODE = auto()


class LineKind(Enum):
    """What a line is."""

    TEXT = auto()
    BLANK = auto()
    HEADING = auto()
    BULLET = auto()
    NUMBERED = auto()
    QUOTE = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line, without markup. With `url` it is a link, always to the web."""

    text: str
    style: Style = Style.PLAIN
    url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line.

    Args:
        number: of a heading its level 1 to 6, of a numbered item its number, of a bullet how deep it stands, from 0.
    """

    kind: LineKind
    spans: tuple[Span, ...] = ()
    number: int = 0


# Control characters but line feed, and the marks that reverse the reading direction of what follows.
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")

_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ ]+(.+)")
_BULLET = re.compile(r"( {0,12})[-*+][ ]+(.+)")
_NUMBERED = re.compile(r" {0,12}([0-9]{1,4})[.)][ ]+(.+)")
_QUOTE = re.compile(r" {0,3}>[ ]?(.*)")
# Every repetition has an end, so that no text takes long: see MAX_CHARS.
_INLINE = re.compile(
    r"""
      \\(?P<escaped>[!-/:-@\[-`{-~])
    | `(?P<code>[^`\n]{1,500})`
    | !?\[(?P<title>[^\[\]\n]{0,300})\]\((?P<url>[^\s()<>"]{1,2048})\)
    | \*\*(?=\S)(?P<bold>.{1,500}?)(?<=\S)\*\*
    | (?<![^\W_])__(?=\S)(?P<bold_>.{1,500}?)(?<=\S)__(?![^\W_])
    | \*(?=[^\s*])(?P<italic>[^*\n]{1,500}?)(?<=\S)\*(?!\*)
    | (?<![\w])_(?=[^\s_])(?P<italic_>[^_\n]{1,500}?)(?<=\S)_(?![\w])
    """,
    re.VERBOSE,
)

_TWINS = str.maketrans({"<": "＜", "[": "［", "]": "］", "*": "＊", "`": "｀"})
# Tildes strike out, an underscore at a word's edge is emphasis, a backslash or an entity may hide the next character.
_STRIKES = re.compile(r"~(?=~)|(?<=~)~")
_EDGES = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_HIDERS = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)")
_ENTITIES = re.compile(r"&(?=#?\w{1,31};)")
# What makes a whole line something: `#` a heading, `>` a quote, `-`, `+`, `=` an item, a rule or the mark of a heading.
_STARTS = re.compile(r"(\s*)([#>\-+=])")
_START_TWINS = {"#": "＃", ">": "＞", "-": "－", "+": "＋", "=": "＝"}
_NUMBER_START = re.compile(r"(\s*[0-9]+)[.)](?=\s)")


def clean(text: str) -> str:
    """Make a stranger's text printable: encodable, one kind of line end, nothing that turns the text around."""
    encodable = text[:MAX_CHARS].encode("utf-8", "replace").decode()
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", encodable).replace("\t", "    ")).strip("\n")


def one_line(text: str) -> str:
    """Return a text cleaned and on one line."""
    return " ".join(clean(text).split())


def web_url(url: str) -> str:
    """Return an address of the web in ASCII that ends no markup early; "" for anything else."""
    text = clean(url).strip()
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return ""
    # Percent-encoded too: parentheses, quotation marks, spaces. A percent sign stays: it is one of an encoding.
    encoded = quote(text, safe="%/:?#[]@!$&*+,;=~-._")
    return encoded if is_web and len(encoded) <= _MAX_URL_CHARS else ""


def literal(text: str) -> str:
    """Return a part of a line that any Markdown shows as it stands: possible markup becomes its full-width twin."""
    text = _EDGES.sub("＿", _STRIKES.sub("～", text.translate(_TWINS)))
    return _ENTITIES.sub("＆", _HIDERS.sub("＼", text))


def literal_start(text: str) -> str:
    """Do the same to what stands at the start of a line and would make the line something else."""
    text = _STARTS.sub(lambda found: found[1] + _START_TWINS[found[2]], text, count=1) if _STARTS.match(text) else text
    return _NUMBER_START.sub(r"\1．", text, count=1) if _NUMBER_START.match(text) else text


def read(text: str) -> tuple[Line, ...]:
    """Read a text; never fails. Markup that is not closed is text. Images are links: no client loads anything."""
    return tuple(_lines(clean(text)))


def plain(lines: tuple[Line, ...]) -> str:
    """Return the text without its markup, for where a platform has none. Items keep a sign; links lose the address."""
    return "\n".join(_sign(line) + "".join(span.text for span in line.spans) for line in lines)


def _sign(line: Line) -> str:
    if line.kind is LineKind.BULLET:
        return "  " * line.number + "• "
    return f"{line.number}. " if line.kind is LineKind.NUMBERED else ""


def _lines(text: str) -> Iterator[Line]:
    in_code = False
    for raw in text.split("\n") if text else []:
        if _FENCE.match(raw):
            in_code = not in_code
        elif in_code:
            yield Line(LineKind.CODE, (Span(raw, Style.CODE),))
        elif not raw.strip():
            yield Line(LineKind.BLANK)
        else:
            yield _line(raw)


def _line(raw: str) -> Line:
    if found := _HEADING.fullmatch(raw):
        return Line(LineKind.HEADING, _spans(found[2]), len(found[1]))
    if found := _QUOTE.fullmatch(raw):
        return Line(LineKind.QUOTE, _spans(found[1]))
    if found := _BULLET.fullmatch(raw):
        return Line(LineKind.BULLET, _spans(found[2]), min(len(found[1]) // 2, _MAX_DEPTH))
    if found := _NUMBERED.fullmatch(raw):
        return Line(LineKind.NUMBERED, _spans(found[2]), int(found[1]))
    return Line(LineKind.TEXT, _spans(raw.strip()))


def _spans(text: str, style: Style = Style.PLAIN, depth: int = 0) -> tuple[Span, ...]:
    return tuple(_joined(_pieces(text, style, depth)))


def _pieces(text: str, style: Style, depth: int) -> Iterator[Span]:
    if depth > _MAX_DEPTH:
        yield Span(text, style)
        return
    end = 0
    for found in _INLINE.finditer(text):
        yield Span(text[end : found.start()], style)
        end = found.end()
        kind, inner = found.lastgroup or "", found[found.lastgroup or 0]
        if kind == "escaped":
            yield Span(inner, style)
        elif kind == "code":
            yield Span(inner, Style.CODE)
        elif kind == "url":
            url, title = web_url(inner), _unmarked(found["title"])
            yield Span(title.strip() or url, style, url) if url else Span(found[0], style)
        else:
            # The inner style wins: there is no bold italics.
            yield from _pieces(inner, Style.BOLD if kind.startswith("bold") else Style.ITALIC, depth + 1)
    yield Span(text[end:], style)


def _unmarked(title: str) -> str:
    return "".join(span.text for span in _spans(title))


def _joined(pieces: Iterator[Span]) -> Iterator[Span]:
    """Join neighbours that look the same, so that markup is not opened and closed between them."""
    last: Span | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if last is not None and (last.style, last.url, piece.url) == (piece.style, "", ""):
            last = replace(last, text=last.text + piece.text)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
