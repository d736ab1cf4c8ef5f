"""What `sam build` packs is complete: every function imports with its own folder and the built layers alone."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.engine.build import built_template, host_architecture
from local.engine.launcher import ROOT

pytestmark = pytest.mark.stack

FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
# What the runtime brings: boto3 and what it stands on.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")


@pytest.fixture(scope="module")
def built() -> Iterator[Path]:
    with built_template(host_architecture()) as folder:
        yield folder


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        origin = Path(found.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).symlink_to(source)
    return folder


def folder_of(function: str) -> str:
    return "".join(word.capitalize() for word in function.split("_")) + "Function"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_built_function_imports_alone(built: Path, runtime: Path, function: str):
    path = [built / folder_of(function), built / "DependenciesLayer/python", built / "SharedLayer/python", runtime]
    script = f"import sys; sys.path[:0] = {[str(entry) for entry in path]!r}; import handler; handler.lambda_handler"

    # Without site-packages, without an environment: as on Lambda, importing reads nothing.
    done = subprocess.run(  # noqa: S603  # our own interpreter and our own words
        [sys.executable, "-I", "-S", "-B", "-c", script],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.returncode == 0


def test_layers_carry_bytecode_because_lambdas_disk_is_read_only(built: Path):
    for module in ("DependenciesLayer/python/pydantic/__init__.py", "SharedLayer/python/approval_gate/errors.py"):
        source = built / module

        assert list((source.parent / "__pycache__").glob(f"{source.stem}.cpython-313.pyc")), module


def test_no_function_brings_packages_of_its_own(built: Path):
    for function in FUNCTIONS:
        assert {path.name for path in (built / folder_of(function)).iterdir()} <= {"handler.py"}
