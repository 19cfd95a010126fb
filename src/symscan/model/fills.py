"""From which instant a decision can be filled, and in which bars: one rule for paper fills and for studies.

1. A scan that is decided upon within five seconds counts as decided at its own instant, so that a live
   session and a backtest enter in the same bar. One that took longer counts from when it was decided.
2. A decision of before the open takes part in the opening auction if it was made two minutes before the open,
   or rests on daily bars alone, which nobody had to wait for. Any other one comes when that auction is over,
   and is filled a bar later.
3. A decision is filled at the open of the first bar that starts from ``delay`` minutes after it on, if that
   bar starts at most ``within`` minutes later. Nothing is opened in the session's last bar.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.model.specs import split_prior

DECISION_TOLERANCE: Final = 5 * SECOND
"""How long after its scan a decision may come and still count as made at the scan."""

AUCTION_LEAD: Final = 2 * MINUTE
"""How long before the open a decision has to be made to take part in the auction."""

_PREVIOUS_CLOSE: Final = "previous_close"
_OF_SESSIONS: Final = ("_1d", "_1w", "_1mo")
"""How the keys of indicators end that are made of completed sessions."""


class FillWindow(Struct, frozen=True):
    """Where the bar that fills a decision may start: ``first`` to ``last``, both included; microseconds."""

    first: Instant
    last: Instant

    @classmethod
    def after(cls, decided: Instant, delay_minutes: int, within_minutes: int) -> FillWindow:
        """Return the window of a decision."""
        first = decided + delay_minutes * MINUTE
        return cls(first, first + within_minutes * MINUTE)

    def is_over(self, next_start: Instant) -> bool:
        """Whether no bar that starts at ``next_start`` or later can fill the decision."""
        return next_start > self.last

    def admits(self, start: Instant, *, is_last: bool) -> bool:
        """Whether a bar that starts at ``start`` can fill the decision; the session's last bar cannot."""
        return self.first <= start <= self.last and not is_last


def rests_on_daily_bars(reads: Iterable[str] | None) -> bool:
    """Whether readings and indicators are made of completed sessions alone; None, not known, is not."""
    return reads is not None and all(_is_of_sessions(split_prior(name)[1]) for name in reads)


def _is_of_sessions(name: str) -> bool:
    return name == _PREVIOUS_CLOSE or name.partition(".")[0].endswith(_OF_SESSIONS)


def counted_decision(scan_at: Instant, decided_at: Instant) -> Instant:
    """Return the instant that a decision upon a scan counts from: the scan's, if it was made soon enough."""
    return decided_at if decided_at - scan_at > DECISION_TOLERANCE else scan_at


def fillable_from(
    scan_at: Instant,
    decided_at: Instant,
    opens_at: Instant,
    *,
    rests_on_daily_bars: bool,
    interval: Instant = MINUTE,
) -> Instant:
    """Return the instant from which a decision upon a scan can be filled, before any delay.

    Parameters
    ----------
    scan_at, decided_at
        The instant the scan was as of, and the one its result was there; UTC microseconds.
    opens_at
        The session's open. A scan of before the open, or at it, is one of the phase before the session only
        if the caller says so: a regular scan at the open has :func:`counted_decision` instead.
    rests_on_daily_bars
        Whether the scan read bars of completed sessions alone.
    interval
        How long the bars last that fill it: the first bar after the auction starts so much later.
    """
    decided = counted_decision(scan_at, decided_at)
    if decided > opens_at:
        return decided
    is_in_time = rests_on_daily_bars or decided <= opens_at - AUCTION_LEAD
    return opens_at if is_in_time else opens_at + interval
