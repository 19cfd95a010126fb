"""An observer that keeps events in a list."""

from __future__ import annotations

from symscan.model.events.session import Event
from symscan.model.session import Session


class EventCollector:
    """Collects the events of a session in order, for a caller that reads them afterwards."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's signature
        """Append the event."""
        self.events.append(event)
