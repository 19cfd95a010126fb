"""Whole imports: real files, the commands, and imports that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.interval import ONE_DAY, ONE_MINUTE
from symscan.sources.checking.store_check import check_store
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label, UnlikelyTimes
from symscan.sources.store.bar_store import BarStore

DATA = Path(os.environ.get("SYMSCAN_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
MINUTES = DATA / "us284_1m_2018-02-20_2018-03-02.parquet"
DAYS = DATA / "us284_1d_2017-01-03_2018-03-02.parquet"
EXTENDED = DATA / "us30_extended_1m_2025-01-23_2025-01-27.parquet"
RAW = DATA / "raw_csv"

STARTS = ImportOptions(ONE_MINUTE, Label.START, timezone="America/New_York")
ENDS = ImportOptions(ONE_MINUTE, Label.END, timezone="America/New_York")

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no real bars in {DATA}")

BARS = "symbol,ts,open,high,low,close,volume\n" + "".join(
    f"A,2018-02-{day} 09:30,10,10,10,10,100\n" for day in (20, 21, 22)
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> BarStore:
    store = BarStore.create(tmp_path_factory.mktemp("raw") / "store")
    report = import_bars(store, [RAW], ENDS, SessionCalendar())
    assert (report.files, report.rows, report.symbols) == (4, 59_736, ("AAPL", "DIS", "JUNO", "KR"))
    assert (report.duplicates, report.conflicts) == (3_903, 0)
    return store


def stored(store: BarStore) -> pl.DataFrame:
    return store.load(ONE_MINUTE, store.sessions(ONE_MINUTE)).drop("session")


@needs_data
@pytest.mark.parametrize("symbol", ["AAPL", "DIS", "JUNO", "KR"])
def test_end_labelled_files_equal_the_start_labelled_one(raw: BarStore, symbol: str) -> None:
    expected = (
        pl.read_parquet(MINUTES)
        .filter(pl.col("symbol") == symbol)
        .select(
            "symbol",
            pl.col("ts").alias("start"),
            pl.col("open", "high", "low", "close", "volume").cast(float),
        )
        .sort("start")
    )
    shared = stored(raw).filter(
        pl.col("symbol") == symbol, pl.col("start").is_between(pl.date(2018, 2, 20), pl.date(2018, 3, 3))
    )
    assert shared.equals(expected)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> BarStore:
    store, calendar = BarStore.create(tmp_path_factory.mktemp("real") / "store"), SessionCalendar()
    assert import_bars(store, [MINUTES], STARTS, calendar).bars == 986_711
    daily = import_bars(store, [DAYS], ImportOptions(ONE_DAY), calendar)
    assert (daily.bars, daily.ignored_columns) == (75_244, ("adj_close",))
    return store


@needs_data
def test_real_files_import_beside_each_other(real: BarStore) -> None:
    calendar = SessionCalendar()
    again = import_bars(real, [RAW / "AAPL.csv"], ENDS, calendar)
    assert (again.duplicates, again.conflicts, len(again.sessions), len(again.changed)) == (3_510, 0, 44, 35)
    extended = import_bars(real, [EXTENDED], STARTS, calendar)
    assert (extended.bars, extended.outside_hours) == (55_464, 0)
    assert extended.sessions == (date(2025, 1, 23), date(2025, 1, 24), date(2025, 1, 27))
    assert real.sessions(ONE_DAY)[-1] == date(2018, 3, 2)


@pytest.mark.slow
@needs_data
def test_a_check_finds_the_symbols_on_another_basis(real: BarStore) -> None:
    findings = {finding.kind: finding for finding in check_store(real, SessionCalendar()).findings}
    assert findings["basis"].count == 18
    assert {example.split()[0] for example in findings["basis"].examples} <= {"HLF", "SRC"}
    assert not findings.keys() & {"contradiction", "not_positive", "duplicate", "disorder", "no_session"}


@pytest.mark.slow
@needs_data
def test_the_order_of_files_and_imports_does_not_matter(tmp_path: Path, raw: BarStore) -> None:
    store = BarStore.create(tmp_path / "store")
    for path in sorted(RAW.glob("*.csv"), reverse=True):
        import_bars(store, [path], ENDS, SessionCalendar())
    assert [store.path(ONE_MINUTE, day).name for day in store.sessions(ONE_MINUTE)] == [  # type: ignore[union-attr]
        raw.path(ONE_MINUTE, day).name  # type: ignore[union-attr]
        for day in raw.sessions(ONE_MINUTE)
    ]


class Interruption(Exception):
    pass


def test_a_failure_before_the_swap_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = snapshot(store.root)

    def fail_at_the_end(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("writing", total):
            raise Interruption

    path = tmp_path / "more.csv"
    path.write_text(BARS.replace("A,", "B,"))
    with pytest.raises(Interruption):
        import_bars(store, [path], STARTS, SessionCalendar(), fail_at_the_end)
    assert snapshot(store.root) == before
    assert BarStore(store.root).symbols() == {"A"}


KILLED = """
import os, signal, sys
from pathlib import Path
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.interval import ONE_MINUTE
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

def kill(stage, done, total):
    if (stage, done) == ("writing", total):
        os.kill(os.getpid(), signal.SIGKILL)

options = ImportOptions(ONE_MINUTE, Label.START, timezone="America/New_York")
import_bars(BarStore(Path(sys.argv[1])), [sys.argv[2]], options, SessionCalendar(), kill)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_import_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before, catalogue = stored(store), (store.root / "catalogue.json").read_bytes()
    path = tmp_path / "more.csv"
    path.write_text(BARS.replace("A,", "B,"))
    killed = subprocess.run([sys.executable, "-c", KILLED, store.root, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (store.root / "catalogue.json").read_bytes() == catalogue
    assert stored(BarStore(store.root)).equals(before)
    assert len(list(store.root.rglob("*.parquet"))) == 6
    import_bars(store, [path], STARTS, SessionCalendar())
    assert len(list(store.root.rglob("*.parquet"))) == 3
    assert store.symbols() == {"A", "B"}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
@pytest.mark.parametrize("is_new", [True, False])
def test_an_interrupted_command_says_so(tmp_path: Path, is_new: bool) -> None:
    root = tmp_path / "store" if is_new else filled(tmp_path).root
    before = snapshot(root)
    pipe = tmp_path / "bars.csv"
    os.mkfifo(pipe)
    with command("import", pipe, "--store", root, "--interval", "1m", "--label", "start") as process:
        with pipe.open("w"):
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "the store is as it was" in errors
    assert "Traceback" not in errors
    assert snapshot(root) == before


class TestCommands:
    @pytest.mark.slow
    def test_from_files_to_a_checked_store(self, tmp_path: Path) -> None:
        path, root = tmp_path / "bars.csv", tmp_path / "store"
        path.write_text(BARS)
        splits = tmp_path / "splits.csv"
        splits.write_text("symbol,ex_date,ratio\nA,2018-02-22,2\n")
        zone = ("--timezone", "America/New_York")
        said = run("import", path, "--store", root, "--interval", "1m", "--label", "start", *zone)
        assert "3 1m bars, 1 symbol, 3 sessions from 2018-02-20 to 2018-02-22" in said
        assert "1 new" in run("import-splits", splits, "--store", root)
        assert "1m\t2018-02-20\t2018-02-22\t3\t1\t3" in run("ls", "--store", root)
        said = run("check", "--store", root, "--strict")
        assert "No faults found" in said
        assert "A 2018-02-20 lacks 389 of 390 bars" in said

    @pytest.mark.slow
    def test_a_mistake_is_one_message_and_leaves_nothing(self, tmp_path: Path) -> None:
        path, root = tmp_path / "bars.csv", tmp_path / "store"
        path.write_text(BARS.replace("10,100", "x,100", 1))
        options = ("--store", root, "--interval", "1m", "--timezone", "America/New_York")
        assert "--label is needed" in run("import", path, *options, code=2)
        assert "bars.csv:2: close 'x' is not a number" in run(
            "import", path, *options, "--label", "end", code=2
        )
        assert "no bar store here" in run("ls", "--store", root, code=2)
        assert not root.exists()

    @pytest.mark.slow
    def test_strict_checks_fail_on_faults(self, tmp_path: Path) -> None:
        root = filled(tmp_path).root
        daily = tmp_path / "A.csv"
        daily.write_text("date,open,high,low,close,volume\n2018-02-20,9,10,9,10,100\n")
        run("import", daily, "--store", root, "--interval", "1d")
        assert "daily_open: 1" in run("check", "--store", root)
        assert "daily_open: 1" in run("check", "--store", root, "--strict", code=1)


class TestImprobableTimes:
    """Start-labelled bars of real stocks, imported as end-labelled ones."""

    OPTIONS = ("--interval", "1m", "--label", "end")

    @pytest.fixture
    def day(self, tmp_path: Path) -> Path:
        path = tmp_path / "bars.parquet"
        pl.scan_parquet(MINUTES).filter(pl.col("ts") < pl.date(2018, 2, 21)).sink_parquet(path)
        return path

    @needs_data
    def test_without_a_terminal_they_are_refused_until_confirmed(self, tmp_path: Path, day: Path) -> None:
        root = tmp_path / "store"
        errors = run("import", day, "--store", root, *self.OPTIONS, code=2)
        assert "278 of 284 symbol-days have a bar that starts one bar before the open" in errors
        assert "--label start would fit better" in errors
        assert "--unlikely-times keep" in errors
        assert not root.exists()
        kept = replace(ENDS, unlikely_times=UnlikelyTimes.KEEP)
        assert import_bars(BarStore.create(root), [day], kept, SessionCalendar()).prints_merged == 278
        findings = {one.kind: one for one in check_store(BarStore(root), SessionCalendar()).findings}
        assert findings["unlikely_times"].count == 1

    @needs_data
    @pytest.mark.slow
    def test_real_data_is_not_doubted(self, real: BarStore, raw: BarStore) -> None:
        for store in (real, raw):
            kinds = {finding.kind for finding in check_store(store, SessionCalendar()).findings}
            assert "unlikely_times" not in kinds

    @needs_data
    @pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
    def test_on_a_terminal_they_are_asked_about(self, tmp_path: Path, day: Path) -> None:
        root = tmp_path / "store"
        ours, theirs = os.openpty()
        line = [sys.executable, "-c", "from symscan.cli import main; main()", "data", "import"]
        line += [str(day), "--store", str(root), *self.OPTIONS]
        with subprocess.Popen(line, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as process:
            os.close(theirs)
            said = b""
            while b"[y/N]" not in said:
                said += os.read(ours, 4096)
            os.write(ours, b"y\n")
            with suppress(OSError):  # the other side is closed
                while piece := os.read(ours, 4096):
                    said += piece
        os.close(ours)
        assert process.returncode == 0, said
        assert b"--label start would fit better" in said
        assert BarStore(root).sessions(ONE_MINUTE) == [date(2018, 2, 20)]


def filled(tmp_path: Path) -> BarStore:
    path = tmp_path / "first.csv"
    path.write_text(BARS)
    store = BarStore.create(tmp_path / "store")
    import_bars(store, [path], STARTS, SessionCalendar())
    return store


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of a store but its lock."""
    return {
        str(path): path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"
    }


def command(*arguments: object) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", "from symscan.cli import main; main()", "data", *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments: object, code: int = 0) -> str:
    """What a command says; its exit code is checked."""
    with command(*arguments) as process:
        said, errors = process.communicate()
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    return errors if code == 2 else said
