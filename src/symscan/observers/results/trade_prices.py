"""What a session's prices say of its trades: how far they went, and what holding on would have brought."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from symscan.bars.prices import BarPrices
from symscan.model.bar import Floats
from symscan.model.instant import Instant
from symscan.model.trading import Action, ExitReason, Trade

_BASIS_POINTS: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class TradePrices:
    """What the session's prices say of one trade; None is unknown.

    Attributes
    ----------
    mfe_bp, mae_bp
        The best and the worst price before its exit against the open it was filled at, basis points, not
        below and not above 0. Of the bar that it left in, only the exit counts: what came first inside a bar
        is not known.
    held_net
        What the same shares would have brought if held to the session's end, after the same costs.
    """

    mfe_bp: float | None = None
    mae_bp: float | None = None
    held_net: float | None = None


UNKNOWN: Final = TradePrices()


def trade_prices(trade: Trade, prices: BarPrices, closes_at: Instant) -> TradePrices:
    """Compute what the session's prices say of a trade.

    Parameters
    ----------
    prices
        The regular bars of the session.
    closes_at
        The session's close.
    """
    column = prices.columns.get(trade.symbol)
    if column is None or trade.exit_at is None or trade.exit_price is None:
        return UNKNOWN
    # The bar that starts at an instant is the first to end after it.
    entry, exit_slot = np.searchsorted(prices.ends, [trade.entry_at, trade.exit_at], side="right").tolist()
    tables = (prices.open, prices.high, prices.low, prices.close)
    opens, highs, lows, closes = (table[:, column] for table in tables)
    if entry == len(opens) or math.isnan(opens[entry]):
        return UNKNOWN
    filled = opens.item(entry)
    sign = 1 if trade.side is Action.LONG else -1
    slippage = sign * (trade.entry_price / filled - 1)
    left = trade.exit_price / (1 - sign * slippage)
    high = np.nanmax(highs[entry:exit_slot], initial=max(filled, left))
    low = np.nanmin(lows[entry:exit_slot], initial=min(filled, left))
    up, down = (float(_BASIS_POINTS * (price / filled - 1)) for price in (high, low))
    best, worst = (up, down) if sign > 0 else (-down, -up)
    if trade.exit_reason is ExitReason.SESSION_END:
        return TradePrices(best, worst, trade.net)
    end = _session_end(opens, closes, is_whole=int(prices.ends[-1]) >= closes_at)
    gross = sign * trade.shares * (end - filled)
    costs = trade.shares * slippage * (filled + end) + trade.commission
    return TradePrices(best, worst, gross - costs)


def _session_end(opens: Floats, closes: Floats, *, is_whole: bool) -> float:
    """Return the open of the session's last bar, else the last close, as an account that holds on has it."""
    if is_whole and not math.isnan(opens[-1]):
        return opens.item(-1)
    return closes[~np.isnan(closes)].item(-1)
