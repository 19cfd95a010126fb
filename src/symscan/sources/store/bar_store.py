"""The bar store: one Parquet file per interval and session date, and a catalogue of those that count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import cache, partial
from pathlib import Path

import numpy as np
import polars as pl

from symscan.errors import DataError
from symscan.model.bar import FIELDS, Mask
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.sources.store.catalogue import CATALOGUE_NAME, Catalogue, Files, read_catalogue, write_catalogue
from symscan.sources.store.presence import Presence, SymbolDays
from symscan.sources.store.update import LOCK_NAME, StoreUpdate, check_same_origin, locked

SPLITS_SCHEMA = pl.Schema({"symbol": pl.String(), "ex_date": pl.Date(), "ratio": pl.Float64()})


class BarStore:
    """Bars on disk.

    Parameters
    ----------
    root
        The folder of an existing store.

    Raises
    ------
    DataError
        If there is no store, or it cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._splits: pl.DataFrame | None = None
        self._use_catalogue(read_catalogue(root))

    @classmethod
    def create(cls, root: Path) -> BarStore:
        """Open the store at ``root``; make an empty one if there is none.

        Raises
        ------
        DataError
            If the folder holds other files, or cannot be written.
        """
        if not (root / CATALOGUE_NAME).exists():
            _make_empty(root)
        return cls(root)

    @property
    def generation(self) -> int:
        """How often the store was changed."""
        return self._catalogue.generation

    @property
    def origin(self) -> str | None:
        """The bars' origin, broker and feed; None for imported ones."""
        return self._catalogue.origin

    def check_origin(self, origin: str | None) -> None:
        """Check that bars of an origin may be put into the store, before they are prepared.

        Raises
        ------
        DataError
            If bars of that origin, None being files, must not be put into this store.
        """
        check_same_origin(self.root, self._catalogue, origin)

    def fetched_symbols(self, subject: str, day: date) -> frozenset[str]:
        """Return the symbols fetched for a date, with bars or not; ``subject``: ``1m`` or ``splits``."""
        return self._catalogue.fetched.get(subject, {}).get(day, frozenset())

    def symbols(self, interval: Interval | None = None) -> frozenset[str]:
        """Every symbol the store has bars of, of one interval or of any."""
        if interval is not None:
            return frozenset(self._catalogue.symbols.get(interval, ()))
        return self._symbols

    def intervals(self, session: date | None = None) -> tuple[Interval, ...]:
        """The stored intervals, fine to coarse: those of one date, or all."""
        stored = self._catalogue.bars
        return tuple(one for one in stored if session is None or session in stored[one])

    def finest(self, session: date) -> Interval | None:
        """The finest interval stored of a date, that of its session; None if it has no intraday bars."""
        return next((one for one in self.intervals(session) if one.is_intraday), None)

    @property
    def has_only_days(self) -> bool:
        """Whether it has daily bars and no others: a session is one bar then."""
        stored = self.intervals()
        return bool(stored) and not any(one.is_intraday for one in stored)

    def base(self, session: date) -> Interval | None:
        """The interval of a date's session: the finest intraday one, or days where there are no others."""
        if self.has_only_days:
            return next(iter(self.intervals(session)), None)
        return self.finest(session)

    def traded(self, sessions: Iterable[date]) -> frozenset[str]:
        """The symbols that have bars of the session's interval on any of the dates.

        Raises
        ------
        DataError
            If a file of the store cannot be read, as in :meth:`has_bars`.
        """
        days: dict[Interval, list[date]] = {}
        for day in sessions:
            interval = self.base(day)
            if interval is not None:
                days.setdefault(interval, []).append(day)
        return frozenset(symbol for interval in days for symbol in self.symbols_on(interval, days[interval]))

    def sessions(self, interval: Interval) -> list[date]:
        """The dates with bars of an interval, ascending."""
        return list(self._catalogue.files(interval))

    def files(self, interval: Interval) -> Files:
        """What is stored of an interval, by date."""
        return self._catalogue.files(interval)

    def path(self, interval: Interval, session: date) -> Path | None:
        """The file of a date; the path changes whenever its content does. None if there are no bars."""
        file = self._catalogue.files(interval).get(session)
        return None if file is None else self.root / str(interval) / file.name

    def first_start(self, interval: Interval, session: date) -> Instant | None:
        """When the earliest intraday bar of a date starts; None if there are no bars.

        Raises
        ------
        DataError
            If a file of the store cannot be read.
        """
        path = self.path(interval, session)
        if path is None:
            return None
        first: Instant | None = self._read(
            pl.scan_parquet(path, glob=False).select(pl.col("start").min().to_physical())
        ).item()
        return first

    def has_bars(self, interval: Interval, session: date, symbols: Sequence[str]) -> Mask:
        """Which of the symbols have bars of an interval on a date, shape ``(len(symbols),)``.

        Raises
        ------
        DataError
            If a file of the store cannot be read: the catalogue knows, but not of one stored by an
            earlier version.
        """
        if session not in self.files(interval):
            return np.zeros(len(symbols), np.bool_)
        return self._symbol_days(interval).on(session, symbols)

    def symbols_on(self, interval: Interval, sessions: Iterable[date]) -> list[str]:
        """The symbols that have bars of an interval on any of the dates, in the order of the alphabet.

        Raises
        ------
        DataError
            If a file of the store cannot be read, as in :meth:`has_bars`.
        """
        return self._symbol_days(interval).on_any(sessions)

    def load(
        self,
        interval: Interval,
        sessions: Sequence[date],
        symbols: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """The bars of some dates, sorted by session, symbol and start.

        Parameters
        ----------
        interval
            A stored interval; nothing is derived here.
        sessions
            The dates; one without bars gives no rows.
        symbols
            The symbols; None takes all.
        columns
            The columns, in the order wanted; None takes all: ``session`` (Date), ``symbol``,
            ``start`` (Datetime in UTC, intraday only), ``open``, ``high``, ``low``, ``close``,
            ``volume`` (Float64).

        Raises
        ------
        DataError
            If a file of the store cannot be read.
        """
        return self._read(self._scan(interval, sessions, symbols, columns))

    def load_batches(
        self, interval: Interval, session: date, symbols: Sequence[str], columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """The bars of one date as :meth:`load` gives them, part by part: a day is never whole in memory.

        Raises
        ------
        DataError
            If a file of the store cannot be read.
        """
        with self._readable():
            yield from self._scan(interval, [session], symbols, columns).collect_batches(maintain_order=True)

    def _scan(
        self,
        interval: Interval,
        sessions: Sequence[date],
        symbols: Sequence[str] | None,
        columns: Sequence[str] | None,
    ) -> pl.LazyFrame:
        files = [path for day in sorted(set(sessions)) if (path := self.path(interval, day)) is not None]
        wanted = list(bar_schema(interval)) if columns is None else list(columns)
        if not files:
            return pl.LazyFrame(schema=bar_schema(interval)).select(wanted)
        bars = pl.scan_parquet(files, glob=False, hive_partitioning=False)
        # To leave out nothing costs a tenth of reading, or more.
        if symbols is not None and self._symbol_days(interval).has_others(sessions, symbols):
            bars = bars.filter(pl.col("symbol").is_in(list(symbols)))
        return bars.select(wanted)

    def splits(self) -> pl.DataFrame:
        """The splits: ``symbol``, ``ex_date``, ``ratio`` (4.0 for 4-for-1), sorted by symbol and date."""
        if self._splits is None:
            name = self._catalogue.splits
            self._splits = (
                pl.DataFrame(schema=SPLITS_SCHEMA)
                if name is None
                else self._read(pl.scan_parquet(self.root / name, glob=False))
            )
        return self._splits

    @contextmanager
    def updating(self, wait_seconds: float = 0.0) -> Iterator[StoreUpdate]:
        """Change the store: committed when the block ends, undone if it raises.

        Parameters
        ----------
        wait_seconds
            How long to wait for another change to end.

        Raises
        ------
        DataError
            If the store is locked by another change.
        """
        with locked(self.root, wait_seconds):
            self._use_catalogue(read_catalogue(self.root))
            update = StoreUpdate(self.root, self._catalogue)
            try:
                yield update
            except BaseException:
                update.roll_back()
                raise
            self._use_catalogue(update.commit())

    def remove_if_unused(self) -> None:
        """Remove a store that was never changed and is not locked; leave any other alone."""
        with suppress(DataError), locked(self.root):
            if read_catalogue(self.root).generation:
                return
            (self.root / CATALOGUE_NAME).unlink()
            (self.root / LOCK_NAME).unlink()
            if not any(self.root.iterdir()):
                self.root.rmdir()

    def _use_catalogue(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._symbols = frozenset[str]().union(*catalogue.symbols.values())
        self._splits = None
        self._days: dict[Interval, SymbolDays] = {}

    def _symbol_days(self, interval: Interval) -> SymbolDays:
        days = self._days.get(interval)
        if days is None:
            presence = self._catalogue.presence.get(interval, Presence())
            symbols = self._catalogue.symbols.get(interval, ())
            days = self._days[interval] = SymbolDays(presence, symbols, partial(self._read_symbols, interval))
        return days

    def _read_symbols(self, interval: Interval, session: date) -> list[str]:
        """The symbols of a date from its file, none if there is none."""
        rows = self._scan(interval, [session], None, ["symbol"])
        return self._read(rows.unique()).to_series().to_list()

    def _read(self, rows: pl.LazyFrame) -> pl.DataFrame:
        with self._readable():
            return rows.collect()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn read errors into a ``DataError``."""
        try:
            yield
        except (OSError, pl.exceptions.ComputeError) as error:
            raise DataError(
                f"{self.root}: a file of the store cannot be read ({error}); if an import has just "
                "changed the store, try again, else import that session anew"
            ) from None


@cache
def bar_schema(interval: Interval) -> pl.Schema:
    """The columns of stored bars."""
    start = {"start": pl.Datetime("us", "UTC")} if interval.is_intraday else {}
    fields = dict.fromkeys(FIELDS, pl.Float64())
    return pl.Schema({"session": pl.Date(), "symbol": pl.String(), **start, **fields})


def _make_empty(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise DataError(
                f"{root}: the folder holds other files; choose an empty or a new one for the store"
            )
        write_catalogue(root, Catalogue())
    except OSError as error:
        raise DataError(f"{root}: {error.strerror}; the bar store cannot be made") from None
