"""
Events to apps: what they say, whom they are told, and the request that carries them.

Every app with an address is told of all approvals of the organisation, unless its list of events says otherwise.
Source: "bpms_instance_change", "bpms_task_change", "Overview of event subscription", "HTTP event callback", read
2026-02-28; the type `comment` is not on these pages and was seen in bodies that others published.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from local.simulators.dingtalk.flow import Notice
from local.simulators.dingtalk.model import Instance
from local.simulators.dingtalk.sealing import key_of, reply_problem, seal, signature
from local.simulators.dingtalk.tokens import corp_id
from local.simulators.frame.apps import App
from local.simulators.frame.callbacks import Delivery
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import Outgoing, SimError

__all__ = ["Events"]

_HEADERS = {"Content-Type": "application/json;charset=utf-8"}
_RULE = "/v1.0/event/"
_CHECK = {"EventType": "check_url"}
# Fields of the newer form that the older one lacks; `CorpId` is spelled `corpId` there.
_NEWER_FIELDS = frozenset({"EventTime", "BizId", "eventId", "businessType"})


class Events:
    """Tells apps what happened, and proves who tells it."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def tell(self, instance: Instance, notices: Iterable[Notice]) -> None:
        """Send what happened to one instance."""
        for notice in notices:
            for app in self._simulation.apps.all():
                event = self._event(app, instance, notice)
                kind = _wanted(app, event)
                if kind and self._may_push(app):
                    # Nothing promises an order, so by default no event waits for another.
                    queue = instance.id if self._simulation.switch("in_order") else self._simulation.ids.hex(16)
                    words = (event["EventType"], event["type"], event.get("result", ""))
                    self._simulation.outbox.post(
                        app,
                        queue=queue,
                        kind=kind,
                        event=" ".join(word for word in words if word),
                        subject=instance.id,
                        plain=self._in_form(event),
                    )

    def address_check(self, app: App) -> Outgoing:
        """
        Return the check of an address: an event like any other.

        Raises:
            SimError: what the console asks for is missing.
        """
        if not app.extra.get("token") or not app.extra.get("aes_key"):
            raise SimError("an address needs aes_key and token, for events are always sealed; set all three together")
        return self._request(app, _CHECK)

    def address_problem(self, app: App, status: int, body: bytes) -> str:
        """Say what is wrong with the answer to a check, or nothing."""
        problem = self.undelivered(app, status, body)
        return f"HTTP请求结果校验返回字段值失败: {problem}" if problem else ""

    def seal(self, app: App, delivery: Delivery) -> Outgoing:
        """Turn an event into a request as of now."""
        return self._request(app, delivery.plain)

    def undelivered(self, app: App, status: int, body: bytes) -> str:
        """Say why an answer does not count as delivered, or nothing."""
        if status != 200:
            return f"answered HTTP {status}"
        try:
            key = key_of(app.extra.get("aes_key", ""))
        except ValueError as err:
            return str(err)
        return reply_problem(body, key, app.extra.get("token", ""), self._owner(app))

    def _request(self, app: App, plain: Mapping[str, Any]) -> Outgoing:
        try:
            key = key_of(app.extra.get("aes_key", ""))
        except ValueError:
            # The key was taken away after the address was saved: what is sent then proves nothing.
            return Outgoing(url=app.request_url, body=b'{"encrypt":""}', headers=_HEADERS)
        ids = self._simulation.ids
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
        encrypt = seal(text, key, self._owner(app), ids.octets(16))
        timestamp, nonce = str(self._simulation.clock.told_ms()), ids.hex(8)
        signed = signature(app.extra.get("token", ""), timestamp, nonce, encrypt)
        # The text names it `signature`, the vendor's sample reads `msg_signature`; live calls presumably carry both.
        names = {1: ("signature",), 2: ("msg_signature",)}.get(
            int(self._simulation.switch("signature_names")), ("signature", "msg_signature")
        )
        query = {**dict.fromkeys(names, signed), "timestamp": timestamp, "nonce": nonce}
        parts = urlsplit(app.request_url)
        own = parse_qsl(parts.query, keep_blank_values=True)
        url = urlunsplit(parts._replace(query=urlencode([*own, *query.items()])))
        return Outgoing(url=url, body=json.dumps({"encrypt": encrypt}).encode(), headers=_HEADERS)

    def _owner(self, app: App) -> str:
        return corp_id(app) if self._simulation.switch("sealed_for_corp") else app.app_id

    def _may_push(self, app: App) -> bool:
        """Count a push against the organisation's quota; above it events are not sent."""
        if not app.request_url:
            return False
        month = datetime.fromtimestamp(self._simulation.clock.now_s(), UTC).strftime("%Y-%m")
        used = self._simulation.values.increment(f"dingtalk_pushes:{month}")
        limit = self._simulation.switch("monthly_pushes")
        return not limit or used <= limit

    def _event(self, app: App, instance: Instance, notice: Notice) -> dict[str, Any]:
        now_ms = self._simulation.clock.told_ms()
        task = notice.task
        event: dict[str, Any] = {
            "EventType": "bpms_task_change" if task else "bpms_instance_change",
            "EventTime": now_ms,
            "CorpId": corp_id(app),
            "BizId": str(now_ms),
            "eventId": self._simulation.ids.hex(),
            "createTime": task.start_ms if task else instance.start_ms,
            "processInstanceId": instance.id,
            "processCode": instance.process_code,
            "bizCategoryId": "",
            "businessId": instance.business_id,
            "type": notice.change,
            "title": instance.title,
        }
        if notice.result:
            event["result"] = notice.result
        if notice.remark:
            event["remark"] = notice.remark
        if task is not None:
            event |= {"taskId": task.id, "staffId": notice.user_id or task.user_id}
            if notice.change in {"finish", "cancel"}:
                event["finishTime"] = task.end_ms
            return event
        page = f"https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?corpid={corp_id(app)}&dd_share=false"
        event |= {"businessType": "", "url": page, "staffId": instance.originator}
        return event | ({} if notice.change == "start" else {"finishTime": instance.end_ms})

    def _in_form(self, event: dict[str, Any]) -> dict[str, Any]:
        if not self._simulation.switch("older_event_form"):
            return event
        return {
            {"CorpId": "corpId"}.get(name, name): value for name, value in event.items() if name not in _NEWER_FIELDS
        }


def _wanted(app: App, event: Mapping[str, Any]) -> str:
    """Return what in an app's list asks for an event: its name or a rule; empty when nothing does."""
    if app.events is None:
        return str(event["EventType"])
    return next((entry for entry in app.events if entry == event["EventType"] or _fits(entry, event)), "")


def _fits(rule: str, event: Mapping[str, Any]) -> bool:
    """Tell whether `/v1.0/event/<type>/<field>/<glob>/...` lets an event through; `{a,b}` is a choice."""
    if not rule.startswith(_RULE):
        return False
    kind, *pairs = rule.removeprefix(_RULE).split("/")
    if kind != event["EventType"] or len(pairs) % 2:
        return False
    wanted = zip(pairs[::2], pairs[1::2], strict=True)
    return all(re.fullmatch(_pattern(glob), str(event.get(name, ""))) for name, glob in wanted)


def _pattern(glob: str) -> str:
    signs = {"*": ".*", "{": "(?:", "}": ")", ",": "|"}
    return "".join(signs.get(sign, re.escape(sign)) for sign in glob)
