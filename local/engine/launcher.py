"""Start the local AWS engine: loopback only, clean environment, state in one folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx

from local.addresses import HOST
from local.processes import Process, start, wait_until

__all__ = ["ACCOUNT", "CREDENTIALS", "REGION", "ROOT", "Engine", "aws_session", "start_engine"]

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ACCOUNT = "000000000000"
CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",  # the engine believes everyone
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    # Nothing of the operator's own account may leak in.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine."""

    process: Process
    port: int

    @property
    def endpoint(self) -> str:
        """Where every AWS client goes."""
        return f"http://{HOST}:{self.port}"


def start_engine(
    port: int,
    directory: Path,
    *,
    on_start: Callable[[Process], object] | None = None,
    module: str = "local.engine.server",
) -> Engine:
    """
    Start the engine and wait until it answers.

    Args:
        port: free, on the loopback interface.
        directory: its state, temporary files and log.
        on_start: hears of the process before it answers, so that it can be stopped whatever happens.
        module: `ministack` starts the engine as it is, without our corrections; for their contract tests.

    Raises:
        StartFailed: it did not come up.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tmp").mkdir(exist_ok=True)
    process = start(
        "engine",
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=_environment(port, directory),
        log=directory / "engine.log",
    )
    if on_start:
        on_start(process)
    engine = Engine(process, port)
    wait_until(lambda: _is_healthy(engine.endpoint), process, _START_S)
    return engine


def aws_session() -> boto3.Session:
    """Return a session for the engine; its clients still take `endpoint_url`."""
    return boto3.Session(
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def _environment(port: int, directory: Path) -> dict[str, str]:
    """The engine hands its environment on to functions, so it gets nothing that they should not have."""
    return {
        **CREDENTIALS,
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(directory),
        "TMPDIR": str(directory / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",  # as on Lambda: the layers' own bytecode is used, none is added
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AUTH": "true",  # functions may do what their roles say, and no more
        "PERSIST_STATE": "0",
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }


def _is_healthy(endpoint: str) -> bool:
    try:
        return httpx.get(f"{endpoint}/_ministack/health", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
