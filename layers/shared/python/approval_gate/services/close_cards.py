"""Replace every message that tells of an open approval once the approval has ended."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from approval_gate.domain.approval import Approval
from approval_gate.domain.delivery import Card
from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.domain.notification import ApprovalEvent, Notification, notification_id
from approval_gate.domain.schedule import pause_s
from approval_gate.domain.wording import message_about
from approval_gate.errors import ConfigurationError, ProviderRejected, ProviderUnavailable, VersionConflict
from approval_gate.ports.outbox import Errand, OutboxPorts
from approval_gate.services.carry_messages import MessageCarrier

__all__ = ["CardCloser", "may_have_cards"]

_logger = logging.getLogger(__name__)

_PATIENCE = timedelta(hours=6)


class CardCloser:
    """Close the cards of approvals that have ended."""

    def __init__(self, ports: OutboxPorts, messages: MessageCarrier) -> None:
        self._outbox = ports.outbox
        self._queue = ports.queue
        self._approvals = ports.approvals
        self._clock = ports.clock
        self._messages = messages

    def close(self, approval_id: str) -> None:
        """
        Replace each card by the outcome, in place; where that cannot be, tell those who were asked to decide.

        Safe to repeat: a card that was replaced twice reads the same, and a closing message is one notification.
        """
        approval = self._approvals.get(approval_id)
        if approval is None or approval.outcome is None:
            return
        again_s = 0.0
        for card in self._outbox.open_cards(approval_id):
            again_s = max(again_s, self._close(card, approval))
        if again_s:
            at = self._clock() + timedelta(seconds=again_s)
            self._queue.put(Errand(approval_id=approval_id), at)

    def _close(self, card: Card, approval: Approval) -> float:
        """Close one card; returns after how many seconds to try again, 0: done."""
        now = self._clock()
        try:
            closed_as = "replaced" if self._replace(card, approval) else ""
        except ProviderUnavailable as err:
            if now - _ended_at(approval) < _PATIENCE:
                return max(err.retry_after_s or 0, pause_s(_ended_at(approval), now))
            closed_as = ""
        except (ProviderRejected, ConfigurationError) as err:
            _logger.warning("card_not_replaced", extra={"approval_id": approval.id, "error_code": err.code})
            closed_as = ""
        notices: tuple[Notification, ...] = ()
        if not closed_as and card.asks and not self._knows(card, approval):
            notices, closed_as = (_closing(card, approval, now),), "told"
        try:
            self._outbox.commit(replace(card, closed_as=closed_as or "left"), notices=notices)
        except VersionConflict:
            _logger.info("card_closed_already", extra={"approval_id": approval.id})
        return 0

    def _replace(self, card: Card, approval: Approval) -> bool:
        if not card.message_id:
            return False
        _, messenger = self._messages.messenger_of(card.tenant, card.app)
        event = ApprovalEvent(approval.status.value.lower())
        return messenger.update(card.message_id, message_about(approval, event, card.locale or messenger.locale))

    def _knows(self, card: Card, approval: Approval) -> bool:
        """Tell whether this person need not be told: they decided, or a notification of the outcome tells them."""
        if card.person is not None and any(
            task.person is not None and task.person.is_same_person(card.person) and task.decided_at is not None
            for task in approval.tasks
        ):
            return True
        released = self._outbox.notification(notification_id(approval.id, ApprovalEvent.RELEASED.value, "people"))
        told = {each.value for each in released.to} if released else set()
        return bool(card.person and told & {card.person.user_id, card.person.other_id} - {""})


def may_have_cards(approval: Approval) -> bool:
    """Tell whether anybody may have been sent a message about this approval while it was open."""
    is_watched = any(ApprovalEvent.PENDING.value in each.on for each in approval.request.notify)
    return is_watched or approval.reminded_at is not None or approval.escalated_at is not None


def _ended_at(approval: Approval) -> datetime:
    return approval.outcome.decided_at if approval.outcome else approval.created_at


def _closing(card: Card, approval: Approval, now: datetime) -> Notification:
    to = card.destination
    if card.person is not None and card.person.user_id:
        to = Destination(DestinationKind.USER_ID, card.person.user_id)
    return Notification(
        id=notification_id(approval.id, ApprovalEvent.RELEASED.value, card.app, to.kind.value, to.value),
        tenant=card.tenant,
        app=card.app,
        to=(to,),
        created_at=now,
        event=ApprovalEvent.RELEASED,
        approval_id=approval.id,
        locale=card.locale,
    )
