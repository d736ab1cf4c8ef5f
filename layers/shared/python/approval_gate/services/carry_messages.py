"""Carry messages to people, chats and robots on a platform: find the words and the people, send, read the receipts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from approval_gate.domain.combined import combined
from approval_gate.domain.delivery import Card, Delivery, DeliveryStatus
from approval_gate.domain.lane import Limit
from approval_gate.domain.message import DestinationKind, Message
from approval_gate.domain.notification import ApprovalEvent, Notification
from approval_gate.domain.wording import message_about
from approval_gate.errors import ConfigurationError, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import App, Approvals, Apps, Clock
from approval_gate.ports.messages import Messenger, Messengers, Parcel, Receipt
from approval_gate.ports.outbox import Outbox
from approval_gate.services.addressing import Address, FindPeople, addressed
from approval_gate.services.carry import Ended, Report, parcel_id, refused, sent, throttled, unavailable

__all__ = ["ABOUT_THE_OPEN", "MessageCarrier"]

ABOUT_THE_OPEN = {ApprovalEvent.PENDING, ApprovalEvent.REMINDER, ApprovalEvent.ESCALATION}
"""What is untrue once the approval has ended: not sent any more, and replaced where it was."""

_KNOWN_FOR = timedelta(seconds=10)


class MessageCarrier:
    """The `Carrier` of everything that goes through a platform."""

    def __init__(
        self,
        outbox: Outbox,
        approvals: Approvals,
        apps: Apps,
        messengers: Messengers,
        find_people: FindPeople,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._approvals = approvals
        self._apps = apps
        self._messengers = messengers
        self._find_people = find_people
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[datetime, App | None]] = {}

    def capacity_of(self, notification: Notification) -> Callable[[DestinationKind], int]:
        """Return what the app's platform can; one of everything where that is not known yet."""
        try:
            _, messenger = self.messenger_of(notification.tenant, notification.app)
        except ConfigurationError:
            return lambda _: 1
        return messenger.recipients_per_call

    def limit_of(self, delivery: Delivery) -> Limit | None:
        """Return the platform's pace for one destination; it holds for several at once too."""
        try:
            _, messenger = self.messenger_of(delivery.tenant, delivery.app)
        except ConfigurationError:
            return None
        pace = messenger.pace(delivery.destination.kind)
        return Limit(pace.messages, pace.per_s, pace.ban_s) if pace else None

    def messenger_of(self, tenant: str, app_id: str) -> tuple[App, Messenger]:
        """
        Return an app and its messenger.

        Raises:
            ConfigurationError: there is no such app any more, or its credentials are missing.
        """
        now = self._clock()
        at, app = self._known.get((tenant, app_id), (None, None))
        if at is None or now - at > _KNOWN_FOR:
            app = self._apps.get(tenant, app_id)
            self._known[(tenant, app_id)] = (now, app)
        if app is None or app.state != "ready":
            text = f"The app {app_id!r} is not registered (any more). Register it, then redrive this delivery."
            raise ConfigurationError(text, code="app_not_found")
        return app, self._messengers.of(app)

    def carry(self, deliveries: Sequence[Delivery]) -> Report:
        """Send one message to one or several, or one message made of several to one."""
        leader, now = deliveries[0], self._clock()
        try:
            app, messenger = self.messenger_of(leader.tenant, leader.app)
        except ConfigurationError as err:
            return Report(Ended.UNUSED, tuple(each.failed(err.code, err.message, now) for each in deliveries))
        worded = [(each, self._words_for(each, messenger)) for each in deliveries]
        dropped = tuple(each.dropped(*words, now) for each, words in worded if not isinstance(words, Message))
        left = [each for each, words in worded if isinstance(words, Message)]
        messages = [words for _, words in worded if isinstance(words, Message)]
        if not left:
            return Report(Ended.UNUSED, dropped)
        is_combined = leader.is_combined and len(messages) > 1
        message = combined(messages, messages[0].locale) if is_combined else messages[0]
        report = self._attempt(app, messenger, left, message, parcel_id(deliveries))
        return replace(report, deliveries=report.deliveries + dropped)

    def _attempt(
        self, app: App, messenger: Messenger, deliveries: list[Delivery], message: Message, parcel: str
    ) -> Report:
        """Address, send, and read whatever comes back."""
        heads = deliveries[:1] if deliveries[0].is_combined else deliveries
        try:
            to = addressed(app, heads, message.mentions, self._find_people, self._messengers)
            deliveries = [*(each.delivery for each in to.addresses), *deliveries[len(heads) :]]
            recipients = to.recipients
            given = messenger.send(Parcel(parcel, message, recipients, to.mentions)) if recipients else ()
        except ProviderThrottled as err:
            wait_s = self._wait_s(deliveries[0], err.retry_after_s)
            return throttled(deliveries, err.vendor_code or err.code, err.message, wait_s, self._clock())
        except ProviderUnavailable as err:
            code = err.vendor_code or err.code
            return unavailable(deliveries, code, err.message, err.retry_after_s, self._clock())
        except (ProviderRejected, ConfigurationError) as err:
            code, now = getattr(err, "vendor_code", "") or err.code, self._clock()
            return Report(Ended.ANSWERED, tuple(refused(each, code, err.message, now) for each in deliveries))
        now = self._clock()
        receipts = iter(given)
        done = [
            _received(each, next(receipts, None) if each.recipient else None, to.not_mentioned, now)
            for each in to.addresses
        ]
        # What travels in the same message shares its fate.
        done += [_like(done[0], each) for each in deliveries[len(heads) :]]
        ended = Ended.ANSWERED if recipients else Ended.UNUSED
        return Report(ended, tuple(done), tuple(self._cards(done, now)))

    def _wait_s(self, delivery: Delivery, retry_after_s: float | None) -> float | None:
        """Return how long the platform will not listen: what it said, and at least its ban where it has one."""
        limit = self.limit_of(delivery)
        waits = [pause for pause in (retry_after_s, limit.ban_s if limit else 0) if pause]
        return max(waits, default=None)

    def _words_for(self, delivery: Delivery, messenger: Messenger) -> Message | tuple[str, str]:
        """Return what to say, or code and reason why it is not worth saying any more."""
        notification = self._outbox.notification(delivery.key.notification_id)
        if notification is None:
            return "notification_gone", "The notification is not stored any more."
        locale = notification.locale or messenger.locale
        if notification.message is not None:
            return replace(notification.message, locale=locale)
        approval = self._approvals.get(notification.approval_id)
        if approval is None or notification.event is None:
            return "approval_gone", "The approval is not stored any more."
        if notification.event in ABOUT_THE_OPEN and approval.outcome is not None:
            return "decided_meanwhile", f"The approval has ended meanwhile: {approval.status.value}."
        return message_about(approval, notification.event, locale)

    def _cards(self, deliveries: Sequence[Delivery], now: datetime) -> list[Card]:
        cards = []
        for each in deliveries:
            notification = self._outbox.notification(each.key.notification_id)
            if notification is None or notification.event not in ABOUT_THE_OPEN:
                continue
            if each.status is not DeliveryStatus.SENT or each.destination.kind is DestinationKind.ROBOT:
                continue
            asks = notification.event is ApprovalEvent.REMINDER and each.destination.kind.is_person
            message_id = "" if each.is_combined else each.message_id
            if message_id or asks:
                cards.append(
                    Card(
                        key=each.key,
                        approval_id=notification.approval_id,
                        tenant=each.tenant,
                        app=each.app,
                        destination=each.destination,
                        message_id=message_id,
                        sent_at=now,
                        asks=asks,
                        person=each.person,
                        locale=notification.locale,
                    )
                )
        return cards


def _received(address: Address, receipt: Receipt | None, not_mentioned: str, now: datetime) -> Delivery:
    delivery = address.delivery
    if address.recipient is None:
        return refused(delivery, address.code, address.problem, now)
    if receipt is None:
        return refused(delivery, "no_receipt", "The platform did not say what became of this recipient.", now)
    if not receipt.is_sent:
        return refused(delivery, receipt.error_code, receipt.problem, now)
    return sent(delivery, receipt.message_id, now, receipt.problem or not_mentioned)


def _like(leader: Delivery, other: Delivery) -> Delivery:
    return replace(
        other,
        status=leader.status,
        attempts=leader.attempts,
        tried_at=leader.tried_at,
        finished_at=leader.finished_at,
        next_attempt_at=leader.next_attempt_at,
        person=leader.person,
        message_id=leader.message_id,
        error_code=leader.error_code,
        problem=leader.problem,
    )
