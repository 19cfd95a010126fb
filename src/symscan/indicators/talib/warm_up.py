"""Measure a function's warm-up: a fixed random walk is begun ever earlier, until the values agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

from symscan.model.bar import Floats

_LEFT = 1e-8
"""Values agree when they differ by less than this share of the function's usual value."""

MOST_BARS = 10_000
"""The limit of a warm-up, in bars beyond the lookback."""

_STEP = 1.25
_PROBES = 25
_APART = 7


def bars_to_warm(function: Callable[[Floats], Sequence[Floats]], lookback: int) -> int | None:
    """Return the bars until values do not depend on where the history begins, None where they always do.

    Parameters
    ----------
    function
        Its outputs over bars of shape ``(5, bars)``, one array each.
    lookback
        Bars before its first value.
    """
    longest = lookback + 1 + MOST_BARS
    walk = _walk(longest + _APART * _PROBES)
    whole = np.array([np.asarray(one, np.float64) for one in function(walk)])
    usual = np.nan_to_num(np.abs(whole[:, -MOST_BARS // 2 :])).mean(axis=1)
    for bars in _lengths(lookback, longest):
        if _agrees(function, walk, whole, usual, bars):
            return bars
    return None


def _lengths(lookback: int, longest: int) -> Iterator[int]:
    """The bars of the window itself, then more and more."""
    yield lookback + 1
    more = 16.0
    while lookback + 1 + more <= longest:
        yield lookback + 1 + int(more)
        more *= _STEP


def _agrees(
    function: Callable[[Floats], Sequence[Floats]], walk: Floats, whole: Floats, usual: Floats, bars: int
) -> bool:
    for back in range(0, _APART * _PROBES, _APART):
        end = walk.shape[1] - back
        short = function(np.ascontiguousarray(walk[:, end - bars : end]))
        last = np.array([float(one[-1]) for one in short])
        if not np.allclose(last, whole[:, end - 1], rtol=0, atol=_LEFT * usual, equal_nan=True):
            return False
    return True


@cache
def _walk(length: int) -> Floats:
    """Bars of a random walk, seeded: open, high, low, close, volume."""
    rng = np.random.default_rng(20180220)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 2e-3, length)))
    opened = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 5e-4, length))
    high = np.maximum(opened, close) * (1 + rng.exponential(5e-4, length))
    low = np.minimum(opened, close) * (1 - rng.exponential(5e-4, length))
    return np.array([opened, high, low, close, np.round(rng.exponential(3000, length)) + 1])
