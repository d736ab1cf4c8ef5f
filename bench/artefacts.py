"""
What a function sees on Lambda, as folders: its own code, the built layers, and the runtime's packages.

The layers are built by their own makefiles, as `sam build` does, for this machine's processor, and kept until one of
their sources changes. The import tests of tests/functions use this module too.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess  # make has no other interface
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

__all__ = ["ROOT", "Layers", "build_layers", "host_architecture", "link_distributions"]

ROOT: Final = Path(__file__).resolve().parent.parent
_LAYERS: Final = {"dependencies": "DependenciesLayer", "shared": "SharedLayer"}


@dataclass(frozen=True, slots=True)
class Layers:
    """The `python` folders of the two layers."""

    dependencies: Path
    shared: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return them in the order of `sys.path`."""
        return self.dependencies, self.shared


def host_architecture() -> str:
    """
    Return this machine's processor in Lambda's word.

    Raises:
        RuntimeError: the layers' native libraries cannot run here.
    """
    word = {"aarch64": "arm64", "x86_64": "x86_64"}.get(platform.machine())
    if word is None or sys.platform != "linux":
        raise RuntimeError(f"Lambda's libraries do not run on {platform.machine()} {sys.platform}: use Linux.")
    return word


def build_layers(cache: Path) -> Layers:
    """
    Build both layers, or take them from the cache.

    Args:
        cache: a folder that may be removed at any time; one folder per state of the sources.

    Raises:
        subprocess.CalledProcessError: a build failed; its output is in the exception.
    """
    return Layers(**{name: _built(name, target, cache) / "python" for name, target in _LAYERS.items()})


def _built(name: str, target: str, cache: Path) -> Path:
    source = ROOT / "layers" / name
    architecture = host_architecture()
    built = cache / f"{name}-{architecture}-{_digest(source)}"
    if built.is_dir():
        return built
    cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=cache))
    try:
        subprocess.run(
            ["make", "--silent", f"build-{target}"],
            cwd=source,
            check=True,
            capture_output=True,
            env={**os.environ, "ARTIFACTS_DIR": str(scratch), "ARCHITECTURE": architecture, "PYTHON": sys.executable},
        )
        # One rename: what stands under the final name is complete. Beside a parallel build the first wins.
        if not built.is_dir():
            scratch.rename(built)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return built


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def link_distributions(names: list[str], into: Path) -> Path:
    """
    Make a folder that holds installed packages and what they need, and nothing else, as links.

    So boto3 can be put at a function's side without everything else that is installed here.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    wanted, seen = list(names), set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link = into / top
            if not link.is_symlink():
                link.symlink_to(Path(str(distribution.locate_file(top))))
        needed = [Requirement(line) for line in distribution.requires or ()]
        wanted += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    return into
