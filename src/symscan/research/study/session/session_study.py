"""Study one session: what came after its hits and their controls, as far as the session itself can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask, Rows
from symscan.model.events.session import ScanPhase
from symscan.model.fills import counted_decision, fillable_from
from symscan.model.session import Session
from symscan.research.statistics.day_bars import DayBars, Instants
from symscan.research.statistics.entries import Entries, entries
from symscan.research.statistics.excess import excess
from symscan.research.statistics.excursions import rest_of_session
from symscan.research.statistics.forward_returns import ForwardReturns, forward_returns
from symscan.research.statistics.horizons import Horizon
from symscan.research.statistics.reasons import Codes
from symscan.research.statistics.session_ends import SessionEnds
from symscan.research.statistics.spread_sums import spread_sums
from symscan.research.statistics.strata import Strata
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.judged import HitRows, JudgedScan, VerdictLog, pool_of
from symscan.scanners.running.verdicts import Verdict, Verdicts


@dataclass(frozen=True, slots=True, eq=False)
class HitOutcomes:
    """What came of one horizon of the studied hits of a scanner, ``(hits,)`` each; NaN where unknown.

    Attributes
    ----------
    ret, excess, excess_all
        The return, and what it exceeds the mean of the controls and of all candidates not hit by, basis
        points, for who bought.
    controls
        How many controls it has.
    mfe, mae, mfe_minutes, mae_minutes
        The excursions, for who bought.
    age_minutes
        How old the exit price is where it is no open.
    why
        Why the return is unknown.
    age_sessions
        How many sessions before the exit's own its price was made; None for an exit within the session.
    ended_excess
        The excess of a hit whose symbol ended, if it is worth what the settings say; None likewise.
    """

    ret: Floats
    excess: Floats
    excess_all: Floats
    controls: NDArray[np.int32]
    mfe: Floats
    mae: Floats
    mfe_minutes: Floats
    mae_minutes: Floats
    age_minutes: Floats
    why: Codes
    age_sessions: NDArray[np.int32] | None = None
    ended_excess: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HitEntries:
    """The entries of hits, ``(hits,)`` each; NaN, and -1 for ``start``, where there is none.

    Attributes
    ----------
    start, price, volume
        Of the entry bar: its start, its open and its volume.
    """

    start: Instants
    price: Floats
    volume: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ScannerSession:
    """One scanner's part of a session.

    Attributes
    ----------
    scans
        Its scans that were ok.
    instants
        The row of each scan among the session's entries, ``(scans,)``.
    hits
        The hits that are studied.
    verdict
        What was said of each symbol, ``(scans, symbols)``.
    strata
        The stratum of each symbol, ``(symbols,)`` or ``(scans, symbols)``.
    is_once
        Whether the scanner was due once in the session.
    stratum
        That of each hit, ``(hits,)``.
    entry, entry_why
        The entries of the hits, and why there is none.
    rest_high, rest_low
        The highest and lowest price from each hit's entry to the close.
    columns
        Further columns of the session's table, by name.
    within
        What came of horizons within the session.
    """

    scans: Sequence[JudgedScan]
    instants: Rows
    hits: HitRows
    verdict: Verdicts
    strata: Strata
    is_once: bool
    stratum: NDArray[np.int32]
    entry: HitEntries
    entry_why: Codes
    rest_high: Floats
    rest_low: Floats
    columns: Mapping[str, pl.Series]
    within: Mapping[Horizon, HitOutcomes]


@dataclass(frozen=True, slots=True, eq=False)
class SessionOutcomes:
    """What one session says by itself.

    Attributes
    ----------
    symbols
        The session's table: whoever was a candidate or a hit of a studied scanner.
    entry_price
        Of all scan instants, ``(instants, symbols)``; NaN where there is no entry.
    scanners
        By name.
    ends
        What the session says of holdings of earlier ones, by symbol of the table.
    spread_sums
        The terms of its spreads, ``(TERMS, symbols)``.
    """

    date: date
    symbols: tuple[str, ...]
    entry_price: Floats
    scanners: Mapping[str, ScannerSession]
    ends: SessionEnds
    spread_sums: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ScannerFacts:
    """What is known of a scanner beside its scans.

    Attributes
    ----------
    rests_on_daily_bars
        Whether it reads bars of completed sessions alone.
    is_once, strata, columns
        As in :class:`ScannerSession`.
    """

    rests_on_daily_bars: bool
    is_once: bool
    strata: Strata
    columns: Mapping[str, pl.Series]


def scan_instants(scans: Sequence[JudgedScan], session: Session, interval: int, *, daily: bool) -> Instants:
    """Return from when each scan can be acted upon, UTC microseconds, ``(scans,)``.

    Parameters
    ----------
    daily
        Whether the scanner rests on daily bars alone.
    """
    return np.array(
        [
            fillable_from(one.at, one.decided_at, session.open, rests_on_daily_bars=daily, interval=interval)
            if one.phase is ScanPhase.PRE_SESSION
            else counted_decision(one.at, one.decided_at)
            for one in scans
        ],
        np.int64,
    )


def study_session(
    plan: StudyPlan, session: Session, log: VerdictLog, bars: DayBars, facts: Mapping[str, ScannerFacts]
) -> SessionOutcomes:
    """Measure what came after the hits of one session, over the horizons that end in it.

    Parameters
    ----------
    log
        The verdicts of its scans.
    bars
        Its bars, a column per symbol of the log's table.
    facts
        By scanner.
    """
    of = {name: [one for one in log.scans if one.scanner == name] for name in plan.scanners}
    decided = {
        name: scan_instants(scans, session, bars.interval, daily=facts[name].rests_on_daily_bars)
        for name, scans in of.items()
    }
    instants = np.unique(np.concatenate([np.empty(0, np.int64), *decided.values()]))
    settings = plan.settings
    found = entries(bars, instants, settings.delay_minutes, settings.fill_within_minutes)
    measured = dict(
        zip(
            plan.within,
            forward_returns(bars, found, plan.within, within_minutes=settings.fill_within_minutes),
            strict=True,
        )
    )
    day = _Measured(len(log.symbols), bars, found, measured, rest_of_session(bars, found))
    scanners = {
        name: _of_scanner(plan, of[name], np.searchsorted(instants, decided[name]), facts[name], day)
        for name in plan.scanners
    }
    ends = SessionEnds.of_minutes(bars)
    symbols = tuple(log.symbols)
    return SessionOutcomes(session.date, symbols, found.price, scanners, ends, spread_sums(bars))


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """What came of all symbols of the session's table, at all scan instants."""

    symbols: int
    bars: DayBars
    entries: Entries
    outcomes: Mapping[Horizon, ForwardReturns]
    rest: tuple[Floats, Floats]


def _of_scanner(
    plan: StudyPlan, scans: Sequence[JudgedScan], instants: Rows, facts: ScannerFacts, day: _Measured
) -> ScannerSession:
    rows = HitRows.of(scans, day.symbols)
    hits = rows.chosen(chosen_hits(rows, plan.settings.hits, is_once=facts.is_once))
    verdict = pool_of(scans, day.symbols)
    within = {
        horizon: measure_hits(outcome, instants, hits, verdict, facts.strata, plan.settings.min_controls)
        for horizon, outcome in day.outcomes.items()
    }
    stratum = np.broadcast_to(facts.strata, verdict.shape)[hits.scan, hits.column]
    at = (instants[hits.scan], hits.column)
    return ScannerSession(
        scans,
        instants,
        hits,
        verdict,
        facts.strata,
        facts.is_once,
        stratum,
        _entries_of(hits, instants, day),
        day.entries.why[at],
        day.rest[0][at],
        day.rest[1][at],
        facts.columns,
        within,
    )


def _entries_of(hits: HitRows, instants: Rows, day: _Measured) -> HitEntries:
    at = (instants[hits.scan], hits.column)
    row = day.entries.row[at]
    volume = np.where(row >= 0, day.bars.volume[np.maximum(row, 0), hits.column], np.nan)
    return HitEntries(day.entries.start[at], day.entries.price[at], volume)


def chosen_hits(rows: HitRows, which: str, *, is_once: bool) -> Mask:
    """Return which hits are studied; of a scanner that is due once the session before has a say, too."""
    if which == "new":
        return rows.new
    return rows.entered if which == "entered" and not is_once else np.ones(len(rows), np.bool_)


def measure_hits(
    outcome: ForwardReturns,
    instants: Rows,
    hits: HitRows,
    verdict: Verdicts,
    strata: Strata,
    min_controls: int,
) -> HitOutcomes:
    """Compare the hits of a scanner with their controls.

    Parameters
    ----------
    outcome
        What came of all symbols, ``(instants, symbols)``, for who bought.
    instants
        The row of each scan, ``(scans,)``.
    verdict, strata
        Of each symbol at each scan.
    """
    ret, scan, column = outcome.ret_bp[instants], hits.scan, hits.column
    chosen = np.zeros(ret.shape, np.bool_)
    chosen[scan, column] = True
    found = excess(ret, chosen, verdict == Verdict.NO, strata, min_controls)
    place = np.empty(len(hits), np.intp)
    place[np.lexsort((column, scan))] = np.arange(len(hits))  # excess has them by scan and symbol
    at, far = (instants[scan], column), outcome.excursions
    return HitOutcomes(
        found.ret[place],
        found.excess[place],
        found.excess_all[place],
        found.controls[place],
        far.mfe_bp[at],
        far.mae_bp[at],
        far.mfe_minutes[at],
        far.mae_minutes[at],
        outcome.age_minutes[at],
        outcome.why[at],
    )
