"""Settings of Powertools that an operator may try: none makes a function print what it is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from approval_gate.entrypoints.api import build_resolver
from tests.functions.api_events import LambdaContext, api_event

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
CHATTY = {"POWERTOOLS_LOGGER_LOG_EVENT": "true", "POWERTOOLS_DEV": "true", "LOG_LEVEL": "DEBUG"}

CALL = """
import contextlib, importlib.util, json, sys

class Context:
    function_name, memory_limit_in_mb, aws_request_id = "f", 128, "r"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"

for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("handler", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with contextlib.suppress(Exception):
        module.lambda_handler({"headers": {"x-token": "sent-by-a-caller"}, "Records": [{}]}, Context())
    module.logger.info("called " + path)
"""


def test_no_function_logs_its_event() -> None:
    paths = [str(ROOT / "functions" / name / "handler.py") for name in FUNCTIONS]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "layers/shared/python"),
        "AWS_DEFAULT_REGION": "us-east-1",
        **CHATTY,
    }

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", CALL, *paths], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.count("called ") == len(FUNCTIONS)
    assert "sent-by-a-caller" not in done.stdout + done.stderr


@pytest.mark.filterwarnings("ignore:POWERTOOLS_DEV")
def test_no_error_is_answered_with_its_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in CHATTY.items():
        monkeypatch.setenv(name, value)

    class Broken:
        def add_to(self, app: APIGatewayHttpResolver) -> None:
            @app.get("/broken")
            def broken() -> dict[str, str]:
                raise KeyError("what-broke-it")

    event = api_event("GET", "/broken", headers={"authorization": "Bearer agt_of-a-caller"})
    context: Any = LambdaContext()
    answer = build_resolver(Logger(), Broken()).resolve(event, context)

    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (500, "internal")
    assert "what-broke-it" not in answer["body"]
    assert "agt_of-a-caller" not in capsys.readouterr().out
