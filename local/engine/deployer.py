"""Bring the built template onto the local engine, by the same `sam deploy` as on AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.engine.launcher import CREDENTIALS, Engine, aws_session

__all__ = ["STACK", "DeployFailed", "Deployed", "deploy"]

STACK = "approval-gate"


class DeployFailed(RuntimeError):
    """`sam deploy` ended with an error; the message is its output."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The deployed template, by its outputs."""

    api_url: str
    table: str
    state_machine_arn: str
    outputs: Mapping[str, str]


def deploy(engine: Engine, built: Path, *, architecture: str, directory: Path, stack: str = STACK) -> Deployed:
    """
    Deploy a built template.

    Args:
        built: the folder that `sam build` wrote.
        architecture: what it was built for.
        directory: where sam may keep its own things.

    Raises:
        DeployFailed: see its message.
    """
    # By path: names under .localhost do not resolve everywhere.
    api_url = f"{engine.endpoint}/_aws/execute-api/{{api_id}}"
    parameters = {"Architecture": architecture, "AllowLoopback": "true", "PublicUrl": api_url}
    command = [
        str(Path(sys.executable).with_name("sam")),
        "deploy",
        *("--template-file", str(built / "template.yaml"), "--stack-name", stack, "--capabilities", "CAPABILITY_IAM"),
        *("--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())),
    ]
    done = subprocess.run(
        command, cwd=built, env=_environment(engine, directory), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DeployFailed(f"sam deploy failed:\n{done.stdout}{done.stderr}")
    outputs = _outputs(engine, stack)
    return Deployed(
        api_url=api_url.replace("{api_id}", outputs["ApiId"]),
        table=outputs["TableName"],
        state_machine_arn=outputs["StateMachineArn"],
        outputs=outputs,
    )


def _outputs(engine: Engine, stack: str) -> dict[str, str]:
    cloudformation = aws_session().client("cloudformation", endpoint_url=engine.endpoint)
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output.get("OutputKey", ""): output.get("OutputValue", "") for output in described.get("Outputs", [])}


def _environment(engine: Engine, directory: Path) -> dict[str, str]:
    home = directory / "home"
    _answer_sam_beforehand(home)
    here = str(Path(sys.executable).parent)
    return {
        **CREDENTIALS,
        "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "AWS_ENDPOINT_URL": engine.endpoint,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "1",
    }


def _answer_sam_beforehand(home: Path) -> None:
    """Write what sam remembers of itself, so that it does not ask the internet for its newest version."""
    remembered = home / ".aws-sam" / "metadata.json"
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(json.dumps({"lastVersionCheck": time.time(), "telemetryEnabled": False}), encoding="utf-8")
