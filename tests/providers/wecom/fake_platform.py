"""
A small WeCom that keeps state and speaks HTTP through `httpx.MockTransport`.

It knows what the sender calls: access tokens that can be made to expire, look-up of people, templates, applications
with their list, messages. Faults are queued by path and happen before or after the call took effect.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from approval_gate.ports import App
from approval_gate.providers.wecom.credentials import Credentials
from approval_gate.providers.wecom.sender import Sender
from tests.fakes.memory import MemoryForms, MemoryTokens

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOW", "FakePlatform", "MemoryForms", "MemoryTokens", "refusal", "sender_of"]

NOW = datetime(2026, 1, 15, 3, 30, 0, tzinfo=UTC)
CORP_ID = "ww1a2b3c4d5e6f7890"
AGENT_ID = "1000002"
SECRET = "very-secret-corpsecret"

GETTOKEN = "/cgi-bin/gettoken"
APPLY = "/cgi-bin/oa/applyevent"
DETAIL = "/cgi-bin/oa/getapprovaldetail"
LIST = "/cgi-bin/oa/getapprovalinfo"
CREATE_TEMPLATE = "/cgi-bin/oa/approval/create_template"
TEMPLATE = "/cgi-bin/oa/gettemplatedetail"
BY_MOBILE = "/cgi-bin/user/getuserid"
BY_EMAIL = "/cgi-bin/user/get_userid_by_email"
SEND = "/cgi-bin/message/send"

type Fault = httpx.Response | Exception


def refusal(code: int, *, status: int = 200, errmsg: str = "some text of the vendor") -> httpx.Response:
    """Return an answer in the vendor's shape of errors, with the empty lists that such answers may carry."""
    body = {"errcode": code, "errmsg": errmsg, "sp_no_list": [], "template_names": []}
    return httpx.Response(status, json=body)


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]


@dataclass
class FakePlatform:
    """
    One company with one app.

    Args:
        now: every call moves it by `call_takes`.
        people, personal: userids by address; `personal` holds members' own e-mails.
        list_delay: for how long the list does not show a new application.
        meanwhile: what happens elsewhere, once, while a path is called.
    """

    now: datetime = NOW
    people: dict[str, str] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    applications: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 100
    token_life_s: int = 7200
    call_takes: timedelta = timedelta()
    list_delay: timedelta = timedelta()
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._valid_tokens: set[str] = set()
        self._before: dict[str, list[Fault]] = defaultdict(list)
        self._after: dict[str, list[Fault]] = defaultdict(list)

    # -- controls

    def fail(self, path: str, *faults: Fault) -> None:
        """Answer the next calls to a path in this way, without effect."""
        self._before[path] += faults

    def lose_answer(self, path: str, fault: Fault) -> None:
        """Let the next call to a path take effect, and answer in this way."""
        self._after[path].append(fault)

    def expire_tokens(self) -> None:
        self._valid_tokens.clear()

    def called(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    @property
    def paths(self) -> list[str]:
        return [call.path for call in self.calls if call.path != GETTOKEN]

    def add_template(self, template_id: str, *controls: tuple[str, str, int]) -> None:
        """Add a template made in the console; each control is kind, id, mandatory."""
        self.templates[template_id] = {
            "controls": [
                {
                    "property": {
                        "control": kind,
                        "id": each,
                        "title": [{"text": each, "lang": "zh_CN"}],
                        "require": must,
                    },
                    "config": {},
                }
                for kind, each, must in controls
            ]
        }

    def apply(self, body: dict[str, Any], *, at: datetime | None = None) -> str:
        """Store an application as if a person had made it in the client."""
        sp_no = f"20260115{next(self._numbers):04d}"
        self.applications[sp_no] = {"request": body, "at": at or self.now, "status": 1, "acts": {}}
        return sp_no

    def act(self, sp_no: str, userid: str, sp_yj: int, *, status: int = 1, speech: str = "") -> None:
        """Let a person do something; `status` is what the application has afterwards."""
        application = self.applications[sp_no]
        application["acts"][userid] = (sp_yj, speech, int(self.now.timestamp()))
        application["status"] = status

    # -- HTTP

    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        body = json.loads(request.content) if request.content else {}
        query = dict(request.url.params)
        self.calls.append(Call(request.method, path, query, body))
        self.now += self.call_takes
        if self._before[path]:
            return _happen(self._before[path].pop(0))
        if path == GETTOKEN:
            return self._token(query)
        if query.get("access_token") not in self._valid_tokens:
            return refusal(40014)
        answers: dict[str, Callable[[dict[str, Any]], httpx.Response]] = {
            APPLY: self._apply,
            DETAIL: self._detail,
            LIST: self._list,
            CREATE_TEMPLATE: self._create_template,
            TEMPLATE: self._template,
            BY_MOBILE: self._by_mobile,
            BY_EMAIL: self._by_email,
            SEND: self._send,
        }
        if path not in answers or request.method != "POST":
            return httpx.Response(404, text="404 page not found")
        answer = answers[path](body)
        if path in self.meanwhile:
            self.meanwhile.pop(path)()
        return _happen(self._after[path].pop(0)) if self._after[path] else answer

    def _token(self, query: dict[str, str]) -> httpx.Response:
        if query != {"corpid": CORP_ID, "corpsecret": SECRET}:
            return refusal(40001)
        token = f"token-{next(self._numbers)}"
        self._valid_tokens.add(token)
        return _success(access_token=token, expires_in=self.token_life_s)

    def _by_mobile(self, body: dict[str, Any]) -> httpx.Response:
        userid = self.people.get(body["mobile"])
        return _success(userid=userid) if userid else refusal(46004)

    def _by_email(self, body: dict[str, Any]) -> httpx.Response:
        userid = (self.people if body["email_type"] == 1 else self.personal).get(body["email"])
        return _success(userid=userid) if userid else refusal(46004)

    def _create_template(self, body: dict[str, Any]) -> httpx.Response:
        template_id = f"3Tka{next(self._numbers)}"
        self.templates[template_id] = body["template_content"]
        return _success(template_id=template_id)

    def _template(self, body: dict[str, Any]) -> httpx.Response:
        content = self.templates.get(body["template_id"])
        return refusal(301025) if content is None else _success(template_names=[], template_content=content)

    def _apply(self, body: dict[str, Any]) -> httpx.Response:
        content = self.templates.get(body["template_id"])
        ids = [each["property"]["id"] for each in content["controls"]] if content else []
        if any(each["id"] not in ids for each in body["apply_data"]["contents"]):
            return refusal(301025)
        return _success(sp_no=self.apply(body))

    def _list(self, body: dict[str, Any]) -> httpx.Response:
        assert 0 < int(body["endtime"]) - int(body["starttime"]) <= 31 * 24 * 3600
        wanted = {each["key"]: each["value"] for each in body["filters"]}
        found = [
            sp_no
            for sp_no, each in self.applications.items()
            if int(body["starttime"]) <= each["at"].timestamp() <= int(body["endtime"])
            and each["at"] + self.list_delay <= self.now
            and each["request"]["template_id"] == wanted["template_id"]
            and each["request"]["creator_userid"] == wanted["creator"]
        ]
        start = int(body["new_cursor"] or 0)
        end = start + min(self.page_size, body["size"])
        more = {"new_next_cursor": str(end)} if end < len(found) else {}
        return _success(sp_no_list=found[start:end], **more)

    def _detail(self, body: dict[str, Any]) -> httpx.Response:
        application = self.applications.get(body["sp_no"])
        if application is None:
            return refusal(301025)
        request, acts = application["request"], application["acts"]
        nodes = [
            {
                "node_type": node["type"],
                "sp_status": application["status"] if application["status"] in {1, 2, 3} else 1,
                "apv_rel": node.get("apv_rel", 0),
                "sub_node_list": [
                    dict(zip(("sp_yj", "speech", "sptime"), acts.get(each, (1, "", 0)), strict=True))
                    | {"userid": each, "media_ids": []}
                    for each in node["userid"]
                ],
            }
            for node in request["process"]["node_list"]
        ]
        info = {
            "sp_no": body["sp_no"],
            "sp_name": "流水线审批",
            "sp_status": application["status"],
            "template_id": request["template_id"],
            "apply_time": int(application["at"].timestamp()),
            "applyer": {"userid": request["creator_userid"], "partyid": "2"},
            "process_list": {"node_list": nodes},
            "apply_data": request["apply_data"],
            "comments": [],
        }
        return _success(info=info)

    def _send(self, body: dict[str, Any]) -> httpx.Response:
        self.messages.append(body)
        return _success(invaliduser="", msgid=f"m{next(self._numbers)}")


def _happen(fault: Fault) -> httpx.Response:
    if isinstance(fault, Exception):
        raise fault
    return fault


def _success(**data: Any) -> httpx.Response:
    return httpx.Response(200, json={"errcode": 0, "errmsg": "ok", **data})


def sender_of(
    platform: FakePlatform,
    *,
    tokens: MemoryTokens | None = None,
    forms: MemoryForms | None = None,
    later_by: timedelta = timedelta(),
    base_url: str = "",
    **credentials: str,
) -> Sender:
    given = {"corp_id": CORP_ID, "agent_id": AGENT_ID, "secret": SECRET} | credentials
    return Sender(
        app=App(tenant="acme", id="wecom-prod", provider="wecom", base_url=base_url),
        credentials=Credentials.from_fields(given),
        http=platform.http(),
        tokens=tokens or MemoryTokens(),
        forms=forms or MemoryForms(),
        clock=lambda: platform.now + later_by,
    )
