"""What an earlier process may not have told is listed, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from support.builders import make_session
from symscan.model.events.session import Event, Hits, Outcome, ScanFinished, ScanPhase, Warned
from symscan.model.instant import MINUTE
from symscan.recording.session_log import SessionRecord, Step
from symscan.runtime.recovery.undelivered import undelivered

SESSION = make_session()
OPEN = SESSION.open
ABOUT = {"base": "1m"}


@pytest.fixture
def record(tmp_path: Path) -> Iterator[SessionRecord]:
    with closing(SessionRecord.create(tmp_path / "record.sqlite", ABOUT)) as record:
        yield record


def _scan(minute: int, *symbols: str, new: tuple[bool, ...] = ()) -> ScanFinished:
    unknown = np.full(len(symbols), np.nan)
    hits = Hits(symbols, np.array(new, np.bool_), unknown, unknown, unknown, unknown, unknown, unknown)
    at = OPEN + minute * MINUTE
    return ScanFinished(at, "gap", ScanPhase.REGULAR, Outcome.OK, 9, 9, 0, hits, 1.0)


def _commit(record: SessionRecord, minute: int, *events: Event) -> int:
    step = Step("slice", OPEN + minute * MINUTE, OPEN + minute * MINUTE, 0, False, bars=b"", answers=b"")
    return record.commit(step, SESSION, events)


def test_new_hits_that_were_stored_and_not_ticked_off_are_listed(record: SessionRecord) -> None:
    told = _commit(record, 1, _scan(1, "A", new=(True,)))
    record.mark_delivered(told)
    _commit(record, 2, Warned(OPEN, "hm"), _scan(2, "A", "B", "C", new=(False, True, True)))
    _commit(record, 3, _scan(3, "A", new=(False,)), _scan(3))
    assert undelivered(record, SESSION) == ["perhaps not told before the process ended: 09:32 gap: B, C"]


def test_once_said_there_are_none(record: SessionRecord) -> None:
    _commit(record, 1, _scan(1, "A", new=(True,)))
    assert len(undelivered(record, SESSION)) == 1
    assert len(undelivered(record, SESSION)) == 1  # whoever was killed before it was said
    record.mark_all_delivered()
    assert undelivered(record, SESSION) == []
