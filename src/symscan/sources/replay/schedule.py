"""What a replayed feed delivers and when: a stored day, and the faults it was given."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import CLOSE, HIGH, LOW, VOLUME, Floats, Mask, Rows
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.sources.ports import BarsDropped, Connected, Disconnected, EndOfStream
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.stored_day import ReplayDay
from symscan.sources.streaming.backfill import merge_spans

_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_LATE, _CORRECT, _DUPLICATE, _DROP = range(1, 5)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Bars that are delivered together.

    Attributes
    ----------
    due
        When, UTC microseconds.
    chosen
        Which bars of the day, shape ``(n,)``.
    is_wrong, corrected
        Whether they come with wrong values, and whether to make good for such ones.
    """

    due: Instant
    chosen: Rows
    is_wrong: bool = False
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Something else that happens to the feed."""

    due: Instant
    what: Connected | Disconnected | BarsDropped | EndOfStream


Happening = Batch | Change


def schedule(day: ReplayDay, session: Session, faults: Faults, start: Instant) -> list[Happening]:
    """All that the feed delivers after an instant, in order; first it connects, at the end it has ended."""
    # A feed that is lost twice is back when it is back from both.
    away = merge_spans([window.within(session) for window in faults.disconnect])
    losing = [window.within(session) for window in faults.lose]
    mute = [*away, *losing, *(window.within(session) for window in faults.silence)]
    batches = [one for one in _batches(day, faults) if one.due > start and not _is_within(one.due, mute)]
    changes = [Change(start, Connected())]
    for begin, end in away:
        if end > start:
            changes.append(Change(max(begin, start), Disconnected("the replay was told to disconnect")))
            changes.append(Change(end, Connected()))
    changes += [
        Change(end, BarsDropped("the replay was told to lose bars")) for _, end in losing if end > start
    ]
    happenings: list[Happening] = [*changes, *batches]
    last = max(session.close, *(one.due for one in happenings))
    ordered = sorted(happenings, key=lambda one: one.due)  # a change comes before bars due with it
    return [*ordered, Change(last, EndOfStream())]


def wrong(fields: Floats) -> Floats:
    """Bars as they come before their correction: whole, but wrong."""
    values = fields.copy()
    values[CLOSE] = fields[CLOSE] * 1.01
    values[HIGH] = np.maximum(fields[HIGH], values[CLOSE])
    values[LOW] = np.minimum(fields[LOW], values[CLOSE])
    values[VOLUME] = np.ceil(fields[VOLUME] * 0.5)
    return values


def _batches(day: ReplayDay, faults: Faults) -> list[Batch]:
    """Every bar's deliveries, those due together as one."""
    dropped = _hit(day, faults.seed, _DROP, faults.drop)
    late = _hit(day, faults.seed, _LATE, faults.late.share)
    corrected = _hit(day, faults.seed, _CORRECT, faults.correct.share) & ~dropped
    again = _hit(day, faults.seed, _DUPLICATE, faults.duplicate.share) & ~dropped
    first = day.ends + np.where(late, faults.late.delay, 0)
    return [
        *_together(first, ~dropped & ~corrected),
        *_together(first, corrected, is_wrong=True),
        *_together(first + faults.duplicate.delay, again & ~corrected),
        *_together(first + faults.correct.delay, corrected, corrected=True),
    ]


def _together(due: NDArray[np.int64], which: Mask, **kind: bool) -> list[Batch]:
    chosen = np.flatnonzero(which)
    chosen = chosen[np.argsort(due[chosen], kind="stable")]
    parts = np.split(chosen, np.flatnonzero(np.diff(due[chosen])) + 1)
    return [Batch(int(due[part[0]]), part, **kind) for part in parts if len(part)]


def _hit(day: ReplayDay, seed: int, salt: int, share: float) -> Mask:
    """Which bars a fault hits, by symbol and end."""
    if not share:
        return np.zeros(len(day.ends), np.bool_)
    names = np.array([zlib.crc32(name.encode()) for name in day.names], np.uint64)
    mixed = _mixed(names[day.numbers] ^ (day.ends.astype(np.uint64) * _GOLDEN))
    mixed = _mixed(mixed ^ np.uint64((seed << 3) + salt))
    found: Mask = (mixed >> np.uint64(11)).astype(np.float64) / (1 << 53) < share
    return found


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for _ in range(2):
        values = (values ^ (values >> np.uint64(31))) * _MIX
    return values ^ (values >> np.uint64(29))


def _is_within(due: Instant, windows: Sequence[tuple[Instant, Instant]]) -> bool:
    return any(begin <= due < end for begin, end in windows)
