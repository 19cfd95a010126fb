"""The chart of a symbol in a session: candles, its scanners' indicators, its stays on their lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.model.instant import MINUTE, to_datetime
from symscan.model.session import Session
from symscan.research.charts.day_values import day_values
from symscan.research.charts.look import (
    DARK,
    DOWN,
    GREY,
    LIGHT,
    LINES,
    UP,
    WIDTH,
    exchange_time,
    finished,
    load_altair,
    time_axis,
)
from symscan.research.report.candles import CANDLE_MINUTES, day_candles
from symscan.research.unchanged_store import unchanged_store
from symscan.runs.layout import JOURNAL
from symscan.runs.reading import RunFiles
from symscan.sources.store.bar_store import BarStore

_ON_PRICES: Final = (
    "sma",
    "ema",
    "wma",
    "vwap",
    "dema",
    "tema",
    "kama",
    "trima",
    "hma",
    "bb",
    "t3",
    "sar",
    "mid",
)
"""How the names of indicators begin that are prices themselves."""


def symbol_chart(run: RunFiles, symbol: str, day: date | str, store: Path | None = None) -> Any:
    """Return the chart of a symbol in a session of a run, as an altair chart.

    Candles of five minutes with the volume-weighted price and the close of the session before; the
    indicators that the run's scanners asked for; a lane for each scanner with the symbol's stays on its
    list, and when it could not be judged. Times are those of the exchange.

    Parameters
    ----------
    store
        Where the bars are now; None for where they were.

    Raises
    ------
    InputError
        If altair is not installed, the run has no such session, or the store none such symbol.
    DataError
        If the store has changed since the run; the error names a file.
    """
    altair = load_altair()
    session = _session(run, day)
    bars = unchanged_store(run, store)
    candles = _candles(run, bars, symbol, session)
    keys = _indicators(run, session.date)
    values = exchange_time(day_values(run, bars, symbol, session.date, keys), session.zone, "at")
    panes = [_prices(altair, candles, values, [key for key in keys if _is_price(key)])]
    others = [key for key in keys if not _is_price(key)]
    panes += [_pane(altair, values, key, LINES[at % len(LINES)]) for at, key in enumerate(others)]
    lanes = _lanes(run, symbol, session)
    if lanes.height:
        panes.append(_stays(altair, lanes))
    title = f"{symbol} {session.date}, {session.zone.key}"
    return finished(altair.vconcat(*panes, spacing=4, title=title).resolve_scale(x="shared"))


def _session(run: RunFiles, day: date | str) -> Session:
    try:
        wanted = day if isinstance(day, date) else date.fromisoformat(day)
    except ValueError:
        raise InputError(f"'{day}' is not a date; write it as 2018-02-20") from None
    if wanted not in run.sessions:
        has = f"{run.sessions[0]} to {run.sessions[-1]}" if run.sessions else "none"
        raise InputError(f"{run.folder}: the run has no session of {wanted} (it has {has})")
    return SessionCalendar(str(run.summary.get("exchange", "NYSE"))).session(wanted)


def _candles(run: RunFiles, store: BarStore, symbol: str, session: Session) -> pl.DataFrame:
    found = day_candles(store, str(run.summary.get("exchange", "NYSE")), {session.date: [symbol]})
    bars = found.get((session.date, symbol))
    if bars is None:
        close = get_close_matches(symbol, sorted(store.symbols()), n=1)
        guess = f"; did you mean '{close[0]}'?" if close else ""
        raise InputError(f"{store.root}: there are no bars of '{symbol}' on {session.date}{guess}")
    start = pl.Series(
        [f"{session.local(session.open + at * MINUTE):%Y-%m-%dT%H:%M:%SZ}" for at in bars["at"]]
    )
    columns = {name: bars[name] for name in ("open", "high", "low", "close")}
    return pl.DataFrame({"at": start, **columns})


def _indicators(run: RunFiles, day: date) -> list[str]:
    """Return the indicators that scanners asked for in a session, by the journal."""
    keys: dict[str, None] = {}
    with (run.folder / JOURNAL).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"event":"scanner_ready"' in line:
                event = json.loads(line)
                if event.get("event") == "scanner_ready" and event.get("session") == str(day):
                    keys.update(dict.fromkeys(event.get("indicators", [])))
    return list(keys)


def _is_price(key: str) -> bool:
    return key.startswith(_ON_PRICES)


def _prices(altair: Any, candles: pl.DataFrame, values: pl.DataFrame, overlays: Sequence[str]) -> Any:
    color = altair.condition("datum.close >= datum.open", altair.value(UP), altair.value(DOWN))
    scale = altair.Scale(zero=False)
    base = altair.Chart(candles).encode(time_axis(altair, "at"), color=color)
    wicks = base.mark_rule().encode(altair.Y("low:Q", scale=scale, title=None), altair.Y2("high:Q"))
    width = max(WIDTH / 390 * CANDLE_MINUTES - 2, 1)
    bodies = base.mark_bar(size=width).encode(
        altair.Y("open:Q", scale=scale), altair.Y2("close:Q"), tooltip=list(candles.columns)
    )
    lines = [_line(altair, values, key, LINES[at % len(LINES)]) for at, key in enumerate(("vwap", *overlays))]
    title = _title(
        altair, f"lines: {', '.join(('vwap', *overlays))}; dashed: the close of the session before"
    )
    layers = altair.layer(wicks, bodies, *lines, *_level(altair, values))
    return layers.properties(width=WIDTH, height=260, title=title)


def _line(altair: Any, values: pl.DataFrame, key: str, color: str) -> Any:
    frame = values.select("at", pl.col(key).alias("value"), pl.lit(key).alias("name")).drop_nulls()
    y = altair.Y("value:Q", scale=altair.Scale(zero=False), title=None)
    chart = altair.Chart(frame).mark_line(strokeWidth=1.2, color=color)
    return chart.encode(time_axis(altair, "at"), y, tooltip=["at", "name", "value"])


def _level(altair: Any, values: pl.DataFrame) -> list[Any]:
    """Return the close of the session before as a line; nothing where it is not known."""
    known = values["previous_close"].drop_nulls()
    if known.is_empty():
        return []
    frame = pl.DataFrame({"value": [known[0]], "name": ["previous close"]})
    rule = altair.Chart(frame).mark_rule(strokeDash=[4, 3], color=GREY)
    return [rule.encode(altair.Y("value:Q", scale=altair.Scale(zero=False)), tooltip=["name", "value"])]


def _pane(altair: Any, values: pl.DataFrame, key: str, color: str) -> Any:
    return _line(altair, values, key, color).properties(width=WIDTH, height=80, title=_title(altair, key))


def _title(altair: Any, text: str) -> Any:
    return altair.TitleParams(text, fontSize=11, fontWeight="normal")


def _lanes(run: RunFiles, symbol: str, session: Session) -> pl.DataFrame:
    """Return the stays of a symbol, and when it could not be judged, by scanner."""
    of = (pl.col("symbol") == symbol) & (pl.col("session") == session.date)
    close = pl.lit(to_datetime(session.close))
    stays = run.collect(run.episodes().filter(of)).select(
        "scanner", pl.lit("on the list").alias("what"), "entered", pl.col("left").fill_null(close)
    )
    unknown = run.collect(run.unknown().filter(of)).select(
        "scanner", pl.col("reason").alias("what"), pl.col("from").alias("entered"), pl.col("to").alias("left")
    )
    opens = pl.lit(to_datetime(session.open))
    rows = pl.concat([stays, unknown.cast(stays.schema)]).with_columns(
        pl.max_horizontal("entered", opens), pl.max_horizontal("left", opens)
    )
    return exchange_time(rows, session.zone, "entered", "left")


def _stays(altair: Any, lanes: pl.DataFrame) -> Any:
    color = altair.condition("datum.what == 'on the list'", altair.value(DARK), altair.value(LIGHT))
    opacity = altair.condition("datum.what == 'on the list'", altair.value(1.0), altair.value(0.45))
    chart = altair.Chart(lanes).mark_bar(size=10, minBandSize=2)
    y = altair.Y("scanner:N", title=None, axis=altair.Axis(labelLimit=160))
    encoded = chart.encode(
        time_axis(altair, "entered"),
        altair.X2("left:T"),
        y,
        color=color,
        opacity=opacity,
        tooltip=list(lanes.columns),
    )
    return encoded.properties(width=WIDTH, height=altair.Step(18))
