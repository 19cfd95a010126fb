"""Runs from Python: the files of the command line, classes in a mapping, and wrong input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import symscan
from component.runs.conftest import DAYS, SYMBOLS
from support.cli import call

WINDOW = [{"start": "09:35", "end": "15:55", "interval": "10m"}]
SCREEN = {
    "name": "above",
    "universe": "store",
    "where": "close > vwap AND rsi_14_5m > 50",
    "rank": "rsi_14_5m",
    "regular_session": WINDOW,
}
OWN = '''
from symscan import BaseScanner, ScanResult


class RoundScanner(BaseScanner):
    """Finds whoever trades above a level."""

    level = {level}

    def setup(self, context):
        self._universe = {symbols!r}
        context.session_data.add_indicator(self._universe, "sma_5_1m")
        return True

    def scan(self, context):
        view = context.session_data
        pairs = zip(view.symbols, view.column("close").tolist())
        found = {{symbol: {{"above": close - self.level}} for symbol, close in pairs if close > self.level}}
        return ScanResult(sorted(found), found)
'''


def _whole(*scanners: dict[str, Any]) -> dict[str, Any]:
    return {"name": "mine", "session_data_config": {"scanners": list(scanners)}}


def _class(level: float = 102.0) -> type[symscan.BaseScanner]:
    """A scanner as a cell or a prompt defines it: there is no file with its source."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(OWN.format(level=level, symbols=SYMBOLS), names)
    found: type[symscan.BaseScanner] = names["RoundScanner"]
    return found


def _results(folder: Path) -> dict[str, bytes]:
    """Every file of a run but what says where it ran, and how long scans took."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    kept = {name: path.read_bytes() for name, path in files.items() if name not in ("run.json", "scans.csv")}
    scans = pl.read_csv(folder / "scans.csv", infer_schema=False).drop("execution_time_ms")
    return {**kept, "scans.csv": scans.write_csv().encode()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYMSCAN_STORE", raising=False)
    (tmp_path / "session.json").write_text(json.dumps(_whole(SCREEN)))
    return tmp_path


@pytest.mark.usefixtures("project")
def test_it_writes_what_the_command_writes(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dates = {"start": str(DAYS[0]), "end": str(DAYS[1])}
    ended = call(
        capsys, "run", "session.json", "--store", str(store), "--csv", "--out", "told",
        *(part for name, day in dates.items() for part in (f"--{name}", day)),
    )  # fmt: skip
    assert ended.code == 0
    run = symscan.run("session.json", store=store, out="here", csv=True, **dates)
    assert _results(Path("here")) == _results(Path("told"))
    assert run.run_id == symscan.open_run("told").run_id
    assert run.path == Path("here").absolute()
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("project")
def test_a_mapping_is_what_a_file_holds(store: Path) -> None:
    of_file = symscan.run("session.json", store=store, date=DAYS[0])
    of_mapping = symscan.run(_whole(SCREEN), store=store, date=str(DAYS[0]))
    loaded = symscan.run(symscan.load_config(Path("session.json")), store=store, date=DAYS[0])
    assert of_mapping.hits.equals(of_file.hits)
    assert loaded.hits.equals(of_file.hits)
    assert of_file.hits.height > 20
    assert of_mapping.config == of_file.config == _whole(SCREEN)


@pytest.mark.usefixtures("project")
def test_a_class_scans_as_its_module_does(project: Path, store: Path) -> None:
    (project / "round_scanner.py").write_text(OWN.format(level=102.0, symbols=SYMBOLS))
    timed = {"regular_session": WINDOW, "name": "mine"}
    of_module = symscan.run(_whole({"module": "round_scanner", **timed}), store=store, date=DAYS[0])
    of_class = symscan.run(_whole({"module": _class(), **timed}), store=store, date=DAYS[0])
    assert of_class.hits.equals(of_module.hits)
    assert of_class.values("mine").equals(of_module.values("mine"))
    assert of_class.hits.height > 0
    assert symscan.run(_whole({"module": _class(), "regular_session": WINDOW}), store=store, date=DAYS[0])


class Buyer(symscan.BaseStrategy):
    """Buys each symbol that is found first."""

    paper = symscan.PaperRules()

    def on_scan(self, context: Any, report: Any) -> Any:  # noqa: ARG002 - the report is enough
        for symbol in report.new:
            yield symscan.Signal(symbol, "long", 10, 0.5, 1.0)


class Counter(symscan.BaseObserver):
    """Counts scans."""

    scans = 0

    def observe(self, session: Any, event: Any) -> None:  # noqa: ARG002 - scans are enough
        Counter.scans += type(event).__name__ == "ScanFinished"


@pytest.mark.usefixtures("project")
def test_strategies_and_observers_may_be_classes(store: Path) -> None:
    config = _whole(SCREEN)
    config["session_data_config"] |= {
        "strategies": [{"name": "buyer", "module": Buyer}],
        "observers": [{"name": "counter", "module": Counter}],
    }
    run = symscan.run(config, store=store, date=DAYS[0])
    assert set(run.trades["strategy"]) == {"buyer"}
    assert 0 < run.trades.height <= run.hits["new"].sum()
    assert Counter.scans == run.scans.height


@pytest.mark.usefixtures("project")
def test_the_run_id_is_of_what_the_class_does(store: Path) -> None:
    def run_id(level: float) -> str | None:
        scanner = {"module": _class(level), "regular_session": WINDOW}
        return symscan.run(_whole(scanner), store=store, date=DAYS[0]).run_id

    assert run_id(102.0) == run_id(102.0)
    assert run_id(102.0) != run_id(103.0)


def test_an_edited_module_is_run_as_it_is_now(project: Path, store: Path) -> None:
    scanner = {"module": "round_scanner", "regular_session": WINDOW}
    hits = []
    for level in (102.0, 1e9, 102.0):
        (project / "round_scanner.py").write_text(OWN.format(level=level, symbols=SYMBOLS))
        hits.append(symscan.run(_whole(scanner), store=store, date=DAYS[0]).hits)
    assert hits[1].is_empty()
    assert hits[0].equals(hits[2])


@pytest.mark.usefixtures("project")
def test_a_run_that_nobody_names_goes_with_its_object(store: Path) -> None:
    run = symscan.run(_whole(SCREEN), store=store, date=DAYS[0])
    folder = run.path
    assert (folder / "run.json").exists()
    assert not Path("runs").exists()
    del run
    assert not folder.exists()


def test_a_runs_folder_keeps_it(project: Path, store: Path) -> None:
    (project / "symscan.toml").write_text(f'store = "{store}"\nruns = "mine"\n')
    run = symscan.run(_whole(SCREEN), start=DAYS[0], end=DAYS[1])
    folder = project / "mine" / f"mine-{DAYS[0]}_{DAYS[1]}"
    assert run.path == folder
    del run
    assert symscan.open_run(folder).sessions == list(DAYS)
    with pytest.raises(symscan.InputError, match="exists; choose another --out, or replace it with --force"):
        symscan.run(_whole(SCREEN), start=DAYS[0], end=DAYS[1])


def test_an_interruption_leaves_whole_sessions(project: Path, store: Path) -> None:
    cls, day = _class(), str(DAYS[1])
    scan: Callable[..., Any] = cls.scan

    def interrupted(self: Any, context: Any) -> Any:
        if str(context.current_time.date()) == day:
            raise KeyboardInterrupt
        return scan(self, context)

    cls.scan = interrupted  # type: ignore[method-assign]
    config = _whole({"module": cls, "name": "mine", "regular_session": WINDOW})
    with pytest.raises(KeyboardInterrupt) as caught:
        symscan.run(config, store=store, start=DAYS[0], end=DAYS[1], out="here")
    assert caught.value.__notes__ == ["the results up to there are in here; resume=True goes on"]
    assert (project / "here" / "hits" / f"{DAYS[0]}.parquet").exists()
    with pytest.raises(symscan.InputError, match=f"the session of {DAYS[1]} was broken off"):
        symscan.open_run("here").near(session=DAYS[1])
    day = "never"
    resumed = symscan.run(config, store=store, start=DAYS[0], end=DAYS[1], out="here", resume=True)
    whole = symscan.run(config, store=store, start=DAYS[0], end=DAYS[1])
    assert resumed.hits.equals(whole.hits)
    assert resumed.summary["status"] == "complete"
    again = symscan.run(config, store=store, start=DAYS[0], end=DAYS[1], out="here", resume=True)
    assert again.run_id == resumed.run_id


@pytest.mark.usefixtures("project")
def test_a_scanner_that_always_fails_is_an_error_that_has_the_run(store: Path) -> None:
    cls = _class()
    cls.scan = lambda self, context: 1 / 0  # type: ignore[method-assign,assignment,return-value]  # noqa: ARG005
    config = _whole({"module": cls, "name": "mine", "regular_session": WINDOW})
    with pytest.raises(symscan.RunError, match="scanner 'mine' failed at each of its 39 scans") as caught:
        symscan.run(config, store=store, date=DAYS[0])
    run: symscan.Run = getattr(caught.value, "run")  # noqa: B009
    assert set(run.scans["outcome"]) == {"failed"}
    assert "ZeroDivisionError" in run.scans["error"][0]


class TestWrongInput:
    """One clear error each, and nothing is left behind."""

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"date": "yesterday"}, "'yesterday' is not a date; write it as 2018-02-20"),
            ({"date": None}, "no dates to play; give --date, or --start and --end"),
            ({"start": DAYS[0]}, "--date plays one session; give it alone"),
            ({"date": "2018-02-25"}, "2018-02-25 has no session, it is a Sunday"),
            ({"date": "2018-05-25"}, "has no intraday bars of 2018-05-25"),
            ({"force": True, "resume": True}, "--resume goes on with what --force would remove"),
            ({"store": "nowhere"}, "nowhere"),
            ({"store": None}, "no bar store is named; give 'store', set SYMSCAN_STORE"),
            ({"config": "none.json"}, "none.json: there is no such file"),
            ({"config": [1]}, "expected a configuration file or what it holds, got list"),
            ({"config": {}}, "the key 'session_data_config' is missing"),
            (
                {"config": _whole({**SCREEN, "where": "cloze > 1"})},
                "session_data_config.scanners[0].where: ",
            ),
            (
                {"config": _whole({**SCREEN, "take": {1, 2}})},
                "session_data_config.scanners[0].take: expected what JSON can hold, got set",
            ),
            (
                {"config": _whole({"module": int, "regular_session": WINDOW})},
                "session_data_config.scanners[0].module: int of module 'builtins' is no BaseScanner",
            ),
            (
                {"config": {**_whole(SCREEN), "mode": "live"}},
                "mode: only 'backtest' can be run by this command; leave 'mode' out",
            ),
        ],
    )
    def test_it_is_one_error(self, project: Path, store: Path, changes: dict[str, Any], message: str) -> None:
        given = {"config": _whole(SCREEN), "store": store, "date": DAYS[0], "out": "here", **changes}
        with pytest.raises(symscan.InputError, match=re.escape(message)) as caught:
            symscan.run(given.pop("config"), **given)
        assert "\n" not in str(caught.value)
        assert {path.name for path in project.iterdir()} == {"session.json"}
