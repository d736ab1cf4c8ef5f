"""What is fixed about the platform, and what can be set."""

from typing import Any

from local.simulators.frame.platform import Rules

__all__ = ["CORP_ID", "RULES"]

CORP_ID = "ding5bd1c0a7e4f92836"
"""The organisation, for apps that were registered without `corp_id`."""

# Numbers of the standard edition: "Application development platform billing model", read 2026-02-28.
_SWITCHES = {
    "in_order": (0.0, "events of one approval wait for each other; the platform promises no order"),
    "signature_names": (
        0.0,
        "the signature's name in the address: 0 signature and msg_signature, 1 or 2 only that one",
    ),
    "sealed_for_corp": (0.0, "events are sealed for the CorpId, as after the old registration call, not the AppKey"),
    "older_event_form": (0.0, "events without EventTime, BizId, eventId and businessType, with corpId for CorpId"),
    "cancels_are_told": (1.0, "the other open tasks end with a cancel event after a refusal or withdrawal too"),
    "invalid_token_status": (400.0, "HTTP status of InvalidAuthentication: 400 was seen, 401 is documented"),
    "plain_token_errors": (0.0, "the older host tells of tokens as errcode 40014, 42001, 41001 instead of inside 88"),
    "empty_ip_list_allows": (1.0, "an app without an IP list may be called from everywhere"),
    "ip_flood": (10_000.0, "calls from one address in 20 s before it is blocked for 5 minutes; 0: never"),
    "monthly_calls": (0.0, "calls a month for the organisation; the standard edition has 5,000; 0: no limit"),
    "monthly_pushes": (
        0.0,
        "pushed events a month, later ones are not sent; the standard edition has 3,000; 0: no limit",
    ),
    "withdrawal_allowed": (1.0, "forms let running approvals be withdrawn (advanced setting in the OA admin)"),
    "system_may_withdraw": (0.0, "isSystem withdraws even when forms do not allow it"),
    "withdrawal_refused_status": (400.0, "HTTP status of the internalError for a withdrawal that a form forbids"),
    "running_says_agree": (0.0, "`result` of a running instance is agree, as on the page's sample, not empty"),
    "named_lookup_finds_forms": (1.0, "schemaNames/processCodes knows forms made by POST /v1.0/workflow/forms"),
    "department_is_checked": (0.0, "deptId -1 is refused for an originator who is not directly in the root"),
    "node_sizes_are_checked": (1.0, "AND and OR need 2 people, nodes take 20: from the page of the older create call"),
    "remove_repeat": (0.0, "whoever agreed in an earlier node is passed by the system (EXECUTE_TASK_AUTO)"),
    "deleted_is_unknown": (1.0, "a deleted instance cannot be read any more; 0: it reads as TERMINATED"),
}

# Two unlike apps: one that may do everything, and one that reads little and sees operations only.
_DEMO_APPS: tuple[dict[str, Any], ...] = (
    {
        "app_key": "dingdemogate0000001",
        "app_secret": "demo-gate-secret",
        "name": "Approval Gate",
        "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "token": "demoEventToken01",
        "agent_id": "836390886",
    },
    {
        "app_key": "dingdemonarrow00001",
        "app_secret": "demo-narrow-secret",
        "name": "Narrow app",
        "agent_id": "836390887",
        "scopes": ["qyapi_base", "Workflow.Instance.Read", "qyapi_get_member", "qyapi_get_department_member"],
        "contact_range": {"departments": ["d-operations"], "people": []},
    },
)

RULES = Rules(
    name="dingtalk",
    title={"en": "DingTalk", "zh": "钉钉"},
    # Source: "Obtain the event list of failed push messages": again after 10 s, and after another 30 s.
    retry_schedule_s=(10.0, 30.0),
    # "HTTP event callback" says 1.5 s, a newer page 2.5 s; the shorter is what a client must keep. The check of an
    # address is an event like any other.
    deadline_s=1.5,
    check_deadline_s=1.5,
    app_aliases={"app_key": "app_id", "client_id": "app_id", "client_secret": "app_secret"},
    app_extra=frozenset({"aes_key", "token", "agent_id", "corp_id"}),
    # The console makes keys of letters and digits; base64's other two characters make a working key too.
    app_formats={
        "aes_key": r"[0-9A-Za-z+/]{43}",
        "token": r"[0-9A-Za-z]{3,32}",
        "agent_id": r"[0-9]{1,20}",
        "corp_id": r"[0-9A-Za-z]{1,64}",
    },
    switches=_SWITCHES,
    accent="#0a6ed1",
    demo_apps=_DEMO_APPS,
)
