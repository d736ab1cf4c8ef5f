"""
Check the state machine's definition: `python -m local.definition`.

`sam validate` does not open the file that `DefinitionUri` names, and the engine takes what is no Amazon States
Language. So: cfn-lint's schema of the language over the definition as an inline property, then what a schema cannot say
(targets that exist, states that are reached) and what we promise of ours (a timeout, a retry and a catch on every task,
substitutions that the template provides).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cfnlint import api  # type: ignore[import-untyped]  # ships no type information
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # the same

from local.engine.launcher import ROOT

__all__ = ["main", "problems"]

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_VALUES = {"Partition": "aws", "TableName": "table"}
_FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:name"

type _State = Mapping[str, Any]


def problems(definition: str, provided: frozenset[str]) -> list[str]:
    """
    Return what is wrong with a definition, one sentence each.

    Args:
        definition: the file's text.
        provided: names that the template substitutes.
    """
    used = frozenset(_PLACEHOLDER.findall(definition))
    found = [f"${{{name}}} is not substituted by the template" for name in sorted(used - provided)]
    found += [f"the template substitutes ${{{name}}}, which nothing uses" for name in sorted(provided - used)]
    try:
        machine = json.loads(_PLACEHOLDER.sub(lambda match: _VALUES.get(match[1], _FUNCTION), definition))
    except json.JSONDecodeError as err:
        return [*found, f"not JSON: {err}"]
    states: Mapping[str, _State] = machine.get("States", {})
    return [
        *found,
        *_schema_problems(machine),
        *_graph_problems(machine.get("StartAt", ""), states),
        *_promises(states),
    ]


def _schema_problems(machine: _State) -> Iterator[str]:
    role = "arn:aws:iam::000000000000:role/name"
    properties = {"RoleArn": role, "Definition": machine}
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}},
    }
    for match in api.lint_all(json.dumps(template)):
        where = [str(step) for step in getattr(match, "path", [])][4:]
        state = machine.get("States", {}).get(where[1], {}) if len(where) > 1 else {}
        # cfn-lint 1.53 does not know that a Succeed state may have an InputPath. Source: the Amazon States Language
        # specification, "Table of State Types and Fields", read 2026-02-28.
        if where[2:] == ["InputPath"] and state.get("Type") == "Succeed":
            continue
        yield f"{' / '.join(where) or 'definition'}: {match.message}"


def _graph_problems(start: str, states: Mapping[str, _State]) -> Iterator[str]:
    reached, ahead = set[str](), [start]
    while ahead:
        name = ahead.pop()
        if name in reached:
            continue
        reached.add(name)
        if name not in states:
            yield f"no state is called {name!r}"
            continue
        targets = list(_targets(states[name]))
        if not targets and not _ends(states[name]):
            yield f"{name}: neither ends nor goes on"
        ahead.extend(targets)
    yield from (f"{name}: nothing leads here" for name in states if name not in reached)


def _targets(state: _State) -> Iterator[str]:
    yield from (state[key] for key in ("Next", "Default") if key in state)
    yield from (branch["Next"] for branch in [*state.get("Catch", []), *state.get("Choices", [])] if "Next" in branch)


def _ends(state: _State) -> bool:
    return bool(state.get("End")) or state.get("Type") in {"Succeed", "Fail"}


def _promises(states: Mapping[str, _State]) -> Iterator[str]:
    for name, state in states.items():
        if state.get("Type") != "Task":
            continue
        if not state.keys() & {"TimeoutSeconds", "TimeoutSecondsPath"}:
            yield f"{name}: a task without a timeout may wait for a year"
        for policy in ("Retry", "Catch"):
            if not any("States.ALL" in one.get("ErrorEquals", []) for one in state.get(policy, [])):
                yield f"{name}: no {policy} on States.ALL"


def main() -> int:
    """Check the project's own definition; exit 0 when nothing is wrong."""
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    machine = template["Resources"]["ApprovalStateMachine"]["Properties"]
    file: Path = ROOT / machine["DefinitionUri"]
    found = problems(file.read_text(encoding="utf-8"), frozenset(machine["DefinitionSubstitutions"]))
    for problem in found:
        print(f"{machine['DefinitionUri']}: {problem}", file=sys.stderr)
    if not found:
        print(f"{machine['DefinitionUri']} is a valid definition")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
