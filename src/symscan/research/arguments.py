"""What is given from Python, as the engine takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.model.session import Session
from symscan.model.symbol_text import SYMBOL_PATTERN
from symscan.model.universes.universe_spec import UniverseSpec, is_set
from symscan.runtime.one_scan import DayPart

_DAY_AND_WORD: Final = re.compile(r"(\S+)\s+(open|close)")


@contextmanager
def universe_file(given: UniverseSpec | Iterable[str]) -> Iterator[UniverseSpec]:
    """Yield a universe by name or path, or made of others; symbols are written to a file while needed.

    Raises
    ------
    InputError
        If they are none.
    """
    if isinstance(given, str) or is_set(given):
        yield given  # type: ignore[misc]
        return
    symbols = _symbols(given)
    with TemporaryDirectory(prefix="symscan-") as folder:
        path = Path(folder) / "symbols.txt"
        path.write_text("".join(f"{symbol}\n" for symbol in symbols), encoding="utf-8")
        yield str(path)


def _symbols(given: Any) -> list[str]:
    expected = "give the name or path of one, or a list of symbols: ['AAPL', 'MSFT']"
    if not isinstance(given, Iterable) or isinstance(given, bytes | Mapping):
        raise InputError(f"universe: {given!r} is none; {expected}")
    symbols = list(given)
    for one in symbols:
        if not isinstance(one, str) or not SYMBOL_PATTERN.fullmatch(one) or one.startswith("#"):
            raise InputError(f"universe: {one!r} is not a symbol; {expected}")
    if not symbols:
        raise InputError(f"universe: there are no symbols in it; {expected}")
    return symbols


def as_names(given: str | Iterable[str]) -> list[str]:
    """Return names, given one or several."""
    return [given] if isinstance(given, str) else list(given)


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


def as_session_time(given: datetime | str, calendar: SessionCalendar) -> tuple[Session, time | DayPart]:
    """Return a session and a time of its day, on the exchange's clock, or a part of the day by name.

    Parameters
    ----------
    given
        ``2018-03-14 10:35``, ``2018-03-14 open`` or ``2018-03-14 close``; or a ``datetime``, on the
        exchange's clock unless it has a zone.

    Raises
    ------
    InputError
        If it is none, or no whole minute.
    CalendarError
        If there is no session on the day.
    """
    word = _DAY_AND_WORD.fullmatch(given.strip()) if isinstance(given, str) else None
    if word is not None and (day := as_date(word[1])) is not None:
        return calendar.session(day), "open" if word[2] == "open" else "close"
    at = _as_datetime(given)
    if at.tzinfo is not None:
        at = at.astimezone(calendar.zone)
    if at.second or at.microsecond:
        raise InputError(f"'{given}' is no whole minute; scans are at such")
    return calendar.session(at.date()), at.time()


def _as_datetime(given: datetime | str) -> datetime:
    if isinstance(given, datetime):
        return given
    try:
        if not isinstance(given, str) or ":" not in given:
            raise ValueError
        return datetime.fromisoformat(given)
    except ValueError:
        message = "write it as '2018-03-14 10:35', '2018-03-14 open' or '2018-03-14 close'"
        raise InputError(f"'{given}' is no instant; {message}") from None
