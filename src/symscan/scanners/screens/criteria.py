"""The criteria of a screen, as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from symscan.errors import ExpressionError
from symscan.model.universes.dated_file import DatedFile


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """A scanner's criteria, as expressions over readings, indicators and static columns.

    Attributes
    ----------
    where
        The condition, in polars SQL or as a polars expression. Unknown is never a hit.
    rank
        A number; hits are ordered by it, highest first, unknown last, ties by symbol. None orders
        by symbol.
    take
        How many hits to keep, None for all.
    show
        Names whose values are kept with each hit, beside those in ``where`` and ``rank``.
    max_age_minutes
        A symbol whose last bar ended longer ago, or that has none, is unknown; None sets no limit.
    per
        A column of texts: ``take`` counts in each of its groups. None takes from all.
    market
        The symbol that ``market.NAME`` reads.
    confirm_scans
        At how many consecutive scans that were ok ``where`` must be true before a symbol is a hit.
    leave_when
        The condition that ends a symbol's stay among the hits, instead of ``where`` being false.
    hold_minutes
        How long a symbol stays among the hits at least.
    cooldown_minutes
        How long a symbol that has left the hits is none again.
    columns
        The dated files whose columns are joined, as they were known at the scan.
    found_by
        The scanner whose hits are evaluated, instead of a universe.
    within_minutes
        How long ago they may have been found; None: any time of the session so far.

    Raises
    ------
    ExpressionError
        If a number is out of bounds, or ``per`` has no ``take``.
    """

    where: str | pl.Expr
    rank: str | pl.Expr | None = None
    take: int | None = None
    show: Sequence[str] = ()
    max_age_minutes: float | None = None
    per: str | None = None
    market: str | None = None
    confirm_scans: int = 1
    leave_when: str | pl.Expr | None = None
    hold_minutes: float = 0.0
    cooldown_minutes: float = 0.0
    found_by: str | None = None
    within_minutes: float | None = None
    columns: DatedFile | Sequence[DatedFile] = ()

    def __post_init__(self) -> None:
        self._check_count("take", self.take)
        self._check_count("confirm_scans", self.confirm_scans)
        for part in ("within_minutes", "max_age_minutes", "hold_minutes", "cooldown_minutes"):
            minutes = getattr(self, part)
            if minutes is not None and not minutes >= 0:
                raise ExpressionError(f"{part} is {minutes!r}; give a number of 0 or more", part=part)
        if isinstance(self.show, str):
            raise ExpressionError(f"show is a text; give a list of names, as in ['{self.show}']", part="show")
        if self.per is not None and self.take is None:
            raise ExpressionError("per says whom take counts among; give a take", part="per")

    @property
    def dated_files(self) -> tuple[DatedFile, ...]:
        """The dated files."""
        return (self.columns,) if isinstance(self.columns, DatedFile) else tuple(self.columns)

    @property
    def waits(self) -> bool:
        """Whether who is a hit depends on earlier scans."""
        has_times = self.hold_minutes > 0 or self.cooldown_minutes > 0
        return self.confirm_scans > 1 or self.leave_when is not None or has_times

    def _check_count(self, part: str, count: int | None) -> None:
        if count is not None and (type(count) is not int or count < 1):
            raise ExpressionError(f"{part} is {count!r}; give a whole number of 1 or more", part=part)
