"""What a session says of its hits: the values that pass from the one who played it to the one who joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.bar import Floats, Rows
from symscan.research.statistics.day_bars import Instants
from symscan.research.statistics.horizons import Horizon
from symscan.research.statistics.reasons import Codes
from symscan.research.statistics.session_ends import SessionEnds
from symscan.research.statistics.strata import Strata
from symscan.research.study.session.comparison import HitComparison
from symscan.research.study.session.curve import CurveRows, CurveSums
from symscan.research.study.session.judged import HitRows, JudgedScan
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
    why
        Why there is none.
    rest_high, rest_low
        The highest and lowest price from the entry to the close.
    """

    start: Instants
    price: Floats
    volume: Floats
    why: Codes
    rest_high: Floats
    rest_low: Floats


@dataclass(frozen=True, slots=True, eq=False)
class HeadlineRows:
    """What is said of the headline alone, of who bought; NaN where unknown.

    Attributes
    ----------
    delays
        The excess for entries some minutes later, ``(hits, delays)``.
    control
        The return of one control, drawn at random, ``(hits,)``.
    matched_on_change
        The excess against symbols that had moved as much by the scan, ``(hits,)``; None where the plan
        matches by change already.
    """

    delays: Floats
    control: Floats
    matched_on_change: Floats | None


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
    min_controls
        With fewer a hit is unmatched.
    is_once
        Whether the scanner was due once in the session.
    entry
        The entries of the hits.
    columns
        Further columns of the session's table, by name.
    within
        What came of horizons within the session.
    headline
        What is said of a headline within the session; None for a later one.
    curve
        Event time: of each hit where it is not known yet which are studied, else summed up.
    change_strata
        Who moved as much by each scan, ``(scans, symbols)``; None where no later headline needs it.
    """

    scans: Sequence[JudgedScan]
    instants: Rows
    hits: HitRows
    verdict: Verdicts
    strata: Strata
    min_controls: int
    is_once: bool
    entry: HitEntries
    columns: Mapping[str, pl.Series]
    within: Mapping[Horizon, HitOutcomes]
    headline: HeadlineRows | None
    curve: CurveRows | CurveSums
    change_strata: Strata | None

    @property
    def comparison(self) -> HitComparison:
        """Compares the hits with their controls."""
        return HitComparison(
            self.instants,
            self.hits.scan,
            self.hits.column,
            self.verdict == Verdict.NO,
            self.strata,
            self.min_controls,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SessionOutcomes:
    """What one session says by itself.

    Attributes
    ----------
    symbols
        The session's table: whoever was a candidate or a hit of a studied scanner.
    entry_price
        Of all scan instants, ``(instants, symbols)``; NaN where there is no entry.
    delayed_price
        The same of entries some minutes later, ``(delays, instants, symbols)``; None where the headline is
        within the session.
    scanners
        By name.
    ends
        What the session says of holdings of earlier ones, by symbol of the table.
    spread_sums
        The terms of its spreads, ``(TERMS, symbols)``; 0 where they are not estimated from minutes.
    minutes, delays
        The minutes of the curve, and those of delayed entries; sessions, for hits of daily bars.
    edges
        The spread of each symbol, estimated from daily bars; None where it follows from ``spread_sums``.
    """

    date: date
    symbols: tuple[str, ...]
    entry_price: Floats
    delayed_price: Floats | None
    scanners: Mapping[str, ScannerSession]
    ends: SessionEnds
    spread_sums: Floats
    minutes: NDArray[np.int64]
    delays: tuple[int, ...]
    edges: Floats | None = None
