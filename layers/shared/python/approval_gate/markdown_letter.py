"""
One message as one text of a platform's Markdown: heading, text, fields, links, mentions, reference.

The reference at the end is small print, the same on every attempt and another for every other message. It is there
because platforms drop a text that they have shown to the same person already, some for a day and without a word: so a
repeated attempt is dropped, and two equal messages are not. A time would do neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from approval_gate.domain.message import LOCALES, Level, Link, Message
from approval_gate.markdown import MAX_CHARS, Line, LineKind, Span, Style, one_line, read, web_url
from approval_gate.markdown_writing import Dialect, shortened, written

__all__ = ["EMOJI", "Letter", "link_title", "reference", "title_of", "words"]

_MAX_TITLE_CHARS = 100
_MAX_NAME_CHARS = 60
_MAX_VALUE_CHARS = 300
_REFERENCE_CHARS = 8
_CHARS_PER_BYTE = 2  # of a text before it is read: markup may shrink, but hardly to less than half

EMOJI = {Level.INFO: "ℹ️", Level.SUCCESS: "✅", Level.WARNING: "⚠️", Level.ERROR: "❌"}

_WORDS: dict[str, dict[str, str]] = {
    "zh-CN": {
        "cut": "（内容过长，已截断）",
        "reference": "编号",
        "untitled": "通知",
        "open": "打开",
        "closed": "已更新",
        "colon": "：",
        Level.INFO: "通知",
        Level.SUCCESS: "成功",
        Level.WARNING: "警告",
        Level.ERROR: "错误",
    },
    "en": {
        "cut": "(too long, shortened here)",
        "reference": "Ref",
        "untitled": "Notification",
        "open": "Open",
        "closed": "Updated",
        "colon": ": ",
        Level.INFO: "Info",
        Level.SUCCESS: "Success",
        Level.WARNING: "Warning",
        Level.ERROR: "Error",
    },
}


def words(message: Message) -> dict[str, str]:
    """Return our own words in the language of a message."""
    return _WORDS.get(message.locale) or _WORDS[LOCALES[0]]


def title_of(message: Message) -> str:
    """Return the title on one line, never empty and at most 100 characters."""
    title = one_line(message.title) or words(message)["untitled"]
    return title if len(title) <= _MAX_TITLE_CHARS else title[: _MAX_TITLE_CHARS - 1].rstrip() + "…"


def link_title(link: Link, message: Message) -> str:
    """Return a link's title on one line, never empty."""
    return one_line(link.title) or words(message)["open"]


def reference(parcel_id: str) -> str:
    """Return the short name of what is sent, by which its repetitions are known."""
    return hashlib.sha256(parcel_id.encode("utf-8", "replace")).hexdigest()[:_REFERENCE_CHARS]


@dataclass(frozen=True, slots=True)
class Letter:
    """
    Everything of a message that goes into one text, and how large that may be.

    Args:
        heading, mentions, signature: as the platform reads them.
        links: those that are shown in the text and not as buttons.
        field_kind: what kind of line a field is.
        size: of a text as the platform counts, envelope included.
    """

    message: Message
    dialect: Dialect
    heading: str
    signature: str
    size: Callable[[str], int]
    limit: int
    links: Sequence[Link] = ()
    mentions: str = ""
    field_kind: LineKind = LineKind.TEXT

    def written(self) -> str:
        """
        Return the text, at most as large as allowed. What is too long is cut, and a notice says so.

        Links take at most half of the room and fields three quarters with them, so that the text is never crowded out
        by them nor they by the text.
        """
        room = min(MAX_CHARS, _CHARS_PER_BYTE * self.limit)
        text = read(self.message.text[:room])
        fields = tuple(self._field(field.name, field.value) for field in self.message.fields)
        links = tuple(self._link(link) for link in self.links)
        whole = self._joined(text, fields, links)
        if len(self.message.text) <= room and self.size(whole) <= self.limit:
            return whole
        links = shortened(links, lambda some: self._fits((), (), some, self.limit // 2))
        fields = shortened(fields, lambda some: self._fits((), some, links, self.limit * 3 // 4))
        text = shortened(text, lambda some: self._fits(some, fields, links, self.limit))
        return self._joined(text, fields, links, notice=words(self.message)["cut"])

    def _fits(self, text: Sequence[Line], fields: Sequence[Line], links: Sequence[Line], limit: int) -> bool:
        return self.size(self._joined(text, fields, links, notice=words(self.message)["cut"])) <= limit

    def _joined(self, text: Sequence[Line], fields: Sequence[Line], links: Sequence[Line], *, notice: str = "") -> str:
        blocks = [written(lines, self.dialect) for lines in (text, fields)]
        blocks = [self.heading, *blocks, notice, written(links, self.dialect), self.mentions, self.signature]
        return "\n\n".join(block for block in blocks if block)

    def _field(self, name: str, value: str) -> Line:
        colon = words(self.message)["colon"]
        label, shown = one_line(name)[:_MAX_NAME_CHARS], one_line(value)
        shown = shown if len(shown) <= _MAX_VALUE_CHARS else shown[: _MAX_VALUE_CHARS - 1] + "…"
        return Line(self.field_kind, (Span(label, Style.BOLD), Span(f"{colon}{shown}")))

    def _link(self, link: Link) -> Line:
        url, title = web_url(link.url), link_title(link, self.message)
        # What is no address of the web is shown, and leads nowhere.
        return Line(LineKind.BULLET, (Span(title, url=url) if url else Span(f"{title}: {one_line(link.url)}"),))
