"""Holding a recorded live session against a backtest of the same bars."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symscan.errors import DataError
from symscan.model.event_json import line_of
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.parity.backtest import Recorded, Replayed, replay
from symscan.parity.causes import Causes, Record, slices_of
from symscan.parity.differences import Comparison, Difference
from symscan.plugins.digests import changed
from symscan.recording import RECORD_NAME
from symscan.recording.bar_codec import unpack
from symscan.recording.bars import bars
from symscan.recording.ownership import check_private
from symscan.recording.session_log import CLOSE, SessionRecord, Step
from symscan.runtime.recovery.record_check import check_record

UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Parity:
    """What came of a comparison.

    Attributes
    ----------
    scans, hits
        How many were compared.
    late
        How many bars came late, were corrected or recovered.
    until
        The end of the last slice that was compared.
    is_over
        Whether the session came to its close.
    changed
        The files of modules that are others than those the session ran.
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
        """How many differences have no cause."""
        return sum(one.cause is None for one in self.differences)

    def by_cause(self) -> dict[str, int]:
        """How many differences each cause made, the most frequent first."""
        causes = [str(one.cause.why) if one.cause is not None else UNEXPLAINED for one in self.differences]
        return dict(Counter(causes).most_common())


def compare(folder: Path) -> Parity:
    """Play the bars of a recorded session, as they are finally known, through a backtest, and compare.

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
        return _compared(record)
    finally:
        record.close()


def replayed(record: SessionRecord) -> Replayed:
    """The backtest that a record is held against.

    Raises
    ------
    DataError
        If the session had not begun, or the store of its history is gone.
    """
    return _replayed(record, list(record.steps()), _numbered(record))


def _compared(record: SessionRecord) -> Parity:
    steps, numbered = list(record.steps()), _numbered(record)
    backtest = _replayed(record, steps, numbered)
    session, is_over = backtest.session, steps[-1].kind == CLOSE
    causes = Causes(
        session,
        slices_of([(step.kind, step.end, step.at) for step in steps]),
        backtest.natures,
        backtest.grace,
        is_over,
    )
    for seq, event in numbered:
        causes.take(seq, event)
    causes.first_seen(_first_seen(record, steps))
    live = [event for _, event in numbered]
    there = [json.loads(line_of(session, event)) for event in backtest.events]
    scans = [one for one in live if one["event"] == "scan_finished"]
    return Parity(
        session,
        len(scans),
        sum(len(one["hits"]["symbols"]) for one in scans),
        causes.late_bars,
        tuple(Comparison(causes).of(live, there)),
        _until(record, steps),
        is_over,
        tuple(changed(record.meta.get("modules", {}))),
    )


def _numbered(record: SessionRecord) -> list[tuple[int, Record]]:
    """What happened, each with the step of the record."""
    return [(seq, json.loads(line)) for seq in range(1, record.last + 1) for line in record.lines(seq)]


def _replayed(
    record: SessionRecord, steps: Sequence[Step], numbered: Sequence[tuple[int, Record]]
) -> Replayed:
    endings = {
        (one["scanner"], one["at"]): one["outcome"] for _, one in numbered if one["event"] == "scan_finished"
    }
    disabled = {one["scanner"]: one["reason"] for _, one in numbered if one["event"] == "scanner_disabled"}
    return replay(
        Recorded(record.meta, record.symbols, bars(record), _until(record, steps), endings, disabled)
    )


def _until(record: SessionRecord, steps: Sequence[Step]) -> Instant:
    """The end of the last slice; the record may have grown since it was opened."""
    ends = [step.end for step in steps if step.kind == "slice"]
    if not ends:
        raise DataError(f"{record.path}: the session had not begun; there is nothing to compare")
    return max(ends)


def _first_seen(record: SessionRecord, steps: Sequence[Step]) -> dict[str, int]:
    """The step in which the record first has a bar of each symbol."""
    symbols, first = record.symbols, dict[str, int]()
    for seq, step in enumerate(steps, start=1):
        for group in unpack(step.bars):
            for number in np.unique(group.numbers).tolist():
                first.setdefault(symbols[number], seq)
    return first
