"""Furnish a fresh stack: an app on each simulated platform, the same app in the gate, two API tokens."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from cli.bootstrap import ADMIN_SCOPES, PIPELINE_SCOPES, issue_token
from local.engine.deployer import Deployed
from local.engine.launcher import Engine, aws_session

__all__ = [
    "APPROVER",
    "APPROVER_USER_ID",
    "REQUESTER",
    "TENANT",
    "ProvisionFailed",
    "Tokens",
    "connect_app",
    "issue_tokens",
]

TENANT = "demo"

REQUESTER = {
    "feishu": {"email": "dev@example.com"},
    "lark": {"email": "dev@example.com"},
    "dingtalk": {"user_id": "dev"},
    "wecom": {"user_id": "dev"},
}
"""Who asks, of the simulators' demonstration people: named so that one call, with the approver's, finds both."""
APPROVER = {
    "feishu": {"email": "lead@example.com"},
    "lark": {"email": "lead@example.com"},
    "dingtalk": {"mobile": "+8613800000001"},  # there is no look-up by e-mail
    "wecom": {"email": "lead@example.com"},
}
"""Who decides."""
APPROVER_USER_ID = "lead"
"""The same person to the simulators."""

_ADDRESS_CHECKS_S = 60.0
"""How long a request address is saved anew. A machine that is busy takes seconds to start a function."""


class ProvisionFailed(RuntimeError):
    """The gate or a simulator refused. The message holds its answer."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One token for administration, one as a pipeline would have it."""

    admin: str
    pipeline: str


def _feishu() -> dict[str, str]:
    return {
        "app_id": f"cli_{secrets.token_hex(8)}",
        "app_secret": secrets.token_hex(16),
        "encrypt_key": secrets.token_hex(16),
        "verification_token": secrets.token_hex(16),
    }


def _dingtalk() -> dict[str, str]:
    return {
        "app_key": f"ding{secrets.token_hex(8)}",
        "app_secret": secrets.token_hex(16),
        "aes_key": _aes_key(),
        "token": secrets.token_hex(8),
        "agent_id": str(secrets.randbelow(10**9) + 1),
    }


def _wecom() -> dict[str, str]:
    return {
        "corp_id": f"ww{secrets.token_hex(8)}",
        "agent_id": "1000002",
        "secret": secrets.token_hex(16),
        "token": secrets.token_hex(8),
        "encoding_aes_key": _aes_key(),
    }


def _aes_key() -> str:
    """Return a key as those platforms' consoles make it: 43 letters and digits, 32 bytes in base64."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))


NEW_CREDENTIALS: Mapping[str, Callable[[], dict[str, str]]] = {
    "feishu": _feishu,
    "lark": _feishu,
    "dingtalk": _dingtalk,
    "wecom": _wecom,
}
"""How a platform's console would fill in a new app, in the platform's words; gate and simulator both take them so."""


def issue_tokens(engine: Engine, deployed: Deployed) -> Tokens:
    """Write both API tokens into the table, as an operator does on AWS."""
    dynamodb = aws_session().client("dynamodb", endpoint_url=engine.endpoint)

    def issue(principal: str, scopes: tuple[str, ...]) -> str:
        return issue_token(
            dynamodb, deployed.table, tenant=TENANT, scopes=scopes, principal=principal, now=datetime.now(UTC)
        )

    return Tokens(admin=issue("admin", ADMIN_SCOPES), pipeline=issue("pipeline", PIPELINE_SCOPES))


def connect_app(
    http: httpx.Client,
    provider: str,
    base_url: str,
    api_url: str,
    admin_token: str,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """
    Do what an administrator does: make an app on the platform, register it here, save the request address there.

    Args:
        pause: waits so many seconds before the address is saved again.

    Returns: the app's id in the gate.

    Raises:
        ProvisionFailed: somebody refused.
    """
    app_id = f"{provider}-demo"
    credentials = NEW_CREDENTIALS[provider]()
    _ask(http, "POST", f"{base_url}/_sim/apps", {**credentials, "name": "Approval gate"})
    registered = _ask(
        http,
        "POST",
        f"{api_url}/v1/apps",
        {
            "id": app_id,
            "provider": provider,
            "name": "Demo",
            "credentials": credentials,
            "default_requester": REQUESTER[provider],
            "callbacks": "http",
            "base_url": base_url,
        },
        token=admin_token,
    )
    _save_request_address(http, base_url, {**credentials, "request_url": registered["callback_url"]}, pause)
    return app_id


def _save_request_address(
    http: httpx.Client, base_url: str, app: Mapping[str, str], pause: Callable[[float], None]
) -> None:
    """The platform tries the address at once and allows a second; a cold function may need more tries, as in life."""
    until = time.monotonic() + _ADDRESS_CHECKS_S
    while True:
        answer = http.post(f"{base_url}/_sim/apps", json=app)
        if answer.is_success:
            return
        if time.monotonic() > until:
            raise ProvisionFailed(f"{base_url} does not accept {app['request_url']}: {answer.text}")
        pause(0.5)


def _ask(http: httpx.Client, method: str, url: str, body: Mapping[str, Any], *, token: str = "") -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = http.request(method, url, json=body, headers=headers)
    if not answer.is_success:
        raise ProvisionFailed(f"{method} {url} answered {answer.status_code}: {answer.text}")
    read: dict[str, Any] = answer.json()
    return read
