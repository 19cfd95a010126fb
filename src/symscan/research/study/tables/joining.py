"""Join the sessions of a study in the order of dates: rows of hits, with all horizons known that can be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from symscan.model.bar import Floats
from symscan.research.statistics.horizons import Horizon
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.session_study import HitOutcomes, ScannerSession, SessionOutcomes
from symscan.research.study.tables.costs import SpreadHistory, add_costs
from symscan.research.study.tables.hit_table import add_horizons, hit_frame, side_of, sort_rows
from symscan.research.study.tables.later import SESSIONS_BEYOND, DayEnds, LaterSessions


@dataclass(frozen=True, slots=True, eq=False)
class JoinedSession:
    """The rows of one session's hits, in the order of the file."""

    date: date
    hits: pl.DataFrame


@dataclass(eq=False)
class SessionJoiner:
    """Takes sessions in the order of dates and makes their rows, once later sessions are known.

    Attributes
    ----------
    plan
        What is measured.
    later
        Measures what came of hits in later sessions.
    days
        The dates of all sessions that may be read, in order.
    spreads
        The spreads of the sessions before the first.
    """

    plan: StudyPlan
    later: LaterSessions
    days: Sequence[date]
    spreads: SpreadHistory
    _pending: deque[tuple[SessionOutcomes, Floats]] = field(default_factory=deque)
    _lists: dict[str, frozenset[str] | None] = field(default_factory=dict)

    def add(self, outcomes: SessionOutcomes) -> Iterator[JoinedSession]:
        """Add a session; yield those that are complete by now."""
        self.later.add(DayEnds(outcomes.date, outcomes.symbols, outcomes.ends))
        self._pending.append((outcomes, self.spreads.edges(outcomes.symbols)))
        self.spreads.add(outcomes.symbols, outcomes.spread_sums)
        ahead = self.plan.sessions_ahead + SESSIONS_BEYOND if self.plan.later else 0
        while self._pending and self._is_known(self._pending[0][0].date, ahead, outcomes.date):
            yield self._joined(*self._pending.popleft())

    def finish(self) -> Iterator[JoinedSession]:
        """Yield the sessions that are left; what lies after the last one is loaded."""
        while self._pending:
            yield self._joined(*self._pending.popleft())

    def _is_known(self, day: date, ahead: int, last: date) -> bool:
        place = self.days.index(day) + ahead
        return place < len(self.days) and self.days[place] <= last

    def _joined(self, outcomes: SessionOutcomes, edges: Floats) -> JoinedSession:
        later = self.later.measure(outcomes) if self.plan.later else {}
        self.later.drop_before(outcomes.date)
        frames = [
            self._frame(name, one, outcomes, edges, {**one.within, **later.get(name, {})})
            for name, one in outcomes.scanners.items()
        ]
        return JoinedSession(outcomes.date, sort_rows(pl.concat(frames)))

    def _frame(
        self,
        name: str,
        scanner: ScannerSession,
        outcomes: SessionOutcomes,
        edges: Floats,
        measured: Mapping[Horizon, HitOutcomes],
    ) -> pl.DataFrame:
        frame = hit_frame(self.plan, outcomes.date, name, scanner, outcomes.symbols)
        frame = add_costs(frame, self.plan.settings, edges[scanner.hits.column])
        ordered = {horizon: measured[horizon] for horizon in self.plan.horizons}
        frame = add_horizons(frame, side_of(self.plan, scanner.hits.change_pct), ordered)
        return self._once(name, scanner, outcomes, frame) if scanner.is_once else frame

    def _once(
        self, name: str, scanner: ScannerSession, outcomes: SessionOutcomes, frame: pl.DataFrame
    ) -> pl.DataFrame:
        """Tell entered from stayed by the list of the session before; that of the first one is not known."""
        before = self._lists.get(name)
        if scanner.scans:
            self._lists[name] = frozenset(outcomes.symbols[at] for at in scanner.scans[-1].hits.tolist())
        if before is None:
            state = pl.lit(None, pl.String)
        else:
            stayed = pl.col("symbol").is_in(sorted(before))
            state = pl.when(stayed).then(pl.lit("stayed")).otherwise(pl.lit("entered"))
        frame = frame.with_columns(state.alias("state"))
        return frame.filter(pl.col("state") == "entered") if self.plan.settings.hits == "entered" else frame
