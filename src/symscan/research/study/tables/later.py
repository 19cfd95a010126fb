"""Join sessions: what came of hits in the sessions after their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from symscan.model.bar import Floats, Rows
from symscan.research.statistics.excess import excess
from symscan.research.statistics.exits import returns_bp
from symscan.research.statistics.horizons import Horizon, HorizonKind
from symscan.research.statistics.reasons import Why
from symscan.research.statistics.session_ends import (
    LaterExits,
    SessionEnds,
    later_excursions,
    later_exits,
)
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.session_study import HitOutcomes, ScannerSession, SessionOutcomes
from symscan.scanners.running.verdicts import Verdict

SESSIONS_BEYOND: Final = 5
"""A symbol ended that has no bar in the session of the exit, nor in so many after it."""


@dataclass(frozen=True, slots=True, eq=False)
class DayEnds:
    """What one session says of holdings of earlier ones, by symbol; None where the store lacks its bars."""

    date: date
    symbols: tuple[str, ...]
    ends: SessionEnds | None


LoadEnds = Callable[[date, Sequence[str]], DayEnds]
"""Loads what a session says of symbols."""


class LaterSessions:
    """Measures what came of hits in later sessions, as far as these are known.

    Parameters
    ----------
    plan
        What is measured.
    days
        The dates of the sessions that may be read, in order: from the first hit's on.
    splits
        ``symbol``, ``ex_date``, ``ratio``.
    load
        Loads what is not known of a session.
    """

    def __init__(self, plan: StudyPlan, days: Sequence[date], splits: pl.DataFrame, load: LoadEnds) -> None:
        self._plan = plan
        self._days = list(days)
        self._splits = splits
        self._load = load
        self._known: dict[date, _Columns] = {}

    def add(self, ends: DayEnds) -> None:
        """Add what a session says."""
        self._known[ends.date] = _Columns(ends)

    def drop_before(self, day: date) -> None:
        """Forget sessions that no hit to come needs."""
        self._known = {one: columns for one, columns in self._known.items() if one >= day}

    def measure(self, outcomes: SessionOutcomes) -> dict[str, dict[Horizon, HitOutcomes]]:
        """Return what came of the hits of one session, by scanner and horizon."""
        results: dict[str, dict[Horizon, HitOutcomes]] = {name: {} for name in outcomes.scanners}
        for horizon in self._plan.later:
            later = self._exits(horizon, outcomes)
            ret = returns_bp(outcomes.entry_price, later.price)
            for name, scanner in outcomes.scanners.items():
                results[name][horizon] = self._of_scanner(scanner, ret, later)
        return results

    def exit_prices(self, horizon: Horizon, outcomes: SessionOutcomes) -> Floats:
        """Return the exit price of each symbol of a session's table, on the basis of that session."""
        return self._exits(horizon, outcomes).price

    def _exits(self, horizon: Horizon, outcomes: SessionOutcomes) -> LaterExits:
        """Return the exits of the symbols of a session's table, ``(symbols,)`` each."""
        first = self._days.index(outcomes.date)
        ahead = horizon.sessions + SESSIONS_BEYOND
        window = self._days[first : first + ahead + 1]
        ends = [self._ends(day, outcomes.symbols) for day in window]
        has_bars = [one is not None for one in ends]
        while not has_bars[-1]:
            window, ends, has_bars = window[:-1], ends[:-1], has_bars[:-1]
        blank = _blank(len(outcomes.symbols))
        stack = SessionEnds.stack([blank if one is None else one for one in ends])
        found = later_exits(
            stack,
            self._ratios(window, outcomes.symbols),
            horizon.sessions,
            at_open=horizon.kind is HorizonKind.NEXT_OPEN,
        )
        own = LaterExits(*(getattr(found, one.name)[0] for one in fields(found)))
        if horizon.sessions < len(has_bars) and not has_bars[horizon.sessions]:  # the store lacks that day
            own = replace(own, price=blank.first, why=np.full_like(own.why, Why.NOT_YET))
        return own

    def _ends(self, day: date, symbols: tuple[str, ...]) -> SessionEnds | None:
        known = self._known.get(day)
        if known is None:
            self.add(self._load(day, symbols))
            known = self._known[day]
        missing = known.missing(symbols)
        if missing:
            known.join(self._load(day, missing))
        return known.of(symbols)

    def _ratios(self, window: Sequence[date], symbols: tuple[str, ...]) -> Floats:
        """Return the ratio of the split with its ex-date at each session, or since the one before it."""
        ratios = np.ones((len(window), len(symbols)))
        between = self._splits.filter((pl.col("ex_date") > window[0]) & (pl.col("ex_date") <= window[-1]))
        if between.is_empty():
            return ratios
        column_of = {symbol: column for column, symbol in enumerate(symbols)}
        for symbol, ex_date, ratio in between.select("symbol", "ex_date", "ratio").iter_rows():
            column = column_of.get(symbol)
            if column is not None:
                at = next(row for row, day in enumerate(window) if day >= ex_date)
                ratios[at, column] *= ratio
        return ratios

    def _of_scanner(self, scanner: ScannerSession, ret: Floats, later: LaterExits) -> HitOutcomes:
        hits, column = scanner.hits, scanner.hits.column
        at, price = (scanner.instants[hits.scan], column), scanner.entry.price
        cells = ret[scanner.instants]
        worth = 1.0 + self._plan.settings.ended_return_pct / 100.0
        is_ended = (later.why[column] == Why.ENDED) & (scanner.entry.start >= 0)
        cells[hits.scan[is_ended], column[is_ended]] = returns_bp(price, later.last_price[column] * worth)[
            is_ended
        ]
        chosen = np.zeros(cells.shape, np.bool_)
        chosen[hits.scan, column] = True
        found = excess(
            cells, chosen, scanner.verdict == Verdict.NO, scanner.strata, self._plan.settings.min_controls
        )
        place = places(hits.scan, column)
        own = LaterExits(*(getattr(later, one.name)[None, column] for one in fields(later)))
        mfe, mae = later_excursions(price, scanner.rest_high, scanner.rest_low, own, 0)
        unknown = np.full(len(hits), np.nan)
        return HitOutcomes(
            ret[at],
            np.where(is_ended, np.nan, found.excess[place]),
            np.where(is_ended, np.nan, found.excess_all[place]),
            found.controls[place],
            mfe,
            mae,
            unknown,
            unknown,
            unknown,
            np.where(scanner.entry_why != Why.KNOWN, scanner.entry_why, later.why[column]),
            later.age_sessions[column],
            np.where(is_ended, found.excess[place], np.nan),
        )


class _Columns:
    """What a session says, with the column of each symbol."""

    def __init__(self, day: DayEnds) -> None:
        self._symbols = day.symbols
        self._ends = day.ends
        self._column_of = {symbol: column for column, symbol in enumerate(day.symbols)}

    def missing(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        """Return the symbols that nothing is known of."""
        if self._ends is None or symbols == self._symbols:
            return ()
        return tuple(symbol for symbol in symbols if symbol not in self._column_of)

    def join(self, more: DayEnds) -> None:
        """Add symbols."""
        if self._ends is None or more.ends is None:
            return
        self._column_of |= {symbol: len(self._symbols) + place for place, symbol in enumerate(more.symbols)}
        self._symbols += more.symbols
        self._ends = SessionEnds(
            *map(np.concatenate, zip(_values(self._ends), _values(more.ends), strict=True))
        )

    def of(self, symbols: tuple[str, ...]) -> SessionEnds | None:
        """Return the values of symbols; None where the store has no bars of the session."""
        if self._ends is None or symbols == self._symbols:
            return self._ends
        chosen = np.fromiter(map(self._column_of.__getitem__, symbols), np.intp, len(symbols))
        return SessionEnds(*(values[chosen] for values in _values(self._ends)))


def _values(ends: SessionEnds) -> Iterator[Floats]:
    return (getattr(ends, one.name) for one in fields(ends))


def _blank(symbols: int) -> SessionEnds:
    return SessionEnds(*(np.full(symbols, np.nan) for _ in fields(SessionEnds)))


def places(scan: Rows, column: Rows) -> Rows:
    """Return where each hit stands among hits by scan and symbol."""
    place = np.empty(len(scan), np.intp)
    place[np.lexsort((column, scan))] = np.arange(len(scan))
    return place
