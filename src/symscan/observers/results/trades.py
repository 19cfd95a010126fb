"""Trades on paper as a table: ``trades.csv``, one row per trade and per signal that came to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from symscan.bars.prices import BarPrices
from symscan.model.events.session import Event
from symscan.model.events.trading import OrderUnfilled, StrategyStarted, TradeClosed
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session
from symscan.observers.results.trade_prices import UNKNOWN, TradePrices, trade_prices
from symscan.runs.schemas import TRADES_SCHEMA, as_texts

_TradeEvent = TradeClosed | OrderUnfilled

SessionBars = Callable[[Session, Sequence[str]], BarPrices]
"""Returns the prices of a session's regular bars in its base interval, of symbols and maybe of others."""


class SessionTrades:
    """Collects a session's trades and unfilled signals."""

    def __init__(self) -> None:
        self.has_strategies = False
        self._events: list[_TradeEvent] = []

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's signature
        """Collect an event."""
        if isinstance(event, _TradeEvent):
            self._events.append(event)
        elif isinstance(event, StrategyStarted):
            self.has_strategies = True

    @property
    def symbols(self) -> set[str]:
        """Whose bars the trades need."""
        return {event.trade.symbol for event in self._events if isinstance(event, TradeClosed)}

    def frame(self, session: Session, bars: SessionBars | None) -> pl.DataFrame:
        """Return the rows of ``trades.csv``; without ``bars``, what needs the session's is unknown."""
        return trades_frame(session, self._events, bars)


def trades_frame(
    session: Session, events: Sequence[_TradeEvent], bars: SessionBars | None = None
) -> pl.DataFrame:
    """A session's trades and unfilled signals, by strategy and number."""
    trades = [one for one in events if isinstance(one, TradeClosed)]
    known = {id(one): prices for one, prices in zip(trades, _prices(session, trades, bars), strict=True)}
    rows = [
        {**_trade_row(session, one), **asdict(known[id(one)])}
        if isinstance(one, TradeClosed)
        else _unfilled_row(session, one)
        for one in events
    ]
    return pl.DataFrame(rows, schema=as_texts(TRADES_SCHEMA)).sort("strategy", "number")


def _prices(
    session: Session, trades: Sequence[TradeClosed], bars: SessionBars | None
) -> Iterable[TradePrices]:
    """Yield what the session's prices say of each trade."""
    if bars is None or not trades:
        return [UNKNOWN] * len(trades)
    prices = bars(session, list(dict.fromkeys(one.trade.symbol for one in trades)))
    return [trade_prices(one.trade, prices, session.close) for one in trades]


def _trade_row(session: Session, closed: TradeClosed) -> dict[str, Any]:
    trade = closed.trade
    return {
        **_decision(session, closed.strategy, trade.number, trade.decided_at),
        "symbol": trade.symbol,
        "side": trade.side.value,
        "requested": trade.requested,
        "shares": trade.shares,
        "entry_at": _iso(trade.entry_at),
        "entry_price": trade.entry_price,
        "stop": trade.stop,
        "target": trade.target,
        "exit_at": _iso(trade.exit_at),
        "exit_price": trade.exit_price,
        "outcome": trade.exit_reason.value,
        "gross": trade.gross,
        "slippage": trade.slippage,
        "commission": trade.commission,
        "net": trade.net,
        "flags": " ".join(trade.flags),
        "reason": trade.reason,
    }


def _unfilled_row(session: Session, unfilled: OrderUnfilled) -> dict[str, Any]:
    signal = unfilled.signal
    return {
        **_decision(session, unfilled.strategy, unfilled.number, unfilled.decided_at),
        "symbol": signal.symbol,
        "side": str(signal.action),
        "requested": signal.shares,
        "shares": 0,
        "outcome": f"unfilled: {unfilled.why.value}",
        "flags": "",
        "reason": signal.reason,
    }


def _decision(session: Session, strategy: str, number: int, decided_at: Instant) -> dict[str, Any]:
    return {
        "session": session.date.isoformat(),
        "strategy": strategy,
        "number": number,
        "decided_at": to_iso(decided_at),
        "decided_at_local": session.local(decided_at).isoformat(),
    }


def _iso(instant: Instant | None) -> str | None:
    return None if instant is None else to_iso(instant)
