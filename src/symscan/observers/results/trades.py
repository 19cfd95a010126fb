"""Trades on paper as a table: ``trades.csv``, one row per trade and per signal that came to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.model.events.session import Event
from symscan.model.events.trading import OrderUnfilled, StrategyStarted, TradeClosed
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session

TRADES_FILE: Final = "trades.csv"

TRADES_SCHEMA: Final = pl.Schema(
    {
        "session": pl.String(),
        "strategy": pl.String(),
        "number": pl.Int64(),
        "symbol": pl.String(),
        "side": pl.String(),
        "decided_at": pl.String(),
        "decided_at_local": pl.String(),
        "requested": pl.Int64(),
        "shares": pl.Int64(),
        "entry_at": pl.String(),
        "entry_price": pl.Float64(),
        "stop": pl.Float64(),
        "target": pl.Float64(),
        "exit_at": pl.String(),
        "exit_price": pl.Float64(),
        "outcome": pl.String(),
        "gross": pl.Float64(),
        "slippage": pl.Float64(),
        "commission": pl.Float64(),
        "net": pl.Float64(),
        "flags": pl.String(),
        "reason": pl.String(),
    }
)
"""Columns of ``trades.csv``; fills are dated by the starts of their bars, and their prices hold slippage."""

_TradeEvent = TradeClosed | OrderUnfilled


class TradesFile:
    """Writes ``trades.csv`` session by session; there is none in a run without strategies.

    Parameters
    ----------
    path
        Where; one that is there is gone on with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._events: list[_TradeEvent] = []

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's signature
        """Collect an event."""
        if isinstance(event, _TradeEvent):
            self._events.append(event)
        elif isinstance(event, StrategyStarted) and not self._path.exists():
            self._path.write_text(pl.DataFrame(schema=TRADES_SCHEMA).write_csv(), encoding="utf-8")

    def write_session(self, session: Session) -> None:
        """Append the session's rows."""
        if self._events:
            with self._path.open("a", encoding="utf-8", newline="") as file:
                file.write(trades_frame(session, self._events).write_csv(include_header=False))
        self._events = []


def trades_frame(session: Session, events: Sequence[_TradeEvent]) -> pl.DataFrame:
    """A session's trades and unfilled signals, by strategy and number."""
    rows = [
        _trade_row(session, one) if isinstance(one, TradeClosed) else _unfilled_row(session, one)
        for one in events
    ]
    return pl.DataFrame(rows, schema=TRADES_SCHEMA).sort("strategy", "number")


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
