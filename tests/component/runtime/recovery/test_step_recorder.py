"""A session that was broken off at any step and resumed is the session that never was."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, FunctionScanner
from support.harness import SESSION
from support.recorded_session import ABOUT, Happening, RecordedSession, Seeker
from symscan.model.events.feed import BarsCorrected
from symscan.model.events.session import ScanFinished, SymbolAdded, SymbolLocked, Warned
from symscan.recording.session_log import SessionRecord
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner

SCRIPT = [
    *(Happening(minute) for minute in (-2, -1, 0, 1)),
    Happening(2, withheld=("A",)),
    Happening(2, late=((2, "A"),), is_between=True),
    Happening(3, news="the line crackled"),
    *(Happening(minute) for minute in (4, 5)),
    Happening(5, is_between=True, news="between two slices"),
    Happening(6, withheld=("A",)),
    Happening(7),
    Happening(7, late=((6, "A"),), is_between=True),
    *(Happening(minute) for minute in (8, 9, 10)),
]


def _due(*minutes: int) -> DueTimes:
    return DueTimes((), tuple(SESSION.open + minute * MINUTE for minute in minutes))


def _scanners() -> list[ManagedScanner]:
    """One asks for whatever there is, one finds a symbol whose data cannot be loaded, one raises."""
    wishes = {
        0: ("lock_symbol", "A", "liked"),
        1: ("add_symbol", "Z"),
        2: ("add_historical_bars", "B", "1m", 2),
        3: ("remove_symbol", "B"),
        4: ("unlock_symbol", "A"),
    }
    seeker = Seeker({0: ["A"], 1: ["B", "A"], 4: ["B"]}, wishes)
    return [
        ManagedScanner("seeker", seeker, _due(1, 2, 3, 5, 7, 8)),
        ManagedScanner("cut", Seeker({0: ["C"], 1: ["A"]}, {}), _due(2, 6)),
        ManagedScanner("broken", FunctionScanner(["A"], lambda _: 1 / 0), _due(3, 4)),
    ]


def _session(path: Path, first: int = 0, **more: Any) -> RecordedSession:
    return RecordedSession(path, SCRIPT, more.pop("scanners", None) or _scanners(), first, **more)


@pytest.fixture
def whole(tmp_path: Path) -> RecordedSession:
    """A session that never broke off."""
    session = _session(tmp_path / "whole.sqlite")
    session.run()
    return session


def test_the_story_has_what_makes_resuming_hard(whole: RecordedSession) -> None:
    """Else the tests below would hold for nothing."""
    told = whole.told
    added = [(event.symbol, event.at > SESSION.open + MINUTE) for event in told.of(SymbolAdded)]
    assert added[:2] == [("A", False), ("B", True)]
    assert len(told.of(SymbolLocked)) == 1
    assert len(told.of(BarsCorrected)) == 2
    assert {scan.outcome for scan in told.of(ScanFinished)} == {"ok", "failed"}
    assert any(scan.decided_at > scan.at for scan in told.of(ScanFinished))
    assert "its data could not be loaded: the line was cut" in str(told.events)


@pytest.mark.parametrize("delay", [0, 1, 2.5])
@pytest.mark.parametrize("played", range(len(SCRIPT) + 1))
def test_broken_off_anywhere_and_resumed(tmp_path: Path, played: int, delay: float) -> None:
    path, other = tmp_path / "broken.sqlite", tmp_path / "whole.sqlite"
    whole = _session(other, delay=delay)
    whole.run()
    broken = _session(path, delay=delay)
    broken.play(played)
    resumed = _session(path, played, delay=delay)
    resumed.run()
    assert resumed.lines() == whole.lines()
    np.testing.assert_equal(resumed.state(), whole.state())
    assert [type(event) for event in resumed.told.events] == [type(event) for event in whole.told.events]
    assert resumed.told.of(Warned) == whole.told.of(Warned)


def test_broken_off_again_and_again(tmp_path: Path, whole: RecordedSession) -> None:
    path = tmp_path / "broken.sqlite"
    for played in range(0, len(SCRIPT) + 1, 2):
        _session(path, max(0, played - 2)).play(played)
    resumed = _session(path, len(SCRIPT))
    resumed.run()
    assert resumed.lines() == whole.lines()
    np.testing.assert_equal(resumed.state(), whole.state())


def test_what_was_announced_is_not_announced_again(tmp_path: Path, whole: RecordedSession) -> None:
    path = tmp_path / "broken.sqlite"
    broken = _session(path)
    broken.play(9)
    resumed = _session(path, 9)
    resumed.run()
    announced = [*broken.announced.events, *resumed.announced.events]
    assert [repr(type(event)) for event in announced] == [repr(type(event)) for event in whole.told.events]
    assert [event.at for event in announced] == [event.at for event in whole.told.events]
    assert broken.record.path == path
    assert resumed.record.undelivered() == []


def test_no_scan_is_done_twice(tmp_path: Path, whole: RecordedSession) -> None:
    path = tmp_path / "broken.sqlite"
    broken = _session(path)
    broken.play(9)
    resumed = _session(path, 9)
    resumed.run()
    done = [*broken.execution.carried_out, *resumed.execution.carried_out]
    scans = sorted(one for one in done if one[1] != "setup")
    assert scans == sorted(one for one in whole.execution.carried_out if one[1] != "setup")
    assert [one[0] for one in resumed.execution.carried_out if one[1] == "setup"] == [
        "seeker",
        "cut",
        "broken",
    ]


def test_symbols_of_the_tape_are_not_prepared_again(tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"
    broken = _session(path)
    broken.play(9)
    # B's candidates were placed before the stream.
    assert not any("B" in one for one in broken.market.prepared)
    resumed = _session(path, 9)
    resumed.play(8)
    assert resumed.market.prepared == []


def test_an_empty_moment_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    script = [Happening(1), *[Happening(1, is_between=True)] * 3, Happening(2)]
    session = RecordedSession(path, script, [])
    session.play(5)
    again = RecordedSession(path, script, [], first=5)
    assert [step.kind for step in again.record.steps()] == ["prepare", "slice", "slice"]
    again.play(2)
    assert again.told.of(Warned) == []


def test_who_hung_when_the_process_ended_hangs_no_more(tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"

    def hanging() -> list[ManagedScanner]:
        return [ManagedScanner("slow", Seeker({1: ["B"]}, {}), _due(1, 4, 6))]

    broken = _session(path, scanners=hanging(), never=("slow",))
    broken.play(8)
    resumed = _session(path, 8, scanners=hanging())
    resumed.run()
    scans = [(scan.at, str(scan.outcome)) for scan in resumed.told.of(ScanFinished)]
    outcomes = zip((1, 4, 6), ("timed_out", "skipped", "ok"), strict=True)
    assert scans == [(SESSION.open + minute * MINUTE, outcome) for minute, outcome in outcomes]


def test_a_session_that_differs_says_so(tmp_path: Path) -> None:
    """A universe that changed since: every symbol still has its own bars, and what differs is told."""
    path = tmp_path / "broken.sqlite"
    _session(path).play(9)
    with closing(SessionRecord.resume(path, ABOUT)) as record:
        record.update_meta(modules={"mine.py": "a digest of what it held"})
    others = _scanners()
    others[0].scanner._universe[:] = ["C", "B", "A"]
    resumed = _session(path, 9, scanners=others)
    resumed.run()
    said = [event.message for event in resumed.told.of(Warned) if "differs" in event.message]
    rows = resumed.data.symbols.rows(["A", "B"])
    assert rows.tolist() == [2, 1]
    assert resumed.data.regular.grid.blocks[0].fields[3, rows].tolist() == [10.0, 50.0]
    assert "now came" in said[0]
    (warned,) = [one.message for one in resumed.announced.of(Warned) if "the resumed steps" in one.message]
    assert "(mine.py has changed since the session ran it)" in warned


def test_scanners_that_ask_for_less_than_was_recorded_go_on(tmp_path: Path) -> None:
    """The user mended a scanner before the session was resumed: loads that ended were never begun now."""
    path = tmp_path / "broken.sqlite"
    _session(path).play(9)
    mended = [ManagedScanner(one.name, FunctionScanner(["A"]), _due(1, 2, 8)) for one in _scanners()]
    resumed = _session(path, 9, scanners=mended)
    resumed.run()
    assert resumed.told.of(ScanFinished)[-1].at == SESSION.open + 8 * MINUTE
    assert any("differs from the record" in one.message for one in resumed.told.of(Warned))


def test_a_moment_must_be_committed(tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"
    _session(path).play(4)
    resumed = _session(path, 4)
    resumed.coordinator.prepare()
    moments = resumed.coordinator.slices()
    next(moments)
    with pytest.raises(RuntimeError, match="not committed"):
        next(moments)
