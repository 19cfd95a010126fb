"""Narrow universes by what is known of earlier days, before minutes are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import ScannerConfig
from symscan.errors import ExpressionError
from symscan.model.events.session import UniverseNarrowed
from symscan.model.hit_metadata import SYMBOL
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.runtime.building.plugins import ScannerSetup
from symscan.runtime.provisioning.rows import allocate_rows
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.scanners.base import BaseScanner
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.screens.language.compiler import Expression, compile_where
from symscan.scanners.screens.language.names import Names, dtype_of, kind_of, kind_of_dtype
from symscan.scanners.screens.language.terms import Kind
from symscan.scanners.universe import Universe
from symscan.session.candidates import parse_column
from symscan.session.session_data import SessionData
from symscan.sources.ports import HistorySource

KEY: Final = "universe_where"
_PREVIOUS_CLOSE: Final = "previous_close"
_HOLDER: Final = "prefilter"


def check_prefilter(made: BaseScanner, where: str) -> None:
    """Check the condition by which a scanner's universe is narrowed.

    Raises
    ------
    ExpressionError
        If it is refused, or reads anything of the session itself.
    """
    _compiled(where, made.universe_before_setup(), made)


def narrow_universes(
    setup: ScannerSetup,
    managed: Sequence[ManagedScanner],
    session: Session,
    history: HistorySource,
    calendar: SessionCalendar,
    kept: Mapping[str, tuple[Sequence[str], int]],
) -> None:
    """Narrow the universes of the scanners that say so, before they are set up.

    Parameters
    ----------
    kept
        Who was kept by scanner, and of how many that was unknown, where the session was begun before.
    """
    by_name = {one.name: one for one in managed}
    for scanner in setup.enabled:
        if scanner.universe_where is None:
            continue
        made = setup.make(scanner, session.date)
        universe = made.universe_before_setup()
        evaluated = kept.get(scanner.name)
        if evaluated is None:
            evaluated = _evaluated(scanner, made, universe, SessionData(session), history, calendar)
        found, unknown = evaluated
        one = by_name[scanner.name]
        one.scanner.narrow(found)
        one.kept = tuple(found)
        one.narrowed = UniverseNarrowed(
            session.pre_open, scanner.name, len(universe.symbols), len(found), unknown
        )


def _evaluated(
    scanner: ScannerConfig,
    made: BaseScanner,
    universe: Universe,
    data: SessionData,
    history: HistorySource,
    calendar: SessionCalendar,
) -> tuple[list[str], int]:
    """Return who is kept, and of how many that is unknown: these are left out."""
    condition = _compiled(scanner.universe_where or "", universe, made)
    symbols = universe.symbols
    if not symbols:
        return [], 0
    allocate_rows(data, history, symbols)
    rows = data.symbols.rows(symbols)
    columns = [parse_column(name) for name in condition.names if name not in _columns_of(universe, made)]
    specs: dict[IndicatorSpec, None] = {one.spec: None for one in columns if one.spec is not None}
    warmed = {spec: data.request_indicator(spec, _HOLDER, rows) for spec in specs}
    IndicatorWarmup(data, history, calendar).warm(warmed)
    series = [
        _static_series(name, universe, made, data)
        for name in condition.names
        if name in _columns_of(universe, made)
    ]
    for column in columns:
        values = (
            data.readings.previous_close[rows]
            if column.spec is None
            else data.indicators.column(column.spec, column.output)[rows]
        )
        series.append(pl.Series(column.name, values, pl.Float64, nan_to_null=True))
    frame = pl.DataFrame([pl.Series(SYMBOL, symbols, pl.String), *series])
    found = frame.select(SYMBOL, verdict=condition.expr)
    unknown = found["verdict"].null_count()
    return found.filter(pl.col("verdict"))[SYMBOL].to_list(), unknown


def _compiled(where: str, universe: Universe, made: BaseScanner) -> Expression:
    try:
        condition = compile_where(where, Names(_columns_of(universe, made)))
    except ExpressionError as fault:
        fault.part = KEY
        raise
    for name in condition.names:
        if name in _columns_of(universe, made) or name == _PREVIOUS_CLOSE:
            continue
        spec = None if name.startswith("in_scanner") else parse_column(name).spec
        if spec is None or spec.interval.is_intraday:
            raise ExpressionError(
                f"'{name}' is of the session itself; {KEY} is evaluated before it, by indicators of days, "
                "weeks and months (close_1d, dollar_volume_20_1d), previous_close and the universe's columns",
                token=name,
                offset=max(where.lower().find(name), 0),
                part=KEY,
            )
    return condition


def _columns_of(universe: Universe, made: BaseScanner) -> dict[str, Kind]:
    kinds = {name: kind_of(values) for name, values in universe.columns.items()}
    return kinds | {name: kind_of_dtype(dtype) for name, dtype in made.tables.kinds.items()}


def _static_series(name: str, universe: Universe, made: BaseScanner, data: SessionData) -> pl.Series:
    if name in made.tables.kinds:
        return made.tables.columns_over(universe.symbols).series(name, data.now)
    values = universe.columns[name]
    return pl.Series(name, values, dtype_of(kind_of(values)), strict=False)
