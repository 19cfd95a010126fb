"""Write the journal: the events of a session in order, one JSON record a line, reproducible to the byte."""

from __future__ import annotations

from typing import TextIO

from symscan.model.event_json import line_of, line_of_changes, line_of_counts
from symscan.model.events.session import Event, ScanFinished, ScannerDone
from symscan.model.session import Session
from symscan.runs.list_changes import ListChanges


class Journal:
    """Writes each event of a session as one line as soon as it is published.

    Of a scan it says how many symbols it returned, who entered the scanner's list and who left it; every
    hit, every count and every stretch in which a symbol was unknown is in the tables.

    Parameters
    ----------
    file
        An open text file.

    Attributes
    ----------
    changes
        Who entered and who left the scanners' lists.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.changes = ListChanges()

    def observe(self, session: Session, event: Event) -> None:
        """Write the event."""
        self._file.write(self._line(session, event))

    def close(self) -> None:
        """Write what is left, and close the file."""
        self._file.close()

    def _line(self, session: Session, event: Event) -> str:
        if isinstance(event, ScanFinished):
            symbols = event.hits.symbols
            entered, left = self.changes.update(event.scanner, symbols, is_ok=event.outcome.is_ok)
            return line_of_changes(session, event, entered, left)
        return line_of_counts(session, event) if isinstance(event, ScannerDone) else line_of(session, event)
