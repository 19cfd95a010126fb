"""The plain NumPy cross-section: the benchmark's job without an engine, its yardstick and its check.

One loop over minutes. Bars lie in memory as dense blocks, one ``(5, symbols)`` block per minute, as in
:class:`market.Market`. Every row is updated, then the few without a bar are put right; rows whose seed is not
complete are a subset of their own; buffers are allocated once. State is true after every minute; vwap is
divided out where it is read.

The job: 5m bars at every fifth minute from whatever 1m bars there are; sma20, ema9, rsi14 and atr14 on them,
carried from session to session; vwap and cumulative volume since the open; the means of close and volume over
the last 20 completed days; and a scan at every fifth minute.
"""

from __future__ import annotations

import hashlib
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from market import Market

EPS: Final = 1e-9
MIN_RSI: Final = 60 + EPS
MIN_VOLUME_SHARE: Final = 0.3 + EPS
WINDOW: Final = 5

SMA: Final = 20
EMA: Final = 9
WILDER: Final = 14
DAYS: Final = 20

Floats = NDArray[np.float64]
Hits = NDArray[np.int64]
Rows = NDArray[np.intp]

_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = range(5)


def run(market: Market) -> tuple[Hits, float, dict[str, Floats]]:
    """Run the job.

    Returns
    -------
    hits
        ``(session, minutes since the open, row)``, sorted, shape ``(hits, 3)``.
    loop_seconds
        The time from the first minute to hits in memory, everything prepared.
    values
        sma20, ema9, rsi14, atr14 and vwap at the end, NaN where unknown, each of shape ``(symbols,)``.
    """
    symbols = len(market.symbols)
    five = FiveMinutes(symbols)
    today = Today(symbols)
    days = CompletedDays(market.daily)
    found: list[tuple[int, int, Rows]] = []
    started = perf_counter()
    for session, (minutes, present) in enumerate(zip(market.fields, market.present, strict=True)):
        today.begin()
        min_close, min_volume = days.means()
        min_close += EPS
        min_volume *= MIN_VOLUME_SHARE
        for minute in range(len(minutes)):
            today.update(minutes[minute], np.flatnonzero(~present[minute]), minute % WINDOW == 0)
            if minute % WINDOW == WINDOW - 1:
                five.update(today.bar, today.close, today.barless)
                rows = today.scan(five.rsi, min_close, min_volume)
                found.append((session, minute + 1, rows))
        days.append(today.close, today.volume)
    hits = _hits(found)
    loop_seconds = perf_counter() - started
    return hits, loop_seconds, {**five.values(), "vwap": today.vwap()}


def digest(hits: Hits) -> str:
    """The sha256 of the hits, by which implementations are compared."""
    return hashlib.sha256(np.ascontiguousarray(hits, np.int64).tobytes()).hexdigest()


def _hits(found: list[tuple[int, int, Rows]]) -> Hits:
    hits = np.empty((sum(len(rows) for *_, rows in found), 3), np.int64)
    at = 0
    for session, minute, rows in found:
        block = hits[at : at + len(rows)]
        block[:, 0], block[:, 1], block[:, 2] = session, minute, rows
        at += len(rows)
    return hits


class Today:
    """The session so far, and the 5m bar under construction.

    ``bar`` holds its open, high, low and volume; its close is the last close, as long as it has a bar.
    """

    def __init__(self, symbols: int) -> None:
        self.close = np.full(symbols, np.nan)
        self.volume = np.zeros(symbols)
        self.bar = np.empty((5, symbols))
        self.barless = np.empty(0, np.intp)
        self._turnover = np.zeros(symbols)
        self._a, self._b = np.empty(symbols), np.empty(symbols)
        self._mask, self._other = np.empty(symbols, np.bool_), np.empty(symbols, np.bool_)

    def begin(self) -> None:
        self.close.fill(np.nan)
        self.volume.fill(0.0)
        self._turnover.fill(0.0)

    def update(self, bars: Floats, absent: Rows, starts_bar: bool) -> None:
        """Take one minute; prices of rows in ``absent`` are NaN, their volume is 0."""
        close, turnover = bars[_CLOSE], self._a
        kept = self.close[absent]
        self.close[:] = close
        self.close[absent] = kept
        np.add(bars[_HIGH], bars[_LOW], out=turnover)
        turnover += close
        turnover *= bars[_VOLUME]
        turnover[absent] = 0.0
        self._turnover += turnover
        self.volume += bars[_VOLUME]
        if starts_bar:
            self.bar[:] = bars
            self.barless = absent
        else:
            self._extend_bar(bars)

    def _extend_bar(self, bars: Floats) -> None:
        bar, rows = self.bar, self.barless
        np.fmax(bar[_HIGH], bars[_HIGH], out=bar[_HIGH])
        np.fmin(bar[_LOW], bars[_LOW], out=bar[_LOW])
        bar[_VOLUME] += bars[_VOLUME]
        if len(rows):
            opens = bars[_OPEN][rows]
            bar[_OPEN][rows] = opens
            self.barless = rows[np.isnan(opens)]

    def scan(self, rsi: Floats, min_close: Floats, min_volume: Floats) -> Rows:
        """The rows that meet all four conditions; a comparison with the unknown is false."""
        mask, other, limit = self._mask, self._other, self._b
        np.greater(rsi, MIN_RSI, out=mask)
        self._vwap_into(limit)
        limit += EPS
        mask &= np.greater(self.close, limit, out=other)
        mask &= np.greater(self.close, min_close, out=other)
        mask &= np.greater(self.volume, min_volume, out=other)
        return np.flatnonzero(mask)

    def vwap(self) -> Floats:
        """Volume-weighted mean of (high + low + close) / 3 since the open; NaN without a bar."""
        vwap = np.empty_like(self.close)
        self._vwap_into(vwap)
        vwap[np.isnan(self.close)] = np.nan
        return vwap

    def _vwap_into(self, out: Floats) -> None:
        """Where there is no bar yet the quotient is 0; the close is NaN there, so nothing can pass it."""
        np.multiply(self.volume, 3.0, out=out)
        np.maximum(out, 1.0, out=out)
        np.divide(self._turnover, out, out=out)


class FiveMinutes:
    """sma20, ema9, rsi14 and atr14 of 5m bars.

    ``_state`` is one array, so that rows without a bar are saved and restored by one gather and one scatter.
    """

    _PREVIOUS, _SUM, _EMA, _GAIN, _LOSS, _ATR = range(6)

    def __init__(self, symbols: int) -> None:
        self.rsi = np.full(symbols, np.nan)
        self._state = np.full((6, symbols), np.nan)
        self._ring = np.zeros((SMA, symbols))
        self._slot = 0
        self._seeding = np.arange(symbols)
        self._count = np.zeros(symbols, np.intp)
        self._seed = np.zeros((5, symbols))
        self._a, self._b = np.empty(symbols), np.empty(symbols)

    def update(self, bar: Floats, close: Floats, barless: Rows) -> None:
        """Take the 5m bars that ended; rows in ``barless`` have none and keep their state."""
        kept = self._state[:, barless]
        seeding = self._seeding
        if len(seeding):
            previous = self._state[self._PREVIOUS][seeding]
        self._update_sma(close, barless)
        self._update_ema(close)
        self._update_atr(bar[_HIGH], bar[_LOW])
        self._update_rsi(close)
        self._state[:, barless] = kept
        if len(seeding):
            traded = ~np.isnan(bar[_OPEN][seeding])
            self._update_seeds(seeding[traded], bar, close, previous[traded])
        self._read_rsi()

    def values(self) -> dict[str, Floats]:
        """The four indicators, NaN before their seed is complete."""
        state = self._state
        sma, ema, atr = (state[row].copy() for row in (self._SUM, self._EMA, self._ATR))
        return {"sma20": sma / SMA, "ema9": ema, "rsi14": self.rsi.copy(), "atr14": atr}

    def _update_sma(self, close: Floats, barless: Rows) -> None:
        oldest, total = self._ring[self._slot], self._state[self._SUM]
        if len(barless):
            # Turning these rows' rings by one slot leaves their oldest close where the next bar expects it.
            turned = np.roll(self._ring[:, barless], 1, axis=0)
        total -= oldest
        total += close
        oldest[:] = close
        if len(barless):
            self._ring[:, barless] = turned
        self._slot = (self._slot + 1) % SMA

    def _update_ema(self, close: Floats) -> None:
        ema, change = self._state[self._EMA], self._a
        np.subtract(close, ema, out=change)
        change *= 2 / (EMA + 1)
        ema += change

    def _update_atr(self, high: Floats, low: Floats) -> None:
        previous, atr = self._state[self._PREVIOUS], self._state[self._ATR]
        true_range, floor = self._a, self._b
        np.maximum(high, previous, out=true_range)
        np.minimum(low, previous, out=floor)
        true_range -= floor
        _smooth(atr, true_range)

    def _update_rsi(self, close: Floats) -> None:
        previous = self._state[self._PREVIOUS]
        change, gain = self._a, self._b
        np.subtract(close, previous, out=change)
        np.maximum(change, 0.0, out=gain)
        _smooth(self._state[self._GAIN], gain)
        np.subtract(gain, change, out=change)
        _smooth(self._state[self._LOSS], change)
        previous[:] = close

    def _read_rsi(self) -> None:
        gain, total = self._state[self._GAIN], self._a
        np.add(gain, self._state[self._LOSS], out=total)
        np.maximum(total, np.finfo(np.float64).tiny, out=total)
        np.divide(gain, total, out=self.rsi)
        self.rsi *= 100.0

    def _update_seeds(self, rows: Rows, bar: Floats, close: Floats, previous: Floats) -> None:
        """Add a bar to the sums of rows whose seed is incomplete; give over the sums that are complete."""
        last = close[rows]
        self._count[rows] += 1
        count = self._count[rows]
        change = np.where(count > 1, last - previous, 0.0)
        true_range = np.maximum(bar[_HIGH][rows], previous) - np.minimum(bar[_LOW][rows], previous)
        true_range[count == 1] = 0.0
        terms = (last, last, np.maximum(change, 0), np.maximum(-change, 0), true_range)
        self._seed[:, rows] += np.array(terms)
        needed = (SMA, EMA, WILDER + 1, WILDER + 1, WILDER + 1)
        divisors = (1, EMA, WILDER, WILDER, WILDER)
        for index, (bars, divisor) in enumerate(zip(needed, divisors, strict=True)):
            complete = rows[count == bars]
            self._state[self._SUM + index, complete] = self._seed[index, complete] / divisor
        self._seeding = self._seeding[self._count[self._seeding] < max(needed)]


class CompletedDays:
    """Close and volume of the last 20 completed days of each symbol, oldest first."""

    def __init__(self, daily: Floats) -> None:
        self._last = daily[-DAYS:, [_CLOSE, _VOLUME]]

    def means(self) -> tuple[Floats, Floats]:
        """The mean close and the mean volume, each of shape ``(symbols,)``."""
        close, volume = self._last.mean(axis=0)
        return close, volume

    def append(self, close: Floats, volume: Floats) -> None:
        """Take a completed day; a symbol without a bar has no daily bar."""
        traded = ~np.isnan(close)
        self._last[:-1, :, traded] = self._last[1:, :, traded]
        self._last[-1, :, traded] = np.stack([close, volume], axis=1)[traded]


def _smooth(mean: Floats, value: Floats) -> None:
    """Wilder's smoothing, in place."""
    mean *= WILDER - 1
    mean += value
    mean /= WILDER
