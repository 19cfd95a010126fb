"""How far a session is that is played, here or in another process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.runtime.coordinator import SessionCoordinator


class SessionProgress(Struct, frozen=True):
    """How far a session is.

    Attributes
    ----------
    at
        Its time.
    symbols
        How many symbols it has.
    """

    session: Session
    at: Instant
    symbols: int

    @classmethod
    def of(cls, coordinator: SessionCoordinator) -> SessionProgress:
        """Return where the session of a coordinator is."""
        return cls(coordinator.session, coordinator.now, len(coordinator.session_data.symbols))

    @property
    def played(self) -> float:
        """How much of its regular hours is over, 0 to 1."""
        return max(0, self.at - self.session.open) / (self.session.close - self.session.open)


ShowPlaying = Callable[[Sequence[SessionProgress]], None]
"""Shows where the sessions are that are played at the moment."""
