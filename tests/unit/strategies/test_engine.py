"""When strategies decide upon scans, and from when on their decisions are filled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from support.harness import MemorySession
from symscan.model.events.session import Event, Hits, Outcome, ScanFinished, ScanPhase
from symscan.model.events.trading import OrderFilled, SignalEmitted
from symscan.model.instant import MINUTE, SECOND
from symscan.model.trading import Signal
from symscan.session.requests import AdmitMembers
from symscan.strategies.base import BaseStrategy, Decisions, ScanReport, StrategyContext
from symscan.strategies.engine import AnalysisEngine
from symscan.strategies.paper.rules import PaperRules
from symscan.strategies.runner import StrategyRunner


class _Follower(BaseStrategy):
    """Buys whatever a scan returned, and notes what it knew then."""

    paper = PaperRules(volume_share=1.0)

    def __init__(self) -> None:
        super().__init__({})
        self.prices: list[float] = []

    def on_scan(self, context: StrategyContext, report: ScanReport) -> Decisions:
        self.prices += [context.session_data.get_latest_price(symbol) for symbol in report.symbols]
        return [Signal(symbol, "long", 1) for symbol in report.symbols]


class _Live:
    """A session three minutes old, in which A is a member; time goes on as a test says."""

    def __init__(self, minutes: int = 3, *, rests_on_daily_bars: bool = False) -> None:
        self.played = MemorySession()
        self.coordinator = self.played.coordinator
        self.coordinator.prepare()
        self._slices: Iterator = self.coordinator.slices()
        self.strategy = _Follower()
        runner = StrategyRunner("follower", self.strategy, self.played.data, self.played.time, "live")
        self.engine = AnalysisEngine(
            [runner], self.played.data, self.played.time, lambda _: rests_on_daily_bars
        )
        self.events: list[Event] = []
        self.open = self.coordinator.session.open
        while self.played.time.now < self.open + minutes * MINUTE:
            self.slice(with_engine=False)
        self.played.provisioning.apply_requests([AdmitMembers("scanner:other", ("A",))])
        self.events += self.engine.on_bars()

    def slice(self, *, with_engine: bool = True) -> None:
        """The next slice of the stream."""
        self.coordinator.step(next(self._slices))
        if with_engine:
            self.events += [*self.engine.on_bars(), *self.engine.on_slice()]

    def scan(
        self,
        late: float,
        phase: ScanPhase = ScanPhase.REGULAR,
        at: int | None = None,
        last_bar_end: float = 1.0,
    ) -> None:
        """A scan as of now was decided upon so many seconds later."""
        now = self.played.time.now if at is None else at
        decided = now + round(late * SECOND)
        hits = Hits(("A",), np.array([True]), last_bar_end=np.array([last_bar_end]))
        scan = ScanFinished(now, "other", phase, Outcome.OK, 1, 1, 0, hits, 0.0, decided_at=decided)
        self.engine.record_event(scan)
        self.played.time.update_market(max(decided, self.played.time.now))

    def fill(self) -> int:
        """Start of the bar of the only fill, minutes since the open."""
        (filled,) = (event for event in self.events if isinstance(event, OrderFilled))
        return (filled.bar_start - self.open) // MINUTE


@pytest.mark.parametrize(("late", "bar"), [(0, 3), (1.5, 3), (5, 3), (6, 4), (40, 4)])
def test_a_decision_between_two_slices_enters_the_bar_of_its_instant(late: float, bar: int) -> None:
    live = _Live()
    live.scan(late)
    assert live.engine.has_scans
    live.events += live.engine.on_scans()
    assert not live.engine.has_scans
    for _ in range(3):
        live.slice()
    assert live.fill() == bar


def test_it_knows_nothing_of_the_bar_it_is_filled_in() -> None:
    live = _Live()
    known = live.played.data.regular.grid.blocks[-1].close[live.played.data.symbols.row("A")]
    live.scan(2)
    live.events += live.engine.on_scans()
    assert live.strategy.prices == [known]


def test_a_scan_that_waits_for_the_next_slice_is_filled_after_it() -> None:
    live = _Live()
    live.scan(2)
    live.slice()
    (signal,) = (event for event in live.events if isinstance(event, SignalEmitted))
    assert signal.at == live.open + 4 * MINUTE
    live.slice()
    assert live.fill() == 4


@pytest.mark.parametrize(
    ("late", "last_bar_end", "daily", "bar"),
    [(0, 1.0, False, 1), (0, np.nan, False, 0), (0, 1.0, True, 0), (20, 1.0, True, 1), (-120, 1.0, False, 0)],
)
def test_a_scan_before_the_open_is_filled_in_the_auction_if_it_came_in_time(
    late: float, last_bar_end: float, daily: bool, bar: int
) -> None:
    live = _Live(0, rests_on_daily_bars=daily)
    live.scan(max(late, 0), ScanPhase.PRE_SESSION, live.open + round(min(late, 0) * SECOND), last_bar_end)
    live.events += live.engine.on_slice()
    for _ in range(3):
        live.slice()
    assert live.fill() == bar
