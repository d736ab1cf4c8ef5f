"""What the documents point to is there."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from approval_gate.api.models import REQUEST_MAX_BYTES, TIMEOUT_MAX_S, TIMEOUT_MIN_S
from approval_gate.domain.schedule import REMIND_AGAIN_AFTER, UNREACHABLE_GRACE
from approval_gate.errors import ApprovalAlreadyDecided, GateError, RemindedAlready, RequestError
from tests.fakes.aws import TABLE, aws, create_table, template

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "events/*.md")
    for path in ROOT.glob(pattern)
)
SOURCES = (".", "layers/shared/python/approval_gate", "local", "tests", "functions")
"""Where the documents' names of files begin."""


def text_of(page: str) -> str:
    """Return a page without its blocks of code."""
    whole = (ROOT / page).read_text(encoding="utf-8")
    return re.sub(r"^ *```.*?^ *```$", "", whole, flags=re.DOTALL | re.MULTILINE)


def links(page: str) -> list[str]:
    return [to for to in re.findall(r"\]\(([^)\s]+)\)", text_of(page)) if "://" not in to]


def anchors(page: Path) -> set[str]:
    """Return the names under which the headings of a page are linked."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        to = (ROOT / page).parent / file if file else ROOT / page
        assert to.exists(), link
        assert not anchor or anchor in anchors(to), link


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[str] = set()
    fresh = {"README.md"}
    while fresh:
        reached |= fresh
        fresh = {
            ((ROOT / page).parent / link.partition("#")[0]).resolve().relative_to(ROOT).as_posix()
            for page in fresh
            if page.endswith(".md")
            for link in links(page)
            if link.partition("#")[0]
        } - reached

    assert set(PAGES) <= reached


@pytest.mark.parametrize("page", PAGES)
def test_every_source_file_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"`([\w./-]+\.(?:py|yaml|json|md|in))`", text_of(page))
    paths = [name for name in named if "/" in name and not name.startswith((".local/", ".aws-sam/"))]

    assert [name for name in paths if not any((ROOT / base / name).exists() for base in SOURCES)] == []


def test_the_decisions_and_invariants_are_numbered_without_gap_or_repetition() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for heading in ("The decisions", "Invariants"):
        section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        numbers = [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]

        assert numbers == list(range(1, len(numbers) + 1)) != []


def test_every_alarm_of_the_template_is_in_the_runbook() -> None:
    alarms = {name for name, each in template()["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    runbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)` \|", runbook, re.MULTILINE)) == alarms


def test_the_restoring_script_puts_back_what_is_missing_and_changes_nothing_that_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    monkeypatch.setattr(sys, "argv", ["restore.py", "restored", TABLE])

    def item(key: str, status: str) -> dict[str, Any]:
        return {"PK": {"S": key}, "SK": {"S": "APPROVAL"}, "status": {"S": status}, "version": {"N": "3"}}

    with aws() as client:
        create_table(client, "restored")
        for key in ("APPROVAL#lost", "APPROVAL#decided"):
            client.put_item(TableName="restored", Item=item(key, "PENDING"))
        client.put_item(TableName=TABLE, Item=item("APPROVAL#decided", "APPROVED"))

        exec(compile(script, "restore.py", "exec"), {})  # noqa: S102 - what the page tells to run

        items = {each["PK"]["S"]: each for each in client.scan(TableName=TABLE)["Items"]}
    assert items == {
        "APPROVAL#lost": item("APPROVAL#lost", "PENDING"),
        "APPROVAL#decided": item("APPROVAL#decided", "APPROVED"),
    }
    assert capsys.readouterr().out == "1 items copied\n"


def subclasses(of: type[GateError]) -> set[type[GateError]]:
    return {of} | {each for direct in of.__subclasses__() for each in subclasses(direct)}


def test_the_page_of_errors_names_every_code_that_callers_get_and_no_other() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("## Limits")[0]
    rows = re.findall(r"^\| (4\d\d|5\d\d)[^|]* \| ([^|]*) \|", page, re.MULTILINE)
    named = {code for _, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    source = "".join(file.read_text() for file in (ROOT / SOURCES[1]).rglob("*.py"))
    callers = {each.code for each in subclasses(RequestError) | {ApprovalAlreadyDecided, RemindedAlready}}

    assert callers <= named
    assert [code for code in sorted(named) if f'"{code}"' not in source] == []


def test_the_page_of_limits_tells_the_numbers_of_the_code() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("## Limits")[2]

    assert f"{REQUEST_MAX_BYTES // 1024} KiB" in page
    assert (TIMEOUT_MIN_S, TIMEOUT_MAX_S) == (60, 30 * 86_400)
    assert (timedelta(minutes=5), timedelta(minutes=10)) == (REMIND_AGAIN_AFTER, UNREACHABLE_GRACE)
    assert "60 s to 30 days" in page
    assert "at most every five minutes" in page
    assert "up to ten minutes" in page
