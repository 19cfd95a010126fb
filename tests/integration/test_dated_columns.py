"""Screens and code over files whose rows are known since a date: as polars has it, and live the same."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from support.cli import call
from support.generated_market import make_market
from support.live_replay import configuration, parity_of, play_backtest, play_live, same
from support.projects import DATES, DAY, every, of_regular_hours
from support.runs import make_store, play
from symscan import DatedFile, screen
from symscan.clock.session_calendar import SessionCalendar

pytestmark = pytest.mark.slow

SYMBOLS = ("LIQ00", "LIQ01", "LIQ02", "LIQ03", "LIQ04")
ZONE = ZoneInfo("America/New_York")
BEFORE, AFTER = DATES[-3], DATES[-1]
ROWS = [
    ("LIQ00", f"{BEFORE}", "1e9", f"{DAY}", "soft"),
    ("LIQ00", f"{DAY}T11:00:00", "3e9", f"{AFTER}", "hard"),
    ("LIQ01", f"{BEFORE}", "", f"{AFTER}", "soft"),
    ("LIQ02", f"{DAY}", "1e9", f"{AFTER}", "soft"),  # known from the next session on
    ("LIQ03", f"{DAY}T10:30:00", "9e8", f"{AFTER}", "hard"),
    ("LIQ04", f"{AFTER}T09:00:00", "9e8", f"{DAY}", ""),
    ("ELSE", f"{DAY}", "9e8", f"{DAY}", "soft"),
]
FILE = "symbol,published,market_cap,earnings_date,branch\n" + "".join(",".join(row) + "\n" for row in ROWS)
COLUMNS = {"file": "f.csv", "as_of": "published", "zone": "America/New_York"}
WHERE = "market_cap < 2e9 AND days_to(earnings_date) >= 0 AND close > 0"
CODE = """
from symscan import BaseScanner, DatedFile, ScanResult


class Scanner(BaseScanner):
    rests_on = {"f.csv": DatedFile("f.csv", "published", "America/New_York")}

    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        today = context.current_time.date()
        rows = context.table("f.csv", latest=True)
        prices = dict(zip(context.session_data.symbols, context.session_data.column("close")))
        found = [
            symbol
            for symbol, cap, report in rows["symbol", "market_cap", "earnings_date"].rows()
            if cap is not None and cap < 2e9 and report >= today and prices.get(symbol, 0) > 0
        ]
        return ScanResult(sorted(found))
"""
JOINING = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        frame = context.session_data.frame(["market_cap", "days_to(earnings_date)", "branch", "close"])
        is_cheap, is_ahead = frame["market_cap"] < 2e9, frame["days_to(earnings_date)"] >= 0
        kept = frame.filter(is_cheap & is_ahead & (frame["close"] > 0))
        return ScanResult(kept["symbol"].to_list())
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = make_market(DATES, SYMBOLS)
    return make_store(tmp_path_factory.mktemp("store"), {"1m": of_regular_hours(market.minutes)})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text(FILE)
    (tmp_path / "coded.py").write_text(CODE)
    (tmp_path / "joining.py").write_text(JOINING)
    (tmp_path / "u.txt").write_text("".join(f"{one}\n" for one in SYMBOLS))
    return tmp_path


def _scanners() -> list[dict[str, Any]]:
    schedule = {"regular_session": every("30m")}
    universe = {"config": {"universe": "./u.txt"}}
    return [
        {"name": "screen", "universe": "./u.txt", "where": WHERE, "columns": COLUMNS, **schedule},
        {"name": "coded", "module": "coded", **universe, **schedule},
        {"name": "joining", "module": "joining", "columns": [COLUMNS], **universe, **schedule},
        {
            "name": "away",
            "module": "joining",
            "columns": COLUMNS,
            "isolation": "process",
            **universe,
            **schedule,
        },
        {
            "name": "best",
            "universe": "./u.txt",
            "where": "market_cap > 0",
            "rank": "close",
            "take": 1,
            "per": "branch",
            "columns": COLUMNS,
            **schedule,
        },
    ]


def _known(at: datetime) -> pl.DataFrame:
    """The last row of each symbol that was known, by polars over the file's rows."""
    rows = pl.DataFrame(ROWS, ["symbol", "published", "cap", "report", "branch"], orient="row")
    is_date = pl.col("published").str.len_chars() == 10
    known = rows.with_columns(
        since=pl.when(is_date)
        .then((pl.col("published").str.slice(0, 10).str.to_date() + pl.duration(days=1)).cast(pl.Datetime))
        .otherwise(pl.col("published").str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False))
        .dt.replace_time_zone(ZONE.key),
        cap=pl.col("cap").replace("", None).cast(pl.Float64),
        report=pl.col("report").str.to_date(),
    )
    return known.filter(pl.col("since") <= at).sort("since").unique("symbol", keep="last").sort("symbol")


def test_screens_and_code_find_what_polars_finds(project: Path, store: Path) -> None:
    run = play(project, _scanners(), store, DATES[-3], AFTER)
    scans = run.table("scans").filter(scanner="screen")["scan_at"].unique().sort().to_list()
    assert len(scans) > 20
    expected = set()
    for scan in scans:
        at = datetime.fromisoformat(scan).astimezone(ZONE)
        found = _known(at).filter(pl.col("cap") < 2e9, pl.col("report") >= at.date())["symbol"]
        has_bars = at.time() > time(9, 30)
        expected |= {(scan, one) for one in found if one in SYMBOLS and has_bars}
    assert {symbol for _, symbol in expected} == {"LIQ00", "LIQ02", "LIQ03"}
    for name in ("screen", "coded", "joining", "away"):
        assert run.found(name) == expected, name
    best = run.table("hits").filter(scanner="best").group_by("scan_at").len()["len"].max()
    assert best == 2  # one of each branch
    unknown = run.table("unknown").filter(scanner="screen", symbol="LIQ04")
    assert set(unknown["reason"]) == {"no_bar_today", "no_row_yet"}


def test_a_live_session_is_the_backtest(project: Path, store: Path) -> None:
    config = configuration(project, _scanners())
    backtest = play_backtest(project, config, store, DAY)
    assert len(backtest.run.hits)
    same(play_live(project, config, store, DAY), backtest)
    assert parity_of(project).differences == ()


@pytest.mark.usefixtures("project")
def test_one_scan_in_python(store: Path) -> None:
    columns = DatedFile(**COLUMNS)
    found = screen(
        WHERE, at=f"{DAY} 12:00", universe="./u.txt", store=store, columns=columns, show=["branch"]
    )
    rows = {row["symbol"]: row for row in found.rows(named=True)}
    assert [one for one, row in rows.items() if row["verdict"] == "hit"] == ["LIQ03"]
    assert rows["LIQ03"]["days_to(earnings_date)"] == _sessions(DAY, AFTER)
    assert rows["LIQ00"] | {"close": 0} == {
        "symbol": "LIQ00",
        "verdict": "no",
        "reason": None,
        "rank": None,
        "market_cap": 3e9,
        "days_to(earnings_date)": float(_sessions(DAY, AFTER)),
        "close": 0,
        "branch": "hard",
    }
    assert rows["LIQ02"]["reason"] == "no_row_yet"
    assert rows["LIQ01"]["reason"] == "no_value"  # its market cap is empty


def _sessions(first: date, last: date) -> int:
    return len(SessionCalendar().sessions(first, last)) - 1


def test_processes_read_the_same_rows_and_changed_files_are_noticed(
    project: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = {"session_data_config": {"scanners": _scanners()}}
    (project / "session.json").write_text(json.dumps(whole))
    args = ("run", "session.json", "--store", str(store), "--start", str(DATES[-3]), "--end", str(AFTER))
    assert call(capsys, *args, "--out", "one").code == 0
    assert call(capsys, *args, "--out", "two", "--jobs", "2").code == 0
    for name in ("run.json", *(f"hits/{day}.parquet" for day in DATES[-3:])):
        assert (project / "one" / name).read_bytes() == (project / "two" / name).read_bytes()
    tables = json.loads((project / "one" / "run.json").read_text())["tables"]
    assert {name: list(files) for name, files in tables.items()} == {
        name: ["f.csv"] for name in ("screen", "coded", "joining", "away", "best")
    }
    why = ("why", "one", "LIQ03", "--at", "12:00")
    told = call(capsys, *why, "--date", str(DAY))  # a part of the range that the digests are of
    assert (told.code, told.err) == (0, "")
    (project / "f.csv").write_text(FILE + f"LIQ01,{DAY},5e8,{AFTER},soft\n")
    ended = call(capsys, "study", "one", "--store", str(store))
    assert ended.code == 2
    assert "the dated file 'f.csv' of 'screen' has changed since the run" in ended.err
    assert "'f.csv' of 'screen' has changed since the run" in call(capsys, *why, "--date", str(DAY)).err


def test_faults_are_placed_in_the_configuration(
    project: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for columns, where, said in (
        ({"file": "f.csv"}, "close > 0", "columns: the key 'as_of' is missing"),
        ({**COLUMNS, "as_of": "since"}, "close > 0", "columns.as_of: f.csv:1: there is no column 'since'"),
        ({**COLUMNS, "file": "g.csv"}, "close > 0", "columns.file: there is no file 'g.csv'"),
        ({"file": "f.csv", "as_of": "published"}, "close > 0", "columns.zone: f.csv:3: "),
        ([COLUMNS, {**COLUMNS, "zone": "America/NewYork"}], "close > 0", 'did you mean "America/New_York"?'),
        (COLUMNS, "days_to(branch) > 1", "'branch' is a text; columns of dates: earnings_date"),
        (COLUMNS, "earnings_date > 5", "a date counts in sessions, as in days_to(earnings_date) > 1"),
        (COLUMNS, "prior.market_cap > 5", "has no value a bar earlier"),
    ):
        scanner = {**_scanners()[0], "columns": columns, "where": where}
        (project / "bad.json").write_text(json.dumps({"session_data_config": {"scanners": [scanner]}}))
        ended = call(capsys, "run", "bad.json", "--store", str(store), "--date", str(DAY), "--out", "bad")
        assert (ended.code, said in ended.err) == (2, True), ended.err
        assert "bad.json:1:" in ended.err
        assert not (project / "bad").exists()
