"""
Build the template: `python -m local.engine.build`.

The same build serves the local engine and AWS. ARCHITECTURE (arm64 or x86_64, default this machine's) says for which
processor; it must be the template's parameter `Architecture`.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.engine.launcher import ROOT

__all__ = ["BuildFailed", "build", "built_template", "host_architecture"]


class BuildFailed(RuntimeError):
    """`sam build` ended with an error, which it has printed."""


@contextmanager
def built_template(architecture: str, *, root: Path = ROOT) -> Iterator[Path]:
    """
    Build, and keep others in this tree from building until the caller has used the result: there is one build folder.

    Raises:
        BuildFailed: see its output.
    """
    lock = root / ".local" / "build.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield build(architecture, root=root)


def build(architecture: str, *, root: Path = ROOT) -> Path:
    """
    Run `sam build` and return the folder of the built template.

    Raises:
        BuildFailed: see its output.
    """
    _forget_bytecode(root)
    built = root / ".aws-sam" / "build"
    command = [str(Path(sys.executable).with_name("sam")), "build", "--cached", "--parallel"]
    options = ["--parameter-overrides", f"Architecture={architecture}"]
    done = subprocess.run(
        [*command, *options], cwd=root, env=_environment(architecture), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildFailed(f"sam build failed:\n{done.stdout}{done.stderr}")
    return built


def host_architecture() -> str:
    """Return Lambda's name of this machine's processor."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def _environment(architecture: str) -> dict[str, str]:
    """The person's own (proxies, package index), but no account of AWS and no options of Python."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "PYTHON"))}
    here = str(Path(sys.executable).parent)
    return {
        **own,
        "PATH": f"{here}{os.pathsep}{own.get('PATH', os.defpath)}",  # sam wants python3.13 on the path
        "ARCHITECTURE": architecture,
        "AWS_DEFAULT_REGION": "us-east-1",  # sam asks for one even to build
        "SAM_CLI_TELEMETRY": "0",
    }


def _forget_bytecode(root: Path) -> None:
    """Remove caches beside the sources: sam would ship them, and they would change the build's fingerprint."""
    for folder in ("functions", "layers/shared"):
        for cache in (root / folder).rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)


def main() -> int:
    """Build for the processor that ARCHITECTURE names."""
    architecture = os.environ.get("ARCHITECTURE") or host_architecture()
    print(f"building for {architecture} ...", flush=True)
    try:
        with built_template(architecture) as built:
            print(f"built: {built}")
    except BuildFailed as err:
        print(err, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
