"""What is as loud as a hit: a feed that is silent or lost, scanners that fail, a session that lags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from symscan.model.events.feed import (
    BarsLost,
    BarsRefused,
    FeedDroppedBars,
    FeedLost,
    FeedNotice,
    FeedRecovered,
    FeedSilent,
    LagBegan,
    LagEnded,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import Event, Warned
from symscan.model.events.trading import StrategyFailed
from symscan.model.instant import SECOND, to_iso
from symscan.model.session import Session
from symscan.observers.feed_figures import lost_message
from symscan.observers.saying import Condition, Kind, Say, clock
from symscan.observers.scanner_watch import ScannerWatch

_MOST_NAMED: Final = 5


class Conditions:
    """Says loudly what lessens the worth of hits, and once, shortly before the open, what the session has.

    Parameters
    ----------
    say_loud
        Says a condition.
    say
        Says that the session is ready.
    """

    def __init__(self, say_loud: Say, say: Say) -> None:
        self._say_loud = say_loud
        self._say = say
        self._scanners = ScannerWatch()

    def observe(self, session: Session, event: Event) -> None:
        """Say what an event means."""
        if isinstance(event, Readiness):
            say = self._say if event.connected else self._say_loud
            say(f"{clock(session, event.at)}  {_readiness(event)}", _readiness_record(event))
        for condition in (*self._scanners.look(event), *_of_the_session(session, event)):
            self._say_loud(condition.as_line(session), condition.as_record())


def _of_the_session(session: Session, event: Event) -> Iterator[Condition]:
    match event:
        case FeedLost():
            yield Condition(event.at, Kind.FEED_LOST, f"the feed is lost, time stands still: {event.reason}")
        case FeedRecovered():
            since = clock(session, event.since)
            message = f"{_many(event.bars, 'bar')} since {since} had been missed and are fetched"
            yield Condition(event.at, Kind.FEED_RECOVERED, message)
        case FeedSilent():
            seconds = (event.at - event.since) / SECOND
            message = f"no bar for {seconds:.0f} s, since {clock(session, event.since)}"
            yield Condition(event.at, Kind.FEED_SILENT, message)
        case FeedNotice():
            yield Condition(event.at, Kind.FEED_NOTICE, f"the feed says: {event.message}")
        case FeedDroppedBars():
            since = clock(session, event.since)
            message = f"bars were lost, those since {since} are fetched: {event.reason}"
            yield Condition(event.at, Kind.FEED_DROPPED_BARS, message)
        case BarsLost():
            yield Condition(event.at, Kind.BARS_LOST, lost_message(session, event))
        case BarsRefused():
            yield Condition(event.at, Kind.BARS_REFUSED, event.reason)
        case SubscriptionLimited():
            yield Condition(event.at, Kind.SUBSCRIPTION_LIMITED, _left_out(event))
        case LagBegan():
            message = f"behind the feed by {event.seconds:.0f} s; scans pause until it is caught up"
            yield Condition(event.at, Kind.LAG_BEGAN, message)
        case LagEnded():
            message = f"caught up with the feed; {_many(event.skipped, 'scan')} skipped"
            yield Condition(event.at, Kind.LAG_ENDED, message)
        case StrategyFailed():
            message = f"strategy '{event.strategy}' is called no more: {event.method}(): {event.error}"
            yield Condition(event.at, Kind.STRATEGY_FAILED, message)
        case Warned():
            yield Condition(event.at, Kind.WARNING, event.message)


def _left_out(event: SubscriptionLimited) -> str:
    count = len(event.left_out)
    if not count:
        return f"all symbols fit into the {event.limit:,} that may be subscribed"
    return (
        f"{_many(count, 'symbol')} got no place among the {event.limit:,} that may be subscribed: "
        f"{_named(event.left_out)}"
    )


def _readiness(event: Readiness) -> str:
    offset = event.clock_offset_ms
    parts = (
        "ready: connected" if event.connected else "not connected",
        _many(event.symbols, "symbol"),
        f"{event.with_previous_close:,} with a previous close",
        "clock offset unknown" if offset is None else f"clock offset {offset:+.0f} ms",
    )
    return ", ".join(parts)


def _readiness_record(event: Readiness) -> dict[str, Any]:
    return {
        "type": "readiness",
        "at": to_iso(event.at),
        "connected": event.connected,
        "symbols": event.symbols,
        "with_previous_close": event.with_previous_close,
        "clock_offset_ms": event.clock_offset_ms,
    }


def _named(symbols: Sequence[str]) -> str:
    more = len(symbols) - _MOST_NAMED
    return ", ".join(symbols[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
