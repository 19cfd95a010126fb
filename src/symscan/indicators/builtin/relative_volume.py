"""A mean over earlier sessions for every slot since the open: the mean is kept, not the days."""

from __future__ import annotations

from abc import abstractmethod
from decimal import Decimal
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from symscan.indicators import warm_up
from symscan.indicators.builtin.session_indicator import SessionIndicator
from symscan.indicators.definition import Definition, Parameter
from symscan.indicators.state import Counts
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType

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
        """Record values of the running session; NaN is unknown."""
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

    def assign_rows(self, rows: Rows, other: Profile) -> None:
        """Assign another profile: its row ``j`` becomes ``rows[j]``."""
        slots = len(other.total)
        if slots > len(self.total):
            self._reach(slots)
        self.forget(rows)
        self.total[:slots, rows], self.known[:slots, rows] = other.total, other.known
        self.today[:slots, rows] = other.today
        self.slots_today = max(self.slots_today, other.slots_today)
        self.slots_longest = max(self.slots_longest, other.slots_longest)

    def copy_rows(self, rows: Rows) -> Profile:
        """Return a copy of some rows, in their order."""
        copied = Profile(len(rows))
        copied.total, copied.known = self.total.take(rows, axis=1), self.known.take(rows, axis=1)
        copied.today = self.today.take(rows, axis=1)
        copied.slots_today, copied.slots_longest = self.slots_today, self.slots_longest
        return copied

    def widened(self, rows: int) -> Profile:
        """Return a copy of greater capacity."""
        wide = Profile(rows)
        wide.assign_rows(np.arange(self.rows, dtype=np.intp), self)
        return wide

    def _reach(self, slots: int) -> None:
        more = slots - len(self.total)
        self.total = np.concatenate([self.total, np.zeros((more, self.rows))])
        self.known = np.concatenate([self.known, np.zeros((more, self.rows), np.int16)])
        self.today = np.concatenate([self.today, np.full((more, self.rows), np.nan)])


class ProfileIndicator(SessionIndicator):
    """Divides a value by its mean at the same slot over all earlier sessions it was given.

    The outputs are ``ratio`` and ``typical``, that mean.
    """

    outputs: ClassVar[tuple[str, ...]] = ("ratio", "typical")

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._profile = Profile(rows)
        super().__init__(spec, rows)

    @property
    def profile(self) -> Profile:
        """The mean per slot."""
        return self._profile

    def forget(self, rows: Rows) -> None:
        """Make rows unknown, earlier sessions included."""
        super().forget(rows)
        self._profile.forget(rows)

    def grow(self, rows: int) -> None:
        """Increase the capacity; the state is kept."""
        super().grow(rows)
        self._profile = self._profile.widened(rows)

    def _load_rows(self, other: Self, rows: Rows | slice) -> None:
        """Load rows; a copy of all rows shares the profile, since a replay records every later slot anew."""
        super()._load_rows(other, rows)
        self._profile = other.profile if isinstance(rows, slice) else other.profile.copy_rows(rows)

    def _store_rows(self, rows: Rows, fresh: Self) -> None:
        super()._store_rows(rows, fresh)
        self._profile.assign_rows(rows, fresh.profile)

    def _end_session(self) -> None:
        self._profile.end_session()

    @abstractmethod
    def _end_slot(self, rows: Mask, bars: Block) -> None:
        """Record what later sessions are compared with."""


class RelativeVolume(ProfileIndicator):
    """The session's volume so far over its mean by the same time; both unknown until a day's first bar."""

    def _bind(self, vectors: Floats) -> None:
        (self._volume,) = vectors
        self._all_rows = np.ones_like(self._volume, np.bool_)
        self._ratio, self._typical = np.empty((2, len(self._volume)))

    def _advance(self, bars: Block) -> None:
        self._volume += bars.volume

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the first bar is the seed
        self._volume[rows] = bars.volume[rows]

    def _end_slot(self, rows: Mask, bars: Block) -> None:  # noqa: ARG002 - a sum stands, bar or none
        self._profile.record(self._clock.slot, self._all_rows, self._volume)

    def _read(self) -> tuple[Floats, ...]:
        typical = self._profile.mean(self._clock.slot)
        typical[(typical == 0) | np.isnan(self._volume)] = np.nan
        np.copyto(self._typical, typical)
        return np.divide(self._volume, typical, out=self._ratio), self._typical


class PremarketRelativeVolume(RelativeVolume):
    """The same of the bars before the open; from the open on it stands, since it is given no more."""

    outputs: ClassVar[tuple[str, ...]] = ("value",)

    def _read(self) -> tuple[Floats, ...]:
        ratio, _ = super()._read()
        return (ratio,)


class SameBarVolume(ProfileIndicator):
    """The last bar's volume over the mean of the bars at the same time of earlier sessions."""

    vectors: ClassVar[int] = 2

    def _bind(self, vectors: Floats) -> None:
        self._last, self._typical = vectors
        self._ratio = np.empty_like(self._last)

    def _advance(self, bars: Block) -> None:
        live = self._state.live
        np.copyto(self._last, bars.volume, where=live)
        typical = self._profile.mean(self._clock.slot)
        typical[typical == 0] = np.nan
        np.copyto(self._typical, typical, where=live)

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        """A row's first bar needs nothing more: it is live by the time it advances."""

    def _end_slot(self, rows: Mask, bars: Block) -> None:
        self._profile.record(self._clock.slot, rows, bars.volume)

    def _read(self) -> tuple[Floats, ...]:
        return np.divide(self._last, self._typical, out=self._ratio), self._typical


_SESSIONS = Parameter("sessions", Decimal(10), Decimal(LEAST_KNOWN), Decimal(250))

DEFINITIONS = (
    Definition(
        "relative_volume",
        IndicatorType.VOLUME,
        (_SESSIONS,),
        RelativeVolume,
        warm_up.none,
        "the session's volume so far over its mean by the same time in the n sessions before",
        "sum(volume) / mean of sum(volume) at the same bar, at least 5 sessions known, half days left out",
        is_intraday_only=True,
        sessions_to_warm=int,
    ),
    Definition(
        "premarket_relative_volume",
        IndicatorType.VOLUME,
        (_SESSIONS,),
        PremarketRelativeVolume,
        warm_up.none,
        "pre-market volume so far over its mean by the same minute in the n sessions before",
        "premarket_volume / mean of premarket_volume at the same minute, at least 5 sessions known",
        is_intraday_only=True,
        is_premarket=True,
        sessions_to_warm=int,
    ),
    Definition(
        "same_bar_volume",
        IndicatorType.VOLUME,
        (_SESSIONS,),
        SameBarVolume,
        warm_up.none,
        "last volume over the mean volume of the same bar in the n sessions before",
        "volume / mean volume of the same bar, at least 5 sessions known, half days left out",
        is_intraday_only=True,
        sessions_to_warm=int,
    ),
)
