"""The documents are true: their commands run, their snippets work, their lists are complete."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from support.cli import call, started, write_bars
from support.waiting import LIMIT
from symscan.cli.app import app
from symscan.config import load_config, parse_config
from symscan.errors import ConfigErrors
from symscan.inference.clustered import Mark
from symscan.model.events import session as events
from symscan.research.statistics.reasons import OutcomeReason
from symscan.runs.schemas import (
    EPISODES_SCHEMA,
    HITS_CSV_COLUMNS,
    HITS_SCHEMA,
    SCANS_SCHEMA,
    UNKNOWN_SCHEMA,
)
from symscan.scanners.universe import load_universe
from symscan.session.unknown_reasons import Reason

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text()
SCRIPTS = (ROOT / "docs" / "SCRIPTS.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "RESULTS.md").read_text()
STUDY = (ROOT / "docs" / "STUDY.md").read_text()
WHY = (ROOT / "docs" / "WHY.md").read_text()

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    files = {link.split("#")[0] for link in links if not link.startswith(("http", "#"))}
    assert {file for file in files if file and not (page.parent / file).exists()} == set()


@pages
def test_configurations_load(page: Path) -> None:
    for block in _blocks(page.read_text(), "json"):
        if "session_data_config" in block:
            try:
                parse_config(block, page)
            except ConfigErrors as errors:
                pytest.fail(f"{errors}\n{block}")


def test_the_example_configurations_load() -> None:
    files = sorted((ROOT / "session_configs").iterdir())
    assert {one.name for path in files for one in load_config(path).scanners} >= {"gap_scanner"}


def _options(command: Any) -> set[str]:
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*(_options(one) for one in getattr(command, "commands", {}).values()))


@pages
def test_every_option_named_is_there(page: Path) -> None:
    from typer.main import get_command

    there = _options(get_command(app)) | {"--help"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text()))
    assert named - there == set()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo was played."""
    folder = tmp_path_factory.mktemp("project")
    process = started(folder, "demo")
    said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    return folder


def test_the_readme_runs_as_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    (scanner,) = _blocks(README, "python")
    (config,) = _blocks(README, "json")
    Path("my_scanner.py").write_text(scanner)
    Path("my_session.json").write_text(config)
    Path("bars").mkdir()
    write_bars(Path("bars/a.csv"), {"GEN001": 0.1, "GEN002": 0.0}, ["2018-02-20", "2018-02-21"])
    commands = [line for block in _blocks(README, "sh") for line in block.splitlines()]
    ran = [shlex.split(line)[1:] for line in commands if line.startswith("symscan ")]
    said = []
    for arguments in ran:
        ended = call(capsys, *arguments)
        assert (ended.code, ended.err) == (0, ""), arguments
        said.append(ended.out)
    assert len(ran) == 4
    assert "\nmy_scanner: first new hits\n" in said[0] and "\nhot: first new hits\n" in said[0]
    assert {path.name for path in Path("runs").iterdir()} == {"mine-2026-01-15", "mine-2018-02-20_2018-03-02"}


def test_the_scanner_in_ten_lines_has_no_more() -> None:
    (scanner,) = _blocks(README, "python")
    lines = [line for line in scanner.splitlines() if line.strip()]
    assert len(lines) <= 10


@pytest.mark.parametrize("block", _blocks(RESULTS, "python"))
def test_results_can_be_read_as_written(project: Path, monkeypatch: pytest.MonkeyPatch, block: str) -> None:
    monkeypatch.chdir(project)
    names: dict[str, Any] = {}
    exec(block, names)
    assert names["best"]["highest_pct"].is_not_null().all()
    assert names["moved"].height > 20
    assert names["moved"]["rsi_14_5m"].is_not_null().any()


def test_the_study_guide_runs_as_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (block,) = _blocks(STUDY, "python")
    names: dict[str, Any] = {}
    exec(block, names)
    study = names["study"]
    assert names["best"].height == 3 * len(study.scanners)
    described = set(re.findall(r"[a-z_0-9]+", STUDY))
    hits = {re.sub(r"(?<=_)(5m|30m|close)$", "", name) for name in study.hits.columns}
    assert hits - described == set()
    assert {f"`{mark}`" for mark in map(str, Mark)} - set(re.findall(r"`\w+`", STUDY)) == set()
    assert {why.text for why in OutcomeReason if why.text} - described == set()


@pytest.mark.slow
def test_the_guide_to_decisions_runs_as_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    scanner, calls = _blocks(WHY, "python")
    Path("ahead.py").write_text(scanner)
    names: dict[str, Any] = {}
    exec(calls, names)
    assert names["why"].frame["clause"].to_list() == ["change_pct", "lead_pct", "liquid", "take 5"]
    assert names["missed"].height > 0
    assert names["missed"]["margin"].drop_nulls().max() < 0


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        ("hits", HITS_SCHEMA),
        ("episodes", EPISODES_SCHEMA),
        ("hits.csv", HITS_CSV_COLUMNS),
        ("scans.csv", SCANS_SCHEMA),
        ("unknown.csv", UNKNOWN_SCHEMA),
    ],
)
def test_every_column_is_described_in_order(table: str, schema: Iterable[str]) -> None:
    section = RESULTS.split(f"\n## {table}\n")[1].split("\n## ")[0]
    section = re.split(r"\n\n\| (?:reason|why) \|", section)[0]
    described = [
        name
        for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    ]
    assert described == list(schema)


def test_every_reason_and_event_is_described() -> None:
    described = set(re.findall(r"`(\w+)`", RESULTS))
    assert {reason.text for reason in Reason if reason is not Reason.NONE} - described == set()
    kinds = [getattr(events, name) for name in events.__all__]
    names = [kind.__name__ for kind in kinds if isinstance(kind, type) and issubclass(kind, events.Event)]
    snakes = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names} - {"event"}
    assert snakes - described == set()


def test_the_folder_holds_what_is_described(project: Path) -> None:
    table = RESULTS.split("\n\n")[2]
    cells = "".join(re.findall(r"^\| (\[`.*?) \|", table, re.MULTILINE))
    described = {name.partition("/")[0] for name in re.findall(r"`([\w./]+)`", cells)}
    assert {path.name for path in (project / "demo" / "run").iterdir()} == described


def test_the_exports_run_as_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    (lines,) = _blocks(RESULTS, "sh")
    for line in lines.splitlines():
        ended = call(capsys, *shlex.split(line)[1:])
        assert (ended.code, ended.err) == (0, ""), line
    universe = load_universe(str(project / "tonight.txt"))
    assert (str(universe.as_of), len(universe.symbols)) == ("2026-01-15", 29)


def test_the_scripts_run_as_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    by_hand, configured = _blocks(SCRIPTS, "python")
    names: dict[str, Any] = {}
    exec(by_hand, names)
    result, session = names["result"], names["session"]
    assert len(result.symbols) > 3
    assert set(result.symbols[:3]) == set(names["later"]["symbol"]) == set(names["now"]["symbol"])
    assert names["now"].null_count().sum_horizontal().item() == 0
    assert names["later"]["close"].to_list() != names["now"]["close"].to_list()
    assert len({bar.end // 86_400_000_000 for bar in names["bars"]}) > 1  # of earlier sessions, too
    holders = session.coordinator.session_data.holders
    assert [holders.locks(symbol) for symbol in result.symbols[:3]] == [()] * 3  # they ended with the script
    locked = [(one.holder, one.symbol) for one in session.events if isinstance(one, events.SymbolLocked)]
    assert locked == [("script", symbol) for symbol in result.symbols[:3]]
    exec(configured, names)
    assert names["early"].error is None
    assert set(names["early"].symbols) <= set(names["members"])
    assert names["session"].coordinator.now == names["session"].session.close
