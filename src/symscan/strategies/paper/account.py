"""A paper account: the signals of one strategy, filled bar by bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

from symscan.model.events.session import Event
from symscan.model.events.trading import OrderFilled, OrderUnfilled, TradeClosed
from symscan.model.fills import FillWindow
from symscan.model.instant import Instant
from symscan.model.trading import Action, Flag, Position, Signal, Trade, Unfilled
from symscan.strategies.paper.lots import Exit, Lot, OpenLots, TradableBars
from symscan.strategies.paper.rules import PaperRules
from symscan.strategies.paper.trades import broken_trade, closed_trade, entry_price, position_of


@dataclass(frozen=True, slots=True)
class _Order:
    """A pending signal: it is filled in a bar that starts within its window, or not at all."""

    number: int
    signal: Signal
    decided_at: Instant
    window: FillWindow


class PaperAccount:
    """Fills the signals of one strategy in one session.

    Parameters
    ----------
    strategy
        Its name.
    rules
        How signals are filled.

    Attributes
    ----------
    trades
        The closed trades, in the order they ended.
    unfilled
        How many signals to open a trade came to nothing.
    """

    def __init__(self, strategy: str, rules: PaperRules) -> None:
        self.trades: list[Trade] = []
        self.unfilled = 0
        self._strategy = strategy
        self._rules = rules
        self._lots = OpenLots(rules.volume_share)
        self._orders: list[_Order] = []
        self._positions: tuple[tuple[Lot, ...], tuple[Position, ...]] = ((), ())

    @property
    def positions(self) -> tuple[Position, ...]:
        """The open trades, oldest first."""
        lots, positions = self._positions
        if lots is not self._lots.lots:
            lots = self._lots.lots
            positions = tuple(position_of(lot, self._rules) for lot in lots)
            self._positions = (lots, positions)
        return positions

    def symbols(self) -> list[str]:
        """Return the symbols of open trades and of pending signals, each once."""
        held = (lot.signal.symbol for lot in self._lots.lots)
        return list(dict.fromkeys([*held, *(order.signal.symbol for order in self._orders)]))

    def submit(
        self,
        now: Instant,
        number: int,
        signal: Signal,
        *,
        is_member: bool,
        decided_at: Instant | None = None,
        fillable_from: Instant | None = None,
    ) -> list[Event]:
        """Submit a signal as an order; return the event of one that is refused.

        It counts as decided ``now``, and can be filled from then on, where nothing else is given.
        """
        decided = now if decided_at is None else decided_at
        earliest = decided if fillable_from is None else fillable_from
        window = FillWindow.after(earliest, self._rules.delay_minutes, self._rules.fill_within_minutes)
        order = _Order(number, signal, decided, window)
        why = self._refusal(signal, is_member)
        if why is not None:
            return [self._unfilled(now, order, why)]
        self._orders.append(order)
        return []

    def on_bars(self, now: Instant, bars: TradableBars) -> list[Event]:
        """Fill orders with these bars: decided exits first, then entries, then stops and targets."""
        events: list[Event] = []
        for order in sorted(self._orders, key=lambda one: (one.signal.action is not Action.EXIT, one.number)):
            if order in self._orders and bars.start >= order.window.first:
                events += self._apply(now, order, bars)
        events += [self._closed(now, end) for end in self._lots.ended_by(bars)]
        return events + self._expire(now, bars)

    def close(self, now: Instant) -> list[Event]:
        """Close the account at the session's end: trades that are still open have no result."""
        late = [self._unfilled(now, order, Unfilled.SESSION_END) for order in self._orders]
        broken = [TradeClosed(now, self._strategy, broken_trade(lot, self._rules)) for lot in self._lots.lots]
        self._orders, self._lots = [], OpenLots(self._rules.volume_share)
        return [*late, *broken]

    def _refusal(self, signal: Signal, is_member: bool) -> Unfilled | None:
        busy = signal.symbol in self.symbols()
        if signal.action is Action.EXIT:
            return None if busy else Unfilled.NO_POSITION
        if not is_member:
            return Unfilled.NOT_A_MEMBER
        is_short = signal.action is Action.SHORT
        return Unfilled.SHORT_NOT_ALLOWED if is_short and not self._rules.allow_short else None

    def _apply(self, now: Instant, order: _Order, bars: TradableBars) -> list[Event]:
        if order.signal.action is Action.EXIT:
            return self._exit(now, order, bars)
        bar = bars.bar(order.signal.symbol)
        if bar is None or not order.window.admits(bars.start, is_last=bars.is_last):
            return []
        self._orders.remove(order)
        shares = min(order.signal.shares, math.floor(self._rules.volume_share * bar[2]))
        if shares < 1:
            return [self._unfilled(now, order, Unfilled.NO_VOLUME)]
        return [self._opened(now, order, shares, bars.start, bar)]

    def _exit(self, now: Instant, order: _Order, bars: TradableBars) -> list[Event]:
        """Close the trades decided on before, and cancel the orders not filled yet."""
        symbol, number = order.signal.symbol, order.number
        waiting = [
            one
            for one in self._orders
            if one.number < number and one.signal.symbol == symbol and one.signal.action is not Action.EXIT
        ]
        for one in waiting:
            self._orders.remove(one)
        events: list[Event] = [self._unfilled(now, one, Unfilled.CANCELLED) for one in waiting]
        exits = self._lots.ended_at_open(bars, symbol, number)
        if exits or not any(lot.signal.symbol == symbol and lot.number < number for lot in self._lots.lots):
            self._orders.remove(order)
        return events + [self._closed(now, end) for end in exits]

    def _opened(
        self, now: Instant, order: _Order, shares: int, start: Instant, bar: tuple[float, float, float]
    ) -> Event:
        signal, (entry, close, _) = order.signal, bar
        partial = (Flag.PARTIAL,) if shares < signal.shares else ()
        borrowed = (Flag.BORROW_UNVERIFIED,) if signal.action is Action.SHORT else ()
        lot = Lot(order.number, signal, order.decided_at, shares, start, entry, close, (*partial, *borrowed))
        self._lots.add(lot)
        return OrderFilled(
            now, self._strategy, order.number, signal.symbol, shares, start, entry_price(lot, self._rules)
        )

    def _expire(self, now: Instant, bars: TradableBars) -> list[Event]:
        """Expire orders whose time is over by the next bars."""
        late = [one for one in self._orders if bars.is_last or one.window.is_over(bars.next_start)]
        self._orders = [one for one in self._orders if one not in late]
        why = Unfilled.SESSION_END if bars.is_last else Unfilled.NO_BAR
        return [self._unfilled(now, order, why) for order in late]

    def _unfilled(self, now: Instant, order: _Order, why: Unfilled) -> Event:
        self.unfilled += order.signal.action is not Action.EXIT
        return OrderUnfilled(now, self._strategy, order.number, order.decided_at, order.signal, why)

    def _closed(self, now: Instant, end: Exit) -> Event:
        trade = closed_trade(end, self._rules)
        self.trades.append(trade)
        return TradeClosed(now, self._strategy, trade)
