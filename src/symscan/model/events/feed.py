"""What happens to a live session's feed: immutable events, beside those every session has."""

from __future__ import annotations

from symscan.model.bar import LateKind
from symscan.model.events.session import Event
from symscan.model.instant import Instant


class FeedConnected(Event, frozen=True):
    """The feed delivers, for the first time or again."""

    feed: str


class FeedLost(Event, frozen=True):
    """The connection broke; time stands still until it is back."""

    reason: str


class FeedRecovered(Event, frozen=True):
    """What was missed since ``since`` has been fetched: so many bars."""

    since: Instant
    bars: int


class FeedSilent(Event, frozen=True):
    """Connected, in session, and not one bar since ``since``."""

    since: Instant


class FeedNotice(Event, frozen=True):
    """The feed reported a fault the session survives: a slow client, a limit, a refused symbol."""

    message: str


class FeedDroppedBars(Event, frozen=True):
    """The feed stayed connected and lost bars, it is not known which: those after ``since`` are fetched.

    Before the close all of the session is fetched once more.
    """

    since: Instant
    reason: str


class BarsLost(Event, frozen=True):
    """Bars with ``since < end <= until`` that the feed had not delivered could not be fetched, either.

    Attributes
    ----------
    symbols
        Whose; empty for all that are subscribed.
    """

    since: Instant
    until: Instant
    symbols: tuple[str, ...]
    reason: str


class BarsRefused(Event, frozen=True):
    """So many bars cannot be, and are not used."""

    bars: int
    reason: str


class BarsCorrected(Event, frozen=True):
    """Bars that ended at ``end`` came late, were corrected or recovered, and all that follows was made right.

    ``arrived_at`` is when they came, on the market's clock.
    """

    end: Instant
    symbols: tuple[str, ...]
    kind: LateKind
    arrived_at: Instant


class SubscriptionLimited(Event, frozen=True):
    """More symbols are wanted than may be subscribed: those left out get no bars of this session."""

    limit: int
    left_out: tuple[str, ...]


class LagBegan(Event, frozen=True):
    """Processing fell behind the feed by so many seconds; scans pause."""

    seconds: float


class LagEnded(Event, frozen=True):
    """Processing caught up; scans go on."""

    skipped: int


class Readiness(Event, frozen=True):
    """Shortly before the open: what the session has.

    Attributes
    ----------
    symbols, with_previous_close
        How many symbols have rows, and how many of them a previous close.
    clock_offset_ms
        This computer's clock minus the market's; None where it is not known.
    """

    connected: bool
    symbols: int
    with_previous_close: int
    clock_offset_ms: float | None


__all__ = [
    "BarsCorrected",
    "BarsLost",
    "BarsRefused",
    "FeedConnected",
    "FeedDroppedBars",
    "FeedLost",
    "FeedNotice",
    "FeedRecovered",
    "FeedSilent",
    "LagBegan",
    "LagEnded",
    "Readiness",
    "SubscriptionLimited",
]
