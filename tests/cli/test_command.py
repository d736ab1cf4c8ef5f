"""The command as it is installed: help, reference, completion, output, and what a shell sees of it."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli import VERSION
from cli.exits import Exit
from cli.main import root
from cli.reference import reference
from cli.terminal import Terminal, safe
from tests.cli.shell import Shell

ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / "bin" / "approval-gate"


def launched(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **env}
    return subprocess.run(  # noqa: S603 - our own launcher
        [str(LAUNCHER), *arguments], capture_output=True, text=True, timeout=60, env=plain, check=False, cwd="/"
    )


def commands(command: click.Command, name: str = "approval-gate") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from commands(each, f"{name} {each.name}")


LEAVES = [(name, each) for name, each in commands(root) if not isinstance(each, click.Group)]


def test_the_reference_is_what_the_command_says_of_itself() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference(), "run `make cli-docs` and commit it"


@pytest.mark.parametrize(("name", "command"), LEAVES, ids=[name for name, _ in LEAVES])
def test_every_command_takes_json_and_says_what_it_and_its_options_do(name: str, command: click.Command) -> None:
    assert command.help
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert {"--json", "--debug"} <= {opt for each in options for opt in each.opts}
    assert all(each.help for each in options)


def test_the_exit_codes_of_the_help_are_those_of_the_code() -> None:
    assert root.help
    listed = root.help.partition("Exit codes:")[2].splitlines()
    assert [int(line.split()[0]) for line in listed if line.strip()] == sorted(Exit)


def test_the_versions_are_one() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_the_installed_command_is_this_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["approval-gate"].partition(":")

    assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_the_launcher_runs_from_anywhere_and_brings_its_own_path() -> None:
    done = launched("--version")

    assert (done.returncode, done.stdout) == (0, f"approval-gate, version {VERSION}\n"), done.stderr


def test_the_launcher_passes_exit_codes_on() -> None:
    done = launched("status", "apr_1", "--json")

    assert done.returncode == 64
    assert json.loads(done.stdout)["error"]["code"] == "usage"
    assert "APPROVAL_GATE_URL" in done.stderr


def test_pipelines_load_neither_aws_nor_the_gates_own_code() -> None:
    code = "import sys, cli.main; print([m for m in ('boto3', 'pydantic', 'approval_gate') if m in sys.modules])"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )

    assert done.stdout == "[]\n"


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_prints_the_line_and_the_line_works(shell: Shell, shell_name: str) -> None:
    line = shell("completion", shell_name)
    source = launched(_APPROVAL_GATE_COMPLETE=f"{shell_name}_source")

    assert f"_APPROVAL_GATE_COMPLETE={shell_name}_source" in line.out
    assert source.returncode == 0, source.stderr
    assert "_APPROVAL_GATE_COMPLETE" in source.stdout


def test_completion_knows_the_commands() -> None:
    done = launched(_APPROVAL_GATE_COMPLETE="bash_complete", COMP_WORDS="approval-gate apps ro", COMP_CWORD="2")

    assert done.stdout.split() == ["plain,rotate"]


def test_a_reader_who_leaves_is_no_outcome() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(  # noqa: S603 - our own code
        [str(LAUNCHER), "completion", "bash"], stdout=write, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(write)

    assert done.returncode == 74
    assert b"Traceback" not in done.stderr


def test_secrets_are_not_echoed_by_a_real_terminal() -> None:
    person, program = pty.openpty()
    running = subprocess.Popen(  # noqa: S603 - our own launcher
        [str(LAUNCHER), "apps", "add", "mine", "--provider", "lark"],
        stdin=program, stdout=program, stderr=program, start_new_session=True,
        env={"PATH": os.environ["PATH"], "APPROVAL_GATE_URL": "http://127.0.0.1:9", "APPROVAL_GATE_TOKEN": "agt_1"},
    )  # fmt: skip
    os.close(program)
    shown = b""
    try:
        for until, typed in ((b"App ID: ", b"cli_0123456789\n"), (b"App Secret: ", b"typed-but-not-shown\n")):
            while until not in shown.partition(b"Basic Info")[2]:
                shown += os.read(person, 4096)
            os.write(person, typed)
        while b"Encrypt Key" not in shown:
            shown += os.read(person, 4096)
    finally:
        running.kill()
        running.wait(timeout=30)
        os.close(person)

    assert b"cli_0123456789" in shown
    assert b"typed-but-not-shown" not in shown


def test_terminal_controls_are_replaced_and_words_are_kept() -> None:
    assert safe("\x1b[2Jweb\x9b1m \u202e上线 ✓\n") == "�[2Jweb�1m �上线 ✓\n"


def test_one_document_is_printed_and_no_second(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    terminal.is_json = True

    terminal.document({"first": 1})
    terminal.document({"second": 2})
    terminal.line("text for people")
    terminal.table(("a",), [("b",)])

    assert json.loads(capsys.readouterr().out) == {"first": 1}


class Screen(io.StringIO):
    """A standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_table_and_words_are_not_taken_for_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)

    Terminal().table(("title", "status"), [("[red]Deploy[/red] \x1b[2J", "PENDING")])

    assert "[red]Deploy[/red]" in screen.getvalue()
    assert "\x1b[2J" not in screen.getvalue()
    assert "\t" not in screen.getvalue()


def test_a_narrow_terminal_cuts_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", "40")

    Terminal().table(("by", "detail"), [("ou_75a22171f6c42fb61231d432a0d6ca9a", "decided_by: ou_600293c5dde8803ab8b1")])

    assert "…" not in screen.getvalue()
    assert "ca9a" in screen.getvalue()


def test_local_env_points_a_shell_at_the_local_stack(shell: Shell, tmp_path: Path) -> None:
    stack = {
        "api_url": "http://127.0.0.1:4566/a b",
        "admin_token": "admin-word",
        "pipeline_token": "pipeline-word",
        "simulators": {"feishu": {"base_url": "http://127.0.0.1:4571"}},
    }
    (tmp_path / "stack.json").write_text(json.dumps(stack))

    admin, pipeline = (shell("local-env", "--folder", str(tmp_path), *more) for more in ((), ("--pipeline",)))

    assert admin.out.splitlines() == [
        "export APPROVAL_GATE_URL='http://127.0.0.1:4566/a b'",
        "export APPROVAL_GATE_TOKEN=admin-word",
        "export SIM_FEISHU=http://127.0.0.1:4571",
    ]
    assert "export APPROVAL_GATE_TOKEN=pipeline-word" in pipeline.out


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_local_env_without_a_stack_is_64(shell: Shell, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "stack.json").write_text(text)

    assert shell("local-env", "--folder", str(tmp_path)).code == 64
