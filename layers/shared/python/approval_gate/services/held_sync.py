"""An app whose contacts one worker holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from approval_gate.domain.sync import LEASE, Sync
from approval_gate.errors import VersionConflict
from approval_gate.ports import Clock
from approval_gate.ports.directory import Syncs

__all__ = ["HeldSync", "TakenOver"]


class TakenOver(Exception):
    """Another worker holds the app now."""


@dataclass
class HeldSync:
    """An app that this worker holds."""

    _syncs: Syncs
    _clock: Clock
    sync: Sync

    def save(self, **changes: object) -> None:
        """
        Store progress; unless it gives the app back, the lease goes on.

        Raises:
            TakenOver: by another worker, or asked for a run meanwhile.
        """
        changes.setdefault("leased_until", self._clock() + LEASE)
        try:
            self.sync = self._syncs.change(self.sync, replace(self.sync, **changes))  # type: ignore[arg-type] # fields of Sync, spelt above
        except VersionConflict as err:
            raise TakenOver from err

    def renew(self) -> None:
        """Prolong the lease when a third of it is over."""
        until = self.sync.leased_until
        if until is None or until - self._clock() < LEASE * 2 / 3:
            self.save()
