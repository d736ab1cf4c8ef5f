"""`approval-gate request`, `status`, `list`, `cancel`, `remind`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TextIO

import click

from cli.asking import approval_body
from cli.exits import Exit, Interrupted, Misused, Problem, Refused, exit_of
from cli.gate import Answer, path
from cli.inputs import DURATION, LINK, PAIR, PERSON, STAGE
from cli.run import Command, Run
from cli.shown import moment, show_approval, show_history
from cli.waiting import interruptible, is_pending, wait_for

__all__ = ["cancel", "list_approvals", "remind", "request", "status"]

_CANCEL_OPTION = click.option(
    "--cancel-on-interrupt",
    is_flag=True,
    help="With --wait: cancel the approval on Ctrl-C or SIGTERM, instead of leaving it pending.",
)


@click.command(cls=Command)
@click.option("--app", help="The registered app that asks.")
@click.option("--title", help="What is asked, in a line.")
@click.option("--approver", "approvers", type=PERSON, multiple=True, help="Who is asked; may be repeated.")
@click.option(
    "--mode",
    type=click.Choice(["all", "any", "sequence"]),
    help="Of several --approver: everybody must agree (all, the default), one is enough, or one after another.",
)
@click.option(
    "--stage",
    "stages",
    type=STAGE,
    multiple=True,
    help="Instead of --approver: stages in order, such as --stage any:lead@example.com,qa@example.com --stage ….",
)
@click.option("--description", help="More about it.")
@click.option("--field", "fields", type=PAIR, multiple=True, help="A labelled value that approvers see.")
@click.option("--link", "links", type=LINK, multiple=True, help="A link that approvers see.")
@click.option("--metadata", type=PAIR, multiple=True, help="A value that comes back with the outcome.")
@click.option("--requester", type=PERSON, help="In whose name; otherwise the app's default requester.")
@click.option("--cc", type=PERSON, multiple=True, help="Who else hears of the outcome.")
@click.option("--timeout", "timeout_s", type=DURATION, help="When it expires, at most 30d; 1h unless said otherwise.")
@click.option("--remind-after", type=DURATION, help="When approvers who have not answered are reminded.")
@click.option("--remind-every", type=DURATION, help="How often then.")
@click.option("--remind-max", type=click.IntRange(1), help="How many times at most.")
@click.option("--escalate-after", type=DURATION, help="When to tell others that nobody has decided.")
@click.option("--escalate-to", type=PERSON, multiple=True, help="Whom to tell.")
@click.option("--supersede-key", help="A newer request of the same key cancels this one while it is pending.")
@click.option("--callback-url", help="Where the outcome is posted, signed.")
@click.option("--allow-self-approval", is_flag=True, default=None, help="The requester's own decision may count.")
@click.option("--allow-auto-pass", is_flag=True, default=None, help="A task that the platform passed may count.")
@click.option("--no-transfer", is_flag=True, default=None, help="A decision after a transfer does not count.")
@click.option(
    "--file",
    "file",
    type=click.File(encoding="utf-8"),
    help="The request as JSON, as the API takes it (- is standard input); options go before it.",
)
@click.option(
    "--idempotency-key",
    help="Run again with the same key and request, the command finds the first approval instead of making another. "
    "Without it every run asks anew.",
)
@click.option("--wait", is_flag=True, help="Wait for the outcome; the exit code tells it.")
@_CANCEL_OPTION
@click.pass_obj
def request(
    run: Run,
    /,
    *,
    file: TextIO | None,
    idempotency_key: str | None,
    wait: bool,
    cancel_on_interrupt: bool,
    **given: Any,
) -> Exit:
    """
    Ask for an approval.

    People are named by e-mail address or mobile number, or with what it is: user_id:ou_1, account:E1024,
    department:12, group:g1.

    \b
      approval-gate request --app feishu-prod --title "Deploy web 1.42.0" \\
        --approver lead@example.com --field Commit=9f1c2ab --timeout 30m --wait
    """  # noqa: D301 - click reads the backspace
    if cancel_on_interrupt and not wait:
        raise Misused("--cancel-on-interrupt belongs to --wait: without it the command does not stay.")
    body = approval_body(file, given)
    key = idempotency_key or run.outside.new_key()  # so that a lost answer can be asked for again

    def create() -> Answer:
        answer = run.gate.send("POST", path("approvals"), body, idempotency_key=key)
        if "id" not in answer.body or "status" not in answer.body:
            raise Misused("What answered is no approval gate: check APPROVAL_GATE_URL.")
        return answer

    if not wait:
        return _shown(run, create().body, Exit.APPROVED)
    return _wait(run, create, cancel_on_interrupt=cancel_on_interrupt, key=idempotency_key or "")


@click.command(cls=Command)
@click.argument("approval_id")
@click.option("--wait", is_flag=True, help="Wait for the outcome; the exit code tells it.")
@click.option("--history", is_flag=True, help="Show every recorded fact too: who, when, why, from which source.")
@_CANCEL_OPTION
@click.pass_obj
def status(run: Run, approval_id: str, *, wait: bool, history: bool, cancel_on_interrupt: bool) -> Exit:
    """
    Show an approval, or wait for it.

    Without --wait the exit code is 0 whatever the status.
    """
    if history and wait:
        raise Misused("Give --history or --wait, not both.")
    if cancel_on_interrupt and not wait:
        raise Misused("--cancel-on-interrupt belongs to --wait: without it the command does not stay.")
    if history:
        found = run.gate.get(path("approvals", approval_id, "history")).body
        run.terminal.document(found)
        if not run.terminal.is_json:
            approval = run.gate.get(path("approvals", approval_id)).body
            show_approval(run.terminal, approval)
            show_history(run.terminal, found.get("entries") or [], approval)
        return Exit.APPROVED

    def read() -> Answer:
        return run.gate.get(path("approvals", approval_id))

    if not wait:
        return _shown(run, read().body, Exit.APPROVED)
    return _wait(run, read, cancel_on_interrupt=cancel_on_interrupt, key="")


@click.command("list", cls=Command)
@click.option(
    "--status",
    type=click.Choice(["PENDING", "APPROVED", "REJECTED", "CANCELED", "EXPIRED", "FAILED"], case_sensitive=False),
    help="Only of this status.",
)
@click.option("--app", help="Only of this app.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many at most.")
@click.pass_obj
def list_approvals(run: Run, status: str | None, app: str | None, limit: int) -> None:
    """List approvals, newest first."""
    found = run.gate.get(path("approvals"), {"status": status, "app": app, "limit": limit}).body
    run.terminal.document(found)
    rows = [(each["id"], each["status"], each["app"], moment(each["created_at"]), each["title"])
            for each in found["approvals"]]  # fmt: skip
    run.terminal.table(("id", "status", "app", "asked at", "title"), rows, "There are none.")
    if found.get("next_cursor"):
        run.terminal.note("There are more: --limit shows up to 100.")


@click.command(cls=Command)
@click.argument("approval_id")
@click.option("--reason", default="", help="Why; approvers see it.")
@click.pass_obj
def cancel(run: Run, approval_id: str, reason: str) -> Exit:
    """
    Take an approval back.

    One that was canceled before is left as it is; any other outcome stands, and the exit code is 64.
    """
    return _shown(run, _cancel(run, approval_id, reason), Exit.APPROVED)


@click.command(cls=Command)
@click.argument("approval_id")
@click.pass_obj
def remind(run: Run, approval_id: str) -> Exit:
    """Remind those who have not answered yet."""
    answer = run.gate.send("POST", path("approvals", approval_id, "remind"))
    run.terminal.note("They will be reminded.")
    return _shown(run, answer.body, Exit.APPROVED)


def _shown(run: Run, approval: Mapping[str, Any], code: Exit) -> Exit:
    run.terminal.document(approval)
    show_approval(run.terminal, approval)
    return code


def _wait(run: Run, begin: Callable[[], Answer], *, cancel_on_interrupt: bool, key: str) -> Exit:
    known: dict[str, Any] = {}
    with interruptible():
        try:
            ended = wait_for(run, begin(), known.update)
        except KeyboardInterrupt:
            return _interrupted(run, known, begin, cancel_on_interrupt=cancel_on_interrupt, key=key)
    return _shown(run, ended, exit_of(ended))


def _interrupted(
    run: Run, known: dict[str, Any], begin: Callable[[], Answer], *, cancel_on_interrupt: bool, key: str
) -> Exit:
    """Leave the approval pending and say so, or cancel it. What somebody decided meanwhile is no success here."""
    if not cancel_on_interrupt:
        if known:
            text = f"Interrupted. {known['id']} is left pending: `approval-gate status {known['id']} --wait` waits on."
        else:
            again = f"the same --idempotency-key {key}" if key else "`approval-gate list`"
            text = f"Interrupted while asking. Whether there is an approval now is unknown: {again} finds it."
        raise Interrupted(text, approval=known)
    run.terminal.note("Interrupted: canceling the approval. A second Ctrl-C leaves it pending.")
    try:
        known = known or begin().body  # the same key finds the approval whose answer the interruption cut off
        ended = _cancel(run, str(known["id"]), "The pipeline was interrupted.")
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted again. {known.get('id', 'The approval')} may be left pending.",
                          approval=known) from None  # fmt: skip
    except Refused as err:
        raise Interrupted(f"Interrupted. {err.text}", approval=err.approval or known) from err
    except Problem as err:
        raise Interrupted(f"Interrupted, and not canceled: {err.text}", approval=known) from err
    return _shown(run, ended, exit_of(ended))


def _cancel(run: Run, approval_id: str, reason: str) -> dict[str, Any]:
    """Cancel; one that is canceled already counts as done."""
    try:
        answer = run.gate.send("POST", path("approvals", approval_id, "cancel"), {"reason": reason})
    except Refused as err:
        if err.code == "already_decided" and (err.approval or {}).get("status") == "CANCELED":
            return dict(err.approval or {})
        raise
    if is_pending(answer.body):
        raise Misused("What answered is no approval gate: check APPROVAL_GATE_URL.")
    return answer.body
