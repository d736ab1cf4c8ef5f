"""Writing the subset for a platform: nothing that was text becomes markup, and long texts are cut where they fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_gate.markdown import Line, LineKind, Span, Style, read
from approval_gate.markdown_writing import Dialect, columns, cut_to_columns, shortened, written

DIALECT = Dialect(styles={Style.BOLD: ("**", "**"), Style.ITALIC: ("*", "*"), Style.CODE: ("`", "`")})


def rewritten(text: str) -> str:
    return written(read(text), DIALECT)


@pytest.mark.parametrize(
    "text",
    [
        "**b** *i* `c` [t](https://a.example/x)",
        "#### h\na\nb\n\nc",
        "- a\n  - b\n1. c\n> d\n\ne",
    ],
)
def test_markup_of_the_subset_is_kept(text: str) -> None:
    assert rewritten(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<font color='red'>a</font>", "＜font color='red'>a＜/font>"),
        ("<@all> <at id=all></at>", "＜@all> ＜at id=all>＜/at>"),
        ("[t](dingtalk://x)", "［t］(dingtalk://x)"),
        ("**open", "＊＊open"),
        ("~~gone~~", "～～gone～～"),
        ("&lt;b&gt; a & b", "＆lt;b＆gt; a & b"),
        ("---", "－--"),
        ("#a", "＃a"),
        ("snake_case and _open", "snake_case and ＿open"),
        (r"C:\temp\ ", "C:\\temp＼"),
        ("`<b>`", "`＜b>`"),
        (r"\- a", "－ a"),
        (r"1\. a", "1． a"),
    ],
)
def test_everything_else_is_literal(text: str, expected: str) -> None:
    assert rewritten(text) == expected


def test_headings_of_a_text_stay_below_ours() -> None:
    assert rewritten("# a") == "#### a"


def test_white_space_stands_outside_of_markup() -> None:
    lines = [Line(LineKind.TEXT, (Span("a "), Span(" b ", Style.BOLD), Span("c")))]

    assert written(lines, DIALECT) == "a  **b** c"


@given(st.text(alphabet="ab*_`[]()#>-.1!\\ \nhtps:/~&;<@", max_size=120), st.integers(0, 130))
def test_what_is_shortened_fits_and_is_a_beginning(text: str, limit: int) -> None:
    lines = read(text)

    kept = shortened(lines, lambda some: len(written(some, DIALECT).encode()) <= limit)

    assert len(written(kept, DIALECT).encode()) <= limit
    assert len(kept) <= len(lines)
    assert kept[:-1] == lines[: max(len(kept) - 1, 0)]


def test_a_link_is_kept_whole_or_not_at_all() -> None:
    lines = read("see [the log](https://ci.example.com/42) now")

    for limit in range(60):
        text = written(shortened(lines, lambda some, limit=limit: len(written(some, DIALECT)) <= limit), DIALECT)
        assert "[" not in text or "[the log](https://ci.example.com/42)" in text


def test_an_address_is_not_cut_in_the_middle() -> None:
    lines = read("see https://ci.example.com/42")

    assert written(shortened(lines, lambda some: len(written(some, DIALECT)) <= 20), DIALECT) == "see"


def test_columns_count_half_for_narrow_characters() -> None:
    assert columns("ab部署") == 6
    assert cut_to_columns("ab部署", 6) == "ab部署"
    assert cut_to_columns("ab部署完成", 8) == "ab部署…"
