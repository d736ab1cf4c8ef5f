"""`approval-gate notify`, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

import click

from cli.asking import message_body
from cli.exits import NotRight
from cli.gate import path
from cli.inputs import DESTINATION, LINK, PAIR, PERSON
from cli.run import Command, Commands, Run
from cli.shown import moment

__all__ = ["notifications", "notify"]

_FIRST_LOOK_S, _LONGEST_LOOK_S = 1.0, 30.0


@click.command(cls=Command)
@click.option("--app", help="The registered app that tells.")
@click.option("--to", type=DESTINATION, multiple=True, help="Whom: as in `request`, or chat:…, robot:…, everyone.")
@click.option("--title", help="What it is about, in a line.")
@click.option("--text", help="More, in simple Markdown; - reads standard input.")
@click.option("--level", type=click.Choice(["info", "success", "warning", "error"]), help="How it looks.")
@click.option("--field", "fields", type=PAIR, multiple=True, help="A labelled value.")
@click.option("--link", "links", type=LINK, multiple=True, help="A link.")
@click.option("--mention", type=PERSON, multiple=True, help="Whom to alert in a group.")
@click.option("--template", help="Words of a stored template, in place of title and text.")
@click.option("--var", "variables", type=PAIR, multiple=True, help="A variable of the template.")
@click.option("--locale", type=click.Choice(["zh-CN", "en"]), help="The language of the gate's own words.")
@click.option(
    "--file",
    "file",
    type=click.File(encoding="utf-8"),
    help="The notification as JSON, as the API takes it (- is standard input); options go before it.",
)
@click.option("--idempotency-key", help="Run again with the same key, nothing is sent twice.")
@click.option("--wait", is_flag=True, help="Wait until everything was sent or failed; 4 when something failed.")
@click.pass_obj
def notify(run: Run, /, *, file: TextIO | None, idempotency_key: str | None, wait: bool, **given: Any) -> None:
    """
    Send a message.

    \b
      approval-gate notify --app feishu-prod --to chat:oc_1 --level success \\
        --title Deployed --text "**web** 1.42.0 is live"
    """  # noqa: D301 - click reads the backspace
    if given["text"] == "-":
        given["text"] = click.get_text_stream("stdin", encoding="utf-8").read()
    body = message_body(file, given)
    found = run.gate.send(
        "POST", path("notifications"), body, idempotency_key=idempotency_key or run.outside.new_key()
    ).body
    if wait:
        found = _wait(run, found)
    _show(run, found)


@click.group(cls=Commands)
def notifications() -> None:
    """See what became of messages."""


@notifications.command("show")
@click.argument("notification_id")
@click.option("--wait", is_flag=True, help="Wait until everything was sent or failed; 4 when something failed.")
@click.pass_obj
def show_notification(run: Run, notification_id: str, *, wait: bool) -> None:
    """Show each destination of a message: sent, failed and why, or queued."""
    found = run.gate.get(path("notifications", notification_id)).body
    _show(run, _wait(run, found) if wait else found)


def _wait(run: Run, found: dict[str, Any]) -> dict[str, Any]:
    pause_s = _FIRST_LOOK_S
    with run.terminal.progress(_progress_of(found)) as tell:
        while found["status"] == "QUEUED":
            run.outside.pause(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_LOOK_S)
            found = run.gate.get(path("notifications", found["id"])).body
            tell(_progress_of(found))
    return found


def _progress_of(found: Mapping[str, Any]) -> str:
    counts = found["counts"]
    return f"{found['id']}: {counts['sent']} of {counts['asked']} sent, {counts['failed']} failed"


def _show(run: Run, found: Mapping[str, Any]) -> None:
    run.terminal.document(found)
    counts = found["counts"]
    told = ", ".join(f"{counts[name]} {name}" for name in ("sent", "failed", "dropped", "queued") if counts[name])
    run.terminal.facts({"id": found["id"], "status": found["status"], "deliveries": told})
    rows = [
        (
            ", ".join(f"{kind}: {value}" if value is not True else kind for kind, value in each["destination"].items()),
            each["status"],
            each["attempts"],
            moment(each["finished_at"] or each["next_attempt_at"]),
            each["problem"] or "",
        )
        for each in found["deliveries"]
    ]
    run.terminal.table(("to", "status", "attempts", "at", "problem"), rows)
    if found["status"] == "FAILED":
        raise NotRight(f"{counts['failed']} of {counts['asked']} deliveries failed.")
