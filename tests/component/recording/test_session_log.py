from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, make_session
from symscan.errors import DataError
from symscan.model.events.session import Event, SymbolAdded, Warned
from symscan.recording.bar_codec import BarGroup, Origin, pack
from symscan.recording.bars import bars, late_bars
from symscan.recording.database import Waiting
from symscan.recording.session_log import SessionRecord, Step

SESSION = make_session()
ABOUT = {"base": "1m", "config": "{\n  'a': 1\n}", "date": "2018-02-27"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


@pytest.fixture
def record(path: Path) -> Iterator[SessionRecord]:
    record = SessionRecord.create(path, ABOUT)
    yield record
    record.close()


def _step(minute: int, *groups: BarGroup, kind: str = "slice", at: int | None = None) -> Step:
    return Step(kind, SESSION.open + minute * MINUTE, at, bars=pack(groups))


def _bars(record: SessionRecord, origin: Origin, minute: int, prices: dict[str, float]) -> BarGroup:
    fields = np.array([[price] * 5 for price in prices.values()]).T
    return BarGroup(origin, record.numbers(tuple(prices)), np.array([SESSION.open + minute * MINUTE]), fields)


def _warned(text: str) -> list[Event]:
    return [Warned(SESSION.open, text)]


def test_steps_and_what_came_of_them_come_back(record: SessionRecord, path: Path) -> None:
    steps = [Step("prepare", 5), Step("slice", 6, 7, 1, True, b"bars", b"answers"), Step("between", 6, 9)]
    for number, step in enumerate(steps, start=1):
        assert record.commit(step, SESSION, _warned(f"of step {number}")) == number
    record.close()
    again = SessionRecord.resume(path, ABOUT)
    assert list(again.steps()) == steps
    assert ['"message":"of step 2"' in line for line in again.lines(2)] == [True]
    assert (again.last, again.last_slice()) == (3, 6)
    again.close()


def test_what_was_not_told_is_listed(record: SessionRecord) -> None:
    for text in ("told", "stored only"):
        record.commit(_step(1), SESSION, _warned(text))
    record.commit(_step(2), SESSION, [])  # nothing to tell
    record.mark_delivered(1)
    ((seq, line),) = record.undelivered()
    assert seq == 2
    assert "stored only" in line
    record.mark_delivered(2)
    assert record.undelivered() == []


def test_the_last_that_came_of_a_bar_stands(record: SessionRecord) -> None:
    first = _bars(record, Origin.SLICE, 1, {"B": 1.0, "A": 2.0})
    caught_up = _bars(record, Origin.CATCH_UP, 1, {"AB": 3.0})
    late = _bars(record, Origin.LATE, 1, {"C": 4.0})
    corrected = _bars(record, Origin.CORRECTED, 1, {"A": 5.0})
    record.commit(_step(1, first), SESSION, [])
    record.commit(_step(2, _bars(record, Origin.SLICE, 2, {"A": 6.0}), caught_up), SESSION, [])
    arrival = SESSION.open + 2 * MINUTE + 5
    record.commit(_step(2, late, corrected, kind="between", at=arrival), SESSION, [])
    known = [(row[0], row[1].minute, row[5]) for row in bars(record).iter_rows()]
    assert known == [("A", 30, 5.0), ("A", 31, 6.0), ("AB", 30, 3.0), ("B", 30, 1.0), ("C", 30, 4.0)]
    rows = late_bars(record).select("symbol", "close", "origin", "arrived_at").rows()
    assert [row[:3] for row in rows] == [("C", 4.0, "late"), ("A", 5.0, "corrected")]
    assert {row[3].microsecond for row in rows} == {5}


def test_a_record_without_bars_has_none(record: SessionRecord) -> None:
    assert bars(record).columns == ["symbol", "start", "open", "high", "low", "close", "volume"]
    assert bars(record).height == late_bars(record).height == 0


def test_others_may_read_while_it_is_written(record: SessionRecord, path: Path) -> None:
    record.commit(_step(1), SESSION, _warned("seen"))
    reader = SessionRecord.read(path)
    record.commit(_step(2), SESSION, [])
    assert reader.last == 1
    assert reader.meta["status"] == "running"
    reader.close()


def test_much_is_moved_into_the_file(record: SessionRecord, path: Path) -> None:
    for minute in range(5):
        record.commit(Step("slice", minute, answers=bytes(1_500_000)), SESSION, [])
        record.checkpoint_if_large()
    assert path.stat().st_size > 4_000_000


# -- opening -------------------------------------------------------------------------------------


def _message(path: Path, about: dict[str, Any] = ABOUT) -> str:
    with pytest.raises(DataError) as caught:
        SessionRecord.resume(path, about)
    return str(caught.value)


@pytest.mark.usefixtures("record")
def test_an_existing_record_is_not_replaced(path: Path) -> None:
    with pytest.raises(DataError, match="--resume"):
        SessionRecord.create(path, ABOUT)


def test_two_cannot_write_one_record(record: SessionRecord, path: Path) -> None:
    assert "a running process is writing" in _message(path)
    record.close()
    SessionRecord.resume(path, ABOUT).close()


def test_a_record_of_another_session_is_refused(record: SessionRecord, path: Path) -> None:
    record.close()
    assert "'2018-02-27' as date, this one '2018-02-28'" in _message(path, {**ABOUT, "date": "2018-02-28"})
    assert "line 2 of the config" in _message(path, {**ABOUT, "config": "{\n  'a': 2\n}"})
    SessionRecord.resume(path, ABOUT).close()  # a refusal holds no lock


def test_the_format_is_checked(record: SessionRecord, path: Path) -> None:
    record.update_meta(version=99)
    record.close()
    assert "version 99" in _message(path)


def test_a_file_that_is_no_record(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be taken for one" * 9)
    assert "no record of a session" in _message(path)


def test_a_database_of_something_else(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    other.close()
    assert "no record of a session" in _message(path)


def test_a_session_that_was_killed_before_it_began_begins(path: Path) -> None:
    path.touch()
    record = SessionRecord.resume(path, ABOUT)
    assert (record.last, record.meta["date"]) == (0, "2018-02-27")
    record.close()


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    assert "cannot be written" in _message(tmp_path / "none" / "session.sqlite")


def test_reading_what_is_not_there(path: Path) -> None:
    with pytest.raises(DataError, match="there is no record"):
        SessionRecord.read(path)


# -- being killed --------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from support.builders import make_session
from symscan.model.events.session import SymbolAdded
from symscan.recording.session_log import SessionRecord, Step
record, session = SessionRecord.resume(Path(sys.argv[1]), {}), make_session()
for seq in range(record.last + 1, 100_000):
    events = [SymbolAdded(seq, f"S{n}", f"step {seq}", seq) for n in range(seq % 4)]
    record.numbers([f"S{seq}", f"T{seq % 3}"])
    record.commit(Step("slice", seq, answers=bytes([seq % 256]) * 20_000), session, events)
    print(seq, flush=True)
    record.mark_delivered(seq)
    record.checkpoint_if_large()
"""


@pytest.mark.slow
def test_a_kill_at_any_instant_leaves_whole_steps(path: Path) -> None:
    """Killed again and again between and inside commits: what was said to be stored is, once, and whole."""
    said = 0
    for lines in (1, 7, 40, 3, 120):
        said = max(said, _killed_after(lines, path))
    record = SessionRecord.read(path)
    assert record.last in (said, said + 1)
    for seq, step in enumerate(record.steps(), start=1):
        assert (step.end, step.answers) == (seq, bytes([seq % 256]) * 20_000)
        assert len(record.lines(seq)) == seq % 4
    assert len(record.symbols) == len(set(record.symbols))
    assert set(record.symbols) >= {f"S{seq}" for seq in range(1, record.last + 1)}
    assert len({seq for seq, _ in record.undelivered()}) <= 5  # at most the last of each run
    record.close()


def _killed_after(lines: int, path: Path) -> int:
    """The last step that a writer said was stored before it was killed."""
    tests = Path(__file__).parents[2]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, str(path), str(tests)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            said = writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().splitlines()
    return int([said, *rest][-1])


def test_events_are_stored_as_the_journal_writes_them(record: SessionRecord) -> None:
    record.commit(_step(1), SESSION, [SymbolAdded(SESSION.open, "Ä", "config", SESSION.open)])
    (line,) = record.lines(1)
    assert line == (
        '{"session":"2018-02-27","at":"2018-02-27T14:30:00Z","event":"symbol_added",'
        '"symbol":"Ä","holder":"config","ready_at":"2018-02-27T14:30:00Z"}\n'
    )


# -- being locked by others, and growing ---------------------------------------------------------


def test_a_record_that_is_locked_is_waited_for_and_named(path: Path) -> None:
    said: list[str] = []

    def notice(line: str) -> None:
        said.append(line)
        other.execute("ROLLBACK")  # the browser is closed

    record = SessionRecord.create(path, ABOUT, Waiting(notice, before_notice_seconds=0.02))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert record.commit(_step(1), SESSION, _warned("after all")) == 1
    assert said == [f"{path}: another program has locked the session's record; waiting for it"]
    other.close()
    record.close()


def test_a_record_that_stays_locked_is_given_up(path: Path) -> None:
    record = SessionRecord.create(path, ABOUT, Waiting(before_notice_seconds=0.01, limit_seconds=0.03))
    record.commit(_step(1), SESSION, [])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DataError, match=r"another program has locked the session's record .*; close it"):
        record.commit(_step(2), SESSION, [])
    other.execute("ROLLBACK")
    other.close()
    assert record.commit(_step(2), SESSION, []) == 2
    record.close()


def test_the_log_beside_the_record_stays_small(record: SessionRecord, path: Path) -> None:
    """Whatever fills it: bars, or what is told of a scan that found very much."""
    sizes = []
    for minute in range(12):
        seq = record.commit(_step(minute), SESSION, _warned("x" * 1_000_000))
        record.mark_delivered(seq)
        record.checkpoint_if_large()
        sizes.append(path.with_name(f"{path.name}-wal").stat().st_size)
    assert max(sizes) < 6_000_000
    assert path.stat().st_size > 8_000_000
