"""Record a live session in SQLite, one transaction a step, so that a kill at any instant loses none.

A record is one file in WAL mode: others may read it while the session runs. The inputs and events of
a step are stored together, before they are published; a resumed session reads them back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import DatabaseError

from symscan.clock.wall_clock import utc_now
from symscan.errors import DataError
from symscan.model.event_json import event_name, line_of
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.recording.bar_codec import Numbers
from symscan.recording.database import (
    Waiting,
    check_same,
    checkpoint,
    connect,
    create_tables,
    is_empty,
    read_meta,
    set_synchronous,
    transaction,
    write_meta,
    write_transaction,
)
from symscan.recording.ownership import check_private, lock_record, make_private
from symscan.recording.tables import EVENTS, STEPS, SYMBOLS

_LARGE_LOG_BYTES: Final = 4_000_000
"""Size of the write-ahead log, which every reader has to scan, from which it is checkpointed."""

WAITING: Final = Waiting()

_STEPS_PER_READ: Final = 32
"""Steps per query: those of thousands of symbols fill ten megabytes."""

AT_CLOSE: Final = "at_close"
"""The kind of the step in which the day is complete, where scans wait for that."""

CLOSE: Final = "close"
"""The kind of a session's last step."""


@dataclass(frozen=True, slots=True)
class Step:
    """The inputs of one step of a session.

    Attributes
    ----------
    kind
        ``prepare``, ``slice``, ``between``, ``at_close`` or ``close``.
    end
        The session's time.
    at
        The market's time, None where the update had none.
    lag, is_recovered
        As in the slice.
    bars
        The bars that came in, packed.
    answers
        The other inputs; the record does not read them.
    """

    kind: str
    end: Instant
    at: Instant | None = None
    lag: int = 0
    is_recovered: bool = False
    bars: bytes = b""
    answers: bytes = b""


class SessionRecord:
    """A record that is open, for one thread; make it with :meth:`create`, :meth:`resume` or :meth:`read`."""

    def __init__(
        self,
        path: Path,
        connection: Connection,
        lock: FileLock | None,
        clock: Callable[[], str] = utc_now,
        waiting: Waiting = WAITING,
    ) -> None:
        self.path = path
        self._connection = connection
        self._transaction = partial(transaction, path, connection)
        self._writing = partial(write_transaction, path, connection, waiting)
        self._lock = lock
        self._clock = clock
        self._log = path.with_name(f"{path.name}-wal")
        with self._transaction():
            rows = connection.execute(select(SYMBOLS.c.symbol).order_by(SYMBOLS.c.number)).scalars()
            self._numbers = {symbol: number for number, symbol in enumerate(rows)}
            self._stored = len(self._numbers)
            self._seq: int = connection.execute(select(func.max(STEPS.c.seq))).scalar() or 0

    # -- opening -----------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, about: Mapping[str, Any], waiting: Waiting = WAITING) -> SessionRecord:
        """Make a record of a session that begins.

        Parameters
        ----------
        path
            A file that does not exist, in a folder that does.
        about
            The facts of the session, as JSON can hold them.
        waiting
            How to wait for other programs that lock the record.

        Raises
        ------
        DataError
            If the file exists, cannot be written, or is being written by another process.
        """
        if path.exists():
            raise DataError(f"{path} exists; go on with it by --resume, or choose another --out")
        return cls.resume(path, about, waiting)

    @classmethod
    def resume(cls, path: Path, about: Mapping[str, Any], waiting: Waiting = WAITING) -> SessionRecord:
        """Open the record of a session to resume; one that had not begun when it ended begins now.

        Parameters
        ----------
        about
            The facts of the session; those of the record must be the same.
        waiting
            How to wait for other programs that lock the record.

        Raises
        ------
        DataError
            If it is of another session, or of none, a living process is writing it, or somebody else
            than this user may have written it.
        """
        lock = lock_record(path)
        try:
            _make_private_record(path)
            connection = connect(path, waiting.before_notice_seconds)
            if is_empty(path, connection):
                create_tables(connection, about)
            check_same(path, read_meta(path, connection), about)
            return cls(path, connection, lock, waiting=waiting)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def read(cls, path: Path) -> SessionRecord:
        """Open a record for reading; another process may write it meanwhile.

        Raises
        ------
        DataError
            If there is no record.
        """
        if not path.is_file():
            raise DataError(f"{path}: there is no record of a live session")
        connection = connect(path)
        read_meta(path, connection)
        return cls(path, connection, None)

    def close(self) -> None:
        """Close the file and release the lock."""
        if self._lock is not None and not self._connection.closed:
            # Readers may keep SQLite from doing so as it closes.
            with suppress(DatabaseError, sqlite3.Error):
                checkpoint(self._connection)
        self._connection.close()
        self._connection.engine.dispose()
        if self._lock is not None:
            self._lock.release()

    # -- facts -------------------------------------------------------------------------------

    @property
    def meta(self) -> dict[str, Any]:
        """The facts of the record, by key; ``status`` is running, complete, interrupted or failed."""
        return read_meta(self.path, self._connection)

    def update_meta(self, **values: Any) -> None:
        """Add or replace facts, such as ``status`` at the session's end."""
        set_synchronous(self._connection, True)
        with self._writing():
            write_meta(self._connection, values)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol the record knows, by number."""
        return tuple(self._numbers)

    def numbers(self, symbols: Sequence[str]) -> Numbers:
        """Return the numbers of symbols; new symbols get numbers, which the next step stores."""
        known = self._numbers
        return np.array([known.setdefault(symbol, len(known)) for symbol in symbols], np.int32)

    # -- writing -----------------------------------------------------------------------------

    def commit(self, step: Step, session: Session, events: Sequence[Event]) -> int:
        """Store a step and its events: all or, if the process is killed, nothing.

        Events are on the disk, with all before them, before they are published: a power failure must
        not lose what was announced. A step without events does not wait for the disk.

        Returns
        -------
        int
            The step's number, from 1.
        """
        seq = self._seq + 1
        new = list(self._numbers.items())[self._stored :]
        set_synchronous(self._connection, bool(events))
        with self._writing():
            if new:
                rows = [{"symbol": symbol, "number": number} for symbol, number in new]
                self._connection.execute(insert(SYMBOLS), rows)
            self._connection.execute(insert(STEPS), [self._step_row(seq, step, is_delivered=not events)])
            if events:
                rows = [_event_row(seq, n, session, one) for n, one in enumerate(events)]
                self._connection.execute(insert(EVENTS), rows)
        self._seq, self._stored = seq, len(self._numbers)
        return seq

    def checkpoint_if_large(self) -> None:
        """Checkpoint the write-ahead log if it is large; called when no step waits."""
        try:
            is_large = self._log.stat().st_size > _LARGE_LOG_BYTES
        except OSError:  # there is none
            return
        if is_large:
            checkpoint(self._connection)

    def mark_delivered(self, *steps: int) -> None:
        """Mark the events of these steps as published; a power failure may lose the mark."""
        set_synchronous(self._connection, False)
        with self._writing():
            statement = update(STEPS).where(STEPS.c.seq.in_(steps)).values(is_delivered=True)
            self._connection.execute(statement)

    def mark_all_delivered(self) -> None:
        """Mark the events of every step as published, or as reported undelivered."""
        self.mark_delivered(*dict.fromkeys(seq for seq, _ in self.undelivered()))

    # -- reading -----------------------------------------------------------------------------

    @property
    def last(self) -> int:
        """The number of the last step, 0 if there is none."""
        return self._seq

    def last_slice(self) -> Instant | None:
        """Return the end of the last slice; None if there was none."""
        ends = select(func.max(STEPS.c.end)).where(STEPS.c.kind == "slice")
        with self._transaction():
            end: Instant | None = self._connection.execute(ends).scalar()
        return end

    def step(self, seq: int) -> Step:
        """Return the inputs of a step."""
        (step,) = self._read_steps(seq, seq)
        return step

    def steps(self) -> Iterator[Step]:
        """Yield the inputs of every step, in order."""
        for first in range(1, self.last + 1, _STEPS_PER_READ):
            yield from self._read_steps(first, first + _STEPS_PER_READ - 1)

    def _read_steps(self, first: int, last: int) -> list[Step]:
        columns = [STEPS.c[name] for name in Step.__slots__]
        wanted = select(*columns).where(STEPS.c.seq.between(first, last)).order_by(STEPS.c.seq)
        with self._transaction():
            return [Step(*row) for row in self._connection.execute(wanted)]

    def lines(self, seq: int) -> list[str]:
        """Return the events of a step as lines of the journal."""
        wanted = select(EVENTS.c.record).where(EVENTS.c.seq == seq).order_by(EVENTS.c.n)
        with self._transaction():
            return list(self._connection.execute(wanted).scalars())

    def lines_of(self, kind: type[Event]) -> list[str]:
        """Return the events of one kind as lines of the journal."""
        is_wanted = EVENTS.c.kind == event_name(kind)
        wanted = select(EVENTS.c.record).where(is_wanted).order_by(EVENTS.c.seq, EVENTS.c.n)
        with self._transaction():
            return list(self._connection.execute(wanted).scalars())

    def undelivered(self) -> list[tuple[int, str]]:
        """Return events stored but perhaps not published before the process ended: step number and line."""
        wanted = (
            select(EVENTS.c.seq, EVENTS.c.record)
            .join(STEPS, STEPS.c.seq == EVENTS.c.seq)
            .where(~STEPS.c.is_delivered)
            .order_by(EVENTS.c.seq, EVENTS.c.n)
        )
        with self._transaction():
            return [(seq, line) for seq, line in self._connection.execute(wanted)]

    # -- how ---------------------------------------------------------------------------------

    def _step_row(self, seq: int, step: Step, *, is_delivered: bool) -> dict[str, Any]:
        values = {name: getattr(step, name) for name in Step.__slots__}
        return {"seq": seq, **values, "recorded_at": self._clock(), "is_delivered": is_delivered}


def read_about(path: Path) -> dict[str, Any] | None:
    """Read the facts of a record; None if there is none, or nothing was ever written to it.

    Raises
    ------
    DataError
        If it is no record, or somebody else than this user may have written it.
    """
    if not path.exists():
        return None
    check_private(path)
    connection = connect(path)
    try:
        return None if is_empty(path, connection) else read_meta(path, connection)
    finally:
        connection.close()
        connection.engine.dispose()


def _make_private_record(path: Path) -> None:
    try:
        make_private(path)
        check_private(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; the session's record cannot be written") from None


def _event_row(seq: int, n: int, session: Session, event: Event) -> dict[str, Any]:
    return {
        "seq": seq,
        "n": n,
        "at": event.at,
        "kind": event_name(type(event)),
        "decided_at": getattr(event, "decided_at", None),
        "execution_time_ms": getattr(event, "execution_time_ms", None),
        "record": line_of(session, event),
    }
