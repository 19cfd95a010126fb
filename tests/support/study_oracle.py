"""A study the plain way: a loop over hits with explicit lists of controls, over raw bars."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import polars as pl

Found = dict[str, float] | str
"""The return with its excursions, or why it is unknown."""

MINUTE = 60_000_000
DECIDED_WITHIN = 5_000_000
BEYOND = 5
MEASURED = 21


@dataclass(frozen=True)
class Bars:
    """One symbol's regular bars of one session, by their starts."""

    start: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]


@dataclass(frozen=True)
class PlainSession:
    date: date
    open: int
    close: int


@dataclass(eq=False)
class PlainStudy:
    """What came after hits, one by one.

    Attributes
    ----------
    sessions
        All sessions of the calendar from the first bar on, to the last that may be read.
    minutes
        ``symbol``, ``ts`` (UTC start), and the five fields.
    days
        ``symbol``, ``date``, and the five fields; None for a store without.
    splits
        Symbol, ex-date and ratio.
    """

    sessions: list[PlainSession]
    minutes: pl.DataFrame
    days: pl.DataFrame | None = None
    splits: Sequence[tuple[str, date, float]] = ()
    bars: dict[tuple[str, date], Bars] = field(default_factory=dict)

    def __post_init__(self) -> None:
        starts = self.minutes["ts"].dt.epoch("us").to_list()
        session_of = {one.date: one for one in self.sessions}
        names = ("open", "high", "low", "close", "volume")
        columns = [self.minutes[name].cast(pl.Float64).to_list() for name in names]
        rows: dict[tuple[str, date], list[tuple[Any, ...]]] = defaultdict(list)
        dates = self.minutes["ts"].dt.convert_time_zone("America/New_York").dt.date().to_list()
        for symbol, day, start, *values in zip(
            self.minutes["symbol"].to_list(), dates, starts, *columns, strict=True
        ):
            session = session_of.get(day)
            if session is not None and session.open <= start < session.close:
                rows[symbol, day].append((start, *values))
        self.bars = {key: Bars(*map(list, zip(*sorted(own), strict=True))) for key, own in rows.items()}
        self.outcome = cache(self._outcome)  # type: ignore[method-assign]
        self.entry = cache(self._entry)  # type: ignore[method-assign]

    # -- one symbol ----------------------------------------------------------------------------

    def _entry(self, symbol: str, day: date, at: int) -> tuple[int, float] | str:
        """The start and the open of the entry bar, or why there is none."""
        session, bars = self._session(day), self.bars.get((symbol, day))
        last = session.close - MINUTE
        if at >= last:
            return "too_late"
        place = len(bars.start) if bars is None else bisect_left(bars.start, at)
        if bars is None or place == len(bars.start) or bars.start[place] > at + 2 * MINUTE:
            return "no_entry_bar"
        return "too_late" if bars.start[place] == last else (bars.start[place], bars.open[place])

    def _outcome(self, symbol: str, day: date, at: int, horizon: str) -> Found:
        """The return with its excursions, or why it is unknown."""
        entry = self.entry(symbol, day, at) if (symbol, day) in self.bars else None
        if entry is None:
            return "too_late" if at >= self._session(day).close - MINUTE else "no_entry_bar"
        if isinstance(entry, str):
            return entry
        if horizon.endswith("m") or horizon == "close":
            return self._within(symbol, day, entry, horizon)
        return self._later(symbol, day, entry, horizon)

    def _within(self, symbol: str, day: date, entry: tuple[int, float], horizon: str) -> Found:
        session, bars, (start, price) = self._session(day), self.bars[symbol, day], entry
        end, within = session.close - MINUTE, 0
        if horizon != "close":
            end, within = start + int(horizon[:-1]) * MINUTE, 2 * MINUTE
            if end > session.close:
                return "session_end"
            if end == session.close:
                end, within = session.close - MINUTE, 0
        exit_price, last = _exit(bars, end, within)
        return _measured(price, exit_price, *_range(bars, start, last))

    def _later(self, symbol: str, day: date, entry: tuple[int, float], horizon: str) -> Found:
        place = [one.date for one in self.sessions].index(day)
        ahead = 1 if horizon == "next_open" else int(horizon[:-1])
        if place + ahead >= len(self.sessions):
            return "not_yet"
        window = self.sessions[place : place + ahead + 1]
        beyond = self.sessions[place + ahead : place + ahead + BEYOND + 1]
        if not any((symbol, one.date) in self.bars for one in beyond):
            return "ended"
        own, (start, price) = self.bars[symbol, day], entry
        final = self.bars.get((symbol, window[-1].date))
        factor = self._ratio(symbol, day, window[-1].date)
        if horizon == "next_open":
            if final is None or final.start[0] > window[-1].open + 30 * MINUTE:
                return "no_next_open"
            return _measured(price, final.open[0] * factor, *_range(own, start, len(own.start) - 1))
        high, low = _range(own, start, len(own.start) - 1)
        known = [one for one in window if (symbol, one.date) in self.bars]
        for one in known[1:]:
            bars, scale = self.bars[symbol, one.date], self._ratio(symbol, day, one.date)
            upto = len(bars.start) - 1
            if one is window[-1]:
                upto = _exit(bars, one.close - MINUTE, 0)[1]
            if upto >= 0:
                high, low = (
                    max(high, max(bars.high[: upto + 1]) * scale),
                    min(low, min(bars.low[: upto + 1]) * scale),
                )
        last = self.bars[symbol, known[-1].date]
        scale = self._ratio(symbol, day, known[-1].date)
        end = window[-1].close - MINUTE
        exit_price = last.close[-1] if final is None else _exit(final, end, 0)[0]
        return _measured(price, exit_price * scale, high, low)

    # -- controls ------------------------------------------------------------------------------

    def strata(self, day: date, candidates: Sequence[str]) -> dict[str, int]:
        """Nested bins of volatility, then of dollar volume; those without either are one of their own."""
        measured = {one: self._measures(one, day) for one in sorted(candidates)}
        known = [one for one, values in measured.items() if None not in values]
        bins = next((b for least, b in ((250, 5), (90, 3), (40, 2)) if len(known) >= least), 1)
        codes = dict.fromkeys(known, 0)
        for which in (0, 1):
            groups = defaultdict(list)
            for one in known:
                groups[codes[one]].append(one)
            for code, members in groups.items():
                ranked = sorted(members, key=lambda one: measured[one][which])
                for place, one in enumerate(ranked):
                    codes[one] = code * bins + place * bins // len(members)
        return {one: codes.get(one, -1) for one in candidates}

    def _measures(self, symbol: str, day: date) -> tuple[float | None, float | None]:
        place = [one.date for one in self.sessions].index(day)
        earlier = [one.date for one in self.sessions[max(place - MEASURED, 0) : place]]
        daily = [self._daily(symbol, one, day) for one in earlier]
        returns = [math.log(now[0] / before[0]) for before, now in pairwise(daily) if before and now]
        of_sessions = [one for one in (daily[1:] if len(earlier) == MEASURED else daily) if one]
        if len(earlier) < MEASURED:  # sessions before the first bar are there, too, without one
            returns = returns[-20:]
        volume = [math.log(close * shares) for close, shares in of_sessions if close * shares > 0]
        return _deviation(returns), sum(volume) / len(volume) if len(volume) >= 10 else None

    @cache  # noqa: B019 - one study at a time
    def _daily(self, symbol: str, of: date, day: date) -> tuple[float, float] | None:
        """Close and volume of a session on the basis of ``day``: the daily bar, else that of its minutes."""
        factor = 1.0 / self._ratio(symbol, of, day)
        stored = self._stored_days().get((symbol, of))
        if stored is None and (symbol, of) in self.bars:
            bars = self.bars[symbol, of]
            stored = bars.close[-1], sum(bars.volume)
        return None if stored is None else (stored[0] * factor, stored[1] / factor)

    @cache  # noqa: B019 - one study at a time
    def _stored_days(self) -> dict[tuple[str, date], tuple[float, float]]:
        if self.days is None:
            return {}
        columns = self.days.select("symbol", "date", "close", "volume").rows()
        return {(symbol, day): (close, float(volume)) for symbol, day, close, volume in columns}

    def excess(
        self, symbol: str, day: date, at: int, horizon: str, pool: Sequence[str], strata: dict[str, int]
    ) -> tuple[float | None, float | None, int]:
        """The excess against the controls and against the whole pool, and how many controls there are."""
        own = self.outcome(symbol, day, at, horizon)
        known = [(one, self.outcome(one, day, at, horizon)) for one in pool]
        rets = [(one, found["ret"]) for one, found in known if not isinstance(found, str)]
        alike = [ret for one, ret in rets if strata[one] == strata.get(symbol)]
        if isinstance(own, str):
            return None, None, len(alike)
        everyone = [ret for _, ret in rets]
        against = [
            own["ret"] - math.fsum(some) / len(some) if len(some) >= 3 else None for some in (alike, everyone)
        ]
        return against[0], against[1], len(alike)

    # -- the calendar --------------------------------------------------------------------------

    def _session(self, day: date) -> PlainSession:
        return next(one for one in self.sessions if one.date == day)

    def _ratio(self, symbol: str, after: date, until: date) -> float:
        """The ratio of all splits after one date and up to another."""
        ratios = (
            ratio for name, ex_date, ratio in self.splits if name == symbol and after < ex_date <= until
        )
        return math.prod(ratios)


def acts_from(scan_at: int, decided_at: int) -> int:
    """From when a scan of the session counts."""
    return decided_at if decided_at - scan_at > DECIDED_WITHIN else scan_at


def _beyond(ret: float, others: Sequence[float]) -> float | None:
    """How much a return is above the mean of others, if there are three."""
    return ret - math.fsum(others) / len(others) if len(others) >= 3 else None


def _exit(bars: Bars, end: int, within: int) -> tuple[float, int]:
    """The exit price, and the last bar before it: the first open in time, else the last close."""
    place = bisect_left(bars.start, end)
    if place < len(bars.start) and bars.start[place] <= end + within:
        return bars.open[place], place - 1
    place = bisect_right(bars.start, end - MINUTE) - 1
    return bars.close[place], place


def _range(bars: Bars, start: int, last: int) -> tuple[float, float]:
    first = bisect_left(bars.start, start)
    span = slice(first, max(last, first) + 1)
    return max(bars.high[span]), min(bars.low[span])


def _measured(price: float, exit_price: float, high: float, low: float) -> dict[str, float]:
    def bp(level: float) -> float:
        return 1e4 * (level / price - 1.0)

    return {"ret": bp(exit_price), "mfe": bp(max(high, exit_price)), "mae": bp(min(low, exit_price))}


def _deviation(returns: Sequence[float]) -> float | None:
    if len(returns) < 10:
        return None
    mean = math.fsum(returns) / len(returns)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in returns) / (len(returns) - 1))
