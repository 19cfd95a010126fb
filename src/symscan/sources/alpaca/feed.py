"""The Alpaca feed: minute bars and corrections from the stream, missed bars by REST."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

import numpy as np

from symscan.errors import FeedError
from symscan.model.bar import FIELDS
from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.model.interval import ONE_MINUTE, Interval
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.rest import AlpacaRest
from symscan.sources.alpaca.subscriptions import format_symbols
from symscan.sources.ports import BarBatch, Connected, Delivery, Notice

if TYPE_CHECKING:
    import polars as pl

    from symscan.sources.alpaca.stream import StreamTimeouts

_CLOCK_READ_SECONDS: Final = 5.0
_LONGEST_WAIT_SECONDS: Final = 3_600.0


class _Woken:
    """Sentinel that :meth:`AlpacaFeed.wake` puts into the queue."""


_WOKEN: Final = _Woken()


class AlpacaFeed:
    """Alpaca's stream and bars, for one session; see :class:`symscan.sources.ports.Feed`.

    Parameters
    ----------
    keys
        The account's keys.
    hosts
        The addresses of the services.
    feed
        ``iex`` or ``sip``: for the stream and for fetched bars.
    timeouts
        Timeouts and retry delays of the stream.

    Raises
    ------
    InputError
        If the feed is neither, or the client is not installed.
    """

    def __init__(
        self,
        keys: AlpacaKeys,
        hosts: AlpacaHosts,
        feed: str,
        timeouts: StreamTimeouts | None = None,
    ) -> None:
        self._rest = AlpacaRest(keys, hosts, feed)
        self.name = f"alpaca:{feed}"
        self.base: Interval = ONE_MINUTE
        self.waits_for_session = False
        from symscan.sources.alpaca.http_client import HttpTimeouts
        from symscan.sources.alpaca.stream import Stream, StreamTimeouts

        clock_timeouts = HttpTimeouts(read_seconds=_CLOCK_READ_SECONDS, retries=1)
        self._clock = AlpacaRest(keys, hosts, feed, clock_timeouts)
        self._stream = Stream(keys, hosts, feed, self._enqueue, timeouts or StreamTimeouts())
        self._queue: SimpleQueue[Delivery | FeedError | _Woken] = SimpleQueue()
        self._reported: set[str] = set()
        self._reporting = threading.Lock()
        self._is_woken = False
        self._connections = 0
        self._offset: Instant | None = None

    def open(self) -> None:
        """Connect and begin to deliver; returns when the stream is subscribed.

        Raises
        ------
        FeedError
            If that fails: a wrong key, no right to the data, no connection left, no network.
        """
        measurement = self._start_clock_measurement()
        self._stream.open()
        # The session must not begin on an unmeasured clock, unless measuring it takes too long.
        measurement.join(2.0 * _CLOCK_READ_SECONDS)

    def close(self) -> None:
        """Close the stream; returns within five seconds, also if the server does not answer."""
        self._stream.close()
        self.wake()

    def now(self) -> Instant:
        """Return the market's clock: this computer's, corrected by the last measured offset."""
        return time.time_ns() // 1_000 - (self._offset or 0)

    def clock_offset_ms(self) -> float | None:
        """Return this computer's clock minus the market's; None until it is measured."""
        return None if self._offset is None else self._offset / 1_000

    def subscribe(self, symbols: Sequence[str]) -> None:
        """Subscribe symbols; does not wait."""
        self._stream.subscribe(symbols)

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Unsubscribe symbols; does not wait."""
        self._stream.unsubscribe(symbols)

    def receive(self, until: Instant) -> Delivery | None:
        """The next delivery; None once the market's clock has passed ``until``, or after :meth:`wake`.

        Raises
        ------
        FeedError
            If the feed ended for good.
        """
        try:
            item = self._queue.get(timeout=self._seconds_to(until))
        except Empty:
            return None
        if isinstance(item, _Woken):
            self._is_woken = False
            return None
        if isinstance(item, FeedError):
            self._queue.put(item)  # the next call raises it, too
            raise item
        return item

    def wake(self) -> None:
        """Let a waiting ``receive`` return, or the next one if nobody waits."""
        if not self._is_woken:
            self._is_woken = True
            self._queue.put(_WOKEN)

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        """Fetch the bars with ``after < end <= until``, by symbol and end; waits for the answer.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        """
        # Bars end on the minute and are asked for by their start, from the first microsecond after.
        frame = self._rest.bars(symbols, ONE_MINUTE, after - MINUTE + 1, until - MINUTE + 1)
        self.report_refused(self._rest.refused)
        return self._to_batch(frame)

    def report_refused(self, refused: Mapping[str, str]) -> None:
        """Deliver a notice of symbols that Alpaca refuses, each once; thread-safe."""
        with self._reporting:
            new = {symbol: why for symbol, why in list(refused.items()) if symbol not in self._reported}
            self._reported.update(new)
        if new:
            reason = next(iter(new.values()))
            self._queue.put(Notice(f"Alpaca refuses {format_symbols(list(new))} ({reason}); no bars of them"))

    def _to_batch(self, frame: pl.DataFrame) -> BarBatch:
        ends = frame["start"].to_physical().to_numpy() + MINUTE
        fields = np.ascontiguousarray(frame.select(FIELDS).to_numpy().T, np.float64).reshape(len(FIELDS), -1)
        return BarBatch(frame["symbol"].to_list(), ends, fields)

    def _seconds_to(self, until: Instant) -> float:
        return min(max(0.0, (until - self.now()) / SECOND), _LONGEST_WAIT_SECONDS)

    def _enqueue(self, delivery: Delivery | FeedError) -> None:
        """Queue a delivery; called in the stream's thread."""
        self._queue.put(delivery)
        if isinstance(delivery, Connected):
            self._connections += 1
            if self._connections > 1:
                self._start_clock_measurement()

    def _start_clock_measurement(self) -> threading.Thread:
        thread = threading.Thread(target=self._measure_clock, name="market clock", daemon=True)
        thread.start()
        return thread

    def _measure_clock(self) -> None:
        try:
            market, ours = self._clock.clock()
        except FeedError as error:
            self._queue.put(Notice(f"the market's clock is not known, this computer's is used: {error}"))
        else:
            self._offset = ours - market
