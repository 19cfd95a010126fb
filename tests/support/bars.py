"""A few bars, in a bar store and as a feed has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from symscan.model.instant import MINUTE, Instant, from_datetime, to_datetime
from symscan.model.interval import ONE_MINUTE
from symscan.model.session import Session
from symscan.sources.iterable_feed import FeedBar
from symscan.sources.store.bar_store import BarStore, bar_schema


def feed_bars(ends: Iterable[Instant], symbols: Sequence[str] = ("AAA", "BBB")) -> list[FeedBar]:
    """Valid bars of each symbol at each end, no two alike."""
    bars = []
    for number, end in enumerate(ends):
        for place, symbol in enumerate(symbols):
            price = 10.0 * (place + 1) + number
            bars.append(
                FeedBar(symbol, to_datetime(end), price, price + 2, price - 1, price + 1, 100.0 + number)
            )
    return bars


def store_bars(root: Path, *days: tuple[Session, Sequence[FeedBar]]) -> BarStore:
    """A bar store that has bars of sessions."""
    store, schema = BarStore.create(root), bar_schema(ONE_MINUTE)
    for session, bars in days:
        rows = [
            (session.date, bar.symbol, from_datetime(bar.end) - MINUTE, *bar[2:])
            for bar in sorted(bars, key=lambda bar: (bar.symbol, bar.end))
        ]
        frame = pl.DataFrame(rows, {**schema, "start": pl.Int64}, orient="row").cast(dict(schema))
        with store.updating() as update:
            update.put(ONE_MINUTE, session.date, frame)
    return store
