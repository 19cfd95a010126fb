"""A broker that is a Python generator: two symbols, on a clock that goes as fast as the bars come.

    symscan live examples/own_broker.json --source bar_generator --store generated

``UP`` gains ten cents a minute from 100 dollars on, ``DOWN`` loses them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from symscan import BaseBroker, FeedBar, IterableFeed, LiveDay, VirtualClock

BEGIN = datetime(2026, 1, 15, 9, 15, tzinfo=ZoneInfo("America/New_York"))


def bars(day: LiveDay) -> Iterator[FeedBar]:
    """The minutes of the session, a bar of each symbol in each."""
    for minute in range(390):
        end = day.session.local(day.session.open) + timedelta(minutes=minute + 1)
        for symbol, step in (("UP", 0.1), ("DOWN", -0.1)):
            first, last = 100 + step * minute, 100 + step * (minute + 1)
            yield FeedBar(symbol, end, first, max(first, last), min(first, last), last, 1000.0)


class Broker(BaseBroker):
    """Serves the generated bars; the session is that of its clock."""

    name = "bar_generator"
    symbols = ("UP", "DOWN")

    def __init__(self, feed: str | None = None) -> None:
        super().__init__(feed)
        self.clock = VirtualClock.at(BEGIN)

    def live_feed(self, day: LiveDay) -> IterableFeed:
        """Make the feed of one session."""
        return IterableFeed(self.name, bars(day), self.clock)
