"""Run the backtest of a recorded live session: its configuration over its own bars."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
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
from symscan.runtime.building.store_universe import KEPT, recorded_symbols
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.screen import ScreenScanner
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.backtest_source import BacktestSource
from symscan.sources.stored.history import StoreHistory
from symscan.sources.stored.universe import symbols_stored

_BUILT_IN = "symscan."


@dataclass(frozen=True, slots=True)
class Recorded:
    """The parts of a recorded session that a backtest of it needs.

    Attributes
    ----------
    about
        The facts of the record.
    symbols
        The symbols that joined.
    bars
        The final bars: ``symbol``, ``start`` and the fields, sorted by symbol and start.
    until
        The end of its last slice.
    is_day_complete
        Whether it came to the scans that wait for the complete day.
    endings
        How each scan ended, by scanner, instant (ISO 8601) and phase.
    disabled
        The scanners that could not be set up, and why.
    """

    about: Mapping[str, Any]
    symbols: Sequence[str]
    bars: pl.DataFrame
    until: Instant
    is_day_complete: bool
    endings: Mapping[tuple[str, str, str], str]
    disabled: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The backtest of a recorded session.

    Attributes
    ----------
    events
        Scans, and symbols that joined and left.
    traits
        What each scanner's hits depend on.
    grace
        How long after its end a slice was closed at the latest, microseconds.
    coordinator
        The coordinator after the last slice.
    """

    session: Session
    events: Sequence[Event]
    traits: dict[str, ScannerTraits]
    grace: int
    coordinator: SessionCoordinator


def replay(recorded: Recorded) -> Replayed:
    """Run the same configuration over the same bars.

    Raises
    ------
    DataError
        If the store of its history is gone.
    ConfigErrors
        If what its configuration needs, a module or a universe, is gone.
    """
    about = recorded.about
    day = date.fromisoformat(about["session"])
    stored = partial(symbols_stored, Path(about["store"]))
    config = parse_config(about["configuration"], about["file"])
    checked = check(config, "live", day, recorded_symbols(about), stored)
    session = checked.calendar.session(day)
    store = BarStore(Path(about["store"]))
    managed = checked.scanners.managed(session, isolates=True)
    bars = RecordedDay(recorded.bars, Interval.parse(about["base"]), store, recorded.symbols)
    start, completes_day = first_due(managed, session), recorded.is_day_complete
    source = BacktestSource(bars, session, start=start, completes_day=completes_day)
    collector = EventCollector()
    execution = LenientExecution(recorded.endings, recorded.disabled)
    ports = SessionPorts(
        StoreHistory(store, checked.calendar),
        source,
        EventPublisher(session, [collector, EventLog()]),
        execution=execution,
        kept=about.get(KEPT) or {},
    )
    coordinator = build(checked, session, managed, ports)
    try:
        coordinator.prepare()
        candidates = {
            one.name: frozenset(coordinator.session_data.candidates(one.holder).symbols) for one in managed
        }
        for update in coordinator.slices():
            coordinator.process(update)
            if coordinator.now >= recorded.until and not completes_day:
                break
    finally:
        coordinator.scanner_manager.teardown_all()
    events = [one for one in collector.events if isinstance(one, ScanFinished | SymbolAdded | SymbolsRemoved)]
    grace = round(checked.config.live.grace_seconds * SECOND)
    return Replayed(session, events, traits_of(checked, candidates), grace, coordinator)


def traits_of(checked: CheckedConfig, candidates: Mapping[str, frozenset[str]]) -> dict[str, ScannerTraits]:
    """Return what the hits of each scanner depend on."""
    names = [one.name for one in checked.scanners.enabled]
    return {name: _traits(made, candidates.get(name)) for name, made in zip(names, checked.made, strict=True)}


def _traits(made: BaseScanner, candidates: frozenset[str] | None) -> ScannerTraits:
    """Return the traits of a scanner: screens and built-in ones say what they keep; others may keep state."""
    if not type(made).__module__.startswith(_BUILT_IN):
        return ScannerTraits()
    is_cross_sectional = not isinstance(made, ScreenScanner) or made.is_cross_sectional
    return ScannerTraits(is_cross_sectional, made.is_stateful, candidates)


class RecordedDay:
    """The bars of a recorded session, read like a stored day.

    Parameters
    ----------
    frame
        ``symbol``, ``start`` and the fields, sorted by symbol and start.
    interval
        Of the bars.
    store
        The store with the bars of symbols that a scan named and that never joined.
    known
        The symbols that joined; bars of theirs that are not recorded never came.
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

    def path(self, interval: Interval, session: date) -> Path | None:  # noqa: ARG002
        """Return None: the bars are in no file of their own."""
        return None

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
        """Return the bars of some symbols."""
        if symbols is None:
            return self._frame if columns is None else self._frame.select(columns)
        parts = [self._frame.filter(pl.col("symbol").is_in(list(symbols)))]
        parts += self._outsider_bars(interval, sessions, symbols)
        frame = pl.concat(parts, how="vertical_relaxed").sort("symbol", "start")
        return frame if columns is None else frame.select(columns)

    def load_batches(
        self, interval: Interval, session: date, symbols: Sequence[str], columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """Yield the bars of some symbols, all at once."""
        yield self.load(interval, [session], symbols, columns)

    def _outsider_bars(
        self, interval: Interval, sessions: Sequence[date], symbols: Collection[str]
    ) -> Iterator[pl.DataFrame]:
        outsiders = [symbol for symbol in symbols if symbol not in self._known]
        if outsiders and all(interval in self._store.intervals(day) for day in sessions):
            stored = self._store.load(interval, sessions, outsiders)
            yield stored.select(self._frame.columns).cast(self._frame.schema)
