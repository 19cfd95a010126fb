"""The tables of a session's record."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table, Text

TABLES: Final = MetaData()

META: Final = Table(
    "meta",
    TABLES,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts of the record: JSON by key."""

SYMBOLS: Final = Table(
    "symbols",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("symbol", String, nullable=False),
)
"""Numbers of symbols in packed bars."""

STEPS: Final = Table(
    "steps",
    TABLES,
    Column("seq", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("at", BigInteger),
    Column("lag", BigInteger, nullable=False),
    Column("is_recovered", Boolean, nullable=False),
    Column("recorded_at", String, nullable=False),
    Column("is_delivered", Boolean, nullable=False),
    Column("bars", LargeBinary, nullable=False),
    Column("answers", LargeBinary, nullable=False),
)
"""The steps of the session in order, with their inputs."""

EVENTS: Final = Table(
    "events",
    TABLES,
    Column("seq", Integer, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("decided_at", BigInteger),
    Column("execution_time_ms", Float),
    Column("record", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The events of each step in order, as lines of the journal."""
