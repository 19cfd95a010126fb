"""Compare a recorded live session with a backtest of the same bars."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symscan.errors import DataError
from symscan.model.event_json import line_of
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.parity.backtest import Recorded, Replayed, replay
from symscan.parity.causes import Causes, slices_of
from symscan.parity.differences import Comparison, Difference
from symscan.parity.journal_events import JournalEvent, Scan, SetupFailure, read_event
from symscan.plugins.digests import changed
from symscan.recording import RECORD_NAME
from symscan.recording.bar_codec import unpack
from symscan.recording.bars import bars
from symscan.recording.ownership import check_private
from symscan.recording.session_log import AT_CLOSE, CLOSE, SessionRecord, Step
from symscan.runtime.recovery.record_check import check_record

UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Parity:
    """The result of a comparison.

    Attributes
    ----------
    scans, hits
        The numbers compared.
    late
        The number of bars that came late, were corrected or recovered.
    until
        The end of the last slice that was compared.
    is_over
        Whether the session reached its close.
    changed
        The files of modules that changed since the session.
    """

    session: Session
    scans: int
    hits: int
    late: int
    differences: tuple[Difference, ...]
    until: Instant
    is_over: bool
    changed: tuple[str, ...] = ()

    @property
    def unexplained(self) -> int:
        """The number of differences without a cause."""
        return sum(one.cause is None for one in self.differences)

    def by_cause(self) -> dict[str, int]:
        """Count the differences by cause, the most frequent first."""
        causes = [str(one.cause.why) if one.cause is not None else UNEXPLAINED for one in self.differences]
        return dict(Counter(causes).most_common())


def compare(folder: Path) -> Parity:
    """Backtest the final bars of a recorded session, and compare.

    A session that still runs is compared up to its last recorded slice; its record is only read.

    Parameters
    ----------
    folder
        The folder of a live run.

    Raises
    ------
    DataError
        If there is no record in it, it is damaged or not this user's own, or its store is gone.
    ConfigErrors
        If what its configuration needs, a module or a universe, is gone.
    """
    path = folder / RECORD_NAME
    if not path.is_file():
        what = "it is no folder of a live session" if folder.is_dir() else "there is no such folder"
        raise DataError(f"{folder}: {what}; give the --out of a 'symscan live' (a backtest keeps no record)")
    check_private(path)  # the modules its configuration names are run
    record = SessionRecord.read(path)
    try:
        check_record(record, "cannot be compared")
        return _compare_record(record)
    finally:
        record.close()


def replayed(record: SessionRecord) -> Replayed:
    """Run the backtest that a record is compared with.

    Raises
    ------
    DataError
        If the session had not begun, or the store of its history is gone.
    """
    return _replay_record(record, list(record.steps()), _numbered_events(record))


def _compare_record(record: SessionRecord) -> Parity:
    steps, events = list(record.steps()), _numbered_events(record)
    backtest = _replay_record(record, steps, events)
    session, is_over = backtest.session, steps[-1].kind == CLOSE
    causes = Causes(
        session,
        slices_of([(step.kind, step.end, step.at) for step in steps]),
        backtest.traits,
        backtest.grace,
        is_over,
    )
    for seq, event in events:
        causes.add_event(seq, event)
    causes.set_first_seen(_first_steps(record, steps))
    live_events = [event for _, event in events]
    backtest_events = _read_lines(line_of(session, event) for event in backtest.events)
    scans = [one for one in live_events if isinstance(one, Scan)]
    return Parity(
        session,
        len(scans),
        sum(len(one.hits) for one in scans),
        causes.late_bars,
        tuple(Comparison(causes).compare(live_events, backtest_events)),
        _until(record, steps),
        is_over,
        tuple(changed(record.meta.get("modules", {}))),
    )


def _numbered_events(record: SessionRecord) -> list[tuple[int, JournalEvent]]:
    """Return every event that is compared or explains, with its step in the record."""
    numbers = range(1, record.last + 1)
    return [(seq, event) for seq in numbers for event in _read_lines(record.lines(seq))]


def _read_lines(lines: Iterable[str]) -> list[JournalEvent]:
    read = (read_event(json.loads(line)) for line in lines)
    return [event for event in read if event is not None]


def _replay_record(
    record: SessionRecord, steps: Sequence[Step], events: Sequence[tuple[int, JournalEvent]]
) -> Replayed:
    endings = {(one.scanner, one.at, one.phase): one.outcome for _, one in events if isinstance(one, Scan)}
    disabled = {one.scanner: one.reason for _, one in events if isinstance(one, SetupFailure)}
    is_day_complete = any(step.kind == AT_CLOSE for step in steps)
    return replay(
        Recorded(
            record.meta,
            record.symbols,
            bars(record),
            _until(record, steps),
            is_day_complete,
            endings,
            disabled,
        )
    )


def _until(record: SessionRecord, steps: Sequence[Step]) -> Instant:
    """Return the end of the last slice; the record may have grown since it was opened."""
    ends = [step.end for step in steps if step.kind == "slice"]
    if not ends:
        raise DataError(f"{record.path}: the session had not begun; there is nothing to compare")
    return max(ends)


def _first_steps(record: SessionRecord, steps: Sequence[Step]) -> dict[str, int]:
    """Return the step in which the record first has a bar of each symbol."""
    symbols, first = record.symbols, dict[str, int]()
    for seq, step in enumerate(steps, start=1):
        for group in unpack(step.bars):
            for number in np.unique(group.numbers).tolist():
                first.setdefault(symbols[number], seq)
    return first
