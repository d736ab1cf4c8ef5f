"""DingTalk, as the frame sees it."""

from dataclasses import replace
from typing import Any

from local.simulators.dingtalk.answers import (
    OldProblem,
    Problem,
    Refused,
    failure,
    is_newer,
    old_failure,
)
from local.simulators.dingtalk.contacts import Contacts
from local.simulators.dingtalk.custom_robots import SEND_PATH, CustomRobots
from local.simulators.dingtalk.departments import Departments
from local.simulators.dingtalk.details import Details
from local.simulators.dingtalk.events import Events
from local.simulators.dingtalk.failed_events import FailedEvents
from local.simulators.dingtalk.fault_answers import fault_answer
from local.simulators.dingtalk.forms import Forms
from local.simulators.dingtalk.gateway import Gateway
from local.simulators.dingtalk.inbox import Inbox
from local.simulators.dingtalk.instances import Instances
from local.simulators.dingtalk.notifications import Notifications
from local.simulators.dingtalk.people import People
from local.simulators.dingtalk.robots import Robots
from local.simulators.dingtalk.routes import approval_routes, contact_routes, message_routes, other_routes
from local.simulators.dingtalk.rules import RULES
from local.simulators.dingtalk.tasks import Tasks
from local.simulators.dingtalk.tokens import Tokens
from local.simulators.frame.apps import App
from local.simulators.frame.callbacks import Delivery
from local.simulators.frame.faults import Fault
from local.simulators.frame.platform import Simulation
from local.simulators.frame.throttle import Throttle
from local.simulators.frame.views import ApprovalView, Decision, MessageView
from local.simulators.frame.web import ApiAnswer, ApiCall, Outgoing, SimError

__all__ = ["DingTalkPlatform"]

_TOKEN_PATH = "/v1.0/oauth2/accessToken"  # noqa: S105 - a path
_OLD_TOKEN_PATH = "/gettoken"  # noqa: S105 - a path
_CORP_TOKEN = ("/v1.0/oauth2/", "/token")


class DingTalkPlatform:
    """Wires the parts of the platform and leads calls to them."""

    def __init__(self, simulation: Simulation) -> None:
        self.rules = RULES
        self._simulation = simulation
        self._people = people = People(simulation)
        throttle = Throttle(simulation.clock)
        self._events = Events(simulation)
        forms = Forms(simulation)
        instances = Instances(simulation, people, forms, self._events)
        details = Details(simulation, people, instances)
        notifications = Notifications(simulation, people)
        robots = Robots(simulation, people)
        self._custom_robots = CustomRobots(simulation, robots, throttle)
        self._tokens = Tokens(simulation)
        self._gateway = Gateway(
            simulation,
            self._tokens,
            throttle,
            [
                *approval_routes(forms, instances, details, Tasks(people, instances)),
                *contact_routes(Contacts(simulation, people), Departments(simulation, people)),
                *message_routes(notifications, robots),
                *other_routes(FailedEvents(simulation)),
            ],
        )
        self._inbox = Inbox(simulation, people, instances, details, notifications, robots)

    def handle(self, call: ApiCall) -> ApiAnswer:
        """Answer one call, in the manner of the host that its path belongs to."""
        if self._gateway.is_flooded(call):
            # The status that goes with it was not seen.
            uuid = self._simulation.ids.hex()
            content = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": uuid}
            return ApiAnswer(content=content, code=1111)
        app_id = ""
        try:
            if issued := self._issue_token(call):
                return issued
            if call.path == SEND_PATH and call.method == "POST":
                return self._custom_robots.post(call)
            route = self._gateway.find(call)
            app = self._gateway.identify(call)
            app_id = app.app_id
            answer = self._gateway.run(app, call, route)
        except (Problem, OldProblem, Refused) as problem:
            answer = self._refusal(call, problem)
        return replace(answer, app=app_id)

    def fault_answer(self, fault: Fault) -> ApiAnswer:
        """Phrase an arranged fault as the platform would."""
        return fault_answer(fault, self._simulation.ids.uuid())

    def shown_path(self, path: str) -> str:
        """Return the path; secrets are in queries and headers only."""
        return path

    def address_check(self, app: App) -> Outgoing:
        """Return the request that checks an app's address."""
        return self._events.address_check(app)

    def address_problem(self, app: App, check: Outgoing, status: int, body: bytes) -> str:  # noqa: ARG002 - one answer fits all
        """Say what is wrong with the answer to the check, or nothing."""
        return self._events.address_problem(app, status, body)

    def seal(self, app: App, delivery: Delivery) -> Outgoing:
        """Encrypt and sign an event as of now."""
        return self._events.seal(app, delivery)

    def undelivered(self, app: App, status: int, body: bytes) -> str:
        """Only HTTP 200 with the sealed and signed word `success` counts."""
        return self._events.undelivered(app, status, body)

    def person_ids(self, user_id: str) -> dict[str, Any]:
        """Return the unionid, and the numbers of somebody's departments."""
        person = self._simulation.people.people.get(user_id)
        numbers = {one: self._people.number(one) for one in (person.departments if person else [])}
        return {"unionid": self._people.union_id(user_id), "dept_ids": numbers}

    def user_id_of(self, any_id: str) -> str:
        """Return the user id behind any id or e-mail."""
        return self._people.anyone(any_id)

    def approvals(self, limit: int = -1, language: str = "") -> list[ApprovalView]:
        """Return approvals, newest first."""
        return self._inbox.approvals(limit, language)

    def approval(self, ref: str, language: str = "") -> ApprovalView | None:
        """Return one approval."""
        return self._inbox.approval(ref, language)

    def decide(self, ref: str, decision: Decision) -> None:
        """Do what a person does in the platform's own application."""
        try:
            self._inbox.decide(ref, decision)
        except Problem as err:
            raise SimError(f"{err.code}: {err.message}", status=409) from err

    def messages(self, limit: int = -1, language: str = "") -> list[MessageView]:  # noqa: ARG002 - of one language only
        """Return messages, newest first."""
        return self._inbox.messages(limit)

    def _issue_token(self, call: ApiCall) -> ApiAnswer | None:
        head, tail = _CORP_TOKEN
        if call.method == "POST" and call.path == _TOKEN_PATH:
            return self._tokens.issue(call)
        if call.method == "GET" and call.path == _OLD_TOKEN_PATH:
            return self._tokens.issue_older(call)
        if call.method == "POST" and call.path.startswith(head) and call.path.endswith(tail):
            return self._tokens.issue_for_corp(call, call.path.removeprefix(head).removesuffix(tail))
        return None

    def _refusal(self, call: ApiCall, problem: Problem | OldProblem | Refused) -> ApiAnswer:
        request_id = self._simulation.ids.uuid()
        if isinstance(problem, Refused):
            if is_newer(call.path):
                return failure(problem.newer(), request_id)
            is_plain = bool(self._simulation.switch("plain_token_errors"))
            return old_failure(problem.older(is_plain=is_plain), request_id)
        return failure(problem, request_id) if isinstance(problem, Problem) else old_failure(problem, request_id)
