"""The chart of a symbol in a session: candles, its scanners' indicators, its stays on their lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.model.instant import to_datetime
from symscan.model.session import Session
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
from symscan.research.store import Store
from symscan.runs.layout import JOURNAL
from symscan.runs.reading import RunFiles

_INTERVAL: Final = "5m"
_SHOWN: Final = ("start", "open", "high", "low", "close", "volume")

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


def symbol_chart(run: RunFiles, open_store: Callable[[], Store], symbol: str, day: date | str) -> Any:
    """Return the chart of a symbol in a session of a run, as an altair chart.

    Candles of five minutes with the volume-weighted price and the close of the session before; the
    indicators that the run's scanners asked for, as they are at the end of each candle; a lane for each
    scanner with the symbol's stays on its list, and when it could not be judged. Times are those of the
    exchange.

    Parameters
    ----------
    open_store
        Opens the store that the run was of.

    Raises
    ------
    InputError
        If altair is not installed, the run has no such session, or the store none such symbol.
    """
    altair = load_altair()
    session = _session(run, day)
    keys = indicators_of_session(run, session.date)
    bars = _bars(open_store(), symbol, session, keys)
    panes = [_prices(altair, bars, [key for key in keys if is_price(key)])]
    others = [key for key in keys if not is_price(key)]
    panes += [_pane(altair, bars, key, LINES[at % len(LINES)]) for at, key in enumerate(others)]
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


def _bars(store: Store, symbol: str, session: Session, keys: Sequence[str]) -> pl.DataFrame:
    """Return the candles of regular hours, with readings and indicators at the end of each."""
    columns = ("vwap", "previous_close", *keys)
    bars = store.bars(symbol, _INTERVAL, session.date, columns=columns)
    opens, close = pl.lit(to_datetime(session.open)), pl.lit(to_datetime(session.close))
    regular = bars.filter(pl.col("start") >= opens, pl.col("start") < close)
    if regular.is_empty():
        raise InputError(f"{store.path}: there are no bars of '{symbol}' on {session.date}")
    return exchange_time(regular, session.zone, "start", "end").drop("session", "symbol")


def indicators_of_session(run: RunFiles, day: date) -> list[str]:
    """Return the indicators that scanners asked for in a session, by the journal."""
    keys: dict[str, None] = {}
    with (run.folder / JOURNAL).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"event":"scanner_ready"' in line:
                event = json.loads(line)
                if event.get("event") == "scanner_ready" and event.get("session") == str(day):
                    keys.update(dict.fromkeys(event.get("indicators", [])))
    return list(keys)


def is_price(key: str) -> bool:
    return key.startswith(_ON_PRICES)


def _prices(altair: Any, bars: pl.DataFrame, overlays: Sequence[str]) -> Any:
    color = altair.condition("datum.close >= datum.open", altair.value(UP), altair.value(DOWN))
    scale = altair.Scale(zero=False)
    base = altair.Chart(bars).encode(time_axis(altair, "start"), color=color)
    wicks = base.mark_rule().encode(altair.Y("low:Q", scale=scale, title=None), altair.Y2("high:Q"))
    width = max(WIDTH / 78 - 2, 1)
    bodies = base.mark_bar(size=width).encode(
        altair.Y("open:Q", scale=scale), altair.Y2("close:Q"), tooltip=list(_SHOWN)
    )
    lines = [_line(altair, bars, key, LINES[at % len(LINES)]) for at, key in enumerate(("vwap", *overlays))]
    title = _title(
        altair, f"lines: {', '.join(('vwap', *overlays))}; dashed: the close of the session before"
    )
    layers = altair.layer(wicks, bodies, *lines, *_level(altair, bars))
    return layers.properties(width=WIDTH, height=260, title=title)


def _line(altair: Any, bars: pl.DataFrame, key: str, color: str) -> Any:
    frame = bars.select("end", pl.col(key).alias("value"), pl.lit(key).alias("name")).drop_nulls()
    y = altair.Y("value:Q", scale=altair.Scale(zero=False), title=None)
    chart = altair.Chart(frame).mark_line(strokeWidth=1.2, interpolate="step-after", color=color)
    return chart.encode(time_axis(altair, "end"), y, tooltip=["end", "name", "value"])


def _level(altair: Any, bars: pl.DataFrame) -> list[Any]:
    """Return the close of the session before as a line; nothing where it is not known."""
    known = bars["previous_close"].drop_nulls()
    if known.is_empty():
        return []
    frame = pl.DataFrame({"value": [known[0]], "name": ["previous close"]})
    rule = altair.Chart(frame).mark_rule(strokeDash=[4, 3], color=GREY)
    return [rule.encode(altair.Y("value:Q", scale=altair.Scale(zero=False)), tooltip=["name", "value"])]


def _pane(altair: Any, bars: pl.DataFrame, key: str, color: str) -> Any:
    return _line(altair, bars, key, color).properties(width=WIDTH, height=80, title=_title(altair, key))


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
        "scanner",
        pl.col("reason").alias("what"),
        pl.col("from").alias("entered"),
        pl.col("to").dt.offset_by("1m").alias("left"),
    )
    opens = pl.lit(to_datetime(session.open))
    rows = pl.concat([stays, unknown.cast(stays.schema)]).filter(pl.col("left") > opens)
    return exchange_time(
        rows.with_columns(pl.max_horizontal("entered", opens)), session.zone, "entered", "left"
    )


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
