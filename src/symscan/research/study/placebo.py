"""Study the same on placebo markets, in which nobody can have an edge: what chance does to the headline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from symscan.model.session import Session
from symscan.research.placebo_store import make_placebo_store
from symscan.research.study.make import PreparedStudy, ShowSession, join_sessions, prepare_study
from symscan.research.study.playing import play_sessions
from symscan.research.study.source import StudyRequest
from symscan.research.study.tables.summary import summarize
from symscan.runtime.parallel.division import Division
from symscan.sources.store.bar_store import BarStore

SCHEMA: Final = pl.Schema(
    {
        "scanner": pl.String(),
        "horizon": pl.String(),
        "market": pl.Int64(),
        "n": pl.Int64(),
        "sessions": pl.Int64(),
        "mean_excess": pl.Float64(),
        "t": pl.Float64(),
    }
)
_SEEDS_APART: Final = 100_003


def placebo_frame(
    study: PreparedStudy, request: StudyRequest, markets: int, division: Division, show: ShowSession
) -> pl.DataFrame:
    """Return the headline of each scanner on so many placebo markets; ``show`` counts all their sessions.

    Raises
    ------
    RunError
        If a session of one cannot be played.
    """
    rows: list[tuple[Any, ...]] = []
    for number in range(1, markets + 1):
        shown = partial(_show_market, show, number, markets)
        rows += _market(study, request, number, division, shown)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").with_columns(pl.col(pl.Float64).fill_nan(None))


def _show_market(
    show: ShowSession, number: int, markets: int, session: Session, done: int, total: int
) -> None:
    show(session, (number - 1) * total + done, markets * total)


def _market(
    study: PreparedStudy, request: StudyRequest, number: int, division: Division, show: ShowSession
) -> Iterator[tuple[Any, ...]]:
    seed = study.plan.settings.seed * _SEEDS_APART + number
    with TemporaryDirectory(prefix="symscan-placebo-") as folder:
        store = BarStore.create(Path(folder) / "store")
        make_placebo_store(study.backtest.store, store, study.backtest.checked.calendar, seed)
        source = replace(study.source, store=store.root, run=None)
        here = prepare_study(source, request)
        with division.executor(here.backtest.config, source.first, source.last) as executor:
            studied = join_sessions(here, play_sessions(here, show, executor))
        for one in summarize(studied.hits, here.plan, studied.days):
            if one.horizon == here.plan.headline:
                found = one.excess
                yield one.scanner, one.horizon.name, number, found.n, found.sessions, found.mean, found.t
