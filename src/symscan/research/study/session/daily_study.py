"""Study a session whose hits are of its whole day: they enter at the next open, which later sessions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from symscan.model.bar import Floats
from symscan.model.session import Session
from symscan.research.statistics.reasons import OutcomeReason
from symscan.research.statistics.session_ends import SessionEnds
from symscan.research.statistics.spread_sums import TERMS
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.curve import CurveSums
from symscan.research.study.session.judged import HitRows, JudgedScan, VerdictLog, pool_of
from symscan.research.study.session.outcomes import HitEntries, ScannerSession, SessionOutcomes
from symscan.research.study.session.session_study import DELAYS, ScannerFacts, chosen_hits


def study_daily_session(
    plan: StudyPlan,
    session: Session,
    log: VerdictLog,
    ends: SessionEnds,
    edges: Floats,
    facts: Mapping[str, ScannerFacts],
) -> SessionOutcomes:
    """Collect the hits of scans at the close, with what later sessions need to measure them.

    Parameters
    ----------
    ends
        What the session says of holdings of earlier ones.
    edges
        The spread of each symbol of the log's table, a fraction of the price.
    facts
        By scanner.
    """
    symbols = tuple(log.symbols)
    of = {name: [one for one in log.scans if one.scanner == name] for name in plan.scanners}
    return SessionOutcomes(
        session.date,
        symbols,
        np.full((1, len(symbols)), np.nan),
        None,
        {name: _of_scanner(plan, of[name], facts[name], len(symbols)) for name in plan.scanners},
        ends,
        np.zeros((TERMS, len(symbols))),
        np.empty(0, np.int64),
        tuple(one for one in DELAYS if plan.settings.delay_minutes + one < plan.headline.sessions),
        edges,
    )


def _of_scanner(
    plan: StudyPlan, scans: Sequence[JudgedScan], facts: ScannerFacts, symbols: int
) -> ScannerSession:
    rows = HitRows.of(scans, symbols)
    hits = rows.chosen(chosen_hits(rows, plan.settings.hits, is_once=facts.is_once))
    nothing = np.full(len(hits), np.nan)
    entries = HitEntries(
        np.full(len(hits), -1, np.int64),
        nothing,
        nothing,
        np.full(len(hits), OutcomeReason.NOT_YET, np.int8),
        nothing,
        nothing,
    )
    no_minutes = CurveSums(np.empty(0), np.empty(0), np.empty(0))
    return ScannerSession(
        [scan.without_candidates() for scan in scans],
        np.zeros(len(scans), np.intp),
        hits,
        pool_of(scans, symbols),
        facts.strata,
        plan.settings.min_controls,
        facts.is_once,
        entries,
        facts.columns,
        {},
        None,
        no_minutes,
        facts.change_strata,
    )
