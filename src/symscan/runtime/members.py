"""What a member of the session is given."""

from __future__ import annotations

from dataclasses import dataclass

from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec


@dataclass(frozen=True, slots=True)
class MemberNeeds:
    """What a member of the session is given.

    Attributes
    ----------
    streams
        The intervals of its bars.
    history_days
        How many earlier sessions of each; 0 for none.
    indicators
        The configuration's own indicators.
    """

    streams: tuple[Interval, ...]
    history_days: int
    indicators: tuple[IndicatorSpec, ...] = ()
