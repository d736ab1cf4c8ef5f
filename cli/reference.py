"""Write docs/cli.md from the command's own help: `make cli-docs`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cli.main import root

__all__ = ["reference"]

_WIDTH = 110
_HEAD = """# The command line

`approval-gate` asks for approvals, waits for them, and administers apps, people and tokens. It needs nothing but the
gate's address and a token:

    export APPROVAL_GATE_URL=https://…        # the output ApiUrl of the stack
    export APPROVAL_GATE_TOKEN=agt_…

In a checkout it is `.venv/bin/approval-gate` after `make setup`. Elsewhere, `pipx install <checkout>`, or
`pip install <checkout>` into an environment of its own; `bootstrap`, `dead-letters` and `deliveries` also want the
extra `operator`, as in `pipx install '<checkout>[operator]'`. The first steps are in [quickstart.md](quickstart.md).

- **Output.** Results are on standard output, everything else on standard error. On a terminal there are tables,
  elsewhere plain text with a tab between columns. `--json` prints exactly one JSON document, for errors too:
  `{"error": {"code", "detail"}}`, with `approval` beside it where one is known.
- **Exit codes.** 0 to 3 are outcomes of approvals and nothing else, so that no failure can be taken for a decision.
  With `--wait` only 0 lets a pipeline go on.
- **Waiting.** The gate says how long to leave it alone, 5 seconds at first and a minute later. If it is away, waiting
  goes on for ten minutes on end; then the command ends with 75, the approval stays as it is, and `status ID --wait`
  waits on.
- **Ctrl-C**, or SIGTERM from a CI system, leaves the approval pending and says so. With `--cancel-on-interrupt` it is
  canceled (exit code 3). If somebody decided in that very moment, their decision stands and the exit code is 130,
  never 0.
- **Once.** A lost answer is asked for again under the same key, so a run never makes two approvals. To let a *repeated
  job* find the approval of the first, give both the same `--idempotency-key`.
- **Secrets** are asked for without being shown, or read from `--credentials-file`; no option takes one.

This page is written from the command's own help by `make cli-docs`.
"""


def reference() -> str:
    """Return the page."""
    parts = [_HEAD]
    for names, command in _commands(root, ()):
        title = " ".join(("approval-gate", *names))
        context = click.Context(
            command,
            info_name=title,
            terminal_width=_WIDTH,
            max_content_width=_WIDTH,
            help_option_names=root.context_settings["help_option_names"],
        )
        level = "##" if len(names) < 2 else "###"
        parts.append(f"{level} {title}\n\n```\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def _commands(command: click.Command, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield names, command
    if isinstance(command, click.Group):
        for name, each in sorted(command.commands.items()):
            yield from _commands(each, (*names, name))


if __name__ == "__main__":
    print(reference(), end="")
