"""
How an application moves through its nodes.

ALL: everybody must agree. ANY: one suffices. SEQUENCE: one after another. A rejection ends everything. Source:
"Approval status change event", read 2026-02-28.

How a node looks after a transfer, a return or a countersignature is not documented. Constructed here: who was given a
task stands behind who gave it; a return asks the nodes from its target on again, and then the person who returned it;
an any-one node also waits for those that were added to it.
"""

from collections.abc import Callable

from local.simulators.frame.people import Organisation
from local.simulators.frame.web import SimError
from local.simulators.wecom.model import (
    AGREED,
    ANY,
    COPY,
    HANDED_OVER,
    HANDLED,
    HANDLER,
    IN_REVIEW,
    REJECTED,
    RETURNED,
    TRANSFERRED,
    WITH_ONE_MORE,
    Application,
    Comment,
    Entry,
    Node,
)

__all__ = ["Flow"]

_SUBMITTED, _URGED, _TAKEN_BACK, _REVOKED_LATE, _COMMENTED = 1, 5, 6, 8, 10
"""What happened (`StatuChangeEvent`), where it is not the status of the person who acted."""
_WITHDRAWN, _REVOKED, _DELETED, _PAID = 4, 6, 7, 10
"""Statuses of an application beside those of a person."""

_CONSENT = frozenset({AGREED, WITH_ONE_MORE, HANDLED})
_GIVEN_AWAY = frozenset({TRANSFERRED, HANDED_OVER})


class Flow:
    """
    One change of one application.

    Args:
        tell: sends the event of a change (`StatuChangeEvent`) with the application as it is at that moment.
        now_s: what acts are dated with.
    """

    def __init__(
        self, application: Application, people: Organisation, *, tell: Callable[[int], None], now_s: int
    ) -> None:
        self._application, self._people, self._tell, self._now_s = application, people, tell, now_s

    def start(self) -> None:
        """Begin with the first node."""
        self._tell(_SUBMITTED)
        if self._settle():
            self._tell(AGREED)

    def approve(self, entry: Entry, speech: str) -> None:
        """Somebody agrees, or has handled it."""
        done = HANDLED if self._node.type == HANDLER else AGREED
        self._act(entry, done, speech)
        self._settle()
        self._tell(done)

    def countersign(self, entry: Entry, to: str, speech: str) -> None:
        """Somebody agrees, and wants one more person to."""
        self._refuse_handlers("countersign")
        self._act(entry, WITH_ONE_MORE, speech)
        self._add_behind(entry, to, is_added=True)
        self._settle()
        self._tell(WITH_ONE_MORE)

    def reject(self, entry: Entry, speech: str) -> None:
        """Somebody refuses: that ends the application."""
        self._refuse_handlers("reject")
        self._act(entry, REJECTED, speech)
        self._node.status = REJECTED
        self._end(REJECTED)
        self._tell(REJECTED)

    def transfer(self, entry: Entry, to: str, speech: str) -> None:
        """Somebody hands the task to another person."""
        given = HANDED_OVER if self._node.type == HANDLER else TRANSFERRED
        if any(one.userid == to and one.status == IN_REVIEW for one in self._node.entries):
            raise SimError(f"{to} is asked in this node already; transfer to somebody else", status=409)
        self._act(entry, given, speech)
        entry.given_to = to
        self._add_behind(entry, to, is_added=entry.is_added)
        self._settle()
        self._tell(given)

    def send_back(self, entry: Entry, target: int, speech: str) -> None:
        """Somebody returns it to a node that has passed."""
        self._refuse_handlers("rollback")
        if not 0 <= target < self._application.current or self._application.nodes[target].type == COPY:
            raise SimError("rollback needs `to`: the number of a node that has passed", status=409)
        self._act(entry, RETURNED, speech)
        for node in self._application.nodes[target : self._application.current]:
            node.status = IN_REVIEW
            _ask_again(node, {AGREED, WITH_ONE_MORE, HANDLED})
        self._application.current = target
        self._settle()
        self._tell(RETURNED)

    def withdraw(self) -> None:
        """The applicant takes it back."""
        self._end(_WITHDRAWN)
        self._tell(_TAKEN_BACK)

    def revoke(self) -> None:
        """The applicant takes back what was approved."""
        self._end(_REVOKED)
        self._tell(_REVOKED_LATE)

    def delete(self) -> None:
        """An administrator deletes it. Which event that sends, if any, is not documented: none here."""
        self._end(_DELETED)

    def pay(self) -> None:
        """It is paid. No event either, as above."""
        self._application.status = _PAID

    def urge(self) -> None:
        """The applicant reminds those who are asked."""
        self._tell(_URGED)

    def comment(self, comment: Comment) -> None:
        """Somebody says something."""
        self._application.comments.append(comment)
        self._tell(_COMMENTED)

    @property
    def _node(self) -> Node:
        return self._application.nodes[self._application.current]

    def _act(self, entry: Entry, status: int, speech: str) -> None:
        entry.status, entry.speech, entry.at_s = status, speech, self._now_s

    def _add_behind(self, entry: Entry, to: str, *, is_added: bool) -> None:
        entries = self._node.entries
        entries.insert(entries.index(entry) + 1, Entry(to, is_added=is_added))

    def _settle(self) -> bool:
        """Pass what passes by itself and go on while nodes are done; tell whether it ended approved."""
        application = self._application
        while application.current < len(application.nodes):
            node = self._node
            if node.type != COPY:
                _ask_again(node, {RETURNED})
                self._pass_automatically()
                if not _is_passed(node):
                    return False
                node.status = HANDLED if node.type == HANDLER else AGREED
            application.current += 1
        self._end(AGREED)
        return True

    def _pass_automatically(self) -> None:
        """
        Agree for those whom an administrator made pass by themselves.

        What the platform shows of that was not seen; agreed at no time is assumed.
        """
        while True:
            automatic = next((one for one in self._application.asked if self._is_automatic(one)), None)
            if automatic is None:
                return
            automatic.status = HANDLED if self._node.type == HANDLER else AGREED
            automatic.is_automatic = True

    def _is_automatic(self, entry: Entry) -> bool:
        person = self._people.people.get(entry.userid)
        return person is not None and person.auto_pass

    def _refuse_handlers(self, action: str) -> None:
        if self._node.type == HANDLER:
            raise SimError(f"a handler can approve (handle) or transfer, not {action}", status=409)

    def _end(self, status: int) -> None:
        self._application.status, self._application.end_s = status, self._now_s


def _is_passed(node: Node) -> bool:
    counted = [entry for entry in node.entries if entry.status not in _GIVEN_AWAY]
    if node.apv_rel == ANY:
        added = [entry for entry in counted if entry.is_added]
        return any(one.status in _CONSENT for one in counted) and all(one.status in _CONSENT for one in added)
    return all(entry.status in _CONSENT for entry in counted)


def _ask_again(node: Node, statuses: set[int]) -> None:
    for entry in node.entries:
        if entry.status in statuses:
            entry.status, entry.speech, entry.at_s, entry.is_automatic = IN_REVIEW, "", 0, False
