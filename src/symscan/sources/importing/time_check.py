"""Check whether the times of an import are probable, and ask for confirmation if they are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from symscan.errors import DataError
from symscan.model.instant import to_datetime
from symscan.model.session import Session
from symscan.sources.checking.time_advice import describe_offset, describe_sign
from symscan.sources.checking.time_doubts import TimeDoubt, TimeEvidence
from symscan.sources.checking.time_profile import time_profile
from symscan.sources.importing.options import ImportOptions, Label, UnlikelyTimes
from symscan.sources.importing.sessions import PRINT
from symscan.sources.ports import Calendar

_ZONES: Final = (
    *("America/New_York", "UTC", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("Europe/London", "Europe/Berlin", "Asia/Tokyo", "Asia/Hong_Kong", "Asia/Kolkata", "Australia/Sydney"),
)

Confirm = Callable[[str], bool]
"""Asks whether the times are right as they are, after saying why they are improbable."""


class TimeCheck:
    """Checks the times of one import, session by session, until they are confirmed.

    Parameters
    ----------
    confirm
        Called if they are improbable; None if no user can confirm.
    """

    def __init__(self, options: ImportOptions, calendar: Calendar, confirm: Confirm | None) -> None:
        self._options = options
        self._calendar = calendar
        self._confirm = confirm
        self._evidence = TimeEvidence(is_stored=False)
        self._is_done = not options.interval.is_intraday or options.unlikely_times is UnlikelyTimes.KEEP

    def check(self, day: date, rows: pl.DataFrame) -> None:
        """Check the rows of a session.

        Raises
        ------
        DataError
            If the times are improbable and not confirmed.
        """
        if self._is_done:
            return
        (session,) = self._calendar.sessions(day, day)
        doubt = self._evidence.add(time_profile(rows, self._options.interval, session, rows[PRINT]))
        if doubt is None:
            return
        question = _question(doubt, self._options, session)
        if self._confirm is None:
            confirmed = "if they are right as given, confirm that with --unlikely-times keep"
            raise DataError(f"{question}; {confirmed}. Nothing was imported")
        if not self._confirm(question):
            raise DataError("the times were not confirmed; nothing was imported")
        self._is_done = True


def _question(doubt: TimeDoubt, options: ImportOptions, session: Session) -> str:
    """Say why the times of an import are improbable, and what would fit better."""
    better = []
    if doubt.bars_off:
        better.append(f"--label {Label.START if doubt.bars_off < 0 else Label.END}")
    if doubt.minutes_off != 0:
        better.append(_better_zone(doubt, options, session))
    sign, offset = describe_sign(doubt, session), describe_offset(doubt)
    return (
        f"the times of the bars are improbable: in the session of {session.date}, {sign}, "
        f"as if they were {offset}; {' and '.join(better)} would fit better"
    )


def _better_zone(doubt: TimeDoubt, options: ImportOptions, session: Session) -> str:
    """The zone in which the times would be right; that of the exchange if several are."""
    if doubt.minutes_off is None:
        return "another --timezone"
    given = _offset(options.timezone or "UTC", session)
    wanted = given + timedelta(minutes=doubt.minutes_off)
    names = dict.fromkeys((session.zone.key, *_ZONES))
    zone = next((name for name in names if _offset(name, session) == wanted), None)
    if zone is None:
        return f"a --timezone {wanted / timedelta(hours=1):+g} hours from UTC"
    if options.timezone is None:
        return f"local times of {zone} (the file's times carry a zone: mend them, or import them without one)"
    return f"--timezone {zone} (where the file's times carry no zone of their own)"


def _offset(zone: str, session: Session) -> timedelta:
    offset = to_datetime(session.open).astimezone(ZoneInfo(zone)).utcoffset()
    return offset or timedelta()
