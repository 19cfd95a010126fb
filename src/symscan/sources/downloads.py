"""The port of downloads: what fills a bar store from a broker, and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from msgspec import Struct, field

from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.progress import Progress, silent


class SplitConflict(Struct, frozen=True):
    """A stored split that the broker has with another ratio; the stored one is kept."""

    symbol: str
    ex_date: date
    stored: float
    fetched: float


class FetchReport(Struct, frozen=True):
    """The result of a download.

    Attributes
    ----------
    bars, sessions
        Bars fetched, and session dates requested, by interval.
    symbols
        Number of symbols requested.
    silent
        Those of them without any bar, ascending.
    refused
        Those that the broker refused, with its messages; the next download requests them again.
    splits
        Splits that are new to the store.
    split_conflicts
        Splits that the store has with another ratio.
    outside, zero_volume, bad_bars
        Bars dropped: outside of any session, without volume, invalid.
    """

    bars: dict[Interval, int]
    sessions: dict[Interval, int]
    symbols: int
    silent: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    splits: int = 0
    split_conflicts: tuple[SplitConflict, ...] = ()
    outside: int = 0
    zero_volume: int = 0
    bad_bars: int = 0


class Downloader(Protocol):
    """Fills a bar store from a broker; for one thread at a time."""

    def settled_at(self, session: Session) -> Instant:
        """When a session can be fetched whole, on the market's clock."""

    def download(
        self,
        symbols: Sequence[str],
        intervals: Sequence[Interval],
        sessions: Sequence[Session],
        progress: Progress = silent,
    ) -> FetchReport:
        """Fetch bars and splits into the store; what it has is not fetched again.

        What was stored before an error or an interruption is kept, whole sessions of it.

        Raises
        ------
        FeedError
            If the broker refuses, or cannot be reached.
        DataError
            If the store cannot be changed.
        """
