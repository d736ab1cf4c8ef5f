"""
The page for people: choose who you are, see what waits for you, decide.

Rendered here, so that it works without a script; a little script refreshes it while nothing is being typed. The address
says everything (`as`, `tab`, `open`, `lang`), so two windows can be two people.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zlib import crc32

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local.simulators.frame.people import Person
from local.simulators.frame.platform import Platform, Simulation
from local.simulators.frame.views import ApprovalView, Decision
from local.simulators.frame.web import SimError
from local.simulators.frame.wording import LANGUAGES, WORDING

__all__ = ["Page"]

_TABS = ("inbox", "done", "started", "copied", "messages")
_SHOWN = 200
_ADDRESS = re.compile(r"https?://[^\s<>\"'，。；）]+")
_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Page:
    """The page of one simulator."""

    def __init__(self, simulation: Simulation, platform: Platform) -> None:
        self._simulation, self._platform = simulation, platform
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"linked": _linked, "initials": _initials, "hue": _hue, "clock": _clock, "web": _is_web}
        self._template = environment.get_template("page.html")

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root."""
        return [
            Route("/", self._show, methods=["GET"]),
            Route("/ui/revision", self._revision, methods=["GET"]),
            Route("/ui/decide", self._decide, methods=["POST"]),
            Route("/ui/redeliver", self._redeliver, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return HTMLResponse(self._template.render(self._content(request)), headers=_SECURITY)

    async def _revision(self, _: Request) -> Response:
        return JSONResponse({"revision": self._simulation.store.revision}, headers={"cache-control": "no-store"})

    async def _decide(self, request: Request) -> Response:
        form = await _form(request)
        user_id = form.get("as", "")
        try:
            _refuse_other_sites(request)
            _refuse_nobody(user_id)
            with self._simulation.store.transaction():
                self._platform.decide(
                    form.get("ref", ""),
                    Decision(
                        action=form.get("decision", ""),
                        user_id=user_id,
                        comment=form.get("comment", "").strip(),
                        to=form.get(f"to_{form.get('decision', '')}", ""),
                    ),
                )
        except SimError as err:
            return self._done(request, form, err.message, err.status)
        self._simulation.outbox.on_change()
        return self._done(request, form)

    async def _redeliver(self, request: Request) -> Response:
        form = await _form(request)
        try:
            _refuse_other_sites(request)
            self._simulation.outbox.again(form.get("id", ""))
        except SimError as err:
            return self._done(request, form, err.message, err.status)
        return self._done(request, form)

    def _done(self, request: Request, form: dict[str, str], error: str = "", status: int = 200) -> Response:
        if request.headers.get("accept") == "application/json":
            return JSONResponse({"ok": not error, "error": error}, status_code=status)
        # Without a script: back to where the person was.
        kept = {name: form[name] for name in ("as", "tab", "open", "lang") if form.get(name)}
        return RedirectResponse(f"/?{urlencode({**kept, 'error': error} if error else kept)}", status_code=303)

    def _content(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        language = _language(request)
        people = [person for person in self._simulation.people.people.find() if not person.resigned]
        approvals = self._platform.approvals(_SHOWN, language)
        person = self._person(query.get("as", ""), people, approvals)
        tab = query.get("tab", "") if query.get("tab") in _TABS else "inbox"
        user_id = person.user_id if person else ""
        lists = _by_tab(approvals, user_id)
        chosen = self._platform.approval(query["open"], language) if query.get("open") else None
        messages = [one for one in self._platform.messages(_SHOWN, language) if user_id in one.to] if user_id else []

        def link(**changes: str) -> str:
            kept = {"as": user_id, "tab": tab, "open": query.get("open", ""), "lang": query.get("lang", "")} | changes
            return "/?" + urlencode({name: value for name, value in kept.items() if value})

        return {
            "t": WORDING[language],
            "lang": language,
            "rules": self._platform.rules,
            "people": people,
            "person": person,
            "waiting": {one.user_id: _count_waiting(approvals, one.user_id) for one in people},
            "tab": tab,
            "tabs": _TABS,
            "counts": {**{name: len(items) for name, items in lists.items()}, "messages": len(messages)},
            "items": lists.get(tab, []),
            "messages": messages if tab == "messages" else [],
            "chosen": chosen,
            "chosen_actions": {a for a in chosen.actions if chosen.allows(a, user_id)} if chosen else set(),
            "callbacks": self._callbacks(approvals),
            "has_address": any(app.request_url for app in self._simulation.apps.all()),
            "names": {one.user_id: one.name for one in self._simulation.people.people.find()},
            "link": link,
            "error": query.get("error", ""),
            "revision": self._simulation.store.revision,
        }

    def _person(self, user_id: str, people: list[Person], approvals: list[ApprovalView]) -> Person | None:
        chosen = next((one for one in people if one.user_id == user_id), None)
        busy = next((one for one in people if _count_waiting(approvals, one.user_id)), None)
        return chosen or busy or next(iter(people), None)

    def _callbacks(self, approvals: list[ApprovalView]) -> list[dict[str, Any]]:
        titles = {view.ref: view.title for view in approvals}
        deliveries = self._simulation.outbox.listed(newest_first=True, limit=40)
        return [{**one, "title": titles.get(one["subject"], one["subject"])} for one in deliveries]


def _by_tab(approvals: list[ApprovalView], user_id: str) -> dict[str, list[ApprovalView]]:
    return {
        "inbox": [view for view in approvals if view.allows("approve", user_id)],
        "done": [view for view in approvals if user_id in view.people_involved and not view.allows("approve", user_id)],
        "started": [view for view in approvals if view.requester_id == user_id],
        "copied": [view for view in approvals if user_id in view.copied_to],
    }


def _count_waiting(approvals: list[ApprovalView], user_id: str) -> int:
    return sum(view.allows("approve", user_id) for view in approvals)


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


async def _form(request: Request) -> dict[str, str]:
    # Plain url-encoded forms only: what a browser sends for this page.
    body = (await request.body()).decode(errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True))


def _refuse_other_sites(request: Request) -> None:
    """Refuse a form that another site's page sent to loopback."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise SimError("this form was sent by another site", status=403)


def _refuse_nobody(user_id: str) -> None:
    if not user_id:
        raise SimError("choose who you are first")


def _linked(text: str) -> Markup:
    """Escape a text and turn web addresses in it into links."""
    parts: list[Markup] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;:!?)")
        parts += [
            escape(text[end : match.start()]),
            Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(address),
        ]
        end = match.start() + len(address)
    return Markup("").join([*parts, escape(text[end:])])


def _is_web(address: str) -> bool:
    """Tell whether an address may become a link: nothing but the web."""
    return urlsplit(address).scheme in {"http", "https"}


def _initials(name: str) -> str:
    words = name.split()
    if words and words[0].isascii():
        return "".join(word[0] for word in words[:2]).upper()
    return name[-2:]


def _hue(text: str) -> int:
    return crc32(text.encode()) % 12


def _clock(moment: str) -> Markup:
    """Return a time that the script turns into the reader's own; without it, UTC."""
    if not moment:
        return Markup("")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment, moment, moment[11:16])
