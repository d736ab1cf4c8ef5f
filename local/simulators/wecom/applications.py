"""
Applications: submit, read, list, and every change of one.

There is no call to withdraw, decide or delete, and no key against submitting twice. Source: "Submit an approval
application", "Get approval details", "Get approval numbers in bulk", read 2026-02-28.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer
from local.simulators.wecom.answers import Problem, param_error, success
from local.simulators.wecom.call import WecomCall, corp_id, is_one_of
from local.simulators.wecom.details import Details
from local.simulators.wecom.directory import Directory
from local.simulators.wecom.drafts import Drafts
from local.simulators.wecom.events import Events
from local.simulators.wecom.flow import Flow
from local.simulators.wecom.model import Application
from local.simulators.wecom.templates import Templates
from local.simulators.wecom.values import read_values

__all__ = ["Applications"]

_CHINA = timezone(timedelta(hours=8))
_LONGEST_RANGE_S = 31 * 24 * 3600
_LARGEST_PAGE = 100
_POSITION = re.compile(r"[0-9]{1,9}")
_FILTERS = frozenset({"template_id", "creator", "department", "sp_status", "record_type"})


class Applications:
    """The applications of the simulated companies."""

    def __init__(
        self, simulation: Simulation, directory: Directory, templates: Templates, details: Details, events: Events
    ) -> None:
        self._simulation, self._directory, self._templates = simulation, directory, templates
        self._details, self._events = details, events
        self._drafts = Drafts(simulation, directory)
        self._applications = Collection(
            simulation.store, "wecom_applications", Application, key="sp_no", indexed=("corp_id",)
        )

    def get(self, sp_no: str) -> Application | None:
        """Return the application of that number."""
        return self._applications.get(sp_no)

    def all(self, limit: int = -1) -> list[Application]:
        """Return applications, newest first."""
        return self._applications.find(newest_first=True, limit=limit)

    @contextmanager
    def change(self, application: Application) -> Iterator[Flow]:
        """Move an application; apps are told on the way, and afterwards it is saved."""
        template = self._templates.get(application.corp_id, application.template_id)
        yield Flow(
            application,
            self._simulation.people,
            tell=lambda change: self._events.tell(application, template, change),
            now_s=self._now_s,
        )
        self._applications.put(application)

    def submit(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/oa/applyevent."""
        template = self._templates.get(call.corp_id, call.body.get("template_id"))
        applicant, department = self._drafts.applicant(call)
        application = Application(
            sp_no="",
            corp_id=call.corp_id,
            app_id=call.app.app_id,
            template_id=template.id,
            sp_name=template.name,
            applicant=applicant.user_id,
            department=department,
            apply_s=self._now_s,
            listed_from_s=self._simulation.clock.now_s() + self._simulation.switch("list_delay_s"),
            nodes=self._drafts.nodes(call, applicant),
            contents=read_values(call.body.get("apply_data"), template),
            summary=self._drafts.summary(call),
        )
        application.sp_no = self._next_number()
        with self.change(application) as flow:
            flow.start()
        return success(sp_no=application.sp_no)

    def read(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/oa/getapprovaldetail."""
        sp_no = call.body.get("sp_no")
        application = self._applications.get(sp_no) if isinstance(sp_no, str) else None
        if application is None or application.corp_id != call.corp_id:
            raise param_error("sp_no")
        if not self._is_visible(call.app, application):
            raise Problem(301055)
        return success(info=self._details.shown(application))

    def numbers(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/oa/getapprovalinfo: numbers of what was submitted between two times."""
        start, end = _seconds(call, "starttime"), _seconds(call, "endtime")
        if not 0 < end - start <= _LONGEST_RANGE_S:
            raise param_error("endtime must be after starttime, by 31 days at most")
        size = call.body.get("size")
        if type(size) is not int or not 1 <= size <= _LARGEST_PAGE:
            raise param_error("size")
        position, told = _cursor(call)
        wanted = self._filters(call)
        now_s = self._simulation.clock.now_s()
        found = [
            one
            for one in self._applications.find(corp_id=call.corp_id)
            if start <= one.apply_s <= end and one.listed_from_s <= now_s and self._is_visible(call.app, one)
        ]
        is_late = bool(self._simulation.switch("short_pages"))
        listed = found if is_late else [one for one in found if _matches(one, wanted)]
        until = position + size
        numbers = [one.sp_no for one in listed[position:until] if _matches(one, wanted)]
        more = {told: until if told == "next_cursor" else str(until)} if until < len(listed) else {}
        return success(sp_no_list=numbers, **more)

    def _filters(self, call: WecomCall) -> dict[str, set[str]]:
        """Read the filters: different keys must all hold, the same key is an or and only `department` may repeat."""
        filters = call.body.get("filters") or []
        if not isinstance(filters, list) or not all(isinstance(one, dict) for one in filters):
            raise param_error("filters")
        wanted: dict[str, set[str]] = {}
        for one in filters:
            key, value = one.get("key"), one.get("value")
            if not is_one_of(key, _FILTERS) or not isinstance(value, str) or (key in wanted and key != "department"):
                raise param_error("filters")
            if key == "creator":
                creator = self._directory.person(value)
                if creator is None or creator.resigned:
                    raise Problem(301055)
                value = creator.user_id
            wanted.setdefault(str(key), set()).add(value)
        return wanted

    def _is_visible(self, app: App, application: Application) -> bool:
        applicant = self._directory.person(application.applicant)
        return (
            corp_id(app) == application.corp_id and applicant is not None and self._directory.is_visible(app, applicant)
        )

    @property
    def _now_s(self) -> int:
        return self._simulation.clock.told_ms() // 1000

    def _next_number(self) -> str:
        day = datetime.fromtimestamp(self._now_s, UTC).astimezone(_CHINA).strftime("%Y%m%d")
        return f"{day}{self._simulation.values.increment(f'wecom_number:{day}'):04d}"


def _cursor(call: WecomCall) -> tuple[int, str]:
    """Return the position asked for, and how the next one is told: `cursor`, a number, is the older way."""
    older = call.body.get("cursor")
    if type(older) is int and 0 <= older < 10**9 and "new_cursor" not in call.body:
        return older, "next_cursor"
    given = call.body.get("new_cursor") or "0"
    if not isinstance(given, str) or not _POSITION.fullmatch(given):
        raise param_error("new_cursor")
    return int(given), "new_next_cursor"


def _seconds(call: WecomCall, name: str) -> int:
    value: Any = call.body.get(name)
    if not isinstance(value, str):
        # By GET the body is not read: then, and when it is left out, this is the answer.
        raise Problem(40058, name)
    if not value.isdecimal() or len(value) > 11:
        raise param_error(name)
    return int(value)


def _matches(application: Application, wanted: dict[str, set[str]]) -> bool:
    facts = {
        "template_id": application.template_id,
        "creator": application.applicant,
        "department": str(application.department),
        "sp_status": str(application.status),
        "record_type": "",
    }
    return all(facts[key] in values for key, values in wanted.items())
