"""`approval-gate contacts`: synchronise an app's people, and find them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from cli.exits import NotRight
from cli.gate import WAITING_S, path
from cli.run import Commands, Run
from cli.shown import moment

__all__ = ["contacts"]

_FIRST_LOOK_S, _LONGEST_LOOK_S = 1.0, 15.0


@click.group(cls=Commands)
def contacts() -> None:
    """People, departments and chats of an app."""


@contacts.command("sync")
@click.argument("app")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Stay until it is done.")
@click.option("--daily/--no-daily", default=True, show_default=True, help="Repeat it every day and when people change.")
@click.option("--confirm-leavers", is_flag=True, help="Believe a reading that lacks most of the people known before.")
@click.pass_obj
def sync_contacts(run: Run, app: str, *, wait: bool, daily: bool, confirm_leavers: bool) -> None:
    """
    Read an app's people from its platform.

    Ctrl-C does not end it: `contacts status` shows how far it is.
    """
    body = {"daily": daily, "confirm_leavers": confirm_leavers}
    found = run.gate.send("POST", path("apps", app, "contacts", "sync"), body).body
    if wait:
        pause_s = _FIRST_LOOK_S
        with run.terminal.progress(_progress_of(found)) as tell:
            while found["status"] in {"WANTED", "RUNNING"}:
                run.outside.pause(pause_s)
                pause_s = min(pause_s * 1.5, _LONGEST_LOOK_S)
                found = run.gate.get(path("apps", app, "contacts", "sync"), patience_s=WAITING_S).body
                tell(_progress_of(found))
    _show_sync(run, found)


@contacts.command("status")
@click.argument("app")
@click.pass_obj
def show_sync(run: Run, app: str) -> None:
    """Show how far the synchronisation is, and the report of the last one that ended well."""
    _show_sync(run, run.gate.get(path("apps", app, "contacts", "sync")).body)


@contacts.command("find")
@click.argument("app")
@click.argument("query", default="")
@click.option("--department", help="Only of this department and those below it, by its id.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many at most.")
@click.pass_obj
def find_people(run: Run, app: str, query: str, department: str | None, limit: int) -> None:
    """Find people by name, pinyin, its initials, or e-mail address."""
    wanted = {"query": query, "department": department, "limit": limit}
    found = run.gate.get(path("apps", app, "contacts", "users"), wanted).body
    run.terminal.document(found)
    rows = [
        (
            each["user_id"],
            each["name"],
            each["email"] or "",
            each["title"],
            ", ".join(one["name"] for one in each["departments"]),
        )
        for each in found["users"]
    ]
    run.terminal.table(
        ("user id", "name", "e-mail", "title", "departments"),
        rows,
        f"Nobody. People are known after: approval-gate contacts sync {app}",
    )
    if found.get("next_cursor"):
        run.terminal.note("There are more: narrow the search, or raise --limit.")


@contacts.command("departments")
@click.argument("app")
@click.option("--parent", help="Below this one, by its id; the top when left out.")
@click.pass_obj
def list_departments(run: Run, app: str, parent: str | None) -> None:
    """List one level of departments."""
    found = run.gate.get(path("apps", app, "contacts", "departments"), {"parent": parent}).body
    run.terminal.document(found)
    rows = [(each["department_id"], each["name"], "…" if each["has_children"] else "") for each in found["departments"]]
    run.terminal.table(("id", "name", "more below"), rows, "There are none.")


@contacts.command("chats")
@click.argument("app")
@click.argument("query", default="")
@click.pass_obj
def find_chats(run: Run, app: str, query: str) -> None:
    """Find group chats that messages can go to."""
    found = run.gate.get(path("apps", app, "chats"), {"query": query}).body
    run.terminal.document(found)
    rows = [(each["chat_id"], each["name"], each["description"]) for each in found["chats"]]
    run.terminal.table(("id", "name", "about"), rows, found["problem"] or "There are none.")


def _progress_of(found: Mapping[str, Any]) -> str:
    if found["status"] == "WANTED":
        return "Waiting for the synchronisation to begin"
    return f"{found['people']} people in {found['departments']} departments, {found['calls']} calls"


def _show_sync(run: Run, found: Mapping[str, Any]) -> None:
    run.terminal.document(found)
    report: Mapping[str, Any] = found.get("report") or {}
    run.terminal.facts(
        {
            "status": found["status"],
            "problem": found["problem"],
            "people": found["people"],
            "departments": found["departments"],
            "calls": found["calls"],
            "next": moment(found["next_at"]) if found["daily"] else "",
            **{name: report.get(name) for name in ("groups", "chats", "created", "updated", "returned", "left")},
            "unread": "\n".join(f"{each['what']}: {each['problem']}" for each in report.get("unread") or ()),
            "notes": "\n".join(report.get("notes") or ()),
        }
    )
    rows = [
        (each["kind"], each["value"], ", ".join(each["people"]), each["cause"])
        for each in report.get("conflicts") or ()
    ]
    if rows:
        run.terminal.table(("ambiguous", "value", "people", "cause"), rows)
    if found["status"] == "FAILED":
        raise NotRight(f"The synchronisation failed: {found['problem']}")
