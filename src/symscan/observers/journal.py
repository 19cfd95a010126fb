"""The journal: every event of a run in order, one JSON record a line, the same bytes each time."""

from __future__ import annotations

import json
from typing import TextIO

import orjson

from symscan.model.event_json import record_of
from symscan.model.events.session import Event
from symscan.model.session import Session


class Journal:
    """Writes each event as one line as soon as it is told.

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
        """Hand over to the system what was written."""
        self._file.flush()


def line_of(session: Session, event: Event) -> str:
    """The event as one line of JSON, its end included."""
    record = record_of(session, event)
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:  # whole numbers beyond 64 bits, which metadata may hold
        return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
