"""A short run of events that has one of everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, NAN, make_session
from symscan.model.events.session import (
    Event,
    Hits,
    Outcome,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScannerReady,
    ScanPhase,
    SessionClosed,
    SessionPrepared,
    SymbolAdded,
    UnknownSymbols,
    Warned,
)
from symscan.model.hit_metadata import FrameMetadata

SESSION = make_session()
AT = SESSION.open


def hits(*symbols: str, new: bool = True, metadata: Any = None, price: float = 10.0) -> Hits:
    count = len(symbols)
    return Hits(
        symbols,
        np.full(count, new),
        np.full(count, price),
        np.full(count, NAN),
        np.full(count, 2.5),
        np.full(count, NAN),
        np.full(count, 1000.0),
        np.full(count, float(AT)),
        metadata or {},
    )


def scan(minute: int, found: Hits | None = None, **more: Any) -> ScanFinished:
    fields = {
        "scanner": "gap",
        "phase": ScanPhase.REGULAR,
        "outcome": Outcome.OK,
        "universe": 5,
        "judged": 3,
        "unknown": 2,
        "execution_time_ms": 1.23456,
        **more,
    }
    return ScanFinished(AT + minute * MINUTE, hits=found or Hits(), **fields)


def done(minute: int, scanner: str = "gap", error: str | None = None) -> ScannerDone:
    first, last, scans = np.array([AT, AT]), np.array([AT, AT + MINUTE]), np.array([1, 2])
    unknown = UnknownSymbols(("A", "B"), ("stale", "warming"), ("regular", "regular"), first, last, scans)
    return ScannerDone(AT + minute * MINUTE, scanner, 3, 1, unknown, error)


def columns(*symbols: str) -> FrameMetadata:
    """Metadata in columns, as a screen gives it."""
    moment = datetime(2018, 2, 27, 14, 30, tzinfo=UTC)
    return FrameMetadata(
        symbols,
        lambda: pl.DataFrame(
            {"symbol": symbols, "rsi": [70.5, None][: len(symbols)], "last_bar_end": [moment] * len(symbols)}
        ),
    )


@pytest.fixture
def events() -> list[Event]:
    """One session's events in order."""
    return [
        Warned(SESSION.pre_open, "mind the gap"),
        SessionPrepared(SESSION.pre_open, SESSION.date, SESSION.open, SESSION.close, ("X",), ("gap", "off")),
        ScannerReady(SESSION.pre_open, "gap", 5, ("rsi_14_5m",)),
        ScannerDisabled(SESSION.pre_open, "off", "setup() returned False"),
        scan(0, hits("B", "A", metadata=columns("B", "A")), phase=ScanPhase.PRE_SESSION),
        scan(1, hits("A", new=False, metadata={"A": {"why": 'ä, "b"'}}), execution_time_ms=7.0),
        SymbolAdded(AT + MINUTE, "A", "scanner:gap", AT + MINUTE),
        scan(2, outcome=Outcome.FAILED, judged=0, unknown=0, error="ValueError: <x at 0x7fff12345678>"),
        scan(3, outcome=Outcome.SKIPPED, judged=0, unknown=0),
        done(4),
        SessionClosed(SESSION.close, SESSION.date, ("X", "A")),
    ]


@pytest.fixture
def make() -> dict[str, Callable[..., Any]]:
    return {"scan": scan, "hits": hits, "done": done, "columns": columns}
