"""Every kind of wrong input: exit code 2, one message saying where, what and what to do, nothing written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.cli import DAY, SCREEN, call, scanner, started, write_bars, write_config, written
from support.waiting import LIMIT

AT = "session_data_config.scanners[0]"
SECOND = "session_data_config.scanners[1].module"
IMPORTS = "from symscan import BaseScanner, ScanResult\n"
SCAN = "    def scan(self, context): return ScanResult([])\n"


@pytest.fixture(scope="module")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    bars = write_bars(folder / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, [DAY])
    arguments = ["--store", str(folder / "store"), "--interval", "1m", "--label", "start"]
    process = started(folder, "data", "import", str(bars), *arguments, "--timezone", "America/New_York")
    said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    return folder / "store"


@pytest.fixture
def project(tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a store, a universe and a configuration that runs."""
    shutil.copytree(made_store, tmp_path / "store")
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    write_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


RUN = ("run", "mine.json", "--store", "store", "--date", DAY)


@pytest.fixture
def refused(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Runs a command that must be refused; returns the messages."""

    def run(*arguments: str) -> list[str]:
        before = written(project)
        ended = call(capsys, *(arguments or RUN))
        assert ended.code == 2, ended
        assert ended.out == ""
        assert "Traceback" not in ended.err
        assert written(project) == before
        lines = ended.err.splitlines()
        assert all(line.startswith("error: ") for line in lines), lines
        return [line.removeprefix("error: ") for line in lines]

    return run


def test_the_usual_configuration_runs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, *RUN)
    assert (ended.code, ended.err) == (0, "")
    assert (project / "runs" / f"mine-{DAY}" / "hits" / f"{DAY}.parquet").exists()


def _screen(**changes: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda _, screen: screen.update(changes)


def _window(**changes: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return _screen(regular_session=[SCREEN["regular_session"][0] | changes])


def _built_in(**config: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda whole, _: whole["session_data_config"]["scanners"].append(
        scanner("scanners.gap_scanner", name="gap", config=config)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_screen(intervall="5m"), f"mine.json:16:9: {AT}.intervall: unknown key 'intervall'"),
        (_window(start="9:99"), f"mine.json:11:22: {AT}.regular_session[0].start: expected a time of"),
        (_window(end="09:00"), f"mine.json:12:20: {AT}.regular_session[0].end: 'end' is before 'start'"),
        (_window(interval="5x"), f"mine.json:13:25: {AT}.regular_session[0].interval: '5x' is not an"),
        (_screen(universe="nope"), f"mine.json:7:21: {AT}.universe: there is no universe 'nope'; there are"),
        (_screen(universe="no.txt"), f"mine.json:7:21: {AT}.universe: "),
        (_screen(where="close > 3 AND closs > 2"), f"mine.json:8:33: {AT}.where: 'closs' is not known; did"),
        (_screen(where="rsj_14_5m > 70"), f"mine.json:8:19: {AT}.where: 'rsj_14_5m': 'rsj' is not an"),
        (_screen(where="close > > 2"), f"mine.json:8:27: {AT}.where: expected a value, found '>'"),
        (_screen(rank="clos"), f"mine.json:16:18: {AT}.rank: 'clos' is not known; did you mean 'close'?"),
        (lambda whole, _: whole.update(exchange="NYS"), "mine.json:19:15: exchange: there is no exchange"),
        (lambda whole, _: whole.update(mode="live"), "mine.json:19:11: mode: only 'backtest' can be run"),
        (
            lambda whole, screen: whole["session_data_config"]["scanners"].append(screen),
            "mine.json:18:17: session_data_config.scanners[1].name: two scanners are named 'movers'",
        ),
        (
            lambda whole, _: whole["session_data_config"].update(symbols=["AAA"], indicators=["sma_5m"]),
            "mine.json:22:7: session_data_config.indicators[0]: sma takes period",
        ),
        (
            _built_in(min_gap_percentt=2, universe="three.txt"),
            "mine.json:21:11: session_data_config.scanners[1].config.min_gap_percentt: unknown parameter "
            "'min_gap_percentt'; did you mean 'min_gap_percent'?",
        ),
        (
            _built_in(min_gap_percent="much", universe="three.txt"),
            "mine.json:21:30: session_data_config.scanners[1].config.min_gap_percent: expected a valid",
        ),
        (
            _built_in(universe="nope"),
            "mine.json:21:23: session_data_config.scanners[1].config.universe: there is no universe 'nope'",
        ),
    ],
)
def test_faults_of_the_configuration_are_placed(
    project: Path,
    refused: Callable[..., list[str]],
    change: Callable[[dict[str, Any], dict[str, Any]], object],
    message: str,
) -> None:
    write_config(project, change)
    (said,) = refused()
    assert said.startswith(message)


@pytest.mark.parametrize(
    ("module", "source", "message"),
    [
        (
            "syntax",
            "x = = 2\n",
            "syntax.py does not import: syntax.py:1: x = = 2  SyntaxError: invalid syntax",
        ),
        (
            "raises",
            "x = 1\n1 / 0\n",
            "raises.py does not import: raises.py:2: 1 / 0  ZeroDivisionError: division",
        ),
        (
            "lacks",
            "import nosuchthing\n",
            "lacks.py does not import: lacks.py:1: import nosuchthing  ModuleNotFoundErr",
        ),
        (
            "exits",
            "raise SystemExit(0)\n",
            "exits.py does not import: exits.py:1: raise SystemExit(0)  SystemExit: 0",
        ),
        ("empty", "x = 1\n", "module 'empty' has no class Scanner or EmptyScanner, and not exactly one"),
        (
            "two",
            IMPORTS + "class A(BaseScanner):\n" + SCAN + "class B(BaseScanner):\n" + SCAN,
            "module 'two' has no class Scanner or TwoScanner, and not exactly one BaseScanner (it has: A, B)",
        ),
        ("bare", "class Scanner: pass\n", "Scanner of module 'bare' is no BaseScanner; derive it from"),
        ("half", IMPORTS + "class Scanner(BaseScanner): pass\n", "Scanner of module 'half' lacks the method"),
        (
            "born",
            IMPORTS + "class Scanner(BaseScanner):\n    def __init__(self, config): 1 / 0\n" + SCAN,
            "Scanner of module 'born' could not be made: born.py:3: def __init__(self, config): 1 / 0  Zero",
        ),
        (
            "checks",
            IMPORTS + "class Scanner(BaseScanner):\n    def check(self): 1 / 0\n" + SCAN,
            "Scanner.check(): checks.py:3: def check(self): 1 / 0  ZeroDivisionError: division by zero",
        ),
    ],
)
def test_faults_of_a_module_are_placed_at_its_name(
    project: Path, refused: Callable[..., list[str]], module: str, source: str, message: str
) -> None:
    (project / f"{module}.py").write_text(source)
    write_config(project, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner(module)))
    (said,) = refused()
    assert said.startswith(f"mine.json:19:19: {SECOND}: ")
    assert message in said


def test_a_module_that_is_not_there(project: Path, refused: Callable[..., list[str]]) -> None:
    write_config(project, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner("gapp")))
    (said,) = refused()
    assert said.startswith(f"mine.json:19:19: {SECOND}: there is no module 'gapp' in")
    assert said.endswith("did you mean 'gap'?")


def test_an_empty_universe(project: Path, refused: Callable[..., list[str]]) -> None:
    (project / "three.txt").write_text("# nobody\n")
    (said,) = refused()
    assert said.startswith(f"mine.json:7:21: {AT}.universe: ")
    assert said.endswith("the universe is empty; write one symbol a line")


def test_all_faults_are_told_at_once(project: Path, refused: Callable[..., list[str]]) -> None:
    write_config(project, lambda whole, screen: (screen.update(where="", take=0), whole.update(nme="x")))
    assert len(refused()) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine.json:1:1: the file is empty; write a JSON object"),
        ("{", "mine.json:1:2: not valid JSON: the file ends too early"),
        ("[]", "mine.json:1:1: "),
        ('{"name": "a",\n "name": "b", "session_data_config": {}}', "mine.json:2:2: name: the key 'name'"),
    ],
)
def test_a_file_that_is_no_configuration(
    project: Path, refused: Callable[..., list[str]], text: str, message: str
) -> None:
    (project / "mine.json").write_text(text)
    assert refused()[0].startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", ".", *RUN[2:]), ".: is a folder; give the configuration file in it"),
        (("run", "no.json", *RUN[2:]), "no.json: there is no such file"),
        ((*RUN[:3], "nostore", *RUN[4:]), "nostore: there is no bar store here; make one with"),
        ((*RUN[:3], "mine.json", *RUN[4:]), "mine.json: there is no bar store here"),
        ((*RUN, "--out", "."), ". exists; choose another --out, or replace it with --force"),
        ((*RUN, "--out", ".", "--force"), ". is not the folder of a run (it holds "),
        ((*RUN, "--out", "mine.json"), "mine.json exists; choose another --out"),
        ((*RUN, "--out", "mine.json", "--force"), "mine.json is not the folder of a run"),
        ((*RUN, "--out", "mine.json/x"), "mine.json/x: the run's folder cannot be made (Not a directory)"),
        ((*RUN, "--start", DAY), "--date plays one session; give it alone, or --start and --end"),
        (RUN[:4], "no dates to play; give --date, or --start and --end, or a 'backtest_config'"),
        ((*RUN[:4], "--start", DAY), "--start is only one end of a range; give --date"),
        ((*RUN[:4], "--end", DAY), "--end is only one end of a range; give --date"),
        (
            (*RUN[:4], "--start", DAY, "--end", "2026-01-14"),
            "the range's last date 2026-01-14 is before its first date 2026-01-15",
        ),
        (
            (*RUN[:5], "2026-01-17"),
            "2026-01-17 has no session, it is a Saturday; the next session is 2026-01-20",
        ),
        ((*RUN[:5], "2026-01-19"), "2026-01-19 has no session, it is a holiday"),
        (
            (*RUN[:4], "--start", "2026-01-17", "--end", "2026-01-19"),
            "there is no session from 2026-01-17 to 2026-01-19; the next session is 2026-01-20",
        ),
        ((*RUN[:5], "2026-01-16"), "store has no intraday bars of 2026-01-16; it has them from 2026-01-15"),
        ((*RUN[:5], "2226-01-16"), "the calendar knows the years 1900 to 2199, not 2226"),
        (
            (*RUN[:5], "2026-13-01"),
            "symscan run: invalid value for '--date': '2026-13-01' is not a date; write it as 2018-02-20 "
            "(see 'symscan run --help')",
        ),
        (("run", "mine.json"), "symscan run: missing option '--store' (see 'symscan run --help')"),
        (("run",), "symscan run: missing argument 'CONFIG' (see 'symscan run --help')"),
        ((*RUN, "--forse"), "symscan run: no such option: --forse"),
        ((*RUN, "more"), "symscan run: got unexpected extra argument(s) (more)"),
        (("rnu",), "symscan: no such command 'rnu'. Did you mean 'run'? (see 'symscan --help')"),
        (("data", "lst"), "symscan data: no such command 'lst'"),
        (("demo", "--symbols", "3"), "symscan demo: invalid value for '--symbols': "),
        (("demo", "--folder", "."), ". holds something else than a demo; choose another --folder"),
        (("demo", "--folder", "mine.json"), "mine.json: the demo's folder cannot be made"),
        (("data", "ls", "--store", "nostore"), "nostore: there is no bar store here"),
        (("data", "check", "--store", "nostore"), "nostore: there is no bar store here"),
        (
            ("data", "import", "no.csv", "--store", "new", "--interval", "1m", "--label", "start"),
            "no.csv: there is no such file",
        ),
        (("data", "import", "mine.json", "--store", "new", "--interval", "1x"), "'1x' is not an interval"),
        (("data", "import", "--store", "new"), "symscan data import: missing argument 'PATHS'"),
        (("data", "import-splits", "no.csv", "--store", "store"), "no.csv: No such file or directory"),
    ],
)
def test_faults_of_the_command_line(
    refused: Callable[..., list[str]], arguments: tuple[str, ...], message: str
) -> None:
    (said,) = refused(*arguments)
    assert said.startswith(message)


def test_a_broken_catalogue(project: Path, refused: Callable[..., list[str]]) -> None:
    (project / "store" / "catalogue.json").write_text("{broken")
    (said,) = refused()
    assert said.startswith("store/catalogue.json: the catalogue is damaged")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable to root")
def test_an_unwritable_folder(project: Path, refused: Callable[..., list[str]]) -> None:
    (project / "locked").mkdir(mode=0o500)
    (said,) = refused(*RUN, "--out", "locked/run")
    assert said == "locked/run: the run's folder cannot be made (Permission denied)"


@pytest.mark.slow
def test_a_fault_is_told_the_same_by_a_process_of_its_own(project: Path) -> None:
    write_config(project, _screen(where="closs > 2"))
    process = started(project, *RUN)
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (2, "")
    assert err.startswith(f"error: mine.json:8:19: {AT}.where: 'closs' is not known; did you mean 'close'?")
    assert len(err.splitlines()) == 1
