"""Volume against the same time of earlier days: a plain ratio of bars mostly measures the clock."""

from __future__ import annotations

from abc import abstractmethod
from decimal import Decimal
from typing import ClassVar, Self

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.definition import Definition, Parameter
from symscan.indicators.profile import LEAST_KNOWN, Profile
from symscan.indicators.session_state import SessionIndicator
from symscan.indicators.state import Counts
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType


class ProfileIndicator(SessionIndicator):
    """Holds a value against its mean at the same slot over all sessions it was given before.

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
        """More capacity; what is remembered stays."""
        super().grow(rows)
        self._profile = self._profile.widened(rows)

    def _become(self, other: Self, rows: Rows | slice) -> None:
        """A copy of all rows shares the profile: whoever goes on from it records every later slot anew."""
        super()._become(other, rows)
        self._profile = other.profile if isinstance(rows, slice) else other.profile.taken(rows)

    def _take_over(self, rows: Rows, fresh: Self) -> None:
        super()._take_over(rows, fresh)
        self._profile.put(rows, fresh.profile)

    def _end_session(self) -> None:
        self._profile.end_session()

    @abstractmethod
    def _end_slot(self, rows: Mask, bars: Block) -> None:
        """Record what later sessions are held against."""


class RelativeVolume(ProfileIndicator):
    """The session's volume so far over its mean by the same time; both unknown until a day's first bar."""

    def _bind(self, vectors: Floats) -> None:
        (self._volume,) = vectors
        self._everyone = np.ones_like(self._volume, np.bool_)
        self._ratio, self._typical = np.empty((2, len(self._volume)))

    def _advance(self, bars: Block) -> None:
        self._volume += bars.volume

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the first bar is the seed
        self._volume[rows] = bars.volume[rows]

    def _end_slot(self, rows: Mask, bars: Block) -> None:  # noqa: ARG002 - a sum stands, bar or none
        self._profile.record(self._clock.slot, self._everyone, self._volume)

    def _read(self) -> tuple[Floats, ...]:
        typical = self._profile.mean(self._clock.slot)
        typical[(typical == 0) | np.isnan(self._volume)] = np.nan
        np.copyto(self._typical, typical)
        return np.divide(self._volume, typical, out=self._ratio), self._typical


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
