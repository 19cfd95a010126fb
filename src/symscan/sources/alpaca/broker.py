"""Alpaca as a broker: its feeds, its clock, and history that is fetched into the bar store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from symscan.errors import FeedError, KeysRefused
from symscan.model.instant import Instant
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.rest import AlpacaRest, require_client
from symscan.sources.base_broker import BaseBroker
from symscan.sources.downloads import Downloader
from symscan.sources.ports import Feed, HistorySource, LiveDay
from symscan.sources.store.bar_store import BarStore

if TYPE_CHECKING:
    from symscan.sources.alpaca.feed import AlpacaFeed
    from symscan.sources.alpaca.history import FetchedHistory
    from symscan.sources.alpaca.http_client import HttpTimeouts

_CLOCK_READ_SECONDS: Final = 5.0
_CLOCK_RETRIES: Final = 4


class AlpacaBroker(BaseBroker):
    """Alpaca's feed, with history fetched into the store.

    Parameters
    ----------
    feed
        ``iex`` or ``sip``.

    Raises
    ------
    InputError
        If there are no keys in the environment, or the client is not installed.
    """

    name = "alpaca"
    title = "Alpaca"
    feeds = {"iex": "one exchange, free", "sip": "all of them"}  # noqa: RUF012

    def __init__(self, feed: str | None = None) -> None:
        super().__init__(feed)
        self._keys = AlpacaKeys.from_environment()
        self._hosts = AlpacaHosts.from_environment()
        require_client()
        self._offset: Instant | None = None
        self._fetched: FetchedHistory | None = None

    def synchronize(self, report: Callable[[str], None]) -> None:
        """Read Alpaca's clock; falls back on this computer's, and reports it.

        Raises
        ------
        KeysRefused
            If the keys are not accepted.
        """
        from symscan.sources.alpaca.http_client import HttpTimeouts

        timeouts = HttpTimeouts(read_seconds=_CLOCK_READ_SECONDS, retries=_CLOCK_RETRIES)
        try:
            market, ours = self._rest(timeouts).clock()
        except KeysRefused:
            raise
        except FeedError as error:
            report(f"the market's clock is not known, this computer's is used: {error}")
        else:
            self._offset = ours - market

    def now(self) -> Instant:
        """Return the market's clock, UTC microseconds."""
        return self.clock.now() - (self._offset or 0)

    def clock_offset_ms(self) -> float | None:
        """Return this computer's clock minus the market's; None if it could not be measured."""
        return None if self._offset is None else self._offset / 1_000

    def history(self, day: LiveDay) -> HistorySource:
        """Open the store's bars, with those that it lacks fetched on demand.

        Raises
        ------
        DataError
            If the store's bars come from elsewhere.
        """
        from symscan.sources.alpaca.history import FetchedHistory

        report = self._stream.report_refused
        self._fetched = FetchedHistory(BarStore(day.store), self._rest(), day.calendar, self.now(), report)
        return self._fetched

    def live_feed(self, day: LiveDay) -> Feed:  # noqa: ARG002
        """Return the feed, not yet open."""
        return self._stream

    def prepare(self, day: LiveDay, symbols: Collection[str]) -> None:
        """Fetch the previous session: the session knows only symbols that have bars in the store."""
        if self._fetched is not None:
            self._fetched.ensure(symbols, day.session)

    def downloader(self, store: Path) -> Downloader:
        """Make a download by the market's clock, which is read first.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store's bars come from elsewhere.
        """
        from symscan.sources.alpaca.downloader import Downloader as AlpacaDownloader

        rest = self._rest()
        market, ours = rest.clock()
        self._offset = ours - market
        return AlpacaDownloader(BarStore(store), rest, market)

    @cached_property
    def _stream(self) -> AlpacaFeed:
        from symscan.sources.alpaca.feed import AlpacaFeed

        return AlpacaFeed(self._keys, self._hosts, self.feed or "")

    def _rest(self, timeouts: HttpTimeouts | None = None) -> AlpacaRest:
        return AlpacaRest(self._keys, self._hosts, self.feed or "", timeouts)
