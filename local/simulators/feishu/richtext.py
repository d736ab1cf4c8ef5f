"""
Rich text of cards of JSON 2.0, as a person reads it: CommonMark without blocks of HTML, and the platform's own tags.

Source: "Rich text (Markdown), JSON 2.0 structure", read 2026-02-28. CommonMark is read by a library, so that nobody's
own idea of Markdown decides what a client of the gate may write. Mentions are searched for in code, too: that a tag
does nothing there is not documented.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["RichText", "mentioned_ids", "read_rich"]

_AT = re.compile(r"<\s*at\b([^<>]*)>", re.IGNORECASE)
_AT_ID = re.compile(r"""\b(?:id|ids|user_id|email)\s*=\s*["']?([^\s"'<>]+)""", re.IGNORECASE)
_TAG = re.compile(
    r"</?\s*(?:at|person|font|text_tag|link|a|raw|number_tag|local_datetime|br|hr|i|b)\b[^<>]*>", re.IGNORECASE
)


@dataclass(slots=True)
class RichText:
    """What a person sees: text, links as title and address, and keys of images."""

    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


def mentioned_ids(content: str) -> list[str]:
    """Return the ids, or `all`, of those whom a rich text alerts."""
    found = [each for attributes in _AT.findall(content) for each in _AT_ID.findall(attributes)]
    return [one for each in found for one in each.split(",") if one]


def read_rich(content: str, name_of: Callable[[str], str] = str) -> RichText:
    """Read a rich text; `name_of` tells how an id is shown."""
    shown = RichText()
    lines: list[str] = []
    numbers: list[int | None] = []
    prefix = ""
    for token in _markdown().parse(content):
        match token.type:
            case "bullet_list_open":
                numbers.append(None)
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
            case "list_item_open":
                number = numbers[-1]
                prefix = "    " * (len(numbers) - 1) + ("• " if number is None else f"{number}. ")
                if number is not None:
                    numbers[-1] = number + 1
            case "blockquote_open":
                prefix = "> "
            case "inline":
                lines.append(prefix + _inline(token.children or [], shown, name_of))
                prefix = ""
            case "fence" | "code_block":
                lines.append(token.content.rstrip("\n"))
            case _:
                pass
    shown.text = "\n".join(lines)
    return shown


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("strikethrough").disable("html_block")


def _inline(tokens: Iterable[Token], shown: RichText, name_of: Callable[[str], str]) -> str:
    text, address, title_from = "", "", 0
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                text += "\n"
            case "link_open":
                address, title_from = str(token.attrGet("href") or ""), len(text)
            case "link_close":
                shown.links.append((text[title_from:], address))
            case "image":
                shown.images.append(str(token.attrGet("src") or ""))
            case "html_inline":
                text += _tag(token.content, name_of)
            case _:
                text += token.content
    return text


def _tag(tag: str, name_of: Callable[[str], str]) -> str:
    if tag.startswith("<br"):
        return "\n"
    return "".join(f"@{name_of(each)}" for each in mentioned_ids(tag)) if _TAG.fullmatch(tag) else tag
