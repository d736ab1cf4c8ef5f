"""
The control endpoints, `/_sim/...`: for tests and demonstrations, never part of what a platform offers.

    GET    health
    POST   apps                      register or change an app (`frame/apps.py`); a request_url is checked at once:
                                     200 {"ok": true, "ms"} or 400 {"ok": false, "ms", "status", "error"}, nothing saved
    POST   people                    add or change departments, people, chats, groups, robots (`frame/people.py`)
    GET    apps, people
    GET    approvals, approvals/{ref}
    POST   approvals/{ref}/decide    {"user_id", "decision", "comment", "to"}: as a person does in the platform's own
                                     application; `user_id` takes any of the platform's ids or an e-mail, the next
                                     pending person when absent. 200 with the approval, 409 when it cannot be done now
    GET    messages, calls           DELETE calls forgets them
    POST   faults                    one fault or a list (`frame/faults.py`); GET shows, DELETE ends them
    GET    callbacks?ref=            deliveries with their attempts, oldest first
    POST   callbacks/{id}/redeliver
    POST   clock                     {"advance_s"}: let tokens, quotas and pauses run out
    POST   settings                  switches of the platform; GET lists them with their meaning

Errors are {"ok": false, "error": "..."} with a text that says what to do next.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.frame.platform import Platform, Simulation
from local.simulators.frame.views import Decision
from local.simulators.frame.web import SimError

__all__ = ["Control"]

_Endpoint = Callable[[Request], Awaitable[Response]]


class Control:
    """
    The control endpoints of one simulator.

    Args:
        http: sends the check of an app's request address.
    """

    def __init__(self, simulation: Simulation, platform: Platform, http: httpx.AsyncClient) -> None:
        self._simulation, self._platform, self._http = simulation, platform, http

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root."""
        table: list[tuple[str, str, _Endpoint]] = [
            ("GET", "/_sim/health", self._health),
            ("POST", "/_sim/apps", self._put_app),
            ("GET", "/_sim/apps", self._list_apps),
            ("POST", "/_sim/people", self._add_people),
            ("GET", "/_sim/people", self._list_people),
            ("GET", "/_sim/approvals", self._list_approvals),
            ("GET", "/_sim/approvals/{ref}", self._get_approval),
            ("POST", "/_sim/approvals/{ref}/decide", self._decide),
            ("GET", "/_sim/messages", self._list_messages),
            ("GET", "/_sim/calls", self._list_calls),
            ("DELETE", "/_sim/calls", self._clear_calls),
            ("POST", "/_sim/faults", self._add_faults),
            ("GET", "/_sim/faults", self._list_faults),
            ("DELETE", "/_sim/faults", self._clear_faults),
            ("GET", "/_sim/callbacks", self._list_callbacks),
            ("POST", "/_sim/callbacks/{id}/redeliver", self._redeliver),
            ("POST", "/_sim/clock", self._advance),
            ("POST", "/_sim/settings", self._change_settings),
            ("GET", "/_sim/settings", self._list_settings),
        ]
        return [Route(path, _guarded(endpoint), methods=[method]) for method, path, endpoint in table]

    async def _health(self, _: Request) -> Response:
        return JSONResponse(
            {"ok": True, "platform": self._platform.rules.name, "apps": len(self._simulation.apps.all())}
        )

    async def _put_app(self, request: Request) -> Response:
        body = await _object(request)
        app = self._simulation.apps.read(body)
        checked: dict[str, Any] = {"ok": True}
        if "request_url" in body and app.request_url:
            checked = await self._check_address(app.app_id, body)
            if not checked["ok"]:
                # As in a platform's console, nothing is saved until the address answers.
                return JSONResponse(checked, status_code=400)
        with self._simulation.store.transaction():
            self._simulation.apps.save(self._simulation.apps.read(body))
        return JSONResponse(checked)

    async def _check_address(self, app_id: str, body: dict[str, Any]) -> dict[str, Any]:
        app = self._simulation.apps.read(body)
        check = self._platform.address_check(app)
        deadline_s = self._platform.rules.check_deadline_s
        started = time.perf_counter()
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._http.request(
                    check.method, check.url, content=check.body, headers=dict(check.headers)
                )
            problem = self._platform.address_problem(app, check, answer.status_code, answer.content)
            status: int | None = answer.status_code
        except TimeoutError:
            problem, status = (
                f"the request address did not answer within {deadline_s:g} s; answer faster and save again",
                None,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as err:
            problem, status = (
                f"the request address was not reached ({type(err).__name__}); start the receiver and save again",
                None,
            )
        ms = int((time.perf_counter() - started) * 1000)
        if problem:
            return {"ok": False, "ms": ms, "app_id": app_id, "status": status, "error": problem}
        return {"ok": True, "ms": ms}

    async def _list_apps(self, _: Request) -> Response:
        return JSONResponse({"apps": self._simulation.apps.listed()})

    async def _add_people(self, request: Request) -> Response:
        body = await _object(request)
        self._simulation.people.add(body)
        added = [str(person["user_id"]) for person in body.get("people") or []]
        return JSONResponse({"ok": True, "people": [self._person(user_id) for user_id in added]}, status_code=201)

    async def _list_people(self, _: Request) -> Response:
        listed = self._simulation.people.listed()
        listed["people"] = [{**person, **self._platform.person_ids(person["user_id"])} for person in listed["people"]]
        return JSONResponse(listed)

    def _person(self, user_id: str) -> dict[str, Any]:
        person = self._simulation.people.people.get(user_id)
        shown = asdict(person) if person else {}
        return {**shown, **self._platform.person_ids(user_id)}

    async def _list_approvals(self, request: Request) -> Response:
        return JSONResponse({"approvals": [asdict(view) for view in self._platform.approvals(_limit(request))]})

    async def _get_approval(self, request: Request) -> Response:
        return JSONResponse(self._approval(request.path_params["ref"]))

    def _approval(self, ref: str) -> dict[str, Any]:
        view = self._platform.approval(ref)
        if view is None:
            raise SimError(f"no approval {ref!r}; GET /_sim/approvals lists them", status=404)
        return asdict(view)

    async def _decide(self, request: Request) -> Response:
        ref = request.path_params["ref"]
        body = await _object(request)
        unknown = body.keys() - {"user_id", "decision", "comment", "to"}
        if unknown:
            raise SimError(f"unknown fields {sorted(unknown)}; known are user_id, decision, comment, to")
        if not all(isinstance(value, str | None) for value in body.values()):
            raise SimError("user_id, decision, comment and to must be text")
        with self._simulation.store.transaction():
            self._approval(ref)
            self._platform.decide(
                ref,
                Decision(
                    action=body.get("decision") or "",
                    user_id=self._user_id(body.get("user_id") or ""),
                    comment=body.get("comment") or "",
                    to=body.get("to") or "",
                ),
            )
        self._simulation.outbox.on_change()
        return JSONResponse(self._approval(ref))

    def _user_id(self, given: str) -> str:
        if not given:
            return ""
        found = self._platform.user_id_of(given)
        if not found:
            raise SimError(f"nobody is called {given!r}; GET /_sim/people lists people with all their ids", status=404)
        return found

    async def _list_messages(self, request: Request) -> Response:
        return JSONResponse({"messages": [asdict(view) for view in self._platform.messages(_limit(request))]})

    async def _list_calls(self, _: Request) -> Response:
        return JSONResponse({"calls": self._simulation.calls.listed()})

    async def _clear_calls(self, _: Request) -> Response:
        self._simulation.calls.clear()
        return JSONResponse({"ok": True})

    async def _add_faults(self, request: Request) -> Response:
        body = await _json(request)
        with self._simulation.store.transaction():
            faults = [
                self._simulation.faults.add(_as_object(one)) for one in (body if isinstance(body, list) else [body])
            ]
        return JSONResponse({"ok": True, "faults": faults}, status_code=201)

    async def _list_faults(self, _: Request) -> Response:
        return JSONResponse({"faults": self._simulation.faults.listed()})

    async def _clear_faults(self, _: Request) -> Response:
        self._simulation.faults.clear()
        return JSONResponse({"ok": True})

    async def _list_callbacks(self, request: Request) -> Response:
        ref = request.query_params.get("ref", "")
        return JSONResponse({"callbacks": self._simulation.outbox.listed(subject=ref)})

    async def _redeliver(self, request: Request) -> Response:
        delivery = self._simulation.outbox.again(request.path_params["id"])
        return JSONResponse(self._simulation.outbox.shown(delivery), status_code=202)

    async def _advance(self, request: Request) -> Response:
        body = await _object(request)
        seconds = body.get("advance_s")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise SimError("advance_s must be a number of seconds, not negative")
        self._simulation.advance(float(seconds))
        return JSONResponse({"ok": True, "offset_s": self._simulation.clock.offset_s})

    async def _change_settings(self, request: Request) -> Response:
        self._simulation.set_switches(await _object(request))
        return await self._list_settings(request)

    async def _list_settings(self, _: Request) -> Response:
        switches = self._platform.rules.switches
        return JSONResponse(
            {
                "settings": {
                    name: {"value": self._simulation.switch(name), "meaning": switches[name][1]} for name in switches
                }
            }
        )


def _guarded(endpoint: _Endpoint) -> _Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except SimError as err:
            return JSONResponse({"ok": False, "error": err.message}, status_code=err.status)

    return answer


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", "-1")
    return int(given) if given.isdecimal() else -1


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as err:
        raise SimError("the body must be JSON") from err


async def _object(request: Request) -> dict[str, Any]:
    return _as_object(await _json(request))


def _as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SimError("the body must be a JSON object")
    return value
