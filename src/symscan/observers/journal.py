"""Write the journal: every event of a run in order, one JSON record a line, reproducible to the byte."""

from __future__ import annotations

from typing import TextIO

from symscan.model.event_json import line_of
from symscan.model.events.session import Event
from symscan.model.session import Session


class Journal:
    """Writes each event as one line as soon as it is published.

    Parameters
    ----------
    file
        An open text file.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def observe(self, session: Session, event: Event) -> None:
        """Write the event."""
        self._file.write(line_of(session, event))

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()
