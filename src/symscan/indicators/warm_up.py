"""Warm-up formulas: how many bars of history make a value independent of where the history begins."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, log

_SEED_LEFT = 1e-8
"""An average is warm once this share of its seed is left in it."""


def none(*_: Decimal) -> int:
    """For what begins anew with each session, or counts in sessions instead of bars."""
    return 0


def window(period: Decimal, *_: Decimal) -> int:
    """For what reads the last bars, whatever its further parameters."""
    return int(period)


def window_and_one(period: Decimal) -> int:
    """For what compares a bar with the window before it."""
    return int(period) + 1


def exponential(period: Decimal) -> int:
    """For an exponential average: its seed, then about 9.2 periods until that has decayed."""
    return int(period) + _bars_to_decay(1 - 2 / (float(period) + 1))


def wilder(period: Decimal) -> int:
    """For Wilder's averages of moves: one bar more for the seed, then about 18.4 periods."""
    return int(period) + 1 + _bars_to_decay(1 - 1 / float(period))


def macd(_fast: Decimal, slow: Decimal, signal: Decimal) -> int:
    """For the signal upon the slower average: one has to decay, then the other."""
    return exponential(slow) + exponential(signal) - 1


def _bars_to_decay(kept: float) -> int:
    return ceil(log(_SEED_LEFT) / log(kept)) if kept > 0 else 0
