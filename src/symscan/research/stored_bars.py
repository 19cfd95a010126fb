"""The bars of a store as one frame: those stored of an interval, else made of finer ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from symscan.bars.aggregator import derive
from symscan.bars.dense import BAR_COLUMNS, DenseBars, Slots, number
from symscan.model.bar import FIELDS, Block
from symscan.model.instant import MINUTE
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.session import Session
from symscan.runs.schemas import INSTANT
from symscan.sources.store.bar_store import BarStore

SCHEMA = pl.Schema(
    {
        "session": pl.Date(),
        "symbol": pl.String(),
        "start": INSTANT,
        "end": INSTANT,
        **dict.fromkeys(FIELDS, pl.Float64()),
    }
)
"""The columns of bars; prices as traded, volume in shares."""


def bars_of(store: BarStore, session: Session, interval: Interval, symbols: Sequence[str]) -> pl.DataFrame:
    """Return a session's bars of an interval, by symbol and start.

    Where the store has none of the interval on that date, they are made of its finest bars in regular
    hours; so is the daily bar of a symbol that has none.
    """
    has = interval in store.intervals(session.date)
    stored = _stored(store, session, interval, symbols) if has else pl.DataFrame(schema=SCHEMA)
    if has and interval != ONE_DAY:
        return stored
    known = set(stored["symbol"])
    derived = _derived(store, session, interval, [one for one in symbols if one not in known])
    return pl.concat([stored, derived]).sort("symbol", "start")


def _stored(store: BarStore, session: Session, interval: Interval, symbols: Sequence[str]) -> pl.DataFrame:
    bars = store.load(interval, [session.date], symbols)
    if interval == ONE_DAY:
        moments = [pl.lit(session.open).alias("start"), pl.lit(session.close).alias("end")]
    else:
        start = pl.col("start").to_physical()
        whole = start + interval.minutes * MINUTE
        is_cut = (start < session.close) & (whole > session.close)
        moments = [start, pl.when(is_cut).then(session.close).otherwise(whole).alias("end")]
    return bars.with_columns(moments).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _derived(store: BarStore, session: Session, interval: Interval, symbols: Sequence[str]) -> pl.DataFrame:
    finest = store.finest(session.date)
    if finest is None or not symbols or not _is_multiple(interval, finest):
        return pl.DataFrame(schema=SCHEMA)
    dense = DenseBars(Slots.regular(session, finest), len(symbols))
    dense.put(store.load(finest, [session.date], symbols, BAR_COLUMNS), number(symbols))
    step = session.close - session.open if interval == ONE_DAY else interval.minutes * MINUTE
    frames = [
        _of_block(block, session.open + place * step, session, symbols)
        for place, block in enumerate(derive(interval, session, dense.blocks()))
    ]
    return pl.concat(frames).sort("symbol", "start")


def _is_multiple(interval: Interval, finest: Interval) -> bool:
    return interval == ONE_DAY or (interval > finest and interval.minutes % finest.minutes == 0)


def _of_block(block: Block, start: int, session: Session, symbols: Sequence[str]) -> pl.DataFrame:
    rows = np.flatnonzero(block.present)
    fields = {name: block.fields[place][rows] for place, name in enumerate(FIELDS)}
    keys = {"session": session.date, "start": start, "end": block.end}
    frame = pl.DataFrame({"symbol": [symbols[row] for row in rows.tolist()], **fields})
    frame = frame.with_columns(pl.lit(value).alias(name) for name, value in keys.items())
    return frame.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
