"""Placebo markets: bars in which nobody can have an edge, made of real ones.

Each minute has one random sign for all symbols. A bar's prices are returns against its symbol's last known
close (a night's jump is the first bar's), and the sign is put on them; where it is negative, high and low
change places. Cross-section, volatility, volumes, gaps and hours stay, and prices are a martingale whatever
was seen before, so that no honest scanner has an edge. Returns are simple ones: with log returns, prices
would drift up by their variance, and a scanner that picks the volatile would gain by that alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import default_rng

from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME, Floats

LARGEST_RETURN: Final = 0.90
"""A larger return has no mirror image above a price of 0; it is cut to this, up or down alike."""


@dataclass(frozen=True, eq=False)
class PlaceboPrices:
    """The last known closes of all symbols, real and made up, ``(symbols,)``; NaN before a first bar."""

    real: Floats
    placebo: Floats

    @classmethod
    def unknown(cls, symbols: int) -> PlaceboPrices:
        """Make those of symbols without a bar so far."""
        return cls(np.full(symbols, np.nan), np.full(symbols, np.nan))

    def after_splits(self, ratios: Floats) -> PlaceboPrices:
        """Put the real closes on the basis after splits; the placebo market has none."""
        return PlaceboPrices(self.real / ratios, self.placebo)


def random_signs(count: int, *seed: int) -> Floats:
    """Return random signs, 1 or -1; equal seeds give equal signs."""
    signs = np.where(default_rng(list(seed)).integers(0, 2, count) > 0, 1.0, -1.0)
    return signs


def placebo_bars(fields: Floats, signs: Floats, last: PlaceboPrices) -> tuple[Floats, PlaceboPrices]:
    """Make the placebo of consecutive bars.

    Parameters
    ----------
    fields
        Open, high, low, close, volume, ``(5, bars, symbols)``; NaN without a bar.
    signs
        One a bar, for all symbols, ``(bars,)``.
    last
        The last known closes before.

    Returns
    -------
    fields, last
        The bars of the placebo market, and the last known closes after them. A symbol's first bar of all is
        measured against its own open.
    """
    present = ~np.isnan(fields[CLOSE])
    first = present & (np.cumsum(present, axis=0) == 1) & np.isnan(last.real)
    opens = np.where(first, fields[OPEN], np.nan)
    begin = np.where(np.isnan(last.real), _first_known(opens), last.real)
    base = np.vstack([begin[None], np.where(present, fields[CLOSE], np.nan)])
    base = _carried_forward(base)[:-1]
    with np.errstate(invalid="ignore"):
        returns = (fields[:VOLUME] / base - 1.0).clip(-LARGEST_RETURN, LARGEST_RETURN) * signs[:, None]
    growth = np.where(present, 1.0 + returns[CLOSE], 1.0)
    start = np.where(np.isnan(last.placebo), begin, last.placebo)
    levels = start * np.vstack([np.ones_like(begin)[None], np.cumprod(growth, axis=0)])
    made = np.empty_like(fields)
    made[:VOLUME] = levels[:-1] * (1.0 + returns)
    mirrored = signs < 0
    made[HIGH, mirrored], made[LOW, mirrored] = made[LOW, mirrored], made[HIGH, mirrored]
    made[VOLUME] = fields[VOLUME]
    return made, PlaceboPrices(_last_known(fields[CLOSE], begin), levels[-1])


def _first_known(values: Floats) -> Floats:
    """Return the only known value of each column, NaN where there is none."""
    known = ~np.isnan(values)
    found = values[known.argmax(axis=0), np.arange(values.shape[1])] if len(values) else np.nan
    return np.broadcast_to(found, values.shape[1:]).copy()


def _last_known(values: Floats, before: Floats) -> Floats:
    """Return the last known value of each column, else the one before."""
    result: Floats = _carried_forward(np.vstack([before[None], values]))[-1]
    return result


def _carried_forward(values: Floats) -> Floats:
    """Repeat each column's last known value where there is none."""
    index = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    result: Floats = np.take_along_axis(values, np.maximum.accumulate(index, axis=0), axis=0)
    return result
