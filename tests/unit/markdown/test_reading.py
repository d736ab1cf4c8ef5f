"""The Markdown subset of messages: what is markup, and that nothing else is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_gate.markdown import MAX_CHARS, Line, LineKind, Span, Style, clean, plain, read, web_url

BOLD, ITALIC, CODE = Style.BOLD, Style.ITALIC, Style.CODE
HOSTILE = {
    "bold": "**a ",
    "open bold": "** ",
    "italic": "*a ",
    "underscores": "_a __b ",
    "brackets": "[a](",
    "open brackets": "[",
    "images": "![a](http://",
    "backticks": "`a",
    "backslashes": "\\",
    "hashes": "# ",
    "lines": "\n- ",
    "nested": "**_",
}


def spans(text: str) -> tuple[Span, ...]:
    (line,) = read(text)
    return line.spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**b**", [Span("b", BOLD)]),
        ("__b__", [Span("b", BOLD)]),
        ("*i*", [Span("i", ITALIC)]),
        ("_i_", [Span("i", ITALIC)]),
        ("`a*b*`", [Span("a*b*", CODE)]),
        ("a **b** c", [Span("a "), Span("b", BOLD), Span(" c")]),
        ("**a `b` c**", [Span("a ", BOLD), Span("b", CODE), Span(" c", BOLD)]),
        ("[t](https://a.example/x)", [Span("t", url="https://a.example/x")]),
        ("[](https://a.example)", [Span("https://a.example", url="https://a.example")]),
        ("**[t](https://a.example)**", [Span("t", BOLD, "https://a.example")]),
        ("![t](https://a.example/pixel.png)", [Span("t", url="https://a.example/pixel.png")]),
        (r"\*a\* \[b\](c)", [Span("*a* [b](c)")]),
        ("2 * 3 * 4", [Span("2 * 3 * 4")]),
        ("snake_case_name", [Span("snake_case_name")]),
        ("**open", [Span("**open")]),
        ("[t](javascript:alert(1))", [Span("[t](javascript:alert(1))")]),
        ("[t](dingtalk://dingtalkclient/page)", [Span("[t](dingtalk://dingtalkclient/page)")]),
    ],
)
def test_inline_markup(text: str, expected: list[Span]) -> None:
    assert list(spans(text)) == expected


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("# a", LineKind.HEADING, 1),
        ("###### a", LineKind.HEADING, 6),
        ("- a", LineKind.BULLET, 0),
        ("  * a", LineKind.BULLET, 1),
        ("3. a", LineKind.NUMBERED, 3),
        ("3) a", LineKind.NUMBERED, 3),
        ("> a", LineKind.QUOTE, 0),
        (">a", LineKind.QUOTE, 0),
        ("a", LineKind.TEXT, 0),
        ("#a", LineKind.TEXT, 0),
        ("-a", LineKind.TEXT, 0),
        ("1.5 a", LineKind.TEXT, 0),
    ],
)
def test_lines(text: str, kind: LineKind, number: int) -> None:
    (line,) = read(text)

    assert (line.kind, line.number) == (kind, number)


def test_a_block_of_code_is_not_read() -> None:
    lines = read("a\n```python\n**x** = [1]\n\n```\nb")

    assert [line.kind for line in lines] == [LineKind.TEXT, LineKind.CODE, LineKind.CODE, LineKind.TEXT]
    assert lines[1] == Line(LineKind.CODE, (Span("**x** = [1]", CODE),))


def test_text_without_markup_keeps_its_signs() -> None:
    assert plain(read("# a\n- **b**\n  - c\n2. [d](https://d.example)\n\n> e")) == "a\n• b\n  • c\n2. d\n\ne"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://a.example/x?y=1&z=%20#f", "https://a.example/x?y=1&z=%20#f"),
        (" http://a.example ", "http://a.example"),
        ("https://a.example/a b)(", "https://a.example/a%20b%29%28"),
        ("https://a.example/发布", "https://a.example/%E5%8F%91%E5%B8%83"),
        ('https://a.example/"><img>', "https://a.example/%22%3E%3Cimg%3E"),
        ("javascript:alert(1)", ""),
        ("//a.example", ""),
        ("https://", ""),
        ("http://[::1", ""),
        ("https://a.example/" + "p" * 3000, ""),
    ],
)
def test_only_addresses_of_the_web_are_addresses(given: str, expected: str) -> None:
    assert web_url(given) == expected


def test_what_turns_text_around_or_cannot_be_encoded_is_gone() -> None:
    assert clean("a\u202eb\u2066c\x00\x1b[31m\ud800\r\nd\u2028e\tf") == "abc[31m?\nd\ne    f"


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long_to_read(piece: str) -> None:
    started = time.process_time()

    read(piece * (MAX_CHARS // len(piece) * 3))

    assert time.process_time() - started < 2


@given(st.text(alphabet="ab*_`[]()#>-.1!\\ \nhttps:/~&;<@中", max_size=200))
def test_every_text_can_be_read_and_no_letter_of_it_is_lost(text: str) -> None:
    shown = plain(read(text))

    if "```" not in text and "~~~" not in text and "](http" not in text:
        assert shown.count("中") == text.count("中")
