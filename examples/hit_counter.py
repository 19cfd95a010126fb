"""An observer of one's own: counts how often each scanner found a symbol, and writes a line for each.

A configuration names it under ``observers``, with the file it writes. It is given every event of a run, in a
backtest as live, and changes nothing.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from symscan import BaseObserver
from symscan.model.events import Event, ScanFinished, SessionClosed
from symscan.model.session import Session


class Params(BaseModel):
    """The settings of the observer; an unknown one is an error with its place in the file."""

    model_config = ConfigDict(extra="forbid")

    file: Path = Field(Path("hit_counts.csv"), description="Where the counts are written.")
    at_least: int = Field(1, ge=1, description="How often a symbol must be found to be written.")


class HitCounter(BaseObserver):
    """Counts hits by scanner and symbol, and writes them at the close of each session."""

    params = Params

    def open(self) -> None:
        """Begin the file: not in the constructor, which is called to check the settings, too."""
        self.settings = Params.model_validate(self.config)
        self.counts: Counter[tuple[str, str]] = Counter()
        with self.settings.file.open("w", newline="") as file:
            csv.writer(file).writerow(["session", "scanner", "symbol", "scans"])

    def observe(self, session: Session, event: Event) -> None:
        """Count the hits of a scan; write them when the session is over. Other events are let pass."""
        match event:
            case ScanFinished():
                self.counts.update((event.scanner, symbol) for symbol in event.hits.symbols)
            case SessionClosed():
                self.write(session)

    def write(self, session: Session) -> None:
        """Append the session's counts, and begin anew."""
        rows = [
            [session.date, *key, count]
            for key, count in sorted(self.counts.items())
            if count >= self.settings.at_least
        ]
        with self.settings.file.open("a", newline="") as file:
            csv.writer(file).writerows(rows)
        self.counts.clear()
