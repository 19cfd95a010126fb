"""A mean over earlier sessions for every slot since the open: the mean is kept, not the days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask, Rows

LEAST_KNOWN = 5
"""Sessions in which a value must be known before their mean is."""


class Profile:
    """Sums and counts per slot and row over the sessions that ended, and the values of the one that runs.

    Sessions with fewer slots than the longest so far, half days, are left out. All arrays have the
    shape ``(slots, rows)``.

    Parameters
    ----------
    rows
        The capacity.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.total: Floats = np.empty((0, rows))
        self.known: NDArray[np.int16] = np.empty((0, rows), np.int16)
        self.today: Floats = np.empty((0, rows))
        self.slots_today = 0
        self.slots_longest = 0

    def mean(self, slot: int) -> Floats:
        """The mean at a slot, NaN where too few sessions know it, shape ``(rows,)``."""
        mean = np.full(self.rows, np.nan)
        if 0 <= slot < len(self.total):
            np.divide(self.total[slot], self.known[slot], out=mean, where=self.known[slot] >= LEAST_KNOWN)
        return mean

    def record(self, slot: int, rows: Mask, values: Floats) -> None:
        """Note values of the running session; NaN is unknown."""
        if slot >= len(self.total):
            self._reach(max(slot + 1, 2 * len(self.total)))
        np.copyto(self.today[slot], values, where=rows)
        self.slots_today = max(self.slots_today, slot + 1)

    def end_session(self) -> None:
        """Add the session that ran to the mean, and begin another."""
        slots = self.slots_today
        if slots > self.slots_longest:
            self.total[:], self.known[:] = 0.0, 0  # what there is so far were half days
            self.slots_longest = slots
        if slots == self.slots_longest:
            today = self.today[:slots]
            is_known = ~np.isnan(today)
            np.add(self.total[:slots], today, out=self.total[:slots], where=is_known)
            self.known[:slots] += is_known
        self.today[:] = np.nan
        self.slots_today = 0

    def forget(self, rows: Rows) -> None:
        """Make rows unknown."""
        self.total[:, rows], self.known[:, rows], self.today[:, rows] = 0.0, 0, np.nan

    def put(self, rows: Rows, other: Profile) -> None:
        """Take over another profile: its row ``j`` becomes ``rows[j]``."""
        slots = len(other.total)
        if slots > len(self.total):
            self._reach(slots)
        self.forget(rows)
        self.total[:slots, rows], self.known[:slots, rows] = other.total, other.known
        self.today[:slots, rows] = other.today
        self.slots_today = max(self.slots_today, other.slots_today)
        self.slots_longest = max(self.slots_longest, other.slots_longest)

    def taken(self, rows: Rows) -> Profile:
        """A copy of some rows, in their order."""
        taken = Profile(len(rows))
        taken.total, taken.known = self.total.take(rows, axis=1), self.known.take(rows, axis=1)
        taken.today = self.today.take(rows, axis=1)
        taken.slots_today, taken.slots_longest = self.slots_today, self.slots_longest
        return taken

    def widened(self, rows: int) -> Profile:
        """A copy of greater capacity."""
        wide = Profile(rows)
        wide.put(np.arange(self.rows, dtype=np.intp), self)
        return wide

    def _reach(self, slots: int) -> None:
        more = slots - len(self.total)
        self.total = np.concatenate([self.total, np.zeros((more, self.rows))])
        self.known = np.concatenate([self.known, np.zeros((more, self.rows), np.int16)])
        self.today = np.concatenate([self.today, np.full((more, self.rows), np.nan)])
