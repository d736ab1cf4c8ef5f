"""What is fixed about the platform, and the behaviours that can be switched."""

from typing import Any

from local.simulators.frame.platform import Rules

__all__ = ["APPROVAL_APP", "RULES"]

APPROVAL_APP = "3010040"
"""AgentId of the built-in Approval app, the same in every company."""

# Source: "Callback configuration": 5 s, then cut and sent again, three times; 1 s for the address check. The pauses are
# not documented; others report seconds.
_RETRY_SCHEDULE_S = (5.0, 5.0, 5.0)

_SWITCHES = {
    "expired_token_code": (42001.0, "code for an expired access token: 42001 or 40014"),
    "retry_refused": (1.0, "an answer other than HTTP 200 is sent again (page 90238); 0: it is not (page 90930)"),
    "strict_answers": (1.0, "an answer to an event must be empty, `success` or a sealed reply to count"),
    "ticked_templates": (1.0, "an administrator ticks every new template for callbacks at once; 0: nobody does"),
    "duplicate_template_code": (301025.0, "code for a template name that is taken (not documented)"),
    "max_templates": (500.0, "templates of the company before 301087 (the number is not documented)"),
    "invisible_person_code": (301025.0, "code for people whom the app may not see: 301025 or 301055, both reported"),
    "list_delay_s": (0.0, "how long the list of numbers hides a new application (not documented)"),
    "short_pages": (0.0, "the list filters after paging, so that pages are short, or empty, before the last"),
    "legacy_details": (0.0, "details and events without process_list, as older forms have them"),
    "or_rest_listed": (1.0, "an any-one node lists those who were not needed, status 1 (0: it drops them)"),
    "approval_app_enabled": (1.0, "the company uses the Approval app; 0: 301056"),
    "emails_are_personal": (0.0, "people's addresses count as personal (email_type 2), not corporate"),
}

_CORP = "ww0demo0gate0company"

# Two unlike apps: one that may do everything, and one that sees operations only.
_DEMO_APPS: tuple[dict[str, Any], ...] = (
    {
        "corp_id": _CORP,
        "agent_id": "1000002",
        "secret": "demo-gate-secret",
        "name": "Approval Gate",
        "token": "demoGateToken2026",
        "encoding_aes_key": "demoGateEncodingAESKey0demoGateEncodingAES0",
    },
    {
        "corp_id": _CORP,
        "agent_id": "1000003",
        "secret": "demo-narrow-secret",
        "name": "Narrow app",
        "scopes": ["approval", "contact"],
        "contact_range": {"departments": ["d-operations"], "people": []},
    },
)

RULES = Rules(
    name="wecom",
    title={"en": "WeCom", "zh": "企业微信"},
    retry_schedule_s=_RETRY_SCHEDULE_S,
    deadline_s=5.0,
    check_deadline_s=1.0,
    app_aliases={"secret": "app_secret"},
    app_extra=frozenset({"corp_id", "agent_id", "token", "encoding_aes_key", "enabled"}),
    app_identity=("corp_id", "agent_id"),
    # The console makes keys of letters and digits; base64's other two characters make a working key too.
    app_formats={
        "corp_id": r"[0-9A-Za-z_-]{1,64}",
        "agent_id": r"[1-9][0-9]{0,15}",
        "token": r"[0-9A-Za-z]{1,32}",
        "encoding_aes_key": r"[0-9A-Za-z+/]{43}",
        "enabled": r"[01]",
    },
    switches=_SWITCHES,
    accent="#0a7d4b",
    demo_apps=_DEMO_APPS,
)
