"""A session at the stand-in broker: bars of a few days, a clock that shows any hour, minutes in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as daytime
from pathlib import Path
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

from support.alpaca.server import AlpacaServer, ServerBar
from support.cli import Ended, Listener, started
from support.waiting import LIMIT, wait_for
from symscan.model.instant import MINUTE, SECOND, Instant, from_datetime

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2024, 7, 3)
"""An early close: 13:00."""

EARLIER = (date(2024, 6, 28), date(2024, 7, 1), date(2024, 7, 2))
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE")
THIN = "EEE"
OUTSIDE = "OUT"
IN_TIME = 1.0
"""Seconds after its end within which a minute's bars are sent; the session waits longer."""
LIVE = ("live", "broker.json", "--source", "alpaca", "--store", "store", "--out", "live", "--csv")

SCREEN: dict[str, Any] = {
    "name": "movers",
    "universe": "five.txt",
    "where": "change_pct > 1 and sma_3_5m > sma_20_5m",
    "regular_session": [{"start": "09:35", "end": "13:00", "interval": "1m"}],
}
CONFIG: dict[str, Any] = {
    "name": "broker",
    "live_config": {"feed": "iex"},
    "session_data_config": {
        "symbols": ["AAA"],
        "indicators": ["rsi_14_1m", "sma_5_1d"],
        "scanners": [SCREEN],
    },
}


def at(clock: str, day: date = DAY) -> Instant:
    """The instant of a time in New York."""
    return from_datetime(datetime.combine(day, daytime.fromisoformat(clock), NEW_YORK))


def minute_bars(symbol: str, day: date) -> list[ServerBar]:
    """A symbol's bars of a day, 9:30 to its close; each symbol drifts at its own pace."""
    place = (*SYMBOLS, OUTSIDE, "GONE").index(symbol)
    begin, minutes = at("09:30", day), 210 if day == DAY else 390
    days = (*EARLIER, DAY).index(day)
    bars = []
    for minute in range(0, minutes, 7 if symbol == THIN else 1):
        drift = (place - 1.5) * 0.01 * (minute + 1) + 0.05 * ((minute * (place + 3)) % 11)
        last = round(50.0 + 10 * place + days + drift, 2)
        first = round(last - 0.03, 2)
        bars.append(ServerBar(symbol, begin + minute * MINUTE, first, last, first, last, 1000.0 + minute))
    return bars


def daily_bar(symbol: str, day: date) -> ServerBar:
    """A symbol's day, of its minutes."""
    bars = minute_bars(symbol, day)
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    volume = sum(bar.volume for bar in bars)
    return ServerBar(symbol, at("00:00", day), bars[0].open, high, low, bars[-1].close, volume)


class TooLate(Exception):
    """The market's clock was ahead of the test: all there is to do is to begin anew, earlier."""


def before(clock: str, seconds: float) -> str:
    """A time of the day so long before another."""
    return (datetime.combine(DAY, daytime.fromisoformat(clock)) - timedelta(seconds=seconds)).strftime(
        "%H:%M:%S"
    )


@dataclass
class BrokerDay(AbstractContextManager["BrokerDay"]):
    """The stand-in, with a session that runs.

    The market's clock stands at ``begin`` until the session's stream is there, so that it does not matter
    how long the command takes to begin.
    """

    folder: Path
    begin: str
    faults: dict[str, Any] = field(default_factory=dict)
    symbols: Sequence[str] = (*SYMBOLS, OUTSIDE)

    def __enter__(self) -> BrokerDay:
        minutes = [bar for symbol in self.symbols for day in EARLIER for bar in minute_bars(symbol, day)]
        days = [daily_bar(symbol, day) for symbol in self.symbols for day in EARLIER]
        self.server = AlpacaServer(minutes, daily=days, **self.faults)
        self.today = sorted(
            (bar for symbol in self.symbols for bar in minute_bars(symbol, DAY)), key=lambda bar: bar.start
        )
        self.server.__enter__()
        self.set_clock(self.begin)
        self.server.rest.stands_at = datetime.combine(DAY, daytime.fromisoformat(self.begin), NEW_YORK)
        self._listeners: list[Listener] = []
        self._published = 0
        self.publish(self.now())
        (self.folder / "five.txt").write_text("\n".join(SYMBOLS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners:
            listener.process.kill()
            listener.process.wait()
        self.server.__exit__(kind, error, trace)

    def set_clock(self, clock: str, day: date = DAY) -> None:
        """Let the market's clock show a time in New York."""
        shown = datetime.combine(day, daytime.fromisoformat(clock), NEW_YORK)
        self.server.rest.stands_at = None
        self.server.rest.clock_offset = shown - datetime.now(UTC)

    def goes_when_asked(self) -> None:
        """Let the market's clock go from the moment that the command looks at it first."""
        self.server.rest.goes_when_asked = True

    def now(self) -> Instant:
        """The market's clock."""
        return from_datetime(datetime.now(UTC) + self.server.rest.clock_offset)

    def publish(self, end: Instant) -> list[ServerBar]:
        """Let REST know of today's bars that ended up to an instant; those it did not know before."""
        fresh = [bar for bar in self.today[self._published :] if bar.start + MINUTE <= end]
        self.server.rest.add_bars("1Min", fresh)
        self._published += len(fresh)
        return fresh

    def wait_until(self, clock: str) -> Instant:
        """Wait for the market's clock; the one place of these tests that sleeps, since a minute is one.

        Raises
        ------
        TooLate
            If it is later than that: what was done before took too long here.
        """
        end = at(clock)
        left = (end - self.now()) / SECOND
        if left < 0:
            raise TooLate(clock)
        time.sleep(left)
        return end

    def wait_for_stream(self, *symbols: str) -> None:
        """Wait until the stream's subscriptions hold these symbols; the market's clock goes from then on.

        Raises
        ------
        TooLate
            If the session was over before: the command took too long to begin here.
        """
        wait_for(lambda: self.server.subscribed >= set(symbols) or self._ended(), "it", 2 * LIMIT)
        if not self.server.subscribed >= set(symbols):
            ended = [one.end() for one in self._ended()]
            assert all(one.code == 0 for one in ended), ended
            raise TooLate(self.begin)  # its session was over before it had come so far
        self.server.rest.stands_at = None

    def minute(self, clock: str, change: Callable[[list[ServerBar]], Iterable[ServerBar]] = list) -> None:
        """Wait for the end of a minute and send its bars, changed."""
        fresh = self.publish(self.wait_until(clock))
        self.server.send_bars(list(change(fresh)))
        if self.now() > at(clock) + IN_TIME * SECOND:
            raise TooLate(clock)

    def live(self, *arguments: str) -> Listener:
        """Start the command."""
        listener = Listener(started(self.folder, *LIVE, "--jsonl", *arguments, more=self.server.environment))
        self._listeners.append(listener)
        return listener

    def _ended(self) -> list[Listener]:
        """The commands that have ended."""
        return [one for one in self._listeners if one.process.poll() is not None]

    def resumed_after_the_close(self) -> Ended:
        """Go on with the session when all of its bars are known."""
        self.set_clock("13:10")
        self.publish(self.now())
        return self.live("--resume").end()


def write_config(folder: Path, change: Callable[[dict[str, Any]], object] | None = None) -> None:
    """The usual configuration, changed."""
    config = json.loads(json.dumps(CONFIG))
    if change is not None:
        change(config)
    (folder / "broker.json").write_text(json.dumps(config))
