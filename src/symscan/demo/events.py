"""What happens in the generated market's last session, planned before it is simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from symscan.demo.prices import SECTORS, Plan, Traits
from symscan.model.bar import Rows
from symscan.model.instant import MINUTE, Instant
from symscan.model.session import Session

_NEWS: Final = 4
_BURSTS: Final = 6
_LIQUID: Final = 800_000
"""Shares a day from which a symbol is busy enough to be given an event."""


@dataclass(frozen=True, slots=True)
class GeneratedEvent:
    """Something put into the generated market on purpose.

    Attributes
    ----------
    at
        When it begins, UTC microseconds.
    kind
        ``news gap``, ``burst``, ``sector rally``, ``halt`` or ``listing``.
    symbols
        Whom it concerns.
    text
        What happens, in a few words.
    """

    at: Instant
    kind: str
    symbols: tuple[str, ...]
    text: str


def plan_events(
    rng: np.random.Generator, traits: Traits, session: Session, names: Sequence[str]
) -> tuple[Plan, tuple[GeneratedEvent, ...]]:
    """Plan the last session: gaps on news, bursts, a sector that rallies, a halt, a first listing."""
    planner = _Planner(rng, session, names, Plan.quiet(session.minutes, len(names)))
    liquid = np.flatnonzero(traits.volume >= _LIQUID)
    chosen = rng.choice(liquid, _NEWS + _BURSTS + 1, replace=False)
    for row in chosen[:_NEWS]:
        planner.news_gap(row)
    for row in chosen[_NEWS:-1]:
        planner.burst(row)
    planner.halt(chosen[-1])
    planner.listing(int(rng.choice(np.setdiff1d(np.arange(len(names)), chosen))))
    sector = int(rng.integers(len(SECTORS)))
    planner.sector_rally(sector, np.flatnonzero(traits.sector == sector))
    return planner.plan, tuple(sorted(planner.events, key=lambda event: (event.at, event.symbols)))


class _Planner:
    """Writes events into a plan, and notes them."""

    def __init__(self, rng: np.random.Generator, session: Session, names: Sequence[str], plan: Plan) -> None:
        self.plan = plan
        self.events: list[GeneratedEvent] = []
        self._rng = rng
        self._session = session
        self._names = names
        self._minutes = session.minutes

    def news_gap(self, row: int) -> None:
        gap = self._either_way(0.05, 0.11)
        self.plan.gap[row] = np.log1p(gap)
        self.plan.activity[:, row] *= 1.5 + 3 * np.exp(-np.arange(self._minutes) / 45)
        self._note(0, "news gap", [row], f"opens {gap:+.1%} on news, with several times its volume")

    def burst(self, row: int) -> None:
        start, length = self._minute(0.12, 0.85), int(self._rng.integers(8, 21))
        size = self._rng.uniform(0.02, 0.045) * (1 if self._rng.random() < 0.8 else -1)
        self.plan.drift[start : start + length, row] += np.log1p(size) / length
        self.plan.activity[start : start + length, row] *= 10
        self.plan.activity[start + length :, row] *= 1.3
        self._note(start, "burst", [row], f"moves {size:+.1%} in {length} minutes at ten times its volume")

    def sector_rally(self, sector: int, rows: Rows) -> None:
        start, length = self._minute(0.45, 0.55), min(75, self._minutes // 4)
        size = 0.018
        self.plan.drift[start : start + length, rows] += np.log1p(size) / length
        self.plan.activity[start : start + length, rows] *= 2
        self._note(start, "sector rally", rows, f"{SECTORS[sector]} gains {size:.1%} in {length} minutes")

    def halt(self, row: int) -> None:
        minute = self._minute(0.4, 0.5)
        self.plan.trading[minute:, row] = False
        self._note(minute, "halt", [row], "stops trading for the rest of the session")

    def listing(self, row: int) -> None:
        self.plan.listed_today[row] = True
        self.plan.activity[:, row] *= 4
        self._note(0, "listing", [row], "trades for the first time, without any history")

    def _either_way(self, least: float, most: float) -> float:
        return float(self._rng.uniform(least, most) * self._rng.choice([1.0, -1.0]))

    def _minute(self, earliest: float, latest: float) -> int:
        """A random minute between two shares of the session."""
        return int(self._rng.integers(int(earliest * self._minutes), int(latest * self._minutes)))

    def _note(self, minute: int, kind: str, rows: Sequence[int] | Rows, text: str) -> None:
        symbols = tuple(self._names[row] for row in rows)
        self.events.append(GeneratedEvent(self._session.open + minute * MINUTE, kind, symbols, text))
