"""Open the database of a session's record, begin its transactions, and read its facts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from symscan.errors import DataError
from symscan.recording.differences import difference
from symscan.recording.tables import META, TABLES

FORMAT: Final = "symscan session record"
VERSION: Final = 4

_WRITES: Final = "writes"
"""Set in a connection's ``info`` if the next transaction takes the write lock."""

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, None})
"""SQLite's codes for a damaged file: also of a table it lacks, and none at all where a text is no UTF-8."""

_PAGE_BYTES: Final = 16384
"""Large, since a slice of thousands of bars fills hundreds of thousands of bytes, copied page by page."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for a record that another program has locked.

    Attributes
    ----------
    notice
        Called with a line when the wait is reported.
    before_notice_seconds
        How long to wait before that.
    limit_seconds
        How long to wait at most.
    """

    notice: Callable[[str], None] = lambda _: None
    before_notice_seconds: float = 2.0
    limit_seconds: float = 60.0


def connect(path: Path, busy_seconds: float = 5.0) -> Connection:
    """Open the file, or make an empty one.

    Parameters
    ----------
    path
        The file.
    busy_seconds
        How long SQLite itself waits for another program's lock.

    Raises
    ------
    DataError
        If it is no database, or cannot be read or written.
    """
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, poolclass=NullPool, connect_args={"timeout": busy_seconds})
    _control_transactions(engine)
    try:
        return engine.connect()
    except DatabaseError as error:
        raise _not_a_record(path, str(error.orig)) from None


def is_empty(path: Path, connection: Connection) -> bool:
    """Return whether nothing was ever written: the process that made the file ended at once.

    Raises
    ------
    DataError
        If it is no database.
    """
    try:
        with connection.begin():
            return not inspect(connection).get_table_names()
    except DatabaseError as error:
        raise _not_a_record(path, str(error.orig)) from None


@contextmanager
def transaction(path: Path, connection: Connection) -> Iterator[None]:
    """Run the body in one transaction.

    Raises
    ------
    DataError
        If the file cannot be read or written: the disk is full, or took damage, or is locked.
    """
    try:
        with connection.begin():
            yield
    except DatabaseError as error:
        raise DataError(f"{path}: {error.orig}; {advice(error.orig)}") from None


@contextmanager
def write_transaction(path: Path, connection: Connection, waiting: Waiting) -> Iterator[None]:
    """Run the body in one transaction that takes the write lock first, and waits for it.

    Raises
    ------
    DataError
        As :func:`transaction`.
    """
    try:
        _begin_write(path, connection, waiting)
        yield
        connection.commit()
    except DatabaseError as error:
        connection.rollback()
        raise DataError(f"{path}: {error.orig}; {advice(error.orig)}") from None
    except BaseException:
        connection.rollback()
        raise


def _begin_write(path: Path, connection: Connection, waiting: Waiting) -> None:
    """Take the write lock; SQLite itself waits a while each time."""
    deadline, has_notified = monotonic() + waiting.limit_seconds, False
    connection.info[_WRITES] = True
    try:
        while True:
            try:
                connection.begin()
                return
            except OperationalError as error:
                if _code(error.orig) != sqlite3.SQLITE_BUSY or monotonic() >= deadline:
                    raise
            if not has_notified:
                waiting.notice(f"{path}: another program has locked the session's record; waiting for it")
                has_notified = True
    finally:
        connection.info[_WRITES] = False


def advice(fault: object) -> str:
    """Return what to do about an error of SQLite."""
    code = _code(fault)
    if code in _DAMAGED:
        return "the record is damaged, and its session cannot go on; begin another with another --out"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another program has locked the session's record (a backup, a database browser); close it"
    return (
        "the session's record cannot be written (is the disk full?); what it holds is whole, free some space"
    )


def _code(fault: object) -> int | None:
    """Return SQLite's primary error code."""
    code: int | None = getattr(fault, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def create_tables(connection: Connection, about: Mapping[str, Any]) -> None:
    """Create the tables and write the facts of the record, in one transaction."""
    values = {"format": FORMAT, "version": VERSION, **about, "status": "running"}
    with connection.begin():
        TABLES.create_all(connection)
        write_meta(connection, values)


def checkpoint(connection: Connection) -> None:
    """Checkpoint the write-ahead log into the file, without waiting for readers."""
    driver = connection.connection.driver_connection  # outside of a transaction: SQLAlchemy begins one
    if driver is not None:
        driver.execute("PRAGMA wal_checkpoint(PASSIVE)").close()


def set_synchronous(connection: Connection, is_needed: bool) -> None:
    """Set whether the next transactions wait for the disk; all survive the end of the process anyway."""
    driver = connection.connection.driver_connection  # within a transaction it would have no effect
    if driver is not None:
        driver.execute(f"PRAGMA synchronous={'FULL' if is_needed else 'NORMAL'}").close()


def write_meta(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write facts of the record, within a transaction."""
    rows = [{"key": key, "value": json.dumps(value, ensure_ascii=False)} for key, value in values.items()]
    connection.execute(insert(META).prefix_with("OR REPLACE"), rows)


def read_meta(path: Path, connection: Connection) -> dict[str, Any]:
    """Read the facts of the record.

    Raises
    ------
    DataError
        If it is no record, or one of another format.
    """
    try:
        with connection.begin():
            rows = connection.execute(select(META.c.key, META.c.value)).all()
    except DatabaseError as error:
        raise _not_a_record(path, str(error.orig)) from None
    try:
        meta = {key: json.loads(value) for key, value in rows}
    except (TypeError, ValueError):
        raise _not_a_record(path, "what it says it is of cannot be read") from None
    if meta.get("format") != FORMAT:
        raise _not_a_record(path, "it is the database of something else")
    if meta.get("version") != VERSION:
        raise DataError(
            f"{path}: the record has format version {meta.get('version')}, this symscan writes version "
            f"{VERSION}; use the symscan that made it"
        )
    return meta


def check_same(path: Path, meta: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Check that the record has the same facts as ``about``.

    Raises
    ------
    DataError
        If a fact differs; it names the fact.
    """
    for key, value in json.loads(json.dumps(about)).items():
        if meta.get(key) != value:
            fault = difference("record's session", key, meta.get(key), value)
            raise DataError(
                f"{path}: {fault}; resume with what the session was begun with, or begin another with "
                "another --out"
            )


def _control_transactions(engine: Engine) -> None:
    """Begin every transaction explicitly: the driver would begin none before tables are made."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # A checkpoint takes ten times as long as a commit: it is made after events are published.
        connection.execute("PRAGMA wal_autocheckpoint=0")
        # So that the log's size is what is still to be checkpointed, and a large log does not stay.
        connection.execute("PRAGMA journal_size_limit=0")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get(_WRITES) else "BEGIN")


def _not_a_record(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: {reason}; it is no record of a session")
