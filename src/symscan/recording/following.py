"""Read the events of a record while another process writes it: read-only, and keeping nobody from writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, create_engine, func, select, tuple_
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from symscan.errors import DataError
from symscan.model.event_json import event_name
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.recording.database import advice, is_empty, read_meta
from symscan.recording.tables import EVENTS, STEPS

EventKey = tuple[int, int]
"""The number of a step, and that of an event in it: they rise with the session."""

BEFORE_ALL: Final[EventKey] = (0, -1)

_AT_ONCE: Final = 1000
_BUSY_SECONDS: Final = 5.0
_COLUMNS: Final = (EVENTS.c.seq, EVENTS.c.n, EVENTS.c.at, EVENTS.c.kind, EVENTS.c.record)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it was recorded.

    Attributes
    ----------
    key
        Its step, and its number in it.
    at
        The instant of the session.
    kind
        What happened: the ``event`` of the line.
    line
        The line of the journal.
    """

    key: EventKey
    at: Instant
    kind: str
    line: str


@dataclass(frozen=True, slots=True)
class DatedEvent:
    """An event as it was recorded, and when: on the computer's clock, in ISO 8601."""

    event: StoredEvent
    recorded_at: str


class RecordFollower:
    """A record that is open for reading while it may be written.

    Parameters
    ----------
    path
        The record.

    Raises
    ------
    DataError
        If there is none.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError(f"{path}: there is no record of a live session")
        self._path = path
        self._connection = _connect_read_only(path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._connection.engine.dispose()

    def is_running(self) -> bool:
        """Return whether the session has not ended; that of a killed process has not, it can go on.

        Raises
        ------
        DataError
            If it is no record.
        """
        if is_empty(self._path, self._connection):  # its process has only made the file
            return True
        return bool(read_meta(self._path, self._connection)["status"] == "running")

    def has(self, key: EventKey) -> bool:
        """Return whether there is an event of a key."""
        return key == BEFORE_ALL or bool(self._events(tuple_(*_COLUMNS[:2]) == tuple_(*key)))

    def after(self, key: EventKey) -> list[StoredEvent]:
        """Return the next events after a key, at most a thousand; none where there are none yet.

        Raises
        ------
        DataError
            If the record cannot be read.
        """
        return self._events(tuple_(*_COLUMNS[:2]) > tuple_(*key))

    def meta(self) -> dict[str, Any] | None:
        """Return the facts of the record; None where its process has only made the file.

        Raises
        ------
        DataError
            If it is no record.
        """
        if is_empty(self._path, self._connection):
            return None
        return read_meta(self._path, self._connection)

    def last_step(self) -> int:
        """Return the number of the last step that is whole, 0 if there is none."""
        with self._reading():
            return int(self._connection.execute(select(func.max(STEPS.c.seq))).scalar() or 0)

    def of_kind(self, kind: type[Event], after: int, until: int) -> list[DatedEvent]:
        """Return the events of one kind in the steps after one and up to another.

        Raises
        ------
        DataError
            If the record cannot be read.
        """
        wanted = (
            select(*_COLUMNS, STEPS.c.recorded_at)
            .join(STEPS, STEPS.c.seq == EVENTS.c.seq)
            .where(EVENTS.c.seq > after, EVENTS.c.seq <= until, EVENTS.c.kind == event_name(kind))
            .order_by(*_COLUMNS[:2])
        )
        with self._reading():
            rows = self._connection.execute(wanted).all()
        return [DatedEvent(StoredEvent((seq, n), *rest), written) for seq, n, *rest, written in rows]

    def _events(self, condition: ColumnElement[bool]) -> list[StoredEvent]:
        if is_empty(self._path, self._connection):
            return []
        wanted = select(*_COLUMNS).where(condition).order_by(*_COLUMNS[:2]).limit(_AT_ONCE)
        with self._reading():
            rows = self._connection.execute(wanted).all()
        return [StoredEvent((seq, n), at, kind, line) for seq, n, at, kind, line in rows]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._connection.begin():
                yield
        except DatabaseError as error:
            raise DataError(f"{self._path}: {error.orig}; {advice(error.orig)}") from None


def _connect_read_only(path: Path) -> Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, timeout=_BUSY_SECONDS, uri=True)

    try:
        return create_engine("sqlite://", creator=connect, poolclass=NullPool).connect()
    except DatabaseError as error:
        raise DataError(f"{path}: {error.orig}; {advice(error.orig)}") from None
