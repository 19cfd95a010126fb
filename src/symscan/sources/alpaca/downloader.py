"""Download bars and splits from Alpaca into a store, batch by batch; stored ones are not fetched again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Protocol

import polars as pl

from symscan.model.instant import MINUTE, Instant, from_datetime, to_datetime
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.alpaca.download_batches import DownloadBatch, missing_batches
from symscan.sources.alpaca.stored_rows import NEW_YORK, stored_rows
from symscan.sources.downloads import FetchReport, SplitConflict
from symscan.sources.progress import Progress, silent
from symscan.sources.store.bar_store import SPLITS_SCHEMA, BarStore
from symscan.sources.store.update import StoreUpdate

SPLITS: Final = "splits"
"""The key of splits in the catalogue's record of what was fetched."""

_FIRST_DAY: Final = date(2016, 1, 1)
"""Alpaca's bars begin here, so older splits divide nothing."""

_SETTLED: Final = 16 * MINUTE
"""Delay after its post-market until a session can be fetched whole: cheap plans lack the last 15 minutes."""

_RATIO_TOLERANCE: Final = 1e-6

_LOCK_WAIT_SECONDS: Final = 60.0
"""How long to wait for the store's lock: another download holds it for one batch at a time."""


class Rest(Protocol):
    """The REST services a download uses; see :class:`symscan.sources.alpaca.rest.AlpacaRest`."""

    feed: str

    @property
    def refused(self) -> Mapping[str, str]:
        """The symbols refused so far, with Alpaca's messages."""

    def bars(
        self,
        symbols: Sequence[str],
        interval: Interval,
        start: Instant,
        end: Instant,
        *,
        asof: date | None = None,
    ) -> pl.DataFrame:
        """The bars with ``start <= start of the bar < end``, as traded."""

    def splits(self, symbols: Sequence[str], start: date, end: date) -> pl.DataFrame:
        """The splits with ``start <= ex_date <= end``."""


def settled_at(session: Session) -> Instant:
    """Return when a session can be fetched whole, its post-market included."""
    return session.post_close + _SETTLED


def is_settled(session: Session, now: Instant) -> bool:
    """Whether a session can be fetched whole."""
    return now >= settled_at(session)


class Downloader:
    """Fills a store from Alpaca; for one thread at a time.

    Parameters
    ----------
    store
        The store; its bars must be of the same feed.
    rest
        Alpaca's REST services.
    now
        The market's clock, UTC microseconds. A session that is not over yet is fetched as far as it goes,
        and again by the next download.
    commit_lock
        Held while a change is committed, which removes files that others may be reading.

    Raises
    ------
    DataError
        If the store's bars come from elsewhere.
    """

    def __init__(
        self,
        store: BarStore,
        rest: Rest,
        now: Instant,
        commit_lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self._origin: Final = f"alpaca:{rest.feed}"
        store.check_origin(self._origin)
        self._store = store
        self._rest = rest
        self._now = now
        self._today: Final = to_datetime(now).astimezone(NEW_YORK).date()
        self._commit_lock = nullcontext() if commit_lock is None else commit_lock
        self._unsettled: dict[tuple[str, date], frozenset[str]] = {}
        self._counts: Counter[str] = Counter()
        self._bars: Counter[Interval] = Counter()
        self._sessions: defaultdict[Interval, set[date]] = defaultdict(set)
        self._symbols: set[str] = set()
        self._symbols_with_bars: set[str] = set()
        self._split_conflicts: list[SplitConflict] = []

    def settled_at(self, session: Session) -> Instant:
        """Return when a session can be fetched whole, its post-market included."""
        return settled_at(session)

    def download(
        self,
        symbols: Sequence[str],
        intervals: Sequence[Interval],
        sessions: Sequence[Session],
        progress: Progress = silent,
    ) -> FetchReport:
        """Fetch splits, then bars; see :class:`symscan.sources.downloads.Downloader`."""
        self.fetch_splits(symbols)
        for interval in intervals:
            self.fetch_bars(self.missing(symbols, interval, sessions), progress)
        return self.report()

    def missing(
        self, symbols: Collection[str], interval: Interval, sessions: Sequence[Session]
    ) -> list[DownloadBatch]:
        """Return the batches of these bars, of consecutive sessions, that are neither stored nor refused."""
        taken = [symbol for symbol in symbols if symbol not in self._rest.refused]
        return missing_batches(interval, sessions, taken, partial(self._fetched_symbols, str(interval)))

    def missing_splits(self, symbols: Collection[str], through: date) -> list[str]:
        """Return the symbols whose splits up to a date may not be stored, ascending."""
        return sorted(set(symbols) - self._fetched_symbols(SPLITS, through) - self._rest.refused.keys())

    def fetch_bars(self, batches: Sequence[DownloadBatch], progress: Progress = silent) -> None:
        """Fetch batches one after the other; those stored before an error or interruption are kept.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed.
        """
        total = sum(len(batch.sessions) for batch in batches)
        done = 0
        for batch in batches:
            progress(f"fetching {batch.interval}", done, total)
            start, end = _range(batch)
            end = min(end, self._now - _SETTLED)  # a plan without later bars refuses the whole request
            answer = self._rest.bars(batch.symbols, batch.interval, start, end, asof=self._today)
            self._store_batch(batch, stored_rows(answer, batch, self._counts))
            done += len(batch.sessions)
            progress(f"fetching {batch.interval}", done, total)

    def fetch_splits(self, symbols: Collection[str], through: date | None = None) -> None:
        """Fetch the splits up to a date, today if None; stored ones are kept where they differ.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed.
        """
        through = through or self._today
        names = self.missing_splits(symbols, through)
        if not names:
            return
        found = self._rest.splits(names, _FIRST_DAY, through)
        with self._updating() as update:
            splits, split_conflicts = _merge_splits(self._store.splits(), found)
            self._counts["splits"] += splits.height - self._store.splits().height
            self._split_conflicts += split_conflicts
            if splits.height:
                update.put_splits(splits)
            self._record_fetched(update, SPLITS, through, names, is_settled=through <= self._today)

    def report(self) -> FetchReport:
        """Return what was downloaded so far."""
        return FetchReport(
            bars=dict(self._bars),
            sessions={interval: len(days) for interval, days in self._sessions.items()},
            symbols=len(self._symbols),
            silent=tuple(sorted(self._symbols - self._symbols_with_bars - self._rest.refused.keys())),
            split_conflicts=tuple(self._split_conflicts),
            refused=dict(self._rest.refused),
            **{name: self._counts[name] for name in ("splits", "outside", "zero_volume", "bad_bars")},
        )

    def _store_batch(self, batch: DownloadBatch, rows: pl.DataFrame) -> None:
        """Store a batch's bars in one update, and record that they were fetched."""
        interval = batch.interval
        of_day = {day: bars for (day,), bars in rows.partition_by("session", as_dict=True).items()}
        with self._updating() as update:
            for session in batch.sessions:
                bars = of_day.get(session.date)
                if bars is not None:
                    update.put(interval, session.date, self._with_stored(interval, session.date, bars))
                settled = is_settled(session, self._now)
                self._record_fetched(update, str(interval), session.date, batch.symbols, is_settled=settled)
        self._bars[interval] += rows.height
        self._sessions[interval].update(session.date for session in batch.sessions)
        self._symbols.update(batch.symbols)
        self._symbols_with_bars.update(rows["symbol"].unique())

    @contextmanager
    def _updating(self) -> Iterator[StoreUpdate]:
        with ExitStack() as stack, self._store.updating(_LOCK_WAIT_SECONDS) as update:
            update.set_origin(self._origin)
            yield update
            stack.enter_context(self._commit_lock)  # held while the update is committed, not while it is made

    def _fetched_symbols(self, subject: str, day: date) -> frozenset[str]:
        """Return the symbols fetched for a day: by any download if the day is over, else by this one."""
        fetched, unsettled = self._store.fetched_symbols(subject, day), self._unsettled.get((subject, day))
        return fetched | unsettled if unsettled else fetched

    def _record_fetched(
        self, update: StoreUpdate, subject: str, day: date, symbols: Sequence[str], *, is_settled: bool
    ) -> None:
        symbols = [symbol for symbol in symbols if symbol not in self._rest.refused]
        if is_settled:
            update.record_fetched(subject, day, symbols)
        else:
            self._unsettled[subject, day] = self._fetched_symbols(subject, day).union(symbols)

    def _with_stored(self, interval: Interval, day: date, bars: pl.DataFrame) -> pl.DataFrame:
        """Merge a session's bars with the stored ones of other symbols; those of the same are replaced."""
        stored = self._store.load(interval, [day])
        others = stored.filter(~pl.col("symbol").is_in(bars["symbol"].unique().implode()))
        # A symbol's bars are in order and from one frame; sorting by both columns takes 20 times as long.
        return pl.concat([others, bars]).sort("symbol", maintain_order=True)


def _range(batch: DownloadBatch) -> tuple[Instant, Instant]:
    """Return the range of a batch's bar starts: its sessions' hours, or its days in New York."""
    first, last = batch.sessions[0], batch.sessions[-1]
    if batch.interval.is_intraday:
        return first.pre_open, last.post_close
    return _midnight(first.date), _midnight(last.date + timedelta(days=1))


def _midnight(day: date) -> Instant:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK))


def _merge_splits(stored: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, list[SplitConflict]]:
    """Merge new splits into the stored ones; return these and the conflicts."""
    key = ["symbol", "ex_date"]
    found = found.select(list(SPLITS_SCHEMA)).cast(SPLITS_SCHEMA).unique(key, keep="first")
    both = found.join(stored, on=key, suffix="_stored")
    differs = (pl.col("ratio") / pl.col("ratio_stored") - 1.0).abs() > _RATIO_TOLERANCE
    split_conflicts = both.filter(differs).sort(key).select(*key, "ratio_stored", "ratio")
    added = found.join(stored, on=key, how="anti")
    return pl.concat([stored, added]).sort(key), [SplitConflict(*row) for row in split_conflicts.iter_rows()]
