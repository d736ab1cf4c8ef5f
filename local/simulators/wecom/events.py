"""
Callbacks to apps: the check of an address, and approval events.

No order is promised, so each event waits in a queue of its own. Every repetition has the same document under a new
seal, with its own time and nonce; whether the platform keeps those is not documented. Source: "Callback configuration",
"Receive messages", "Approval status change event", read 2026-02-28.
"""

import re
from urllib.parse import parse_qs, quote, urlsplit

from local.simulators.frame.apps import App
from local.simulators.frame.callbacks import Delivery
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import Outgoing, SimError
from local.simulators.wecom.call import agent_id, corp_id
from local.simulators.wecom.details import Details
from local.simulators.wecom.directory import Directory
from local.simulators.wecom.documents import approval_event, element
from local.simulators.wecom.model import Application, Template
from local.simulators.wecom.sealing import is_signed, opened, sealed, signature

__all__ = ["Events"]

KIND = "sys_approval_change"
_CHANGES = {
    1: "submitted",
    2: "agreed",
    3: "rejected",
    4: "transferred",
    5: "urged",
    6: "withdrawn",
    8: "revoked",
    10: "comment",
    11: "returned",
    13: "countersigned",
    14: "handled",
    15: "handed over",
}


class Events:
    """Tells apps what happened, and proves who tells it."""

    def __init__(self, simulation: Simulation, directory: Directory, details: Details) -> None:
        self._simulation, self._directory, self._details = simulation, directory, details

    def tell(self, application: Application, template: Template, change: int) -> None:
        """Send an application as it is now to every app of its company that may have it."""
        if not template.is_ticked:
            return
        applicant = self._directory.person(application.applicant)
        for app in self._simulation.apps.all():
            if corp_id(app) != application.corp_id or app.extra.get("enabled") == "0" or not app.is_granted("approval"):
                continue
            # A self-built app receives only what people in its visible range applied for.
            if applicant is None or not self._directory.is_visible(app, applicant):
                continue
            document = approval_event(
                application,
                self._details,
                change=change,
                corp_id=application.corp_id,
                agent_id=agent_id(app),
                at_s=self._simulation.clock.told_ms() // 1000,
                with_process=not self._simulation.switch("legacy_details"),
            )
            self._simulation.outbox.post(
                app,
                queue=f"{application.sp_no}/{self._simulation.ids.hex(12)}",
                event=f"{KIND} {_CHANGES.get(change, change)}",
                kind=KIND,
                subject=application.sp_no,
                plain={"document": document},
            )

    def address_check(self, app: App) -> Outgoing:
        """
        Return the check of a request address.

        Its sealed text always has a plus sign, a slash and padding, all escaped, as they are in real traffic.

        Raises:
            SimError: token or key is not set.
        """
        _check_secrets(app)
        text = ""
        while not {"+", "/", "="} <= set(text):
            text = self._sealed(app, self._simulation.ids.number().encode())
        query = f"{self._signed_query(app, text)}&echostr={quote(text, safe='')}"
        return Outgoing(url=f"{app.request_url}{_joint(app.request_url)}{query}", method="GET")

    def address_problem(self, app: App, check: Outgoing, status: int, body: bytes) -> str:
        """Say what is wrong with the answer to a check, or nothing: it must be the opened text, to the byte."""
        query = parse_qs(urlsplit(check.url).query)
        expected, _ = opened(query["echostr"][-1], app.extra["encoding_aes_key"])
        refused = "openapi回调地址请求不通过: "
        if status != 200:
            return f"{refused}the request address answered HTTP {status}; answer the check with HTTP 200"
        if body == expected:
            return ""
        if body.strip(b' \t\r\n"\xef\xbb\xbf') == expected:
            return f"{refused}answer with the opened echostr and nothing else: no quotes, mark, space or newline"
        return f"{refused}the answer is not the opened echostr; check token and encoding_aes_key on both sides"

    def seal(self, app: App, delivery: Delivery) -> Outgoing:
        """Seal and sign an event as of now."""
        text = self._sealed(app, str(delivery.plain["document"]).encode())
        children = [
            element("ToUserName", corp_id(app)),
            element("Encrypt", text),
            element("AgentID", agent_id(app)),
        ]
        # Their order varies.
        turn = self._simulation.ids.octets(1)[0] % len(children)
        body = f"<xml>{''.join(children[turn:] + children[:turn])}</xml>"
        url = f"{app.request_url}{_joint(app.request_url)}{self._signed_query(app, text)}"
        return Outgoing(url=url, body=body.encode(), headers={"Content-Type": "text/xml; charset=utf-8"})

    def undelivered(self, app: App, status: int, body: bytes) -> str:
        """
        Say why an answer does not count, or nothing.

        One page of the documentation has everything but HTTP 200 sent again, another only what was not answered.
        """
        if status != 200:
            return f"answered HTTP {status}" if self._simulation.switch("retry_refused") else ""
        if body in {b"", b"success"} or not self._simulation.switch("strict_answers"):
            return ""
        return _reply_problem(app, body)

    def _sealed(self, app: App, message: bytes) -> str:
        return sealed(message, app.extra["encoding_aes_key"], corp_id(app), self._simulation.ids.octets(16))

    def _signed_query(self, app: App, text: str) -> str:
        timestamp = str(self._simulation.clock.told_ms() // 1000)
        nonce = self._simulation.ids.number(10)
        proof = signature(app.extra["token"], timestamp, nonce, text)
        return f"msg_signature={proof}&timestamp={timestamp}&nonce={nonce}"


def _check_secrets(app: App) -> None:
    missing = [name for name in ("token", "encoding_aes_key") if not app.extra.get(name)]
    if missing:
        raise SimError(f"a request address needs {' and '.join(missing)}; send them in the same call")


def _joint(url: str) -> str:
    return "&" if "?" in url else "?"


def _reply_problem(app: App, body: bytes) -> str:
    """Say what is wrong with a sealed reply, or nothing."""
    text = body.decode(errors="replace")
    found = {
        name: next(iter(re.findall(rf"<{name}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</{name}>", text, re.DOTALL)), "")
        for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
    }
    if not all(found.values()):
        return "answered HTTP 200 with what is neither empty, `success` nor a sealed reply"
    if not is_signed(found["MsgSignature"], app.extra["token"], found["TimeStamp"], found["Nonce"], found["Encrypt"]):
        return "answered a sealed reply with a wrong signature"
    try:
        _, receiver = opened(found["Encrypt"], app.extra["encoding_aes_key"])
    except ValueError:
        return "answered a sealed reply that does not open"
    return "" if receiver == corp_id(app) else "answered a sealed reply for another receiver"
