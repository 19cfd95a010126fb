"""Plug-ins of the user's: of every kind, named in each way, in a backtest and live."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.cli import DAY, call, write_bars
from support.plugin_packages import INDICATOR, OBSERVER, SCANNER, STRATEGY, install, write_package
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import load_config
from symscan.indicators import registry
from symscan.model.interval import ONE_MINUTE
from symscan.runtime.backtest_run import BacktestRun
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

EVERY_FIVE = [{"start": "09:35", "end": "10:30", "interval": "5m"}]
BACKTEST = ("run", "--store", "store", "--date", DAY)
REPLAY = ("live", "--source", "replay", "--store", "store", "--date", DAY, "--speed", "max")
FAST_REPLAY = (*REPLAY[:-1], "200000")
"""Bars are not waited for, but the session has to keep up: observers of the user's have threads."""

commands = pytest.mark.parametrize("command", [BACKTEST, REPLAY], ids=["backtest", "live"])

COMMON = {"session", "at", "event", "scanner"}


@dataclass(frozen=True)
class Named:
    """How a configuration names the plug-ins."""

    indicator_modules: list[str]
    indicator: str
    scanner: str
    strategy: str
    observer: str


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """UP closes minute k of the day at 100 + 0.2 k, DOWN falls, FLAT stays."""
    folder = tmp_path_factory.mktemp("stored")
    bars = write_bars(folder / "bars.csv", {"UP": 0.2, "DOWN": -0.2, "FLAT": 0.0}, ["2026-01-14", DAY])
    options = ImportOptions(ONE_MINUTE, label=Label.START, timezone="America/New_York")
    import_bars(BarStore.create(folder / "store"), [bars], options, SessionCalendar())
    return folder / "store"


@pytest.fixture
def project(tmp_path: Path, stored: Path) -> Iterator[Path]:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "store").symlink_to(stored)
    (folder / "three.txt").write_text("# as_of: 2026-01-01\nUP\nDOWN\nFLAT\n")
    with chdir(folder):
        yield folder
    registry.use_modules((), ())


def _own_modules(folder: Path) -> Named:
    (folder / "mine").mkdir()
    for name, text in _texts("own_times").items():
        (folder / f"{name}.py").write_text(text)
    return Named(["times_of"], "own_times", "finder", "buyer", "writer")


def _texts(indicator: str) -> dict[str, str]:
    return {
        "times_of": INDICATOR.replace("NAME", indicator),
        "finder": SCANNER,
        "buyer": STRATEGY,
        "writer": OBSERVER,
    }


@pytest.fixture(params=["project", "installed", "entry point"])
def named(request: pytest.FixtureRequest, project: Path, monkeypatch: pytest.MonkeyPatch) -> Named:
    """The plug-ins, named in one of the three ways."""
    if request.param == "project":
        return _own_modules(project)
    package = f"nice_{request.param.split()[0]}_{abs(hash(str(project)))}"
    modules = {f"{package}/{name}": text for name, text in _texts(f"{request.param[:5]}_times").items()}
    modules[f"{package}/__init__"] = ""
    entries = {
        "indicators": {"nice": f"{package}.times_of"},
        "scanners": {"nice_finder": f"{package}.finder"},
        "strategies": {"nice_buyer": f"{package}.buyer:Strategy"},
        "observers": {"nice_writer": f"{package}.writer"},
    }
    is_named = request.param == "entry point"
    site = write_package(project.parent / "site", package, modules, entries if is_named else None)
    install(monkeypatch, site)
    if is_named:
        return Named([], "entry_times", "nice_finder", "nice_buyer", "nice_writer")
    of = [f"{package}.{name}" for name in ("times_of", "finder", "buyer", "writer")]
    return Named([of[0]], "insta_times", *of[1:])


def _write(folder: Path, named: Named, **more: Any) -> None:
    """A configuration of all four; ``more`` goes to the screen."""
    often = {"regular_session": EVERY_FIVE}
    screen = {"name": "screen", "universe": "three.txt", "where": f"{named.indicator}_3_1m > 320"}
    data = {
        "symbols": ["UP"],
        "indicators": [f"{named.indicator}_2_5m", f"{named.indicator}_4_1d"],
        "scanners": [
            {**screen, **often, **more},
            {"name": "coded", "module": named.scanner, "config": {"universe": "three.txt"}, **often},
        ],
        "strategies": [{"name": "buyer", "module": named.strategy}],
        "observers": [{"module": named.observer, "config": {"file": "events.jsonl"}}],
    }
    whole = {"name": "mine", "indicator_modules": named.indicator_modules, "session_data_config": data}
    (folder / "mine.json").write_text(json.dumps(whole, indent=2))


def _played(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], *more: str, code: int = 0) -> Path:
    ended = call(capsys, command[0], "mine.json", *command[1:], "--csv", "--out", "out", *more)
    assert ended.code == code, ended.err
    return Path("out")


def _lines(path: Path) -> list[dict[str, Any]]:
    """What a journal and an observer's own record have both: a scan's hits and counts are in the tables."""
    common = {"scan_finished": COMMON, "scanner_done": {*COMMON, "scans", "failed"}}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key in common.get(line["event"], line)}
        for line in lines
    ]


def _scans_of_up(closes_above: float) -> list[str]:
    """The scans that find UP, by hand: minute k closes at 100 + 0.2 k; 14:30 UTC is the open."""
    due = [k for k in range(5, 61, 5) if 100 + 0.2 * k > closes_above]
    return [f"{DAY}T{14 + (30 + k) // 60}:{(30 + k) % 60:02}:00Z" for k in due]


@commands
def test_each_kind_works_however_it_is_named(
    project: Path, named: Named, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    _write(project, named)
    out = _played(capsys, command)
    hits = pl.read_csv(out / "hits.csv", infer_schema=False)
    found = {name: hits.filter(scanner=name) for name in ("screen", "coded")}
    assert found["screen"].select("scan_at", "symbol").rows() == [(at, "UP") for at in _scans_of_up(320 / 3)]
    assert found["coded"].select("scan_at", "symbol").rows() == [(at, "UP") for at in _scans_of_up(105)]
    journal = _lines(out / "journal.jsonl")
    signals = [one for one in journal if one["event"] == "signal_emitted"]
    assert [(one["strategy"], one["signal"]["symbol"]) for one in signals] == [("buyer", "UP")] * 2
    assert _lines(Path("events.jsonl")) == journal
    warm = {one["indicator"]: one for one in journal if one["event"] == "indicator_warmed"}
    assert warm[f"{named.indicator}_4_1d"]["known"] == 1, "warmed on history: one daily bar"


def test_where_the_session_does_not_wait_an_observer_is_given_the_same(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(project, _own_modules(project))
    out = _played(capsys, FAST_REPLAY)
    assert _lines(Path("events.jsonl")) == _lines(out / "journal.jsonl")


@pytest.mark.slow
def test_an_isolated_scanner_reads_indicators_of_the_users(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = _own_modules(project)
    _write(project, named, isolation="process", timeout_seconds=60)
    hits = pl.read_csv(_played(capsys, REPLAY) / "hits.csv", infer_schema=False).filter(scanner="screen")
    assert hits["scan_at"].to_list() == _scans_of_up(320 / 3)


@pytest.mark.slow
def test_a_recorded_session_with_plug_ins_of_the_users_is_at_parity(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(project, _own_modules(project))
    ended = call(capsys, "parity", str(_played(capsys, REPLAY)))
    assert ended.code == 0, ended.out + ended.err


INTERRUPTED = OBSERVER.replace(
    "        self.file.write",
    """        import pathlib
        is_due = type(event).__name__ == "ScanFinished" and session.local(event.at).minute == 50
        if is_due and not self.announces and not pathlib.Path("interrupted").exists():
            pathlib.Path("interrupted").touch()
            raise KeyboardInterrupt
        self.file.write""",
)


def test_a_resumed_session_gives_observers_everything_again_and_announcers_what_is_new(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = _own_modules(project)
    (project / "writer.py").write_text(INTERRUPTED)
    (project / "announcing.py").write_text(
        "from writer import Observer as Base\nclass Observer(Base):\n    announces = True\n"
    )
    _write(project, named)
    config = json.loads((project / "mine.json").read_text())
    config["session_data_config"]["observers"].append(
        {"module": "announcing", "config": {"file": "new.jsonl"}}
    )
    (project / "mine.json").write_text(json.dumps(config))
    _played(capsys, REPLAY, code=130)
    (project / "new.jsonl").rename("before.jsonl")
    journal = _lines(_played(capsys, REPLAY, "--resume") / "journal.jsonl")
    assert _lines(Path("events.jsonl")) == journal
    scans = [one["at"] for one in journal if one["event"] == "scan_finished"]
    announced = [
        [one["at"] for one in _lines(Path(file)) if one["event"] == "scan_finished"]
        for file in ("before.jsonl", "new.jsonl")
    ]
    assert announced[0] and announced[1] and max(announced[0]) < min(announced[1])
    assert announced[1] == scans[-len(announced[1]) :]


def test_explain_counts_what_an_indicator_of_the_users_needs(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(project, _own_modules(project))
    said = call(capsys, "explain", "mine.json", "--store", "store", "--date", DAY).out
    assert "own_times_3_1m, warm after 1 bars" in " ".join(said.split())


def test_a_screen_is_tried_with_an_indicator_of_the_users(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(project, _own_modules(project))
    arguments = ("mine.json", "--scanner", "screen", "--store", "store", "--date", DAY, "--at", "10:30")
    ended = call(capsys, "scan", *arguments)
    assert ended.code == 0 and "UP" in ended.out and "336" in ended.out  # 3 * 112


def test_the_facts_of_a_run_hold_the_modules_of_plug_ins(project: Path) -> None:
    _write(project, _own_modules(project))
    day = date.fromisoformat(DAY)
    run = BacktestRun.of(load_config(Path("mine.json")), Path("store"), day, day)
    assert set(run.description.facts["modules"]) == {
        "times_of.py",
        "finder.py",
        "buyer.py",
        "writer.py",
    }


@commands
def test_an_observer_that_raises_harms_only_itself(
    project: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    named = _own_modules(project)
    _write(project, named)
    expected = (_played(capsys, command) / "hits.csv").read_bytes()
    config = json.loads((project / "mine.json").read_text())
    fails = "from symscan import BaseObserver\nclass Observer(BaseObserver):\n    def observe(self, s, e):\n"
    (project / "failing.py").write_text(f"{fails}        e.no_such_attribute\n")
    config["session_data_config"]["observers"].insert(0, {"module": "failing"})
    (project / "mine.json").write_text(json.dumps(config))
    out = _played(capsys, command, "--force")
    journal = _lines(out / "journal.jsonl")
    (warning,) = (
        one["message"] for one in journal if one["event"] == "warned" and "failing" in one["message"]
    )
    assert "observer 'failing' failed and gets no more events: observe(): failing.py:4: " in warning
    assert "AttributeError" in warning
    assert json.loads((out / "summary.json").read_text())["warnings"][-1] == warning
    assert (out / "hits.csv").read_bytes() == expected
    assert _lines(Path("events.jsonl")) == [one for one in journal if one["event"] != "warned"]


@commands
def test_an_observer_that_raises_at_the_close_leaves_the_results_whole(
    project: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    _write(project, _own_modules(project))
    fails = """        if type(event).__name__ == "SessionClosed":
            raise ValueError("at the close")
        self.file.write"""
    text = OBSERVER.replace("        self.file.write", fails) + "        raise ValueError('in the end')\n"
    (project / "writer.py").write_text(text)
    out = _played(capsys, command)
    events = [one["event"] for one in _lines(out / "journal.jsonl")]
    assert events[-1] == "session_closed" and events.count("session_closed") == 1
    warnings = json.loads((out / "summary.json").read_text())["warnings"]
    assert "ValueError: at the close" in warnings[-1]
    assert len(pl.read_csv(out / "scans.csv")) == 24


@commands
@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("raise ValueError('at noon')", "times_of.py:16: .* ValueError: at noon"),
        ("self.close[:] = bars.close[:-1]", "ValueError"),
        ("raise SystemExit(4)", "times_of.py:16: .* SystemExit: 4"),
    ],
)
def test_an_indicator_that_raises_is_unknown_from_then_on(
    project: Path, command: tuple[str, ...], broken: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = _own_modules(project)
    text = (project / "times_of.py").read_text()
    (project / "times_of.py").write_text(text.replace("np.copyto(self.close, bars.close)", broken))
    _write(project, named)
    out = _played(capsys, command)
    hits = pl.read_csv(out / "hits.csv", infer_schema=False)
    assert set(hits["scanner"]) == {"coded"}
    assert len(hits) == len(_scans_of_up(105))
    warnings = [one["message"] for one in _lines(out / "journal.jsonl") if one["event"] == "warned"]
    (warning,) = (one for one in warnings if "own_times_3_1m' failed and is unknown from" in one)
    assert re.search(reason, warning)


@pytest.mark.parametrize(
    ("module", "text", "message"),
    [
        ("gone", None, "there is no module 'gone' in "),
        ("bad", "1 / 0\n", "bad.py does not import: bad.py:1: 1 / 0  ZeroDivisionError"),
        ("bad", "x = 1\n", "module 'bad' holds no indicator; give it DEFINITIONS = "),
        ("bad", "DEFINITIONS = [3]\n", "DEFINITIONS of module 'bad' holds 3; give a symscan.indicators.Def"),
        (
            "bad",
            INDICATOR.replace("NAME", "rsi"),
            "'rsi' of module 'bad' is the name of a built-in",
        ),
        (
            "bad",
            INDICATOR.replace("NAME", "adx"),
            "'adx' of module 'bad' is the name of a function of",
        ),
        ("bad", INDICATOR.replace("NAME", "own_times"), "is the name of an indicator of module 'times_of'"),
        ("bad", INDICATOR.replace("NAME", "Up"), "its name must be words in small letters"),
        ("bad", INDICATOR + "DEFINITIONS *= 2\n", "defines the indicator 'other' twice"),
        (
            "bad",
            INDICATOR.replace("bar_count(2)", "bar_count(0)"),
            "its default period is 0, it must be",
        ),
        ("bad", INDICATOR.replace("Times, lambda", "int, lambda"), "factory is <class 'int'>; give a class"),
        ("bad", INDICATOR.replace("def _read", "def read"), "Times lacks the method _read"),
        ("bad", INDICATOR.replace("float(spec", "float(speck"), "it cannot be made: bad.py:9: "),
        ("bad", INDICATOR.replace("lambda _: 1", "lambda _: None"), "bars_to_warm gives None"),
    ],
)
def test_an_indicator_module_that_is_wrong_is_an_error_with_its_place(
    project: Path, module: str, text: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = _own_modules(project)
    if text is not None:
        (project / f"{module}.py").write_text(text.replace("NAME", "other"))
    _write(project, Named([*named.indicator_modules, module], "own_times", "finder", "buyer", "writer"))
    ended = call(capsys, "run", "mine.json", *BACKTEST[1:], "--out", "out")
    assert ended.code == 2 and not Path("out").exists()
    assert message in ended.err
    assert "mine.json:5:5: indicator_modules[1]: " in ended.err


@pytest.mark.parametrize(
    ("observer", "text", "message"),
    [
        ({"module": "gone"}, None, "observers[1].module: there is no module 'gone' in"),
        (
            {"module": "bad"},
            "x = 1\n",
            "observers[1].module: module 'bad' has no class Observer or",
        ),
        ({"module": "bad"}, "class Observer:\n    pass\n", "derive it from symscan.BaseObserver"),
        (
            {"module": "bad"},
            "from symscan import BaseObserver\nclass Observer(BaseObserver):\n    pass\n",
            "Observer of module 'bad' lacks the method observe",
        ),
        (
            {"module": "hit_counter", "config": {"at_leest": 2}},
            "",
            "observers[1].config.at_leest: unknown parameter 'at_leest'; did you mean 'at_least'?",
        ),
        ({"module": "writer", "name": "writer"}, "", "two observers are named 'writer', the other is"),
        ({"modul": "writer"}, "", "unknown key 'modul'; did you mean 'module'?"),
    ],
)
def test_an_observer_that_is_wrong_is_an_error_with_its_place(
    project: Path,
    observer: dict[str, Any],
    text: str | None,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = _own_modules(project)
    _write(project, named)
    example = Path(__file__).parents[2] / "examples" / "hit_counter.py"
    (project / "hit_counter.py").write_text(example.read_text())
    if text:
        (project / "bad.py").write_text(text)
    config = json.loads((project / "mine.json").read_text())
    config["session_data_config"]["observers"].append(observer)
    (project / "mine.json").write_text(json.dumps(config, indent=2))
    ended = call(capsys, "run", "mine.json", *BACKTEST[1:], "--out", "out")
    assert ended.code == 2 and message in ended.err and "mine.json:" in ended.err
    assert not Path("out").exists()


def test_the_list_of_plug_ins_says_where_each_comes_from(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = _own_modules(project)
    _write(project, named)
    modules = {"listed_times": INDICATOR.replace("NAME", "listed_times"), "listed_broken": "1 / 0\n"}
    modules["listed_finder"] = SCANNER
    entries = {
        "indicators": {"listed": "listed_times"},
        "observers": {"broken": "listed_broken"},
        "scanners": {"nice": "listed_finder", "gap": "listed_finder"},
    }
    install(monkeypatch, write_package(project.parent / "site", "listed", modules, entries))
    listed = json.loads(call(capsys, "plugins", "mine.json", "--json").out)
    by_name = {(one["kind"], one["name"]): one for one in listed}
    assert by_name["scanner", "nice"] == {
        "kind": "scanner",
        "name": "nice",
        "origin": "listed 1.0",
        "summary": "Finds what is up.",
        "is_usable": True,
    }
    assert by_name["indicator", "listed_times"]["origin"] == "'listed' of the package listed 1.0"
    assert by_name["indicator", "own_times"]["origin"] == "mine.json"
    assert by_name["indicator", "rsi"]["origin"] == by_name["strategy", "strategies.paper_trader"]["origin"]
    assert by_name["strategy", "buyer"]["summary"] == "Buys what the scanner finds."
    assert by_name["observer", "writer"]["is_usable"] and by_name["broker", "replay"]["is_usable"]
    for name, reason in (
        (("observer", "broken"), "ZeroDivisionError"),
        (("scanner", "gap"), "built-in scanner"),
    ):
        assert not by_name[name]["is_usable"] and reason in by_name[name]["summary"]
    assert "cannot be used: " in call(capsys, "plugins").out


def test_a_package_that_is_broken_is_named_where_its_indicator_may_be_meant(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = {"indicators": {"torn": "torn_times"}}
    site = write_package(project.parent / "site", "torn", {"torn_times": "1 / 0\n"}, entries)
    install(monkeypatch, site)
    _write(project, _own_modules(project), where="torn_times_3_1m > 1")
    ended = call(capsys, "run", "mine.json", *BACKTEST[1:])
    assert ended.code == 2
    assert "'torn' of the package torn 1.0 does not import: torn_times.py:1: 1 / 0" in ended.err


def test_two_packages_with_a_plug_in_of_one_name_are_told_apart(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in ("one", "two"):
        entries = {"scanners": {"twin": f"twin_{package}"}}
        modules = {f"twin_{package}": SCANNER}
        install(monkeypatch, write_package(project.parent / package, package, modules, entries))
    named = _own_modules(project)
    _write(project, Named(named.indicator_modules, "own_times", "twin", "buyer", "writer"))
    ended = call(capsys, "run", "mine.json", *BACKTEST[1:])
    assert (
        "'twin' is in two packages, one 1.0 (twin_one) and two 1.0 (twin_two); give the module" in ended.err
    )
