"""Find the session that ``symscan live`` runs, and wait for it.

A new one is found by the broker's clock; one that ``--resume`` continues is the record's, whatever today's
date.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from symscan.clock.session_calendar import SessionCalendar
from symscan.config.defaults import runs_folder
from symscan.errors import CalendarError, DataError, InputError
from symscan.model.instant import MINUTE, SECOND, Instant, to_datetime
from symscan.model.session import Session
from symscan.recording import RECORD_NAME
from symscan.recording.session_log import read_about
from symscan.sources.ports import Broker

_BEFORE_PRE_OPEN: Final = 10 * MINUTE
_LONGEST_SLEEP_SECONDS: Final = 30.0
"""So that a computer that was suspended reads its clock soon after it resumes."""


def session_at(calendar: SessionCalendar, now: Instant, *, resume: bool) -> Session:
    """Return the session to run: today's until its close, else the next; ``resume`` takes today's always."""
    today = to_datetime(now).astimezone(calendar.zone).date()
    try:
        session = calendar.session(today)
    except CalendarError:
        return calendar.next(today)
    return session if resume or now < session.close else calendar.next(today)


def is_running(calendar: SessionCalendar, now: Instant) -> bool:
    """Whether a session runs, its pre-market and the minutes before it included."""
    session = session_at(calendar, now, resume=False)
    return session.pre_open - _BEFORE_PRE_OPEN <= now < session.close


def wait_until_start(session: Session, broker: Broker) -> bool:
    """Wait until shortly before the pre-market, with a message; return whether it had to."""
    begins = session.pre_open - _BEFORE_PRE_OPEN
    if broker.now() >= begins:
        return False
    start = f"{session.local(begins):%A, %Y-%m-%d %H:%M}"
    print(f"waiting for the session of {session.date} until {start} exchange time", file=sys.stderr)
    while (seconds := (begins - broker.now()) / SECOND) > 0:
        broker.wait(min(seconds, _LONGEST_SLEEP_SECONDS))
    return True


@dataclass(frozen=True, slots=True)
class InterruptedSession:
    """A session that was interrupted.

    Attributes
    ----------
    folder
        The folder of its record.
    day
        Its date.
    """

    folder: Path
    day: date


def default_folder(name: str, day: date) -> Path:
    """Return the default folder of a session's results."""
    return runs_folder() / f"{name}-{day}-live"


def read_interrupted(folder: Path) -> InterruptedSession | None:
    """Read the session of a folder's record; None if there is none, or it never began.

    Raises
    ------
    DataError
        If the record cannot be read, or is another program's.
    """
    about = _read_about(folder)
    if about is None:
        return None
    try:
        return InterruptedSession(folder, date.fromisoformat(about["session"]))
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{folder}: the record does not say of which session it is") from None


def latest_unfinished(name: str, calendar: SessionCalendar, now: Instant) -> InterruptedSession | None:
    """Find the latest session of a configuration without a close, among the default folders.

    None while today's session runs, or has a record: that one comes first.
    """
    if is_running(calendar, now):
        return None
    today = default_folder(name, session_at(calendar, now, resume=True).date)
    if today.exists():
        return None
    for folder in sorted(runs_folder().glob(f"{name}-????-??-??-live"), reverse=True):
        about = _read_about(folder)
        if about is not None and about.get("status") != "complete":
            return read_interrupted(folder)
    return None


def check_day(interrupted: InterruptedSession, day: date | None) -> None:
    """Check that a date of the command line is the record's.

    Raises
    ------
    InputError
        If it is another.
    """
    if day is not None and day != interrupted.day:
        raise InputError(
            f"{interrupted.folder}: the record's session has '{interrupted.day}' as session, "
            f"this one '{day}'; --resume takes the date from the record, leave --date out"
        )


def _read_about(folder: Path) -> dict[str, Any] | None:
    return read_about(folder / RECORD_NAME)
