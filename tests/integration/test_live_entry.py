"""A symbol that joins a live session while its data loads is, from then on, one that was always there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.builders import Day, FunctionScanner, Price
from support.feeds import arrivals
from support.gated_session import OPEN, SESSION, GatedSession, Script, at, minutes
from symscan.model.events.feed import (
    BarsCorrected,
    FeedConnected,
    FeedLost,
    FeedRecovered,
    FeedSilent,
    LagBegan,
    LagEnded,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import Outcome, RequestRefused, ScanFinished, SymbolAdded, SymbolsRemoved
from symscan.model.instant import MINUTE, SECOND
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.sources.ports import Connected, Disconnected
from symscan.strategies.base import BaseStrategy, StrategyContext

ROUTES = ("hit", "add_symbol", "strategy", "adhoc", "candidate")
LAST = 22
"""After so many minutes nothing is held up any more."""


def price(minute: int, edition: int = 0) -> Price:
    low = 20.0 + minute % 5 - edition / 4
    return (low + 1, low + 3, low, low + 2 - minute % 2, 10.0 + minute % 4 + edition)


@dataclass
class Story:
    """What happens to a day's bars on their way.

    Attributes
    ----------
    delays
        Seconds after its end that a minute's bar comes; None where there is none.
    corrected
        Seconds after its end that a minute's bar is corrected.
    lost
        From when to when there is no line, in seconds after the open.
    """

    delays: dict[int, float | None] = field(default_factory=dict)
    corrected: dict[int, float] = field(default_factory=dict)
    lost: list[tuple[float, float]] = field(default_factory=list)
    day: dict[str, Day] = field(default_factory=dict)

    def script(self, symbols: tuple[str, ...]) -> list[Any]:
        """The same bars for all symbols; they can be fetched from when they would have come."""
        bars: dict[str, dict[int, Price]] = {symbol: {} for symbol in symbols}
        self.day = dict(bars)
        script: list[Any] = []
        for minute in range(-3, 24):
            delay = self.delays.get(minute, 0.1)
            if delay is None:
                continue
            end = (minute + 1) * 60.0
            script += self._told(bars, symbols, minute, price(minute), end + delay, False)
            if minute in self.corrected:
                when = end + delay + self.corrected[minute]
                script += self._told(bars, symbols, minute, price(minute, 1), when, True)
        for begin, end in self.lost:
            script += [(at(begin), Disconnected("cut")), (at(end), Connected())]
        return script

    def _told(
        self,
        bars: dict[str, dict[int, Price]],
        symbols: tuple[str, ...],
        minute: int,
        what: Price,
        when: float,
        is_correction: bool,
    ) -> list[Any]:
        def known() -> None:
            for symbol in symbols:
                bars[symbol][minute] = what

        told = arrivals(
            *((one, OPEN + (minute + 1) * MINUTE, what) for one in symbols), corrected=is_correction
        )
        is_lost = any(begin <= when < end for begin, end in self.lost)
        return [(at(when), known), *([] if is_lost else [(at(when), told)])]


class Asking(BaseStrategy):
    """Asks for a symbol at some minutes."""

    def __init__(self, symbol: str, minutes: tuple[int, ...]) -> None:
        super().__init__({})
        self._symbol, self._minutes = symbol, minutes

    def on_slice(self, context: StrategyContext) -> None:
        if (context.time_manager.now - OPEN) // MINUTE in self._minutes:
            context.session_data.add_symbol(self._symbol)


def asking(symbol: str, route: str, minute: int, number: int = 0) -> ManagedScanner:
    """A scanner that wants a symbol, or wants it no more."""

    def on_scan(context: ScanContext) -> ScanResult:
        view = context.session_data
        if (context.time_manager.now - OPEN) // MINUTE == 24:
            return ScanResult([])
        if route == "add_symbol":
            view.add_symbol(symbol)
        if route == "remove_symbol":
            view.remove_symbol(symbol)
        if route == "candidate":
            view.add_session_bars(symbol, "1m")
            view.add_indicator(symbol, "sma_3_1m")
        return ScanResult([symbol] if route == "hit" else [])

    due = DueTimes((), minutes(minute, 24))
    return ManagedScanner(f"wants {symbol} {number}", FunctionScanner(["T"], on_scan), due)


class PendingBars:
    """A session that J joins on some way, and T, its twin, was in from the start."""

    def __init__(self, story: Story, route: str, minute: int, steps: list[float], more: Script = ()) -> None:
        self.route, self.minute = route, minute
        scanners = [asking("J", route, minute)] if route in ("hit", "add_symbol", "candidate") else []
        strategies = {"wants": Asking("J", (minute,))} if route == "strategy" else None
        script = [*story.script(("T", "J")), *more]
        self.session = GatedSession(script, story.day, scanners=scanners, strategies=strategies)
        tail = range(60 * (LAST - 6), 60 * LAST, 5)
        step = self.session.gate.step
        self.session.feed.script += [(at(second + 0.5), step) for second in [*steps, *tail]]
        self.session.feed.script.sort(key=lambda one: one[0])
        self.joined_at: int | None = None

    @property
    def is_here(self) -> bool:
        session = self.session
        return "J" in session.data.symbols if self.route == "candidate" else session.is_member("J")

    def play(self) -> PendingBars:
        self.session.play(self._look)
        return self

    def _look(self) -> None:
        session = self.session
        is_time = session.coordinator.now == OPEN + self.minute * MINUTE
        if self.route == "adhoc" and is_time and not self.is_here and not session.orders.is_pending("J"):
            assert session.coordinator.add_symbol_mid_session("J")
            assert session.is_member("J") or session.orders.is_pending("J")
        if self.is_here and self.joined_at is None:
            self.joined_at = session.feed.clock
        if self.is_here and is_whole(session):
            found = session.differences("J", "T", is_member=self.route != "candidate")
            assert found == [], (session.feed.clock - OPEN) / SECOND


def is_whole(session: GatedSession) -> bool:
    """Whether nothing is missing of what was lost with the line."""
    kinds = FeedConnected | FeedLost | FeedRecovered
    told = [event for event in session.told.events if isinstance(event, kinds)]
    return len(told) == 1 or isinstance(told[-1], FeedRecovered)


def check(joining: PendingBars) -> None:
    """Every minute was given in time, and the symbol came once."""
    session = joining.session
    assert [one.end for one in session.slices] == list(
        range(SESSION.pre_open + MINUTE, SESSION.close + 1, MINUTE)
    )
    assert [one.lag for one in session.slices if not one.is_recovered] == [0] * sum(
        not one.is_recovered for one in session.slices
    )
    assert joining.joined_at is not None
    assert "J" not in session.market.on_main  # nothing was loaded on the stream's time
    if joining.route != "candidate":
        (added,) = [event for event in session.told.of(SymbolAdded) if event.symbol == "J"]
        assert added.at >= OPEN + joining.minute * MINUTE


@pytest.mark.parametrize("route", ROUTES)
def test_whatever_brings_it_in(route: str) -> None:
    story = Story(delays={4: 40.0, 6: None, 9: 75.0}, corrected={3: 70.0, 8: 20.0})
    joining = PendingBars(story, route, 4, [270, 400, 560]).play()
    check(joining)
    assert joining.joined_at == at(560.5)  # the load begins, asks, and ends
    kinds = {event.kind for event in joining.session.told.of(BarsCorrected) if "J" in event.symbols}
    assert kinds == {"late"}


def test_while_the_feed_is_lost_and_comes_back() -> None:
    story = Story(lost=[(330.0, 450.0)], corrected={5: 20.0})
    joining = PendingBars(story, "hit", 4, [270, 300, 400, 470]).play()
    check(joining)


delays = st.sampled_from([0.05, 0.1, 0.1, 0.1, 1.5, 4.0, 40.0, 61.0, 75.0, None])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    begins = sorted(draw(st.lists(st.integers(-60, 800), max_size=2)))
    lost = [(begin + 0.3, begin + 0.3 + draw(st.integers(1, 150))) for begin in begins]
    if len(lost) == 2 and lost[1][0] <= lost[0][1]:
        lost = lost[:1]
    return Story(
        draw(st.dictionaries(st.integers(-3, 20), delays, max_size=12)),
        draw(st.dictionaries(st.integers(-2, 20), st.sampled_from([5.0, 20.0, 70.0]), max_size=5)),
        lost,
    )


@pytest.mark.slow
@given(
    story=stories(),
    route=st.sampled_from(ROUTES),
    minute=st.integers(1, 14),
    steps=st.lists(st.integers(60, 1000).map(lambda second: 7.0 * (second // 7)), max_size=6, unique=True),
)
@settings(max_examples=40, deadline=None)
def test_whatever_happens_while_it_loads(story: Story, route: str, minute: int, steps: list[float]) -> None:
    check(PendingBars(story, route, minute, steps).play())


NAMES = ("T", "J", "K", "L")


@pytest.mark.slow
@given(
    story=stories(),
    asks=st.lists(
        st.tuples(
            st.sampled_from(NAMES[1:]),
            st.sampled_from(["hit", "add_symbol", "candidate", "remove_symbol"]),
            st.integers(1, 20),
        ),
        min_size=2,
        max_size=12,
    ),
    steps=st.lists(st.integers(60, 1300).map(lambda second: 7.0 * (second // 7)), max_size=20, unique=True),
)
@settings(max_examples=40, deadline=None)
def test_whoever_comes_and_goes(story: Story, asks: list[tuple[str, str, int]], steps: list[float]) -> None:
    """Several at once, some of them twice, and some let go again."""
    scanners = [asking(symbol, route, minute, number) for number, (symbol, route, minute) in enumerate(asks)]
    session = GatedSession(story.script(NAMES), story.day, NAMES, scanners=scanners)
    session.feed.script += [(at(second + 0.5), session.gate.step) for second in steps]
    session.feed.script += [(at(second + 0.5), session.gate.step) for second in range(60 * LAST, 60 * 24, 2)]
    session.feed.script.sort(key=lambda one: one[0])

    def look() -> None:
        for symbol in NAMES[1:]:
            if symbol in session.data.symbols and is_whole(session):
                is_member = session.is_member(symbol)
                assert session.differences(symbol, "T", is_member=is_member) == [], symbol

    session.play(look)
    assert len(session.slices) == 27
    assert not any(one.lag for one in session.slices if not one.is_recovered)
    here = {symbol for symbol in NAMES if symbol in session.data.symbols}
    assert session.feed.subscribed >= here
    assert session.told.of(RequestRefused) == []


# -- what else may happen while a symbol loads -------------------------------------------------


def loading(*scanners: ManagedScanner, steps: tuple[float, ...] = (), **more: Any) -> GatedSession:
    """A clean day whose loads go on at these seconds after the open."""
    story = Story()
    script = story.script(more.get("symbols", ("T", "J")))
    entered = GatedSession(script, story.day, scanners=scanners, **more)
    entered.feed.script += [(at(second), entered.gate.step) for second in steps]
    entered.feed.script.sort(key=lambda one: one[0])
    return entered


def requests(
    name: str, asks: dict[int, Callable[[Any], Any]], universe: tuple[str, ...] = ("T",)
) -> ManagedScanner:
    """A scanner that asks its view for something at some minutes."""

    def on_scan(context: ScanContext) -> ScanResult:
        found = asks[(context.time_manager.now - OPEN) // MINUTE](context.session_data)
        return ScanResult(found if isinstance(found, list) else [])

    due = DueTimes((), minutes(*asks))
    return ManagedScanner(name, FunctionScanner(universe, on_scan), due)


def find(*symbols: str) -> Callable[[Any], Any]:
    return lambda _: list(symbols)


def test_the_stream_goes_on_while_a_load_hangs_for_ever() -> None:
    session = loading(requests("one", {3: find("J"), 23: find()})).play()
    assert len(session.slices) == 27
    assert not any(one.lag for one in session.slices)
    assert not session.is_member("J")
    assert {scan.outcome for scan in session.told.of(ScanFinished)} == {Outcome.OK}
    assert session.coordinator.now == SESSION.close


def test_found_again_while_it_loads_it_is_loaded_once() -> None:
    again = {minute: find("J") for minute in range(3, 12)}
    session = loading(
        requests("one", again), requests("two", again), steps=(500.5, 510.5, 520.5, 530.5)
    ).play()
    assert [plan.new for plan in session.loading.plans if plan.new] == [("J",)]
    assert [event.holder for event in session.told.of(SymbolAdded) if event.symbol == "J"] == ["scanner:one"]
    assert session.differences("J", "T") == []


def test_asked_for_again_while_it_loads_it_comes_once() -> None:
    again = {minute: lambda view: view.add_symbol("J") for minute in (3, 4, 5)}
    steps = tuple(400.5 + 10 * step for step in range(12))
    session = loading(requests("one", {**again, 23: find()}), steps=steps).play()
    assert [event.symbol for event in session.told.of(SymbolAdded)] == ["T", "J"]
    assert session.differences("J", "T") == []


def test_removed_while_it_loads_and_found_again_it_is_there_in_the_end() -> None:
    asks = {3: find("J"), 4: lambda view: view.remove_symbol("J"), 5: find("J"), 23: find()}
    steps = tuple(400.5 + 10 * step for step in range(12))
    session = loading(requests("one", asks), steps=steps).play()
    events = [event for event in session.told.events if isinstance(event, SymbolAdded | SymbolsRemoved)]
    assert [type(event) for event in events] == [SymbolAdded, SymbolAdded, SymbolsRemoved, SymbolAdded]
    assert session.differences("J", "T") == []


def test_removed_while_it_loads_it_goes_as_soon_as_it_comes() -> None:
    asks = {3: find("J"), 4: lambda view: view.remove_symbol("J"), 23: find()}
    session = loading(requests("one", asks), steps=(400.5, 410.5, 420.5)).play()
    assert [event.symbols for event in session.told.of(SymbolsRemoved)] == [("J",)]
    assert "J" not in session.data.symbols
    assert session.feed.subscribed == {"T"}


def test_locked_while_it_loads_it_cannot_be_removed() -> None:
    asks = {
        3: find("J"),
        4: lambda view: view.lock_symbol("J", "liked"),
        12: lambda view: view.remove_symbol("J"),
        24: find(),  # its locks end with a scanner
    }
    session = loading(requests("one", asks), steps=(400.5, 410.5, 420.5)).play()
    assert session.is_member("J")
    assert session.data.holders.locks("J") == ("liked",)
    assert [event.reason for event in session.told.of(RequestRefused)] == ["it is locked: liked"]


@pytest.mark.parametrize("route", ["hit", "add_symbol"])
def test_what_cannot_be_loaded_is_refused_and_asked_for_again(route: str) -> None:
    ask = find("J") if route == "hit" else lambda view: view.add_symbol("J")
    session = loading(
        requests("one", {3: ask, 4: lambda view: view.lock_symbol("T", "liked"), 12: ask, 24: find()}),
        steps=(400.5, 410.5, 420.5, 800.5, 810.5, 820.5),
    )
    session.market.failing["J"] = "the line was cut"
    session.feed.script.append((at(600), session.market.failing.clear))
    session.feed.script.sort(key=lambda one: one[0])
    session.play()
    (refused,) = session.told.of(RequestRefused)
    assert refused.request == "add_symbol J"
    assert refused.reason == "its data could not be loaded: the line was cut"
    assert session.data.holders.locks("T") == ("liked",)
    assert [event.symbol for event in session.told.of(SymbolAdded)] == ["T", "J"]
    assert session.differences("J", "T") == []


def test_brought_in_by_hand_it_says_whether_it_comes() -> None:
    session = loading(symbols=("T", "J"), steps=(400.5, 410.5, 420.5))
    said: dict[int, bool] = {}

    def add() -> None:
        minute = (session.coordinator.now - OPEN) // MINUTE
        if minute in (3, 4, 10, 24) and minute not in said:
            said[minute] = session.coordinator.add_symbol_mid_session("J")

    session.play(add)
    assert said == {3: True, 4: False, 10: False, 24: False}
    assert session.differences("J", "T") == []


def test_brought_in_by_hand_after_the_close_it_does_not_come() -> None:
    session = loading()
    said: list[bool] = []

    def add() -> None:
        if session.coordinator.now == SESSION.close and not said:
            said.append(session.coordinator.add_symbol_mid_session("J"))

    session.play(add)
    assert said == [False]
    assert {event.reason for event in session.told.of(RequestRefused)} == {"the session is over"}


# -- a session that is slow, early, or full ------------------------------------------------------


class Slow(BaseStrategy):
    """Takes its time at some minutes."""

    def __init__(self, seconds: dict[int, float]) -> None:
        super().__init__({})
        self.seconds = seconds
        self.take: Callable[[float], None] = lambda _: None

    def on_slice(self, context: StrategyContext) -> None:
        self.take(self.seconds.get((context.time_manager.now - OPEN) // MINUTE, 0.0))


def slowed(seconds: dict[int, float], *scanners: ManagedScanner) -> GatedSession:
    slow = Slow(seconds)
    story = Story()
    script = story.script(("T", "J"))
    session = GatedSession(script, story.day, scanners=scanners, strategies={"slow": slow}, lag_seconds=30.0)

    def take(passed: float) -> None:
        session.feed.clock += round(passed * SECOND)

    slow.take = take
    return session


def test_a_session_that_falls_behind_pauses_its_scans_until_it_has_caught_up() -> None:
    every = requests("one", dict.fromkeys(range(1, 25), find()))
    session = slowed({5: 150.0, 6: 20.0}, every).play()
    (began,), (ended,) = session.told.of(LagBegan), session.told.of(LagEnded)
    # The sixth minute is given 150 s after the fifth was; of these, 60 s and the grace are nobody's lag.
    assert (began.at, round(began.seconds)) == (OPEN + 6 * MINUTE, 88)
    assert ended.at == OPEN + 8 * MINUTE
    scans = {(scan.at - OPEN) // MINUTE: (scan.outcome, scan.error) for scan in session.told.of(ScanFinished)}
    skipped = {minute: error for minute, (outcome, error) in scans.items() if outcome is Outcome.SKIPPED}
    assert skipped == {6: "behind the feed by 88 s", 7: "behind the feed by 48 s"}
    assert (ended.skipped, len(scans)) == (2, 24)
    assert session.told.of(FeedSilent) == []
    check_whole(session)


def test_who_is_slow_for_hours_takes_the_feed_neither_for_silent_nor_for_lost() -> None:
    session = slowed(dict.fromkeys(range(1, 20), 200.0)).play()
    assert session.told.of(FeedSilent) == []
    assert session.told.of(FeedLost) == []
    check_whole(session)


def check_whole(session: GatedSession) -> None:
    """Every minute was given once, with all its bars."""
    assert [one.end for one in session.slices] == list(
        range(SESSION.pre_open + MINUTE, SESSION.close + 1, MINUTE)
    )
    row = session.data.symbols.row("T")
    grids = (session.data.premarket.grid, session.data.regular.grid)
    assert all(block.present[row] for grid in grids for block in grid.blocks)


def test_a_minute_is_not_recovered_because_it_is_slow() -> None:
    session = slowed({5: 150.0}).play()
    assert not any(one.is_recovered for one in session.slices)


@pytest.mark.parametrize("start", [-180.0, -30.0, 200.0])
def test_readiness_is_told_once_and_by_who_comes_later_at_once(start: float) -> None:
    story = Story()
    session = GatedSession(story.script(("T", "J")), story.day, start=at(start), has_readiness=True).play()
    (told,) = session.told.of(Readiness)
    assert (told.connected, told.symbols, told.with_previous_close) == (True, 1, 1)
    assert told.at == SESSION.pre_open + MINUTE


def test_readiness_says_so_when_there_is_no_line() -> None:
    """No slice is given then, and the trader has ten minutes to do something about it."""
    story = Story(lost=[(-179.0, 200.0)])
    session = GatedSession(story.script(("T", "J")), story.day, has_readiness=True)
    session.play()
    (told,) = session.told.of(Readiness)
    assert not told.connected
    assert told.at <= at(-100)


def test_with_little_room_config_and_locked_symbols_come_first() -> None:
    def lock(view: Any) -> Any:
        view.lock_symbol("K", "liked")

    asks = {2: find("J", "K"), 9: lock, 24: find()}
    steps = tuple(200.5 + 10 * step for step in range(12))
    names = ("T", "J", "K")
    session = loading(requests("one", asks), steps=steps, symbols=names, max_symbols=2)
    had: dict[int, set[str]] = {}

    def look() -> None:
        had[(session.coordinator.now - OPEN) // MINUTE] = set(session.feed.subscribed)

    session.play(look)
    assert (had[1], had[8], had[23]) == ({"T"}, {"T", "J"}, {"T", "K"})
    limited = [(event.limit, event.left_out) for event in session.told.of(SubscriptionLimited)]
    assert limited == [(2, ("K",)), (2, ("J",))]
    assert session.differences("K", "T") == []
