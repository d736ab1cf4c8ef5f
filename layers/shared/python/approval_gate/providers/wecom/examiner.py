"""
The doctor's half: look at an app's set-up, rehearse the address check, explain refused callbacks.

The platform does not tell which events are ticked, nor for which templates it sends them.

Source: WeCom developer docs, "Get access_token", "Submit an approval application", "Approval status change event",
"Trusted IPs", read 2026-02-28.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from approval_gate.ports.checks import Check, Words
from approval_gate.providers.wecom import callback_advice, findings
from approval_gate.providers.wecom.address_check import address_check
from approval_gate.providers.wecom.inquiry import Finding, Inquiry
from approval_gate.verdicts import clock_check, failed, passed, skipped_all

if TYPE_CHECKING:
    import httpx

    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.ports.checks import Rehearsal
    from approval_gate.providers.wecom.credentials import Credentials

__all__ = ["Examiner"]

_NAME = Words("WeCom", "企业微信")
_ASKED = (
    "trusted_ip",
    "agent_id",
    "permission_approvals",
    "approval_template",
    "permission_messages",
    "permission_contacts",
    "contact_range",
    "event_subscription",
    "quota",
)


class Examiner:
    """
    The doctor's half for one app.

    Four calls, five with a template_id: the access token, the app itself, the approvals of the last minute, the
    template, the departments. After a refusal of the credentials or of our address no further one is made, since
    many refused secrets have an address banned.
    """

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        del tokens, forms  # every provider's halves are built alike; a stored token would hide a wrong secret
        self._app = app
        self._credentials = credentials
        self._http = http
        self._clock = clock

    def examine(self) -> tuple[Check, ...]:
        """
        Look at credentials, trusted address, AgentId, permissions, template, visible range and clock.

        Never raises for what the platform answers. A check that an earlier failure makes meaningless is SKIPPED.
        """
        inquiry = Inquiry(self._app, self._credentials, self._http, self._clock)
        signed_in = inquiry.sign_in()
        if signed_in.error is None:
            words = "WeCom accepts the corp_id and secret.", "企业微信接受该 corp_id 和 secret。"
            checks = {"credentials": passed("credentials", *words), **self._behind_credentials(inquiry)}
        elif signed_in.is_address_refused:
            checks = {**skipped_all(("credentials", *_ASKED), "trusted_ip"), "trusted_ip": _refused(signed_in)}
        else:
            checks = {"credentials": failed("credentials", signed_in.advice), **skipped_all(_ASKED, "credentials")}
        clock = clock_check(_NAME, inquiry.date, inquiry.received_at)
        return (*(checks[name] for name in ("credentials", *_ASKED)), clock)

    def rehearsal(self) -> Rehearsal | None:
        """Return the platform's address check; None when Token or EncodingAESKey is not set."""
        if not self._credentials.callbacks_ready:
            return None
        return address_check(self._credentials, self._clock(), os.urandom)

    def about_refusal(self, check: str) -> Words:
        """Say what to press and where when callbacks are refused by this check of the `Receiver`."""
        return callback_advice.about_refusal(check)

    def _behind_credentials(self, inquiry: Inquiry) -> dict[str, Check]:
        agent = inquiry.agent()
        if agent.is_address_refused:
            return _behind_a_foreign_address(agent)
        approvals, departments = inquiry.approvals(), inquiry.departments()
        template = inquiry.template() if self._credentials.template_id else None
        found = [agent, approvals, departments, *([template] if template else [])]
        refused = next((each for each in found if each.is_address_refused), None)
        if refused:
            return _behind_a_foreign_address(refused)
        return {
            "trusted_ip": findings.address(found),
            "agent_id": findings.agent(agent),
            "permission_approvals": findings.permission("permission_approvals", approvals),
            "approval_template": findings.template(template),
            "permission_messages": findings.messages(agent, self._credentials.agent_id),
            "permission_contacts": findings.permission("permission_contacts", departments),
            "contact_range": findings.contact_range(departments, agent),
            "event_subscription": findings.subscription(self._app),
            "quota": findings.quota(found),
        }


def _behind_a_foreign_address(finding: Finding) -> dict[str, Check]:
    return {**skipped_all(_ASKED, "trusted_ip"), "trusted_ip": _refused(finding)}


def _refused(finding: Finding) -> Check:
    return failed("trusted_ip", finding.advice)
