"""Log events to the logger ``symscan``: a line per step of a session and per scan."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from symscan.model.event_json import INSTANTS
from symscan.model.events.feed import (
    FeedConnected,
    FeedLost,
    FeedNotice,
    FeedRecovered,
    FeedSilent,
    LagBegan,
    LagEnded,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import (
    Event,
    IndicatorWarmed,
    Outcome,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScannerReady,
    SessionActivated,
    SessionClosed,
    SessionPrepared,
    UniverseNarrowed,
    Warned,
)
from symscan.model.events.trading import StrategyDone, StrategyFailed, StrategyStarted
from symscan.model.session import Session
from symscan.observers.console.messages import clock, in_one_line

LOGGER: Final = logging.getLogger("symscan")
"""Silent until it, or the root logger, gets a handler and a level."""

LOGGER.addHandler(logging.NullHandler())  # else Python writes warnings to standard error by itself

_LEVELS: Final[Mapping[type[Event], int]] = MappingProxyType(
    {
        **dict.fromkeys((SessionPrepared, SessionActivated, SessionClosed), logging.INFO),
        **dict.fromkeys(
            (UniverseNarrowed, ScannerReady, ScannerDone, ScanFinished, IndicatorWarmed), logging.INFO
        ),
        **dict.fromkeys((StrategyStarted, StrategyDone), logging.INFO),
        **dict.fromkeys((FeedConnected, FeedRecovered, LagEnded, Readiness), logging.INFO),
        **dict.fromkeys((ScannerDisabled, StrategyFailed, Warned), logging.WARNING),
        **dict.fromkeys((FeedLost, FeedSilent, FeedNotice, LagBegan), logging.WARNING),
        SubscriptionLimited: logging.WARNING,
    }
)
"""Levels by event; all others, such as members that join and leave, are DEBUG."""

_MOST_NAMED: Final = 5


class EventLog:
    """Logs the events of a session to the logger ``symscan``."""

    def observe(self, session: Session, event: Event) -> None:
        """Log an event."""
        level = _level(event)
        if LOGGER.isEnabledFor(level):
            at = f"{session.date} {clock(session, event.at)}"
            LOGGER.log(level, "%s %s", at, in_one_line(_text(session, event)))


def _level(event: Event) -> int:
    has_failed = isinstance(event, ScanFinished) and event.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
    if has_failed or (isinstance(event, ScannerDone) and event.error is not None):
        return logging.WARNING
    return _LEVELS.get(type(event), logging.DEBUG)


def _text(session: Session, event: Event) -> str:
    match event:
        case ScanFinished():
            return _scan(event)
        case ScannerDone():
            end = f": {event.error}" if event.error else ""
            return f"scanner '{event.scanner}' is done, {event.scans:,} scans, {event.failed:,} failed{end}"
        case Warned():
            return f"warning: {event.message}"
    values = [
        f"{name} {_value_text(session, name, getattr(event, name))}"
        for name in event.__struct_fields__
        if name != "at"
    ]
    return f"{type(event).__name__}: {', '.join(values)}"


def _scan(scan: ScanFinished) -> str:
    head = f"scan of '{scan.scanner}' ({scan.phase.value}) {scan.outcome.value}"
    if scan.outcome is not Outcome.OK:
        return f"{head}: {scan.error or 'no reason given'}"
    hits, new = len(scan.hits.symbols), int(scan.hits.new.sum())
    judged = f"{scan.judged:,} of {scan.universe:,} judged"
    return f"{head}: {hits:,} hits, {new:,} new, {judged}, {scan.execution_time_ms:.1f} ms"


def _value_text(session: Session, name: str, value: Any) -> str:
    if isinstance(value, int) and name in INSTANTS:
        return clock(session, value)
    if isinstance(value, tuple):
        more = len(value) - _MOST_NAMED
        names = " ".join(map(str, value[:_MOST_NAMED])) or "none"
        return names + (f" and {more:,} more" if more > 0 else "")
    return str(value)
