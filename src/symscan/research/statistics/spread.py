"""Spreads estimated from bars, and what a round trip costs.

The estimator is EDGE (Ardia, Guidotti, Kroencke, Journal of Financial Economics 161, 2024), for all symbols
at once. It may come out negative, and for most liquid shares lies below one cent, so that one tick is the
least it can be.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, Floats
from symscan.research.statistics.exits import BASIS_POINTS

TICK: Final = 0.01
SMALL_TICK: Final = 0.0001
"""The tick of prices below 1.00."""

_FEWEST_BARS: Final = 3


def edge(bars: Floats, offsets: NDArray[np.integer]) -> Floats:
    """Estimate the spread of each symbol, as a signed fraction of the price.

    Parameters
    ----------
    bars
        Open, high, low and close (and whatever follows), ``(4 or more, bars)``: each symbol's bars in order
        of time, one symbol after the other, without NaN.
    offsets
        Where each symbol's bars begin, and last where they all end, ``(symbols + 1,)``.

    Returns
    -------
    Floats
        ``(symbols,)``; NaN where the bars are too few, or the prices do not move.
    """
    sizes = np.diff(offsets)
    result = np.full(len(sizes), np.nan)
    kept = np.flatnonzero(sizes >= _FEWEST_BARS)
    if not len(kept):
        return result
    symbol = np.repeat(np.arange(len(sizes)), sizes)
    has_previous = np.ones(len(symbol), np.bool_)
    has_previous[offsets[:-1][sizes > 0]] = False
    now = np.flatnonzero(has_previous & (sizes >= _FEWEST_BARS)[symbol])
    means = _Means(np.searchsorted(now, offsets[:-1][kept]), sizes[kept] - 1)
    result[kept] = _edge(np.log(bars[:4]), now, means)
    return result


def spread_bp(edges: Floats, price: Floats) -> Floats:
    """Return the full spread in basis points of a price: the estimate, at least one tick."""
    tick = np.where(price < 1.0, SMALL_TICK, TICK) / price
    result: Floats = BASIS_POINTS * np.fmax(edges, tick)
    return result


def cost_bp(
    spread: Floats | float, price: Floats, slippage_bps: float = 0.0, commission_per_share: float = 0.0
) -> Floats:
    """Return what a round trip costs, basis points: a spread, slippage and commission of both sides."""
    result: Floats = spread + 2 * slippage_bps + 2 * BASIS_POINTS * commission_per_share / price
    return result


class _Means:
    """Means over each symbol's bars; the arrays hold one symbol's after the other's."""

    def __init__(self, starts: NDArray[np.integer], sizes: NDArray[np.integer]) -> None:
        self._starts, self.sizes = starts, sizes

    def of(self, values: Floats) -> Floats:
        result: Floats = np.add.reduceat(values, self._starts) / self.sizes
        return result

    def spread_out(self, values: Floats) -> Floats:
        return np.repeat(values, self.sizes)


def _edge(logs: Floats, now: NDArray[np.integer], means: _Means) -> Floats:
    """The formulas of the paper's section 3; names as there."""
    o, h, low = (logs[field][now] for field in (OPEN, HIGH, LOW))
    h1, l1, c1 = (logs[field][now - 1] for field in (HIGH, LOW, CLOSE))
    m, m1 = (h + low) / 2, (h1 + l1) / 2
    moves = ((h != low) | (low != c1)).astype(np.float64)
    p_tau = means.of(moves)
    p_o = means.of(moves * (o != h)) + means.of(moves * (o != low))
    p_c = means.of(moves * (c1 != h1)) + means.of(moves * (c1 != l1))
    with np.errstate(divide="ignore", invalid="ignore"):
        d1, d3, d5 = (r - means.spread_out(means.of(r) / p_tau) * moves for r in (m - o, m - c1, o - c1))
        by_o, by_c = means.spread_out(-4.0 / p_o), means.spread_out(-4.0 / p_c)
        x1 = by_o * d1 * (o - m1) + by_c * d3 * (c1 - m1)
        x2 = by_o * d1 * (o - c1) + by_c * d5 * (c1 - m1)
        e1, e2 = means.of(x1), means.of(x2)
        v1, v2 = means.of(x1 * x1) - e1 * e1, means.of(x2 * x2) - e2 * e2
        total = v1 + v2
        square = np.where(total > 0, (v2 * e1 + v1 * e2) / total, (e1 + e2) / 2)
    known = (means.of(moves) * means.sizes >= 2) & (p_o > 0) & (p_c > 0)
    return np.where(known, np.sign(square) * np.sqrt(np.abs(square)), np.nan)
