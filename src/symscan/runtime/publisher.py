"""Publish the events of each step, after the step is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from symscan.model.events.session import Event, ScanFinished
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.observers.base import Observer


class StepLog(Protocol):
    """Stores a step before its events are published."""

    @property
    def is_replaying(self) -> bool:
        """Whether the step was stored, and published, before."""

    def commit(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        """Store a step in one transaction; returns events about the storing itself."""

    def delivered(self) -> None:
        """Mark the events of the last step as published."""


class StepDecider(Protocol):
    """Decides upon the events of a step, before it is stored."""

    def decide(self, session: Session, events: Sequence[Event]) -> Sequence[Event]:
        """Return the events of what was decided: stored and published with the step."""


class EventPublisher:
    """Collects the events of a step and passes them to observers once the step is stored.

    Parameters
    ----------
    session
        The session of the events.
    observers
        Get every event, also those that a resumed session repeats.
    announcers
        Get new events only, and none twice.
    step_log
        Stores steps; None stores nothing, as in a backtest, which can be run again.
    decider
        Decides upon each step that is stored, also one that a resumed session repeats; None: nobody.
    """

    def __init__(
        self,
        session: Session,
        observers: Sequence[Observer] = (),
        announcers: Sequence[Observer] = (),
        step_log: StepLog | None = None,
        decider: StepDecider | None = None,
    ) -> None:
        self._session = session
        self._observers = tuple(observers)
        self._announcers = tuple(announcers)
        self._step_log = step_log
        self._decider = decider
        self._events: list[Event] = []

    def add(self, event: Event) -> None:
        """Add an event of the current step."""
        self._events.append(event)

    def commit(self, kind: str, end: Instant) -> None:
        """Store the step, then publish its events."""
        step_log, events = self._step_log, self._events
        self._events = []
        if step_log is None:
            if events:
                self._notify(events, [*self._observers, *self._announcers])
            return
        if self._decider is not None and events:
            events = [*events, *self._decider.decide(self._session, events)]
        is_replaying = step_log.is_replaying
        events = [*events, *step_log.commit(kind, end, events)]
        self._notify(events, self._observers if is_replaying else [*self._observers, *self._announcers])
        if not is_replaying:
            step_log.delivered()

    def flush(self) -> None:
        """Publish what is left of a step that was never committed, because the session broke off in it.

        It is not stored, and is repeated if the session is resumed: hits are not announced before.
        """
        events, self._events = self._events, []
        self._notify(events, self._observers)
        self._notify([event for event in events if not self._will_repeat(event)], self._announcers)

    def _will_repeat(self, event: Event) -> bool:
        return self._step_log is not None and isinstance(event, ScanFinished) and bool(event.hits.symbols)

    def _notify(self, events: Sequence[Event], observers: Sequence[Observer]) -> None:
        for event in events:
            for observer in observers:
                observer.observe(self._session, event)
