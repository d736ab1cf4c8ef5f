"""Routes of the notifications API."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path

from approval_gate.api.notifications import NotificationBody, NotificationRequestBody, notification_view
from approval_gate.entrypoints.api import PROBLEMS, caller_of
from approval_gate.entrypoints.idempotency import idempotency_of
from approval_gate.errors import NotFound
from approval_gate.ports.outbox import Notifications
from approval_gate.services.notify import Notifier

__all__ = ["READ", "WRITE", "NotificationsApi"]

WRITE = "notifications:write"
READ = (WRITE, "approvals:read")

NotificationId = Annotated[str, Path(description="As `POST /v1/notifications` answered it.", max_length=64)]


class NotificationsApi:
    """Ask for notifications, see what became of them; scope `notifications:write`, to read `approvals:read` too."""

    def __init__(self, notifier: Notifier, notifications: Notifications) -> None:
        self._notifier = notifier
        self._notifications = notifications

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes; see `entrypoints.api.RouteGroup`."""

        @app.post(
            "/v1/notifications", summary="Send a message", tags=["notifications"], responses=_answers(202, "Accepted.")
        )
        def notify(
            body: NotificationRequestBody,
            idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
        ) -> Response[NotificationBody]:
            caller = caller_of(app)
            caller.require(WRITE)
            idempotency = idempotency_of(idempotency_key, app.current_event.json_body)
            notification = self._notifier.notify(caller.tenant, caller.principal, body.to_domain(), idempotency)
            deliveries = self._notifications.deliveries(notification.id) if idempotency else ()
            view = notification_view(notification, deliveries)
            return Response(status_code=202, content_type="application/json", body=view)

        @app.get(
            "/v1/notifications/<notification_id>",
            summary="See what became of a message",
            tags=["notifications"],
            responses=_answers(200, "The notification and each of its deliveries."),
        )
        def get(notification_id: NotificationId) -> Response[NotificationBody]:
            caller = caller_of(app)
            caller.require(*READ)
            notification = self._notifications.notification(notification_id)
            if notification is None or notification.tenant != caller.tenant:
                text = f"There is no notification {notification_id!r} in this tenant."
                raise NotFound(text, code="notification_not_found")
            view = notification_view(notification, self._notifications.deliveries(notification.id))
            return Response(status_code=200, content_type="application/json", body=view)


def _answers(status: int, text: str) -> dict[int, Any]:
    shown = {"description": text, "content": {"application/json": {"model": NotificationBody}}}
    return {**PROBLEMS, status: shown}
