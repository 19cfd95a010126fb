"""Study one session: what came after its hits and their controls, as far as the session itself can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from symscan.model.bar import Floats, Mask, Rows
from symscan.model.events.session import ScanPhase
from symscan.model.fills import counted_decision, fillable_from
from symscan.model.instant import MINUTE, Instant
from symscan.model.session import Session
from symscan.research.statistics.day_bars import DayBars, Instants
from symscan.research.statistics.entries import Entries, entries
from symscan.research.statistics.excursions import HitCells, WindowExtremes
from symscan.research.statistics.exits import Exits, exits, returns_bp
from symscan.research.statistics.horizons import Horizon, HorizonKind
from symscan.research.statistics.reasons import OutcomeReason
from symscan.research.statistics.session_ends import SessionEnds
from symscan.research.statistics.spread_sums import TERMS, spread_sums
from symscan.research.statistics.strata import Strata
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.comparison import HitComparison
from symscan.research.study.session.curve import CurveRows, CurveSums, curve_minutes, curve_rows
from symscan.research.study.session.judged import HitRows, JudgedScan, VerdictLog, pool_of
from symscan.research.study.session.outcomes import (
    HeadlineRows,
    HitEntries,
    HitOutcomes,
    ScannerSession,
    SessionOutcomes,
)
from symscan.research.study.session.sides import side_of
from symscan.scanners.running.verdicts import Verdict

DELAYS: Final = (0, 1, 2, 5, 10)
"""Minutes by which entries are delayed, for the headline."""

_COLUMNS_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class ScannerFacts:
    """What is known of a scanner beside its scans.

    Attributes
    ----------
    rests_on_daily_bars
        Whether it reads bars of completed sessions alone.
    is_once, strata, columns, change_strata
        As in :class:`~symscan.research.study.session.outcomes.ScannerSession`.
    """

    rests_on_daily_bars: bool
    is_once: bool
    strata: Strata
    columns: Mapping[str, pl.Series]
    change_strata: Strata | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """What came of all symbols of the session's table, at all scan instants."""

    plan: StudyPlan
    ordinal: int
    bars: DayBars
    entries: Entries
    delayed: Sequence[Entries]
    exits: Mapping[Horizon, Exits]

    @property
    def symbols(self) -> int:
        return self.bars.symbols


def study_session(
    plan: StudyPlan,
    session: Session,
    log: VerdictLog,
    bars: DayBars,
    ends: SessionEnds,
    facts: Mapping[str, ScannerFacts],
) -> SessionOutcomes:
    """Measure what came after the hits of one session, over the horizons that end in it.

    Parameters
    ----------
    log
        The verdicts of its scans.
    bars
        Its bars, a column per symbol of the log's table.
    ends
        What it says of holdings of earlier ones.
    facts
        By scanner.
    """
    of = {name: [one for one in log.scans if one.scanner == name] for name in plan.scanners}
    decided = {
        name: scan_instants(scans, session, bars.interval, daily=facts[name].rests_on_daily_bars)
        for name, scans in of.items()
    }
    instants = np.unique(np.concatenate([np.empty(0, np.int64), *decided.values()]))
    day = _measured(plan, session, bars, instants)
    scanners = {
        name: _of_scanner(of[name], np.searchsorted(instants, decided[name]), facts[name], day)
        for name in plan.scanners
    }
    is_later = not plan.headline.is_within_session
    return SessionOutcomes(
        session.date,
        tuple(log.symbols),
        day.entries.price,
        np.stack([one.price for one in day.delayed]) if is_later else None,
        scanners,
        ends,
        _spread_sums(plan, bars),
        curve_minutes(bars),
        delays_of(bars),
    )


def _spread_sums(plan: StudyPlan, bars: DayBars) -> Floats:
    """Return the terms of spreads, 0 where a study has a spread given."""
    return spread_sums(bars.prices) if plan.settings.spread is None else np.zeros((TERMS, bars.symbols))


def scan_instants(scans: Sequence[JudgedScan], session: Session, interval: int, *, daily: bool) -> Instants:
    """Return from when each scan can be acted upon, UTC microseconds, ``(scans,)``.

    Parameters
    ----------
    daily
        Whether the scanner rests on daily bars alone.
    """

    def instant_of(one: JudgedScan) -> Instant:
        if one.phase is not ScanPhase.PRE_SESSION:
            return counted_decision(one.at, one.decided_at)
        rests = daily or not one.have_bars_today
        return fillable_from(
            one.at, one.decided_at, session.open, rests_on_daily_bars=rests, interval=interval
        )

    return np.array([instant_of(one) for one in scans], np.int64)


def delays_of(bars: DayBars) -> tuple[int, ...]:
    """Return the minutes by which entries can be delayed: those that are whole bars."""
    return tuple(one for one in DELAYS if one * MINUTE % bars.interval == 0)


def chosen_hits(rows: HitRows, which: str, *, is_once: bool) -> Mask:
    """Return which hits are studied; of a scanner that is due once the session before has a say, too."""
    if which == "new":
        return rows.new
    return rows.entered if which == "entered" and not is_once else np.ones(len(rows), np.bool_)


def _measured(plan: StudyPlan, session: Session, bars: DayBars, instants: Instants) -> _Measured:
    delay, within = plan.settings.delay_minutes, plan.settings.fill_within_minutes
    found = entries(bars, instants, delay, within)
    delayed = [entries(bars, instants, delay + one, within) if one else found for one in delays_of(bars)]
    ends = {one: exits(bars, found, one, within) for one in plan.within}
    return _Measured(plan, session.date.toordinal(), bars, found, delayed, ends)


def _of_scanner(
    scans: Sequence[JudgedScan], instants: Rows, facts: ScannerFacts, day: _Measured
) -> ScannerSession:
    settings, rows = day.plan.settings, HitRows.of(scans, day.symbols)
    hits = rows.chosen(chosen_hits(rows, settings.hits, is_once=facts.is_once))
    verdict = pool_of(scans, day.symbols)
    comparison = HitComparison(
        instants, hits.scan, hits.column, verdict == Verdict.NO, facts.strata, settings.min_controls
    )
    far = _HitBars(day, comparison)
    is_at_close = np.array([one.phase is ScanPhase.AT_CLOSE for one in scans], np.bool_)[hits.scan]
    entry = far.entries(is_at_close)
    return ScannerSession(
        [scan.without_candidates() for scan in scans],
        instants,
        hits,
        verdict,
        facts.strata,
        settings.min_controls,
        facts.is_once,
        entry,
        facts.columns,
        {horizon: _outcomes_of(comparison, far, ends, entry, day) for horizon, ends in day.exits.items()},
        _headline_of(comparison, facts.change_strata, day),
        _curve_of(comparison, hits, day, is_once=facts.is_once),
        None if day.plan.headline.is_within_session else facts.change_strata,
    )


class _HitBars:
    """The bars of the symbols that were hit, in blocks that stay in the processor's cache."""

    def __init__(self, day: _Measured, comparison: HitComparison) -> None:
        self.at = (comparison.instants[comparison.scan], comparison.column)
        self._day = day
        columns, place = np.unique(comparison.column, return_inverse=True)
        self._blocks: list[tuple[Rows, DayBars, WindowExtremes, HitCells]] = []
        for first in range(0, len(columns), _COLUMNS_AT_ONCE):
            hits = np.flatnonzero((place >= first) & (place < first + _COLUMNS_AT_ONCE))
            bars = day.bars.columns(columns[first : first + _COLUMNS_AT_ONCE])
            at = tuple(one[hits] for one in self.at)
            cells = HitCells(place[hits] - first, day.entries.row[at], day.entries.price[at])
            self._blocks.append((hits, bars, WindowExtremes(bars), cells))

    def entries(self, is_at_close: Mask) -> HitEntries:
        """Return the entries of the hits; those of scans at the close have none in their session."""
        entries, at = self._day.entries, self.at
        row, column = entries.row[at], at[1]
        volume = np.where(row >= 0, self._day.bars.volume[np.maximum(row, 0), column], np.nan)
        high, low = np.full(len(row), np.nan), np.full(len(row), np.nan)
        for hits, bars, windows, cells in self._blocks:
            high[hits], low[hits] = cells.rest_of_session(bars, windows)
        why = np.where(is_at_close, np.int8(OutcomeReason.AT_CLOSE), entries.why[at])
        return HitEntries(entries.start[at], entries.price[at], volume, why, high, low)

    def excursions(self, ends: Exits) -> tuple[Floats, Floats, Floats, Floats]:
        """Return best and worst before the exits, and the minutes until each."""
        found = np.full((4, len(self.at[0])), np.nan)
        row, price = ends.row[self.at], ends.price[self.at]
        for hits, bars, windows, cells in self._blocks:
            far = cells.excursions(bars, windows, row[hits], price[hits])
            found[:, hits] = far.mfe_bp, far.mae_bp, far.mfe_minutes, far.mae_minutes
        return found[0], found[1], found[2], found[3]


def _outcomes_of(
    comparison: HitComparison, far: _HitBars, ends: Exits, entry: HitEntries, day: _Measured
) -> HitOutcomes:
    found = comparison.of(returns_bp(day.entries.price, ends.price))
    return HitOutcomes(
        found.ret,
        found.excess,
        found.excess_all,
        found.controls,
        *far.excursions(ends),
        ends.age_minutes[far.at],
        np.where(entry.why == OutcomeReason.KNOWN, ends.why[far.at], entry.why),
    )


def _headline_of(
    comparison: HitComparison, change_strata: Strata | None, day: _Measured
) -> HeadlineRows | None:
    """Say what the headline is for later entries with the same exits, and of one control each."""
    headline = day.plan.headline
    if not headline.is_within_session:
        return None
    exit_price = day.exits[headline].price
    returns = returns_bp(day.entries.price, exit_price)
    last = day.bars.start[-1]
    if headline.kind is HorizonKind.MINUTES:
        ends = day.entries.start + headline.minutes * MINUTE
    else:
        ends = np.full(day.entries.start.shape, last)
    delays = [
        comparison.of(np.where(one.start < ends, returns_bp(one.price, exit_price), np.nan)).excess
        for one in day.delayed
    ]
    drawn = comparison.drawn_controls(returns, day.plan.settings.seed, day.ordinal)
    matched_on_change = comparison.excess_among(change_strata, returns)
    return HeadlineRows(np.stack(delays, axis=1), drawn, matched_on_change)


def _curve_of(
    comparison: HitComparison, hits: HitRows, day: _Measured, *, is_once: bool
) -> CurveRows | CurveSums:
    rows = curve_rows(day.bars, day.entries, comparison)
    return rows if is_once else rows.sums(side_of(day.plan, hits.change_pct))
