"""What a study measures after hits: the settings of ``study_config``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

HITS: Final = ("entered", "new", "all")
SIDES: Final = ("long", "short", "with_change")
CLOSE: Final = "close"
NEXT_OPEN: Final = "next_open"
MOST_SESSIONS: Final = 20
MEASURES: Final = ("volatility", "dollar_volume", "price", "change")
"""What candidates are matched by; any other name is a static column of the universe."""

_HORIZON: Final = re.compile(r"(?P<minutes>[1-9]\d{0,2})m|close|next_open|(?P<sessions>[1-9]\d?)d")
_LONGEST_MINUTES: Final = 720

INTRADAY_HORIZONS: Final = ("5m", "15m", "30m", "60m", CLOSE, NEXT_OPEN, "1d", "5d")
DAILY_HORIZONS: Final = ("1d", "5d", "20d")
INTRADAY_HEADLINE: Final = "30m"
DAILY_HEADLINE: Final = "5d"


@dataclass(frozen=True, slots=True)
class StudySettings:
    """What is measured after hits, and what it is compared with.

    Attributes
    ----------
    hits
        Which hits count: ``entered``, not at the scan before; ``new``, the first of the session; ``all``.
    side
        ``long``, ``short``, or ``with_change``: the sign of ``change_pct`` at the scan.
    horizons
        Until when: minutes ``5m``, ``close``, ``next_open``, sessions ``5d``; None for the defaults, which
        differ where scans are of daily bars.
    headline
        The horizon of the verdict; None for the default one.
    delay_minutes, fill_within_minutes
        From the scan to the earliest bar of the entry, and from there to the latest.
    match
        What controls are alike in: measures and at most one static column, in order.
    min_controls
        With fewer controls a hit is unmatched.
    spread
        The full spread in basis points; None estimates it.
    slippage_bps, commission_per_share
        Costs of each side beside half the spread.
    value, volume_share
        What a position costs, and how much of the entry bar's volume it may take.
    ended_return_pct
        What a symbol that ends is worth in the line that counts it.
    holdout_from
        The first date of the sessions set aside; None sets none aside.
    groups
        Static columns to break down by, beside the fixed ones.
    seed
        Of random draws.
    """

    hits: str = "entered"
    side: str = "long"
    horizons: tuple[str, ...] | None = None
    headline: str | None = None
    delay_minutes: int = 0
    fill_within_minutes: int = 2
    match: tuple[str, ...] = ("volatility", "dollar_volume")
    min_controls: int = 3
    spread: float | None = None
    slippage_bps: float = 0.0
    commission_per_share: float = 0.005
    value: float = 10_000.0
    volume_share: float = 0.05
    ended_return_pct: float = -30.0
    holdout_from: date | None = None
    groups: tuple[str, ...] = ()
    seed: int = 0


def check_horizon(text: str) -> str:
    """Return a horizon's name if it is one.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = _HORIZON.fullmatch(text)
    if match is None:
        raise ValueError(f'expected a horizon as "30m", "close", "next_open" or "5d", got "{text}"')
    if match["minutes"] and int(match["minutes"]) > _LONGEST_MINUTES:
        raise ValueError(f'"{text}" is longer than a session; use "close" or "1d"')
    if match["sessions"] and int(match["sessions"]) > MOST_SESSIONS:
        raise ValueError(f'"{text}" is more than {MOST_SESSIONS} sessions, the most there is')
    return text
