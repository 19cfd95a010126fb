"""What is known of a symbol at an instant, computed from raw bars by loops and TA-Lib: nothing of symscan."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import talib

from support.generated_market import Day, Market

MINUTE = 60_000_000
NAN = math.nan
Bars = list[tuple[int, float, float, float, float, float]]
"""End, open, high, low, close, volume."""


class Oracle:
    """A market as DESIGN.md section 4 defines its readings.

    Parameters
    ----------
    market
        Raw minute bars, and daily ones for the dates they are stored of.
    dates
        Every session of the exchange over that time.
    splits
        Symbol, ex-date, ratio.
    """

    def __init__(
        self, market: Market, dates: Sequence[date], splits: Sequence[tuple[str, date, float]] = ()
    ) -> None:
        self.days = [Day.of(one) for one in dates]
        self._place = {day.date: index for index, day in enumerate(self.days)}
        self._splits = splits
        self._minutes: dict[tuple[str, date], Bars] = {}
        self._daily: dict[tuple[str, date], Bars] = {}
        minutes = market.minutes.with_columns(pl.col("ts").dt.epoch("us")).sort("symbol", "ts")
        opens = np.array([day.pre_open for day in self.days])
        for symbol, start, *fields in minutes.iter_rows():
            day = self.days[int(np.searchsorted(opens, start, "right")) - 1]
            self._minutes.setdefault((symbol, day.date), []).append((start + MINUTE, *fields))
        for symbol, one, *fields in market.days.select(
            "symbol", "date", "open", "high", "low", "close", "volume"
        ).iter_rows():
            self._daily[symbol, one] = [(self.days[self._place[one]].close, *fields)]
        self.readings = cache(self._readings)
        self.intraday = cache(self._intraday)
        self.series = cache(self._series)

    def regular(self, symbol: str, day: Day) -> Bars:
        return [bar for bar in self._minutes.get((symbol, day.date), []) if day.open < bar[0] <= day.close]

    def premarket(self, symbol: str, day: Day, at: int) -> Bars:
        bars = self._minutes.get((symbol, day.date), [])
        return [bar for bar in bars if day.pre_open < bar[0] <= min(day.open, at)]

    def _intraday(self, symbol: str, day: Day, minutes: int) -> Bars:
        """Bars anchored at the open, the last one cut at the close; none where nothing traded."""
        windows: dict[int, Bars] = {}
        for bar in self.regular(symbol, day):
            windows.setdefault((bar[0] - MINUTE - day.open) // (minutes * MINUTE), []).append(bar)
        ends = {window: min(day.open + (window + 1) * minutes * MINUTE, day.close) for window in windows}
        return [combined(bars, ends[window]) for window, bars in sorted(windows.items())]

    def daily(self, symbol: str, day: Day) -> Bars:
        """The stored row of a date; derived where there is none."""
        if (symbol, day.date) in self._daily:
            return self._daily[symbol, day.date]
        bars = self.regular(symbol, day)
        return [combined(bars, day.close)] if bars else []

    def earlier(self, day: Day, count: int) -> list[Day]:
        index = self._place[day.date]
        return self.days[max(0, index - count) : index]

    def rebased(self, symbol: str, bars: Bars, then: date, now: date) -> Bars:
        ratio = math.prod(r for s, ex_date, r in self._splits if s == symbol and then < ex_date <= now)
        return [(end, o / ratio, h / ratio, lo / ratio, c / ratio, v * ratio) for end, o, h, lo, c, v in bars]

    def mismatched(self, symbol: str, day: Day) -> bool:
        """Whether closes differ in the previous session; if it has only minutes, in the last with both."""
        for then in reversed(self.earlier(day, 20)):
            daily, last = self._daily.get((symbol, then.date)), self.regular(symbol, then)
            if daily and last:
                return abs(last[-1][4] / daily[0][4] - 1) > 0.03
            if then == self.earlier(day, 1)[0] and (daily or not last):
                break
        return False

    def previous_close(self, symbol: str, day: Day) -> float:
        (previous,) = self.earlier(day, 1)
        bars = self.rebased(symbol, self.daily(symbol, previous), previous.date, day.date)
        return bars[0][4] if bars and not self.mismatched(symbol, day) else NAN

    def _readings(self, symbol: str, day: Day, at: int) -> dict[str, float]:
        """All session readings as of an instant."""
        early = self.premarket(symbol, day, at)
        regular = [bar for bar in self.regular(symbol, day) if bar[0] <= at]
        current = regular if at > day.open else early
        previous = self.previous_close(symbol, day)
        close = current[-1][4] if current else NAN
        first = (regular[0][1] if regular else NAN) if at > day.open else close
        volume = sum(bar[5] for bar in regular)
        turnover = sum((bar[2] + bar[3] + bar[4]) / 3 * bar[5] for bar in regular)
        return {
            "open": regular[0][1] if regular else NAN,
            "high": max((bar[2] for bar in regular), default=NAN),
            "low": min((bar[3] for bar in regular), default=NAN),
            "close": close,
            "volume": volume if regular else NAN,
            "vwap": turnover / volume if volume else NAN,
            "minutes_since_bar": (at - current[-1][0]) / MINUTE if current else NAN,
            "previous_close": previous,
            "change_pct": 100 * (close / previous - 1),
            "gap_pct": 100 * (first / previous - 1),
            "premarket_volume": sum(bar[5] for bar in early) if early else NAN,
            "premarket_high": max((bar[2] for bar in early), default=NAN),
            "premarket_low": min((bar[3] for bar in early), default=NAN),
        }

    def prior_reading(self, symbol: str, name: str, day: Day, at: int, back: int) -> float:
        """A reading so many of the symbol's bars earlier; nothing is earlier than the phase's first bar."""
        regular = [bar[0] for bar in self.regular(symbol, day) if bar[0] <= at]
        if at <= day.open:
            early = [bar[0] for bar in self.premarket(symbol, day, at)]
            is_price = name in ("close", "change_pct")
            return (
                self.readings(symbol, day, early[-1 - back])[name] if is_price and len(early) > back else NAN
            )
        return self.readings(symbol, day, regular[-1 - back])[name] if len(regular) > back else NAN

    def indicator(
        self, symbol: str, key: str, day: Day, at: int, is_complete: bool = False, back: int = 0
    ) -> float:
        """An indicator as of an instant, or of the complete day, by TA-Lib over the symbol's own bars.

        With ``back``, so many bars earlier.
        """
        if is_complete and key.endswith("_1d") and not self._today(symbol, day):
            return NAN  # who has no bar of the complete day has no value of it
        ends, values = self.series(symbol, key, day, is_complete, back)
        if _parsed(key)[2] in ("1d", "1w", "1mo"):
            return values[-1 - back] if len(ends) > back and not self.mismatched(symbol, day) else NAN
        done = [value for end, value in zip(ends, values, strict=True) if day.open < end <= at]
        return done[-1 - back] if len(done) > back else NAN

    def _series(
        self, symbol: str, key: str, day: Day, is_complete: bool = False, back: int = 0
    ) -> tuple[list[int], list[float]]:
        name, params, length = _parsed(key)
        bars: Bars = []
        if length in ("1w", "1mo"):
            bars = self._periods(symbol, day, _week if length == "1w" else _month, is_complete)
        elif length == "1d":
            for then in self.earlier(day, (warm_up_bars(name, params) or 1) + back):
                bars += self.rebased(symbol, self.daily(symbol, then), then.date, day.date)
            bars += self._today(symbol, day) if is_complete else []
        else:
            minutes = int(length[:-1]) * (60 if length[-1] == "h" else 1)
            for then in self.earlier(day, self._sessions(day, warm_up_bars(name, params), minutes)):
                bars += self.rebased(symbol, self.intraday(symbol, then, minutes), then.date, day.date)
            bars = bars + self.intraday(symbol, day, minutes)
        if not bars:
            return [], []
        table = np.array(bars)
        return [bar[0] for bar in bars], _computed(name, params, table, table[:, 0] > day.open).tolist()

    def _today(self, symbol: str, day: Day) -> Bars:
        """The session's own bar, of its minutes; the stored row where there are none."""
        bars = self.regular(symbol, day)
        return [combined(bars, day.close)] if bars else self._daily.get((symbol, day.date), [])

    def _periods(self, symbol: str, day: Day, of: Callable[[date], Any], is_complete: bool) -> Bars:
        """Whole weeks or months that were over before the session, or with it."""
        periods: dict[Any, Bars] = {}
        place = self._place[day.date]
        is_last = place + 1 < len(self.days) and of(self.days[place + 1].date) != of(day.date)
        for then in self.days[:place]:
            if of(then.date) < of(day.date) or (is_last and is_complete):
                bars = self.rebased(symbol, self.daily(symbol, then), then.date, day.date)
                periods.setdefault(of(then.date), []).extend(bars)
        if is_last and is_complete:
            periods.setdefault(of(day.date), []).extend(self._today(symbol, day))
        return [combined(bars, bars[-1][0]) for _, bars in sorted(periods.items()) if bars]

    def _sessions(self, day: Day, bars: int, minutes: int) -> int:
        """Whole sessions that hold the bars wanted, and a quarter more, as if every bar traded."""
        count, found = 0, 0
        for then in reversed(self.earlier(day, 10_000)):
            if found >= bars * 1.25:
                break
            found, count = found + -(-then.minutes // minutes), count + 1
        return count


def combined(bars: Bars, end: int) -> tuple[int, float, float, float, float, float]:
    return (
        end,
        bars[0][1],
        max(bar[2] for bar in bars),
        min(bar[3] for bar in bars),
        bars[-1][4],
        sum(bar[5] for bar in bars),
    )


def _week(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def warm_up_bars(name: str, params: list[float]) -> int:
    """How much history an indicator asks for: its window, or until its seed is down to 1e-8."""
    period = int(params[0]) if params else 0
    if name == "vwap":
        return 0
    if name in ("rsi", "atr"):
        return period + 1 + math.ceil(math.log(1e-8) / math.log(1 - 1 / period))
    if name == "ema":
        return period + math.ceil(math.log(1e-8) / math.log(1 - 2 / (period + 1)))
    if name == "macd":
        return warm_up_bars("ema", [params[1]]) + warm_up_bars("ema", [params[2]]) - 1
    return period + (name in ("roc", "volume_ratio"))


def _parsed(key: str) -> tuple[str, list[float], str]:
    found = re.fullmatch(r"([a-z_]+?)((?:_\d+(?:p\d+)?)*)_(\d+(?:mo|[mhdw]))", key.partition(".")[0])
    assert found is not None
    output = key.partition(".")[2]
    name = f"{found[1]}.{output}" if output else found[1]
    return name.partition(".")[0], [float(p.replace("p", ".")) for p in found[2].split("_") if p], found[3]


def _computed(name: str, params: list[float], table: Any, is_today: Any) -> Any:
    _, opened, high, low, close, volume = (np.ascontiguousarray(column) for column in table.T)
    period = int(params[0]) if params else 0
    if name == "volume_ratio":
        ratio = np.full(len(volume), NAN)
        for index in range(period, len(volume)):
            ratio[index] = volume[index] / volume[index - period : index].mean()
        return ratio
    if name == "vwap":
        turnover = np.cumsum(np.where(is_today, (high + low + close) / 3 * volume, 0))
        return turnover / np.maximum(np.cumsum(np.where(is_today, volume, 0)), 1e-300)
    if name == "sma" and period == 1:
        return close  # TA-Lib's begins with a period of 2
    if name == "macd":
        return talib.MACD(close, *map(int, params))[0]
    if name == "bbands":
        return talib.BBANDS(close, period, params[1], params[1])[0]
    computed = {
        "sma": lambda: talib.SMA(close, period),
        "ema": lambda: talib.EMA(close, period),
        "rsi": lambda: talib.RSI(close, period),
        "atr": lambda: talib.ATR(high, low, close, period),
        "roc": lambda: talib.ROC(close, period),
        "volume_sma": lambda: talib.SMA(volume, period),
        "highest": lambda: talib.MAX(high, period),
        "lowest": lambda: talib.MIN(low, period),
        "dollar_volume": lambda: talib.SMA(close * volume, period),
        "open": lambda: opened,
        "high": lambda: high,
        "low": lambda: low,
        "close": lambda: close,
        "volume": lambda: volume,
    }
    return computed[name]()
