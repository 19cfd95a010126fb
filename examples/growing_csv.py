"""A broker that follows a CSV file to which another program appends bars as they are complete.

    symscan live examples/own_broker.json --source growing_csv --store followed

The file is ``bars-DATE.csv`` in the current folder, ``symbol,end,open,high,low,close,volume`` its columns;
``end`` has its zone, as in ``2026-01-15T09:31:00-05:00``.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from symscan import BaseBroker, FeedBar, IterableFeed, LiveDay


def follow(path: Path) -> Iterator[FeedBar | None]:
    """The bars of a file, and None wherever it ends for now."""
    with path.open() as file:
        next(file)  # the header
        line = ""
        while True:
            line += file.readline()
            if not line.endswith("\n"):  # nothing yet, or half a line
                yield None
                continue
            symbol, end, *numbers = line.strip().split(",")
            yield FeedBar(symbol, datetime.fromisoformat(end), *map(float, numbers))
            line = ""


class Broker(BaseBroker):
    """Serves the bars of the file, by this computer's clock."""

    name = "growing_csv"
    symbols = ("UP", "DOWN")

    def live_feed(self, day: LiveDay) -> IterableFeed:
        """Make the feed of one session."""
        return IterableFeed(self.name, follow(Path(f"bars-{day.session.date}.csv")), self.clock)
