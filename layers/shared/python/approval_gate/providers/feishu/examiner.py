"""
Find out why an app does not work: ask the platform, and say what to press where.

Source: Feishu developer docs, "Obtain bot info", "Query tenant authorization status", "Obtain the contact data
permission range", "Custom app API call limit", read 2026-02-28.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from approval_gate.ports.checks import Check, CheckStatus, Words
from approval_gate.providers.feishu import findings, scopes
from approval_gate.providers.feishu.address_check import address_check
from approval_gate.providers.feishu.callback_advice import callback_advice
from approval_gate.providers.feishu.edition import FEISHU, Edition
from approval_gate.providers.feishu.errcodes import BAD_CREDENTIALS, QUOTA_USED_UP, WRONG_DOMAIN
from approval_gate.providers.feishu.inquiry import Inquiry
from approval_gate.providers.feishu.replies import Reply
from approval_gate.providers.feishu.verdicts import Verdicts, is_refused_for
from approval_gate.verdicts import clock_check

if TYPE_CHECKING:
    import httpx

    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.ports.checks import Rehearsal
    from approval_gate.providers.feishu.credentials import Credentials

__all__ = ["Examiner"]

_OK, _WARNING, _FAILED, _SKIPPED = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.FAILED, CheckStatus.SKIPPED
_BOT = "/open-apis/bot/v3/info"
_SCOPES = "/open-apis/application/v6/scopes"
_NO_APPROVAL = "/open-apis/approval/v4/instances/00000000-0000-0000-0000-000000000000"
_PEOPLE = "/open-apis/contact/v3/users/batch_get_id"
_NOBODY = "nobody@approval-gate.invalid"
_RANGE = "/open-apis/contact/v3/scopes"
_RANGE_QUERY = {"user_id_type": "open_id", "department_id_type": "open_department_id", "page_size": "100"}
_BEHIND_CREDENTIALS = (
    "trusted_ip",
    "app_status",
    "permission_approvals",
    "permission_messages",
    "permission_contacts",
    "contact_range",
    "quota",
)


class Examiner:
    """
    The doctor's half for one app.

    Six calls: the access token, the bot, the granted permissions, an approval that does not exist, a person who does
    not exist, the contact range. Three of them count against a free tenant's monthly quota. Where the credentials are
    refused it is two at most: the other deployment is asked for an access token, to tell a Lark app from a Feishu app;
    never when the app has a `base_url`.
    """

    edition: ClassVar[Edition] = FEISHU

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
        self._verdicts = Verdicts(self.edition)

    def examine(self) -> tuple[Check, ...]:
        """
        Look at credentials, trusted address, state of the app, permissions, contact range, quota and clock.

        Never raises for what the platform answers. A check that an earlier failure makes meaningless is SKIPPED.
        """
        inquiry, verdicts = self._inquiry(self.edition), self._verdicts
        credentials = self._credentials_check(inquiry)
        if credentials.status is _FAILED:
            checks = [verdicts.not_asked(name, cause="credentials") for name in _BEHIND_CREDENTIALS]
        else:
            checks = self._behind_credentials(inquiry)
        events = findings.NO_CALLBACKS if self._app.callbacks == "none" else findings.SUBSCRIPTION
        return (
            credentials,
            *checks,
            verdicts.told("event_subscription", _SKIPPED, events),
            clock_check(Words(self.edition.name, self.edition.name_zh), inquiry.date, inquiry.received_at),
        )

    def rehearsal(self) -> Rehearsal | None:
        """Return the platform's address check; None when neither Encrypt Key nor verification token is set."""
        return address_check(self._credentials, os.urandom) if self._credentials.callbacks_ready else None

    def about_refusal(self, check: str) -> Words:
        """Say what to press and where when callbacks are refused by this check of the `Receiver`."""
        return callback_advice(self.edition, check)

    # -- credentials

    def _credentials_check(self, inquiry: Inquiry) -> Check:
        reply = inquiry.sign_in()
        if reply.advice is None:
            advice = findings.OTHER_HOST if self._has_host_of_other() else findings.CREDENTIALS_RIGHT
            status = _WARNING if advice is findings.OTHER_HOST else _OK
            return self._verdicts.told("credentials", status, advice)
        if self._is_of_other(reply):
            return self._verdicts.told("credentials", _FAILED, findings.WRONG_SIDE)
        return Check("credentials", _FAILED, reply.advice.found, reply.advice.fix)

    def _has_host_of_other(self) -> bool:
        return urlsplit(self._app.base_url).hostname == urlsplit(self.edition.other_api_base).hostname

    def _is_of_other(self, reply: Reply) -> bool:
        """Tell whether the app belongs to the other deployment, whose host alone can say so."""
        if reply.code == str(WRONG_DOMAIN):
            return True
        if self._app.base_url or reply.code not in {str(each) for each in BAD_CREDENTIALS}:
            return False
        other = replace(self.edition, api_base=self.edition.other_api_base)
        return self._inquiry(other).sign_in().advice is None

    def _inquiry(self, edition: Edition) -> Inquiry:
        return Inquiry(edition, self._app, self._credentials, self._http, self._clock)

    # -- what needs an access token

    def _behind_credentials(self, inquiry: Inquiry) -> list[Check]:
        verdicts = self._verdicts
        bot = inquiry.read_flat("read_bot", _BOT)
        first = (verdicts.trusted_ip(bot), verdicts.app_status(bot))
        failed = next((each for each in first if each.status is _FAILED), None)
        if failed:
            skipped = (verdicts.not_asked(name, cause=failed.name) for name in _BEHIND_CREDENTIALS)
            return [failed if each.name == failed.name else each for each in skipped]
        return [*first, *self._permissions(inquiry, bot)]

    def _permissions(self, inquiry: Inquiry, bot: Reply) -> list[Check]:
        verdicts, counted, granted = self._verdicts, [bot], None
        if is_refused_for(bot, QUOTA_USED_UP):
            # What does not count against the quota can still be asked.
            own = [verdicts.not_asked(name, cause="quota") for name in ("permission_approvals", "permission_messages")]
        else:
            listed, approval = inquiry.read("list_scopes", _SCOPES), inquiry.read("read_approval", _NO_APPROVAL)
            granted = None if listed.advice else scopes.granted_scopes(listed.data)
            counted += [listed, approval]
            own = [verdicts.approvals(approval, granted), verdicts.messages(granted)]
        body = {"emails": [_NOBODY], "mobiles": [], "include_resigned": False}
        people, seen = inquiry.look_up("find_people", _PEOPLE, body), inquiry.read("read_range", _RANGE, _RANGE_QUERY)
        return [
            *own,
            verdicts.contacts(people, seen, granted),
            verdicts.contact_range(seen),
            verdicts.quota(counted),
        ]
