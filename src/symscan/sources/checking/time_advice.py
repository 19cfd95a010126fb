"""Describe improbable times of bars in messages."""

from __future__ import annotations

from symscan.model.instant import MINUTE
from symscan.model.session import Session
from symscan.sources.checking.time_doubts import TimeDoubt


def stored_detail(doubt: TimeDoubt, session: Session) -> str:
    """Describe it in one line of a check."""
    return f"{describe_sign(doubt, session)}: {describe_offset(doubt)}"


def describe_sign(doubt: TimeDoubt, session: Session) -> str:
    """Describe what makes the times improbable."""
    if not doubt.minutes_off:
        return doubt.sign
    off = doubt.minutes_off * MINUTE
    first, last = (session.local(instant + off) for instant in (session.open, session.close))
    return f"{doubt.sign} between {first:%H:%M} and {last:%H:%M} {session.zone.key} time"


def describe_offset(doubt: TimeDoubt) -> str:
    """Describe how far off the times seem."""
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
