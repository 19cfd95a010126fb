"""A stream of bars as slices: the source of a live session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Event as Flag
from typing import Final

import numpy as np

from symscan.bars.dense import Slots
from symscan.model.bar import BarSlice, Block, InterimUpdate, LateBars, SourceUpdate
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
"""How long, at the end, a fetch that fails may hold up the session."""
_LONGEST_WAIT: Final = MINUTE
_OLD: Final = 5 * MINUTE
"""A bar that comes so long after newer ones is late or has a wrong time: nobody knows which."""


class StreamSource:
    """Makes slices of what a feed delivers.

    A minute is closed by the :class:`Watermark`; while the feed is lost none is. What comes after its
    minute was closed, or differs from what came before, is given between two slices. What the feed
    could not deliver is fetched. All but ``prepare_catch_up``, ``stop`` and the feed's state is for
    one thread.

    Parameters
    ----------
    feed
        Opened and closed by whoever made it.
    session
        The trading day.
    settings
        When a minute is closed, and when something is told.
    start
        The last instant that has been gone through before, None if the session begins; the minutes
        from there to the feed's first word are fetched.
    keeps_zero_volume
        Whether bars with a volume of zero are used: where the feed plays a store that was told to keep them.
    """

    def __init__(
        self,
        feed: Feed,
        session: Session,
        settings: LiveSettings,
        start: Instant | None = None,
        *,
        keeps_zero_volume: bool = False,
    ) -> None:
        self.base = feed.base
        self._feed = feed
        self._session = session
        self._watermark = Watermark.of(settings)
        ends = [*Slots.premarket(session, feed.base).ends, *Slots.regular(session, feed.base).ends]
        self._grace = round(settings.grace_seconds * SECOND)
        begun = session.pre_open if start is None else max(start, session.pre_open)
        self._bars = MinuteBuffer(ends, minute_of(begun))
        self._checks = BatchValidator(session, ends, keeps_zero_volume=keeps_zero_volume)
        self._future = FutureBars()
        step = feed.base.minutes * MINUTE
        silent = round(settings.silent_seconds * SECOND) + step - MINUTE  # it is said of minute bars
        self._link = ConnectionMonitor(session, silent, step + self._grace)
        self._news = EventQueue()
        self._symbols = SubscriptionBudget(feed, settings.max_symbols, self._news)
        self._expected: frozenset[str] | None = None
        self._late: list[LateBars] = []
        self._is_woken = False
        self._stopping = Flag()
        fetcher = BackfillClient(feed, self._checks, self._news, self._grace, self._stopping)
        self._gaps = Backfill(session, fetcher, self._symbols, self._news, self._keep_fetched)
        self._entry = SymbolAdmission(session, self._bars, self._symbols, fetcher, self._gaps)

    # -- the symbols ---------------------------------------------------------------------------

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Deliver bars of these symbols in these columns from the next slice on."""
        self._entry.join(rows, capacity, self._link.is_connected)
        self._expected = None

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        self._entry.leave(symbols)
        self._expected = None

    def prefer(self, symbols: Sequence[str]) -> None:
        """These symbols come first where not all can be subscribed; replaces what was preferred before."""
        self._entry.fill_regained(self._symbols.prefer(symbols))

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Fetch what there is of symbols about to join, and keep what comes from now on; any thread may."""
        self._entry.prepare(symbols)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """The session's bars that ended at these instants, over symbols that have just been subscribed."""
        return self._entry.catch_up(symbols, ends)

    def remember(self, blocks: Iterable[Block]) -> None:
        """Know the bars a resumed session has had, so that they are not taken for late ones."""
        for block in blocks:
            self._bars.remember(block)
        # While the record was gone through, who has no place changed as it did then, and was said then.
        limited = [one for one in self._news.take() if isinstance(one, SubscriptionLimited)]
        for event in limited[-1:]:
            self._news.add(event)

    def remember_drop(self, since: Instant) -> None:
        """Know that a resumed session lost bars after an instant: they are fetched, perhaps again."""
        self._gaps.drop(since)

    # -- its state -----------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether the feed delivers: once it is open it does, until it is lost."""
        return self._link.is_connected or not self._link.was_lost

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's, None if there is nothing to compare with."""
        return self._feed.clock_offset_ms()

    def news(self) -> list[Event]:
        """Take out what happened to the feed since the last call."""
        return self._news.take()

    def stop(self) -> None:
        """End :meth:`slices` before its next moment; any thread may, and a signal."""
        self._stopping.set()
        self._feed.wake()

    # -- the stream ----------------------------------------------------------------------------

    def slices(self) -> Iterator[SourceUpdate]:
        """Every minute of the session up to its close, and moments between; one more when it is stopped.

        Raises
        ------
        FeedError
            If the feed ended for good.
        """
        while not self._stopping.is_set():
            moment = self._moment()
            if moment is not None:
                yield moment
            elif self._is_over():
                self._gaps.give_up()
                if self._has_something():
                    yield self._between()
                return
            else:
                self._receive()
        yield self._between()

    def _moment(self) -> SourceUpdate | None:
        """What there is to do now."""
        self._gaps.fetch_due(self._can_repair)
        self._tell_silence()
        if not self._has_something() and self._is_due():
            # Bars of this minute may have been waiting all the while, if the session was slow.
            self._drain()
            if not self._has_something() and self._is_due():
                return self._close()
            self._is_woken = True
        return self._between() if self._has_something() else None

    def _has_something(self) -> bool:
        return bool(self._late or self._news.is_fresh or self._is_woken)

    def _between(self) -> InterimUpdate:
        late, self._late = self._late, []
        self._is_woken = False
        self._news.told()
        return InterimUpdate(tuple(late), self._feed.now())

    def _close(self) -> BarSlice:
        """The next slice."""
        end, now = self._next(), self._feed.now()
        bars = self._bars.close(end)
        if (complaint := self._checks.complaint()) is not None:
            self._news.add(FeedNotice(now, complaint))
        if (refused := self._future.report(now)) is not None:
            self._news.add(refused)
        if end == self._session.close:  # a last look: what is still under way does not come any more
            self._gaps.look_again(end, min(end, self._link.heard))
        lag = max(0, now - end - self._grace)
        is_recovered = end <= self._gaps.recovered_to
        return BarSlice(end, bars, lag, is_recovered, self._feed.now())

    def _is_due(self) -> bool:
        """Whether the next minute can be closed."""
        if self._has_ended or self._gaps.is_recovering:
            return False
        if self._link.is_over:
            return True
        if not self._link.is_connected:
            return False
        return self._next() <= self._gaps.recovered_to or self._closes_at() <= self._feed.now()

    def _closes_at(self) -> Instant:
        end = self._next()
        if not self._bars.has_slot(end):
            return end
        if self._expected is not self._symbols.placed:
            self._expected = self._symbols.placed
            self._bars.expect(self._expected)
        return self._watermark.closes_at(end, self._bars.last_arrival(end), self._bars.is_complete(end))

    def _next(self) -> Instant:
        return self._bars.closed + MINUTE

    @property
    def _has_ended(self) -> bool:
        """Whether the last slice was given."""
        return self._bars.closed >= self._session.close

    def _is_over(self) -> bool:
        """Whether nothing more is to come, not even bars of closed minutes."""
        waited = self._feed.now() - self._session.close - self._grace
        tries = 0 if self._gaps.next_due(can_repair=True) is None else _LAST_TRIES
        return self._has_ended and waited >= tries

    def _receive(self) -> None:
        until = self._deadline()
        delivery = self._feed.receive(until)
        if delivery is not None:
            self._take(delivery)
        elif self._feed.now() < until or not self._link.is_connected:  # no slice comes to say the time
            self._is_woken = True

    def _drain(self) -> None:
        """Take in all that has come; a wake may stand between two deliveries."""
        empty = 0
        while empty < 2:
            delivery = self._feed.receive(self._feed.now())
            empty = empty + 1 if delivery is None else 0
            if delivery is not None:
                self._take(delivery)

    def _deadline(self) -> Instant:
        """When there is something to do even if nothing comes."""
        dues = [self._feed.now() + _LONGEST_WAIT, self._gaps.next_due(self._can_repair), self._silent_at()]
        if self._has_ended:
            last = self._session.close + self._grace
            dues.append(last if self._feed.now() < last else last + _LAST_TRIES)
        elif self._link.is_connected and not self._gaps.is_recovering:
            dues.append(self._closes_at())
        return min(due for due in dues if due is not None)

    def _take(self, delivery: Delivery) -> None:
        now = self._feed.now()
        match delivery:
            case BarBatch():
                self._arrive(delivery, now)
            case Connected():
                self._connect(now)
            case Disconnected(reason):
                self._link.lose()
                self._gaps.lose()
                self._news.add(FeedLost(now, reason))
            case Notice(message):
                self._news.add(FeedNotice(now, message))
            case BarsDropped(reason):
                self._news.add(FeedDroppedBars(now, self._gaps.drop(self._link.newest), reason))
            case Limited(limit, left_out):
                self._entry.fill_regained(self._symbols.restrict(limit, left_out))
            case EndOfStream():
                self._link.is_over = True

    def _arrive(self, arrivals: BarBatch, now: Instant) -> None:
        sound, misdated = self._future.refuse(self._checks.sound(arrivals), now)
        if misdated:  # what they should have been is missing
            self._gaps.fill(now, misdated)
        if len(sound.ends):
            silent_since = self._link.hear(now, int(sound.ends.max()))
            if silent_since is not None:
                self._gaps.fill(silent_since)
        self._verify_old(sound)
        trust = BarPriority.CORRECTED if sound.corrected else BarPriority.STREAMED
        self._entry.keep(sound, trust)
        self._late += self._bars.take(sound, trust, now).late

    def _verify_old(self, arrivals: BarBatch) -> None:
        """Fetch what comes long after its minute and is no correction: it may be dated wrongly."""
        is_old = arrivals.ends < self._link.newest - _OLD
        if not arrivals.corrected and is_old.any():
            symbols = [arrivals.symbols[place] for place in np.flatnonzero(is_old).tolist()]
            self._gaps.fill(int(arrivals.ends[is_old].min()), symbols)

    def _connect(self, now: Instant) -> None:
        closed, heard = self._bars.closed, self._link.heard
        self._link.connect(now)
        self._news.add(FeedConnected(now, self._feed.name))
        if self._link.was_lost:
            self._gaps.recover(closed, min(closed, heard))
        elif minute_of(now) > closed:
            self._gaps.recover(closed, closed)

    def _silent_at(self) -> Instant | None:
        return self._link.silent_at() if self._symbols.placed else None

    def _tell_silence(self) -> None:
        if not self._is_silent():
            return
        # Bars may have been waiting all the while, if it is the session that was slow; so may a wake.
        self._drain()
        self._is_woken = True
        if self._is_silent():
            self._news.add(FeedSilent(self._feed.now(), self._link.silent_since))
            self._link.fall_silent()
            self._gaps.fill(self._link.newest)

    def _is_silent(self) -> bool:
        at = self._silent_at()
        return at is not None and at <= self._feed.now()

    @property
    def _can_repair(self) -> bool:
        return self._link.is_connected or self._has_ended

    def _keep_fetched(self, arrivals: BarBatch) -> int:
        """Put fetched bars where they belong; returns how many were not known."""
        self._entry.keep(arrivals, BarPriority.FETCHED)
        taken = self._bars.take(arrivals, BarPriority.FETCHED, self._feed.now())
        self._late += taken.late
        return taken.fresh
