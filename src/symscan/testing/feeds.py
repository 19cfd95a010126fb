"""The contract of feeds, as tests: derive from :class:`FeedContract` and give it a feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Final

import numpy as np
import pytest

from symscan.model.instant import MINUTE, Instant, from_datetime
from symscan.model.interval import Interval
from symscan.sources.iterable_feed import FeedBar
from symscan.sources.ports import BarBatch, Connected, EndOfStream, Feed

_WAITING_SECONDS: Final = 60.0
"""How long a feed may take to answer here, however busy the computer is."""

Row = tuple[str, Instant, tuple[float, ...]]


def _do_nothing() -> None:
    """Deliver nothing by hand: the feed does so by itself."""


@dataclass(frozen=True, slots=True)
class FeedCase:
    """A feed to be tested.

    Attributes
    ----------
    feed
        The feed, not open.
    bars
        Valid bars that it delivers, of two symbols at least, ordered by their end; it has no others.
    publish
        Called once after it was opened and subscribed: has the other side deliver the bars.
    is_fetchable
        Whether :meth:`Feed.bars` has the same bars.
    """

    feed: Feed
    bars: Sequence[FeedBar]
    publish: Callable[[], None] = field(default=_do_nothing)
    is_fetchable: bool = True

    @property
    def rows(self) -> list[Row]:
        """The bars as symbol, end and values."""
        return [(bar.symbol, from_datetime(bar.end), tuple(map(float, bar[2:]))) for bar in self.bars]

    @property
    def symbols(self) -> list[str]:
        """The symbols, ascending."""
        return sorted({bar.symbol for bar in self.bars})


class FeedContract:
    """What every feed must keep to; see :class:`symscan.sources.ports.Feed`.

    It has a name and an interval. Once open, it is connected, and delivers the bars of subscribed symbols as
    they were published, none before its end. A fetch has the bars within ``after < end <= until`` by symbol
    and end, and of unknown symbols none. Receiving ends when the clock has passed ``until``, when it is
    woken, and when it is closed; the clock never goes back.
    """

    @pytest.fixture
    def case(self) -> FeedCase:
        """Give the feed under test; to be overridden."""
        raise NotImplementedError("override the fixture 'case': it returns a FeedCase")

    def test_it_has_a_name_and_an_intraday_interval(self, case: FeedCase) -> None:
        """``name``, ``base`` and ``waits_for_session`` are known before it is open."""
        assert isinstance(case.feed.name, str) and case.feed.name
        assert isinstance(case.feed.base, Interval) and case.feed.base.is_intraday
        assert isinstance(case.feed.waits_for_session, bool)

    def test_it_says_first_that_it_is_connected(self, case: FeedCase) -> None:
        """The first delivery is :class:`Connected`."""
        with _opened(case):
            assert _next(case.feed) == Connected()

    def test_it_delivers_the_bars_of_subscribed_symbols_as_they_are(self, case: FeedCase) -> None:
        """Each once, with its end and values, in order."""
        with _opened(case, *case.symbols):
            assert sorted(_received(case.feed, len(case.bars))) == sorted(case.rows)

    def test_it_delivers_no_others(self, case: FeedCase) -> None:
        """Neither symbols that were never subscribed, nor those that were unsubscribed."""
        first, second, *_ = case.symbols
        wanted = [row for row in case.rows if row[0] == first]
        with _opened(case, first, second, unsubscribed=[second]):
            assert _received(case.feed, len(wanted)) == wanted

    def test_batches_have_one_column_per_bar(self, case: FeedCase) -> None:
        """Symbols, ends and fields of equal length, as the numbers they are."""
        with _opened(case, *case.symbols):
            batch = _next_batch(case.feed)
        assert batch.ends.dtype == np.int64
        assert batch.fields.dtype == np.float64
        assert batch.fields.shape == (5, len(batch.symbols))
        assert batch.ends.shape == (len(batch.symbols),)
        assert not batch.corrected

    def test_nothing_comes_before_its_end_and_the_clock_never_goes_back(self, case: FeedCase) -> None:
        """A bar exists from its end on, by the feed's own clock."""
        clock, count = case.feed.now(), 0
        with _opened(case, *case.symbols):
            while count < len(case.bars):
                batch = _next_batch(case.feed)
                now = case.feed.now()
                assert int(batch.ends.max()) <= now
                assert clock <= now
                clock, count = now, count + len(batch.symbols)

    def test_receiving_ends_when_the_clock_has_passed(self, case: FeedCase) -> None:
        """None for a time that has passed: nobody waits."""
        with _opened(case, publishes=False):
            assert _next(case.feed) == Connected()
            assert case.feed.receive(case.feed.now()) is None

    def test_a_wake_ends_one_receiving(self, case: FeedCase) -> None:
        """The next one if nobody receives, from any thread; two wakes may count as one."""
        with _opened(case, publishes=False):
            assert _next(case.feed) == Connected()
            case.feed.wake()
            assert case.feed.receive(case.feed.now() + MINUTE) is None

    def test_closing_ends_a_receiving_that_waits(self, case: FeedCase) -> None:
        """It can be closed from another thread, and twice."""
        feed = case.feed
        with _opened(case, publishes=False):
            receiving = Thread(target=_receive_until_none, args=(feed,), daemon=True)
            receiving.start()
            feed.close()
            receiving.join(_WAITING_SECONDS)
            assert not receiving.is_alive(), "receive() still waits after close()"

    def test_a_fetch_has_the_bars_between_two_instants(self, case: FeedCase) -> None:
        """``after < end <= until``, by symbol and end; of unknown symbols and of none it has none."""
        if not case.is_fetchable:
            pytest.skip("its bars cannot be fetched")
        rows = sorted(case.rows)
        first, last = min(end for _, end, _ in rows), max(end for _, end, _ in rows)
        with _opened(case, *case.symbols):
            _received(case.feed, len(rows))  # the clock has reached their ends
            assert _rows(case.feed.bars([*case.symbols, "NOSUCH"], first - 1, last)) == rows
            assert _rows(case.feed.bars(case.symbols, first, last)) == [row for row in rows if row[1] > first]
            before = [row for row in rows if row[1] < last]
            assert _rows(case.feed.bars(case.symbols, first - 1, last - 1)) == before
            one = case.symbols[:1]
            assert _rows(case.feed.bars(one, first - 1, last)) == [row for row in rows if row[0] in one]
            assert _rows(case.feed.bars(["NOSUCH"], first - 1, last)) == []


class _opened:  # noqa: N801 - a context manager, used like a function
    """Open a feed with symbols subscribed, and close it at the end."""

    def __init__(
        self, case: FeedCase, *symbols: str, unsubscribed: Sequence[str] = (), publishes: bool = True
    ) -> None:
        self._case = case
        self._symbols = symbols
        self._unsubscribed = unsubscribed
        self._publishes = publishes

    def __enter__(self) -> None:
        feed = self._case.feed
        if self._symbols:
            feed.subscribe(self._symbols)
        if self._unsubscribed:
            feed.unsubscribe(self._unsubscribed)
        feed.open()
        if self._publishes:
            self._case.publish()

    def __exit__(self, *_: object) -> None:
        self._case.feed.close()
        self._case.feed.close()


def _next(feed: Feed) -> object:
    """The next delivery; a feed may return early without one."""
    for _ in range(1_000):
        if (delivery := feed.receive(feed.now() + MINUTE)) is not None:
            return delivery
    raise AssertionError("the feed delivers nothing")


def _next_batch(feed: Feed) -> BarBatch:
    while not isinstance(delivery := _next(feed), BarBatch):
        assert not isinstance(delivery, EndOfStream), "the feed ended before its bars"
    return delivery


def _received(feed: Feed, count: int) -> list[Row]:
    """The next so many bars."""
    rows: list[Row] = []
    while len(rows) < count:
        rows += _rows(_next_batch(feed))
    return rows


def _rows(batch: BarBatch) -> list[Row]:
    fields = [tuple(column) for column in batch.fields.T.tolist()]
    return list(zip(batch.symbols, batch.ends.tolist(), fields, strict=True))


def _receive_until_none(feed: Feed) -> None:
    while feed.receive(feed.now() + MINUTE) is not None:
        pass
