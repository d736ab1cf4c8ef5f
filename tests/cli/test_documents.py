"""The commands that the documents show are commands that the command line takes."""

from __future__ import annotations

import json
import random
import re
import shlex
from itertools import takewhile
from pathlib import Path

import click
import httpx
import pytest

from cli.main import root
from cli.run import Run
from local.simulators.frame.clock import Clock
from local.simulators.frame.ids import Ids
from local.simulators.frame.platform import Simulation
from local.simulators.frame.server import build_server
from local.simulators.platforms import PLATFORMS
from tests.cli.shell import Shell
from tests.fakes.wire import Wire

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "docs/quickstart.md")
ENDS = {"…", "&&", "<<JSON"}


def shown() -> list[tuple[str, str]]:
    """Return every command in a block or between backquotes, with the document it is in."""
    found = []
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
        lines = [line.strip() for block in blocks for line in block.splitlines()]
        lines += re.findall(
            r"`(approval-gate [^`]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
        )
        found += [(name, line) for line in lines if line.startswith("approval-gate ")]
    return found


def test_the_documents_show_commands() -> None:
    assert {name for name, _ in shown()} == set(DOCUMENTS)


@pytest.mark.parametrize(("document", "line"), shown(), ids=str)
def test_a_command_that_a_document_shows_is_understood(document: str, line: str) -> None:
    words = list(takewhile(lambda word: word not in ENDS, shlex.split(line, comments=True)[1:]))
    command: click.Command = root
    context = click.Context(root, obj=Run(), **root.context_settings)
    while isinstance(command, click.Group) and words:
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"{document}: there is no {name}"
        command = found

    if words:  # otherwise the text only names the command
        command.make_context(line, words, parent=context)


def consoles() -> list[tuple[str, dict[str, str]]]:
    """Return what the quickstart types into each console, by platform."""
    text = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8").partition("## 3.")[0]
    found = re.findall(r"curl -fsS \"\$SIM_(\w+)/_sim/apps\" --json '(.*?)'", text, re.DOTALL)
    return [(name.lower(), json.loads(body)) for name, body in found]


@pytest.mark.parametrize(
    ("provider", "typed"),
    [(each, body) for name, body in consoles() for each in ((name, "lark") if name == "feishu" else (name,))],
)
def test_the_quickstarts_apps_are_taken_by_the_platform_and_by_the_gate(
    shell: Shell, provider: str, typed: dict[str, str]
) -> None:
    rules, make = PLATFORMS[provider]
    simulation = Simulation(rules, ":memory:", clock=Clock(), ids=Ids(random.Random(1)))  # noqa: S311 - not secret
    with httpx.Client(transport=Wire(build_server(simulation, make(simulation))), base_url="http://sim.test") as http:
        made = http.post("/_sim/apps", json=typed)
    simulation.store.close()
    credentials = {name: value for name, value in typed.items() if name != "name"}

    added = shell(
        *("apps", "add", f"my-{provider}", "--provider", provider, "--credentials-file", "-", "--json"),
        typed=json.dumps(credentials),
    )

    assert made.is_success, made.text
    assert (added.code, added.json["callbacks_ready"]) == (0, True)


def test_the_quickstart_has_an_app_for_every_platform() -> None:
    assert {name for name, _ in consoles()} | {"lark"} == set(PLATFORMS)
