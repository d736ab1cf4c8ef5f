"""What people see and do in the platform's own application, in the words that the frame's page shares."""

from local.simulators.frame.platform import Simulation
from local.simulators.frame.times import rfc3339
from local.simulators.frame.views import ApprovalView, Decision, Line, Moment, StageView, TaskView
from local.simulators.frame.web import SimError
from local.simulators.wecom.applications import Applications
from local.simulators.wecom.details import Details, copied_to
from local.simulators.wecom.directory import Directory
from local.simulators.wecom.flow import Flow
from local.simulators.wecom.model import (
    AGREED,
    ALL,
    ANY,
    COPY,
    HANDED_OVER,
    HANDLED,
    IN_REVIEW,
    REJECTED,
    SEQUENCE,
    TRANSFERRED,
    WITH_ONE_MORE,
    Application,
    Comment,
    Entry,
    Node,
)
from local.simulators.wecom.values import shown_text

__all__ = ["Inbox"]

_MODES = {ALL: "all", ANY: "any", SEQUENCE: "sequence"}
_STATUSES = {1: "pending", 2: "approved", 3: "rejected", 4: "canceled", 6: "reverted", 7: "deleted", 10: "approved"}
_ACTS = {
    AGREED: "approved",
    WITH_ONE_MORE: "approved",
    HANDLED: "approved",
    REJECTED: "rejected",
    TRANSFERRED: "transferred",
    HANDED_OVER: "transferred",
}
_ON_A_TASK = ("approve", "reject", "transfer", "rollback", "countersign")
_BY_THE_APPLICANT = ("withdraw", "revert", "urge")
_BY_OTHERS = ("comment", "delete", "pay")
_PAYABLE = 2


class Inbox:
    """Applications as people have them before their eyes."""

    def __init__(
        self, simulation: Simulation, directory: Directory, applications: Applications, details: Details
    ) -> None:
        self._simulation, self._directory = simulation, directory
        self._applications, self._details = applications, details

    def approvals(self, limit: int, language: str) -> list[ApprovalView]:
        """Return applications, newest first."""
        return [self._view(one, language) for one in self._applications.all(limit)]

    def approval(self, ref: str, language: str) -> ApprovalView | None:
        """Return one application."""
        found = self._applications.get(ref)
        return self._view(found, language) if found else None

    def decide(self, ref: str, decision: Decision) -> None:
        """
        Do what a person does.

        Raises:
            SimError: that person cannot do that now.
        """
        application = self._applications.get(ref)
        known = (*_ON_A_TASK, *_BY_THE_APPLICANT, *_BY_OTHERS)
        if application is None:
            raise SimError(f"no approval {ref!r}; GET /_sim/approvals lists them", status=404)
        if decision.action not in known:
            raise SimError(f"decision {decision.action!r} is not one of {', '.join(known)}")
        with self._applications.change(application) as flow:
            if decision.action in _ON_A_TASK:
                self._decide_task(flow, application, decision)
            elif decision.action in _BY_THE_APPLICANT:
                _act_as_applicant(flow, application, decision)
            else:
                self._act_otherwise(flow, application, decision)

    def _decide_task(self, flow: Flow, application: Application, decision: Decision) -> None:
        _check_status(application, IN_REVIEW)
        entry = next((one for one in application.asked if decision.user_id in {"", one.userid}), None)
        if entry is None:
            asked = ", ".join(one.userid for one in application.asked)
            raise SimError(f"{decision.user_id} has no open task here; open for: {asked or 'nobody'}", status=409)
        if decision.action == "approve":
            flow.approve(entry, decision.comment)
        elif decision.action == "reject":
            flow.reject(entry, decision.comment)
        elif decision.action == "transfer":
            flow.transfer(entry, self._receiver(decision), decision.comment)
        elif decision.action == "countersign":
            flow.countersign(entry, self._receiver(decision), decision.comment)
        else:
            flow.send_back(entry, int(decision.to) - 1 if decision.to.isdecimal() else -1, decision.comment)

    def _act_otherwise(self, flow: Flow, application: Application, decision: Decision) -> None:
        if decision.action == "delete":
            flow.delete()
        elif decision.action == "pay":
            _check_status(application, _PAYABLE)
            flow.pay()
        else:
            if not decision.comment:
                raise SimError("a comment needs `comment`: what to say")
            flow.comment(
                Comment(
                    id=self._simulation.ids.number(),
                    userid=decision.user_id or application.applicant,
                    text=decision.comment,
                    at_s=self._simulation.clock.told_ms() // 1000,
                )
            )

    def _receiver(self, decision: Decision) -> str:
        by_mail = self._simulation.people.people.first(email=decision.to) if decision.to else None
        person = by_mail or self._directory.person(decision.to)
        if person is None or person.resigned:
            raise SimError(f"{decision.action} needs `to`: a colleague's userid; {decision.to!r} is none")
        return person.user_id

    def _view(self, application: Application, language: str) -> ApprovalView:
        asked = [entry.userid for entry in application.asked]
        passed = [
            str(number + 1)
            for number, node in enumerate(application.nodes[: application.current])
            if node.type != COPY and application.status == IN_REVIEW
        ]
        actions = {"approve": asked, "reject": asked, "transfer": asked, "rollback": asked if passed else []}
        if application.status == IN_REVIEW:
            actions["withdraw"] = [application.applicant]
        if application.status == AGREED:
            actions["revert"] = [application.applicant]
        return ApprovalView(
            ref=application.sp_no,
            title=next(iter(application.summary), "") or application.sp_name,
            status=_STATUSES[application.status],
            requester=self._directory.name_of(application.applicant),
            requester_id=application.applicant,
            created_at=rfc3339(application.apply_s),
            finished_at=rfc3339(application.end_s) if application.end_s else "",
            number=application.sp_no,
            app_id=application.app_id,
            lines=[
                Line(label=_in_language(content["title"], language), text=shown_text(content))
                for content in application.contents
            ],
            stages=[
                self._stage(application, number, node, language)
                for number, node in enumerate(application.nodes)
                if node.type != COPY
            ],
            comments=[
                Moment(name=self._directory.name_of(one.userid), text=one.text, at=rfc3339(one.at_s))
                for one in application.comments
            ],
            copied_to=copied_to(application),
            actions=actions,
            rollback_stages=passed,
            raw=self._details.shown(application),
        )

    def _stage(self, application: Application, number: int, node: Node, language: str) -> StageView:
        return StageView(
            id=str(number + 1),
            name=f"Step {number + 1}" if language == "en" else f"第 {number + 1} 步",
            mode=_MODES[node.apv_rel],
            status=_stage_status(application, number, node),
            tasks=[self._task(application, number, node, entry) for entry in self._details.entries(node)],
        )

    def _task(self, application: Application, number: int, node: Node, entry: Entry) -> TaskView:
        is_asked = any(entry is one for one in application.asked)
        if is_asked:
            status = "pending"
        elif application.status == IN_REVIEW and node.status == IN_REVIEW:
            status = _ACTS.get(entry.status, "waiting")
        else:
            status = _ACTS.get(entry.status, "done")
        return TaskView(
            id="" if status == "waiting" else f"{number + 1}.{entry.userid}",
            user_id=entry.userid,
            name=self._directory.name_of(entry.userid),
            status=status,
            comment=entry.speech,
            decided_at=rfc3339(entry.at_s) if entry.at_s else "",
            note="auto" if entry.is_automatic else "",
            to=self._directory.name_of(entry.given_to) if entry.given_to else "",
        )


def _act_as_applicant(flow: Flow, application: Application, decision: Decision) -> None:
    if decision.user_id not in {"", application.applicant}:
        raise SimError(f"only the applicant, {application.applicant}, can {decision.action}", status=409)
    if decision.action == "revert":
        _check_status(application, AGREED)
        flow.revoke()
        return
    _check_status(application, IN_REVIEW)
    if decision.action == "withdraw":
        flow.withdraw()
    else:
        flow.urge()


def _in_language(texts: list[dict[str, str]], language: str) -> str:
    """Return a text in the reader's language, else in the platform's own."""
    wanted = "en" if language == "en" else "zh_CN"
    return next((one["text"] for one in texts if one.get("lang") == wanted), texts[0]["text"])


def _check_status(application: Application, wanted: int) -> None:
    if application.status != wanted:
        raise SimError(f"the approval is {_STATUSES[application.status]}; that is not possible now", status=409)


def _stage_status(application: Application, number: int, node: Node) -> str:
    if node.status == REJECTED:
        return "rejected"
    if node.status in {AGREED, HANDLED}:
        return "approved"
    if application.status != IN_REVIEW:
        return "closed"
    return "pending" if number == application.current else "waiting"
