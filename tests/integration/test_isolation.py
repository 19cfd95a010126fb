"""Scanners in processes of their own: the same hits, whatever a neighbour does to its process."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.harness import SESSION, MemorySession
from support.waiting import LIMIT, JumpingClock, wait_for_file
from symscan.model.bar import InterimUpdate
from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDisabled, ScannerDone
from symscan.model.instant import MINUTE
from symscan.runtime.building.plugins import load_scanner, load_screen
from symscan.scanners.base import BaseScanner
from symscan.scanners.execution.inline import Execution
from symscan.scanners.execution.process import worker
from symscan.scanners.execution.process.scanner import ProcessScanner
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.scanners.screens.criteria import Screen

pytestmark = pytest.mark.slow

MINUTES = tuple(SESSION.open + minute * MINUTE for minute in range(1, 10))

LOOKING = '''
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Looks at everything there is to look at, and asks for more on the way."""

    def setup(self, context):
        view = context.session_data
        self._universe = ["A", "B", "C"]
        view.add_indicator(self._universe, "sma_2_1m")
        view.add_session_bars(self._universe, "5m")
        view.add_historical_bars(self._universe, "1m", 2)
        self.seen = []
        return True

    def scan(self, context):
        view = context.session_data
        self.seen.append(context.current_time.minute)
        if len(self.seen) == 3:
            view.add_indicator(self._universe, "ema_3_1m")
            view.lock_symbol("A", "watched")
        found = [one for one in view.symbols if view.get_latest_price(one) > 0]
        return ScanResult(found, {one: self.told(view, one) for one in found})

    def told(self, view, symbol):
        return {
            "scans": len(self.seen),
            "last": view.get_latest_bar(symbol).close,
            "bars": [bar.close for bar in view.get_bars(symbol, "1m", 20)],
            "fives": [bar.volume for bar in view.get_bars(symbol, "5m", 20)],
            "sma": view.get_indicator(symbol, "sma_2_1m"),
            "ema": view.get_indicator(symbol, "ema_3_1m"),
            "locked": view.is_symbol_locked("A"),
            "members": view.get_active_symbols(),
            "open": float(view.frame(["open"], [symbol])["open"][0] or 0),
        }
'''

BAD = '''
import os
import pathlib
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Harms its process at one minute of the hour, else finds A."""

    def setup(self, context):
        self._universe = ["A"]
        self.scans = 0
        return self.harm("setup")

    def scan(self, context):
        self.scans += 1
        self.harm(context.current_time.minute)
        return ScanResult(["A"], {"A": {"scans": self.scans}})

    def teardown(self, context):
        self.harm("teardown")

    def harm(self, when):
        if when == self.config["when"]:
            if self.config["how"] == "exit":
                os._exit(7)
            pathlib.Path(self.config["mark"]).touch()
            while True:
                pass
        return True
'''

Make = Callable[[], BaseScanner]
Way = Callable[[Make], BaseScanner]


@dataclass(frozen=True)
class Project:
    """A folder of scanners, and what makes them."""

    folder: Path

    def looking(self) -> Make:
        return partial(load_scanner, "looking", "looking", {}, (self.folder,))

    def bad(self, when: int | str, how: str = "exit") -> Make:
        config = {"when": when, "how": how, "mark": str(self.mark)}
        return partial(load_scanner, "bad", "bad", config, (self.folder,))

    @property
    def mark(self) -> Path:
        """Is there once the bad one spins."""
        return self.folder / "spins"

    def screen(self) -> Make:
        screen = Screen("close > 10 AND sma_2_1m > 10", rank="volume", show=("change_pct",))
        return partial(load_screen, screen, str(self.folder / "abc.txt"), ())

    def builtin(self) -> Make:
        config = {"universe": str(self.folder / "abc.txt"), "min_gap_percent": 0.1, "max_age_minutes": None}
        return partial(load_scanner, "gap", "gap", config, ())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "looking.py").write_text(LOOKING)
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "abc.txt").write_text("A\nB\nC\n")
    return Project(tmp_path)


@pytest.fixture
def isolated() -> Iterator[Way]:
    """Gives scanners processes of their own, of which none is left at the end of the test."""
    made: list[ProcessScanner] = []

    def isolate(make: Make) -> BaseScanner:
        made.append(ProcessScanner(make, {}))
        return made[-1]

    yield isolate
    for scanner in made:
        scanner.close()


def _here(make: Make) -> BaseScanner:
    return make()


def _patient(project: Project) -> Execution:
    return ThreadedExecution(lambda: None, waits_for_session=True, monotonic=JumpingClock(project.mark))


def _played(scanners: dict[str, BaseScanner], execution: Execution | None = None) -> list[Event]:
    played = MemorySession(_managed(scanners), execution=execution)
    played.coordinator.run()
    return played.told.events


def _managed(scanners: dict[str, BaseScanner]) -> list[ManagedScanner]:
    """The bad one times out as soon as it spins, its neighbours never."""
    due = DueTimes((SESSION.open,), MINUTES)
    never = 10 * JumpingClock.AHEAD
    return [
        ManagedScanner(name, scanner, due, 1000.0 if name == "bad" else never)
        for name, scanner in scanners.items()
    ]


def _played_slowly(project: Project, scanners: dict[str, BaseScanner]) -> list[Event]:
    """A session whose minutes are so long that every scanner is back before the next."""
    woken = threading.Event()
    execution = ThreadedExecution(woken.set, waits_for_session=True, monotonic=JumpingClock(project.mark))
    played = MemorySession(_managed(scanners), execution=execution)
    played.coordinator.prepare()
    for moment in played.coordinator.slices():
        played.coordinator.process(moment)
        while any(map(execution.is_busy, scanners)):
            assert woken.wait(LIMIT)
            woken.clear()
            played.coordinator.process(InterimUpdate())
    return played.told.events


def _of(events: Iterable[Event], kind: type[Event], name: str) -> list[Any]:
    return [one for one in events if isinstance(one, kind) and getattr(one, "scanner", None) == name]


def _scans(events: Iterable[Event], name: str) -> list[str]:
    """A scanner's scans, as text: unknown equals unknown."""
    return [
        repr((one.at, one.outcome, one.universe, one.unknown, one.error, _hits(one)))
        for one in _of(events, ScanFinished, name)
    ]


def _hits(scan: ScanFinished) -> list[object]:
    hits = scan.hits
    arrays = (hits.new, hits.price, hits.change_pct, hits.gap_pct, hits.volume, hits.last_bar_end)
    return [hits.symbols, dict(hits.metadata), *(one.tolist() for one in arrays)]


def _outcomes(events: Iterable[Event], name: str) -> list[Outcome]:
    return [one.outcome for one in _of(events, ScanFinished, name)]


def _children() -> list[str]:
    """The processes this one started that have not ended."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "stat=,args=", "--ppid", str(os.getpid())],  # whole, whatever COLUMNS says
        capture_output=True,
        text=True,
        check=False,
    )
    return [one for one in listed.stdout.splitlines() if worker.__name__ in one and one[0] != "Z"]


def test_hits_are_those_of_a_backtest(project: Project, isolated: Way) -> None:
    makers = {"looking": project.looking(), "screen": project.screen(), "gap": project.builtin()}
    backtest = _played({name: make() for name, make in makers.items()})
    threads = _played({name: make() for name, make in makers.items()}, _patient(project))
    processes = _played({name: isolated(make) for name, make in makers.items()}, _patient(project))
    for name in makers:
        expected = _scans(backtest, name)
        assert len(expected) == 10
        assert any(one.hits.symbols for one in _of(backtest, ScanFinished, name)), name
        assert _scans(threads, name) == expected
        assert _scans(processes, name) == expected
    told = [
        [repr(one) for one in events if "Locked" in type(one).__name__] for events in (backtest, processes)
    ]
    assert told[0] == told[1]
    assert told[0]


@pytest.mark.parametrize("how", ["exit", "spin"])
def test_a_process_that_harms_itself_fails_one_scan_and_harms_no_neighbour(
    project: Project, isolated: Way, how: str
) -> None:
    alone = _played({"looking": project.looking()()}, _patient(project))
    scanners = {"bad": isolated(project.bad(34, how)), "looking": project.looking()()}
    events = _played_slowly(project, scanners)
    bad = _of(events, ScanFinished, "bad")
    fault = Outcome.FAILED if how == "exit" else Outcome.TIMED_OUT
    assert _outcomes(events, "bad") == [Outcome.OK] * 4 + [fault] + [Outcome.OK] * 5
    assert bad[4].error in {
        "its process ended (exit code 7)",
        "scan() took longer than its timeout_seconds (1000)",
    }
    # What it counted before is not lost with its process; the scan that ended it counts for nothing.
    assert [one.hits.metadata.get("A", {}).get("scans") for one in bad] == [1, 2, 3, 4, None, 5, 6, 7, 8, 9]
    assert [one.scans for one in _of(events, ScannerDone, "bad")] == [10]
    assert _scans(events, "looking") == _scans(alone, "looking")


def test_a_setup_that_spins_disables_its_scanner(project: Project, isolated: Way) -> None:
    scanners = {"bad": isolated(project.bad("setup", "spin")), "looking": project.looking()()}
    events = _played(scanners, _patient(project))
    assert [one.reason for one in _of(events, ScannerDisabled, "bad")] == [
        "setup() took longer than its timeout_seconds (1000)"
    ]
    assert _outcomes(events, "looking") == [Outcome.OK] * 10


@pytest.mark.parametrize("how", ["exit", "spin"])
def test_a_teardown_that_harms_its_process_ends_the_session_all_the_same(
    project: Project, isolated: Way, how: str
) -> None:
    events = _played({"bad": isolated(project.bad("teardown", how))}, _patient(project))
    assert _outcomes(events, "bad") == [Outcome.OK] * 10
    (done,) = _of(events, ScannerDone, "bad")
    assert "its process ended" in done.error or "took longer" in done.error


def test_a_session_that_ends_while_one_spins_is_not_held_up(project: Project, isolated: Way) -> None:
    scanners = {"bad": isolated(project.bad(30, "spin"))}
    others = set(threading.enumerate())
    played = MemorySession(_managed(scanners), execution=ThreadedExecution(lambda: None))
    played.until(1)
    wait_for_file(project.mark)
    assert len(_children()) == 1
    events = played.manager.teardown_all(limit_seconds=0.5)  # returns, although the scan has not timed out
    assert len(_of(events, ScannerDone, "bad")) == 1
    for thread in set(threading.enumerate()) - others:  # the one that waited for it starts no other process
        thread.join(LIMIT)
    assert _children() == []


def test_no_process_outlives_its_session(project: Project) -> None:
    scanners = {"looking": ProcessScanner(project.looking(), {}), "bad": ProcessScanner(project.bad(39), {})}
    events = _played({**scanners}, _patient(project))
    assert {one.scanner for one in events if isinstance(one, ScannerDone)} == set(scanners)
    assert _children() == []
