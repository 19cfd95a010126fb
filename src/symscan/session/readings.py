"""Session readings: values of every symbol that need no indicator.

Before and at the open they read the pre-market's bars, afterwards the regular session's alone.
Unknown is NaN. ``_pct`` is percent: 2.0 is 2%.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Final

import numpy as np

from symscan.bars import running_values
from symscan.bars.grid import Grid
from symscan.model.bar import Block, Floats, Rows
from symscan.model.instant import MINUTE, Instant
from symscan.model.readings import SESSION_READINGS

NEEDS_PREVIOUS_CLOSE: Final = frozenset({"previous_close", "change_pct", "gap_pct"})
"""The readings that are unknown without a previous close."""

NEEDS_PREMARKET: Final = frozenset({"premarket_volume", "premarket_high", "premarket_low"})
"""The readings that are unknown without a pre-market bar."""

Chosen = Rows | slice
"""Some rows, or all of them."""

ALL_ROWS: Final = slice(None)

_RUNNING: Final[dict[str, tuple[running_values.Step, float]]] = {
    "open": (running_values.first_open, np.nan),
    "high": (running_values.highest_high, np.nan),
    "low": (running_values.lowest_low, np.nan),
    "close": (running_values.last_close, np.nan),
    "volume": (running_values.summed_volume, 0.0),
    "turnover": (running_values.summed_turnover, 0.0),
}


class PhaseBars:
    """One phase's finest bars and the running values over them."""

    def __init__(self, rows: int) -> None:
        self.grid = Grid(rows)
        self._running = {
            name: running_values.RunningValue(step, start, rows) for name, (step, start) in _RUNNING.items()
        }
        self._prior: dict[str, running_values.PriorRunningValue] = {}
        # Shared with every copy: what was read of one of them is kept up to date for all that follow.
        self._prior_depths: dict[str, int] = {}

    def running(self, name: str, rows: Chosen = ALL_ROWS) -> Floats:
        """A running value; NaN, or 0 for sums, where the phase has had no bar. Not to be changed."""
        values: Floats = self._running[name].value(self.grid.blocks)[rows]
        return values

    def known(self, name: str, rows: Chosen = ALL_ROWS) -> Floats:
        """A running value, NaN where the phase has had no bar."""
        return np.where(self.grid.last[rows] >= 0, self.running(name, rows), np.nan)

    def prior(self, name: str, back: int, rows: Chosen = ALL_ROWS) -> Floats:
        """A running value so many of each row's bars earlier, NaN where there is no such bar."""
        if back > self._prior_depths.get(name, 0):
            self._prior_depths[name] = back
        values: Floats = self._kept_prior(name).value(self.grid.blocks, back)[rows]
        return values

    def _kept_prior(self, name: str) -> running_values.PriorRunningValue:
        """Return what keeps a running value as far back as it was ever read."""
        prior, depth = self._prior.get(name), self._prior_depths[name]
        if prior is None or prior.depth < depth:
            prior = running_values.PriorRunningValue(*_RUNNING[name], self.grid.rows, depth)
            self._prior[name] = prior
        return prior

    def recompute(self, rows: Rows, slot: int = 0) -> None:
        """Recompute the running values of some rows, after their bars changed in a slot or later."""
        if self._prior:
            today = self.grid.columns(rows)
            for prior in self._prior.values():
                prior.recompute(rows, today)
        begins = {name: running.begin(slot) for name, running in self._running.items()}
        first = min(begins.values())
        blocks: list[Block] = self.grid.columns(rows, first)
        for name, running in self._running.items():
            running.recompute(rows, blocks[begins[name] - first :], begins[name])

    def pinned(self) -> PhaseBars:
        """Return a copy that stays as the phase is now."""
        pinned = copy(self)
        pinned.grid = self.grid.pinned()
        pinned._running = {name: running.pinned(self.grid.blocks) for name, running in self._running.items()}
        prior = {name: self._kept_prior(name) for name in list(self._prior_depths)}
        pinned._prior = {name: one.pinned(self.grid.blocks) for name, one in prior.items()}
        return pinned

    def grow(self, rows: int) -> None:
        """Widen to ``rows`` rows."""
        self.grid.grow(rows)
        for running in self._running.values():
            running.grow(rows)
        for prior in self._prior.values():
            prior.grow(rows)


class SessionReadings:
    """The session readings of all rows at one instant.

    Parameters
    ----------
    premarket, regular
        The bars of the two phases.
    opens_at
        The session's open: up to and at it, the pre-market is read.
    has_minutes
        Whether the bars are intraday ones: of a daily bar alone ``vwap`` is unknown.
    """

    def __init__(
        self, premarket: PhaseBars, regular: PhaseBars, opens_at: Instant, *, has_minutes: bool = True
    ) -> None:
        self._has_minutes = has_minutes
        self.previous_close: Floats = np.full(regular.grid.rows, np.nan)
        self._premarket = premarket
        self._regular = regular
        self._opens_at = opens_at
        self._now = opens_at

    def advance_to(self, now: Instant) -> None:
        """Read as of this instant from now on."""
        self._now = now

    @property
    def phase_bars(self) -> PhaseBars:
        """The bars that ``close`` and the latest bar come from now."""
        return self._regular if self._now > self._opens_at else self._premarket

    def column(self, name: str, rows: Chosen = ALL_ROWS) -> Floats:
        """A reading of some rows, NaN where unknown, shape ``(rows,)``; not to be changed.

        ``last_bar_end`` is UTC microseconds.

        Raises
        ------
        KeyError
            If there is no reading of that name.
        """
        return _READERS[name](self, rows)

    def prior(self, name: str, back: int, rows: Chosen = ALL_ROWS) -> Floats:
        """A reading of some rows so many of their bars earlier, NaN where unknown, shape ``(rows,)``.

        Raises
        ------
        KeyError
            If the reading has no such value: see ``HAVE_PRIOR``.
        """
        match name:
            case "close":
                return self.phase_bars.prior(name, back, rows)
            case "change_pct":
                return _percent(self.phase_bars.prior("close", back, rows), self._previous_close(rows))
            case "vwap":
                turnover = self._regular.prior("turnover", back, rows)
                return _price(turnover, self._regular.prior("volume", back, rows))
        return self._regular.prior(name, back, rows)

    def of_hits(self, rows: Rows) -> dict[str, Floats]:
        """Return the values kept with a scan's hits, by the fields of ``Hits``, each of shape ``(rows,)``."""
        price, previous = self._close(rows), self._previous_close(rows)
        opening = self._open(rows) if self._now > self._opens_at else price
        return {
            "price": price,
            "previous_close": previous,
            "change_pct": _percent(price, previous),
            "gap_pct": _percent(opening, previous),
            "volume": self._volume(rows),
            "last_bar_end": self._last_bar_end(rows),
        }

    def pinned(self, premarket: PhaseBars, regular: PhaseBars) -> SessionReadings:
        """Return the readings of pinned phases, as of now."""
        pinned = SessionReadings(premarket, regular, self._opens_at, has_minutes=self._has_minutes)
        pinned.previous_close = self.previous_close.copy()
        pinned.advance_to(self._now)
        return pinned

    def grow(self, rows: int) -> None:
        """Widen to ``rows`` rows."""
        more = np.full(rows - len(self.previous_close), np.nan)
        self.previous_close = np.concatenate([self.previous_close, more])

    def _open(self, rows: Chosen) -> Floats:
        return self._regular.running("open", rows)

    def _high(self, rows: Chosen) -> Floats:
        return self._regular.running("high", rows)

    def _low(self, rows: Chosen) -> Floats:
        return self._regular.running("low", rows)

    def _close(self, rows: Chosen) -> Floats:
        return self.phase_bars.running("close", rows)

    def _volume(self, rows: Chosen) -> Floats:
        return self._regular.known("volume", rows)

    def _vwap(self, rows: Chosen) -> Floats:
        vwap = _price(self._regular.running("turnover", rows), self._regular.running("volume", rows))
        return vwap if self._has_minutes else np.full_like(vwap, np.nan)

    def _last_bar_end(self, rows: Chosen) -> Floats:
        return self.phase_bars.grid.last_end(rows)

    def _minutes_since_bar(self, rows: Chosen) -> Floats:
        return (self._now - self._last_bar_end(rows)) / MINUTE

    def _previous_close(self, rows: Chosen) -> Floats:
        previous: Floats = self.previous_close[rows]
        return previous

    def _change_pct(self, rows: Chosen) -> Floats:
        return _percent(self._close(rows), self._previous_close(rows))

    def _gap_pct(self, rows: Chosen) -> Floats:
        price = self._open(rows) if self._now > self._opens_at else self._close(rows)
        return _percent(price, self._previous_close(rows))

    def _premarket_volume(self, rows: Chosen) -> Floats:
        return self._premarket.known("volume", rows)

    def _premarket_high(self, rows: Chosen) -> Floats:
        return self._premarket.running("high", rows)

    def _premarket_low(self, rows: Chosen) -> Floats:
        return self._premarket.running("low", rows)


_READERS: Final[dict[str, Callable[[SessionReadings, Chosen], Floats]]] = {
    name: getattr(SessionReadings, f"_{name}") for name in SESSION_READINGS
}
"""Functions, not methods bound to a session: those would keep its arrays."""


def _price(turnover: Floats, volume: Floats) -> Floats:
    """The mean price, given a turnover that counts three prices a share; unknown without volume."""
    volume = volume * 3.0
    volume[volume == 0.0] = np.nan
    price: Floats = turnover / volume
    return price


def _percent(price: Floats, base: Floats) -> Floats:
    change = price / base
    change -= 1.0
    change *= 100.0
    return change
