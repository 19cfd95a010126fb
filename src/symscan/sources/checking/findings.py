"""Findings of a store check: counts and worst examples by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

_EXAMPLES: Final = 5
_SCHEMA: Final = {"symbol": pl.String(), "at": pl.String(), "detail": pl.String(), "badness": pl.Float64()}


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of fault or note.

    Attributes
    ----------
    kind
        Its name, such as ``daily_close``.
    meaning
        Its description, with tolerances.
    count
        How often it was found.
    examples
        The worst, worst first.
    is_fault
        False for mere notes, such as minutes without a trade.
    """

    kind: str
    meaning: str
    count: int
    examples: tuple[str, ...]
    is_fault: bool


class Findings:
    """Collects findings by kind, session by session.

    Parameters
    ----------
    meanings
        The description of each kind, in display order.
    notes
        The kinds that are no faults.
    """

    def __init__(self, meanings: Mapping[str, str], notes: frozenset[str]) -> None:
        self._meanings = meanings
        self._notes = notes
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._worst: dict[str, pl.DataFrame] = {}

    def add(self, kind: str, found: pl.DataFrame, count: int | None = None) -> None:
        """Add findings: ``symbol``, ``at``, ``detail`` (text), ``badness``.

        Each counts one, or all together ``count``.
        """
        if found.is_empty():
            return
        self._counts[kind] += found.height if count is None else count
        found = found.select([pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items()])
        worst = pl.concat([self._worst[kind], found]) if kind in self._worst else found
        self._worst[kind] = worst.sort("badness", descending=True, maintain_order=True).head(_EXAMPLES)

    def add_one(
        self, kind: str, symbol: str, at: str, detail: str, badness: float = 0.0, count: int = 1
    ) -> None:
        """Add one finding, which may count as several."""
        self.add(kind, pl.DataFrame([(symbol, at, detail, badness)], _SCHEMA, orient="row"), count)

    def result(self) -> tuple[Finding, ...]:
        """Return one finding per kind that occurred."""
        return tuple(
            Finding(kind, meaning, self._counts[kind], self._examples(kind), kind not in self._notes)
            for kind, meaning in self._meanings.items()
            if self._counts[kind]
        )

    def _examples(self, kind: str) -> tuple[str, ...]:
        rows = self._worst[kind].select("symbol", "at", "detail").iter_rows()
        return tuple(" ".join(filter(None, row)) for row in rows)
