"""Which session ``symscan live --resume`` goes on with: that of the record, whatever the date is by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from symscan.errors import DataError, InputError

if TYPE_CHECKING:
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.model.instant import Instant

RUNS: Final = Path("runs")


@dataclass(frozen=True, slots=True)
class Broken:
    """A session that was broken off.

    Attributes
    ----------
    folder
        Where its record is.
    day
        Its date.
    """

    folder: Path
    day: date


def default_folder(name: str, day: date) -> Path:
    """Where the results of a session go if nothing else is said."""
    return RUNS / f"{name}-{day}-live"


def recorded_in(folder: Path) -> Broken | None:
    """The session whose record a folder holds; None if it holds none, or one that never began.

    Raises
    ------
    DataError
        If the record cannot be read, or is somebody else's.
    """
    about = _about(folder)
    if about is None:
        return None
    try:
        return Broken(folder, date.fromisoformat(about["session"]))
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{folder}: the record does not say of which session it is") from None


def unfinished(name: str, calendar: SessionCalendar, now: Instant) -> Broken | None:
    """The latest session of a configuration that never came to its close, by where it is put by itself.

    None while today's session runs, or has a record of its own: that one comes first.
    """
    from symscan.cli.commands.live_start import is_running, session_at

    if is_running(calendar, now):
        return None
    today = default_folder(name, session_at(calendar, now, resume=True).date)
    if today.exists():
        return None
    for folder in sorted(RUNS.glob(f"{name}-????-??-??-live"), reverse=True):
        about = _about(folder)
        if about is not None and about.get("status") != "complete":
            return recorded_in(folder)
    return None


def check_day(broken: Broken, day: date | None) -> None:
    """Refuse a date of the command line that is not the record's.

    Raises
    ------
    InputError
        If it is another.
    """
    if day is not None and day != broken.day:
        raise InputError(
            f"{broken.folder}: the record's session has '{broken.day}' as session, this one '{day}'; "
            "--resume takes the date from the record, leave --date out"
        )


def _about(folder: Path) -> dict[str, Any] | None:
    from symscan.recording import RECORD_NAME
    from symscan.recording.session_log import about_of

    return about_of(folder / RECORD_NAME)
