"""The error for rows that stop an import."""

from __future__ import annotations

from collections.abc import Sequence

from symscan.errors import DataError


class RefusedRows(DataError):
    """Invalid rows stop an import; their count is a lower bound, since later rows were not read.

    Parameters
    ----------
    what
        What is wrong with them, after ``rows``.
    count
        How many were found.
    remedy
        What to do, if there is anything.
    named
        The first of them, a line each.
    is_partial
        Whether others of the same kind may be among what was read.
    """

    def __init__(
        self, what: str, count: int, remedy: str, named: Sequence[str], *, is_partial: bool = False
    ) -> None:
        self._parts = (what, count, remedy, tuple(named))
        self._is_partial = is_partial
        super().__init__(_text("at least ", *self._parts))

    def exact(self) -> DataError:
        """Return the error with an exact count, for when all rows were read."""
        return self if self._is_partial else DataError(_text("", *self._parts))


def _text(bound: str, what: str, count: int, remedy: str, named: Sequence[str]) -> str:
    head = f"rows {what}: {bound}{count:,}" + (f"; {remedy}" if remedy else "")
    return "\n".join([head, *(f"  {one}" for one in named)])
