"""The analysis engine: records events, and calls the strategies once a slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symscan.clock.time_manager import TimeManager
from symscan.model.events.session import (
    Event,
    Outcome,
    ScanFinished,
    ScanPhase,
    SymbolAdded,
    SymbolsRemoved,
)
from symscan.model.fills import fillable_from
from symscan.model.instant import MINUTE, Instant
from symscan.session.requests import Request
from symscan.session.session_data import SessionData
from symscan.strategies.base import ScanReport
from symscan.strategies.paper.lots import TradableBars
from symscan.strategies.runner import StrategyRunner, TimedReport


class AnalysisEngine:
    """Runs the strategies of one session, each for itself, and reports what they did as events.

    Strategies take part from the open on; earlier events are reported to them then.

    Parameters
    ----------
    strategies
        In the order of the configuration.
    session_data, time_manager
        The session's state and clock.
    rests_on_daily_bars
        Whether the scanner of a name reads bars of completed sessions alone: what it finds before the open is
        known in time for its auction.
    """

    def __init__(
        self,
        strategies: Sequence[StrategyRunner],
        session_data: SessionData,
        time_manager: TimeManager,
        rests_on_daily_bars: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._strategies = tuple(strategies)
        self._data = session_data
        self._time = time_manager
        self._rests_on_daily_bars = rests_on_daily_bars
        self._is_started = False
        self._members: dict[str, None] = {}
        self._changed: list[str] = []
        self._scans: list[ScanFinished] = []

    def record_event(self, event: Event) -> None:
        """Record an event until it is reported to the strategies."""
        match event:
            case SymbolAdded():
                self._changed.append(event.symbol)
            case SymbolsRemoved():
                self._changed += event.symbols
            case ScanFinished(outcome=Outcome.OK):
                self._scans.append(event)

    def on_bars(self) -> list[Event]:
        """Fill signals on paper with the bars that ended now, and report changes of membership."""
        if not self._data.is_active:
            return []
        events = [] if self._is_started else self._start()
        bars = self._bars()
        if bars is not None:
            events += [event for one in self._strategies for event in one.on_bars(bars)]
        return events + self._notify_members()

    @property
    def has_scans(self) -> bool:
        """Whether there are scans the strategies have not decided upon."""
        return self._is_started and bool(self._scans)

    def on_members(self) -> list[Event]:
        """Report changes of membership between two slices."""
        return self._notify_members() if self._is_started else []

    def on_scans(self) -> list[Event]:
        """Let the strategies decide upon scans between two slices: what they read is as of the last one."""
        if not self._is_started:
            return []
        reports = self._reports()
        return [event for one in self._strategies for event in one.decide_on_scans(reports)]

    def on_slice(self) -> list[Event]:
        """Let the strategies decide upon the scans since the last slice, and upon the slice."""
        if not self._is_started:
            return []
        reports = self._reports()
        return [event for one in self._strategies for event in one.decide(reports)]

    def end(self) -> list[Event]:
        """End the strategies: the session is over, or broke off."""
        if not self._is_started:
            return []
        self._is_started = False
        return [event for one in self._strategies for event in one.end()]

    def requests(self) -> list[Request]:
        """Return and clear the strategies' requests."""
        return [request for one in self._strategies for request in one.requests()]

    def _start(self) -> list[Event]:
        self._is_started = True
        return [event for one in self._strategies for event in one.start()]

    def _notify_members(self) -> list[Event]:
        if not self._changed:
            return []
        changed, self._changed = dict.fromkeys(self._changed), []
        removed = [symbol for symbol in changed if symbol in self._members]
        added = [symbol for symbol in changed if self._data.holders.is_member(symbol)]
        for symbol in removed:
            del self._members[symbol]
        self._members.update(dict.fromkeys(added))
        if not removed and not added:
            return []
        return [event for one in self._strategies for event in one.notify_members(added, removed)]

    def _bars(self) -> TradableBars | None:
        """Return the regular bars that ended now, None if there are none."""
        session, blocks = self._data.session, self._data.regular.grid.blocks
        if not blocks or blocks[-1].end != self._time.now:
            return None
        end, step = blocks[-1].end, self._data.base.minutes * MINUTE
        start = end - ((end - session.open - 1) % step + 1)
        return TradableBars(start, end, end >= session.close, blocks[-1], self._data.symbols)

    def _reports(self) -> list[TimedReport]:
        scans, self._scans = self._scans, []
        return [TimedReport(self._report(scan), self._fillable_from(scan)) for scan in scans]

    def _fillable_from(self, scan: ScanFinished) -> Instant | None:
        """From when on decisions upon a scan before the session can be filled; None for other scans."""
        if scan.phase is not ScanPhase.PRE_SESSION:
            return None
        return fillable_from(
            scan.at,
            scan.decided_at,
            self._data.session.open,
            rests_on_daily_bars=not scan.hits.have_bars_today or self._rests_on_daily_bars(scan.scanner),
            interval=self._data.base.minutes * MINUTE,
        )

    def _report(self, scan: ScanFinished) -> ScanReport:
        """Make a strategy's copy of a scan, without any object of the event."""
        holders, hits = self._data.holders, scan.hits
        new_symbols = [symbol for symbol, new in zip(hits.symbols, hits.new.tolist(), strict=True) if new]
        symbols = tuple(symbol for symbol in hits.symbols if holders.is_member(symbol))
        new = tuple(symbol for symbol in new_symbols if holders.is_member(symbol))
        return ScanReport(scan.scanner, scan.at, symbols, new, hits.metadata)
