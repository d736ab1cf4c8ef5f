"""What tells Feishu and Lark apart. They are separate deployments of the same product."""

from dataclasses import dataclass
from typing import Any

from local.simulators.frame.platform import Rules

__all__ = ["FEISHU", "LARK", "Flavour"]

# Source: "Event subscription", retries after 15 s, 5 min, 1 h and 6 h; 3 s to answer, 1 s for the address check.
_RETRY_SCHEDULE_S = (15.0, 300.0, 3600.0, 21600.0)

_SWITCHES = {
    "remove_repeat": (0.0, "a task of somebody who agreed in an earlier node passes by itself (REMOVE_REPEAT)"),
    # 60012 is documented on the v4 page with its old number; its siblings were renumbered to 13900xx.
    "uuid_conflict_code": (60012.0, "code for a repeated instance uuid: 60012 or 1390012"),
    "invalid_token_status": (400.0, "HTTP status that goes with 99991663: 400 and 200 were both reported"),
    # `custom_node_id` is marked optional; a client then has to join by the system's node id.
    "custom_node_ids": (1.0, "tasks of the read interface carry custom_node_id"),
    # The unit of the signature's timestamp is not stated.
    "timestamp_in_ms": (0.0, "X-Lark-Request-Timestamp is in milliseconds instead of seconds"),
    "bot_may_withdraw": (1.0, "an instance started by a bot can be withdrawn in the bot's name (not documented)"),
    "free_edition": (0.0, "10,000 calls a month for the tenant, approval and messages, then 99991403"),
}

# Two unlike apps: one that may do everything and encrypts its events, and one that sees operations only.
_DEMO_APPS: tuple[dict[str, Any], ...] = (
    {
        "app_id": "cli_demo_gate",
        "app_secret": "demo-gate-secret",
        "name": "Approval Gate",
        "encrypt_key": "demo-encrypt-key-0001",
        "verification_token": "demo-verification-token-01",
    },
    {
        "app_id": "cli_demo_narrow",
        "app_secret": "demo-narrow-secret",
        "name": "Narrow app",
        "scopes": ["approval:instance", "contact:user.id:readonly", "im:message:send_as_bot"],
        "contact_range": {"departments": ["d-operations"], "people": []},
    },
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """
    One of the two deployments.

    Args:
        default_locale: of texts when a call names none.
        unknown_path_is_json: whether an unknown path is answered in the platform's own JSON.
    """

    rules: Rules
    default_locale: str
    unknown_path_is_json: bool


def _rules(name: str, english: str, chinese: str) -> Rules:
    return Rules(
        name=name,
        title={"en": english, "zh": chinese},
        retry_schedule_s=_RETRY_SCHEDULE_S,
        deadline_s=3.0,
        check_deadline_s=1.0,
        app_aliases={},
        app_extra=frozenset({"encrypt_key", "verification_token", "tenant_key", "activate_status"}),
        switches=_SWITCHES,
        demo_apps=_DEMO_APPS,
    )


FEISHU = Flavour(rules=_rules("feishu", "Feishu", "飞书"), default_locale="zh-CN", unknown_path_is_json=True)
LARK = Flavour(rules=_rules("lark", "Lark", "Lark"), default_locale="en-US", unknown_path_is_json=False)
