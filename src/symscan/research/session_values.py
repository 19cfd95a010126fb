"""What a session has of some symbols at some instants, as a scanner of it would read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.model.instant import Instant, to_datetime
from symscan.model.readings import LAST_BAR_END
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.runs.schemas import INSTANT
from symscan.runtime.assembly import Backtest
from symscan.runtime.script import ScriptSession
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.session.candidates import parse_column

_NAME: Final = "columns"


class _Reader(BaseScanner):
    """A scanner that only reads: its universe are the symbols wanted."""

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__({})
        self._universe = list(symbols)

    def scan(self, context: ScanContext) -> ScanResult:  # noqa: ARG002 - it never scans
        return ScanResult([])


def indicators_of(columns: Sequence[str]) -> list[str]:
    """Return the keys of the indicators among some columns, each once.

    Raises
    ------
    SpecError
        If a column is neither a reading nor an indicator.
    """
    specs = [parse_column(name).spec for name in columns]
    return list(dict.fromkeys(str(spec) for spec in specs if spec is not None))


def session_values(
    backtest: Backtest, symbols: Sequence[str], columns: Sequence[str], ends: Mapping[date, Sequence[Instant]]
) -> pl.DataFrame:
    """Play sessions up to some instants, and read columns there.

    Parameters
    ----------
    backtest
        The sessions; it needs no scanner.
    symbols
        Whose values.
    columns
        Readings and indicators, each once.
    ends
        The instants of each date, ascending; those after its close are left out.

    Returns
    -------
    polars.DataFrame
        ``symbol``, ``end`` and the columns, null where unknown.
    """
    played = [
        _of_session(backtest, session, symbols, columns, ends[session.date])
        for session in backtest.sessions
        if ends.get(session.date)
    ]
    return pl.concat([_frame(columns, [], [], []), *played])


def _of_session(
    backtest: Backtest,
    session: Session,
    symbols: Sequence[str],
    columns: Sequence[str],
    ends: Sequence[Instant],
) -> pl.DataFrame:
    coordinator = backtest.coordinator(session, [EventCollector()], start=session.pre_open)
    within = [end for end in ends if session.pre_open <= end <= session.close]
    with ScriptSession(coordinator, (), ()) as played:
        view = played.context(_Reader(symbols), _NAME).session_data
        for key in indicators_of(columns):
            view.add_indicator(list(symbols), key)
        read: list[list[Any]] = []
        for end in within:
            played.advance_to(to_datetime(end))
            read.append([view.column(name) for name in columns])
        return _frame(columns, view.symbols, within, read)


def _frame(
    columns: Sequence[str], symbols: Sequence[str], ends: Sequence[Instant], read: Sequence[Sequence[Any]]
) -> pl.DataFrame:
    keys = {
        "symbol": pl.Series(list(symbols) * len(ends), dtype=pl.String),
        "end": pl.Series(np.repeat(np.array(ends, np.int64), len(symbols)), dtype=pl.Int64).cast(INSTANT),
    }
    by_name = {name: [at[place] for at in read] for place, name in enumerate(columns)}
    values = {name: _series(name, np.concatenate(parts) if parts else []) for name, parts in by_name.items()}
    return pl.DataFrame(keys | values)


def _series(name: str, values: Any) -> pl.Series:
    series = pl.Series(name, values, pl.Float64, nan_to_null=True)
    return series.cast(pl.Int64).cast(INSTANT) if name == LAST_BAR_END else series
