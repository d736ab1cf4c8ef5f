"""WeCom as the frame sees it."""

from typing import Any

from local.simulators.frame.apps import App
from local.simulators.frame.callbacks import Delivery
from local.simulators.frame.faults import Fault
from local.simulators.frame.platform import Simulation
from local.simulators.frame.times import rfc3339
from local.simulators.frame.views import ApprovalView, Decision, MessageView
from local.simulators.frame.web import ApiAnswer, ApiCall, Outgoing
from local.simulators.wecom.agents import Agents
from local.simulators.wecom.answers import Problem, failure
from local.simulators.wecom.applications import Applications
from local.simulators.wecom.card_updates import CardUpdates
from local.simulators.wecom.contacts import Contacts
from local.simulators.wecom.contents import card_tone, read_content
from local.simulators.wecom.details import Details
from local.simulators.wecom.directory import Directory
from local.simulators.wecom.events import Events
from local.simulators.wecom.gateway import Gateway
from local.simulators.wecom.inbox import Inbox
from local.simulators.wecom.messages import Messages
from local.simulators.wecom.model import Message
from local.simulators.wecom.robots import HOOK_PATH, Robots
from local.simulators.wecom.routes import approval_routes, contact_routes, message_routes, other_routes
from local.simulators.wecom.rules import RULES
from local.simulators.wecom.templates import Templates
from local.simulators.wecom.throttle import Throttle
from local.simulators.wecom.tokens import Tokens

__all__ = ["WecomPlatform"]

_TOKEN_PATH = "/cgi-bin/gettoken"  # noqa: S105 - a path


class WecomPlatform:
    """Wires the parts of the platform and leads calls to them."""

    rules = RULES

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._directory = directory = Directory(simulation)
        throttle = Throttle(simulation)
        details = Details(simulation)
        self._events = Events(simulation, directory, details)
        templates = Templates(simulation)
        applications = Applications(simulation, directory, templates, details, self._events)
        self._messages = Messages(simulation, directory, throttle)
        self._robots = Robots(simulation, self._messages, throttle)
        self._tokens = Tokens(simulation, throttle)
        self._gateway = Gateway(
            simulation,
            self._tokens,
            throttle,
            [
                *approval_routes(templates, applications),
                *contact_routes(Contacts(simulation, directory, throttle)),
                *message_routes(self._messages, CardUpdates(self._messages), Agents(simulation, directory)),
                *other_routes(),
            ],
        )
        self._inbox = Inbox(simulation, directory, applications, details)

    def handle(self, call: ApiCall) -> ApiAnswer:
        """Answer one call."""
        route = self._gateway.find(call.path)
        if call.method not in {"GET", "POST"} or (route is None and call.path not in {_TOKEN_PATH, HOOK_PATH}):
            return ApiAnswer(status=404, raw="404 page not found", content_type="text/plain")
        app_id = ""
        try:
            if route is None:
                return self._tokens.issue(call) if call.path == _TOKEN_PATH else self._robots.post(call)
            app = self._gateway.identify(call)
            app_id = app.app_id
            answer = self._gateway.run(app, call, route)
        except Problem as problem:
            empty: dict[str, list[Any]] = {name: [] for name in route.empty} if route else {}
            answer = failure(problem, hint=self._hint(), client_ip=call.client_ip, empty=empty)
        return ApiAnswer(content=answer.content, app=app_id, code=answer.code)

    def fault_answer(self, fault: Fault) -> ApiAnswer:
        """Phrase an arranged fault: a code in the platform's JSON, anything else as a proxy before it would."""
        status = fault.status or 200
        if fault.body is not None:
            is_json = fault.body.lstrip().startswith(("{", "["))
            kind = "application/json" if is_json else "text/html; charset=utf-8"
            return ApiAnswer(status=status, raw=fault.body, content_type=kind, code=fault.code)
        if fault.code is None:
            return ApiAnswer(status=status, raw=fault.msg or f"<html>{status}</html>", content_type="text/html")
        number = int(fault.code) if str(fault.code).lstrip("-").isdecimal() else -1
        problem = Problem(number)
        problem.msg = fault.msg or problem.msg
        answer = failure(problem, hint=self._hint(), client_ip="127.0.0.1")
        return ApiAnswer(content=answer.content, status=status, code=number)

    def shown_path(self, path: str) -> str:
        """Return the path as it is: secrets stand in the query, which the log of calls masks."""
        return path

    def address_check(self, app: App) -> Outgoing:
        """Return the request that checks an app's address."""
        return self._events.address_check(app)

    def address_problem(self, app: App, check: Outgoing, status: int, body: bytes) -> str:
        """Say what is wrong with the answer to the check, or nothing."""
        return self._events.address_problem(app, check, status, body)

    def seal(self, app: App, delivery: Delivery) -> Outgoing:
        """Seal and sign an event as of now."""
        return self._events.seal(app, delivery)

    def undelivered(self, app: App, status: int, body: bytes) -> str:
        """Say why an answer does not count, or nothing."""
        return self._events.undelivered(app, status, body)

    def person_ids(self, user_id: str) -> dict[str, Any]:
        """Return the userid and the numbers of the departments."""
        person = self._directory.person(user_id)
        return {"userid": user_id, "department": self._directory.numbers_of(person) if person else []}

    def user_id_of(self, any_id: str) -> str:
        """Return the userid as the company spells it, of a userid in any case or an e-mail."""
        person = self._directory.person(any_id) or self._simulation.people.people.first(email=any_id)
        return person.user_id if person else ""

    def approvals(self, limit: int = -1, language: str = "") -> list[ApprovalView]:
        """Return applications, newest first."""
        return self._inbox.approvals(limit, language)

    def approval(self, ref: str, language: str = "") -> ApprovalView | None:
        """Return one application, by its number."""
        return self._inbox.approval(ref, language)

    def decide(self, ref: str, decision: Decision) -> None:
        """Do what a person does in the platform's own application."""
        self._inbox.decide(ref, decision)

    def messages(self, limit: int = -1, language: str = "") -> list[MessageView]:
        """Return messages, newest first. They have no languages: apps write them as they are read."""
        del language
        return [self._message(one) for one in self._messages.all(limit)]

    def _message(self, message: Message) -> MessageView:
        title, text, links = read_content(message.msgtype, message.content)
        chat = self._simulation.people.chats.get(message.chat_id) if message.chat_id else None
        app = self._simulation.apps.get(message.app_id)
        return MessageView(
            id=message.id,
            at=rfc3339(message.at_ms / 1000),
            app_id=message.app_id,
            sender=message.robot or (app.name if app and app.name else message.app_id),
            to=chat.members if chat else message.to,
            chat=chat.name if chat else "",
            kind=message.msgtype,
            title=title,
            text=text,
            links=links,
            tone=card_tone(message.content),
            state="recalled" if message.recalled else "edited" if message.edited else "",
            raw=message.content,
            mentions=message.mentions,
        )

    def _hint(self) -> str:
        return f"{self._simulation.clock.told_ms() // 1000}{self._simulation.ids.hex(16)}"
