"""Schedule the deliveries of a replayed day, faults included."""

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
class ScheduledBars:
    """Bars that are delivered together.

    Attributes
    ----------
    due
        When, UTC microseconds.
    chosen
        Which bars of the day, shape ``(n,)``.
    is_faulty, corrected
        Whether they have faulty values, and whether they correct such ones.
    """

    due: Instant
    chosen: Rows
    is_faulty: bool = False
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """A scheduled delivery other than bars."""

    due: Instant
    event: Connected | Disconnected | BarsDropped | EndOfStream


ScheduledItem = ScheduledBars | ScheduledEvent


def schedule(day: ReplayDay, session: Session, faults: Faults, start: Instant) -> list[ScheduledItem]:
    """Schedule all deliveries after an instant, in order, from ``Connected`` to ``EndOfStream``."""
    # Overlapping disconnections end together.
    disconnected = merge_spans([window.to_instants(session) for window in faults.disconnect])
    losing = [window.to_instants(session) for window in faults.lose]
    undelivered = [*disconnected, *losing, *(window.to_instants(session) for window in faults.silence)]
    batches = [
        one for one in _batches(day, faults) if one.due > start and not _is_within(one.due, undelivered)
    ]
    events = [ScheduledEvent(start, Connected())]
    for begin, end in disconnected:
        if end > start:
            events.append(
                ScheduledEvent(max(begin, start), Disconnected("the replay was told to disconnect"))
            )
            events.append(ScheduledEvent(end, Connected()))
    events += [
        ScheduledEvent(end, BarsDropped("the replay was told to lose bars"))
        for _, end in losing
        if end > start
    ]
    items: list[ScheduledItem] = [*events, *batches]
    last = max(session.close, *(one.due for one in items))
    ordered = sorted(items, key=lambda one: one.due)  # a change comes before bars due with it
    return [*ordered, ScheduledEvent(last, EndOfStream())]


def faulty_values(fields: Floats) -> Floats:
    """Return faulty but valid values, to be corrected later."""
    values = fields.copy()
    values[CLOSE] = fields[CLOSE] * 1.01
    values[HIGH] = np.maximum(fields[HIGH], values[CLOSE])
    values[LOW] = np.minimum(fields[LOW], values[CLOSE])
    values[VOLUME] = np.ceil(fields[VOLUME] * 0.5)
    return values


def _batches(day: ReplayDay, faults: Faults) -> list[ScheduledBars]:
    """Schedule the deliveries of every bar; those due at the same time are one."""
    dropped = _fault_mask(day, faults.seed, _DROP, faults.drop)
    late = _fault_mask(day, faults.seed, _LATE, faults.late.share)
    corrected = _fault_mask(day, faults.seed, _CORRECT, faults.correct.share) & ~dropped
    again = _fault_mask(day, faults.seed, _DUPLICATE, faults.duplicate.share) & ~dropped
    first = day.ends + np.where(late, faults.late.delay, 0)
    return [
        *_group_by_due(first, ~dropped & ~corrected),
        *_group_by_due(first, corrected, is_faulty=True),
        *_group_by_due(first + faults.duplicate.delay, again & ~corrected),
        *_group_by_due(first + faults.correct.delay, corrected, corrected=True),
    ]


def _group_by_due(due: NDArray[np.int64], which: Mask, **kind: bool) -> list[ScheduledBars]:
    chosen = np.flatnonzero(which)
    chosen = chosen[np.argsort(due[chosen], kind="stable")]
    parts = np.split(chosen, np.flatnonzero(np.diff(due[chosen])) + 1)
    return [ScheduledBars(int(due[part[0]]), part, **kind) for part in parts if len(part)]


def _fault_mask(day: ReplayDay, seed: int, salt: int, share: float) -> Mask:
    """Return which bars a fault hits: a hash of symbol and end."""
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
