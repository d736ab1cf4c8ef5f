"""Message contents: whether the platform takes them, and what a person reads in them."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from local.simulators.feishu.answers import Problem
from local.simulators.feishu.richtext import mentioned_ids, read_rich

__all__ = ["check_content", "mentions_of", "read_content"]

_LARGEST_BYTES = {"text": 150 * 1024}
_LARGEST_OTHER_BYTES = 30 * 1024
_KINDS = frozenset(
    {"text", "post", "interactive", "image", "file", "audio", "media", "sticker", "share_chat", "share_user", "system"}
)
_MOST_ELEMENTS = 200
_RICH = ("markdown", "lark_md")
_TAGS = re.compile(r"<(/?)(at|font|text_tag|link|local_datetime|number_tag|a|b|i|br|hr)\b[^<>]*>")


def check_content(msg_type: object, content: object) -> dict[str, Any]:
    """
    Read the content of a message.

    Source: "Send message" and "Message content", limits 150 KB for text and 30 KB for the rest, read 2026-02-28.

    Raises:
        Problem: unknown type, no JSON text, too large, or a card that cannot be shown.
    """
    if msg_type not in _KINDS:
        raise Problem(230001, f"invalid msg_type {msg_type!r}")
    if not isinstance(content, str):
        raise Problem(230001, "content must be a JSON text")
    if len(content.encode()) > _LARGEST_BYTES.get(str(msg_type), _LARGEST_OTHER_BYTES):
        raise Problem(230025)
    try:
        parsed = json.loads(content)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise (
            Problem(230099, "ext=ErrCode: 200621; ErrMsg: parse card json err")
            if msg_type == "interactive"
            else Problem(230001, "content is not a JSON object in a text")
        )
    if msg_type == "text" and not isinstance(parsed.get("text"), str):
        raise Problem(230001, "content needs text")
    if msg_type == "interactive":
        _check_card(parsed)
    return parsed


def _check_card(card: dict[str, Any]) -> None:
    if card.get("type") == "template":
        return
    if card.get("schema") == "2.0":
        if any(element.get("tag") == "action" for element in _elements(card)):
            raise Problem(
                230099, "ext=ErrCode: 200861; ErrMsg: cards of schema V2 no longer support this capability: action"
            )
        if sum("tag" in element for element in _elements(card.get("body"))) > _MOST_ELEMENTS:
            raise Problem(230099, "ext=ErrCode: 11310; ErrMsg: card element exceeds the limit")
        for text in _rich_texts(card):
            if any(not key.startswith("img_") for key in read_rich(text).images):
                raise Problem(230099, "ext=ErrCode: 200570; ErrMsg: card contains invalid image keys")
    elif not any(name in card for name in ("elements", "i18n_elements", "header")):
        raise Problem(230099, "ext=ErrCode: 200621; ErrMsg: the card has no elements")


def mentions_of(msg_type: str, content: str) -> list[str]:
    """Return the ids, or `all`, of those whom a message alerts by name, each once."""
    parsed = json.loads(content)
    if msg_type == "interactive":
        texts = _rich_texts(parsed)
    elif msg_type == "text":
        texts = [str(parsed.get("text"))]
    else:
        texts = [f"<at id={element.get('user_id')}>" for element in _elements(parsed) if element.get("tag") == "at"]
    return list(dict.fromkeys(one for text in texts for one in mentioned_ids(text)))


def read_content(
    msg_type: str, content: str, *, is_chinese: bool = True, name_of: Callable[[str], str] = str
) -> tuple[str, str, list[tuple[str, str]], str]:
    """
    Return title, text, links and colour of a message, as far as plain text can tell them.

    Args:
        name_of: how somebody is shown who is mentioned by id.
    """
    try:
        parsed = json.loads(content)
    except ValueError:
        return "", content, [], ""
    if not isinstance(parsed, dict):
        return "", content, [], ""
    if msg_type == "text":
        return "", _plain(str(parsed.get("text", ""))), [], ""
    language = "zh_cn" if is_chinese else "en_us"
    if msg_type == "post":
        post = parsed.get("post", parsed)
        post = post.get(language) or next(iter(post.values()), {}) if "content" not in post else post
        lines = ["".join(_spoken(part) for part in line) for line in post.get("content", [])]
        links = [(str(e.get("text") or e.get("href")), str(e["href"])) for e in _elements(post) if e.get("href")]
        return str(post.get("title", "")), "\n".join(lines), links, ""
    if msg_type == "interactive":
        return _read_card(parsed, language, name_of)
    return "", f"[{msg_type}]", [], ""


def _read_card(
    card: dict[str, Any], language: str, name_of: Callable[[str], str]
) -> tuple[str, str, list[tuple[str, str]], str]:
    header = card.get("header") or {}
    title = header.get("title") or {}
    title_text = (title.get("i18n") or title.get("i18n_content") or {}).get(language) or title.get("content") or ""
    body = card.get("body") or {}
    elements = body.get("elements") or (card.get("i18n_elements") or {}).get(language) or card.get("elements") or []
    texts: list[str] = []
    links: list[tuple[str, str]] = []
    for part in elements if isinstance(elements, list) else []:
        columns = part.get("columns") if isinstance(part, dict) and part.get("tag") == "column_set" else None
        shown: list[str] = []
        for column in columns or [part]:
            words, more_links = _read_part(card, column, language, name_of)
            shown.append(words.replace("\n", ": ", 1) if columns else words)
            links += more_links
        texts.append("    ".join(shown).rstrip())
    return str(title_text), "\n".join(text for text in texts if text), links, str(header.get("template", ""))


def _read_part(
    card: dict[str, Any], part: Any, language: str, name_of: Callable[[str], str]
) -> tuple[str, list[tuple[str, str]]]:
    """Return text and links of one element, or of one column."""
    texts: list[str] = []
    links: list[tuple[str, str]] = []
    for element in _elements(part):
        tag = element.get("tag")
        address = _address(element)
        if tag == "button" and address:
            links.append((str((element.get("text") or {}).get("content", "")), address))
        elif tag in {"markdown", "lark_md", "plain_text"} and not _inside_button(element, part):
            i18n = element.get("i18n_content") or element.get("i18n") or {}
            content = str(i18n.get(language) or element.get("content", ""))
            if tag != "plain_text" and card.get("schema") == "2.0":
                rich = read_rich(content, name_of)
                texts.append(rich.text)
                links += rich.links
            else:
                texts.append(content if tag == "plain_text" else _plain(content))
    return "\n".join(text for text in texts if text), links


def _rich_texts(card: dict[str, Any]) -> list[str]:
    return [str(each.get("content", "")) for each in _elements(card) if each.get("tag") in _RICH]


def _inside_button(text: dict[str, Any], elements: Any) -> bool:
    return any(element.get("tag") == "button" and element.get("text") is text for element in _elements(elements))


def _address(element: dict[str, Any]) -> str:
    for behavior in element.get("behaviors") or []:
        if isinstance(behavior, dict) and behavior.get("default_url"):
            return str(behavior["default_url"])
    return str(element.get("url") or (element.get("multi_url") or {}).get("url") or "")


def _elements(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside, outer ones first."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from _elements(member)
    elif isinstance(value, list):
        for member in value:
            yield from _elements(member)


def _spoken(part: Any) -> str:
    if not isinstance(part, dict):
        return ""
    if part.get("tag") == "at":
        return f"@{part.get('user_name') or part.get('user_id', '')}"
    return _plain(str(part.get("text", "")))


def _plain(text: str) -> str:
    text = re.sub(
        r"<at [^<>]*?(?:id|user_id|email)=\"?([^\s\"<>]+)\"?[^<>]*>([^<]*)</at>", lambda m: f"@{m[2] or m[1]}", text
    )
    return _TAGS.sub("", text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("**", "")
