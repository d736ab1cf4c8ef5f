"""
`approval-gate bootstrap`, `dead-letters`, `deliveries`: for whoever runs the installation, with AWS credentials.

They need boto3 (and `deliveries` the gate's own package and pydantic), which pipelines do without; so these are
imported when one of the commands runs. Installed with the extra `operator`, or found in the checkout's `.venv`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import click

from cli.exits import Exit, Misused, NotRight, Unreachable
from cli.run import Command, Commands, Run

__all__ = ["bootstrap", "dead_letters", "deliveries"]

_SCOPES = "approvals:write approvals:read notifications:write apps:admin tokens:admin tenants:admin"
_STACK = click.option("--stack", default="approval-gate", show_default=True, help="The deployed stack.")
_LOCAL = click.option("--local", metavar="FOLDER", help="A local stack that is up, by its folder (.local).")


@click.command(cls=Command)
@click.option("--stack", help="The deployed stack, to find its table (default: approval-gate).")
@click.option("--table", help="The table itself, in place of the stack.")
@click.option("--tenant", required=True, help="Whose token: a name of your choice, part of request addresses.")
@click.option("--scopes", default=_SCOPES, help="Separated by spaces; all unless given.")
@click.option("--principal", default="operator", show_default=True, help="Who holds it; histories name them.")
@click.pass_obj
def bootstrap(run: Run, stack: str | None, table: str | None, tenant: str, scopes: str, principal: str) -> None:
    """
    Write the first API token into the table of a deployed gate, and print it, once.

    Runs with your own AWS credentials and needs neither APPROVAL_GATE_URL nor APPROVAL_GATE_TOKEN.
    """
    if stack and table:
        raise Misused("Give --stack or --table, not both.")
    module, aws = _module("cli.bootstrap"), _module("boto3")

    def issue() -> str:
        name = table or module.find_table(stack or "approval-gate")
        token: str = module.issue_token(
            aws.client("dynamodb"),
            name,
            tenant=tenant,
            scopes=scopes.split(),
            principal=principal,
            now=run.outside.now(),
        )
        return token

    token = _with_aws(issue)
    run.terminal.document({"token": token, "tenant": tenant, "scopes": scopes.split()})
    run.terminal.secret(token)
    run.terminal.note("Shown once: only its hash is stored. Set APPROVAL_GATE_TOKEN to it.")


@click.group("dead-letters", cls=Commands)
def dead_letters() -> None:
    """What the table's stream gave up (with AWS credentials)."""


@dead_letters.command("list")
@_STACK
@_LOCAL
@click.pass_obj
def list_letters(run: Run, stack: str, local: str | None) -> None:
    """List the letters: what, why, which approval, and what to do."""
    _told(run, "cli.dead_letters", ["list", "--stack", stack, *_given("--local", local)])


@dead_letters.command("replay")
@_STACK
@_LOCAL
@click.pass_obj
def replay_letters(run: Run, stack: str, local: str | None) -> None:
    """Apply them again, once their cause is mended; safe to run twice."""
    _told(run, "cli.dead_letters", ["replay", "--stack", stack, *_given("--local", local)])


@click.group(cls=Commands)
def deliveries() -> None:
    """Messages and webhooks that failed for good (with AWS credentials)."""


@deliveries.command("list")
@_STACK
@_LOCAL
@click.option("--tenant", required=True, help="Whose.")
@click.pass_obj
def list_deliveries(run: Run, stack: str, local: str | None, tenant: str) -> None:
    """List what failed, and why."""
    _told(run, "cli.outbox", ["list", "--stack", stack, *_given("--local", local), "--tenant", tenant])


@deliveries.command("redrive")
@_STACK
@_LOCAL
@click.option("--tenant", help="Everything of a tenant that failed, by the table.")
@click.option("--notification", help="What failed of one notification.")
@click.pass_obj
def redrive_deliveries(run: Run, stack: str, local: str | None, tenant: str | None, notification: str | None) -> None:
    """Send once more what failed, once its cause is mended; safe to run twice. All dead letters unless narrowed."""
    chosen = [*_given("--tenant", tenant), *_given("--notification", notification)]
    _told(run, "cli.outbox", ["redrive", "--stack", stack, *_given("--local", local), *chosen])


def _given(option: str, value: str | None) -> list[str]:
    return [option, value] if value else []


def _told(run: Run, name: str, arguments: Sequence[str]) -> None:
    """Run one of the operator's commands, whose exit codes are not those of approvals."""
    try:
        code = _module(name).main([*arguments, *(["--json"] if run.terminal.is_json else [])])
    except SystemExit as err:
        raise Misused("The command line is not understood.") from err
    if code == Exit.USAGE:
        raise Misused("Nothing was done.")
    if code == 1:
        raise Unreachable("AWS did not do it.")
    run.terminal.documented()
    if code:
        raise NotRight("Some could not be replayed.")


def _with_aws[T](work: Callable[[], T]) -> T:
    errors = _module("botocore.exceptions")
    try:
        return work()
    except ValueError as err:
        raise Misused(str(err)) from err
    except (errors.BotoCoreError, errors.ClientError) as err:
        raise Unreachable(
            f"AWS refused: {err}. Check the credentials, the region and the name of the stack or table."
        ) from err


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as err:
        raise Misused(
            f"This command needs {err.name}: install approval-gate[operator], or use .venv/bin/approval-gate of the "
            "checkout after `make setup`."
        ) from err
