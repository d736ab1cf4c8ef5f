"""
What the command says: results on standard output, everything else on standard error.

On a terminal with tables and colour; elsewhere plain text, a tab between columns, one line per row; with `--json`
exactly one document. Words of other people (titles, comments, names) cannot move the cursor or change its direction.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["Terminal", "safe"]

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: object) -> str:
    """Return text without what would control a terminal."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", str(text))


def _line(text: object) -> str:
    return " ".join(safe(text).split())


class Terminal:
    """One run's output. `is_json` may be set until something was shown."""

    def __init__(self) -> None:
        self.is_json = False
        self._has_document = False

    @property
    def lives(self) -> bool:
        """Tell whether notes go to a terminal, which can show how something changes."""
        return sys.stderr.isatty()

    # -- results

    def document(self, document: Mapping[str, Any] | Sequence[Any]) -> None:
        """Print a result for programs. Only with `--json`, and only once."""
        if not self.is_json or self._has_document:
            return
        self._has_document = True
        click.echo(json.dumps(document, indent=2))

    def documented(self) -> None:
        """Say that somebody else has printed the document."""
        self._has_document = True

    def facts(self, facts: Mapping[str, object]) -> None:
        """Print names and values; empty values are left out."""
        if self.is_json:
            return
        known = {name: safe(value) for name, value in facts.items() if value not in (None, "")}
        width = max((len(name) for name in known), default=0)
        for name, value in known.items():
            lines = value.splitlines() or [""]
            click.echo("\n".join([f"{name:<{width}}  {lines[0]}", *(" " * (width + 2) + line for line in lines[1:])]))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str = "") -> None:
        """Print rows; `empty` is said, as a note, when there are none."""
        if self.is_json:
            return
        if not rows:
            self.note(empty)
            return
        if not sys.stdout.isatty():
            for row in (columns, *rows):
                click.echo("\t".join(_line(cell) for cell in row))
            return
        table = Table(header_style="bold", box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")  # an id that is cut cannot be copied
        for row in rows:
            table.add_row(*(Text(safe(cell)) for cell in row))
        Console(file=sys.stdout).print(table)

    def line(self, text: str, **style: Any) -> None:
        """Print one line of a result for people."""
        if not self.is_json:
            click.echo(click.style(safe(text), **style))

    def secret(self, value: str) -> None:
        """Print a secret that is shown once, alone, so that it can be piped."""
        if not self.is_json:
            click.echo(value)

    # -- beside the result

    def note(self, text: str, **style: Any) -> None:
        """Tell something beside the result."""
        if text:
            click.echo(click.style(safe(text), **style), err=True)

    def error(self, text: str) -> None:
        """Tell what went wrong."""
        self.note(text, fg="red")

    @contextmanager
    def progress(self, text: str) -> Iterator[Callable[[str], None]]:
        """
        Show that something goes on; call what is yielded with how far it is.

        A terminal shows the last text beside a spinner; elsewhere each new text is a line.
        """
        if self.lives:
            with Console(file=sys.stderr).status(Text(safe(text))) as status:
                yield lambda new: status.update(Text(_line(new)))
            return
        last = [text]
        self.note(text)

        def tell(new: str) -> None:
            if new != last[0]:
                last[0] = new
                self.note(_line(new))

        yield tell
