"""One run of the command: what every subcommand gets, and the options that all of them have."""

from __future__ import annotations

import sys
from functools import cached_property
from math import ceil
from typing import Any

import click

from cli.gate import Gate
from cli.outside import Outside
from cli.terminal import Terminal

__all__ = ["Command", "Commands", "Run"]


class Run:
    """
    What a subcommand works with.

    Args:
        outside: the world.
    """

    def __init__(self, outside: Outside | None = None) -> None:
        self.outside = outside or Outside()
        self.terminal = Terminal()
        self.is_debug = False

    @cached_property
    def gate(self) -> Gate:
        """The gate that the environment names."""
        return Gate(self.outside, self._trouble)

    @property
    def can_ask(self) -> bool:
        """Tell whether there is a person to ask."""
        return sys.stdin.isatty() if self.outside.is_person is None else self.outside.is_person

    def close(self) -> None:
        """Close what was opened."""
        if "gate" in self.__dict__:
            self.gate.close()

    def _trouble(self, reason: str, pause_s: float) -> None:
        self.terminal.note(f"The gate does not answer: {reason}. Trying again in {ceil(pause_s)} s.", fg="yellow")


class Command(click.Command):
    """A subcommand; each takes `--json` and `--debug`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["params"] = [
            *(kwargs.get("params") or []),
            click.Option(
                ["--json"],
                is_flag=True,
                expose_value=False,
                callback=_set_json,
                is_eager=True,
                help="Print one JSON document on standard output, and everything else on standard error.",
            ),
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_set_debug,
                is_eager=True,
                help="Show the trace of an unforeseen error.",
            ),
        ]
        super().__init__(*args, **kwargs)


class Commands(click.Group):
    """A group of subcommands."""

    command_class = Command


def _set_json(context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and isinstance(context.obj, Run):
        context.obj.terminal.is_json = True


def _set_debug(context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and isinstance(context.obj, Run):
        context.obj.is_debug = True
