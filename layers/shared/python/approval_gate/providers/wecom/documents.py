"""
Read what the platform sends, XML and JSON alike, as one kind of tree.

The same facts come as XML events, as JSON events and as JSON answers, with lists as repeated siblings here and as
arrays there, and with names as `SpNo`, `sp_no` or `Sptime`. So both become a tree of elements, repeated siblings stay
side by side, and names are compared without case and underscores.

XML is read by the standard library's expat, set up to build nothing but elements and text: a DOCTYPE is refused at its
first token, so no entity can be declared, expanded or fetched, and only the five that XML itself knows remain. Depth is
limited here, size by the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from approval_gate.untrusted import json_object

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Element", "json_document", "read_document", "xml_document"]

MAX_DEPTH = 32
"""The deepest document of the platform has seven levels."""

_WORD = re.compile(r"[!-~]+")
_EPOCH_S = re.compile(r"[0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Element:
    """
    One element of a document, or one member of a JSON object.

    Args:
        name: folded, see the module.
        text: its own text; "" where it has children, and for JSON's null, true, false and fractions.
        children: in the document's order.
    """

    name: str = ""
    text: str = ""
    children: tuple[Element, ...] = ()

    def all(self, name: str) -> tuple[Element, ...]:
        """Return every child of this name."""
        folded = _folded(name)
        return tuple(child for child in self.children if child.name == folded)

    def first(self, name: str) -> Element:
        """Return the first child of this name; an empty element if there is none."""
        return next(iter(self.all(name)), _NOTHING)

    def word(self, name: str, *, limit: int = 128) -> str:
        """
        Return a child's text as an identifier: printable ASCII without spaces, at most `limit` characters.

        Anything else reads as empty, so that what goes into keys, logs and histories is harmless; and so does what is
        told twice with two values.
        """
        text = self._told(name)
        return text if len(text) <= limit and _WORD.fullmatch(text) else ""

    def prose(self, name: str, *, limit: int = 4000) -> str:
        """Return what a person wrote, cut to `limit` characters and always encodable."""
        return self.first(name).text[:limit].encode("utf-8", "replace").decode()

    def moment(self, name: str) -> datetime | None:
        """Read Unix seconds. Zero, the empty text and nonsense read as None: nothing happened yet."""
        text = self._told(name)
        seconds = int(text) if _EPOCH_S.fullmatch(text) else 0
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    def _told(self, name: str) -> str:
        texts = {child.text.strip() for child in self.all(name)}
        return texts.pop() if len(texts) == 1 else ""


_NOTHING = Element()


def read_document(raw: bytes) -> Element:
    """
    Read XML, or JSON where the first character that is no space is a brace.

    Raises:
        ValueError: it is neither, or more than we care to read. The text holds no data.
    """
    return json_document(raw) if raw.lstrip()[:1] == b"{" else xml_document(raw)


def json_document(raw: bytes) -> Element:
    """
    Read one JSON object: UTF-8, no repeated names, no NaN or Infinity.

    Raises:
        ValueError: it is none, or nested too deeply.
    """
    return next(_elements("", json_object(raw), 0))


def xml_document(raw: bytes) -> Element:
    """
    Read one XML document in UTF-8, whatever encoding it claims.

    Raises:
        ValueError: not well-formed, with a DOCTYPE or a processing instruction, or nested too deeply.
    """
    if b"\0" in raw:
        raise ValueError("not XML in UTF-8")  # the parser would take UTF-16 by its byte order mark all the same
    return _XmlReader().read(raw)


def _elements(name: str, value: Any, depth: int) -> Iterator[Element]:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        for each in value:
            yield from _elements(name, each, depth + 1)
    elif isinstance(value, dict):
        children = (child for key, each in value.items() for child in _elements(_folded(key), each, depth + 1))
        yield Element(name, children=tuple(children))
    elif isinstance(value, str):
        yield Element(name, value)
    else:
        yield Element(name, str(value) if type(value) is int else "")


class _XmlReader:
    """Build the tree of one document."""

    def __init__(self) -> None:
        # Each open element: its name, the pieces of its text, its children so far.
        self._open: list[tuple[str, list[str], list[Element]]] = [("", [], [])]
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.ProcessingInstructionHandler = self._refuse
        self._parser = parser

    def read(self, raw: bytes) -> Element:
        try:
            self._parser.Parse(raw, True)  # noqa: FBT003 - expat takes its arguments by position
        except expat.ExpatError as err:
            raise ValueError("not well-formed XML") from err
        return self._open[0][2][0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes  # the platform uses none
        if len(self._open) > MAX_DEPTH:
            raise ValueError("nested too deeply")
        self._open.append((_folded(name), [], []))

    def _end(self, name: str) -> None:
        del name  # expat has compared it
        folded, pieces, children = self._open.pop()
        self._open[-1][2].append(Element(folded, "" if children else "".join(pieces), tuple(children)))

    def _text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def _refuse(self, *_: object) -> None:
        raise ValueError("XML with more than elements and text")


def _folded(name: str) -> str:
    return name.replace("_", "").lower()
