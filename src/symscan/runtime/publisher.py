"""Telling what happened: stored first, told afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from symscan.model.events.session import Event, ScanFinished
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.observers.base import Observer


class StepLog(Protocol):
    """Where a step is stored before anyone is told of it."""

    @property
    def is_replaying(self) -> bool:
        """Whether the step is one that was stored, and told, before."""

    def commit(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        """Store a step, in one transaction; returns what there is to say of the storing itself."""

    def delivered(self) -> None:
        """The events of the last step were told."""


class EventPublisher:
    """Gathers the events of a step and tells observers of them, once the step is stored.

    Parameters
    ----------
    session
        The session they are of.
    observers
        Are told of everything, of what a resumed session repeats, too.
    announcers
        Are told of what is new, and of nothing twice.
    ledger
        Stores steps; None stores nothing, as in a backtest, which can be run again.
    """

    def __init__(
        self,
        session: Session,
        observers: Sequence[Observer] = (),
        announcers: Sequence[Observer] = (),
        ledger: StepLog | None = None,
    ) -> None:
        self._session = session
        self._observers = tuple(observers)
        self._announcers = tuple(announcers)
        self._ledger = ledger
        self._events: list[Event] = []

    def note(self, event: Event) -> None:
        """Gather an event of the step under way."""
        self._events.append(event)

    def commit(self, kind: str, end: Instant) -> None:
        """The step is done: store it, then tell."""
        ledger, events = self._ledger, self._events
        self._events = []
        if ledger is None:
            if events:
                self._tell(events, [*self._observers, *self._announcers])
            return
        is_old = ledger.is_replaying
        events = [*events, *ledger.commit(kind, end, events)]
        self._tell(events, self._observers if is_old else [*self._observers, *self._announcers])
        if not is_old:
            ledger.delivered()

    def flush(self) -> None:
        """Tell what is left although its step was never done: the session broke off in it.

        It is not stored, and comes again if the session goes on: hits are not announced before.
        """
        events, self._events = self._events, []
        self._tell(events, self._observers)
        self._tell([event for event in events if not self._comes_again(event)], self._announcers)

    def _comes_again(self, event: Event) -> bool:
        return self._ledger is not None and isinstance(event, ScanFinished) and bool(event.hits.symbols)

    def _tell(self, events: Sequence[Event], observers: Sequence[Observer]) -> None:
        for event in events:
            for observer in observers:
                observer.observe(self._session, event)
