"""The commands that the documents show are commands that the command line takes."""

from __future__ import annotations

import json
import random
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import yaml

from approval_gate.api.models import ApprovalRequestBody
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
DOCUMENTS = ("README.md", "docs/quickstart.md", "docs/pipelines.md")
ENDS = {"…", "&&", "<<JSON", ">"}
PIPELINES = "docs/pipelines.md"


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


# -- the blocks to copy into pipelines


def blocks() -> list[tuple[str, str, str]]:
    """Return heading, language and text of every block of the page about pipelines."""
    sections = re.split(r"^## ", (ROOT / PIPELINES).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [
        (section.partition("\n")[0], language, text)
        for section in sections
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    ]


def arguments(language: str, text: str) -> Iterator[list[str]]:
    """Give the arguments of every call of the command in a block: in a shell's words, or as a container's list."""
    for line in re.findall(r"approval-gate ((?:request|status|cancel) .*)", text.replace("\\\n", " ")):
        filled = re.sub(r"\$(\w+)", lambda found: "https://ci.example.com/42" if "URL" in found[1] else "42", line)
        yield list(takewhile(lambda word: word not in ENDS, shlex.split(filled)))
    if language == "yaml":
        yield from (each["args"] for each in every_object(yaml.safe_load(text)) if each.get("command"))


def every_object(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
    for each in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from every_object(each)


CALLS = [(name, words) for name, language, text in blocks() for words in arguments(language, text)]
SYSTEMS = {"Plain shell", "GitHub Actions", "GitLab CI", "Jenkins", "Tekton", "Argo Workflows"}


def test_every_pipeline_system_has_a_block_that_asks_and_takes_back_when_it_is_aborted() -> None:
    asking = {name for name, words in CALLS if words[0] == "request"}
    taking_back = {name for name, words in CALLS if words[0] == "cancel" or "--cancel-on-interrupt" in words}

    assert asking == taking_back == SYSTEMS


@pytest.mark.parametrize(("name", "words"), CALLS, ids=str)
def test_a_call_in_a_block_is_understood(name: str, words: list[str]) -> None:
    command = root.get_command(click.Context(root), words[0])

    assert command is not None, name
    command.make_context(name, words[1:], obj=Run())


@pytest.mark.parametrize("words", [words for _, words in CALLS if words[0] == "request"], ids=str)
def test_a_request_in_a_block_is_taken_by_the_gate_and_not_made_twice_by_a_repeated_job(
    shell: Shell, words: list[str]
) -> None:
    asked = [word for word in words if word not in {"--wait", "--cancel-on-interrupt"}]
    asked[asked.index("--app") + 1] = "prod"

    codes = [shell(*asked).code for _ in range(2)]

    assert codes == [0, 0]
    assert len(shell.approvals()) == (1 if "--idempotency-key" in asked else 2)


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, language, t in blocks() if language in {"sh", "yaml"}])
def test_the_shell_lines_of_a_block_are_good_shell(name: str, text: str) -> None:
    scripts = [text] if name == "Plain shell" else shell_scripts(yaml.safe_load(text))

    for script in scripts:
        checked = subprocess.run(["/bin/sh", "-n"], input=script, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), script


def shell_scripts(document: Any) -> list[str]:
    found: list[str] = []
    for each in every_object(document):
        lines = [each.get("run", ""), *each.get("script", ()), *each.get("after_script", ())]
        found += [line for line in lines if line]
    return found


def test_the_task_for_step_functions_asks_what_the_gate_takes() -> None:
    ((_, _, text),) = (block for block in blocks() if block[1] == "json")
    task = json.loads("{" + text + "}")["MayDeploy"]

    asked = task["Parameters"]["Input"]["request"]
    asked["title"] = asked.pop("title.$")

    assert ApprovalRequestBody.model_validate(asked).fail_unless_approved
    assert task["Catch"][0]["Next"] == "NotApproved"
