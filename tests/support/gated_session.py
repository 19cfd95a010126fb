"""A live session that symbols join while their data is loaded beside it, step by step as a test says.

The loading runs on its own thread, as it does in earnest, but goes on only when the script lets it:
each load waits before it begins, before it asks the feed, and before it ends. So what happens in
between is what the test wrote down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from support.builders import Day, Recorder, make_session, weekdays_before
from support.feeds import ScriptedFeed
from support.harness import SessionHarness, SessionSetup, UnknownOutsiders
from support.markets import MemoryMarket
from support.waiting import LIMIT
from symscan.errors import FeedError
from symscan.indicators.registry import definition, spec_of
from symscan.model.bar import BarSlice
from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE
from symscan.model.live_settings import LiveSettings
from symscan.model.readings import SESSION_READINGS
from symscan.runtime.building.build import SessionPorts
from symscan.runtime.provisioning.loading import BackgroundLoader, DataPlan, LoadResult
from symscan.runtime.provisioning.prefetch import PrefetchedHistory
from symscan.runtime.provisioning.provisioner import MemberNeeds
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.session.holders import MEMBERS
from symscan.sources.ports import BarBatch, Connected, DailyHistory, Delivery, Disconnected
from symscan.sources.streaming.source import StreamSource
from symscan.strategies.base import BaseStrategy

SESSION = make_session(minutes=24, premarket=3)
OPEN = SESSION.open
LONG = LIMIT

KEYS = ("sma_3_1m", "vwap_1m", "rsi_3_1m", "ema_2_5m", "atr_2_5m", "sma_5_1d", "opening_range_5_1m")
SPECS = tuple(map(spec_of, KEYS))
NEEDS = MemberNeeds((ONE_MINUTE, FIVE_MINUTES), 2, SPECS)

Script = Sequence[tuple[Instant, Delivery | Callable[[], None]]]


def at(seconds: float) -> Instant:
    """So many seconds after the open."""
    return OPEN + round(seconds * SECOND)


def earlier(*symbols: str) -> dict[Any, dict[str, Day]]:
    """Sessions before, the same for every symbol."""
    days = weekdays_before(SESSION, 40)
    bars = [{minute: 50.0 + age + minute % 7 for minute in range(0, 24, 1 + age % 3)} for age in range(40)]
    return {day.date: dict.fromkeys(symbols, bar) for day, bar in zip(days, bars, strict=True)}


class Gate:
    """Where loads wait until they are let go on."""

    def __init__(self) -> None:
        self.is_open = False
        self._changed = threading.Condition()
        self._waiting = self._permits = self._polls = 0
        self._begun = self._ended = 0

    def enter(self) -> None:
        """Wait to be let on; the session's own thread never waits."""
        if self.runs_concurrently:
            with self._changed:
                self._waiting += 1
                self._changed.notify_all()
                assert self._changed.wait_for(lambda: self.is_open or self._permits > 0, LONG)
                self._waiting -= 1
                self._permits = max(0, self._permits - 1)

    @property
    def runs_concurrently(self) -> bool:
        return threading.current_thread() is not threading.main_thread()

    def polled(self) -> None:
        """The clock was looked at."""
        if self.runs_concurrently:
            with self._changed:
                self._polls += 1
                self._changed.notify_all()

    def begin(self) -> None:
        self._begun += 1

    def end(self) -> None:
        with self._changed:
            self._ended += 1
            self._changed.notify_all()

    def step(self) -> None:
        """Let the load that waits go on, and wait until one waits again, for this gate or for the clock."""
        with self._changed:
            self._rest()
            if self._waiting:
                self._permits += 1
                self._changed.notify_all()
                self._rest()

    def _rest(self) -> None:
        polls = self._polls
        assert self._changed.wait_for(
            lambda: (
                self._ended == self._begun
                or (self._waiting > 0 and self._permits == 0)
                or self._polls > polls + 6  # it looks at the clock again and again
            ),
            LONG,
        )


class GatedFeed(ScriptedFeed):
    """A feed that can be lost, and of which loads ask when they are let to."""

    def __init__(self, gate: Gate, script: Script, day: Mapping[str, Day], **more: Any) -> None:
        super().__init__(SESSION, script, day, waits_for_session=False, **more)
        self.gate = gate
        self.is_lost = False

    def now(self) -> Instant:
        self.gate.polled()
        return super().now()

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        self.gate.enter()
        if self.is_lost:
            raise FeedError("no line")
        return super().bars(symbols, after, until)

    def receive(self, until: Instant) -> Delivery | None:
        delivery = super().receive(until)
        if isinstance(delivery, Connected | Disconnected):
            self.is_lost = isinstance(delivery, Disconnected)
        return delivery


class Market(MemoryMarket):
    """The sessions before."""

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(SESSION, {}, earlier(*symbols))
        self.on_main: list[str] = []
        self.failing: dict[str, str] = {}

    def daily(self, symbols: Sequence[str], session: Any) -> DailyHistory:
        for symbol in symbols:
            if symbol in self.failing:
                raise FeedError(self.failing[symbol])
        if threading.current_thread() is threading.main_thread():
            self.on_main += symbols
        return super().daily(symbols, session)


class GatedLoading:
    """Loads in the background; knows how many loads there are."""

    def __init__(self, prefetched: PrefetchedHistory, feed: GatedFeed, gate: Gate) -> None:
        self._prefetched = prefetched
        self._feed = feed
        self._gate = gate
        self._loading = BackgroundLoader(self._load, self._wake, waiting_seconds=0.0)
        self.plans: list[DataPlan] = []

    def submit(self, plan: Callable[[], DataPlan]) -> None:
        made = plan()
        self.plans.append(made)
        if not made.is_empty:
            self._gate.begin()
        self._loading.submit(lambda: made)

    def collect(self, *, waits: bool = False) -> list[LoadResult]:
        return self._loading.collect(waits=waits)

    def _load(self, plan: DataPlan) -> Callable[[], AbstractContextManager[object]]:
        self._gate.enter()
        loaded = self._prefetched.prefetch(plan)
        self._gate.enter()
        return loaded

    def _wake(self) -> None:
        self._feed.wake()
        self._gate.end()


class GatedSession(SessionHarness):
    """A live session over a script.

    Parameters
    ----------
    script
        What the feed does, and what else happens; see :class:`support.feeds.ScriptedFeed`.
    day
        What can be fetched; a script may change it.
    symbols
        All there are; those of ``config`` are members from the start.
    strategies
        By their names.
    settings
        How the live source works.
    """

    def __init__(
        self,
        script: Script,
        day: Mapping[str, Day],
        symbols: Sequence[str] = ("T", "J"),
        config: tuple[str, ...] = ("T",),
        scanners: Sequence[ManagedScanner] = (),
        strategies: Mapping[str, BaseStrategy] | None = None,
        needs_by_holder: Mapping[str, MemberNeeds | None] | None = None,
        start: Instant | None = None,
        has_readiness: bool = False,
        **settings: Any,
    ) -> None:
        self.gate = Gate()
        self.feed = GatedFeed(self.gate, script, day, start=start)
        self.market = Market(symbols)
        chosen = LiveSettings(**settings)
        self.source = StreamSource(self.feed, SESSION, chosen)
        self.told = Recorder()
        setup = SessionSetup(SESSION, "live", config, NEEDS, needs_by_holder or {}, strategies or {})
        history = PrefetchedHistory(self.market, self.source, setup.calendar, SESSION)  # type: ignore[arg-type]
        self.loading = GatedLoading(history, self.feed, self.gate)
        super().__init__(
            setup,
            scanners,
            SessionPorts(
                history,
                self.source,
                EventPublisher(SESSION, (self.told,)),
                self.loading,
                keep=lambda load: load(),
                keeps_checkpoints=True,
                lookup=UnknownOutsiders(self.market),
                connection=self.source if has_readiness else None,
                settings=chosen,
            ),
        )
        self.orders = self.coordinator.queue
        self.slices: list[BarSlice] = []
        self.given_at: list[Instant] = []

    def play(self, after: Callable[[], None] = lambda: None) -> GatedSession:
        """The whole session; ``after`` is called after each moment."""
        for _ in self.moments():
            after()
        return self

    def moments(self) -> Iterator[None]:
        """Carry out one moment after the other; whatever still loads at the end is let go."""
        coordinator = self.coordinator
        try:
            coordinator.prepare()
            for moment in coordinator.slices():
                if isinstance(moment, BarSlice):
                    self.slices.append(moment)
                    self.given_at.append(self.feed.clock)
                coordinator.process(moment)
                yield
        finally:
            self.source.stop()
            self.gate.is_open = True
            self.gate.step()

    def is_member(self, symbol: str) -> bool:
        return self.data.holders.is_member(symbol)

    def seen(self, symbol: str, *, is_member: bool = True) -> dict[str, Any]:
        """Everything that can be read of a symbol; of a candidate, its readings and bars."""
        data, row = self.data, self.data.symbols.row(symbol)
        assert row is not None
        found: dict[str, Any] = {name: data.readings.column(name)[row].item() for name in SESSION_READINGS}
        grids = {"premarket": data.premarket.grid, "1m": data.regular.grid}
        grids |= {str(interval): grid for interval, grid in data.derived.items()}
        for key, grid in grids.items():
            for block in grid.blocks:
                found[f"{key} at {block.end}"] = (*block.fields[:, row].tolist(), block.present.item(row))
        found["mismatched"] = data.mismatched.item(row)
        if is_member:
            for spec in SPECS:
                for output in definition(spec.name).outputs:
                    found[f"{spec.key}.{output}"] = data.indicator(spec, output)[row].item()
            for interval in (ONE_MINUTE, FIVE_MINUTES, ONE_DAY):
                found[f"earlier {interval}"] = data.history.recent(MEMBERS, symbol, interval, 999)
        return found

    def differences(self, one: str, other: str, *, is_member: bool = True) -> list[tuple[str, Any, Any]]:
        """What is read of two symbols that is not the same, to the bit."""
        mine, theirs = (self.seen(symbol, is_member=is_member) for symbol in (one, other))
        return [(key, mine[key], theirs[key]) for key in mine if not _same(mine[key], theirs[key])]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple | float):
        return np.array_equal(np.array(one, float), np.array(other, float), equal_nan=True)
    return bool(one == other)


def minutes(*numbers: int) -> tuple[Instant, ...]:
    """Instants by their minute after the open."""
    return tuple(OPEN + number * MINUTE for number in numbers)
