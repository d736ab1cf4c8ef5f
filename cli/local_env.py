"""`approval-gate local-env`: point this shell at the local stack."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from cli.exits import Misused
from cli.gate import TOKEN, URL
from cli.run import Command, Run

__all__ = ["local_env"]


@click.command("local-env", cls=Command)
@click.option(
    "--folder",
    default=".local",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where `make up` keeps the stack.",
)
@click.option("--pipeline", is_flag=True, help="With the pipeline's token, which may only ask, instead of the admin's.")
@click.pass_obj
def local_env(run: Run, folder: Path, *, pipeline: bool) -> None:
    """
    Print what points a shell at the local stack, and where its simulated platforms are (SIM_FEISHU, …).

    \b
      eval "$(approval-gate local-env)"
    """  # noqa: D301 - click reads the backspace
    try:
        stack = json.loads((folder / "stack.json").read_text(encoding="utf-8"))
        variables = {
            URL: stack["api_url"],
            TOKEN: stack["pipeline_token" if pipeline else "admin_token"],
            **{f"SIM_{name.upper()}": one["base_url"] for name, one in stack["simulators"].items()},
        }
    except FileNotFoundError as err:
        raise Misused(f"No local stack is up in {folder}: `make up` starts one.") from err
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        raise Misused(f"{folder / 'stack.json'} is not of a local stack: {type(err).__name__}.") from err
    run.terminal.document(variables)
    for name, value in variables.items():
        run.terminal.secret(f"export {name}={shlex.quote(str(value))}")
    run.terminal.note('For this shell: eval "$(approval-gate local-env)"')
