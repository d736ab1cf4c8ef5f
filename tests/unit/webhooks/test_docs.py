"""What docs/webhooks.md tells receivers to do accepts our webhooks and no others."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from approval_gate.webhooks.signing import signed_headers

DOCUMENT = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
OLD, NEW = (f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))
BODY = '{"type":"approval.decided","data":{"title":"发布 $(id) `id` \\u0000"}}'.encode()

type Verify = Callable[[str, dict[str, str], bytes], bool]


def code(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    return str(found)


def in_python(secret: str, headers: dict[str, str], body: bytes) -> bool:
    names: dict[str, Any] = {}
    exec(code("python"), names)  # noqa: S102 - our own document
    return bool(names["is_ours"](secret, headers, body))


def in_shell(secret: str, headers: dict[str, str], body: bytes, folder: Path) -> bool:
    file = folder / "body"
    file.write_bytes(body)
    given = [headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]]
    script = f'{code("sh")}\nis_ours "$@"'
    done = subprocess.run(  # noqa: S603 - our own document
        ["/bin/sh", "-c", script, "sh", str(file), *given],
        env={"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret},
        check=False,
        capture_output=True,
    )
    assert not done.stderr, done.stderr
    return done.returncode == 0


@pytest.fixture(params=["python", "sh"])
def verify(request: pytest.FixtureRequest, tmp_path: Path) -> Verify:
    if request.param == "python":
        return in_python
    if not shutil.which("openssl"):
        pytest.skip("no openssl on this machine")
    return lambda secret, headers, body: in_shell(secret, headers, body, tmp_path)


def signed(*secrets: str, age: timedelta = timedelta(0)) -> dict[str, str]:
    return signed_headers(secrets, "ntf_1-0", datetime.now(UTC) - age, BODY)


def test_a_true_webhook_is_accepted(verify: Verify) -> None:
    assert verify(NEW, signed(NEW), BODY)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_during_a_rotation_either_secret_does(verify: Verify, secret: str) -> None:
    assert verify(secret, signed(NEW, OLD), BODY)


@pytest.mark.parametrize(
    ("secret", "age_s", "change", "body"),
    [
        (OLD, 0, {}, BODY),
        (NEW, 0, {}, BODY + b" "),
        (NEW, 0, {"webhook-id": "ntf_2-0"}, BODY),
        (NEW, 0, {"webhook-signature": "v1,*"}, BODY),
        (NEW, 0, {"webhook-signature": "*"}, BODY),
        (NEW, 0, {"webhook-signature": ""}, BODY),
        (NEW, 0, {"webhook-timestamp": "a[$(exit 3)]"}, BODY),
        (NEW, 400, {}, BODY),
        (NEW, -400, {}, BODY),
    ],
    ids=["other secret", "other body", "other id", "pattern", "star", "empty", "code", "old", "future"],
)
def test_anything_else_is_refused(verify: Verify, secret: str, age_s: int, change: dict[str, str], body: bytes) -> None:
    headers = signed(secret, age=timedelta(seconds=age_s)) | change

    assert not verify(NEW, headers, body)
