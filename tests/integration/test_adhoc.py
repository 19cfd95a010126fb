"""What scanners may ask for while a session runs, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from support.builders import (
    MINUTE,
    Day,
    FunctionScanner,
    Recorder,
    make_session,
    weekdays_before,
)
from support.harness import SessionHarness, SessionSetup
from support.markets import MemoryMarket
from symscan.errors import CandidateError, NotRequested, SpecError
from symscan.indicators.registry import spec_of
from symscan.model.events.session import (
    RequestRefused,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.model.interval import FIVE_MINUTES, ONE_MINUTE
from symscan.model.specs import IndicatorConfig, IndicatorSpec, IndicatorType
from symscan.runtime.building.build import SessionPorts
from symscan.runtime.provisioning.provisioner import MemberNeeds
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.session.holders import MEMBERS, scanner_holder

MINUTES = 40
SESSION = make_session(minutes=MINUTES)
SYMBOLS = tuple("ABCDEFGH")
NEEDS = MemberNeeds((ONE_MINUTE, FIVE_MINUTES), 2, (spec_of("sma_3_5m"),))

Do = Callable[[Any], Any]


def _day(symbol: str, number: int) -> Day:
    """Every minute one bar; no two closes of the market are the same."""
    first = 100.0 * (SYMBOLS.index(symbol) + 1) + 10.0 * number
    return {minute: first + minute / 8 for minute in range(MINUTES)}


def _market() -> MemoryMarket:
    earlier = {
        one.date: {symbol: _day(symbol, number) for symbol in SYMBOLS}
        for number, one in enumerate(weekdays_before(SESSION, 6), start=1)
    }
    return MemoryMarket(SESSION, {symbol: _day(symbol, 0) for symbol in SYMBOLS}, earlier)


class Playing(SessionHarness):
    """A session over a market in memory.

    Parameters
    ----------
    scripts
        What each scanner does at which minute after the open, with the view it is given; ``None``
        stands for its setup, ``"teardown"`` for its teardown.
    """

    def __init__(
        self,
        scripts: Mapping[str, Mapping[Any, Do]],
        universe: Sequence[str] = ("A",),
        config: Sequence[str] = (),
        needs_by_holder: Mapping[str, MemberNeeds | None] | None = None,
        last: Mapping[str, int] | None = None,
    ) -> None:
        self.answers: dict[tuple[str, Any], Any] = {}
        self.market = _market()
        self.recorder = Recorder()
        scanners = [
            self._scanner(name, script, universe, (last or {}).get(name, MINUTES))
            for name, script in scripts.items()
        ]
        super().__init__(
            SessionSetup(SESSION, "backtest", tuple(config), NEEDS, needs_by_holder or {}),
            scanners,
            SessionPorts(self.market, self.market, EventPublisher(SESSION, [self.recorder])),
        )

    def run(self, until: int = MINUTES) -> Playing:
        self.until(until)
        return self

    def of(self, kind: type[Any]) -> list[Any]:
        return self.recorder.of(kind)

    @property
    def refused(self) -> list[tuple[str, str]]:
        return [(event.request, event.reason) for event in self.of(RequestRefused)]

    def _scanner(
        self, name: str, script: Mapping[Any, Do], universe: Sequence[str], last: int
    ) -> ManagedScanner:
        def at(moment: Any, context: ScanContext) -> None:
            if moment in script:
                self.answers[name, moment] = script[moment](context.session_data)

        def scan(context: ScanContext) -> ScanResult:
            at((context.time_manager.now - SESSION.open) // MINUTE, context)
            return ScanResult([])

        def setup(context: ScanContext) -> bool:
            at(None, context)
            return True

        scanner = FunctionScanner(universe, scan, setup, lambda context: at("teardown", context))
        due = tuple(SESSION.open + minute * MINUTE for minute in range(1, last + 1))
        return ManagedScanner(name, scanner, DueTimes((), due))


def play(script: Mapping[Any, Do], until: int = MINUTES, **more: Any) -> Playing:
    """A session with one scanner, ``one``."""
    return Playing({"one": script}, **more).run(until)


def _five_minute_closes(symbol: str) -> list[float]:
    """Those of the six sessions before and of the session, from its own definition."""
    return [
        _day(symbol, number)[minute] for number in (1, 2, 3, 4, 5, 6, 0) for minute in range(4, MINUTES, 5)
    ]  # type: ignore[misc]


# -- indicators and bars -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda view: view.add_indicator("C", IndicatorConfig("sma", IndicatorType.TREND, 3, "5m")),
        lambda view: view.add_indicator("C", "sma", {"period": 3, "interval": "5m"}),
        lambda view: view.add_indicator("C", "sma_3_5m"),
    ],
)
def test_an_indicator_asked_for_in_the_middle_is_warm_at_once(ask: Do) -> None:
    read = [
        lambda view: float(view.get_indicator("C", "sma_3_5m")),
        lambda view: view.get_latest_bar("C", "5m").close,
        lambda view: view.column("sma_3_5m").tolist(),
    ]
    played = play({12: ask, 13: read[0], 14: read[1], 15: read[2]}, until=15)
    closes = _five_minute_closes("C")
    so_far = [len(closes) - (MINUTES - minute) // 5 for minute in (10, 15)]
    assert played.answers["one", 12] is True
    assert played.answers["one", 13] == pytest.approx(np.mean(closes[so_far[0] - 3 : so_far[0]]), rel=1e-12)
    assert played.answers["one", 14] == _day("C", 0)[9]
    of_a, of_c = played.answers["one", 15]
    assert np.isnan(of_a)  # a candidate for which it was not asked
    assert of_c == pytest.approx(np.mean(closes[so_far[1] - 3 : so_far[1]]), rel=1e-12)


def test_history_and_session_bars_are_one_row_of_bars() -> None:
    def closes(view: Any) -> list[float]:
        return [bar.close for bar in view.get_bars("C", "5m", 20)]

    played = play({6: lambda view: view.add_historical_bars("C", "5m", 2), 11: closes}, until=11)
    assert played.answers["one", 11] == _five_minute_closes("C")[-8 * 3 :][: 2 * 8 + 2]


def test_session_bars_of_a_coarser_interval_hold_the_whole_session() -> None:
    def bars(view: Any) -> list[tuple[float, float]]:
        return [(bar.open, bar.close) for bar in view.get_bars("A", "15m", 9)]

    played = play({20: lambda view: view.add_session_bars("A", "15m"), 31: bars}, until=31)
    today = _day("A", 0)
    assert played.answers["one", 31] == [(today[0], today[14]), (today[15], today[29])]


def test_a_symbol_not_asked_for_is_refused() -> None:
    def refused(read: Any, *arguments: Any) -> bool:
        with pytest.raises(CandidateError, match="'C' is not a candidate of this scanner"):
            read(*arguments)
        return True

    looks = {
        5: lambda view: (
            refused(view.get_latest_bar, "C"),
            refused(view.get_bars, "C", "1m", 5),
            refused(view.get_latest_price, "C"),
            view.get_indicator("A", "sma_3_5m"),
        ),
    }
    played = play(looks, until=7)
    assert played.answers["one", 5] == (True, True, True, None)


# -- members -----------------------------------------------------------------------------------


def test_a_symbol_added_is_loaded_and_active_at_the_next_slice() -> None:
    def look(view: Any) -> Any:
        bars = view.get_bars("D", "1m", 1000)
        return view.get_active_symbols(), len(bars), bars[-1].close, view.get_latest_bar("D", "5m").close

    played = play(
        {7: lambda view: view.add_symbol("D"), 8: look, 9: lambda view: view.add_symbol("D")}, until=9
    )
    assert played.answers["one", 7] is True and played.answers["one", 9] is False
    assert played.answers["one", 8] == (["D"], 2 * MINUTES + 8, _day("D", 0)[7], _day("D", 0)[4])
    (added,) = played.of(SymbolAdded)
    at = SESSION.open + 7 * MINUTE
    assert (added.symbol, added.holder, added.at, added.ready_at) == ("D", "scanner:one", at, at)


def test_candidates_and_members_are_counted_apart() -> None:
    script = {3: lambda view: view.add_session_bars(["B", "C"], "1m"), 4: lambda view: view.add_symbol("D")}
    holders = play(script, until=5).data.holders
    assert holders.all_candidates() == ("A", "B", "C")
    assert holders.members() == ("D",)


def test_what_a_scanner_adds_is_given_what_its_requirements_say() -> None:
    needs = {scanner_holder("one"): MemberNeeds((ONE_MINUTE,), 0)}
    script = {7: lambda view: view.add_symbol("D"), 8: lambda view: len(view.get_bars("D", "1m", 1000))}
    assert play(script, until=8, needs_by_holder=needs).answers["one", 8] == 8


def test_symbols_added_one_by_one_are_loaded_at_once() -> None:
    def add_all(view: Any) -> list[bool]:
        return [view.add_symbol(symbol) for symbol in "BCDEF"]

    played, alone = play({5: add_all}, until=6), play({5: lambda view: view.add_symbol("B")}, until=6)
    assert played.data.holders.members() == tuple("BCDEF")
    assert len(played.market.loads) == len(alone.market.loads)


@pytest.mark.parametrize(
    ("minute", "symbol", "needs", "reason"),
    [
        (5, "NOWHERE", NEEDS, "the store has no bars of it"),
        (5, "D", None, "its 'add_symbols' is false"),
        (MINUTES, "D", NEEDS, "the session is over"),
    ],
)
def test_a_symbol_that_can_not_come_is_refused(
    minute: int, symbol: str, needs: MemberNeeds | None, reason: str
) -> None:
    played = play(
        {minute: lambda view: view.add_symbol(symbol)}, needs_by_holder={scanner_holder("one"): needs}
    )
    assert played.answers["one", minute] is True  # asked in good faith; the event says what came of it
    assert played.refused == [(f"add_symbol {symbol}", reason)]
    assert played.data.holders.members() == ()


# -- locks and removal -------------------------------------------------------------------------


def test_a_locked_symbol_stays_until_it_is_unlocked() -> None:
    script = {
        2: lambda view: (view.add_symbol("D"), view.lock_symbol("D", "position"), view.is_symbol_locked("D")),
        3: lambda view: view.remove_symbol("D"),
        4: lambda view: (view.unlock_symbol("D"), view.is_symbol_locked("D"), view.remove_symbol("D")),
        5: lambda view: (view.get_active_symbols(), view.get_latest_bar("D"), view.remove_symbol("D")),
    }
    played = play(script, until=5)
    assert played.answers["one", 2] == (True, True, True)
    assert played.answers["one", 3] is False
    assert played.answers["one", 4] == (True, False, True)
    assert played.answers["one", 5] == ([], None, False)
    assert played.refused == [("remove_symbol D", "it is locked: position")]
    assert [type(event) for event in played.recorder.events if getattr(event, "symbol", None) == "D"] == [
        SymbolAdded,
        SymbolLocked,
        SymbolUnlocked,
    ]
    (removed,) = played.of(SymbolsRemoved)
    assert removed.symbols == ("D",)


def test_a_lock_of_another_scanner_counts_even_in_the_same_slice() -> None:
    played = Playing(
        {
            "one": {
                None: lambda view: view.add_session_bars("D", "1m"),
                2: lambda view: view.lock_symbol("D", "x"),
            },
            "two": {
                None: lambda view: view.add_session_bars("D", "1m"),
                2: lambda view: view.remove_symbol("D"),
            },
        }
    ).run(until=3)
    assert played.answers["two", 2] is True
    assert played.refused == [("remove_symbol D", "it is locked: x")]
    assert "D" in played.data.symbols


def test_a_symbol_removed_by_one_scanner_stays_with_another() -> None:
    """A scanner cannot take a neighbour's data away: that would change the neighbour's hits."""
    played = Playing(
        {
            "one": {None: lambda view: view.add_indicator("D", "sma_2_1m")},
            "two": {
                None: lambda view: (view.add_session_bars("D", "1m"), view.add_session_bars("E", "1m")),
                2: lambda view: (view.remove_symbol("D"), view.remove_symbol("E")),
                3: lambda view: (view.get_latest_bar("D"), view.remove_symbol("D")),
            },
        }
    ).run(until=4)
    assert played.answers["two", 2] == (True, True)
    assert played.answers["two", 3] == (None, False)  # it is nobody's of mine any more
    assert "D" in played.data.symbols and "E" not in played.data.symbols
    spec = IndicatorSpec.parse("sma_2_1m")
    assert played.data.requested_rows(spec, "scanner:one").item(played.data.symbols.row("D"))


def test_bars_and_history_of_one_scanner_do_not_show_to_another() -> None:
    asking = {None: lambda view: (view.add_session_bars("B", "5m"), view.add_historical_bars("B", "1m", 2))}
    looking = {
        None: lambda view: view.add_session_bars("B", "1m"),
        6: lambda view: (_refusal(view, "B", "5m"), len(view.get_bars("B", "1m", 500))),
    }
    alone = Playing({"two": looking}).run(until=7).answers["two", 6]
    beside = Playing({"one": asking, "two": looking}).run(until=7).answers["two", 6]
    assert alone == beside
    assert "5m bars were not requested" in alone[0]


def _refusal(view: Any, symbol: str, interval: str) -> str:
    with pytest.raises(NotRequested) as refused:
        view.get_latest_bar(symbol, interval)
    return str(refused.value)


def test_symbols_of_the_configuration_are_known_from_setup_on_and_stay() -> None:
    script = {
        None: lambda view: (
            view.get_config_symbols(),
            view.lock_symbol("B", "mine"),
            view.remove_symbol("B"),
        ),
        3: lambda view: (view.get_active_symbols(), view.get_latest_price("B"), view.is_symbol_locked("B")),
        4: lambda view: view.add_symbol("D"),
        5: lambda view: view.get_config_symbols(),
    }
    played = play(script, until=6, config=("B", "C"))
    assert played.answers["one", None] == ({"B", "C"}, True, False)
    assert played.answers["one", 3] == (["B", "C"], _day("B", 0)[2], True)
    assert played.answers["one", 5] == {"B", "C"}
    assert ("remove_symbol B", "the configuration names it") in played.refused


def test_the_locks_and_candidates_of_a_scanner_end_with_it() -> None:
    script = {
        None: lambda view: view.add_indicator(["B", "C", "D"], "sma_3_5m"),
        2: lambda view: view.lock_symbol("B", "watched"),
        3: lambda view: view.add_symbol("C"),
    }
    other = {None: lambda view: view.add_session_bars(["B", "D"], "1m")}
    locking = {**other, 4: lambda view: view.lock_symbol("B", "watched")}
    played = Playing({"one": script, "two": other}, last={"one": 5}).run(until=7)
    assert [event.symbols for event in played.of(SymbolsRemoved)] == []  # two holds A, B and D
    assert not played.data.indicators.requested_rows(spec_of("sma_3_5m"), "scanner:one").any()
    released = [(event.symbol, event.holder, event.reason) for event in played.of(SymbolUnlocked)]
    assert released == [("B", "scanner:one", "watched")]
    assert played.data.holders.locks("B") == ()
    alone = play(script, last={"one": 5}, until=7)
    assert [(event.symbols, event.holder) for event in alone.of(SymbolsRemoved)] == [
        (("A", "B", "D"), "scanner:one")
    ]
    assert len(alone.data.symbols) == 1
    both = Playing({"one": script, "two": locking}, last={"one": 5}).run(until=7)
    assert both.data.holders.locks_by_holder("B") == (("scanner:two", "watched"),)


def test_a_scanner_cannot_release_the_lock_of_another() -> None:
    candidates = {None: lambda view: view.add_session_bars("D", "1m")}
    taking = {
        **candidates,
        3: lambda view: (view.unlock_symbol("D"), view.unlock_symbol("D", "kept"), view.remove_symbol("D")),
        4: lambda view: (view.is_symbol_locked("D"), "D" in view.symbols),
    }
    keeping = {**candidates, 2: lambda view: view.lock_symbol("D", "kept")}
    played = Playing({"one": keeping, "two": taking}).run(until=5)
    assert played.answers["two", 3] == (False, False, False)
    assert played.answers["two", 4] == (True, True)
    refused = ("unlock_symbol D", "it is locked by scanner:one (kept)")
    assert played.refused == [refused, refused, ("remove_symbol D", "it is locked: kept")]


def test_a_teardown_may_unlock_and_remove_but_not_add() -> None:
    script = {
        2: lambda view: (view.add_symbol("C"), view.add_symbol("D"), view.lock_symbol("C", "mine")),
        "teardown": lambda view: (view.unlock_symbol("C"), view.remove_symbol("C"), view.add_symbol("E")),
    }
    played = play(script, last={"one": 5}, until=7)
    assert played.data.holders.members() == ("D",)
    assert [event.symbols for event in played.of(SymbolsRemoved)] == [("C",), ("A",)]


def test_a_symbol_may_be_removed_and_asked_for_anew_in_one_breath() -> None:
    def renew(view: Any) -> tuple[bool, ...]:
        asked = (
            view.add_indicator("A", "rsi_2_5m"),
            view.remove_symbol("A"),
            view.add_indicator("A", "sma_3_5m"),
        )
        return (*asked, view.add_session_bars("A", "1m"))

    def look(view: Any) -> Any:
        return view.symbols, view.get_indicator("A", "rsi_2_5m"), view.get_latest_price("A")

    played = play({None: lambda view: view.add_indicator("A", "sma_3_5m"), 12: renew, 13: look}, until=13)
    assert played.answers["one", 12] == (True,) * 4
    assert played.answers["one", 13] == (("A",), None, _day("A", 0)[12])
    assert not played.data.indicators.requested_rows(spec_of("rsi_2_5m")).any()
    assert played.data.indicators.requested_rows(spec_of("sma_3_5m"), "scanner:one").any()
    assert [event.symbols for event in played.of(SymbolsRemoved)] == [("A",)]


def test_a_scanner_goes_on_judging_when_its_candidates_go() -> None:
    script = {
        None: lambda view: view.add_indicator(["B", "C"], "sma_3_5m"),
        3: lambda view: view.remove_symbol("B"),
    }
    played = play({**script, 9: lambda view: (view.symbols, len(view.column("close")))}, until=12)
    assert played.answers["one", 9] == (("A", "C"), 2)


# -- mid-session entry -------------------------------------------------------------------------


def test_a_symbol_is_brought_in_from_outside() -> None:
    played = play({30: lambda view: len(view.get_bars("E", "1m", 1000))}, until=12)
    coordinator = played.coordinator
    assert coordinator.add_symbol_mid_session("E", ["1m", "15m"], load_historical=True, historical_days=3)
    assert not coordinator.add_symbol_mid_session("E")
    assert not coordinator.add_symbol_mid_session("NOWHERE")
    assert coordinator.add_symbol_mid_session("F", load_historical=False)
    assert played.refused == [("add_symbol NOWHERE", "the store has no bars of it")]
    assert [(event.symbol, event.holder) for event in played.of(SymbolAdded)] == [
        ("E", "script"),
        ("F", "script"),
    ]
    with pytest.raises(SpecError, match="is not an interval"):
        coordinator.add_symbol_mid_session("G", ["1x"])
    history = played.data.history
    assert [history.days(MEMBERS, symbol, ONE_MINUTE) for symbol in "EF"] == [3, -1]
    assert history.days(MEMBERS, "F", FIVE_MINUTES) == -1


def test_entry_in_the_middle_equals_presence_from_the_start() -> None:
    """Whatever comes and goes before, in whatever row it sits."""
    names = (
        "open",
        "high",
        "low",
        "close",
        "volume",
        "vwap",
        "previous_close",
        "sma_3_5m",
        "rsi_2_5m",
        "sma_1_1d",
    )

    def ask(view: Any) -> bool:
        return view.add_indicator(list(SYMBOLS), "rsi_2_5m") and view.add_indicator(list(SYMBOLS), "sma_1_1d")

    def drop(view: Any) -> list[bool]:
        return [view.remove_symbol(symbol) for symbol in "BDH"]

    def read(view: Any) -> dict[str, list[float]]:
        view.add_indicator(list(SYMBOLS), "sma_3_5m")
        return {row[0]: row[1:] for row in view.frame(names).iter_rows()}

    moments = (25, 26, 33, MINUTES)
    steady = play({None: ask, **dict.fromkeys((24, *moments), read)})
    moved = play(
        {
            None: ask,
            3: drop,
            5: lambda view: ask(view),
            11: drop,
            17: ask,
            **dict.fromkeys((24, *moments), read),
        }
    )
    for moment in moments:
        seen, expected = moved.answers["one", moment], steady.answers["one", moment]
        assert seen.keys() == expected.keys() == set(SYMBOLS)
        for symbol, values in expected.items():
            np.testing.assert_allclose(
                np.array(seen[symbol], float),
                np.array(values, float),
                rtol=1e-9,
                err_msg=f"{symbol} {moment}",
            )
    assert moved.data.capacity == steady.data.capacity
