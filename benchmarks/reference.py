"""The benchmark's job symbol by symbol, in plain Python and TA-Lib: slow, and independent of the rest.

Nothing of it is shared with :mod:`plain`: 5m bars are collected bar by bar, indicators come from TA-Lib's
batch functions over each symbol's own bars, and a scan reads what was known at its minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
import talib
from numpy.typing import NDArray

if TYPE_CHECKING:
    from market import Market

EPS: Final = 1e-9
NAMES: Final = ("sma20", "ema9", "rsi14", "atr14", "vwap")

MinuteBar = tuple[int, float, float, float, float, float]
"""Minute since the open, then open, high, low, close, volume."""


def reference(market: Market) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """The sorted hits ``(session, minutes since the open, row)``, and the values at the end."""
    hits: list[tuple[int, int, int]] = []
    values = {name: np.full(len(market.symbols), np.nan) for name in NAMES}
    for row in range(len(market.symbols)):
        found, last = _symbol(market, row)
        hits += found
        for name, value in last.items():
            values[name][row] = value
    return np.array(sorted(hits), np.int64).reshape(-1, 3), values


def _symbol(market: Market, row: int) -> tuple[list[tuple[int, int, int]], dict[str, float]]:
    sessions = [list(_minute_bars(market, session, row)) for session in range(len(market.dates))]
    fives = [(session, *five) for session, bars in enumerate(sessions) for five in _five_minute_bars(bars)]
    known = _indicators(np.array([five[2:] for five in fives]).reshape(-1, 5))
    rsi_at = {(session, mark): rsi for (session, mark, *_), rsi in zip(fives, known["rsi14"], strict=True)}
    closes, volumes = (market.daily[:, field, row].tolist() for field in (3, 4))
    hits: list[tuple[int, int, int]] = []
    for session, bars in enumerate(sessions):
        rsi = _last_known(rsi_at, session)
        mean_close, mean_volume = np.mean(closes[-20:]), np.mean(volumes[-20:])
        for mark in range(5, 391, 5):
            rsi = rsi_at.get((session, mark), rsi)
            so_far = [bar for bar in bars if bar[0] < mark]
            if not so_far or np.isnan(rsi):
                continue
            close, volume = so_far[-1][4], sum(bar[5] for bar in so_far)
            strong = rsi > 60 + EPS and close > _vwap(so_far) + EPS and close > mean_close + EPS
            if strong and volume / mean_volume > 0.3 + EPS:
                hits.append((session, mark, row))
        if bars:
            closes.append(bars[-1][4])
            volumes.append(sum(bar[5] for bar in bars))
    last = {name: float(series[-1]) for name, series in known.items() if len(series)}
    return hits, last | {"vwap": _vwap(sessions[-1])}


def _minute_bars(market: Market, session: int, row: int) -> Iterator[MinuteBar]:
    for minute in range(market.present.shape[1]):
        if market.present[session, minute, row]:
            opened, high, low, close, volume = market.fields[session, minute, :, row].tolist()
            yield minute, opened, high, low, close, volume


def _five_minute_bars(bars: list[MinuteBar]) -> Iterator[MinuteBar]:
    """5m bars, with the minute they are complete."""
    for window, group in groupby(bars, key=lambda bar: bar[0] // 5):
        _, opens, highs, lows, closes, volumes = zip(*group, strict=True)
        yield window * 5 + 5, opens[0], max(highs), min(lows), closes[-1], sum(volumes)


def _indicators(bars: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    _, high, low, close, _ = np.ascontiguousarray(bars.T)
    return {
        "sma20": talib.SMA(close, 20),
        "ema9": talib.EMA(close, 9),
        "rsi14": talib.RSI(close, 14),
        "atr14": talib.ATR(high, low, close, 14),
    }


def _last_known(rsi_at: dict[tuple[int, int], float], session: int) -> float:
    """The rsi the session starts with."""
    earlier = [rsi for (day, _), rsi in rsi_at.items() if day < session]
    return earlier[-1] if earlier else float("nan")


def _vwap(bars: list[MinuteBar]) -> float:
    if not bars:
        return float("nan")
    weighted = sum((high + low + close) / 3 * volume for _, _, high, low, close, volume in bars)
    return weighted / sum(bar[5] for bar in bars)
