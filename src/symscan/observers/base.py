"""What an observer is: it is told, and changes nothing."""

from __future__ import annotations

from typing import Protocol

from symscan.model.events.session import Event
from symscan.model.session import Session


class Observer(Protocol):
    """Is told of every event of a session, in order, after the state that it speaks of is stored."""

    def observe(self, session: Session, event: Event) -> None:
        """Take note of an event."""
