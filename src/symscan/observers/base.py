"""The observer protocol: observers get events and change nothing."""

from __future__ import annotations

from typing import Protocol

from symscan.model.events.session import Event
from symscan.model.session import Session


class Observer(Protocol):
    """Gets every event of a session, in order, after the step of the event is stored."""

    def observe(self, session: Session, event: Event) -> None:
        """Handle an event."""
