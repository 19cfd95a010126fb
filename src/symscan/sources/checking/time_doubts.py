"""Detect bars whose times were misread: wrong labels or time zones.

Where data has regular hours only, its bars fill one block as long as a session: where that lies off by a
bar, the labels are wrong, and where it lies off by hours, the zone. Where data has pre-market bars, volume
jumps up with the first regular bar, and nearly all of it lies in regular hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from symscan.sources.checking.time_profile import TimeProfile

ENOUGH_MEMBERS: Final = 20
"""Sessions of so many symbols are evaluated by themselves."""

_FEWEST_BARS: Final = 100
_FEWEST_LABELS: Final = 10
"""How many symbols and sessions must agree that bars are off by one."""
_HALF_HOUR: Final = 30
_MAJORITY: Final = 0.7
_NEARLY_ALL: Final = 0.8
_CLEARLY_MORE: Final = 0.2
_SOMEWHAT_MORE: Final = 0.05
_AT_NIGHT: Final = 0.2


@dataclass(frozen=True, slots=True)
class TimeDoubt:
    """Why the times of bars are improbable.

    Attributes
    ----------
    bars_off
        How many bars too late they lie because of their labels: -1, 0 or 1.
    minutes_off
        How many minutes too late they lie because of their zone, negative if too early; None if not known.
    sign
        What it was concluded from.
    """

    bars_off: int
    minutes_off: int | None
    sign: str


class TimeEvidence:
    """Evaluates sessions of many symbols by themselves, and combines those of few.

    Parameters
    ----------
    is_stored
        Whether opening prints were merged into the first bar already.
    """

    def __init__(self, *, is_stored: bool) -> None:
        self._is_stored = is_stored
        self._together: dict[int, TimeProfile] = {}

    def add(self, profile: TimeProfile) -> TimeDoubt | None:
        """Add a session's profile; return a doubt if it, or the combined profile so far, is improbable."""
        if profile.members >= ENOUGH_MEMBERS:
            return doubt(profile, is_stored=self._is_stored)
        before = self._together.get(profile.slots)
        together = profile if before is None else before.plus(profile)
        self._together[profile.slots] = together
        return doubt(together, is_stored=self._is_stored)


def doubt(profile: TimeProfile, *, is_stored: bool) -> TimeDoubt | None:
    """Return what is improbable in a profile; None if nothing is, or there are too few bars."""
    if profile.counts.sum() < _FEWEST_BARS:
        return None
    return next((one for one in _doubts(profile, is_stored) if one is not None), None)


def _doubts(profile: TimeProfile, is_stored: bool) -> Iterator[TimeDoubt | None]:
    yield _by_block(profile, is_stored)
    yield _by_jump(profile)
    yield _by_volume(profile)
    yield _by_night(profile)


def _by_block(profile: TimeProfile, is_stored: bool) -> TimeDoubt | None:
    """Evaluate data that fills one block of slots, as data of regular hours does."""
    counts, slots = profile.counts, profile.slots
    peak = int(counts.max())
    busy = np.flatnonzero(counts >= 0.1 * peak)
    first, last = int(busy[0]), int(busy[-1])
    block = counts[first : last + 1]
    is_block = block.sum() >= 0.98 * counts.sum() and block.mean() >= 0.3 * peak
    if not is_block or min(counts[first], counts[last]) < 0.25 * peak:
        return None
    begins, length = first - profile.at_open, len(block)
    if length == slots and begins:
        return _shifted(profile, begins, peak)
    if peak < _FEWEST_LABELS:
        return None
    if length == slots + 1 and begins == 0 and profile.flat[last] < 0.5 * counts[last]:
        return TimeDoubt(1, 0, f"{_most(counts[last], profile)} a bar that starts at the close")
    if is_stored and length == slots - 1 and begins == 0:
        return TimeDoubt(
            -1, 0, f"{_most(counts[last], profile)} a bar before the last one of the session, none its last"
        )
    return None


def _shifted(profile: TimeProfile, begins: int, peak: int) -> TimeDoubt | None:
    """Evaluate a block as long as a session that begins so many slots after the open."""
    at = profile.at_open
    if abs(begins) == 1:
        edge = profile.counts[at + (begins if begins < 0 else profile.slots)]
        where = "starts one bar before the open, and none the last one of the session"
        if begins > 0:
            where = "starts at the close, and none one that starts at the open"
        sign = f"{_most(edge, profile)} a bar that {where}"
        return TimeDoubt(begins, 0, sign) if peak >= _FEWEST_LABELS else None
    minutes = begins * profile.minutes
    hours = round(minutes / _HALF_HOUR) * _HALF_HOUR
    bars_off = (minutes - hours) // profile.minutes
    if abs(bars_off) > 1:
        return None
    return TimeDoubt(bars_off, hours, "all bars start")


def _by_jump(profile: TimeProfile) -> TimeDoubt | None:
    """Evaluate data with pre-market bars by the slot in which the volume jumps up."""
    early, right, late = (int(one) for one in profile.jumps)
    total = early + right + late
    if total < _FEWEST_LABELS or max(early, late) < _MAJORITY * total:
        return None
    bars_off, jumped = (-1, early) if early > late else (1, late)
    when = "one bar before" if bars_off < 0 else "one bar after"
    return TimeDoubt(
        bars_off, 0, f"the volume jumps up {when} the open for {jumped:,} of {total:,} symbol-days"
    )


def _by_volume(profile: TimeProfile) -> TimeDoubt | None:
    """Evaluate where most of the day's volume lies, by half-hours."""
    if _HALF_HOUR % profile.minutes:
        return None
    per = _HALF_HOUR // profile.minutes
    volume = profile.volume.reshape(-1, per).sum(axis=1) / profile.members
    counts = profile.counts.reshape(-1, per).sum(axis=1)
    at_open, length = profile.at_open // per, -(-profile.slots // per)
    # One half-hour more than the session has: the closing auction is reported after the close.
    shares = np.convolve(volume, np.ones(length + 1), "full")[length : len(volume)]
    candidates = np.flatnonzero(shares >= shares.max() - 0.05)
    jumps = volume[candidates] - np.where(candidates > 0, volume[candidates - 1], 0.0)
    best = int(candidates[np.argmax(jumps)])
    is_quiet_open = volume[at_open] < 0.5 * volume[best]
    more = _SOMEWHAT_MORE if is_quiet_open else _CLEARLY_MORE
    if best == at_open or shares[best] < max(_NEARLY_ALL, shares[at_open] + more):
        return None
    middle = np.median(volume[best + 2 : best + length - 2])
    is_busy_at_both_ends = counts[best + length - 1] >= 0.3 * counts[best]
    before = volume[best - 1] if best else 0.0
    if not is_busy_at_both_ends or volume[best] < max(1.5 * middle, 3.0 * before):
        return None
    sign = f"{shares[best]:.0%} of the volume lies"
    return TimeDoubt(0, (best - at_open) * _HALF_HOUR, sign)


def _by_night(profile: TimeProfile) -> TimeDoubt | None:
    """Evaluate bars at night: a zone may be so wrong that sessions lie across midnight."""
    share = profile.at_night / int(profile.counts.sum())
    if share < _AT_NIGHT:
        return None
    return TimeDoubt(0, None, f"{share:.0%} of the bars lie before the pre-market or after the post-market")


def _most(count: int, profile: TimeProfile) -> str:
    """Describe how many symbol-days have a bar somewhere."""
    return f"{int(count):,} of {profile.members:,} symbol-days have"
