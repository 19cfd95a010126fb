"""Count what a live session's feed did not deliver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from symscan.model.bar import LateKind
from symscan.model.events.feed import (
    BarsCorrected,
    BarsLost,
    BarsRefused,
    FeedDroppedBars,
    FeedLost,
    SubscriptionLimited,
)
from symscan.model.events.session import Event
from symscan.model.instant import to_iso
from symscan.model.session import Session

FEED_FAULTS: Final = (FeedLost, FeedDroppedBars, BarsCorrected, BarsRefused, SubscriptionLimited, BarsLost)
"""The events that are counted."""


@dataclass(slots=True)
class FeedFigures:
    """Counts bars a feed did not deliver, and how they were recovered.

    Attributes
    ----------
    disconnected, dropped
        How often the connection broke, and how often bars were lost although it stayed.
    recovered
        Bars that were fetched instead, after their minute had been closed.
    refused
        Bars that cannot be, such as those dated in the future.
    left_out
        The most symbols without a subscription at a time.
    lost
        Spans of which bars could not be fetched, either.
    """

    disconnected: int = 0
    dropped: int = 0
    recovered: int = 0
    refused: int = 0
    left_out: int = 0
    lost: list[tuple[Session, BarsLost]] = field(default_factory=list)

    def observe(self, session: Session, event: Event) -> None:
        """Count an event."""
        match event:
            case FeedLost():
                self.disconnected += 1
            case FeedDroppedBars():
                self.dropped += 1
            case BarsCorrected() if event.kind is LateKind.RECOVERED:
                self.recovered += len(event.symbols)
            case BarsRefused():
                self.refused += event.bars
            case SubscriptionLimited():
                self.left_out = max(self.left_out, len(event.left_out))
            case BarsLost():
                self.lost.append((session, event))

    def add(self, other: FeedFigures) -> None:
        """Add the figures of another session."""
        self.disconnected += other.disconnected
        self.dropped += other.dropped
        self.recovered += other.recovered
        self.refused += other.refused
        self.left_out = max(self.left_out, other.left_out)
        self.lost += other.lost

    def as_record(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them; nothing where nothing went wrong."""
        names = ("disconnected", "dropped", "recovered", "refused", "left_out")
        counts = {name: getattr(self, name) for name in names}
        if not any(counts.values()) and not self.lost:
            return {}
        return {**counts, "lost": [_span(event) for _, event in self.lost]}

    def warnings(self) -> Iterator[str]:
        """Yield warnings on the reliability of the run."""
        for session, event in self.lost:
            yield lost_message(session, event)
        if self.dropped and not self.lost:
            times = "once" if self.dropped == 1 else f"{self.dropped:,} times"
            lacked = f"scans before they were fetched lacked {self.recovered:,} of them"
            yield f"the feed lost bars {times}; {lacked}"
        if self.refused:
            yield f"{self.refused:,} bars that cannot be were refused"
        if self.left_out:
            yield f"up to {self.left_out:,} symbols had no place in the subscription and got no bars"


def lost_message(session: Session, event: BarsLost) -> str:
    """Describe which bars are missing for good."""
    whose = "" if not event.symbols else f" of {len(event.symbols):,} symbols"
    since, until = (f"{session.local(one):%H:%M}" for one in (event.since, event.until))
    return f"bars{whose} after {since} and up to {until} may be missing: {event.reason}"


def _span(event: BarsLost) -> dict[str, Any]:
    return {
        "since": to_iso(event.since),
        "until": to_iso(event.until),
        "symbols": list(event.symbols),
        "reason": event.reason,
    }
