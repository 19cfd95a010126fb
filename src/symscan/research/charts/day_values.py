"""What a symbol's bars and indicators were through a session, computed by the engine itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from symscan.config import SessionConfig, parse_config
from symscan.errors import InputError
from symscan.model.instant import MINUTE, to_datetime
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec
from symscan.runs.reading import RunFiles
from symscan.runs.schemas import INSTANT
from symscan.runtime.script import ScriptSession, open_session
from symscan.sources.store.bar_store import BarStore

READINGS = ("vwap", "previous_close")


def day_values(run: RunFiles, store: BarStore, symbol: str, day: date, keys: Sequence[str]) -> pl.DataFrame:
    """Return readings and indicators of a symbol at every minute of a session.

    Returns
    -------
    polars.DataFrame
        ``at``, ``vwap``, ``previous_close`` and one column per key of an indicator; null where unknown.

    Raises
    ------
    InputError
        If an indicator cannot be made again.
    """
    config = _configuration(run, symbol, keys)
    with open_session(store.root, day, config) as session:
        session.session_data.add_session_bars(symbol, str(config.streams[0]))
        rows = [
            _row(session, symbol, keys, at)
            for at in range(session.session.open, session.session.close + 1, MINUTE)
        ]
    names = {"at": INSTANT, **dict.fromkeys((*READINGS, *keys), pl.Float64())}
    return pl.DataFrame(rows, schema=names, orient="row")


def _row(session: ScriptSession, symbol: str, keys: Sequence[str], at: int) -> tuple[object, ...]:
    instant = to_datetime(at)
    session.advance_to(instant)
    view = session.session_data
    readings = (_known(float(value)) for name in READINGS for value in view.column(name))
    found = (view.get_indicator(symbol, key) for key in keys)
    return (
        instant,
        *readings,
        *(None if one is None or not one.valid else _known(one.current_value) for one in found),
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _configuration(run: RunFiles, symbol: str, keys: Sequence[str]) -> SessionConfig:
    """Return the run's configuration with one symbol and its indicators, and nothing that scans."""
    described = run.description
    text = None if described is None else described.facts.get("configuration", {}).get("as_read")
    if described is None or not text:
        raise InputError(f"{run.folder}: the run did not keep its configuration; run it anew")
    config = parse_config(text, str(described.environment.get("configuration", "session.json")))
    specs = tuple(IndicatorSpec.parse(key) for key in keys)
    streams = tuple(dict.fromkeys((Interval.parse("1m"), *config.streams)))
    return replace(
        config,
        mode="backtest",
        symbols=(symbol,),
        indicators=specs,
        streams=streams,
        scanners=(),
        strategies=(),
        observers=(),
    )
