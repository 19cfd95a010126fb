"""Holding a recorded live session against a backtest of the same bars."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from symscan.config.load import parse_config
from symscan.errors import DataError
from symscan.model.events import Event, ScanFinished, SymbolAdded
from symscan.model.instant import Instant, to_iso
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.observers.journal import line_of
from symscan.observers.recorded_bars import bars
from symscan.observers.session_record import RECORD_NAME, SessionRecord
from symscan.runtime.building import Ports, build, check, first_due
from symscan.runtime.comparison import Comparison, Difference
from symscan.runtime.parity_causes import Causes
from symscan.runtime.telling import Teller
from symscan.sources.history import StoreHistory
from symscan.sources.parquet import BarStore
from symscan.sources.replay import ReplaySource


@dataclass(frozen=True, slots=True)
class Parity:
    """What came of a comparison.

    Attributes
    ----------
    scans, hits
        How many were compared.
    late
        How many bars came late, were corrected or recovered.
    """

    session: Session
    scans: int
    hits: int
    late: int
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> int:
        """How many differences have no cause."""
        return sum(one.cause is None for one in self.differences)


def compare(folder: Path) -> Parity:
    """Play the bars of a recorded session, as they are finally known, through a backtest, and compare.

    Parameters
    ----------
    folder
        The folder of a live run.

    Raises
    ------
    DataError
        If there is no record in it, or the store of its history is gone.
    ConfigErrors
        If what its configuration needs, a module or a universe, is gone.
    """
    record = SessionRecord.read(folder / RECORD_NAME)
    try:
        return _compared(record)
    finally:
        record.close()


def _compared(record: SessionRecord) -> Parity:
    about, until = record.meta, record.last_slice()
    if until is None:
        raise DataError(f"{record.path}: the session had not begun; there is nothing to compare")
    numbered = [(seq, json.loads(line)) for seq in range(1, record.last + 1) for line in record.lines(seq)]
    slices = {to_iso(step.end): seq for seq, step in enumerate(record.steps(), 1) if step.kind == "slice"}
    causes = Causes.of(numbered, slices)
    session, events = _backtest(about, bars(record), until)
    live = [event for _, event in numbered]
    backtest = [json.loads(line_of(session, event)) for event in events]
    differences = Comparison(causes).of(live, backtest)
    scans = [one for one in live if one["event"] == "scan_finished"]
    hits = sum(len(one["hits"]["symbols"]) for one in scans)
    return Parity(session, len(scans), hits, causes.late_bars, tuple(differences))


def _backtest(about: Mapping[str, Any], frame: pl.DataFrame, until: Instant) -> tuple[Session, list[Event]]:
    """The same configuration over the same bars; what happened up to an instant."""
    checked = check(parse_config(about["configuration"], about["file"]), "live")
    session = checked.calendar.session(date.fromisoformat(about["session"]))
    history = StoreHistory(BarStore(Path(about["store"])), checked.calendar)
    managed = checked.scanners.managed(session)
    day = RecordedDay(frame, Interval.parse(about["base"]), Path(about["store"]))
    source = ReplaySource(day, session, start=first_due(managed, session))
    told = _Collector()
    coordinator = build(checked, session, managed, Ports(history, source, Teller(session, [told])))
    coordinator.prepare()
    for moment in coordinator.slices():
        coordinator.carry(moment)
        if coordinator.now >= until:
            break
    coordinator.scanner_manager.teardown_all()
    return session, [one for one in told.events if isinstance(one, ScanFinished | SymbolAdded)]


class RecordedDay:
    """The bars of a recorded session, as a stored day.

    Parameters
    ----------
    frame
        ``symbol``, ``start`` and the fields, sorted by symbol and start.
    interval
        Of the bars.
    root
        What messages call it.
    """

    def __init__(self, frame: pl.DataFrame, interval: Interval, root: Path) -> None:
        self.root = root
        self._frame = frame
        self._interval = interval

    def intervals(self, session: date | None = None) -> tuple[Interval, ...]:  # noqa: ARG002 - there is one
        """The interval of its bars."""
        return (self._interval,)

    def first_start(self, interval: Interval, session: date) -> Instant | None:  # noqa: ARG002
        """When the earliest bar starts."""
        first: Instant | None = self._frame["start"].to_physical().min()  # type: ignore[assignment]
        return first

    def load(
        self,
        interval: Interval,  # noqa: ARG002
        sessions: Sequence[date],  # noqa: ARG002
        symbols: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """The bars of some symbols."""
        frame = self._frame if symbols is None else self._frame.filter(pl.col("symbol").is_in(list(symbols)))
        return frame if columns is None else frame.select(columns)

    def parts(
        self, interval: Interval, session: date, symbols: Sequence[str], columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """The bars of some symbols, all at once."""
        yield self.load(interval, [session], symbols, columns)


class _Collector:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's face
        self.events.append(event)
