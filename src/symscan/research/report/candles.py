"""The bars around the best stays, as coarse as a small drawing needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import MINUTE
from symscan.model.session import Session
from symscan.sources.store.bar_store import BarStore

CANDLE_MINUTES: Final = 5
_COLUMNS: Final = ("symbol", "start", "open", "high", "low", "close")


def day_candles(
    store: BarStore, exchange: str, wanted: Mapping[date, Sequence[str]]
) -> dict[tuple[date, str], dict[str, Any]]:
    """Return the candles of symbols in sessions, regular hours.

    Returns
    -------
    dict
        By session and symbol ``opens_at`` (minutes after midnight), ``minutes`` (how long it is), and of
        each candle ``at`` (minutes after the open), ``open``, ``high``, ``low``, ``close``; nothing for
        who has none.

    Raises
    ------
    DataError
        If a file of the store cannot be read.
    """
    calendar = SessionCalendar(exchange)
    found: dict[tuple[date, str], dict[str, Any]] = {}
    for day, symbols in wanted.items():
        session = calendar.session(day)
        opens = session.local(session.open)
        interval = store.finest(day)
        if interval is None:  # of a live session, until its bars are in the store
            continue
        bars = store.load(interval, [day], symbols, _COLUMNS)
        for (symbol,), part in (
            _candles(bars, session, interval.minutes).partition_by("symbol", as_dict=True).items()
        ):
            columns = {name: part[name].to_list() for name in ("at", "open", "high", "low", "close")}
            found[day, str(symbol)] = {
                "opens_at": opens.hour * 60 + opens.minute,
                "minutes": session.minutes,
                **columns,
            }
    return found


def _candles(bars: pl.DataFrame, session: Session, minutes: int) -> pl.DataFrame:
    width = max(CANDLE_MINUTES, minutes)
    after = (pl.col("start").to_physical() - session.open) // MINUTE
    regular = bars.with_columns(after=after).filter(pl.col("after") >= 0, pl.col("after") < session.minutes)
    return (
        regular.group_by("symbol", (pl.col("after") // width * width).alias("at"), maintain_order=True)
        .agg(pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last())
        .with_columns(pl.col("open", "high", "low", "close").round(4))
    )
