"""Tables, the machine, and RESULTS.md, of which each suite owns one section."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import re
import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RESULTS", "Section", "machine", "median_and_spread", "percentile", "text_table", "with_section"]

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_PACKAGES: Final = (
    "boto3",
    "botocore",
    "awslambdaric",
    "aws-sam-cli",
    "aws-lambda-powertools",
    "lark-oapi",
    "ministack",
)
_TITLE: Final = "# Measured\n\nWritten by `make bench`; each section by its own suite, with the machine it ran on.\n"


@dataclass(frozen=True, slots=True)
class Section:
    """
    What one suite found.

    Args:
        name: stable; the section is replaced by it.
        title: the heading.
        header, rows: the table.
        notes: what a reader must know to believe the numbers.
        command: how to get them again.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: Sequence[str] = field(default_factory=tuple)
    command: str = "make bench"

    def markdown(self) -> str:
        """Return the section between its marks."""
        lines = [f"<!-- begin {self.name} -->", f"## {self.title}", ""]
        rules = [_rule(column) for column in zip(*self.rows, strict=True)]
        lines += [_row(self.header), _row(rules), *map(_row, self.rows), ""]
        lines += [f"- {note}" for note in self.notes]
        lines += [f"- {machine()}", f"- Again: `{self.command}`", f"<!-- end {self.name} -->"]
        return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(cells: Sequence[str]) -> str:
    """Set numbers to the right and words to the left."""
    return "---:" if _are_numbers(cells) else "---"


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(cell[:1].isdigit() for cell in cells)


def with_section(document: str, section: Section) -> str:
    """Return the document with this section in its old place, or at the end; everything else stays as it is."""
    marks = re.compile(f"<!-- begin {section.name} -->.*?<!-- end {section.name} -->\n", re.DOTALL)
    text = section.markdown()
    if marks.search(document):
        return marks.sub(lambda _: text, document, count=1)
    return (document or _TITLE) + "\n" + text


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table for the terminal: words to the left, numbers to the right."""
    columns = []
    for title, *cells in zip(header, *rows, strict=True):
        width = max(map(len, (title, *cells)))
        columns.append([cell.rjust(width) if _are_numbers(cells) else cell.ljust(width) for cell in (title, *cells)])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def median_and_spread(values: Sequence[float]) -> str:
    """Return `median (smallest to largest)`."""
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def machine() -> str:
    """Say in one line what the numbers were measured on, and when."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    ram = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return (
        f"Machine: {os.cpu_count()} cores of {cpu.group(1).strip() if cpu else platform.machine()}, {ram:.0f} GB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; {packages}. "
        f"{datetime.now(UTC):%Y-%m-%d}, load average {os.getloadavg()[0]:.1f}, the benchmark's own share in it."
    )
