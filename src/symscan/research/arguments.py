"""What is given from Python, as the engine takes it."""

from __future__ import annotations

from datetime import date, datetime

from symscan.errors import InputError


def as_date(given: date | str | None) -> date | None:
    """Return a date; a text is written as ``2018-02-20``.

    Raises
    ------
    InputError
        If it is none.
    """
    if given is None:
        return None
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise InputError(f"'{given}' is not a date; write it as 2018-02-20") from None
