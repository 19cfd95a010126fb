"""Join the sessions of a study in the order of dates: rows of hits, with all horizons known that can be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.curve import CurveRows, CurveSums
from symscan.research.study.session.outcomes import ScannerSession, SessionOutcomes
from symscan.research.study.session.sides import side_of
from symscan.research.study.tables.costs import SpreadHistory, add_costs
from symscan.research.study.tables.hit_table import add_headline, add_horizons, hit_frame, sort_rows
from symscan.research.study.tables.later import SESSIONS_BEYOND, DayEnds, LaterOutcomes, LaterSessions


@dataclass(frozen=True, slots=True, eq=False)
class JoinedSession:
    """What one session adds to the study.

    Attributes
    ----------
    hits
        The rows of its hits, in the order of the file.
    curves
        The sums of event time, by scanner.
    minutes
        Their minutes.
    """

    date: date
    hits: pl.DataFrame
    curves: Mapping[str, CurveSums]
    minutes: NDArray[np.int64]


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
        edges = self.spreads.edges(outcomes.symbols) if outcomes.edges is None else outcomes.edges
        self._pending.append((outcomes, edges))
        self.spreads.add(outcomes.symbols, outcomes.spread_sums)
        ahead = self._sessions_ahead(outcomes)
        while self._pending and self._is_known(self._pending[0][0].date, ahead, outcomes.date):
            yield self._joined(*self._pending.popleft())

    def finish(self) -> Iterator[JoinedSession]:
        """Yield the sessions that are left; what lies after the last one is loaded."""
        while self._pending:
            yield self._joined(*self._pending.popleft())

    def _sessions_ahead(self, outcomes: SessionOutcomes) -> int:
        """Return how many sessions after its own are needed for a session to be complete."""
        if not self.plan.later:
            return 0
        entered = 1 + self.plan.settings.delay_minutes + max(outcomes.delays, default=0)
        most = max(self.plan.sessions_ahead, entered if self.plan.is_daily else 0)
        return most + SESSIONS_BEYOND

    def _is_known(self, day: date, ahead: int, last: date) -> bool:
        place = self.days.index(day) + ahead
        return place < len(self.days) and self.days[place] <= last

    def _joined(self, outcomes: SessionOutcomes, edges: Floats) -> JoinedSession:
        if self.plan.is_daily:
            outcomes = self.later.enter(outcomes)
        later = self.later.measure(outcomes)
        self.later.drop_before(outcomes.date)
        frames, curves = [], {}
        for name, scanner in outcomes.scanners.items():
            frame = self._frame(name, scanner, outcomes, edges, later[name])
            curve = scanner.curve
            if scanner.is_once:
                frame, chosen = self._once(name, scanner, outcomes, frame)
                if isinstance(curve, CurveRows):
                    curve = curve.sums(side_of(self.plan, scanner.hits.change_pct), chosen)
            assert isinstance(curve, CurveSums)
            frames.append(frame)
            curves[name] = curve
        return JoinedSession(outcomes.date, sort_rows(pl.concat(frames)), curves, outcomes.minutes)

    def _frame(
        self,
        name: str,
        scanner: ScannerSession,
        outcomes: SessionOutcomes,
        edges: Floats,
        later: LaterOutcomes,
    ) -> pl.DataFrame:
        frame = hit_frame(self.plan, outcomes.date, name, scanner, outcomes.symbols)
        frame = add_costs(frame, self.plan.settings, edges[scanner.hits.column])
        measured = {**scanner.within, **later.horizons}
        side = side_of(self.plan, scanner.hits.change_pct)
        frame = add_horizons(frame, side, {horizon: measured[horizon] for horizon in self.plan.horizons})
        headline = scanner.headline or later.headline
        assert headline is not None  # it is one of the horizons
        return add_headline(frame, side, headline, outcomes.delays)

    def _once(
        self, name: str, scanner: ScannerSession, outcomes: SessionOutcomes, frame: pl.DataFrame
    ) -> tuple[pl.DataFrame, Mask]:
        """Tell entered from stayed by the list of the session before; that of the first one is not known."""
        before = self._lists.get(name)
        if scanner.scans:
            self._lists[name] = frozenset(outcomes.symbols[at] for at in scanner.scans[-1].hits.tolist())
        if before is None:
            state = pl.Series("state", [None] * frame.height, pl.String)
        else:
            stayed = frame["symbol"].is_in(sorted(before)).to_numpy()
            state = pl.Series("state", np.where(stayed, "stayed", "entered"), pl.String)
        frame = frame.with_columns(state)
        if self.plan.settings.hits != "entered":
            return frame, np.ones(frame.height, np.bool_)
        chosen = (state == "entered").fill_null(False)
        return frame.filter(chosen), chosen.to_numpy()
