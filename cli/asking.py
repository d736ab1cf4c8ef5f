"""Make the bodies of requests from options and a file. What the gate checks is not checked twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

import click

from cli.exits import Misused
from cli.inputs import named_values, pairs_of, read_json
from cli.run import Run

__all__ = ["approval_body", "confirm", "from_file", "message_body"]


def from_file(file: TextIO | None) -> dict[str, Any]:
    """
    Return what a file of `--file` holds; nothing without a file.

    Raises:
        Misused: no JSON object, or no text.
    """
    if file is None:
        return {}
    try:
        return read_json(file.read(), getattr(file, "name", "standard input"))
    except UnicodeDecodeError as err:
        raise Misused(f"{getattr(file, 'name', 'the file')} is not UTF-8 text.") from err


def approval_body(file: TextIO | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the body of `POST /v1/approvals`.

    Args:
        given: the options of `request` by name; what was not given is None or empty, and left to the file or the gate.

    Raises:
        Misused: options contradict each other, or something that cannot do without is missing.
    """
    said = {
        **{name: given[name] for name in ("app", "title", "description", "requester", "timeout_s", "supersede_key")},
        "fields": named_values(given["fields"]) or None,
        "links": list(given["links"]) or None,
        "cc": list(given["cc"]) or None,
        "metadata": pairs_of(given["metadata"], "--metadata") or None,
        "stages": _stages(given) or None,
        "reminders": _reminders(given) or None,
        "escalation": _escalation(given) or None,
        "callback": {"url": given["callback_url"]} if given["callback_url"] is not None else None,
    }
    body = from_file(file) | {name: value for name, value in said.items() if value is not None}
    policy = {
        "allow_self_approval": given["allow_self_approval"],
        "allow_auto_pass": given["allow_auto_pass"],
        "allow_transfer": False if given["no_transfer"] else None,
    }
    _add(body, "policy", policy)
    for name, option in (("app", "--app"), ("title", "--title"), ("stages", "--approver or --stage")):
        if not body.get(name):
            raise Misused(f"Give {option}, or a --file that holds {name!r}.")
    return body


def message_body(file: TextIO | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of `POST /v1/notifications`; arguments and errors as `approval_body`."""
    body = from_file(file)
    for name in ("app", "template", "locale"):
        if given[name] is not None:
            body[name] = given[name]
    if given["to"]:
        body["to"] = list(given["to"])
    if variables := pairs_of(given["variables"], "--var"):
        body["variables"] = variables
    message = {
        "title": given["title"],
        "text": given["text"],
        "level": given["level"],
        "fields": named_values(given["fields"]) or None,
        "links": list(given["links"]) or None,
        "mention": list(given["mention"]) or None,
    }
    _add(body, "message", message)
    if not body.get("app") or not body.get("to"):
        raise Misused("Give --app and --to, or a --file that holds both.")
    if ("message" in body) == ("template" in body):
        raise Misused("Say what to tell: --title and --text, or a --template with its --var; not both.")
    return body


def _add(body: dict[str, Any], name: str, options: Mapping[str, Any]) -> None:
    """Put what was given over what the file says of the same object."""
    if said := {each: value for each, value in options.items() if value is not None}:
        before = body.get(name)
        body[name] = {**(before if isinstance(before, dict) else {}), **said}


def _stages(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    if given["stages"] and (given["approvers"] or given["mode"]):
        raise Misused(
            "Give --stage, or --approver with --mode, not both: a stage says its mode, as in any:a@example.com."
        )
    if given["mode"] and not given["approvers"]:
        raise Misused("--mode says how --approver counts: name one.")
    if given["approvers"]:
        return [{"mode": given["mode"] or "all", "approvers": list(given["approvers"])}]
    return list(given["stages"])


def _reminders(given: Mapping[str, Any]) -> dict[str, int]:
    said = {
        "first_after_s": given["remind_after"],
        "repeat_every_s": given["remind_every"],
        "max": given["remind_max"],
    }
    found = {name: value for name, value in said.items() if value is not None}
    if found and "first_after_s" not in found:
        raise Misused("--remind-every and --remind-max belong to --remind-after.")
    return found


def _escalation(given: Mapping[str, Any]) -> dict[str, Any]:
    if (given["escalate_after"] is None) != (not given["escalate_to"]):
        raise Misused("--escalate-after and --escalate-to belong together.")
    return {"after_s": given["escalate_after"], "notify": list(given["escalate_to"])} if given["escalate_to"] else {}


def confirm(run: Run, question: str, *, yes: bool) -> None:
    """
    Ask before something that cannot be undone.

    Raises:
        Misused: nobody can be asked, and `--yes` was not given.
        click.Abort: the answer is no.
    """
    if yes:
        return
    if not run.can_ask:
        raise Misused(f"{question} Nobody can be asked here: add --yes.")
    click.confirm(question, abort=True, err=True)
