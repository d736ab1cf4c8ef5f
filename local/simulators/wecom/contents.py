"""
Contents of messages: what is accepted, and what a person reads of it.

Source: "Send application messages", "Group robots", read 2026-02-28. Lengths are bytes of UTF-8; what is too long is
cut in an app's message and refused in a robot's.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from local.simulators.frame.rich_text import read_markdown
from local.simulators.wecom.answers import Problem
from local.simulators.wecom.call import is_one_of

__all__ = ["card_tone", "check_card", "check_content", "mentioned", "read_content"]

_KINDS = frozenset(
    {
        "text",
        "image",
        "voice",
        "video",
        "file",
        "textcard",
        "news",
        "mpnews",
        "markdown",
        "miniprogram_notice",
        "template_card",
    }
)
_FILES = frozenset({"image", "voice", "video", "file", "mpnews"})
_NOTICES = frozenset({"text_notice", "news_notice"})
_CARDS = _NOTICES | {"button_interaction", "vote_interaction", "multiple_interaction"}
_TEXT_BYTES = 2048
_TONES = {"0": "grey", "2": "red", "3": "green"}
_MENTION = re.compile(r"<@([^<>\s]{1,64})>")
_MARKUP = re.compile(r"</?(?:div|font|a|br)\b[^>]*>")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>')


def check_content(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """
    Return type and content of an app's message.

    Raises:
        Problem: the type is unknown or the content does not fit it.
    """
    msgtype = body.get("msgtype")
    if not isinstance(msgtype, str) or msgtype not in _KINDS:
        raise Problem(40008)
    content = body.get(msgtype)
    if not isinstance(content, dict):
        raise Problem(44004)
    if msgtype in {"text", "markdown"}:
        text = content.get("content")
        if not isinstance(text, str) or not text:
            raise Problem(44004)
        return msgtype, {**content, "content": text.encode()[:_TEXT_BYTES].decode(errors="ignore")}
    if msgtype == "textcard":
        _check_text_card(content)
    elif msgtype == "news":
        articles = content.get("articles")
        if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
            raise Problem(40058, "articles")
        if not all(isinstance(one, dict) and one.get("title") for one in articles):
            raise Problem(40058, "articles.title")
    elif msgtype == "template_card":
        check_card(content)
    elif msgtype in _FILES:
        # Uploads are not modelled, so no media_id is ever valid.
        raise Problem(40007)
    return msgtype, content


def read_content(msgtype: str, content: dict[str, Any]) -> tuple[str, str, list[tuple[str, str]]]:
    """Return title, text and links of a message."""
    if msgtype == "text":
        return "", *_plain(str(content.get("content", "")))
    if msgtype in {"markdown", "markdown_v2"}:
        text = str(content.get("content", ""))
        if msgtype == "markdown":
            text = _MENTION.sub(lambda found: "@" + found[1].removeprefix("@"), text)
        return "", *read_markdown(_MARKUP.sub("", text))
    if msgtype == "textcard":
        text, links = _plain(str(content.get("description", "")))
        return str(content.get("title", "")), text, [(str(content.get("btntxt") or "详情"), content["url"]), *links]
    if msgtype == "news":
        articles = content.get("articles") or []
        links = [(str(one.get("title", "")), str(one.get("url", ""))) for one in articles if one.get("url")]
        return str(articles[0].get("title", "")), str(articles[0].get("description") or ""), links
    if msgtype == "template_card":
        return _read_card(content)
    return "", msgtype, []


def card_tone(content: dict[str, Any]) -> str:
    """Return the colour of a card's source; none for other messages."""
    source = content.get("source")
    return _TONES.get(str(source.get("desc_color")), "") if isinstance(source, dict) else ""


def mentioned(msgtype: str, content: dict[str, Any]) -> list[str]:
    """Return who is alerted in a group: by the list of a text, or by `<@userid>` in Markdown; `all` for everybody."""
    listed = content.get("mentioned_list") if msgtype == "text" else None
    ids = [str(one).removeprefix("@") for one in listed] if isinstance(listed, list) else []
    # What `<@all>` does in Markdown is not documented; here it is taken at its word.
    ids += (
        [one.removeprefix("@") for one in _MENTION.findall(str(content.get("content")))]
        if msgtype == "markdown"
        else []
    )
    return list(dict.fromkeys(ids))


def _check_text_card(content: dict[str, Any]) -> None:
    title, description, url = (content.get(name) for name in ("title", "description", "url"))
    if not isinstance(title, str) or not isinstance(description, str) or not title or not description:
        raise Problem(40058, "title or description")
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"}:
        raise Problem(40058, "url")
    if len(url.encode()) > 2048:
        raise Problem(45002)


def check_card(card: dict[str, Any]) -> None:
    """
    Check a template card.

    Raises:
        Problem: a field of it is refused.
    """
    kind = card.get("card_type")
    if not is_one_of(kind, _CARDS):
        raise Problem(40058, "card_type")
    main = card.get("main_title") or {}
    if not isinstance(main, dict) or not (main.get("title") or card.get("sub_title_text")):
        raise Problem(40058, "main_title.title and sub_title_text are empty")
    for name, most, code in (("horizontal_content_list", 6, 42027), ("jump_list", 3, 42042)):
        rows = card.get(name) or []
        if not isinstance(rows, list) or len(rows) > most or not all(isinstance(one, dict) for one in rows):
            raise Problem(code)
    action = card.get("card_action")
    if kind in _NOTICES and (not isinstance(action, dict) or not is_one_of(action.get("type"), (1, 2))):
        raise Problem(42045)
    if kind == "button_interaction":
        buttons = card.get("button_list")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= 6:
            raise Problem(42038)
        keys = [one.get("key") for one in buttons if isinstance(one, dict) and not one.get("type")]
        if not all(isinstance(key, str) and key for key in keys) or len(set(keys)) < len(keys):
            raise Problem(42039)


def _read_card(card: dict[str, Any]) -> tuple[str, str, list[tuple[str, str]]]:
    main = card.get("main_title") or {}
    rows = card.get("horizontal_content_list") or []
    source = card.get("source")
    lines = [
        str(source.get("desc") or "") if isinstance(source, dict) else "",
        str(main.get("desc") or ""),
        str(card.get("sub_title_text") or ""),
        *(f"{row.get('keyname', '')}: {row.get('value', '')}" for row in rows),
    ]
    jumps = [one for one in card.get("jump_list") or [] if one.get("url")]
    links = [(str(one.get("title") or ""), str(one["url"])) for one in jumps]
    buttons = card.get("button_list")
    links += [
        (str(one.get("text") or ""), str(one["url"]))
        for one in (buttons if isinstance(buttons, list) else [])
        if isinstance(one, dict) and one.get("url")
    ]
    lines += [f"[{card['replace_text']}]"] if card.get("replace_text") else []
    action = card.get("card_action")
    if isinstance(action, dict) and action.get("url") and str(action["url"]) not in {url for _, url in links}:
        links.insert(0, ("详情", str(action["url"])))
    return str(main.get("title") or ""), "\n".join(line for line in lines if line), links


def _plain(text: str) -> tuple[str, list[tuple[str, str]]]:
    links = [(found[2], found[1]) for found in _LINK.finditer(text)]
    return _MARKUP.sub("", _LINK.sub(r"\2", text)), links
