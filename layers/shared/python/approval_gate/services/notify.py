"""Accept a notification: find its words, store it. What is stored is delivered; no platform is called here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approval_gate.domain.ids import new_notification_id
from approval_gate.domain.message import Destination, DestinationKind, Message
from approval_gate.domain.notification import Notification
from approval_gate.domain.template import Template, Words
from approval_gate.errors import FieldProblem, NotFound, RequestError
from approval_gate.ports import App, Apps, Idempotency
from approval_gate.ports.outbox import Notifications
from approval_gate.services.templates import TemplateKeeper

__all__ = ["Notifier", "Order"]

type Render = Callable[[Template, str, Mapping[str, Any]], Words]
"""Fill in a template in a language."""


@dataclass(frozen=True, slots=True)
class Order:
    """
    What somebody asks to be told to whom.

    Args:
        message, template: exactly one of them.
        locale: empty: the usual language of the platform, or of the template.
    """

    app: str
    to: tuple[Destination, ...]
    message: Message | None = None
    template: str = ""
    variables: Mapping[str, Any] | None = None
    locale: str = ""


class Notifier:
    """Take orders for notifications."""

    def __init__(
        self,
        notifications: Notifications,
        apps: Apps,
        templates: TemplateKeeper,
        render: Render,
        *,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._notifications = notifications
        self._apps = apps
        self._templates = templates
        self._render = render
        self._clock = clock
        self._entropy = entropy

    def notify(self, tenant: str, principal: str, order: Order, idempotency: Idempotency | None) -> Notification:
        """
        Store a notification.

        Returns: it, or the one that the same idempotency key made before.

        Raises:
            RequestError: the app, the template, a variable or a robot is not known; names the fields.
            IdempotencyMismatch: the key was used with another body.
        """
        app = self._app_of(tenant, order)
        self._check_robots(app, order.to)
        now = self._clock()
        notification = Notification(
            id=new_notification_id(now, self._entropy(10)),
            tenant=tenant,
            app=order.app,
            to=order.to,
            created_at=now,
            message=order.message or self._from_template(tenant, order),
            locale=order.locale,
            created_by=principal,
        )
        return self._notifications.add(notification, idempotency)

    def _app_of(self, tenant: str, order: Order) -> App:
        app = self._apps.get(tenant, order.app)
        if app is None:
            problem = FieldProblem("app", f"{order.app!r} is not registered here. GET /v1/apps lists your apps.")
            raise RequestError(f"There is no app {order.app!r}.", code="unknown_app", problems=(problem,))
        if app.state != "ready":
            problem = FieldProblem("app", "Its registration was interrupted: POST it to /v1/apps again.")
            raise RequestError("The app is not ready.", code="app_not_ready", problems=(problem,))
        return app

    @staticmethod
    def _check_robots(app: App, to: tuple[Destination, ...]) -> None:
        problems = tuple(
            FieldProblem(each.field, f"the app has no robot {each.value!r}; add it with PUT /v1/apps/{app.id}")
            for each in to
            if each.kind is DestinationKind.ROBOT and each.value not in app.robots
        )
        if problems:
            raise RequestError("The destinations must change.", code="unknown_robot", problems=problems)

    def _from_template(self, tenant: str, order: Order) -> Message:
        try:
            template = self._templates.get(tenant, order.template)
        except NotFound as err:
            problem = FieldProblem("template", err.message)
            raise RequestError("The template must change.", code=err.code, problems=(problem,)) from err
        locale = template.locale_for(order.locale)
        words = self._render(template, locale, order.variables or {})
        return Message(title=words.title or template.name, text=words.text, level=template.level, locale=locale)
