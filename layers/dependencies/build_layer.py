#!/usr/bin/env python3
"""
Build the layer of third-party packages: install, prune, compile, prove.

Install: the locked wheels, by hash, for the runtime's Python and processor, whatever this machine has. Wheels are kept
    in the user's cache, one folder per lock file and processor, so that the next build needs no network.
Prune:   what no function imports. `PRUNED` says what and why.
Compile: `sam build` makes no bytecode and Lambda's disk is read-only, so that without this step every cold start
    compiles every imported module. The bytecode is *unchecked*: Python would otherwise compare the time stamp or the
    text of each source file, and time stamps do not survive a zip.
Prove:   every native library is for the wanted processor, and, where this machine can run it, the layer imports alone.

Two builds of the same lock give the same bytes.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import os
import platform
import py_compile
import shutil
import struct
import subprocess  # pip has no other public interface
import sys
import tempfile
from pathlib import Path
from typing import Final

RUNTIME: Final = (3, 13)
"""Python of the Lambda runtime, major and minor. template.yaml, pyproject.toml and .python-version say the same."""

MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's word for a processor, to that of wheels."""

ELF_MACHINES: Final = {"arm64": 0xB7, "x86_64": 0x3E}
"""Lambda's word for a processor, to `e_machine` of an ELF header (System V ABI: EM_AARCH64, EM_X86_64)."""

GLIBC: Final = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
"""Wheels that run on Amazon Linux 2023, whose C library is glibc 2.34."""

PRUNED: Final = {
    "bin": "commands; nobody logs in",
    "**/__pycache__": "compiled again below",
    "**/*.pyi": "for type checkers",
    "**/py.typed": "for type checkers",
    "**/tests": "tests of the packages",
    "*.dist-info/RECORD": "lists files that are pruned; METADATA, entry points and licences stay",
    "*.dist-info/INSTALLER": "for pip",
    "*.dist-info/REQUESTED": "for pip",
    "Crypto/SelfTest": "tests of the package",
    "Crypto/IO": "key files; callbacks need AES",
    "Crypto/Math": "for public keys",
    "Crypto/Protocol": "secret sharing and key derivation",
    "Crypto/PublicKey": "40 % of the package; callbacks need AES",
    "Crypto/Signature": "for public keys",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.js": "1.5 MB; the document is published, not served",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.css": "the same",
    "httpx/_main.py": "the command line; httpx does without it, and would look for click and rich",
    "idna/cli.py": "the command line",
    "pydantic/mypy.py": "for type checkers",
    "pydantic/v1": "the previous major version",
}
"""What the layer does without, as globs below its root, and why."""

PROOF: Final = """
import sys
sys.path.insert(0, sys.argv[1])
import httpx, pydantic
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from Crypto.Cipher import AES
# NIST SP 800-38A, F.2.5: CBC-AES256, first block.
key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
sealed = AES.new(key, AES.MODE_CBC, bytes(range(16))).encrypt(bytes.fromhex("6bc1bee22e409f96e93d7e117393172a"))
assert sealed.hex() == "f58c4c04d6e5f1ba779eabfb5f7bfbd6", sealed.hex()
strangers = sorted(
    name for name, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", "") or "")
)
assert not strangers, f"imported from outside the layer: {strangers}"
"""


class BuildFailed(Exception):
    """The layer cannot be built; the text says what to do."""


def wheelhouse(lock: Path, architecture: str) -> Path:
    """Return the folder that keeps the wheels of this lock file for this processor."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    return cache / "approval-gate" / "wheels" / f"{architecture}-{digest}"


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 -- our own interpreter, our own arguments
        raise BuildFailed(f"pip {arguments[0]} failed; its reason is above.")


def _target(lock: Path, architecture: str) -> list[str | Path]:
    version = ".".join(map(str, RUNTIME))
    abi = "cp" + version.replace(".", "")
    options = ["--no-deps", "--only-binary=:all:", "--implementation=cp", f"--python-version={version}"]
    options += [f"--abi={tag}" for tag in (abi, "abi3", "none")]
    options += [f"--platform={glibc}_{MACHINES[architecture]}" for glibc in GLIBC]
    return [*options, "--require-hashes", "--requirement", lock]


def install(lock: Path, architecture: str, into: Path) -> None:
    """
    Install the locked packages into a folder, from the kept wheels, which are downloaded when missing.

    Raises:
        BuildFailed: a wheel is missing, cannot be had, or has another hash than the lock says.
    """
    wheels = wheelhouse(lock, architecture)
    target = _target(lock, architecture)
    if not wheels.is_dir():
        wheels.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=wheels.parent))
        try:
            _pip("download", *target, "--dest", scratch)
            # One rename: a folder of that name is complete, also after an interrupted build. Beside a parallel one,
            # the first wins.
            if not wheels.is_dir():
                scratch.rename(wheels)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    _pip("install", *target, "--no-index", "--find-links", wheels, "--no-compile", "--target", into)


def prune(root: Path) -> None:
    """Remove what no function imports."""
    for pattern in PRUNED:
        for path in sorted(root.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def compile_bytecode(root: Path, *, building: tuple[int, int] = sys.version_info[:2]) -> bool:
    """
    Compile everything for the runtime.

    Args:
        building: this Python, major and minor.

    Returns: False when that is not the runtime's, whose bytecode it cannot make.

    Raises:
        BuildFailed: a module does not compile.
    """
    if building != RUNTIME:
        return False
    done = compileall.compile_dir(
        root,
        quiet=1,
        force=True,
        workers=1,
        stripdir=str(root),
        prependdir="/opt/python",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise BuildFailed("A module does not compile; its name is above.")
    return True


def prove(root: Path, architecture: str) -> None:
    """
    Check that the layer can run where it will run.

    Raises:
        BuildFailed: a library for another processor, or an import that needs something that is not there.
    """
    for library in sorted(root.rglob("*.so")):
        (machine,) = struct.unpack_from("<H", library.read_bytes(), 18)  # e_machine stands at byte 18 in every ELF
        if machine != ELF_MACHINES[architecture]:
            raise BuildFailed(f"{library.relative_to(root)} is not for {architecture}.")
    if sys.version_info[:2] == RUNTIME and platform.machine() == MACHINES[architecture] and sys.platform == "linux":
        alone = [sys.executable, "-I", "-S", "-B", "-c", PROOF, str(root)]
        if subprocess.run(alone, check=False).returncode:  # noqa: S603 -- our own interpreter, our own arguments
            raise BuildFailed("The layer does not import on its own, see above. Is something pruned too much?")


def main() -> int:
    """Build the layer as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="Build the layer of third-party packages.")
    parser.add_argument("--architecture", choices=sorted(MACHINES), required=True)
    parser.add_argument("--into", type=Path, required=True, help="the layer's python folder; replaced")
    parser.add_argument("--lock", type=Path, default=Path(__file__).with_name("requirements.txt"))
    arguments = parser.parse_args()
    root = arguments.into.resolve()
    shutil.rmtree(root, ignore_errors=True)
    try:
        install(arguments.lock, arguments.architecture, root)
        prune(root)
        compiled = compile_bytecode(root)
        prove(root, arguments.architecture)
    except BuildFailed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    if not compiled:
        have, want = platform.python_version(), ".".join(map(str, RUNTIME))
        sys.stderr.write(
            f"WARNING: no bytecode in this layer: built by Python {have}, the runtime is {want}. It works, but imports "
            f"take about twice as long on every cold start. Put python{want} on the PATH and build again.\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
