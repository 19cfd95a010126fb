"""What a study reads of the store beside what scanners see: bars of the session, measures of days before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from symscan.bars.dense import BAR_COLUMNS, DenseBars, Slots, number
from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME, Block, Floats
from symscan.model.interval import ONE_DAY
from symscan.model.session import Session
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.session_ends import SessionEnds
from symscan.research.statistics.spread_sums import edge_of_sums, spread_sums
from symscan.sources.ports import HistorySource
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.played_days import PlayedDays

MEASURED_SESSIONS: Final = 21
"""Sessions of daily bars that measures are made of: one more than returns."""

DAILY_BARS: Final = 250
"""Daily bars that a spread is estimated from where there are no others."""

_PRICES: Final = ("open", "high", "low", "close")
_FEWEST: Final = 10
"""With fewer known sessions a measure is unknown."""


def load_day(
    store: BarStore, session: Session, symbols: Sequence[str], played: PlayedDays | None = None
) -> DayBars | None:
    """Load the regular bars of a session, in the finest interval that the store has of it.

    Parameters
    ----------
    symbols
        The columns.
    played
        Days that a run has in memory.

    Returns
    -------
    DayBars or None
        None where the store has no intraday bars of the session.

    Raises
    ------
    DataError
        If a file of the store cannot be read.
    """
    interval = store.finest(session.date)
    if interval is None:
        return None
    slots = Slots.regular(session, interval)
    day = None if played is None else played.find(store.path(interval, session.date))
    bars = None if day is None else day.bars_of(symbols)
    if bars is not None:
        return _day_bars(slots, session, bars.fields.copy(), bars.present)  # the played day's are not ours
    bars = DenseBars(slots, len(symbols))
    bars.put(store.load(interval, [session.date], symbols, BAR_COLUMNS), number(symbols))
    return _day_bars(slots, session, bars.fields, bars.present)


def _day_bars(slots: Slots, session: Session, fields: Floats, present: np.ndarray) -> DayBars:
    fields[:, VOLUME][~present] = np.nan
    start = slots.start + slots.step * np.arange(len(slots), dtype=np.int64)
    prices = (fields[:, OPEN], fields[:, HIGH], fields[:, LOW], fields[:, CLOSE], fields[:, VOLUME])
    return DayBars(start, slots.step, session.close, *prices)


def load_ends(store: BarStore, session: Session, symbols: Sequence[str]) -> SessionEnds | None:
    """Load what a session says of holdings of earlier ones: of its minutes, or, in a store of days, its day.

    Returns
    -------
    SessionEnds or None
        None where the store has no bars of the session.

    Raises
    ------
    DataError
        If a file of the store cannot be read.
    """
    if not store.has_only_days:
        bars = load_day(store, session, symbols)
        return None if bars is None else ends_of(bars, store, session, symbols)
    if store.path(ONE_DAY, session.date) is None:
        return None
    return SessionEnds.of_days(*_daily_bars(store, session, symbols, _PRICES))


def ends_of(bars: DayBars, store: BarStore, session: Session, symbols: Sequence[str]) -> SessionEnds:
    """Sum up a session's minutes, beside the closes of its stored daily bars.

    Raises
    ------
    DataError
        If a file of the store cannot be read.
    """
    (closes,) = _daily_bars(store, session, symbols, _PRICES[-1:])
    return SessionEnds.of_minutes(bars, closes)


def _daily_bars(
    store: BarStore, session: Session, symbols: Sequence[str], names: Sequence[str]
) -> list[Floats]:
    """Return fields of the stored daily bars of symbols, NaN where there is none."""
    frame = store.load(ONE_DAY, [session.date], symbols, ("symbol", *names))
    rows = pl.DataFrame({"symbol": pl.Series(symbols, dtype=pl.String)}).join(
        frame, on="symbol", how="left", maintain_order="left"
    )
    return [rows[name].fill_null(np.nan).to_numpy() for name in names]


def daily_edges(history: HistorySource, session: Session, symbols: Sequence[str]) -> Floats:
    """Estimate spreads from the daily bars of a year before a session, as fractions of the price.

    A day's range says little of a spread: it is rough.
    """
    blocks = list(history.load(symbols, ONE_DAY, session, DAILY_BARS))
    if not blocks or not symbols:
        return np.full(len(symbols), np.nan)
    fields = np.stack([block.fields for block in blocks], axis=1)  # (fields, days, symbols)
    return edge_of_sums(spread_sums(fields[:VOLUME]))


def measures(history: HistorySource, session: Session, symbols: Sequence[str]) -> Mapping[str, Floats]:
    """Return what symbols are matched by, from the daily bars of completed sessions; NaN where unknown.

    Returns
    -------
    volatility
        The standard deviation of the log returns of 20 sessions.
    dollar_volume
        The mean logarithm of close times volume over 20 sessions.
    price
        The close of the session before.
    """
    blocks: list[Block] = list(history.load(symbols, ONE_DAY, session, MEASURED_SESSIONS))
    close = np.array([block.close for block in blocks]).reshape(len(blocks), len(symbols))
    volume = np.array([block.volume for block in blocks]).reshape(close.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        turnover = np.where(close * volume > 0.0, np.log(close * volume), np.nan)[1:]
        returns = np.diff(np.log(close), axis=0)
    price = close[-1] if len(blocks) else np.full(len(symbols), np.nan)
    return {
        "volatility": _over_days(returns, deviation=True),
        "dollar_volume": _over_days(turnover, deviation=False),
        "price": price,
    }


def _over_days(values: Floats, *, deviation: bool) -> Floats:
    """Return the mean or the standard deviation over days of each symbol that has enough of them."""
    known = ~np.isnan(values)
    count = known.sum(axis=0).astype(np.float64)
    count[count < _FEWEST] = np.nan
    mean: Floats = np.where(known, values, 0.0).sum(axis=0) / count
    if not deviation:
        return mean
    spread: Floats = np.sqrt(np.where(known, values - mean, 0.0).__pow__(2).sum(axis=0) / (count - 1.0))
    return spread
