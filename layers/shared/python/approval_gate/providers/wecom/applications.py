"""
Applications on the platform: submit one, read one, find one whose number never reached us.

The platform has no idempotency key: submitted again, an application exists twice. So after any attempt whose end is not
known, we list what the applicant submitted with our template since the approval was created, and read each for the
approval's id at the end of its text. Only then may another be submitted.

Source: WeCom developer docs, "Submit an approval application", "Get approval details", "Get approval numbers in bulk",
read 2026-02-28.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from approval_gate.errors import ProviderRejected, ProviderUnavailable
from approval_gate.providers.wecom.cards import application_body, form_text_of, reference_of
from approval_gate.providers.wecom.process import applicant_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from approval_gate.ports import Draft
    from approval_gate.providers.wecom.client import Client
    from approval_gate.providers.wecom.documents import Element
    from approval_gate.providers.wecom.templates import Template
    from approval_gate.providers.wecom.wire import ListRequest

__all__ = ["LIST_DELAY", "Applications"]

LIST_DELAY = timedelta(seconds=30)
"""How long we give the platform's list to show a new application. Not documented; ours."""

_SUBMIT_PATH = "/cgi-bin/oa/applyevent"
_DETAIL_PATH = "/cgi-bin/oa/getapprovaldetail"
_LIST_PATH = "/cgi-bin/oa/getapprovalinfo"
_CLOCK_DIFFERENCE = timedelta(minutes=10)
_LONGEST_LIST = timedelta(days=31)
_PAGE = 100
_MAX_PAGES = 20
_MAX_READ = 200  # a third of the platform's calls per minute


class Applications:
    """The applications of one app."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def submit(self, draft: Draft, template: Template) -> str:
        """
        Submit one application and return its number.

        Raises:
            ProviderUnavailable: it may exist; to be looked for before another is submitted.
        """
        body = application_body(draft, template.template_id, template.control_id)
        try:
            answer = self._client.call("submit", _SUBMIT_PATH, {**body})
        except ProviderUnavailable as err:
            if err.retry_after_s is None:
                err.retry_after_s = LIST_DELAY.total_seconds()
            raise
        sp_no = answer.word("sp_no", limit=64)
        if not sp_no:
            raise _unclear("submit", "WeCom said yes and gave no sp_no; the gate looks for the application")
        return sp_no

    def read(self, sp_no: str) -> Element:
        """
        Return `info` of one application.

        Raises:
            ProviderRejected: the platform does not know it, or answered with another one.
        """
        info = self._client.call("get_approval", _DETAIL_PATH, {"sp_no": sp_no}).first("info")
        if (info.word("sp_no", limit=64) or info.word("SpNoStr", limit=64)) != sp_no:
            raise ProviderRejected(
                "get_approval: WeCom answered with another approval than asked for.",
                provider="wecom",
                operation="get_approval",
            )
        return info

    def find(self, draft: Draft, template_id: str, now: datetime) -> str | None:
        """
        Return the number of the application that holds this approval's id, if there is one.

        Raises:
            ProviderUnavailable: too many to read; nothing may be concluded.
            ProviderRejected: one of them cannot be read; nothing may be concluded either.
        """
        for number, sp_no in enumerate(self._listed(draft, template_id, now)):
            if number >= _MAX_READ:
                raise _unclear(
                    "find_approval",
                    f"more than {_MAX_READ} applications of this applicant to search; use another requester",
                )
            info = self.read(sp_no)
            applicant = applicant_of(info)
            if (
                applicant is not None
                and applicant.is_same_person(draft.requester)
                and reference_of(form_text_of(info)) == draft.approval_id
            ):
                return sp_no
        return None

    def _listed(self, draft: Draft, template_id: str, now: datetime) -> Iterator[str]:
        start = draft.created_at - _CLOCK_DIFFERENCE
        end = min(now + _CLOCK_DIFFERENCE, start + _LONGEST_LIST)
        body: ListRequest = {
            "starttime": str(int(start.timestamp())),
            "endtime": str(int(end.timestamp())),
            "new_cursor": "",
            "size": _PAGE,
            "filters": [
                {"key": "template_id", "value": template_id},
                {"key": "creator", "value": draft.requester.user_id},
            ],
        }
        for _ in range(_MAX_PAGES):
            answer = self._client.call("list_approvals", _LIST_PATH, {**body})
            for each in answer.all("sp_no_list"):
                if each.text:
                    yield each.text
            body["new_cursor"] = answer.word("new_next_cursor", limit=1024)
            if not body["new_cursor"]:
                # A short page does not mean the end; a missing cursor does.
                return
        raise _unclear("list_approvals", "the list of applications does not end")


def _unclear(operation: str, text: str) -> ProviderUnavailable:
    error = ProviderUnavailable(f"{operation}: {text}.", provider="wecom", operation=operation)
    error.retry_after_s = LIST_DELAY.total_seconds()
    return error
