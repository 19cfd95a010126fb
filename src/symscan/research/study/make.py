"""Make a study: play its sessions, join them, and sum them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.config.study_settings import MEASURES
from symscan.errors import InputError
from symscan.model.instant import MINUTE
from symscan.model.session import Session
from symscan.research.statistics.horizons import HorizonKind
from symscan.research.statistics.spread_sums import spread_sums
from symscan.research.study.plan import StudyPlan, make_plan
from symscan.research.study.session.curve import CurveSums
from symscan.research.study.session.day_data import load_day, load_ends
from symscan.research.study.session.outcomes import SessionOutcomes
from symscan.research.study.source import StudyRequest, StudySource
from symscan.research.study.tables.costs import SPREAD_SESSIONS, SpreadHistory
from symscan.research.study.tables.joining import JoinedSession, SessionJoiner
from symscan.research.study.tables.later import DayEnds, LaterSessions
from symscan.research.unchanged_store import check_tables
from symscan.runs.description import RunDescription
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.description import describe_backtest

ShowSession = Callable[[Session, int, int], None]
"""Called when a session is done: which, how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class PreparedStudy:
    """A study that was checked and can begin.

    Attributes
    ----------
    source
        What it is of.
    backtest
        Its configuration, store and sessions.
    plan
        What is measured.
    description
        What it is of, as ``run.json`` says it.
    days
        The dates of the sessions that may be read, from the first on.
    opens_holdout
        Whether it is of the sessions set aside.
    """

    source: StudySource
    backtest: Backtest
    plan: StudyPlan
    description: RunDescription
    days: tuple[date, ...]
    opens_holdout: bool

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions that are studied."""
        return self.backtest.sessions


@dataclass(frozen=True, slots=True, eq=False)
class StudiedHits:
    """All hits of a study with what came of them.

    Attributes
    ----------
    days
        The dates of the sessions.
    hits
        The rows, in the order of the file, with columns of our own that begin with ``_``.
    curves
        The sums of event time of each session, by scanner.
    minutes
        Their minutes.
    """

    days: tuple[date, ...]
    hits: pl.DataFrame
    curves: tuple[Mapping[str, CurveSums], ...]
    minutes: NDArray[np.int64]


def prepare_study(source: StudySource, request: StudyRequest) -> PreparedStudy:
    """Check a study before anything is played.

    Raises
    ------
    InputError
        If the configuration, the store, a horizon or a column cannot be studied.
    """
    config = replace(source.config, strategies=(), observers=())  # no hit depends on them
    backtest = assemble_backtest(config, source.store.absolute(), source.first, source.last)
    if source.run is not None:
        check_tables(source.run, backtest.checked)
    plan = make_plan(source.settings, source.scanners, is_daily=_is_daily(source))
    _check_columns(backtest, plan)
    days = _readable_days(backtest, source, opened=request.open_holdout)
    _check_horizons(backtest, plan, days)
    description = describe_backtest(backtest, source.first, source.last)
    return PreparedStudy(source, backtest, plan, description, days, request.open_holdout)


def join_sessions(study: PreparedStudy, played: Iterable[SessionOutcomes]) -> StudiedHits:
    """Join sessions, in the order of dates, to all hits with what came of them."""
    joined = list(_joined(_joiner(study), played))
    return StudiedHits(
        tuple(one.date for one in joined),
        pl.concat([one.hits for one in joined]),
        tuple(one.curves for one in joined),
        joined[0].minutes,
    )


def _joined(joiner: SessionJoiner, played: Iterable[SessionOutcomes]) -> Iterator[JoinedSession]:
    for outcomes in played:
        yield from joiner.add(outcomes)
    yield from joiner.finish()


def _joiner(study: PreparedStudy) -> SessionJoiner:
    """Make what joins the sessions, with the spreads of those before the first."""
    store, calendar = study.backtest.store, study.backtest.checked.calendar

    def load(day: date, symbols: Sequence[str]) -> DayEnds:
        return DayEnds(day, tuple(symbols), load_ends(store, calendar.session(day), symbols))

    spreads = SpreadHistory()
    if study.plan.settings.spread is None and not study.plan.is_daily:
        known = _symbols(study.backtest)
        for session in calendar.previous(study.sessions[0].date, SPREAD_SESSIONS):
            bars = load_day(store, session, known)
            if bars is not None:
                spreads.add(known, spread_sums(bars.prices))
    opens = {one.date: one.open for one in calendar.sessions(study.days[0], study.days[-1])}
    later = LaterSessions(study.plan, study.days, store.splits(), load, opens)
    return SessionJoiner(study.plan, later, study.days, spreads)


def _symbols(backtest: Backtest) -> tuple[str, ...]:
    """Return the symbols of all universes, as far as they are known before the sessions."""
    stored = backtest.store.symbols()
    first, last = backtest.sessions[0].date, backtest.sessions[-1].date
    universes = (one.universe_between(first, last) for one in backtest.checked.made)
    return tuple(sorted({symbol for universe in universes for symbol in universe} & stored))


def _readable_days(backtest: Backtest, source: StudySource, *, opened: bool) -> tuple[date, ...]:
    """Return the sessions that may be read: to the end of the store, or to the holdout."""
    store = backtest.store
    played = [one for one in store.intervals() if one.is_intraday or store.has_only_days]
    stored = [store.sessions(one)[-1] for one in played]
    end, holdout = max(stored), source.settings.holdout_from
    if holdout is not None and not opened:
        end = min(end, date.fromordinal(holdout.toordinal() - 1))
    first = backtest.sessions[0].date
    ahead = 60  # sessions of all horizons, and weekends between them
    end = min(end, date.fromordinal(source.last.toordinal() + ahead))
    return tuple(one.date for one in backtest.checked.calendar.sessions(first, max(end, source.last)))


def _is_daily(source: StudySource) -> bool:
    """Return whether hits are of whole days: all studied scanners scan at the close alone."""
    own = [one for one in source.config.scanners if one.name in source.scanners]
    daily = [
        one.name
        for one in own
        if one.at_close and not (one.pre_session or one.pre_session_windows or one.regular_session)
    ]
    if daily and len(daily) < len(own):
        raise InputError(
            f"'{daily[0]}' scans at the close, and is entered at the next open; study it apart from "
            f"scanners of the session: --scanner {daily[0]}"
        )
    return bool(daily)


def _check_columns(backtest: Backtest, plan: StudyPlan) -> None:
    """Check that universes have the columns that are matched and grouped by."""
    made = dict(
        zip((one.name for one in backtest.checked.scanners.enabled), backtest.checked.made, strict=True)
    )
    for key, names in (("match", [plan.static_match]), ("groups", plan.settings.groups)):
        for column in (one for one in names if one is not None):
            for name in plan.scanners:
                static = made[name].static_columns
                known = () if static is None else static.names
                if column not in known:
                    has = f"it has {', '.join(known)}" if known else "it has none"
                    besides = f"; besides columns there are {', '.join(MEASURES)}" if key == "match" else ""
                    raise InputError(
                        f"'{key}' names '{column}', which is no column of the universe of '{name}'; "
                        f"{has}{besides}"
                    )


def _check_horizons(backtest: Backtest, plan: StudyPlan, days: Sequence[date]) -> None:
    """Check that each horizon that was asked for has bars in some session."""
    first = backtest.sessions[0]
    interval = backtest.store.base(first.date)
    assert interval is not None  # a session without bars is none of the backtest's
    for horizon in plan.horizons:
        if horizon.kind is HorizonKind.MINUTES and horizon.minutes % interval.minutes:
            raise InputError(
                f"horizon {horizon.name} ends inside of a bar: the store has bars of {interval}; "
                f"give a multiple of {interval.minutes} minutes"
            )
        if horizon.kind is HorizonKind.MINUTES and horizon.minutes * MINUTE >= first.close - first.open:
            raise InputError(f"horizon {horizon.name} is as long as the session; use close")
    if plan.settings.horizons is None:
        return
    stored = [day for day in days if backtest.store.base(day) is not None]
    for horizon in plan.later:
        if days.index(first.date) + horizon.sessions >= len(days) or stored[-1] <= first.date:
            raise InputError(
                f"horizon {horizon.name} has no bars: {stored[-1]} is the last session that may be read, "
                f"and the first that is studied is {first.date}; leave it out"
            )
