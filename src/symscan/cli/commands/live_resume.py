"""Find the session that ``symscan live --resume`` continues: that of the record, whatever today's date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from symscan.cli.commands.live_start import is_running, session_at
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import DataError, InputError
from symscan.model.instant import Instant
from symscan.recording import RECORD_NAME
from symscan.recording.session_log import read_about

RUNS: Final = Path("runs")


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
    return RUNS / f"{name}-{day}-live"


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
    for folder in sorted(RUNS.glob(f"{name}-????-??-??-live"), reverse=True):
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
