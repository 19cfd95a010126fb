"""Play a session for a study: its scans with the verdicts on all candidates, then what came after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symscan.model.bar import Floats
from symscan.model.session import Session
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.daily_study import study_daily_session
from symscan.research.study.session.day_data import daily_edges, ends_of, load_day, load_ends, measures
from symscan.research.study.session.judged import VerdictLog
from symscan.research.study.session.matching import match_by_change, match_candidates, symbol_columns
from symscan.research.study.session.outcomes import SessionOutcomes
from symscan.research.study.session.replay import check_replay, use_live_hits
from symscan.research.study.session.session_study import ScannerFacts, study_session
from symscan.runs.reading import RunFiles
from symscan.runtime.assembly import Backtest
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.sources.stored.history import StoreHistory


@dataclass(frozen=True, slots=True, eq=False)
class StudyPlayer:
    """Plays and measures sessions, one after another; what one has loaded serves the next.

    Attributes
    ----------
    backtest
        The configuration with its store and sessions.
    plan
        What is measured.
    run
        The run whose hits have to be found again, or are taken from its files if it was live.
    """

    backtest: Backtest
    plan: StudyPlan
    run: RunFiles | None = None

    def play(self, session: Session) -> SessionOutcomes:
        """Play one session and measure what came after its hits.

        Raises
        ------
        ReplayDiffers
            If the run's hits are not found again.
        """
        log, backtest = VerdictLog(), self.backtest
        coordinator = backtest.coordinator(session, verdicts=log)
        coordinator.run()
        if self.run is not None and self.run.mode == "live":
            log = use_live_hits(self.run, session, log)
        elif self.run is not None:
            check_replay(self.run, session, log, backtest.store)
        history = StoreHistory(
            backtest.store, backtest.checked.calendar, backtest.block_cache, played=backtest.played
        )
        measured = measures(history, session, tuple(log.symbols))
        managed = coordinator.scanner_manager.scanners
        facts = {name: self._facts(managed[name], log, measured) for name in self.plan.scanners}
        if self.plan.is_daily:
            ends = load_ends(backtest.store, session, log.symbols)
            assert ends is not None  # a session without bars is none of the backtest's
            return study_daily_session(
                self.plan, session, log, ends, self._edges(history, session, log), facts
            )
        bars = load_day(backtest.store, session, log.symbols, backtest.played)
        assert bars is not None
        ends = ends_of(bars, backtest.store, session, log.symbols)
        return study_session(self.plan, session, log, bars, ends, facts)

    def _edges(self, history: StoreHistory, session: Session, log: VerdictLog) -> Floats:
        """Estimate the spreads of the symbols that were hit."""
        edges = np.full(len(log.symbols), np.nan)
        if self.plan.settings.spread is None:
            own = [one.hits for one in log.scans if one.scanner in self.plan.scanners]
            columns = np.unique(np.concatenate([np.empty(0, np.intp), *own]))
            edges[columns] = daily_edges(history, session, [log.symbols[at] for at in columns.tolist()])
        return edges

    def _facts(
        self, managed: ManagedScanner, log: VerdictLog, measured: Mapping[str, Floats]
    ) -> ScannerFacts:
        scans = [one for one in log.scans if one.scanner == managed.name]
        static = managed.scanner.static_columns
        strata = match_candidates(self.plan, scans, log.symbols, measured, static)
        due = managed.due
        is_once = len(due.pre_session) + len(due.regular) + len(due.at_close) == 1
        columns = symbol_columns(self.plan, scans, log.symbols, measured, static)
        by_change = match_by_change(self.plan, scans, log.symbols, measured)
        return ScannerFacts(managed.scanner.rests_on_daily_bars, is_once, strata, columns, by_change)
