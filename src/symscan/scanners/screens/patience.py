"""Who stays among the hits of a screen: confirmed first, held for some time, and away for some time."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from symscan.model.bar import Mask, Rows
from symscan.model.instant import MINUTE, Instant
from symscan.scanners.screens.criteria import Screen

_LONG_AGO: Final = -(1 << 62)
"""Before any instant, and far enough from the least integer to be subtracted."""

Instants = NDArray[np.int64]


class Stays(Struct, frozen=True, eq=False):
    """The stays among a screen's hits after a scan; every array is over the universe.

    Attributes
    ----------
    is_hit
        Who is a hit.
    entered_at
        When who is a hit became one.
    left_at
        When who was a hit ceased to be one, long ago where it never was.
    confirmed
        At how many consecutive scans ``where`` has been true.
    """

    is_hit: Mask
    entered_at: Instants
    left_at: Instants
    confirmed: NDArray[np.int32]

    @staticmethod
    def none(symbols: int) -> Stays:
        """Before the first scan."""
        never = np.full(symbols, _LONG_AGO, np.int64)
        return Stays(np.zeros(symbols, np.bool_), never, never, np.zeros(symbols, np.int32))


class Chosen(Struct, frozen=True, eq=False):
    """Who would be a hit, before the best are taken; masks over the symbols that were evaluated.

    Attributes
    ----------
    is_chosen
        Who stays, and who enters.
    is_kept
        Who stays only because it is held.
    is_unknown
        For whom what decides could not be evaluated, and who is not held.
    """

    is_chosen: Mask
    is_kept: Mask
    is_unknown: Mask
    confirmed: NDArray[np.int32]


class Patience(Struct, frozen=True):
    """The rules of a screen that waits; spans of time are microseconds."""

    confirm_scans: int
    hold: int
    cooldown: int

    @staticmethod
    def of(screen: Screen) -> Patience | None:
        """The rules of a screen, None if it does not wait."""
        if not screen.waits:
            return None
        hold, cooldown = (round(one * MINUTE) for one in (screen.hold_minutes, screen.cooldown_minutes))
        return Patience(screen.confirm_scans, hold, cooldown)

    def choose(
        self, stays: Stays, at: Instant, here: Rows, where: tuple[Mask, Mask], leave: tuple[Mask, Mask] | None
    ) -> Chosen:
        """Choose who is a hit at a scan: ``where`` or ``leave_when``, then confirm, hold and cool down.

        Parameters
        ----------
        stays
            The stays after the last scan.
        here
            Which symbols of the universe are evaluated, shape ``(n,)``.
        where, leave
            Where the conditions are true, and where false; None without ``leave_when``.
        """
        true, false = where
        was_hit = stays.is_hit[here]
        goes_on, ends = (true, false) if leave is None else (leave[1], leave[0])
        confirmed = np.where(true, stays.confirmed[here] + 1, 0).astype(np.int32)
        is_held = was_hit & (at - stays.entered_at[here] < self.hold)
        is_cool = at - stays.left_at[here] >= self.cooldown
        enters = ~was_hit & true & (confirmed >= self.confirm_scans) & is_cool
        is_chosen = (was_hit & (goes_on | is_held)) | enters
        is_unknown = np.where(was_hit, ~(goes_on | ends), ~(true | false)) & ~is_chosen
        return Chosen(is_chosen, is_held & ~goes_on, is_unknown, confirmed)

    def after(self, stays: Stays, at: Instant, here: Rows, chosen: Chosen, hits: Rows) -> Stays:
        """Return the stays after a scan; ``hits`` are the symbols of the universe that were taken."""
        is_hit = np.zeros_like(stays.is_hit)
        is_hit[hits] = True
        confirmed = np.zeros_like(stays.confirmed)
        confirmed[here] = chosen.confirmed
        return Stays(
            is_hit,
            np.where(is_hit & ~stays.is_hit, at, stays.entered_at),
            np.where(stays.is_hit & ~is_hit, at, stays.left_at),
            confirmed,
        )
