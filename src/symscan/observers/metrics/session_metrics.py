"""Count and measure a live session: its events, and how long its steps take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symscan.clock.wall_clock import Stopwatch
from symscan.model.bar import BarSlice, LateKind, SourceUpdate
from symscan.model.events.feed import (
    BarsCorrected,
    FeedConnected,
    FeedLost,
    FeedRecovered,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import (
    Event,
    ScanFinished,
    ScannerReady,
    SessionActivated,
    SessionClosed,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.model.instant import SECOND, Instant
from symscan.model.session import Session
from symscan.observers.console.conditions import Conditions
from symscan.observers.metrics.definitions import STATES, SessionMetricsSet

_ON_TIME = "on_time"
_RECOVERED = LateKind.RECOVERED.value


class SessionMetrics:
    """Keeps the metrics of one session; it is given every event, and each step.

    Parameters
    ----------
    metrics
        The metrics, which another thread may read meanwhile.
    stopwatch
        Measures steps.
    """

    def __init__(self, metrics: SessionMetricsSet, stopwatch: Callable[[], Stopwatch] = Stopwatch) -> None:
        self._metrics, self._stopwatch = metrics, stopwatch
        self._step = stopwatch()
        self._is_active = self._was_connected = False
        self._members: set[str] = set()
        self._locks: dict[str, set[tuple[str, str]]] = {}
        self._conditions = Conditions(self._count_condition, lambda _line, _record: None)
        self._set_state("waiting")

    # -- events ------------------------------------------------------------------------------

    def observe(self, session: Session, event: Event) -> None:
        """Count an event."""
        self._conditions.observe(session, event)
        match event:
            case ScanFinished():
                self._count_scan(event)
            case ScannerReady():
                self._metrics.universe.labels(event.scanner).set(event.universe)
            case BarsCorrected():
                self._metrics.bars.labels(event.kind.value).inc(len(event.symbols))
            case SymbolAdded() | SymbolsRemoved() | SymbolLocked() | SymbolUnlocked():
                self._count_members(event)
            case SessionActivated():
                self._is_active = True
                self._set_state("open")
            case SessionClosed():
                self._set_state("closed")
            case _:
                self._count_feed(event)

    def _count_scan(self, scan: ScanFinished) -> None:
        metrics, name, hits = self._metrics, scan.scanner, scan.hits
        metrics.scans.labels(name, scan.outcome.value).inc()
        metrics.scan_duration.labels(name).observe(scan.execution_time_ms / 1000.0)
        metrics.scan_delay.labels(name).observe((scan.decided_at - scan.at) / SECOND)
        if not scan.outcome.is_ok:
            return
        metrics.hits.labels(name).inc(len(hits.symbols))
        metrics.first_hits.labels(name).inc(int(hits.new.sum()))
        metrics.present.labels(name).set(len(hits.symbols))
        metrics.universe.labels(name).set(scan.universe)
        metrics.unknown.labels(name).set(scan.unknown)

    def _count_members(self, event: Event) -> None:
        match event:
            case SymbolAdded():
                self._members.add(event.symbol)
            case SymbolsRemoved():
                self._members.difference_update(event.symbols)
                for symbol in event.symbols:
                    self._locks.pop(symbol, None)
            case SymbolLocked():
                self._locks.setdefault(event.symbol, set()).add((event.holder, event.reason))
            case SymbolUnlocked():
                self._unlock(event)
        self._metrics.members.set(len(self._members))
        self._metrics.locked.set(len(self._locks))

    def _unlock(self, event: SymbolUnlocked) -> None:
        locks = self._locks.get(event.symbol, set())
        locks -= {lock for lock in locks if lock[0] == event.holder and event.reason in (None, lock[1])}
        if not locks:
            self._locks.pop(event.symbol, None)

    def _count_feed(self, event: Event) -> None:
        metrics = self._metrics
        match event:
            case FeedConnected():
                metrics.feed_connected.set(1)
                if self._was_connected:
                    metrics.reconnects.inc()
                self._was_connected = True
            case FeedLost():
                metrics.feed_connected.set(0)
            case FeedRecovered() if self._is_active:
                self._set_state("open")
            case SubscriptionLimited():
                metrics.left_out.set(len(event.left_out))
            case Readiness(clock_offset_ms=float(offset)):
                metrics.clock_offset.set(offset / 1000.0)

    def _count_condition(self, _line: str, record: dict[str, Any]) -> None:
        kind = record.get("condition")
        if kind is not None:
            self._metrics.conditions.labels(kind).inc()

    # -- steps -------------------------------------------------------------------------------

    def begin_step(self, update: SourceUpdate) -> None:
        """Count the bars of an update that is about to be processed."""
        self._step = self._stopwatch()
        if isinstance(update, BarSlice):
            self._count_slice(update)

    def end_step(self) -> None:
        """Measure the step that began last."""
        self._metrics.step_duration.observe(self._step.elapsed_seconds)

    def commit_finished(self, seconds: float) -> None:
        """Measure how long storing a step took."""
        self._metrics.commit.observe(seconds)

    def subscription_changed(self, symbols: int) -> None:
        """Set how many symbols are subscribed."""
        self._metrics.subscribed.set(symbols)

    def _count_slice(self, update: BarSlice) -> None:
        metrics, end = self._metrics, update.end
        metrics.last_slice.set(end / SECOND)
        count = 0 if update.bars is None else int(update.bars.present.sum())
        if count:
            metrics.bars.labels(_RECOVERED if update.is_recovered else _ON_TIME).inc(count)
            metrics.last_bar.set(end / SECOND)
        if update.is_recovered:
            self._set_state("catching_up")
            return
        metrics.lag.set(update.lag / SECOND)
        metrics.close_delay.observe(_delay(update.at, end))
        self._set_state("open" if self._is_active else "waiting")

    def _set_state(self, state: str) -> None:
        for one in STATES:
            self._metrics.state.labels(one).set(one == state)


def _delay(at: Instant | None, end: Instant) -> float:
    return 0.0 if at is None else (at - end) / SECOND
