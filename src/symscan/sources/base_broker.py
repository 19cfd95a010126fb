"""The base of brokers: everything a broker need not care about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import ClassVar

from symscan.errors import InputError
from symscan.model.instant import Instant
from symscan.sources.clocks import Clock, SystemClock
from symscan.sources.downloads import Downloader
from symscan.sources.ports import Broker, Feed, HistorySource, LiveDay
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.history import StoreHistory


class BaseBroker(Broker, ABC):
    """A service that bars come from, as ``--source`` names it; see :class:`symscan.sources.ports.Broker`.

    A subclass has a ``name`` and makes its feed in :meth:`live_feed`. What else there is, is this: one feed,
    this computer's clock, earlier sessions as the bar store has them, and nothing to download.

    Parameters
    ----------
    feed
        The chosen one of :attr:`feeds`; None where there is one only.

    Attributes
    ----------
    clock
        The market's clock; replace it for a simulated market.
    symbols
        The symbols it has bars of, besides those that the store knows: others do not join a session.
    """

    title: ClassVar[str] = ""
    feeds: ClassVar[Mapping[str, str]] = {}
    exchange: ClassVar[str] = "NYSE"
    is_replay: ClassVar[bool] = False
    symbols: Collection[str] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" in vars(cls) and "title" not in vars(cls):
            cls.title = cls.name

    def __init__(self, feed: str | None = None) -> None:
        self.feed = feed
        self.clock: Clock = SystemClock()

    @property
    def origin(self) -> str | None:
        """Name and feed, as in ``mine:fast``; None adds its bars to those imported from files."""
        return self.name if self.feed is None else f"{self.name}:{self.feed}"

    @property
    def max_symbols(self) -> int | None:
        """None: any number of symbols can be subscribed."""
        return None

    def synchronize(self, report: Callable[[str], None]) -> None:
        """Do nothing: the clock is right."""

    def now(self) -> Instant:
        """Return the market's clock, UTC microseconds."""
        return self.clock.now()

    def clock_offset_ms(self) -> float | None:
        """Return None: there is no other clock to compare with."""
        return None

    def wait(self, seconds: float) -> None:
        """Wait on the market's clock, for the session's begin."""
        self.clock.wait(seconds)

    def check(self, day: LiveDay) -> None:
        """Accept every session."""

    def history(self, day: LiveDay) -> HistorySource:
        """Open the bars that the store has."""
        return StoreHistory(BarStore(day.store), day.calendar, symbols=self.symbols)

    def start_of(self, day: LiveDay, first_due: Instant) -> Instant | None:  # noqa: ARG002
        """Return None: what a session that begins late has missed is fetched."""
        return None

    @abstractmethod
    def live_feed(self, day: LiveDay) -> Feed:
        """Make the feed, not yet open."""

    def prepare(self, day: LiveDay, symbols: Collection[str]) -> None:
        """Do nothing: the bars of earlier sessions are in the store."""

    def downloader(self, store: Path) -> Downloader:  # noqa: ARG002
        """Refuse.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(f"{self.title} has nothing to download; import files with 'symscan data import'")
