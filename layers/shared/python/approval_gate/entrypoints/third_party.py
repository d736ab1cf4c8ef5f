"""
One route for scripts written against an integration document that others publish: `POST /sys/thirdApp/sendMessageTest`.

It takes the token as `X-Access-Token` and the tenant as `X-Tenant-Id`, and answers in that document's own form,
`{"success", "message", "result"}`, with 200 also for most failures, where `message` says what to do.
"""

from __future__ import annotations

from typing import Annotated, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from approval_gate.domain.message import Destination, DestinationKind, Message
from approval_gate.entrypoints.api import PROBLEMS, Caller, caller_of
from approval_gate.entrypoints.notifications import WRITE
from approval_gate.errors import Forbidden, RequestError
from approval_gate.markdown import one_line
from approval_gate.markdown_escape import escaped
from approval_gate.ports import App
from approval_gate.services.notify import Notifier, Order

__all__ = ["ListedApps", "ThirdPartyApi"]

_MAX_RECEIVERS = 100
_TITLE_CHARS = 100
_ANY_TENANT = "0"
"""The document's default: the tenant of the token."""


class ListedApps(Protocol):
    """Apps that can be listed; see `store.apps.DynamoApps`."""

    def list(self, tenant: str) -> tuple[App, ...]:
        """Return all apps of a tenant by id."""
        ...


class SendMessageBody(BaseModel):
    """
    The document's body.

    `app` is a platform's name in capitals, or the id of an app of ours; `receiver` user names with commas between.
    """

    model_config = ConfigDict(extra="forbid")

    app: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    content: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    receiver: Annotated[str, StringConstraints(max_length=13_000)] | None = None
    send_all: Annotated[bool | None, Field(alias="sendAll")] = None


class SendMessageAnswer(BaseModel):
    """The document's answer. `result` is the notification's id, for `GET /v1/notifications/{id}`."""

    success: bool
    message: str
    result: str | None = None


class ThirdPartyApi:
    """The route, over the same service as `POST /v1/notifications`; scope `notifications:write`."""

    def __init__(self, notifier: Notifier, apps: ListedApps) -> None:
        self._notifier = notifier
        self._apps = apps

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the route; see `entrypoints.api.RouteGroup`."""

        @app.post(
            "/sys/thirdApp/sendMessageTest",
            summary="Send a plain message, as an integration document has it",
            tags=["notifications"],
            responses={
                **PROBLEMS,
                200: {
                    "description": "Accepted or not: see `success`.",
                    "content": {"application/json": {"model": SendMessageAnswer}},
                },
            },
        )
        def send(
            body: SendMessageBody, tenant_id: Annotated[str | None, Header(alias="X-Tenant-Id")] = None
        ) -> Response[SendMessageAnswer]:
            caller = caller_of(app)
            caller.require(WRITE)
            if tenant_id not in {None, "", _ANY_TENANT, caller.tenant}:
                raise Forbidden("X-Tenant-Id names another tenant than the token's. Leave it out, or use its token.")
            return Response(status_code=200, content_type="application/json", body=self._send(caller, body))

    def _send(self, caller: Caller, body: SendMessageBody) -> SendMessageAnswer:
        found = self._app_for(caller.tenant, body.app)
        if isinstance(found, str):
            return SendMessageAnswer(success=False, message=found)
        names = [name.strip() for name in (body.receiver or "").split(",") if name.strip()]
        if not names and not body.send_all:
            return _refusal("receiver 和 sendAll 必须提供一个", "Give receiver or sendAll.")
        if len(names) > _MAX_RECEIVERS:
            return _refusal(f"receiver 最多 {_MAX_RECEIVERS} 个", f"Give at most {_MAX_RECEIVERS} receivers.")
        has_accounts = DestinationKind.ACCOUNT.value in found.user_mapping
        kind = DestinationKind.ACCOUNT if has_accounts else DestinationKind.USER_ID
        people = tuple(Destination(kind, name, "receiver") for name in dict.fromkeys(names))
        to = (Destination(DestinationKind.EVERYONE, field="sendAll"),) if body.send_all else people
        try:
            order = Order(found.id, to, _plain_message(body.content))
            notification = self._notifier.notify(caller.tenant, caller.principal, order, None)
        except RequestError as err:
            return SendMessageAnswer(success=False, message=err.message)
        return SendMessageAnswer(success=True, message="发送成功", result=notification.id)

    def _app_for(self, tenant: str, named: str) -> App | str:
        """Return the app that is meant, or why there is none."""
        apps = self._apps.list(tenant)
        by_id = [each for each in apps if each.id == named]
        of_platform = [each for each in apps if each.provider == named.lower()]
        found = by_id or of_platform
        if not found:
            english = f"There is no app {named!r} here: register one with POST /v1/apps."
            return f"不识别的第三方APP，或尚未配置：{named}。{english}"
        if len(found) > 1:
            ids = ", ".join(each.id for each in found)
            return f"有多个应用，请在 app 中填写应用 id。Several apps fit; name one by its id: {ids}."
        return found[0]


def _plain_message(content: str) -> Message:
    """Return text that is not Markdown as a message: its first line is the title, if all of it fits there."""
    title = one_line(content.strip().split("\n", 1)[0])[:_TITLE_CHARS] or "-"
    return Message(title=title, text="" if one_line(content) == title else escaped(content))


def _refusal(chinese: str, english: str) -> SendMessageAnswer:
    return SendMessageAnswer(success=False, message=f"{chinese}。{english}")
