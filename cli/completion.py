"""`approval-gate completion`: how a shell completes the command."""

from __future__ import annotations

import click

from cli.run import Command, Run

__all__ = ["completion"]

_LINES = {
    "bash": ('eval "$(_APPROVAL_GATE_COMPLETE=bash_source approval-gate)"', "~/.bashrc"),
    "zsh": ('eval "$(_APPROVAL_GATE_COMPLETE=zsh_source approval-gate)"', "~/.zshrc"),
    "fish": ("_APPROVAL_GATE_COMPLETE=fish_source approval-gate | source", "~/.config/fish/config.fish"),
}


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(sorted(_LINES)))
@click.pass_obj
def completion(run: Run, shell: str) -> None:
    """Print the line that lets a shell complete this command."""
    line, file = _LINES[shell]
    run.terminal.document({"line": line, "file": file})
    run.terminal.line(line)
    run.terminal.note(f"Add this line to {file}.")
