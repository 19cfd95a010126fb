"""The backtest that a recorded live session is held against: its configuration over its own bars."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from symscan.config.load import parse_config
from symscan.model.events.session import Event, ScanFinished, SymbolAdded, SymbolsRemoved
from symscan.model.instant import SECOND, Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.observers.event_log import EventLog
from symscan.parity.causes import ScannerTraits
from symscan.parity.execution import LenientExecution
from symscan.runtime.building.build import CheckedConfig, SessionPorts, build, check, first_due
from symscan.runtime.building.store_universe import recorded_symbols
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.screen import ScreenScanner
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.backtest_source import BacktestSource
from symscan.sources.stored.history import StoreHistory

_BUILT_IN = "symscan."


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is needed of a recorded session to play it again.

    Attributes
    ----------
    about
        What the record is of.
    symbols
        Those that joined.
    bars
        As they are finally known: ``symbol``, ``start`` and the fields, sorted by symbol and start.
    until
        The end of its last slice.
    endings
        How each scan ended, by scanner and instant, ISO 8601.
    disabled
        The scanners that could not be set up, and why.
    """

    about: Mapping[str, Any]
    symbols: Sequence[str]
    bars: pl.DataFrame
    until: Instant
    endings: Mapping[tuple[str, str], str]
    disabled: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recorded session that was played as a backtest.

    Attributes
    ----------
    events
        The scans, and who joined and left.
    natures
        What each scanner's hits depend on.
    grace
        How long after its end a slice was closed at the latest, microseconds.
    coordinator
        As it is after the last slice.
    """

    session: Session
    events: Sequence[Event]
    natures: dict[str, ScannerTraits]
    grace: int
    coordinator: SessionCoordinator


def replay(recorded: Recorded) -> Replayed:
    """Play the same configuration over the same bars.

    Raises
    ------
    DataError
        If the store of its history is gone.
    ConfigErrors
        If what its configuration needs, a module or a universe, is gone.
    """
    about = recorded.about
    day = date.fromisoformat(about["session"])
    checked = check(parse_config(about["configuration"], about["file"]), "live", day, recorded_symbols(about))
    session = checked.calendar.session(day)
    store = BarStore(Path(about["store"]))
    managed = checked.scanners.managed(session, isolates=True)  # what crashed there must not crash this
    bars = RecordedDay(recorded.bars, Interval.parse(about["base"]), store, recorded.symbols)
    source = BacktestSource(bars, session, start=first_due(managed, session))
    collector = EventCollector()
    execution = LenientExecution(recorded.endings, recorded.disabled)
    ports = SessionPorts(
        StoreHistory(store, checked.calendar),
        source,
        EventPublisher(session, [collector, EventLog()]),
        execution=execution,
    )
    coordinator = build(checked, session, managed, ports)
    try:
        coordinator.prepare()
        candidates = {
            one.name: frozenset(coordinator.session_data.candidates(one.holder).symbols) for one in managed
        }
        for moment in coordinator.slices():
            coordinator.process(moment)
            if coordinator.now >= recorded.until:
                break
    finally:
        coordinator.scanner_manager.teardown_all()
    events = [one for one in collector.events if isinstance(one, ScanFinished | SymbolAdded | SymbolsRemoved)]
    grace = round(checked.config.live.grace_seconds * SECOND)
    return Replayed(session, events, natures_of(checked, candidates), grace, coordinator)


def natures_of(checked: CheckedConfig, candidates: Mapping[str, frozenset[str]]) -> dict[str, ScannerTraits]:
    """What the hits of each scanner depend on."""
    names = [one.name for one in checked.scanners.enabled]
    return {name: _nature(made, candidates.get(name)) for name, made in zip(names, checked.made, strict=True)}


def _nature(made: BaseScanner, candidates: frozenset[str] | None) -> ScannerTraits:
    """A screen, and what is built in, judges anew each time; of other scanners nothing is known."""
    if not type(made).__module__.startswith(_BUILT_IN):
        return ScannerTraits()
    is_cross_sectional = not isinstance(made, ScreenScanner) or made.is_cross_sectional
    return ScannerTraits(is_cross_sectional=is_cross_sectional, remembers=False, candidates=candidates)


class RecordedDay:
    """The bars of a recorded session, as a stored day.

    Parameters
    ----------
    frame
        ``symbol``, ``start`` and the fields, sorted by symbol and start.
    interval
        Of the bars.
    store
        Has the bars of symbols that a scan named and that never joined, if anybody has.
    known
        The symbols that did join; what is not recorded of them never came.
    """

    def __init__(
        self, frame: pl.DataFrame, interval: Interval, store: BarStore, known: Collection[str]
    ) -> None:
        self.root = store.root
        self._frame = frame
        self._interval = interval
        self._store = store
        self._known = frozenset(known)

    def intervals(self, session: date | None = None) -> tuple[Interval, ...]:  # noqa: ARG002 - there is one
        """The interval of its bars."""
        return (self._interval,)

    def first_start(self, interval: Interval, session: date) -> Instant | None:  # noqa: ARG002
        """When the earliest bar starts."""
        first: Instant | None = self._frame["start"].to_physical().min()  # type: ignore[assignment]
        return first

    def load(
        self,
        interval: Interval,
        sessions: Sequence[date],
        symbols: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """The bars of some symbols."""
        if symbols is None:
            return self._frame if columns is None else self._frame.select(columns)
        parts = [self._frame.filter(pl.col("symbol").is_in(list(symbols)))]
        parts += self._of_strangers(interval, sessions, symbols)
        frame = pl.concat(parts, how="vertical_relaxed").sort("symbol", "start")
        return frame if columns is None else frame.select(columns)

    def load_batches(
        self, interval: Interval, session: date, symbols: Sequence[str], columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """The bars of some symbols, all at once."""
        yield self.load(interval, [session], symbols, columns)

    def _of_strangers(
        self, interval: Interval, sessions: Sequence[date], symbols: Collection[str]
    ) -> Iterator[pl.DataFrame]:
        strangers = [symbol for symbol in symbols if symbol not in self._known]
        if strangers and all(interval in self._store.intervals(day) for day in sessions):
            stored = self._store.load(interval, sessions, strangers)
            yield stored.select(self._frame.columns).cast(self._frame.schema)
