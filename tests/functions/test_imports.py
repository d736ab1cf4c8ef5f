"""
What each function loads, in a clean interpreter that sees only what Lambda would show it.

Cold starts are a budget: Feishu and WeCom give an address check one second. What a callback function may
load is decision 3 of docs/architecture.md.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.artefacts import ROOT, build_layers, host_architecture, link_distributions

FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
PROVIDERS = sorted(
    path.parent.name for path in (ROOT / "layers/shared/python/approval_gate/providers").glob("*/callbacks.py")
)
CALLBACKS = [name for name in FUNCTIONS if name.removesuffix("_callback") in PROVIDERS]

# Lark is Feishu with other hosts: the one arrow between providers.
MAY_LOAD = {"lark": {"lark", "feishu"}}

TOO_DEAR_FOR_A_CALLBACK = {
    "anyio",
    "approval_gate.api",
    "approval_gate.providers.registry",
    "approval_gate.workflow",
    "aws_lambda_powertools.event_handler",
    "httpcore",
    "httpx",
    "pydantic",
    "pydantic_core",
}
NEVER = {
    "aws_xray_sdk",
    "click",
    "cryptography",
    "dingtalk_stream",
    "lark_oapi",
    "moto",
    "requests",
    "rich",
    "wechatpy",
}

IMPORT = """
import json, sys
paths, wire = json.loads(sys.argv[1]), json.loads(sys.argv[2])
sys.path[:0] = paths
import handler
if wire:
    import os
    os.environ.update(wire)
    handler.endpoint()
import gc
clients = set()
if "botocore.client" in sys.modules:
    BaseClient = sys.modules["botocore.client"].BaseClient
    clients = {thing.meta.service_model.service_name for thing in gc.get_objects() if isinstance(thing, BaseClient)}
print(json.dumps({"modules": sorted(sys.modules), "clients": sorted(clients)}))
"""

IMPORT_ALL = """
import importlib, json, pkgutil, sys
sys.path[:0] = json.loads(sys.argv[1])
import approval_gate
for module in pkgutil.walk_packages(approval_gate.__path__, "approval_gate."):
    importlib.import_module(module.name)
"""

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "fictitious",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SECRET_ACCESS_KEY": "fictitious",
    "SECRET_PREFIX": "approval-gate",
    "TABLE_NAME": "approval-gate",
}


@dataclass(frozen=True)
class Loaded:
    modules: frozenset[str]
    clients: frozenset[str]

    def any_of(self, packages: Iterable[str]) -> list[str]:
        """Return the loaded modules that are, or are inside, one of the packages."""
        return sorted(m for m in self.modules if any(m == name or m.startswith(f"{name}.") for name in packages))


type Load = Callable[..., Loaded]


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What stands beside a function on Lambda: the built layers and the runtime's own packages."""
    try:
        host_architecture()
    except RuntimeError as reason:
        pytest.skip(str(reason))
    layers = build_layers(ROOT / ".local" / "layers")
    return [*layers.paths, link_distributions(["boto3"], tmp_path_factory.mktemp("runtime") / "python")]


@pytest.fixture(scope="session")
def load(runtime: list[Path]) -> Load:
    def load(function: str, **wire: str) -> Loaded:
        paths = [ROOT / "functions" / function, *runtime]
        # An empty environment: importing a handler reads nothing.
        answer = alone(IMPORT, json.dumps([str(path) for path in paths]), json.dumps(wire))
        found = json.loads(answer)
        return Loaded(frozenset(found["modules"]), frozenset(found["clients"]))

    return load


def alone(code: str, *arguments: str) -> str:
    """Run code in an interpreter that knows no packages; warnings are errors there too."""
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", code, *arguments]
    done = subprocess.run(  # noqa: S603 -- our own interpreter, our own code
        command, env={}, cwd=Path("/"), check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_provider_has_a_callback_function() -> None:
    assert [f"{provider}_callback" for provider in PROVIDERS] == CALLBACKS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_imports_from_its_layers_alone_and_without_an_environment(load: Load, function: str) -> None:
    loaded = load(function)

    assert not loaded.any_of(NEVER)
    assert not loaded.clients


@pytest.mark.parametrize("function", CALLBACKS)
def test_a_callback_handler_loads_its_own_provider_and_no_http_client(load: Load, function: str) -> None:
    provider = function.removesuffix("_callback")
    others = {f"approval_gate.providers.{name}" for name in set(PROVIDERS) - MAY_LOAD.get(provider, {provider})}

    loaded = load(function, **SETTINGS)

    assert not loaded.any_of(TOO_DEAR_FOR_A_CALLBACK)
    assert not loaded.any_of(others)
    assert loaded.any_of({f"approval_gate.providers.{provider}"})


@pytest.mark.parametrize("function", CALLBACKS)
def test_a_callback_handler_makes_the_two_clients_it_needs(load: Load, function: str) -> None:
    loaded = load(function, **SETTINGS)

    assert loaded.clients == {"dynamodb", "secretsmanager"}


def test_every_module_imports_from_the_built_layers(runtime: list[Path]) -> None:
    alone(IMPORT_ALL, json.dumps([str(path) for path in runtime]))


def test_the_interpreter_of_these_tests_sees_no_installed_packages() -> None:
    """Were it not clean, every test above would pass for the wrong reason."""
    done = alone("import importlib.util; print(importlib.util.find_spec('pytest'))")

    assert done.strip() == "None"
