"""The spread estimator EDGE from sums per session, so that a window of sessions costs an addition each.

The estimator (Ardia, Guidotti, Kroencke, Journal of Financial Economics 161, 2024) pairs each bar with the
one before it. Its moments are polynomials of means over pairs, so that the sums of their terms are all that
a session has to keep, and each bar is read once instead of once for every window that it is in. Pairs do not
cross the night: what happens there says nothing of the spread, and splits need no care.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from symscan.model.bar import Floats
from symscan.research.statistics.day_bars import last_known_rows

_HEAD: Final = 7
_PRODUCTS: Final = 14
TERMS: Final = _HEAD + 2 * _PRODUCTS
"""How many sums there are."""

_AT_ONCE: Final = 64
"""So many symbols' terms stay in the processor's cache."""

_FEWEST_MOVES: Final = 2


Prices = Sequence[Floats] | Floats
"""Open, high, low and close, ``(bars, symbols)`` each; NaN without a bar."""


def spread_sums(prices: Prices) -> Floats:
    """Return the sums of the terms of bars, ``(TERMS, symbols)``, to be added to those of other bars.

    They are 0 for symbols without two bars.
    """
    symbols = prices[0].shape[1]
    sums = np.zeros((TERMS, symbols))
    for first in range(0, symbols, _AT_ONCE):
        block = slice(first, first + _AT_ONCE)
        for place, term in enumerate(_terms([np.ascontiguousarray(one[:, block]) for one in prices])):
            sums[place, block] = term.sum(axis=0)
    return sums


def edge_of_sums(sums: Floats) -> Floats:
    """Return the spread of each symbol as a signed fraction of the price; NaN where too little is known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums / sums[0]
        tau, p_o, p_c, r1, r3, r5 = mean[1:_HEAD]
        by_o, by_c = -4.0 / p_o, -4.0 / p_c
        e1, v1 = _moments(by_o, by_c, r1 / tau, r3 / tau, mean[_HEAD : _HEAD + _PRODUCTS])
        e2, v2 = _moments(by_o, by_c, r1 / tau, r5 / tau, mean[_HEAD + _PRODUCTS :])
        total = v1 + v2
        square = np.where(total > 0.0, (v2 * e1 + v1 * e2) / total, (e1 + e2) / 2.0)
    known = (sums[1] >= _FEWEST_MOVES) & (p_o > 0.0) & (p_c > 0.0)
    return np.where(known, np.sign(square) * np.sqrt(np.abs(square)), np.nan)


def _terms(prices: Prices) -> Iterator[Floats]:
    """Yield what is summed over pairs of bars, 0 where there is none. Names as in the paper."""
    opened = prices[0]
    before = np.vstack([np.full((1, opened.shape[1]), -1, np.int32), last_known_rows(opened)[:-1]])
    paired = ~np.isnan(opened) & (before >= 0)
    at = np.maximum(before, 0)
    with np.errstate(divide="ignore"):
        o, h, low, close = (np.log(one) for one in prices)
    h1, l1, c1 = (np.take_along_axis(prices, at, axis=0) for prices in (h, low, close))
    m, m1 = (h + low) / 2.0, (h1 + l1) / 2.0
    tau = np.where(paired & ((h != low) | (low != c1)), 1.0, 0.0)
    r1, r2, r3, r4, r5 = (np.where(paired, r, 0.0) for r in (m - o, o - m1, m - c1, c1 - m1, o - c1))
    yield paired.astype(np.float64)
    yield tau
    yield tau * (o != h) + tau * (o != low)
    yield tau * (c1 != h1) + tau * (c1 != l1)
    yield from (r1, r3, r5)
    yield from _products(tau, r1, r2, r3, r4)
    yield from _products(tau, r1, r5, r5, r4)


def _products(tau: Floats, u: Floats, v: Floats, w: Floats, z: Floats) -> Iterator[Floats]:
    """Yield the terms of ``x = A (u - α tau) v + B (w - β tau) z`` and of its square."""
    uv, wz, tv, tz = u * v, w * z, tau * v, tau * z
    yield from (uv, tv, wz, tz)
    yield from (uv * uv, tv * uv, tv * v)
    yield from (uv * wz, uv * tz, tv * wz, tv * z)
    yield from (wz * wz, tz * wz, tz * z)


def _moments(by_o: Floats, by_c: Floats, alpha: Floats, beta: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the variance of ``x`` from the means of its terms."""
    uv, tv, wz, tz, uuvv, tuvv, tvv, uwvz, tuvz, twvz, tvz, wwzz, twzz, tzz = mean
    e = by_o * (uv - alpha * tv) + by_c * (wz - beta * tz)
    first = uuvv - 2.0 * alpha * tuvv + alpha * alpha * tvv
    mixed = uwvz - beta * tuvz - alpha * twvz + alpha * beta * tvz
    second = wwzz - 2.0 * beta * twzz + beta * beta * tzz
    square = by_o * by_o * first + 2.0 * by_o * by_c * mixed + by_c * by_c * second
    return e, square - e * e
