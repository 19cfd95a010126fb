"""How a live session takes its bars: the settings of ``live_config``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """When a slice is closed, and when a session reports a delay.

    Attributes
    ----------
    feed
        Which of the broker's feeds, as ``iex``; None where none was given.
    quiet_ms
        A slice is closed when no bar has come for so long.
    grace_seconds
        A slice is closed at the latest so long after its end.
    max_symbols
        How many symbols may be subscribed; None for no limit of ours.
    silent_seconds
        How long without a bar until the session reports a silent feed.
    lag_seconds
        Scans pause while processing is so far behind the feed.
    closing_seconds
        How long, at the end, running scans are waited for.
    """

    feed: str | None = None
    quiet_ms: int = 300
    grace_seconds: float = 2.0
    max_symbols: int | None = None
    silent_seconds: float = 90.0
    lag_seconds: float = 30.0
    closing_seconds: float = 10.0
