"""An app, and what the doctor found out about it, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.consoles import Said
from cli.exits import NotRight
from cli.gate import path
from cli.run import Run
from cli.shown import moment, person

__all__ = ["callbacks_of", "check", "show_app"]

_MARKS = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "failed": ("✗", "red"),
    "skipped": ("-", None),
}


def check(run: Run, app_id: str, lang: str) -> None:
    """
    Let the gate examine an app, and print each check with what to do.

    Raises:
        NotRight: a check failed.
    """
    with run.terminal.progress(Said("Checking; this calls the platform", "正在检查，会调用平台接口").to(lang)):
        found = run.gate.send("POST", path("apps", app_id, "check"), patience_s=60).body
    run.terminal.document(found)
    suffix = "_zh" if lang == "zh" else ""
    for each in found["checks"]:
        mark, colour = _MARKS.get(each["status"], ("?", "red"))
        run.terminal.line(f"{mark} {each['name']:<20} {each.get(f'detail{suffix}') or each['detail']}", fg=colour)
        if fix := each.get(f"fix{suffix}") or each["fix"]:
            run.terminal.line(f"  {'':<20} → {fix}")
    if not found["ready"]:
        count = sum(each["status"] == "failed" for each in found["checks"])
        text = Said(f"{count} to mend before approvals work.", f"有 {count} 项需要处理，审批才能正常工作。")
        raise NotRight(text.to(lang))


def callbacks_of(app: Mapping[str, Any]) -> str:
    """Return whether the platform can tell the gate what happens."""
    if app["callbacks"] == "none":
        return "none"
    return "ready" if app["callbacks_ready"] else "keys missing"


def asked_of(app: Mapping[str, Any]) -> str:
    """Return how often an app without callbacks is asked about its approvals; "" for one that gets them."""
    if app["callbacks"] != "none":
        return ""
    asking = app["reconciliation"]
    most = asking["calls_per_month"]
    limit = "as often as it takes" if most is None else f"{most} times a month at most"
    return f"up to every {asking['max_pause_s'] // 60} min, {limit}"


def show_app(run: Run, app: Mapping[str, Any]) -> None:
    """Print an app."""
    run.terminal.document(app)
    credentials = "\n".join(
        f"{name}: {value}" if isinstance(value, str) else f"{name}: set {moment(value.get('updated_at'))}"
        for name, value in app["credentials"].items()
    )
    run.terminal.facts(
        {
            "id": app["id"],
            "provider": app["provider"],
            "name": app["name"],
            "request address": app["callback_url"],
            "callbacks": callbacks_of(app),
            "asked": asked_of(app),
            "last callback": moment(app["callback_seen_at"]) or "never",
            "credentials": credentials,
            "old keys until": moment(app["old_keys_until"]),
            "default requester": person(app["default_requester"] or {}),
            "base URL": app["base_url"],
            "robots": ", ".join(app["robots"]),
            "mapping": ", ".join(f"{name} is {value}" for name, value in app["user_mapping"].items()),
            "state": app["state"],
        }
    )
