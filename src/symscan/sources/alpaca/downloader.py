"""Bars and splits from Alpaca into a store, part by part: what is in it is not asked again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Protocol

import polars as pl

from symscan.model.instant import MINUTE, Instant, from_datetime, to_datetime
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.alpaca.download_batches import Part, missing_parts
from symscan.sources.alpaca.stored_rows import NEW_YORK, stored_rows
from symscan.sources.progress import Progress, silent
from symscan.sources.store.bar_store import SPLITS_SCHEMA, BarStore
from symscan.sources.store.update import StoreUpdate

SPLITS: Final = "splits"
"""What splits are called among the subjects that a store was asked about."""

_FIRST_DAY: Final = date(2016, 1, 1)
"""Alpaca's bars begin here, so older splits divide nothing."""

_SETTLED: Final = 16 * MINUTE
"""How long after its post-market a session can be fetched whole: cheap plans lack the last 15 minutes."""

_RATIO_TOLERANCE: Final = 1e-6

_PATIENCE_SECONDS: Final = 60.0
"""How long another session's fetch into the same store is waited for: it writes one part at a time."""


class Rest(Protocol):
    """What is asked of Alpaca's REST services; see :class:`symscan.sources.alpaca.rest.AlpacaRest`."""

    feed: str

    @property
    def refused(self) -> Mapping[str, str]:
        """The symbols that were not taken so far, with Alpaca's words."""

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


@dataclass(frozen=True, slots=True)
class SplitConflict:
    """A split of the store that Alpaca has with another ratio; the store's stays."""

    symbol: str
    ex_date: date
    stored: float
    fetched: float


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What was fetched.

    Attributes
    ----------
    bars, sessions
        Bars that came, and session dates that were asked for, by interval.
    symbols
        How many symbols were asked for.
    silent
        Those of them without any bar, ascending.
    refused
        Those that Alpaca did not take, with its words; they are asked again by the next fetcher.
    splits
        Splits that are new to the store.
    contradictions
        Splits that the store has otherwise.
    outside, zero_volume, bad_bars
        Bars left out: in no session, without volume, that cannot be a bar.
    """

    bars: dict[Interval, int]
    sessions: dict[Interval, int]
    symbols: int
    silent: tuple[str, ...]
    refused: Mapping[str, str]
    splits: int
    contradictions: tuple[SplitConflict, ...]
    outside: int
    zero_volume: int
    bad_bars: int


def settled_at(session: Session) -> Instant:
    """From when on everything of a session can be fetched, its post-market included."""
    return session.post_close + _SETTLED


def is_settled(session: Session, now: Instant) -> bool:
    """Whether everything of a session can be fetched."""
    return now >= settled_at(session)


class Downloader:
    """Fills a store from Alpaca; for one thread at a time.

    Parameters
    ----------
    store
        The store; its bars must be of the same feed.
    rest
        Who is asked.
    now
        The market's clock, UTC microseconds. A session that is not over yet is fetched as far as it goes,
        and again by the next fetcher.
    writing
        Held while a change is committed, for files that others may be reading go then.

    Raises
    ------
    DataError
        If the store's bars come from elsewhere.
    """

    def __init__(
        self, store: BarStore, rest: Rest, now: Instant, writing: AbstractContextManager[object] | None = None
    ) -> None:
        self._origin: Final = f"alpaca:{rest.feed}"
        store.refuse_other(self._origin)
        self._store = store
        self._rest = rest
        self._now = now
        self._today: Final = to_datetime(now).astimezone(NEW_YORK).date()
        self._writing = nullcontext() if writing is None else writing
        self._unsettled: dict[tuple[str, date], frozenset[str]] = {}
        self._counts: Counter[str] = Counter()
        self._bars: Counter[Interval] = Counter()
        self._sessions: defaultdict[Interval, set[date]] = defaultdict(set)
        self._symbols: set[str] = set()
        self._heard: set[str] = set()
        self._contradictions: list[SplitConflict] = []

    def missing(
        self, symbols: Collection[str], interval: Interval, sessions: Sequence[Session]
    ) -> list[Part]:
        """What of these bars, of sessions that follow each other, is neither in the store nor refused."""
        taken = [symbol for symbol in symbols if symbol not in self._rest.refused]
        return missing_parts(interval, sessions, taken, partial(self._asked, str(interval)))

    def missing_splits(self, symbols: Collection[str], through: date) -> list[str]:
        """The symbols whose splits up to a date may not be in the store, ascending."""
        return sorted(set(symbols) - self._asked(SPLITS, through) - self._rest.refused.keys())

    def fetch_bars(self, parts: Sequence[Part], progress: Progress = silent) -> None:
        """Fetch the parts one after the other; what came before an error or an interruption is kept.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed.
        """
        total = sum(len(part.sessions) for part in parts)
        done = 0
        for part in parts:
            progress(f"fetching {part.interval}", done, total)
            start, end = _range(part)
            end = min(end, self._now - _SETTLED)  # asked for more, a plan without it refuses everything
            answer = self._rest.bars(part.symbols, part.interval, start, end, asof=self._today)
            self._keep(part, stored_rows(answer, part, self._counts))
            done += len(part.sessions)
            progress(f"fetching {part.interval}", done, total)

    def fetch_splits(self, symbols: Collection[str], through: date | None = None) -> None:
        """Fetch the splits up to a date, today's if None; the store's own stay where they contradict.

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
            splits, contradictions = _merged(self._store.splits(), found)
            self._counts["splits"] += splits.height - self._store.splits().height
            self._contradictions += contradictions
            if splits.height:
                update.put_splits(splits)
            self._remember(update, SPLITS, through, names, is_settled=through <= self._today)

    def report(self) -> FetchReport:
        """What was fetched so far."""
        return FetchReport(
            bars=dict(self._bars),
            sessions={interval: len(days) for interval, days in self._sessions.items()},
            symbols=len(self._symbols),
            silent=tuple(sorted(self._symbols - self._heard - self._rest.refused.keys())),
            contradictions=tuple(self._contradictions),
            refused=dict(self._rest.refused),
            **{name: self._counts[name] for name in ("splits", "outside", "zero_volume", "bad_bars")},
        )

    def _keep(self, part: Part, rows: pl.DataFrame) -> None:
        """Put a part's bars into the store, all of them at once, and remember that they were asked."""
        interval = part.interval
        of_day = {day: bars for (day,), bars in rows.partition_by("session", as_dict=True).items()}
        with self._updating() as update:
            for session in part.sessions:
                bars = of_day.get(session.date)
                if bars is not None:
                    update.put(interval, session.date, self._with_stored(interval, session.date, bars))
                settled = is_settled(session, self._now)
                self._remember(update, str(interval), session.date, part.symbols, is_settled=settled)
        self._bars[interval] += rows.height
        self._sessions[interval].update(session.date for session in part.sessions)
        self._symbols.update(part.symbols)
        self._heard.update(rows["symbol"].unique())

    @contextmanager
    def _updating(self) -> Iterator[StoreUpdate]:
        with ExitStack() as stack, self._store.updating(_PATIENCE_SECONDS) as update:
            update.claim(self._origin)
            yield update
            stack.enter_context(self._writing)  # held while the update is committed, not while it is made

    def _asked(self, subject: str, day: date) -> frozenset[str]:
        """Who was asked about a day, by anybody if the day is over, else by us."""
        asked, unsettled = self._store.asked(subject, day), self._unsettled.get((subject, day))
        return asked | unsettled if unsettled else asked

    def _remember(
        self, update: StoreUpdate, subject: str, day: date, symbols: Sequence[str], *, is_settled: bool
    ) -> None:
        symbols = [symbol for symbol in symbols if symbol not in self._rest.refused]
        if is_settled:
            update.put_asked(subject, day, symbols)
        else:
            self._unsettled[subject, day] = self._asked(subject, day).union(symbols)

    def _with_stored(self, interval: Interval, day: date, bars: pl.DataFrame) -> pl.DataFrame:
        """A session's bars beside the stored ones of other symbols; of the same they take the place."""
        stored = self._store.load(interval, [day])
        others = stored.filter(~pl.col("symbol").is_in(bars["symbol"].unique().implode()))
        # A symbol's bars are in order and from one side only; sorting by both columns takes 20 times as long.
        return pl.concat([others, bars]).sort("symbol", maintain_order=True)


def _range(part: Part) -> tuple[Instant, Instant]:
    """From when to when bars of a part begin: its sessions' hours, or its days in New York."""
    first, last = part.sessions[0], part.sessions[-1]
    if part.interval.is_intraday:
        return first.pre_open, last.post_close
    return _midnight(first.date), _midnight(last.date + timedelta(days=1))


def _midnight(day: date) -> Instant:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK))


def _merged(stored: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, list[SplitConflict]]:
    """The stored splits and those that are new, and what contradicts."""
    key = ["symbol", "ex_date"]
    found = found.select(list(SPLITS_SCHEMA)).cast(SPLITS_SCHEMA).unique(key, keep="first")
    both = found.join(stored, on=key, suffix="_stored")
    differs = (pl.col("ratio") / pl.col("ratio_stored") - 1.0).abs() > _RATIO_TOLERANCE
    contradictions = both.filter(differs).sort(key).select(*key, "ratio_stored", "ratio")
    added = found.join(stored, on=key, how="anti")
    return pl.concat([stored, added]).sort(key), [SplitConflict(*row) for row in contradictions.iter_rows()]
