"""Sessions that are broken off, still run or were tampered with, and scans that do not end."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from support.live_replay import parity_of, play_backtest, play_live, same
from support.projects import HALF_DAY, PROJECTS, UNIVERSE, Project, module, screen
from support.waiting import LIMIT, JumpingClock, TickingClock
from symscan.errors import DataError
from symscan.parity.compare import Parity
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.sources.replay.feed import ReplayFeed

SLOW = """
import pathlib
import signal
import threading
import time

from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        over = pathlib.Path(self.config["over"])
        if context.current_time.strftime("%H:%M") == self.config["hangs_at"] and not over.exists():
            pathlib.Path(self.config["hangs"]).touch()
            if threading.current_thread() is threading.main_thread():  # a backtest: its alarm goes off now
                signal.setitimer(signal.ITIMER_REAL, 0.001)
            while not over.exists():
                time.sleep(0.001)
        return ScanResult(self._universe[:3])
"""
SPEED = 1e6
LATE = "late=0.05:90s"
SCREENS = Project([screen("up", "close > vwap", "5m"), screen("best", "volume > 0", rank="volume", take=3)])


def _without_first(hits: dict[str, Any]) -> None:
    for name, column in hits.items():
        if name == "metadata":
            hits[name] = {key: values[1:] for key, values in column.items()}
        else:
            hits[name] = column[1:]


def _with_price(hits: dict[str, Any]) -> None:
    hits["price"][0] += 0.01


def _with_previous_close(hits: dict[str, Any]) -> None:
    hits["previous_close"][0] += 0.01


def _changed(path: Path, change: Callable[[dict[str, Any]], object], scanner: str, at: str) -> int:
    """Change what a record says of a scan; returns how often it did."""
    changed = 0
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT seq, n, record FROM events WHERE kind = 'scan_finished'").fetchall()
    for seq, n, text in rows:
        record = json.loads(text)
        if (record["scanner"], record["at"]) == (scanner, at):
            change(record["hits"])
            values = (json.dumps(record), seq, n)
            changed += connection.execute(
                "UPDATE events SET record = ? WHERE seq = ? AND n = ?", values
            ).rowcount
    connection.commit()
    connection.close()
    return changed


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    """A run with late bars, all of whose differences are explained."""
    folder = tmp_path_factory.mktemp("faulty")
    play_live(folder, SCREENS.at(folder), store, HALF_DAY, "late=0.01:90s")
    assert parity_of(folder).unexplained == 0
    return folder


def _parity_of_copy(
    faulty: Path, folder: Path, change: Callable[[dict[str, Any]], object], at: str
) -> Parity:
    shutil.copytree(faulty, folder, dirs_exist_ok=True)
    assert _changed(folder / "live" / "session.sqlite", change, "up", at) == 1
    return parity_of(folder)


@pytest.mark.parametrize("change", [_without_first, _with_price, _with_previous_close])
def test_what_was_tampered_with_has_no_cause(
    change: Callable[[dict[str, Any]], object], faulty: Path, tmp_path: Path
) -> None:
    before = parity_of(faulty)
    explained = {(one.at, one.symbol) for one in before.differences if one.scanner == "up"}
    hits = {"2018-11-23T15:30:00Z": "LIQ00", "2018-11-23T16:00:00Z": "LIQ00"}
    at = next(at for at in hits if not any(one[0] == at for one in explained))
    parity = _parity_of_copy(faulty, tmp_path, change, at)
    (found,) = [one for one in parity.differences if one.cause is None]
    assert (found.at, found.scanner) == (at, "up")
    assert parity.by_cause()["unexplained"] == 1


@pytest.mark.slow
def test_a_session_that_still_runs_or_was_killed(tmp_path: Path, store: Path) -> None:
    compared: list[Parity] = []

    def look(slices: int) -> None:
        if slices == 120:
            compared.append(parity_of(tmp_path))
            (tmp_path / "killed").mkdir()
            for file in (tmp_path / "live").glob("session.sqlite*"):
                shutil.copy(file, tmp_path / "killed")

    config = PROJECTS["own"].at(tmp_path)
    play_live(tmp_path, config, store, HALF_DAY, LATE, look=look)
    compared += [parity_of(tmp_path, "killed"), parity_of(tmp_path)]
    assert [one.is_over for one in compared] == [False, False, True]
    assert [one.unexplained for one in compared] == [0, 0, 0]
    assert compared[0].differences == compared[1].differences
    assert 0 < compared[0].scans < compared[2].scans
    assert compared[0].until < compared[2].until


@pytest.mark.slow
@pytest.mark.parametrize(("name", "until"), [("own", 77), ("trading", 150)])
def test_a_session_that_went_on(name: str, until: int, tmp_path: Path, store: Path) -> None:
    config = PROJECTS[name].at(tmp_path)
    play_live(tmp_path, config, store, HALF_DAY, until=until)
    broken_off = parity_of(tmp_path)
    live = play_live(tmp_path, config, store, HALF_DAY, resume=True)
    assert broken_off.differences == () and not broken_off.is_over
    assert parity_of(tmp_path).differences == ()
    same(live, play_backtest(tmp_path, config, store, HALF_DAY))


class Hanging:
    """A scanner that hangs at one scan until it is let go, and the clock by which it then has timed out."""

    def __init__(self, folder: Path, hangs_at: str) -> None:
        self._hangs, self._over = folder / "hangs", folder / "over"
        self._is_back = threading.Event()
        (folder / "slow.py").write_text(SLOW)
        config = {"over": str(self._over), "hangs": str(self._hangs), "hangs_at": hangs_at}
        self.scanner = module("slow", "10m", timeout_seconds=1000.0, config=config)

    def make_execution(self, wake: Callable[[], None], **more: Any) -> ThreadedExecution:
        def woken() -> None:
            self._is_back.set()
            wake()

        return ThreadedExecution(woken, monotonic=JumpingClock(self._hangs), **more)

    def let_go(self) -> None:
        """Let the scan end where it hangs in a backtest, too."""
        self._over.touch()

    def let_come_back(self) -> None:
        """Let the scan end, and wait until the session can know."""
        self._is_back.clear()
        self.let_go()
        assert self._is_back.wait(LIMIT)


@pytest.mark.slow
def test_a_scan_that_never_ends(tmp_path: Path, store: Path) -> None:
    hanging = Hanging(tmp_path, "10:00")
    config = Project([hanging.scanner, screen("up", "close > vwap")]).at(tmp_path)
    play_live(tmp_path, config, store, HALF_DAY, make_execution=hanging.make_execution)
    stuck = parity_of(tmp_path)
    hanging.let_go()
    free = parity_of(tmp_path)
    assert stuck.unexplained == free.unexplained == 0
    assert {one.scanner for one in (*stuck.differences, *free.differences)} == {"slow"}
    assert set(stuck.by_cause()) == {"overlap"}  # it timed out in the backtest, too
    assert set(free.by_cause()) == {"overlap", "timeout"}
    assert all(one.kind == "scan" for one in free.differences)


def test_what_follows_from_a_timeout(tmp_path: Path, store: Path) -> None:
    """Who is found first by a scan that timed out is not new to the next one, in a backtest."""
    hanging = Hanging(tmp_path, "09:30")

    def look(moments: int) -> None:
        if moments == 60:  # after the scans of 09:40 to 10:10 were skipped
            hanging.let_come_back()

    config = Project([hanging.scanner]).at(tmp_path)
    play_live(tmp_path, config, store, HALF_DAY, look=look, make_execution=hanging.make_execution)
    parity = parity_of(tmp_path)
    assert parity.unexplained == 0
    kinds = {one.kind for one in parity.differences}
    assert kinds == {"scan", "hit", "readiness"}
    new = [one for one in parity.differences if one.kind == "hit"]
    assert {one.symbol for one in new} == set(UNIVERSE[:3])
    assert all((one.live, one.backtest) == ("new", "not new") for one in new)
    assert all(one.cause and one.cause.text.startswith("from 09:30 on: timed out") for one in new)


@pytest.mark.slow
def test_a_module_that_changed_since_is_named(tmp_path: Path, store: Path) -> None:
    config = PROJECTS["own"].at(tmp_path)
    play_live(tmp_path, config, store, HALF_DAY)
    with (tmp_path / "seeker.py").open("a") as file:
        file.write("\n# changed\n")
    changed = parity_of(tmp_path).changed
    assert [Path(file).name for file in changed] == ["seeker.py"]


@pytest.mark.slow
def test_at_a_finite_speed_all_that_differs_is_the_pace(tmp_path: Path, store: Path) -> None:
    live = {"lag_seconds": 86_400, "quiet_ms": 1, "grace_seconds": 60, "closing_seconds": 60}
    config = SCREENS.at(tmp_path, live_config=live)
    backtest = play_backtest(tmp_path, config, store, HALF_DAY)
    clock = TickingClock(1.0 / SPEED)  # a second of the market's at every look
    feed = partial(ReplayFeed, monotonic=clock)
    played = play_live(tmp_path, config, store, HALF_DAY, speed=SPEED, make_feed=feed)
    parity = parity_of(tmp_path)
    assert parity.unexplained == 0
    assert set(parity.by_cause()) <= {"loading", "overlap"}
    if "overlap" not in parity.by_cause():
        mine, theirs = (one.table("hits.csv") for one in (played, backtest))
        assert isinstance(mine, pl.DataFrame) and isinstance(theirs, pl.DataFrame)
        assert_frame_equal(mine, theirs)


@pytest.mark.parametrize("name", ["backtest", "nothing"])
def test_what_is_no_live_session_is_refused(name: str, tmp_path: Path, store: Path) -> None:
    if name == "backtest":
        play_backtest(tmp_path, SCREENS.at(tmp_path), store, HALF_DAY)
    with pytest.raises(DataError, match="give the --out of a 'symscan live'"):
        parity_of(tmp_path, name)
