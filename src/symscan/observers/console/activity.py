"""Print short lines on members that join and leave, and on late bars of announced hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from symscan.model.bar import LateKind
from symscan.model.events.feed import BarsCorrected, FeedConnected
from symscan.model.events.session import (
    Event,
    ScanFinished,
    SessionActivated,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.observers.console.messages import clock, in_one_line

_ARRIVALS: Final = {
    LateKind.LATE: "came late",
    LateKind.CORRECTED: "was corrected",
    LateKind.RECOVERED: "was fetched afterwards",
}


class ActivityLog:
    """Prints short lines on the session's members.

    Parameters
    ----------
    print_line
        Prints one line.
    """

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print = print_line
        self._announced: dict[str, Instant] = {}

    def observe(self, session: Session, event: Event) -> None:
        """Print the lines of an event."""
        if isinstance(event, ScanFinished):
            new = np.flatnonzero(event.hits.new).tolist()
            self._announced.update((event.hits.symbols[row], event.at) for row in new)
        for line in self._lines(session, event):
            self._print(f"{clock(session, event.at)}  {in_one_line(line)}")

    def _lines(self, session: Session, event: Event) -> Iterator[str]:
        match event:
            case FeedConnected():
                yield f"connected to {event.feed}"
            case SessionActivated():
                yield f"the session is open, {len(event.symbols):,} members"
            case SymbolAdded():
                yield f"+ {event.symbol} ({event.holder})"
            case SymbolsRemoved():
                yield f"- {' '.join(event.symbols)} ({event.holder})"
            case SymbolLocked():
                yield f"{event.symbol} locked ({event.reason}, by {event.holder})"
            case SymbolUnlocked():
                yield f"{event.symbol} unlocked ({event.reason or 'all locks'}, by {event.holder})"
            case BarsCorrected():
                yield from self._corrected(session, event)

    def _corrected(self, session: Session, event: BarsCorrected) -> Iterator[str]:
        """Yield late or corrected bars of announced hits; the announcement stands."""
        for symbol in event.symbols:
            announced = self._announced.get(symbol)
            if announced is not None and event.end <= announced:
                bar = f"its bar of {clock(session, event.end)} {_ARRIVALS[event.kind]}"
                yield f"{symbol}, found at {clock(session, announced)}: {bar}"
