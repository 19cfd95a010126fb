"""The bar source of a live session: makes slices of what a feed delivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Event as Flag
from typing import Final

import numpy as np

from symscan.bars.dense import Slots
from symscan.model.bar import BarSlice, Block, DayComplete, InterimUpdate, LateBars, SourceUpdate
from symscan.model.events.feed import (
    FeedConnected,
    FeedDroppedBars,
    FeedLost,
    FeedNotice,
    FeedSilent,
    SubscriptionLimited,
)
from symscan.model.events.session import Event
from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.model.live_settings import LiveSettings
from symscan.model.session import Session
from symscan.sources.ports import (
    BarBatch,
    BarsDropped,
    Connected,
    Delivery,
    Disconnected,
    EndOfStream,
    Feed,
    Limited,
    Notice,
)
from symscan.sources.streaming.admission import SymbolAdmission
from symscan.sources.streaming.backfill import Backfill, BackfillClient, minute_of
from symscan.sources.streaming.connection import ConnectionMonitor, EventQueue
from symscan.sources.streaming.future_bars import FutureBars
from symscan.sources.streaming.minute_buffer import BarPriority, MinuteBuffer
from symscan.sources.streaming.subscriptions import SubscriptionBudget
from symscan.sources.streaming.validation import BatchValidator
from symscan.sources.streaming.watermark import Watermark

_LAST_TRIES: Final = 10 * SECOND
"""How long failing fetches may delay the session's end."""
_LONGEST_WAIT: Final = MINUTE
_SETTLED: Final = MINUTE
"""How long no bar may have been corrected after the close before the day is complete."""
_SETTLED_AT_THE_LATEST: Final = 5 * MINUTE
"""How long after the close the day is complete even if bars are still corrected."""
_OLD: Final = 5 * MINUTE
"""A bar that arrives so long after newer ones is either late or misdated; nothing shows which."""


class StreamSource:
    """Makes slices of what a feed delivers.

    A minute is closed by the :class:`Watermark`; none is while the feed is disconnected. Bars that arrive
    after their minute was closed, and corrections, are delivered between two slices. Bars that the feed did
    not deliver are fetched. All but ``prepare_catch_up``, ``stop`` and the feed's state is for one thread.

    Parameters
    ----------
    feed
        Opened and closed by the caller.
    session
        The trading day.
    settings
        When a minute is closed, and when a silent feed is reported.
    start
        The last instant processed before a resume, None if the session begins; the minutes from there to
        the feed's connection are fetched.
    keeps_zero_volume
        Whether bars with a volume of zero are used: where the feed plays a store whose import kept them.
    completes_day
        Whether the last update is that the day is complete, once no bar was corrected for a while.
    """

    def __init__(
        self,
        feed: Feed,
        session: Session,
        settings: LiveSettings,
        start: Instant | None = None,
        *,
        keeps_zero_volume: bool = False,
        completes_day: bool = False,
    ) -> None:
        self.base = feed.base
        self._completes_day = completes_day
        self._corrected_at = session.close
        self._feed = feed
        self._session = session
        self._watermark = Watermark.of(settings)
        ends = [*Slots.premarket(session, feed.base).ends, *Slots.regular(session, feed.base).ends]
        self._grace = round(settings.grace_seconds * SECOND)
        begun = session.pre_open if start is None else max(start, session.pre_open)
        self._bars = MinuteBuffer(ends, minute_of(begun))
        self._validator = BatchValidator(session, ends, keeps_zero_volume=keeps_zero_volume)
        self._future = FutureBars()
        step = feed.base.minutes * MINUTE
        silent = round(settings.silent_seconds * SECOND) + step - MINUTE  # it is said of minute bars
        self._connection = ConnectionMonitor(session, silent, step + self._grace)
        self._events = EventQueue()
        self._budget = SubscriptionBudget(feed, settings.max_symbols, self._events)
        self._expected: frozenset[str] | None = None
        self._late_bars: list[LateBars] = []
        self._is_woken = False
        self._stopping = Flag()
        client = BackfillClient(feed, self._validator, self._events, self._grace, self._stopping)
        self._backfill = Backfill(
            session, client, self._budget, self._events, self._store_fetched, self._bars.incomplete
        )
        self._admission = SymbolAdmission(session, self._bars, self._budget, client, self._backfill)

    # -- the symbols ---------------------------------------------------------------------------

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Deliver bars of these symbols in these columns from the next slice on."""
        self._admission.admit(rows, capacity, self._connection.is_connected)
        self._expected = None

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        self._admission.remove(symbols)
        self._expected = None

    def prefer(self, symbols: Sequence[str]) -> None:
        """Subscribe these symbols first where not all can be; replaces the earlier preference."""
        self._admission.backfill_regained(self._budget.prefer(symbols))

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Fetch the earlier bars of symbols to be admitted, and buffer new ones; thread-safe."""
        self._admission.prepare(symbols)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """Return the bars that ended at these instants, over symbols that have just been subscribed."""
        return self._admission.catch_up(symbols, ends)

    def restore_bars(self, blocks: Iterable[Block]) -> None:
        """Restore the bars a resumed session has processed, so that they do not count as late."""
        for block in blocks:
            self._bars.restore_bars(block)
        # The replay of the record repeats changes of the subscription limit; only the last one is new.
        limited = [one for one in self._events.drain() if isinstance(one, SubscriptionLimited)]
        for event in limited[-1:]:
            self._events.add(event)

    def restore_drop(self, since: Instant) -> None:
        """Restore that a resumed session lost bars after an instant: they are fetched, perhaps again."""
        self._backfill.handle_drop(since)

    # -- its state -----------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether the feed is connected: from its opening until the connection is lost."""
        return self._connection.is_connected or not self._connection.was_lost

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's, None if there is nothing to compare with."""
        return self._feed.clock_offset_ms()

    def drain_events(self) -> list[Event]:
        """Remove and return the events since the last call."""
        return self._events.drain()

    def stop(self) -> None:
        """End :meth:`slices` before its next update; thread-safe, also from a signal handler."""
        self._stopping.set()
        self._feed.wake()

    # -- the stream ----------------------------------------------------------------------------

    def slices(self) -> Iterator[SourceUpdate]:
        """Yield every minute up to the close, and interim updates; a last one when stopped.

        Raises
        ------
        FeedError
            If the feed ended for good.
        """
        while not self._stopping.is_set():
            update = self._next_update()
            if update is not None:
                yield update
            elif self._is_finished():
                self._backfill.report_lost()
                if self._has_update():
                    yield self._interim_update()
                if self._completes_day:
                    yield DayComplete(self._feed.now())
                return
            else:
                self._receive()
        yield self._interim_update()

    def _next_update(self) -> SourceUpdate | None:
        """Return the update that is due now; None if there is none."""
        self._backfill.fetch_due(self._can_repair)
        self._check_silence()
        if not self._has_update() and self._is_due():
            # Bars of this minute may have been waiting all the while, if the session was slow.
            self._drain()
            if not self._has_update() and self._is_due():
                return self._close_minute()
            self._is_woken = True
        return self._interim_update() if self._has_update() else None

    def _has_update(self) -> bool:
        return bool(self._late_bars or self._events.has_new or self._is_woken)

    def _interim_update(self) -> InterimUpdate:
        late, self._late_bars = self._late_bars, []
        self._is_woken = False
        self._events.mark_seen()
        now = self._feed.now()
        if late:
            self._corrected_at = max(self._corrected_at, now)
        return InterimUpdate(tuple(late), now)

    def _close_minute(self) -> BarSlice:
        """Close the next minute and return its slice."""
        end, now = self._next_end(), self._feed.now()
        bars = self._bars.close(end)
        if (dropped := self._validator.dropped_report()) is not None:
            self._events.add(FeedNotice(now, dropped))
        if (refused := self._future.report(now)) is not None:
            self._events.add(refused)
        if end == self._session.close:  # bars still under way will not be streamed any more
            self._backfill.schedule_final_fetch(end, min(end, self._connection.last_progress))
        lag = max(0, now - end - self._grace)
        is_recovered = end <= self._backfill.recovered_to
        return BarSlice(end, bars, lag, is_recovered, self._feed.now())

    def _is_due(self) -> bool:
        """Whether the next minute can be closed."""
        if self._has_ended or self._backfill.is_recovering:
            return False
        if self._connection.has_ended:
            return True
        if not self._connection.is_connected:
            return False
        return self._next_end() <= self._backfill.recovered_to or self._closes_at() <= self._feed.now()

    def _closes_at(self) -> Instant:
        end = self._next_end()
        if not self._bars.has_slot(end):
            return end
        if self._expected is not self._budget.subscribed:
            self._expected = self._budget.subscribed
            self._bars.expect(self._expected)
        return self._watermark.closes_at(end, self._bars.last_arrival(end), self._bars.is_complete(end))

    def _next_end(self) -> Instant:
        return self._bars.closed + MINUTE

    @property
    def _has_ended(self) -> bool:
        """Whether the last slice was delivered."""
        return self._bars.closed >= self._session.close

    def _is_finished(self) -> bool:
        """Whether no further update is possible, not even late bars."""
        return self._has_ended and self._feed.now() >= self._ends_at()

    def _ends_at(self) -> Instant:
        """Return until when updates are waited for after the last slice."""
        last = self._session.close + self._grace
        tries = 0 if self._backfill.next_due(can_repair=True) is None else _LAST_TRIES
        return max(last + tries, self._settled_at())

    def _settled_at(self) -> Instant:
        """Return when the day is complete, if no further bar is corrected."""
        if not self._completes_day:
            return self._session.close + self._grace
        return min(self._corrected_at + _SETTLED, self._session.close + _SETTLED_AT_THE_LATEST)

    def _receive(self) -> None:
        until = self._deadline()
        delivery = self._feed.receive(until)
        if delivery is not None:
            self._handle(delivery)
        elif self._feed.now() < until or not self._connection.is_connected:  # no slice comes to say the time
            self._is_woken = True

    def _drain(self) -> None:
        """Process all waiting deliveries; a wake may lie between two of them."""
        empty = 0
        while empty < 2:
            delivery = self._feed.receive(self._feed.now())
            empty = empty + 1 if delivery is None else 0
            if delivery is not None:
                self._handle(delivery)

    def _deadline(self) -> Instant:
        """Return until when to wait for a delivery."""
        dues = [
            self._feed.now() + _LONGEST_WAIT,
            self._backfill.next_due(self._can_repair),
            self._silent_at(),
        ]
        if self._has_ended:
            last = self._session.close + self._grace
            ends = (last, last + _LAST_TRIES, self._settled_at())
            dues.append(min((end for end in ends if self._feed.now() < end), default=max(ends)))
        elif self._connection.is_connected and not self._backfill.is_recovering:
            dues.append(self._closes_at())
        return min(due for due in dues if due is not None)

    def _handle(self, delivery: Delivery) -> None:
        now = self._feed.now()
        match delivery:
            case BarBatch():
                self._handle_bars(delivery, now)
            case Connected():
                self._handle_connected(now)
            case Disconnected(reason):
                self._connection.disconnect()
                self._backfill.disconnect()
                self._events.add(FeedLost(now, reason))
            case Notice(message):
                self._events.add(FeedNotice(now, message))
            case BarsDropped(reason):
                self._events.add(
                    FeedDroppedBars(now, self._backfill.handle_drop(self._connection.newest_end), reason)
                )
            case Limited(limit, left_out):
                self._admission.backfill_regained(self._budget.restrict(limit, left_out))
            case EndOfStream():
                self._connection.has_ended = True

    def _handle_bars(self, batch: BarBatch, now: Instant) -> None:
        valid, malformed = self._validator.validate(batch)
        valid, misdated = self._future.refuse(valid, now)
        if malformed is not None:  # what they should have been is missing, as with those that are misdated
            self._backfill.request(min(now, int(malformed.ends.min())), malformed.symbols)
        if misdated:
            self._backfill.request(now, misdated)
        if len(valid.ends):
            silent_since = self._connection.record_bars(now, int(valid.ends.max()))
            if silent_since is not None:
                self._backfill.request(silent_since)
        self._refetch_old(valid)
        priority = BarPriority.CORRECTED if valid.corrected else BarPriority.STREAMED
        self._admission.add(valid, priority)
        self._late_bars += self._bars.add(valid, priority, now).late

    def _refetch_old(self, batch: BarBatch) -> None:
        """Request bars around those that arrive long after their minute: they may be misdated."""
        is_old = batch.ends < self._connection.newest_end - _OLD
        if not batch.corrected and is_old.any():
            symbols = [batch.symbols[place] for place in np.flatnonzero(is_old).tolist()]
            self._backfill.request(int(batch.ends[is_old].min()), symbols)

    def _handle_connected(self, now: Instant) -> None:
        closed, last_progress = self._bars.closed, self._connection.last_progress
        self._connection.connect(now)
        self._events.add(FeedConnected(now, self._feed.name))
        if self._connection.was_lost:
            self._backfill.start_recovery(closed, min(closed, last_progress))
        elif minute_of(now) > closed:
            self._backfill.start_recovery(closed, closed)

    def _silent_at(self) -> Instant | None:
        return self._connection.silent_at() if self._budget.subscribed else None

    def _check_silence(self) -> None:
        if not self._is_silent():
            return
        # If the session was slow, bars or a wake may be waiting unprocessed.
        self._drain()
        self._is_woken = True
        if self._is_silent():
            self._events.add(FeedSilent(self._feed.now(), self._connection.silent_since))
            self._connection.mark_silent()
            self._backfill.request(self._connection.newest_end)

    def _is_silent(self) -> bool:
        at = self._silent_at()
        return at is not None and at <= self._feed.now()

    @property
    def _can_repair(self) -> bool:
        return self._connection.is_connected or self._has_ended

    def _store_fetched(self, batch: BarBatch) -> int:
        """Store fetched bars; return how many of them are new."""
        self._admission.add(batch, BarPriority.FETCHED)
        added = self._bars.add(batch, BarPriority.FETCHED, self._feed.now())
        self._late_bars += added.late
        return added.fresh
