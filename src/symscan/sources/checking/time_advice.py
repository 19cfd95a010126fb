"""What to say to whoever imports or checks bars whose times are improbable, and which options would fit."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from symscan.model.instant import MINUTE, to_datetime
from symscan.model.session import Session
from symscan.sources.checking.time_doubts import TimeDoubt
from symscan.sources.importing.options import ImportOptions, Label

_ZONES: Final = (
    *("America/New_York", "UTC", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("Europe/London", "Europe/Berlin", "Asia/Tokyo", "Asia/Hong_Kong", "Asia/Kolkata", "Australia/Sydney"),
)


def import_question(doubt: TimeDoubt, options: ImportOptions, session: Session) -> str:
    """Why the times of an import are improbable, and what would fit better."""
    better = []
    if doubt.bars_off:
        better.append(f"--label {Label.START if doubt.bars_off < 0 else Label.END}")
    if doubt.minutes_off != 0:
        better.append(_better_zone(doubt, options, session))
    return (
        f"the times of the bars are improbable: in the session of {session.date}, {_sign(doubt, session)}, "
        f"as if they were {_off(doubt)}; {' and '.join(better)} would fit better"
    )


def stored_detail(doubt: TimeDoubt, session: Session) -> str:
    """What a check says of it."""
    return f"{_sign(doubt, session)}: {_off(doubt)}"


def _sign(doubt: TimeDoubt, session: Session) -> str:
    if not doubt.minutes_off:
        return doubt.sign
    off = doubt.minutes_off * MINUTE
    first, last = (session.local(instant + off) for instant in (session.open, session.close))
    return f"{doubt.sign} between {first:%H:%M} and {last:%H:%M} {session.zone.key} time"


def _off(doubt: TimeDoubt) -> str:
    parts = []
    if doubt.minutes_off is None:
        parts.append("in another time zone")
    elif doubt.minutes_off:
        early = "early" if doubt.minutes_off < 0 else "late"
        hours = abs(doubt.minutes_off) / 60
        parts.append(f"{hours:g} hour{'' if hours == 1 else 's'} too {early} (another time zone)")
    if doubt.bars_off:
        parts.append(f"one bar too {'early' if doubt.bars_off < 0 else 'late'} (the other end labelled)")
    return " and ".join(parts)


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
