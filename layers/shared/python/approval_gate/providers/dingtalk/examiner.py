"""
The doctor's half: look at an app's set-up, rehearse the address check, explain refused callbacks.

The platform tells neither which events are subscribed nor how much of the month's quota is left. Its list of failed
events is not read: a community answer says that reading empties it.

Source: DingTalk developer docs, "Obtain the authorization scope", "Application development platform billing model",
"Configure HTTP push", read 2026-02-28.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from approval_gate.ports.checks import Check, Words
from approval_gate.providers.dingtalk import callback_advice, findings
from approval_gate.providers.dingtalk.address_check import address_check
from approval_gate.providers.dingtalk.inquiry import Finding, Inquiry
from approval_gate.providers.dingtalk.probes import probes
from approval_gate.verdicts import clock_check, failed, passed, skipped_all

if TYPE_CHECKING:
    import httpx

    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.ports.checks import Rehearsal
    from approval_gate.providers.dingtalk.credentials import Credentials

__all__ = ["Examiner"]

_NAME = Words("DingTalk", "钉钉")
_ASKED = (
    "trusted_ip",
    "permission_approvals",
    "permission_messages",
    "permission_contacts",
    "contact_range",
    "event_subscription",
    "quota",
)


class Examiner:
    """
    The doctor's half for one app.

    Twelve calls, six of which count against the organisation's monthly quota: the access token, the visible range, four
    for approvals, two for messages, four for contacts. After a refusal of the credentials or of our address no further
    one is made.
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
        Look at credentials, trusted address, permissions, visible range, quota and clock.

        Never raises for what the platform answers. A check that an earlier failure makes meaningless is SKIPPED.
        """
        inquiry = Inquiry(self._app, self._credentials, self._http, self._clock)
        signed_in = inquiry.sign_in()
        if signed_in.error is None:
            words = "DingTalk accepts the AppKey and AppSecret.", "钉钉接受该 AppKey 和 AppSecret。"
            checks = {"credentials": passed("credentials", *words), **self._behind_credentials(inquiry)}
        elif signed_in.is_address_refused:
            checks = {**skipped_all(("credentials", *_ASKED), "trusted_ip"), "trusted_ip": _refused(signed_in)}
        else:
            checks = {
                "credentials": failed("credentials", signed_in.advice),
                **skipped_all(_ASKED, "credentials"),
            }
        clock = clock_check(_NAME, inquiry.date, inquiry.received_at)
        return (*(checks[name] for name in ("credentials", *_ASKED)), clock)

    def rehearsal(self) -> Rehearsal | None:
        """Return the platform's address check; None when aes_key or token is not set."""
        if not self._credentials.callbacks_ready:
            return None
        return address_check(self._credentials, self._clock(), os.urandom)

    def about_refusal(self, check: str) -> Words:
        """Say what to press and where when callbacks are refused by this check of the `Receiver`."""
        return callback_advice.about_refusal(check)

    def _behind_credentials(self, inquiry: Inquiry) -> dict[str, Check]:
        found: dict[str, list[Finding]] = {}
        counted: list[Finding] = []
        for probe in probes(self._credentials):
            finding = inquiry.ask(probe.operation, partial(probe.run, inquiry.client))
            if finding.is_address_refused:
                return {**skipped_all(_ASKED, "trusted_ip"), "trusted_ip": _refused(finding)}
            found.setdefault(probe.check, []).append(finding)
            if probe.is_counted:
                counted.append(finding)
        everything = [each for findings_of_check in found.values() for each in findings_of_check]
        (scope,) = found["contact_range"]
        return {
            "trusted_ip": findings.address(everything),
            "permission_approvals": findings.permission("permission_approvals", found["permission_approvals"]),
            "permission_messages": findings.messages(
                found["permission_messages"], has_agent=bool(self._credentials.agent_id)
            ),
            "permission_contacts": findings.permission("permission_contacts", found["permission_contacts"]),
            "contact_range": findings.contact_range(scope),
            "event_subscription": findings.subscription(self._app),
            "quota": findings.quota(counted),
        }


def _refused(finding: Finding) -> Check:
    return failed("trusted_ip", finding.advice)
