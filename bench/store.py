"""DynamoDB and Secrets Manager on this machine: ministack, which answers either in about a millisecond."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Final, Self

import boto3

from bench.callback_requests import PLATFORMS
from bench.emulator import free_port

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["APP", "PREFIX", "TABLE", "TENANT", "Store"]

TABLE: Final = "bench"
PREFIX: Final = "bench"
TENANT: Final = "acme"
APP: Final = "main"
_START_S: Final = 20


class Store:
    """
    The store of the callback functions: one table, one secret per provider.

    Args:
        directory: the engine's home; its log is in it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()

    @property
    def environ(self) -> dict[str, str]:
        """Return what a function needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": "fictitious",
            "AWS_SECRET_ACCESS_KEY": "fictitious",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "TABLE_NAME": TABLE,
            "SECRET_PREFIX": PREFIX,
        }

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        environ = {
            "PATH": os.defpath,
            "HOME": str(self._directory),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "ERROR",
        }
        with (self._directory / "store.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack.app"], env=environ, stdout=log, stderr=log, cwd=self._directory
            )
        try:
            self._wait()
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def latency_ms(self, runs: int) -> dict[str, float]:
        """Return the median of a warm client's conditional put and of its secret read."""
        endpoint = f"http://127.0.0.1:{self._port}"
        dynamodb = self._session().client("dynamodb", endpoint_url=endpoint)
        secrets = self._session().client("secretsmanager", endpoint_url=endpoint)
        puts, reads = [], []
        for number in range(runs):
            item = {"PK": {"S": f"latency-{number}"}, "SK": {"S": "x"}, "event": {"S": "x" * 500}}
            started = time.perf_counter()
            dynamodb.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(PK)")
            middle = time.perf_counter()
            secrets.get_secret_value(SecretId=f"{PREFIX}/feishu/{TENANT}/{APP}")
            puts.append((middle - started) * 1000)
            reads.append((time.perf_counter() - middle) * 1000)
        return {"put": statistics.median(puts), "secret": statistics.median(reads)}

    def _session(self) -> boto3.Session:
        return boto3.Session("fictitious", "fictitious", region_name="eu-central-1")

    def _wait(self) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process.poll() is None:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/_ministack/health", timeout=1),
            ):
                return
            time.sleep(0.05)
        raise RuntimeError(f"The store did not start; see {self._directory / 'store.log'}.")

    def _fill(self) -> None:
        endpoint = f"http://127.0.0.1:{self._port}"
        self._session().client("dynamodb", endpoint_url=endpoint).create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
            BillingMode="PAY_PER_REQUEST",
        )
        secrets = self._session().client("secretsmanager", endpoint_url=endpoint)
        for provider, platform in PLATFORMS.items():
            secret = json.dumps({"credentials": platform.credentials, "updated_at": "2026-01-01T00:00:00+00:00"})
            secrets.create_secret(Name=f"{PREFIX}/{provider}/{TENANT}/{APP}", SecretString=secret)
