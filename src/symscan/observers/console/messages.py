"""Messages of a live session: as a line for people, and as a record for programs."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session

Printer = Callable[[str, dict[str, Any]], None]
"""Prints a message: its line for people, and its record for programs."""

_LONGEST: Final = 300


class Kind(StrEnum):
    """The kinds of conditions."""

    FEED_LOST = "feed_lost"
    FEED_RECOVERED = "feed_recovered"
    FEED_SILENT = "feed_silent"
    FEED_NOTICE = "feed_notice"
    FEED_DROPPED_BARS = "feed_dropped_bars"
    BARS_LOST = "bars_lost"
    BARS_REFUSED = "bars_refused"
    SUBSCRIPTION_LIMITED = "subscription_limited"
    LAG_BEGAN = "lag_began"
    LAG_ENDED = "lag_ended"
    SCAN_FAILED = "scan_failed"
    SCAN_TIMED_OUT = "scan_timed_out"
    SCANNER_SKIPPED = "scanner_skipped"
    SCANNER_RESUMED = "scanner_resumed"
    SCANNER_DISABLED = "scanner_disabled"
    TEARDOWN_FAILED = "teardown_failed"
    UNKNOWN_ABOVE = "unknown_above"
    UNKNOWN_BELOW = "unknown_below"
    STRATEGY_FAILED = "strategy_failed"
    WARNING = "warning"


class Condition(Struct, frozen=True):
    """A condition of the session that affects how far its hits can be relied on.

    Attributes
    ----------
    scanner
        The scanner concerned; None for the whole session.
    """

    at: Instant
    kind: Kind
    message: str
    scanner: str | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the condition as JSON can hold it."""
        return {
            "type": "condition",
            "condition": self.kind.value,
            "at": to_iso(self.at),
            "scanner": self.scanner,
            "message": self.message,
        }

    def as_line(self, session: Session) -> str:
        """Return the condition in one line."""
        return f"{clock(session, self.at)}  {in_one_line(self.message)}"


def clock(session: Session, instant: Instant) -> str:
    """Format an instant as the exchange's time of day, to the second."""
    return f"{session.local(instant):%H:%M:%S}"


def in_one_line(text: str) -> str:
    """Shorten a text to part of one line."""
    line = " ".join(part.strip() for part in text.splitlines())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
