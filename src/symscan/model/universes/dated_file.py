"""Files whose rows say since when they are known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatedFile:
    """A CSV file of which a scan sees the rows that were known by then.

    Attributes
    ----------
    file
        Its path, absolute or relative to the current folder or the project.
    as_of
        The column that says since when a row is known. A bare date counts from the next session.
    zone
        The time zone of times written without one, as ``America/New_York``.
    """

    file: str
    as_of: str
    zone: str | None = None
