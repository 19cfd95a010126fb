"""The paper account, by hand: one symbol, a bar a minute, every rule once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from symscan.model.bar import Block
from symscan.model.events.session import Event
from symscan.model.events.trading import OrderFilled, OrderUnfilled, TradeClosed
from symscan.model.instant import MINUTE
from symscan.model.symbols import SymbolTable
from symscan.model.trading import ExitReason, Flag, Signal, SymbolSkipped, Trade, Unfilled
from symscan.strategies.paper.account import PaperAccount
from symscan.strategies.paper.lots import TradableBars
from symscan.strategies.paper.rules import PaperRules

FREE = PaperRules(slippage_bps=0.0, commission_per_share=0.0)
CALM = (10.0, 10.5, 9.5, 10.0, 10_000.0)
"""Open, high, low, close, volume."""

LAST = 9
"""The session's last minute, counted from its open."""

Candle = tuple[float, float, float, float, float]


class Market:
    """Plays minutes into an account; the symbol is A, the session has ten of them."""

    def __init__(self, rules: PaperRules = FREE) -> None:
        self.account = PaperAccount("s", rules)
        self.minute = 0
        self.events: list[Event] = []
        self._number = 0

    def signal(self, action: str, shares: int = 0, *, is_member: bool = True, **distances: float) -> None:
        """A signal at the end of the bars so far."""
        self._number += 1
        signal = Signal("A", action, shares, **distances)  # type: ignore[arg-type]
        now = self.minute * MINUTE
        self.events += self.account.submit(now, self._number, signal, is_member=is_member)

    def play(self, *candles: Candle | None) -> None:
        """The next minutes; None is one without a bar."""
        for candle in candles:
            start, self.minute = self.minute, self.minute + 1
            end = self.minute * MINUTE
            bars = TradableBars(start * MINUTE, end, start == LAST, _block(end, candle), SymbolTable(["A"]))
            self.events += self.account.on_bars(end, bars)

    def trade(self) -> Trade:
        (trade,) = (event.trade for event in self.events if isinstance(event, TradeClosed))
        return trade

    def unfilled(self) -> list[Unfilled]:
        return [event.why for event in self.events if isinstance(event, OrderUnfilled)]


def _block(end: int, candle: Sequence[float] | None) -> Block:
    block = Block.blank(end, 1)
    if candle is not None:
        block.put(np.array([0]), np.array([True]), np.array(candle)[:, None])
    return block


def test_a_decision_fills_at_the_open_of_the_first_bar_that_starts_at_it() -> None:
    market = Market()
    market.play(CALM, CALM)
    market.signal("long", 100)
    market.play((10.2, 11.0, 10.0, 10.4, 9000.0))
    (filled,) = market.events
    assert isinstance(filled, OrderFilled)
    assert (filled.price, filled.shares, filled.bar_start) == (10.2, 100, 2 * MINUTE)
    (position,) = market.account.positions
    assert (position.price, position.stop, position.target) == (10.2, None, None)


@pytest.mark.parametrize(("waits", "fills"), [(0, True), (1, True), (2, True), (3, False)])
def test_it_waits_two_minutes_for_a_bar(waits: int, fills: bool) -> None:
    market = Market()
    market.signal("long", 1)
    market.play(*[None] * waits, CALM)
    assert bool(market.account.positions) is fills
    assert market.unfilled() == ([] if fills else [Unfilled.NO_BAR])
    assert market.account.unfilled == (not fills)


def test_a_delay_lets_bars_pass() -> None:
    market = Market(PaperRules(delay_minutes=2))
    market.signal("long", 1)
    market.play(CALM, CALM)
    assert market.account.positions == ()
    market.play(CALM)
    assert market.account.positions[0].since == 2 * MINUTE


@pytest.mark.parametrize(("volume", "shares"), [(2000.0, 100), (1999.0, 99), (20.0, 1), (19.0, 0)])
def test_it_takes_a_twentieth_of_the_volume(volume: float, shares: int) -> None:
    market = Market()
    market.signal("long", 100)
    market.play((10.0, 10.0, 10.0, 10.0, volume))
    assert sum(position.shares for position in market.account.positions) == shares
    assert market.unfilled() == ([] if shares else [Unfilled.NO_VOLUME])


@pytest.mark.parametrize(
    ("side", "candle", "reason", "price"),
    [
        ("long", (10.0, 10.9, 9.0, 10.0, 1e6), ExitReason.STOP, 9.0),
        ("long", (8.0, 12.0, 7.0, 10.0, 1e6), ExitReason.STOP, 8.0),
        ("long", (10.0, 12.0, 9.5, 10.0, 1e6), ExitReason.TARGET, 12.0),
        ("long", (13.0, 14.0, 12.5, 13.0, 1e6), ExitReason.TARGET, 12.0),
        ("long", (10.0, 12.0, 9.0, 10.0, 1e6), ExitReason.STOP, 9.0),
        ("short", (10.0, 11.0, 9.0, 10.0, 1e6), ExitReason.STOP, 11.0),
        ("short", (11.5, 12.0, 7.0, 10.0, 1e6), ExitReason.STOP, 11.5),
        ("short", (10.0, 10.5, 8.0, 10.0, 1e6), ExitReason.TARGET, 8.0),
    ],
)
def test_stops_and_targets(side: str, candle: Candle, reason: ExitReason, price: float) -> None:
    market = Market(PaperRules(slippage_bps=0, commission_per_share=0, allow_short=True))
    market.signal(side, 10, stop_distance=1.0, target_distance=2.0)
    market.play(CALM, None, candle)
    trade = market.trade()
    assert (trade.exit_reason, trade.exit_price, trade.exit_at) == (reason, price, 2 * MINUTE)
    assert trade.net == (10 if side == "long" else -10) * (price - 10.0)


def test_a_stop_may_be_met_in_the_bar_of_the_entry() -> None:
    market = Market()
    market.signal("long", 10, stop_distance=0.4)
    market.play(CALM)
    assert (market.trade().exit_price, market.trade().exit_at) == (9.6, 0)


def test_costs_of_both_sides() -> None:
    market = Market(PaperRules(slippage_bps=5, commission_per_share=0.005))
    market.signal("long", 100, target_distance=2.0)
    market.play(CALM, (11.0, 12.5, 11.0, 12.0, 1e6))
    trade = market.trade()
    assert (trade.entry_price, trade.exit_price) == (pytest.approx(10.005), pytest.approx(11.994))
    assert (trade.gross, trade.slippage, trade.commission) == (200.0, pytest.approx(1.1), pytest.approx(1.0))
    assert trade.net == pytest.approx(100 * (11.994 - 10.005) - 1.0)


def test_the_session_ends_at_the_open_of_its_last_minute() -> None:
    market = Market()
    market.signal("long", 10, stop_distance=1.0)
    market.play(*[CALM] * LAST, (9.8, 10.0, 5.0, 6.0, 1e6))
    trade = market.trade()
    assert (trade.exit_reason, trade.exit_price, trade.flags) == (ExitReason.SESSION_END, 9.8, ())


def test_without_a_bar_in_the_last_minute_it_ends_at_the_last_price() -> None:
    market = Market()
    market.signal("long", 10)
    market.play(CALM, (10.0, 10.6, 9.9, 10.6, 1e6), *[None] * (LAST - 1))
    trade = market.trade()
    assert (trade.exit_price, trade.flags) == (10.6, (Flag.NO_BAR_AT_END,))


def test_nothing_is_opened_in_the_last_minute() -> None:
    market = Market()
    market.play(*[CALM] * LAST)
    market.signal("long", 10)
    market.play(CALM)
    assert market.unfilled() == [Unfilled.SESSION_END]
    market.signal("long", 10)
    market.events += market.account.close(market.minute * MINUTE)
    assert market.unfilled() == [Unfilled.SESSION_END] * 2


def test_an_exit_closes_at_the_next_open_before_any_stop() -> None:
    market = Market()
    market.signal("long", 10, stop_distance=1.0)
    market.play(CALM)
    market.signal("exit")
    market.play((9.9, 10.0, 8.0, 9.0, 100.0))
    trade = market.trade()
    assert (trade.exit_reason, trade.exit_price, trade.flags) == (ExitReason.SIGNAL, 9.9, (Flag.THIN_EXIT,))
    assert market.account.symbols() == []


def test_an_exit_takes_back_what_is_not_filled_yet_and_leaves_what_comes_after() -> None:
    market = Market()
    market.signal("long", 10)
    market.signal("exit")
    market.signal("long", 20)
    market.play(CALM)
    assert market.unfilled() == [Unfilled.CANCELLED]
    assert [position.shares for position in market.account.positions] == [20]


def test_what_cannot_be_carried_out_is_refused_at_once() -> None:
    market = Market()
    market.signal("short", 10)
    market.signal("long", 10, is_member=False)
    market.signal("exit")
    assert market.unfilled() == [Unfilled.SHORT_NOT_ALLOWED, Unfilled.NOT_A_MEMBER, Unfilled.NO_POSITION]


def test_shorts_are_flagged() -> None:
    market = Market(PaperRules(allow_short=True))
    market.signal("short", 10)
    market.play(CALM, CALM)
    market.signal("exit")
    market.play(CALM)
    assert Flag.BORROW_UNVERIFIED in market.trade().flags


def test_a_session_that_breaks_off_leaves_a_trade_without_a_result() -> None:
    market = Market()
    market.signal("long", 10)
    market.play(CALM)
    market.events += market.account.close(market.minute * MINUTE)
    trade = market.trade()
    assert (trade.exit_reason, trade.net, trade.exit_at) == (ExitReason.BROKEN_OFF, None, None)
    assert market.account.trades == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("A", "buy", 1),
        ("A", "long", 0),
        ("A", "long", -1),
        ("A", "long", 1.5),
        ("A", "long", True),
        ("A", "long", float("nan")),
        ("A", "exit", 3),
        ("A", "long", 10**30),
        ("A", "long", float("inf")),
        ("A", "long", "7"),
        ("A", "long", 1, 0.0),
        ("A", "long", 1, float("nan")),
        ("A", "long", 1, None, -2.0),
        (3, "long", 1),
    ],
)
def test_signals_that_say_nothing_sensible(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ValueError):
        Signal(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [("A", 3), (None, "why")])
def test_what_is_passed_is_named_and_explained(arguments: tuple[object, object]) -> None:
    with pytest.raises(ValueError, match="are texts"):
        SymbolSkipped(*arguments)  # type: ignore[arg-type]


def test_a_signal_takes_numpys_numbers() -> None:
    signal = Signal("A", "long", np.int64(7), np.float64(0.5))  # type: ignore[arg-type]
    assert type(signal.shares) is int and type(signal.stop_distance) is float


@pytest.mark.parametrize("amount", [{"delay_minutes": -1}, {"volume_share": 0.0}, {"slippage_bps": -1.0}])
def test_rules_that_make_no_sense(amount: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no amount may be below 0"):
        PaperRules(**amount)  # type: ignore[arg-type]
