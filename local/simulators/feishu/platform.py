"""Feishu, or Lark, as the frame sees it."""

from typing import Any

from local.simulators.feishu.answers import Problem, failure
from local.simulators.feishu.chats import Chats
from local.simulators.feishu.contacts import FIELD_SCOPES, Contacts
from local.simulators.feishu.definitions import Definitions
from local.simulators.feishu.events import Events
from local.simulators.feishu.flavours import Flavour
from local.simulators.feishu.gateway import Gateway
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.inbox import Inbox
from local.simulators.feishu.instance_details import InstanceDetails
from local.simulators.feishu.instances import Instances
from local.simulators.feishu.messages import BATCH_SCOPES, Messages
from local.simulators.feishu.robots import HOOK_PATH, CustomBots
from local.simulators.feishu.routes import approval_routes, contact_routes, message_routes, other_routes
from local.simulators.feishu.selfchecks import SelfChecks
from local.simulators.feishu.tasks import Tasks
from local.simulators.feishu.tokens import Tokens
from local.simulators.frame.apps import App
from local.simulators.frame.callbacks import Delivery
from local.simulators.frame.faults import Fault
from local.simulators.frame.platform import Simulation
from local.simulators.frame.throttle import Throttle
from local.simulators.frame.views import ApprovalView, Decision, MessageView
from local.simulators.frame.web import ApiAnswer, ApiCall, Outgoing, SimError

__all__ = ["FeishuPlatform"]

_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 - a path
_API_PREFIX = "/open-apis/"


class FeishuPlatform:
    """Wires the parts of the platform and leads calls to them."""

    def __init__(self, simulation: Simulation, flavour: Flavour) -> None:
        self.rules = flavour.rules
        self._simulation, self._flavour = simulation, flavour
        self._identities = identities = Identities(simulation)
        throttle = Throttle(simulation.clock)
        self._events = Events(simulation, identities)
        definitions = Definitions(simulation, identities)
        instances = Instances(simulation, identities, definitions, self._events)
        details = InstanceDetails(simulation, instances, identities)
        tasks = Tasks(simulation, identities, instances)
        contacts = Contacts(simulation, identities)
        messages = Messages(simulation, identities, contacts, throttle)
        checks = SelfChecks(identities)
        self._tokens = Tokens(simulation)
        self._robots = CustomBots(simulation, messages, throttle)
        self._gateway = Gateway(
            simulation,
            self._tokens,
            throttle,
            [
                *approval_routes(definitions, instances, details, tasks),
                *contact_routes(contacts),
                *message_routes(messages, Chats(simulation, identities)),
                *other_routes(checks),
            ],
        )
        checks.known_scopes = sorted({*self._gateway.scopes, *FIELD_SCOPES, *(scope for _, scope in BATCH_SCOPES)})
        self._inbox = Inbox(simulation, identities, instances, details, messages, flavour.default_locale)

    def handle(self, call: ApiCall) -> ApiAnswer:
        """Answer one call; every answer carries the id that the platform's support asks for."""
        log_id = f"{self._simulation.clock.told_ms()}{self._simulation.ids.hex(20)}"
        answer = self._answer(call, log_id)
        return ApiAnswer(
            content=answer.content,
            status=answer.status,
            headers={**answer.headers, "X-Tt-Logid": log_id, "X-Request-Id": log_id},
            raw=answer.raw,
            content_type=answer.content_type,
            app=answer.app,
            code=answer.code,
        )

    def fault_answer(self, fault: Fault) -> ApiAnswer:
        """Phrase an arranged fault in the platform's JSON, unless it brings its own text."""
        log_id = self._simulation.ids.hex()
        code = fault.code if fault.code is not None else (99991400 if fault.status == 429 else 2200)
        status = fault.status or 400
        headers = {"X-Tt-Logid": log_id, "X-Request-Id": log_id}
        if fault.body is not None:
            is_json = fault.body.lstrip().startswith(("{", "["))
            kind = "application/json" if is_json else "text/html; charset=utf-8"
            return ApiAnswer(
                status=fault.status or 200, raw=fault.body, content_type=kind, headers=headers, code=fault.code
            )
        if code in {99991400, "99991400"}:
            headers |= {"x-ogw-ratelimit-limit": "100", "x-ogw-ratelimit-reset": "1"}
        number = int(code) if str(code).lstrip("-").isdecimal() else 2200
        problem = Problem(number, status=status, headers=headers)
        problem.msg = fault.msg or problem.msg
        return failure(problem, log_id)

    def shown_path(self, path: str) -> str:
        """Hide the id of a custom bot, which is its secret."""
        return f"{HOOK_PATH}***" if path.startswith(HOOK_PATH) else path

    def address_check(self, app: App) -> Outgoing:
        """Return the request that checks an app's address."""
        return self._events.address_check(app)

    def address_problem(self, app: App, check: Outgoing, status: int, body: bytes) -> str:
        """Say what is wrong with the answer to the check, or nothing."""
        return self._events.address_problem(app, check, status, body)

    def seal(self, app: App, delivery: Delivery) -> Outgoing:
        """Encrypt and sign an event as of now."""
        return self._events.seal(app, delivery)

    def undelivered(self, _: App, status: int, __: bytes) -> str:
        """Only HTTP 200 counts; the body does not matter."""
        return "" if status == 200 else f"answered HTTP {status}"

    def person_ids(self, user_id: str) -> dict[str, Any]:
        """Return the open_id for each app, and the union_id."""
        open_ids = {app.app_id: self._identities.open_id(app.app_id, user_id) for app in self._simulation.apps.all()}
        return {"open_ids": open_ids, "union_id": self._identities.union_id(user_id)}

    def user_id_of(self, any_id: str) -> str:
        """Return the user id behind any id or e-mail."""
        return self._identities.anyone(any_id)

    def approvals(self, limit: int = -1, language: str = "") -> list[ApprovalView]:
        """Return approvals, newest first."""
        return self._inbox.approvals(limit, language)

    def approval(self, ref: str, language: str = "") -> ApprovalView | None:
        """Return one approval, by instance code or uuid."""
        return self._inbox.approval(ref, language)

    def decide(self, ref: str, decision: Decision) -> None:
        """Do what a person does in the platform's own application."""
        try:
            self._inbox.decide(ref, decision)
        except Problem as err:
            raise SimError(f"{err.code}: {err.msg}", status=409) from err

    def messages(self, limit: int = -1, language: str = "") -> list[MessageView]:
        """Return messages, newest first."""
        return self._inbox.messages(limit, language)

    def _answer(self, call: ApiCall, log_id: str) -> ApiAnswer:
        if call.path.startswith(HOOK_PATH) and call.method == "POST":
            return self._robots.post(call)
        if call.path.rstrip("/") == _TOKEN_PATH and call.method == "POST":
            return self._tokens.issue(call)
        app_id = ""
        try:
            route, params = self._gateway.find(call.method, call.path)
            app = self._gateway.identify(call)
            app_id = app.app_id
            answer = self._gateway.run(app, call, route, params)
        except Problem as problem:
            if problem.code == 99991201 and not (
                self._flavour.unknown_path_is_json and call.path.startswith(_API_PREFIX)
            ):
                return ApiAnswer(status=404, raw="404 page not found", content_type="text/plain")
            answer = failure(problem, log_id)
        return ApiAnswer(
            content=answer.content,
            status=answer.status,
            headers=answer.headers,
            raw=answer.raw,
            content_type=answer.content_type,
            app=app_id,
            code=answer.code,
        )
