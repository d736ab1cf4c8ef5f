"""Several messages to one destination as one, for when it cannot take them all."""

from __future__ import annotations

from collections.abc import Sequence

from approval_gate.domain.message import LOCALES, Level, Link, Message
from approval_gate.domain.people import PersonRef
from approval_gate.markdown import one_line, plain, read
from approval_gate.markdown_escape import escaped

__all__ = ["combined"]

_SHOWN = 40
_LINE = 120
_LINKS = 5
_LEVELS = tuple(Level)
_TITLES = {"zh-CN": "{count} 条通知：{first}", "en": "{count} notifications: {first}"}
_COLONS = {"zh-CN": "：", "en": ": "}
_MORE = {"zh-CN": "……另有 {count} 条", "en": "... and {count} more"}


def combined(messages: Sequence[Message], locale: str) -> Message:
    """
    Return one message that tells the title and the first line of each, oldest first, as loud as the loudest of them.

    Mentions of all are kept; of links, the first few.
    """
    locale = locale if locale in LOCALES else LOCALES[0]
    lines = [_line(message, _COLONS[locale]) for message in messages[:_SHOWN]]
    if len(messages) > _SHOWN:
        lines.append(_MORE[locale].format(count=len(messages) - _SHOWN))
    links: dict[str, Link] = {link.url: link for message in messages for link in message.links[:1]}
    mentions: dict[tuple[str, str], PersonRef] = {(m.kind, m.value): m for each in messages for m in each.mentions}
    return Message(
        title=_TITLES[locale].format(count=len(messages), first=messages[0].title),
        text="\n".join(lines),
        level=max((message.level for message in messages), key=_LEVELS.index),
        links=tuple(links.values())[:_LINKS],
        mentions=tuple(mentions.values()),
        locale=locale,
    )


def _line(message: Message, colon: str) -> str:
    text = plain(read(message.text))
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    cut = first if len(first) <= _LINE else first[: _LINE - 1] + "…"
    return "- " + escaped(one_line(message.title) + (f"{colon}{cut}" if cut else ""))
