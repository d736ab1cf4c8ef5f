"""An approval, a history, a notification, as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cli.terminal import Terminal

__all__ = ["moment", "person", "progress_of", "show_approval", "show_history", "span"]

_COLOURS = {"APPROVED": "green", "REJECTED": "red", "FAILED": "red", "EXPIRED": "yellow", "CANCELED": "yellow"}
_MARKS = {"APPROVED": "✓", "REJECTED": "✗", "TRANSFERRED": "→", "PENDING": "…", "DONE": "-"}


def show_approval(terminal: Terminal, approval: Mapping[str, Any]) -> None:
    """Print an approval: its status first, then who was asked and what they said."""
    status = str(approval.get("status"))
    outcome: Mapping[str, Any] = approval.get("outcome") or {}
    terminal.line(f"{status}  {approval.get('title', '')}", fg=_COLOURS.get(status), bold=True)
    names = ", ".join(person(each) for each in outcome.get("decided_by") or ())
    terminal.facts(
        {
            "id": approval.get("id"),
            "app": f"{approval.get('app')} ({approval.get('provider')})",
            "requester": person(approval.get("requester") or {}),
            "decided by": names,
            "comment": outcome.get("comment"),
            "reason": outcome.get("reason"),
            "because": _because(outcome),
            "decided at": moment(outcome.get("decided_at")),
            "expires at": moment(approval.get("expires_at")) if not outcome else "",
            "open at": approval.get("open_url"),
        }
    )
    if outcome.get("still_open_at_provider"):
        terminal.note(
            "It is still open on the platform, which has no way to withdraw it. A click there changes nothing."
        )
    if outcome.get("revoked_at"):
        terminal.note("It was taken back on the platform after it had been approved. The outcome stands.")
    rows = [
        (
            f"{number + 1} {stage.get('mode')}",
            person(task.get("approver") or {}),
            f"{_MARKS.get(str(task.get('status')), ' ')} {task.get('status')}",
            moment(task.get("decided_at")),
            task.get("comment") or "",
        )
        for number, stage, task in _tasks(approval)
    ]
    terminal.table(("stage", "approver", "task", "at", "comment"), rows)


def show_history(terminal: Terminal, entries: Sequence[Mapping[str, Any]], approval: Mapping[str, Any]) -> None:
    """Print what is on record, in order: people by the names that the approval has for them, which are told below."""
    names = _names(approval)

    def named(text: object) -> str:
        return ", ".join(names.get(each, each) for each in str(text or "").split(", "))

    rows = [
        (
            entry.get("seq"),
            moment(entry.get("at")),
            entry.get("kind"),
            named(entry.get("by")),
            "; ".join(f"{name}: {named(value)}" for name, value in (entry.get("detail") or {}).items()),
        )
        for entry in entries
    ]
    terminal.table(("#", "at", "what", "by", "detail"), rows)
    terminal.facts({"people": "\n".join(f"{name} is {user_id}" for user_id, name in names.items() if name != user_id)})


def _because(outcome: Mapping[str, Any]) -> str:
    """Return what the outcome's detail adds to its reason and comment; of two languages the English one."""
    told = f"{outcome.get('reason')} {outcome.get('comment')}"
    detail: Mapping[str, Any] = outcome.get("detail") or {}
    added = {name: str(value) for name, value in detail.items() if name != "zh" and str(value) not in told}
    return "\n".join(value if name == "en" else f"{name}: {value}" for name, value in added.items())


def _names(approval: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the people of an approval by the platform's ids."""
    people = [approval.get("requester"), *(task.get("approver") for _, _, task in _tasks(approval))]
    people += [task.get("transferred_to") for _, _, task in _tasks(approval)]
    people += (approval.get("outcome") or {}).get("decided_by") or []
    return {each["user_id"]: person(each) for each in people if isinstance(each, dict) and each.get("user_id")}


def progress_of(approval: Mapping[str, Any], now: datetime | None) -> str:
    """Return who is waited for and, given `now`, for how long at most."""
    waiting = [person(t.get("approver") or {}) for _, _, t in _tasks(approval) if t.get("status") == "PENDING"]
    decided = sum(t.get("status") in {"APPROVED", "REJECTED"} for _, _, t in _tasks(approval))
    text = f"Waiting for {', '.join(waiting[:3]) or 'the platform'}"
    if len(waiting) > 3:
        text += f" and {len(waiting) - 3} more"
    if decided:
        text += f"; {decided} answered"
    end = _parsed(approval.get("expires_at"))
    if now is not None and end is not None and now < end:
        text += f"; {span(int((end - now).total_seconds()))} left"
    return f"{text} ({approval.get('id')})"


def person(known: Mapping[str, Any]) -> str:
    """Return somebody by name, otherwise as the request named them."""
    if known.get("name"):
        return str(known["name"])
    return next((str(value) for value in known.values() if value), "")


def moment(at: object) -> str:
    """Return a time of the API, to the second."""
    found = _parsed(at)
    return f"{found:%Y-%m-%d %H:%M:%S} UTC" if found else ""


def span(seconds: int) -> str:
    """Return a span of time in its two largest units."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if count := seconds // size:
            parts.append(f"{count} {unit}")
            seconds -= count * size
    return " ".join(parts[:2]) or "0 s"


def _parsed(at: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    return found.astimezone(UTC)


def _tasks(approval: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
    for number, stage in enumerate(approval.get("stages") or ()):
        for task in stage.get("tasks") or ():
            yield number, stage, task
