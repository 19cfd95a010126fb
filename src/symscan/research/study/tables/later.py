"""Join sessions: what came of hits in the sessions after their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from symscan.config.study_settings import NEXT_OPEN
from symscan.model.bar import Floats
from symscan.model.instant import MINUTE, Instant
from symscan.research.statistics.exits import returns_bp
from symscan.research.statistics.horizons import Horizon, HorizonKind
from symscan.research.statistics.reasons import OutcomeReason
from symscan.research.statistics.session_ends import (
    LaterExits,
    SessionEnds,
    later_excursions,
    later_exits,
)
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.outcomes import (
    HeadlineRows,
    HitEntries,
    HitOutcomes,
    ScannerSession,
    SessionOutcomes,
)

SESSIONS_BEYOND: Final = 5
"""A symbol ended that has no bar in the session of the exit, nor in so many after it."""


@dataclass(frozen=True, slots=True, eq=False)
class DayEnds:
    """What one session says of holdings of earlier ones, by symbol; None where the store lacks its bars."""

    date: date
    symbols: tuple[str, ...]
    ends: SessionEnds | None


@dataclass(frozen=True, slots=True, eq=False)
class LaterOutcomes:
    """What came of one scanner's hits of a session in later ones: by horizon, and at a later headline."""

    horizons: dict[Horizon, HitOutcomes]
    headline: HeadlineRows | None


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
    opens
        When sessions open, where hits of daily bars are entered.
    """

    def __init__(
        self,
        plan: StudyPlan,
        days: Sequence[date],
        splits: pl.DataFrame,
        load: LoadEnds,
        opens: Mapping[date, Instant] = MappingProxyType({}),
    ) -> None:
        self._plan = plan
        self._days = list(days)
        self._splits = splits
        self._load = load
        self._opens = opens
        self._known: dict[date, _Columns] = {}

    def add(self, ends: DayEnds) -> None:
        """Add what a session says."""
        self._known[ends.date] = _Columns(ends)

    def drop_before(self, day: date) -> None:
        """Forget sessions that no hit to come needs."""
        self._known = {one: columns for one, columns in self._known.items() if one >= day}

    def enter(self, outcomes: SessionOutcomes) -> SessionOutcomes:
        """Return a session of daily hits with their entries: at the next open, as ``next_open`` has it."""
        entry = self._entry(outcomes, 0)
        scanners = {name: self._entered(one, entry, outcomes) for name, one in outcomes.scanners.items()}
        delayed = [self._entry(outcomes, one).price[None] for one in outcomes.delays]
        return replace(
            outcomes, entry_price=entry.price[None], delayed_price=np.stack(delayed), scanners=scanners
        )

    def measure(self, outcomes: SessionOutcomes) -> dict[str, LaterOutcomes]:
        """Return what came of the hits of one session, by scanner."""
        found = {name: LaterOutcomes({}, None) for name in outcomes.scanners}
        for horizon in self._plan.later:
            later = self._exits(horizon, outcomes)
            ret = returns_bp(outcomes.entry_price, later.price)
            if self._plan.is_daily and horizon.sessions <= self._plan.settings.delay_minutes:
                ret[:] = np.nan  # it is over before the entry
            for name, scanner in outcomes.scanners.items():
                found[name].horizons[horizon] = self._of_scanner(scanner, ret, later)
                if horizon == self._plan.headline:
                    headline = self._headline(scanner, outcomes, ret, later)
                    found[name] = replace(found[name], headline=headline)
        return found

    def _entry(self, outcomes: SessionOutcomes, delay: int) -> LaterExits:
        sessions = 1 + self._plan.settings.delay_minutes + delay
        return self._exits(Horizon(NEXT_OPEN, HorizonKind.NEXT_OPEN, sessions=sessions), outcomes)

    def _entered(
        self, scanner: ScannerSession, entry: LaterExits, outcomes: SessionOutcomes
    ) -> ScannerSession:
        """Return a scanner's part with the entries of its hits, at the open of a session."""
        column = scanner.hits.column
        price, why = entry.price[column], entry.why[column]
        place = self._days.index(outcomes.date) + 1 + self._plan.settings.delay_minutes
        opens = self._opens.get(self._days[place], -1) if place < len(self._days) else -1
        minute = np.nan_to_num(entry.minute[column]).astype(np.int64)
        start = np.where(np.isnan(price), -1, opens + minute * MINUTE)
        return replace(scanner, entry=HitEntries(start, price, entry.volume[column], why, price, price))

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
            own = replace(own, price=blank.first, why=np.full_like(own.why, OutcomeReason.NOT_YET))
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
        entry, comparison, column = scanner.entry, scanner.comparison, scanner.hits.column
        worth = 1.0 + self._plan.settings.ended_return_pct / 100.0
        is_ended = (later.why[column] == OutcomeReason.ENDED) & (entry.why == OutcomeReason.KNOWN)
        if_ended = np.where(is_ended, returns_bp(entry.price, later.last_price[column] * worth), np.nan)
        found = comparison.of(ret, if_ended)
        mfe, mae = later_excursions(
            entry.price, entry.rest_high, entry.rest_low, later.high[column], later.low[column]
        )
        unknown = np.full(len(column), np.nan)
        return HitOutcomes(
            np.where(is_ended, np.nan, found.ret),
            np.where(is_ended, np.nan, found.excess),
            np.where(is_ended, np.nan, found.excess_all),
            found.controls,
            mfe,
            mae,
            unknown,
            unknown,
            unknown,
            np.where(entry.why != OutcomeReason.KNOWN, entry.why, later.why[column]),
            later.age_sessions[column],
            np.where(is_ended, found.excess, np.nan),
        )

    def _headline(
        self, scanner: ScannerSession, outcomes: SessionOutcomes, ret: Floats, later: LaterExits
    ) -> HeadlineRows:
        comparison = scanner.comparison
        assert outcomes.delayed_price is not None  # a headline of later sessions
        delays = [comparison.of(returns_bp(one, later.price)).excess for one in outcomes.delayed_price]
        seed = self._plan.settings.seed
        drawn = comparison.drawn_controls(ret, seed, outcomes.date.toordinal())
        matched_on_change = comparison.excess_among(scanner.change_strata, ret)
        return HeadlineRows(np.stack(delays, axis=1), drawn, matched_on_change)


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
