"""Session readings: values of every candidate that need no request."""

from __future__ import annotations

from typing import Final

LAST_BAR_END: Final = "last_bar_end"
"""The one reading that is an instant (UTC microseconds); all others are float64."""

SESSION_READINGS: Final = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "vwap",
    LAST_BAR_END,
    "minutes_since_bar",
    "previous_close",
    "change_pct",
    "gap_pct",
    "premarket_volume",
    "premarket_high",
    "premarket_low",
)
"""The names of the session readings, in the order they are shown."""

HAVE_PRIOR: Final = ("open", "high", "low", "close", "volume", "vwap", "change_pct")
"""The session readings that each regular bar changes: they have a value one bar earlier."""
