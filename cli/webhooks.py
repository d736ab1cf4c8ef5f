"""`approval-gate webhook-secrets` and `approval-gate webhook-endpoints`."""

from __future__ import annotations

import click

from cli.asking import confirm
from cli.gate import path
from cli.inputs import DURATION
from cli.run import Commands, Run
from cli.shown import moment

__all__ = ["webhook_endpoints", "webhook_secrets"]


@click.group("webhook-secrets", cls=Commands)
def webhook_secrets() -> None:
    """Secrets that sign what is posted to callback addresses."""


@webhook_secrets.command("create")
@click.option(
    "--overlap", "overlap_s", type=DURATION, help="How long the present secret signs beside the new one (1d)."
)
@click.pass_obj
def create_secret(run: Run, overlap_s: int | None) -> None:
    """Make a new secret, which replaces the present one, and print it, once."""
    body = {} if overlap_s is None else {"overlap_s": overlap_s}
    created = run.gate.send("POST", path("webhook-secrets"), body, repeatable=False).body
    run.terminal.document(created)
    run.terminal.secret(str(created["secret"]))
    run.terminal.note(f"Shown once: give it to your receiver. Its id is {created['id']}.")


@webhook_secrets.command("list")
@click.pass_obj
def list_secrets(run: Run) -> None:
    """List the secrets that sign now, newest first."""
    found = run.gate.get(path("webhook-secrets")).body
    run.terminal.document(found)
    rows = [
        (each["id"], moment(each["created_at"]), moment(each["expires_at"]) or "until replaced")
        for each in found["secrets"]
    ]
    run.terminal.table(("id", "created", "signs until"), rows, "There are none.")


@webhook_secrets.command("remove")
@click.argument("secret_id")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.pass_obj
def remove_secret(run: Run, secret_id: str, *, yes: bool) -> None:
    """End a secret at once."""
    confirm(run, f"End {secret_id} now? Receivers that know no other one refuse what comes next.", yes=yes)
    run.gate.send("DELETE", path("webhook-secrets", secret_id), repeatable=False)
    run.terminal.document({"removed": secret_id})
    run.terminal.note("Removed.")


@click.group("webhook-endpoints", cls=Commands)
def webhook_endpoints() -> None:
    """Callback addresses that fail."""


@webhook_endpoints.command("list")
@click.pass_obj
def list_endpoints(run: Run) -> None:
    """List the addresses that fail at present, and those that are switched off because of it."""
    found = run.gate.get(path("webhook-endpoints")).body
    run.terminal.document(found)
    rows = [
        (
            each["id"],
            each["url"],
            each["failures"],
            each["code"],
            moment(each["first_failure_at"]),
            moment(each["disabled_at"]) or "no",
        )
        for each in found["endpoints"]
    ]
    run.terminal.table(("id", "address", "failures", "code", "since", "off since"), rows, "All is well.")


@webhook_endpoints.command("enable")
@click.argument("endpoint_id")
@click.pass_obj
def enable_endpoint(run: Run, endpoint_id: str) -> None:
    """Post to an address again."""
    run.gate.send("POST", path("webhook-endpoints", endpoint_id, "enable"))
    run.terminal.document({"enabled": endpoint_id})
    run.terminal.note("What is posted from now on goes there again.")
