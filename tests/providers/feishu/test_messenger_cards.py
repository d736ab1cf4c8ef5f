"""Cards: golden files, what a reader of CommonMark makes of our rich text, and what no text can do to a card."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from approval_gate.domain.message import LOCALES, Destination, DestinationKind, Field, Level, Link, Message
from approval_gate.domain.people import Identity
from approval_gate.markdown import Line, read
from approval_gate.ports.messages import Parcel, Recipient
from approval_gate.providers.feishu.card_parts import sent_bytes
from approval_gate.providers.feishu.markdown import card_markdown, text_lines
from approval_gate.providers.feishu.messages import card
from approval_gate.providers.feishu.messenger import Messenger
from approval_gate.providers.lark.messenger import Messenger as LarkMessenger
from tests.providers.feishu.test_messenger import Wire

GOLDEN = Path(__file__).parent / "golden"
ROOM = 29_000
# The vendor reads CommonMark; this is somebody else's idea of it.
COMMONMARK = MarkdownIt("commonmark").enable(["strikethrough", "table"])
SEVERAL = st.lists(
    st.sampled_from([*string.punctuation, *"abc 12\n\t长👍", "<at id=all>", "https://", "http://a.b/", "**", "```"]),
    max_size=60,
).map("".join)
TEXT = """\
## Release
**web** 1.42.0 is *live*, see [the log](https://ci.example.com/42?a=1&b=_2_).

- checkout
  - `payment --fast`
1. migrate
2. deploy
> reviewed by @ops

```
if a < b: <at id=all></at>
```
`<at id=all></at>` and <at id=all></at> & a_b * 2"""


def message(level: Level, locale: str) -> Message:
    """Return a message with everything in it; too many links, so that our own words show."""
    title = {"zh-CN": "已通过：部署 web 1.42.0", "en": "Approved: Deploy web 1.42.0"}[locale]
    return Message(
        title,
        TEXT,
        level,
        fields=(
            Field("Requested by", "周航"),
            Field("Commit", "9f1c2ab"),
            Field("Comment", "Looks good.\n- no *risk*"),
            Field("Duration", "3 min"),
        ),
        links=(*(Link(f"Link {n}", f"https://e.example/{n}") for n in range(1, 10)), Link("odd", "lark://x")),
        locale=locale,
    )


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("level", Level)
def test_a_card_is_as_agreed(level: Level, locale: str) -> None:
    golden = json.loads((GOLDEN / f"card_{level}_{locale}.json").read_text(encoding="utf-8"))

    assert card(message(level, locale), ROOM, (Identity("ou_1"), Identity("b0b00002"))) == golden


@pytest.mark.parametrize("edition", [Messenger, LarkMessenger], ids=["feishu", "lark"])
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("level", Level)
def test_both_editions_send_the_agreed_card(edition: type[Messenger], level: Level, locale: str) -> None:
    golden = json.loads((GOLDEN / f"card_{level}_{locale}.json").read_text(encoding="utf-8"))
    wire, chat = Wire(), Recipient(Destination(DestinationKind.CHAT, "oc_1"))
    mentions = (Identity("ou_1"), Identity("b0b00002"))

    wire.messenger(edition).send(Parcel("dlv_01", message(level, locale), (chat,), mentions))

    (body,) = wire.bodies
    assert (body["msg_type"], json.loads(body["content"])) == ("interactive", golden)


# -- what is read


def _tokens(rich: str) -> list[Token]:
    tokens: list[Token] = []
    for token in COMMONMARK.parse(rich):
        tokens += [token, *(token.children or [])]
    return tokens


def _links(rich: str) -> list[str]:
    return [str(token.attrGet("href")) for token in _tokens(rich) if token.type == "link_open"]


def _shown(rich: str) -> str:
    """Return the characters that a reader sees, without spaces and the marks of lists."""
    kept = [
        "\n" if token.type in {"softbreak", "hardbreak"} else token.content
        for token in _tokens(rich)
        if token.type in {"text", "code_inline", "fence", "code_block", "html_inline", "softbreak", "hardbreak"}
    ]
    return "".join("".join(kept).split())


def _characters(lines: tuple[Line, ...]) -> str:
    return "".join("".join(span.text for line in lines for span in line.spans).split())


@settings(max_examples=600, deadline=None)
@given(st.one_of(SEVERAL, st.text(max_size=60)))
def test_plain_words_are_shown_as_they_are_and_nothing_in_them_is_markup(text: str) -> None:
    lines = text_lines(text)

    rich = card_markdown(lines)

    assert _shown(rich) == _characters(lines)
    kinds = {token.type for token in _tokens(rich)}
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "softbreak", "text_special"}
    # The address of a link is the link's text: nothing leads elsewhere than it says.
    assert kinds <= allowed | ({"link_open", "link_close"} if "http" in text else set())
    assert all(unquote(link) in unquote(text) for link in _links(rich))


@settings(max_examples=600, deadline=None)
@given(st.one_of(SEVERAL, st.text(max_size=60)))
def test_of_the_markup_only_the_agreed_subset_comes_through(text: str) -> None:
    lines = read(text)

    rich = card_markdown(lines)

    tokens = _tokens(rich)
    assert not {"html_inline", "html_block", "image", "code_block", "hr", "table_open", "s_open", "text_special"} & {
        token.type for token in tokens
    }
    assert all(link.startswith(("http://", "https://")) for link in _links(rich))
    assert "<at" not in rich
    assert _shown(rich).replace("＜", "<") == _characters(lines).replace("＜", "<")


@pytest.mark.parametrize(
    ("text", "rich"),
    [
        ("a **b** c", "a **b** c"),
        ("**重要：**内容", "**重要：** 内容"),
        ("x**(y)**z", "x **(y)** z"),
        ("_a_**b**", "*a* **b**"),
        ("- a\n    - b\n        - c", "- a\n    - b\n        - c"),
        ("    - b", "- b"),
        ("1. a\ntext", "1. a\n\ntext"),
        ("text\n2. a", "text\n\n2. a"),
        ("```\na ``` b\n```", "````\na ``` b\n````"),
        ("1\\. a", "1&#46; a"),
        ("\\- a", "&#45; a"),
        ("---", "&#45;--"),
        ("a\n===", "a\n&#61;=="),
        (":DONE: at 12:30:15", "&#58;DONE: at 12&#58;30:15"),
        ("![x](https://e.example/x.png)", "[x](https://e.example/x.png)"),
        ("`a`", "`a`"),
        ("> # a", "> &#35; a"),
        (
            "见https://e.example/a_b?c=*&d（1）。",
            "见[https://e.example/a&#95;b?c=&#42;&#38;d](https://e.example/a_b?c=*&d)（1）。",
        ),
        ("see http://e.example/.", "see [http://e.example/](http://e.example/)."),
        ("https:///x http://", "https:///x http://"),
        ("**https://e.example**", "**[https://e.example](https://e.example)**"),
    ],
)
def test_markup_is_written_as_the_vendor_reads_it(text: str, rich: str) -> None:
    assert card_markdown(read(text)) == rich


# -- sizes and shapes


def _elements(value: Any) -> int:
    if isinstance(value, dict):
        return ("tag" in value) + sum(map(_elements, value.values()))
    return sum(map(_elements, value)) if isinstance(value, list) else 0


_WORDS = st.text(alphabet=st.sampled_from('ab长👍<"\\*\n '), max_size=40).map(lambda text: text * 400)


@settings(max_examples=25, deadline=None)
@given(
    title=_WORDS,
    text=_WORDS,
    fields=st.lists(st.builds(Field, _WORDS, _WORDS), max_size=40),
    links=st.lists(st.builds(Link, _WORDS, _WORDS.map(lambda text: f"https://e.example/{text}"[:2000])), max_size=40),
    room=st.sampled_from((3_000, 19_800, 29_800)),
)
def test_a_card_never_outgrows_its_room(
    title: str, text: str, fields: list[Field], links: list[Link], room: int
) -> None:
    people = tuple(Identity(f"ou_{n:032d}") for n in range(60))

    shown = card(Message(title, text, fields=tuple(fields), links=tuple(links)), room, people)

    assert sent_bytes(shown) <= room
    assert _elements(shown["body"]) <= 200


@pytest.mark.parametrize(("locale", "notice"), [("zh-CN", "截断"), ("en", "shortened"), ("fr", "截断")])
def test_what_is_missing_is_told_in_the_readers_language(locale: str, notice: str) -> None:
    for long in (
        Message("t", "a\n" * 12_000, locale=locale),
        Message("t", "word " * 9_000, locale=locale),
        Message("t" * 400, locale=locale),
        Message("t", fields=tuple(Field(f"{n}", "v") for n in range(30)), locale=locale),
        Message("t", fields=(Field("n", "v" * 5000),), locale=locale),
        Message("t", links=tuple(Link(f"{n}", "https://e.example") for n in range(9)), locale=locale),
    ):
        assert notice in json.dumps(card(long, ROOM)["body"]["elements"][-1], ensure_ascii=False)


def test_what_is_whole_has_no_notice() -> None:
    whole = Message("t", "text\n" * 300, fields=(Field("n", "v" * 1500),), links=(Link("l", "https://e.example"),))

    assert "截断" not in json.dumps(card(whole, ROOM), ensure_ascii=False)


def test_short_fields_stand_in_two_columns_and_long_ones_alone() -> None:
    fields = tuple(Field(name, value) for name, value in (("a", "1"), ("b", "2"), ("c", "x" * 80), ("d", "4")))

    elements = card(Message("t", fields=fields), ROOM)["body"]["elements"]

    assert [each["tag"] for each in elements] == ["column_set", "markdown", "markdown"]
    first = elements[0]
    assert first["tag"] == "column_set"
    assert len(first["columns"]) == 2


def test_an_untitled_message_gets_a_title() -> None:
    assert card(Message(" \x00\n"), ROOM)["header"]["title"]["content"] == "通知"
    assert card(Message("", locale="en"), ROOM)["header"]["title"]["content"] == "Notification"


@pytest.mark.parametrize("value", ["all", "ALL", "x></at><at id=all", "a,b", "", 'a"b', "长"])
def test_an_id_that_a_tag_cannot_hold_mentions_nobody(value: str) -> None:
    assert card(Message("t"), ROOM, (Identity(value),))["body"]["elements"] == []
