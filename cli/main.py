"""`approval-gate`: the root of all subcommands, and the outermost edge, where every error becomes an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from cli import VERSION
from cli.approvals import cancel, list_approvals, remind, request, status
from cli.apps import apps
from cli.completion import completion
from cli.contacts import contacts
from cli.exits import Exit, OutputClosed, Problem, Refused
from cli.local_env import local_env
from cli.notifications import notifications, notify
from cli.operations import bootstrap, dead_letters, deliveries
from cli.run import Commands, Run
from cli.tenants import tenants, tokens
from cli.webhooks import webhook_endpoints, webhook_secrets

__all__ = ["main", "root"]

_NAME = "approval-gate"
_ISSUES = "Run it again with --debug and report the trace, without tokens, to whoever maintains this gate."


class _Root(Commands):
    """The command itself."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **given: Any) -> NoReturn:
        """Run and exit, with a code of `exits.Exit`."""
        arguments = list(sys.argv[1:] if args is None else args)
        run = given.pop("obj", None) or Run()
        # Said before anything is parsed: a usage error is a document too.
        run.terminal.is_json = "--json" in arguments
        try:
            code = self._run(arguments, run)
        finally:
            run.close()
        sys.exit(int(code))

    def _run(self, arguments: list[str], run: Run) -> int:
        try:
            returned = super().main(arguments, _NAME, standalone_mode=False, obj=run)
        except Problem as problem:
            return _told(run, problem)
        except click.Abort:
            return _told(run, Problem("Interrupted.", code="interrupted"), Exit.INTERRUPTED)
        except click.ClickException as err:
            if not run.terminal.is_json:
                err.show()
            run.terminal.document({"error": {"code": "usage", "detail": err.format_message()}})
            return Exit.USAGE
        except Exception as err:  # noqa: BLE001 - the outermost edge
            if run.is_debug:
                traceback.print_exc()
            text = f"This should not have happened: {type(err).__name__}: {err}. {_ISSUES}"
            return _told(run, Problem(text, code="unforeseen"), Exit.BUG)
        return returned if isinstance(returned, int) else Exit.APPROVED

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand, and notice a pipe that was closed."""
        try:
            returned = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as err:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
            raise OutputClosed("Nobody reads the output.") from err
        return returned


def _told(run: Run, problem: Problem, code: Exit | None = None) -> Exit:
    run.terminal.error(problem.text)
    for field, what in problem.errors if isinstance(problem, Refused) else ():
        if what not in problem.text:
            run.terminal.error(f"  {field}: {what}" if field else f"  {what}")
    run.terminal.document(problem.document())
    return problem.exit_code if code is None else code


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name=_NAME)
def root() -> None:
    """
    Ask people inside Feishu, Lark, DingTalk or WeCom, from a pipeline or a terminal.

    APPROVAL_GATE_URL is the gate's address and APPROVAL_GATE_TOKEN an API token of it.

    \b
    Exit codes:
      0   approved; elsewhere: done
      1   rejected
      2   expired
      3   canceled
      4   failed; also: a check, a delivery or a synchronisation failed
      64  the command must change, or the gate refused it
      70  an error in this command
      74  nobody reads the output
      75  the gate cannot be reached
      130 interrupted
    """  # noqa: D301 - click reads the backspace


def main() -> NoReturn:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name in Chinese must not end the command in an old locale
    root.main()


for _command in (
    request,
    status,
    list_approvals,
    cancel,
    remind,
    notify,
    notifications,
    apps,
    contacts,
    tokens,
    tenants,
    webhook_secrets,
    webhook_endpoints,
    bootstrap,
    dead_letters,
    deliveries,
    local_env,
    completion,
):
    root.add_command(_command)
