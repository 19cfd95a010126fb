"""How far a run has come."""

from __future__ import annotations

from symscan.model.events.session import Event, ScanFinished, SessionClosed
from symscan.observers.results.summary import RunSummary


class RunProgress:
    """How far a run has come.

    Attributes
    ----------
    completed
        How many sessions came to their close.
    hits
        How many symbols were found, summed over scans.
    """

    def __init__(self) -> None:
        self.completed = 0
        self.hits = 0

    def count(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, ScanFinished):
            self.hits += len(event.hits.symbols)
        elif isinstance(event, SessionClosed):
            self.completed += 1

    def add(self, figures: RunSummary) -> None:
        """Add a session that was played before."""
        self.completed += len(figures.completed)
        self.hits += sum(one.hits for one in figures.scanners.values())
