"""What a person reads of Markdown on the simulators' pages."""

from __future__ import annotations

import pytest

from local.simulators.frame.rich_text import read_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("### **a** and *b*", "a and b"),
        ("> `c` __d__ _e_", "│ c d e"),
        ("a  \n  b", "a\nb"),
        ("2 * 3 * 4, snake_case_name, **open", "2 * 3 * 4, snake_case_name, **open"),
    ],
)
def test_marks_are_not_read(text: str, shown: str) -> None:
    assert read_markdown(text) == (shown, [])


def test_links_stand_beside_the_text() -> None:
    assert read_markdown("see [log](https://a.example/1)") == ("see log", [("log", "https://a.example/1")])
