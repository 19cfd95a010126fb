"""The market the benchmarks run on: random walks in whole cents, the same bits on every machine.

Steps are drawn as integers from uniform numbers, so nothing depends on how a machine rounds a
logarithm. Nearly all symbols miss 2 to 4% of their minutes, an illiquid tail up to 45%; about 5% of
all minutes are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

MINUTES: Final = 390
HISTORY_DAYS: Final = 60
FIELDS: Final = ("open", "high", "low", "close", "volume")
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)

SIZES: Final = {"small": (500, 5), "large": (8_000, 1)}
"""Symbols and sessions of each workload."""

_MINUTE_US: Final = 60_000_000
_FIRST_SESSION: Final = np.datetime64("2024-03-04")
_WINTER: Final = np.datetime64("2023-11-27")
"""The first session of ranges: 44 without a half day, none of them in summer time."""

_HOLIDAYS: Final = [
    "2023-09-04",
    "2023-11-23",
    "2023-12-25",
    "2024-01-01",
    "2024-01-15",
    "2024-02-19",
    "2024-03-29",
]
_OPEN_UTC: Final = (14, 30)  # 09:30 in New York; no session of the market lies in summer time
_FEW: Final = 5
_ILLIQUID_SHARE: Final = 0.08
_LOWEST_CENTS: Final = 100.0

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Bars in time order, dense: one column per symbol, one contiguous block per minute.

    Attributes
    ----------
    workload
        ``small``, ``large``, or what a test calls it.
    symbols
        The symbols in sorted order; their position is their row.
    dates
        The sessions.
    opens
        The opens of the sessions, UTC microseconds. Minute ``m`` covers ``[open + m, open + m + 1)``.
    fields
        1m bars, shape ``(sessions, 390, 5, symbols)``, prices and volume in the order of ``FIELDS``.
        Where a symbol has no bar its prices are NaN and its volume is 0.
    present
        Which symbols have a bar, shape ``(sessions, 390, symbols)``.
    daily_dates
        The 60 sessions before the first one.
    daily
        Their 1d bars, shape ``(60, 5, symbols)``.
    """

    workload: str
    symbols: tuple[str, ...]
    dates: tuple[date, ...]
    opens: tuple[int, ...]
    fields: Floats
    present: Mask
    daily_dates: tuple[date, ...]
    daily: Floats

    @property
    def bars(self) -> int:
        """How many 1m bars there are."""
        return int(np.count_nonzero(self.present))

    def write_store_files(self, folder: Path) -> dict[str, list[Path]]:
        """Write the market as files for ``symscan data import`` and return their paths by interval.

        One 1m file per session, sorted by start then symbol as a raw time-ordered file is, and one
        1d file with the 60 days before. 1m ``ts`` is the bar's start in UTC.
        """
        folder.mkdir(parents=True, exist_ok=True)
        minute_files = [self._write_session(index, folder) for index in range(len(self.dates))]
        return {"1m": minute_files, "1d": [self._write_daily(folder)]}

    def _write_session(self, index: int, folder: Path) -> Path:
        minute, row = np.nonzero(self.present[index])
        starts = self.opens[index] + minute * _MINUTE_US
        stamps = pl.Series("ts", starts).cast(pl.Datetime("us", "UTC"))
        block = self.fields[index]
        columns = [block[minute, field, row] for field in range(len(FIELDS))]
        path = folder / f"1m_{self.dates[index]}.parquet"
        self._frame(row, stamps, columns).write_parquet(path)
        return path

    def _write_daily(self, folder: Path) -> Path:
        day, row = (index.ravel() for index in np.indices((len(self.daily_dates), len(self.symbols))))
        dates = pl.Series("date", self.daily_dates, dtype=pl.Date).gather(day)
        columns = [self.daily[:, field].ravel() for field in range(len(FIELDS))]
        path = folder / "1d.parquet"
        self._frame(row, dates, columns).write_parquet(path)
        return path

    def _frame(self, row: NDArray[np.intp], when: pl.Series, columns: Sequence[Floats]) -> pl.DataFrame:
        names = pl.Series("symbol", self.symbols).gather(row)
        values = [pl.Series(name, column) for name, column in zip(FIELDS, columns, strict=True)]
        values[VOLUME] = values[VOLUME].cast(pl.Int64)
        return pl.DataFrame([names, when, *values])


def build(workload: str) -> Market:
    """The market of a workload, ``small`` or ``large``."""
    symbols, sessions = SIZES[workload]
    return make_market(symbols, sessions, seed=20_240_304, workload=workload)


def make_market(
    symbols: int, sessions: int, *, seed: int, workload: str = "custom", is_sparse: bool = False
) -> Market:
    """A seeded market of any size; equal arguments give equal bits.

    A sparse one lacks some nine of ten minutes, as small companies do.
    """
    rng = np.random.default_rng(seed)
    start = np.floor(1_000 + 29_000 * rng.random(symbols) ** 2)
    missing = _sparse_rates(rng, symbols) if is_sparse else _missing_rates(rng, symbols)
    minute_volume = np.floor(200 + 20_000 * rng.random(symbols) ** 3)
    daily, last = _daily_bars(rng, start, minute_volume * MINUTES * (1 - missing))
    fields = np.empty((sessions, MINUTES, len(FIELDS), symbols))
    present = np.empty((sessions, MINUTES, symbols), np.bool_)
    for index in range(sessions):
        last = _fill_session(rng, fields[index], last, minute_volume)
        present[index] = rng.random((MINUTES, symbols)) >= missing
        _blank_missing(fields[index], present[index])
    _to_dollars(fields[:, :, :VOLUME])
    _to_dollars(daily[:, :VOLUME])
    dates, daily_dates = _dates(sessions)
    names = tuple(f"S{number:05d}" for number in range(symbols))
    opens = tuple(_open_of(day) for day in dates)
    return Market(workload, names, dates, opens, fields, present, daily_dates, daily)


def _missing_rates(rng: np.random.Generator, symbols: int) -> Floats:
    liquid = 0.02 + 0.02 * rng.random(symbols)
    illiquid = 0.05 + 0.40 * rng.random(symbols)
    return np.where(rng.random(symbols) < _ILLIQUID_SHARE, illiquid, liquid)


def _sparse_rates(rng: np.random.Generator, symbols: int) -> Floats:
    return np.minimum(0.3 + 0.7 * rng.random(symbols) ** 0.25, 0.995)


def _daily_bars(rng: np.random.Generator, start: Floats, volume: Floats) -> tuple[Floats, Floats]:
    """1d bars in cents, and the last closes."""
    daily = np.empty((HISTORY_DAYS, len(FIELDS), len(start)))
    last = _fill_prices(rng, daily, start, step=np.ceil(0.02 * start))
    daily[:, VOLUME] = np.floor(volume * (0.6 + 0.8 * rng.random((HISTORY_DAYS, len(start)))))
    return daily, last


def _fill_session(rng: np.random.Generator, fields: Floats, start: Floats, volume: Floats) -> Floats:
    """Fill one session's 1m bars in cents, return the last closes."""
    last = _fill_prices(rng, fields, start, step=np.ceil(0.001 * start))
    fields[:, VOLUME] = 1 + np.floor(2 * volume * rng.random(fields[:, VOLUME].shape))
    return last


def _fill_prices(rng: np.random.Generator, fields: Floats, start: Floats, step: Floats) -> Floats:
    """Walk on from ``start`` by whole cents up to ``step`` a bar, return the last closes."""
    shape = fields[:, CLOSE].shape
    steps = np.floor((2 * step + 1) * rng.random(shape)) - step
    close = np.maximum(start + np.cumsum(steps, axis=0), _LOWEST_CENTS)
    opened = np.maximum(np.concatenate([start[None], close[:-1]]) + np.floor(3 * rng.random(shape)) - 1, 1)
    fields[:, OPEN], fields[:, CLOSE] = opened, close
    reach = 0.5 * step + 1
    fields[:, HIGH] = np.maximum(opened, close) + np.floor(reach * rng.random(shape))
    fields[:, LOW] = np.maximum(np.minimum(opened, close) - np.floor(reach * rng.random(shape)), 1)
    last: Floats = close[-1]
    return last


def _blank_missing(fields: Floats, present: Mask) -> None:
    minute, row = np.nonzero(~present)
    fields[minute, :VOLUME, row] = np.nan
    fields[minute, VOLUME, row] = 0.0


def _to_dollars(cents: Floats) -> None:
    np.divide(cents, 100, out=cents)


def _dates(sessions: int) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """The dates of the sessions, and of the 60 before them."""
    offsets = np.arange(-HISTORY_DAYS, sessions)
    first = _FIRST_SESSION if sessions <= _FEW else _WINTER
    days = np.busday_offset(first, offsets, holidays=_HOLIDAYS).astype(object).tolist()
    return tuple(days[HISTORY_DAYS:]), tuple(days[:HISTORY_DAYS])


def _open_of(day: date) -> int:
    opened = datetime(day.year, day.month, day.day, *_OPEN_UTC, tzinfo=UTC)
    return int(opened.timestamp()) * 1_000_000
