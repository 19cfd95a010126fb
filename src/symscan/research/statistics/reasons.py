"""Why an outcome is unknown."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int8]
"""Codes of :class:`OutcomeReason`."""


class OutcomeReason(IntEnum):
    """Why an outcome is unknown; one reason each, what is the matter with the entry first."""

    KNOWN = 0
    NO_ENTRY_BAR = 1  # no bar starts within the time in which an entry may be filled
    TOO_LATE = 2  # the entry would be in the session's last bar, or after it
    SESSION_END = 3  # the exit would lie after the close
    NO_NEXT_OPEN = 4  # it trades on, but not in the first half hour of the next session
    NOT_YET = 5  # the store, or what may be read of it, ends before the exit
    ENDED = 6  # no bar in any later session though the store goes on: delisted, bought, renamed
    BASIS_MISMATCH = 7  # a jump overnight, or of minutes against daily bars: a split that is not known
    UNMATCHED = 8  # too few controls: the excess alone is unknown

    AT_CLOSE = 9  # a hit of the complete day is entered at the next open, which is another study's

    @property
    def text(self) -> str:
        """As it stands in files."""
        return "" if self is OutcomeReason.KNOWN else self.name.lower()


REASONS: tuple[str, ...] = tuple(why.text for why in OutcomeReason)
"""The texts by code."""
