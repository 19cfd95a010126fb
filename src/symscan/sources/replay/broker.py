"""A stored day as a broker: it is replayed as if it were a feed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from symscan.model.instant import MINUTE, Instant
from symscan.sources.base_broker import BaseBroker
from symscan.sources.ports import Feed, LiveDay
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.feed import ReplayFeed
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.day_layout import finest_interval

_BEFORE_OPEN: Final = 11 * MINUTE
"""A replay begins so long before the open at the latest: in its next minute a session says it is ready."""


class ReplayBroker(BaseBroker):
    """Replays a stored day as a feed; its bars stay those of the store.

    Attributes
    ----------
    make_feed
        Makes the feed; one with another clock measures the speed by that.
    """

    name = "replay"
    is_replay = True

    def __init__(self, feed: str | None = None) -> None:
        super().__init__(feed)
        self.make_feed: Callable[..., ReplayFeed] = ReplayFeed

    @property
    def origin(self) -> None:
        """None: the bars are the store's own."""

    def check(self, day: LiveDay) -> None:
        """Check the faults to inject.

        Raises
        ------
        InputError
            If they are not understood.
        """
        _faults(day)

    def start_of(self, day: LiveDay, first_due: Instant) -> Instant:
        """Return the instant of the first bar, the first scan or the readiness report."""
        session, store = day.session, BarStore(day.store)
        first = store.first_start(finest_interval(store, session), session.date)
        scan = first_due - MINUTE  # the slice that ends then is one of the session's
        candidates = [session.open - _BEFORE_OPEN, scan, *([] if first is None else [first])]
        return max(session.pre_open, min(candidates))

    def live_feed(self, day: LiveDay) -> Feed:
        """Make the feed, not yet open; a resumed one starts where the session was."""
        starts = [instant for instant in (day.processed, day.start) if instant is not None]
        start = max(starts, default=None)
        return self.make_feed(BarStore(day.store), day.session, day.speed, _faults(day), start)


def _faults(day: LiveDay) -> Faults:
    return Faults.parse(day.faults) if day.faults else Faults()
