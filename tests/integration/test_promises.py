"""What every run promises: the same twice, nothing of the future, and no session or scanner on another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.generated_market import HALF_DAYS, SPLITS, UNIVERSE, Day, Market, make_market
from support.runs import Run, make_store, play

FIRST, LAST = date(2018, 11, 21), date(2018, 11, 26)
(HALF_DAY,) = HALF_DAYS
SYMBOLS = UNIVERSE[:24] + UNIVERSE[-6:]

BUSY: dict[str, Any] = {
    "name": "busy",
    "universe": "./odd.txt",
    "where": "ABS(change_pct) > 1 AND volume_ratio_20_5m > 0.9 AND close > sma_2_1d * 0.9 AND rsi_14_5m > 45",
    "rank": "rsi_14_5m",
    "take": 12,
    "show": ["vwap", "premarket_high", "sma_5_15m", "last_bar_end"],
    "pre_session": [{"start": "09:00", "end": "09:30", "interval": "10m"}],
    "regular_session": [{"start": "09:30", "end": "16:00", "interval": "5m"}],
}
GAP: dict[str, Any] = {
    "module": "scanners.gap_scanner",
    "pre_session": True,
    "schedule": {"interval": "5m", "start_time": "09:35", "end_time": "15:55"},
    "config": {"min_gap_percent": 1.0, "universe": "./odd.txt"},
}


def project(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "odd.txt").write_text("\n".join(SYMBOLS) + "\n")
    (folder / "others.txt").write_text("\n".join(reversed(SYMBOLS[5:15])) + "\nNEITHER\n")
    return folder


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(symbols=SYMBOLS)


@pytest.fixture(scope="module")
def store(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("whole"), market)


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return play(project(tmp_path_factory.mktemp("first")), [BUSY, GAP], store, FIRST, LAST)


def stored(folder: Path, market: Market) -> Path:
    return make_store(folder, {"1m": market.minutes, "1d": market.days}, SPLITS)


def test_there_is_enough_to_compare(run: Run) -> None:
    assert set(run.table("scans")["outcome"]) == {"ok"}
    assert len(run.hits.filter(scanner="busy")) > 300
    assert len(run.hits.filter(scanner="gap_scanner")) > 300
    assert len(run.hits.filter(phase="pre_session")) > 2


def test_two_runs_are_equal_to_the_byte(run: Run, store: Path, tmp_path: Path) -> None:
    again = play(project(tmp_path), [BUSY, GAP], store, FIRST, LAST)
    for name in ("journal.jsonl", "hits.csv", "unknown.csv"):
        assert again.bytes(name) == run.bytes(name), name


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "77"])
def test_another_process_writes_the_same_bytes(seed: str, run: Run, store: Path, tmp_path: Path) -> None:
    config = {"name": "session", "session_data_config": {"scanners": [BUSY, GAP]}}
    (project(tmp_path) / "session.json").write_text(json.dumps(config))
    command = "import sys; from symscan.cli import main; main()"
    arguments = [
        "run",
        "session.json",
        "--store",
        str(store),
        "--start",
        str(FIRST),
        "--end",
        str(LAST),
        "--out",
        "out",
        "--csv",
    ]
    env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(
        [sys.executable, "-c", command, *arguments], cwd=tmp_path, env=env, check=True, capture_output=True
    )
    other = Run(tmp_path / "out")
    for name in ("journal.jsonl", "hits.csv", "unknown.csv", "episodes.csv", *run.columnar()):
        assert other.bytes(name) == run.bytes(name), name


@pytest.mark.parametrize(("day", "minute"), [(FIRST, 0), (FIRST, 37), (HALF_DAY, 125), (LAST, -20)])
def test_deleting_the_future_changes_no_past_hit(
    day: date, minute: int, run: Run, market: Market, tmp_path: Path
) -> None:
    at = Day.of(day).open + minute * 60_000_000
    start = pl.col("ts").dt.epoch("us")
    past = Market(market.minutes.filter(start + 60_000_000 <= at), market.days.filter(pl.col("date") < day))
    cut = play(project(tmp_path / "p"), [BUSY, GAP], stored(tmp_path / "s", past), FIRST, day)
    until = Day.of(day).iso(minute)
    assert before(cut, until) == before(run, until)
    assert len(before(cut, until)) > 1


@pytest.mark.parametrize(("day", "minute"), [(FIRST, 37), (HALF_DAY, 3)])
def test_another_future_changes_no_past_hit(
    day: date, minute: int, run: Run, market: Market, tmp_path: Path
) -> None:
    """Bars after T times ten, and daily rows of that date and later ones changed."""
    at = Day.of(day).open + minute * 60_000_000
    is_past = pl.col("ts").dt.epoch("us") + 60_000_000 <= at
    fields = ("open", "high", "low", "close", "volume")
    minutes = market.minutes.with_columns(
        pl.when(is_past).then(pl.col(name)).otherwise(pl.col(name) * 10).alias(name) for name in fields
    )
    days = market.days.with_columns(
        pl.when(pl.col("date") < day).then(pl.col(name)).otherwise(pl.col(name) * 7).alias(name)
        for name in fields
    )
    other = play(
        project(tmp_path / "p"), [BUSY, GAP], stored(tmp_path / "s", Market(minutes, days)), FIRST, LAST
    )
    until = Day.of(day).iso(minute)
    assert before(other, until) == before(run, until)
    assert other.lines("hits.csv") != run.lines("hits.csv")


def before(run: Run, until: str) -> list[str]:
    return [line for line in run.lines("hits.csv")[1:] if line.split(",")[1] <= until]


def test_sessions_do_not_lean_on_each_other(run: Run, store: Path, tmp_path: Path) -> None:
    warnings = json.loads(run.bytes("summary.json"))["warnings"]
    assert any("survivorship bias" in one for one in warnings)  # of the run, and no session's event
    for day in (LAST, FIRST, HALF_DAY):
        alone = play(project(tmp_path), [BUSY, GAP], store, day)
        for name in ("hits.csv", "unknown.csv"):
            expected = [line for line in run.lines(name)[1:] if line.startswith(str(day))]
            assert alone.lines(name)[1:] == expected
        assert journal(alone, day) == journal(run, day)


def journal(run: Run, day: date) -> list[str]:
    return [line for line in run.lines("journal.jsonl") if f'"session":"{day}"' in line]


OTHERS: dict[str, str] = {
    "greedy": """
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        self._load_universe()
        context.session_data.add_indicator(self.universe, "rsi_14_5m")
        context.session_data.add_historical_bars(self.universe, "15m", 9)
        context.session_data.add_session_bars(["NEWC", "RARE"], "10m")
        return True

    def scan(self, context):
        view = context.session_data
        view.add_indicator(["LIQ00", "HALT"], "volume_ratio_20_5m")
        view.add_indicator(view.symbols, "ema_90_5m")
        view.column("close")
        return ScanResult([*view.symbols, "NOWHERE", "STOP"])
""",
    "raises": """
from symscan import BaseScanner

class Scanner(BaseScanner):
    def scan(self, context):
        context.session_data.add_indicator("LIQ00", "sma_3_5m")
        raise RuntimeError("always")

    def teardown(self, context):
        raise RuntimeError("here too")
""",
    "fails_to_set_up": """
from symscan import BaseScanner

class Scanner(BaseScanner):
    def setup(self, context):
        context.session_data.add_indicator("LIQ01", "sma_3_1h")
        raise RuntimeError("no")

    def scan(self, context):
        raise AssertionError
""",
    "leaves_early": """
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = ["LIQ00", "LIQ01", "THN00", "NOWHERE"]
        context.session_data.add_indicator(self._universe, "rsi_14_5m")
        return True

    def scan(self, context):
        return ScanResult([])
""",
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_scanner_changes_nothing(name: str, run: Run, store: Path, tmp_path: Path) -> None:
    (project(tmp_path) / f"{name}.py").write_text(OTHERS[name])
    until = "10:00" if name == "leaves_early" else "15:55"
    other = {
        "module": name,
        "config": {"universe": "./others.txt"},
        "regular_session": [{"start": "09:31", "end": until, "interval": "7m"}],
    }
    beside = play(tmp_path, [other, BUSY, GAP], store, FIRST, LAST)
    for scanner in ("busy", "gap_scanner"):
        assert beside.hits_of(scanner) == run.hits_of(scanner)
        mine = [line for line in beside.lines("unknown.csv") if f",{scanner}," in line]
        assert mine == [line for line in run.lines("unknown.csv") if f",{scanner}," in line]


LIES: dict[str, str] = {
    "too_few_unknown": "ScanResult([], unknown=np.ones(1, bool))",
    "unknown_is_no_mask": "ScanResult([], unknown='all')",
    "unknown_is_numbers": "ScanResult([], unknown=np.full(len(context.session_data.symbols), 2.5))",
    "error_is_no_text": "ScanResult([], error=ValueError('x'))",
    "symbols_are_numbers": "ScanResult([1, 2])",
    "symbols_are_a_number": "ScanResult(5)",
    "metadata_is_a_list": "ScanResult(['LIQ00'], metadata=['LIQ00'])",
    "metadata_is_a_number": "ScanResult(['LIQ00'], metadata=5)",
    "metadata_holds_a_set": "ScanResult(['LIQ00'], metadata={'LIQ00': {1, 2}})",
    "no_result": "None",
    "half_a_character": "ScanResult([chr(0xD800)])",
    "metadata_of_half_a_character": "ScanResult(['LIQ00'], metadata={'LIQ00': {'why': chr(0xD800)}})",
}
LIAR = """
import numpy as np
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = ["LIQ00", "HALT"]
        return True

    def scan(self, context):
        return {0}
"""


@pytest.mark.parametrize("name", LIES)
def test_a_scanner_that_lies_fails_alone(name: str, store: Path, tmp_path: Path) -> None:
    (project(tmp_path) / f"{name}.py").write_text(LIAR.format(LIES[name]).replace("{0}", LIES[name]))
    liar = {"module": name, "regular_session": [{"start": "15:00", "end": "16:00", "interval": "30m"}]}
    scans = play(tmp_path, [liar], store, FIRST).table("scans")
    assert scans["outcome"].to_list() == ["failed"] * 3
    assert scans["error"].null_count() == 0


@pytest.mark.parametrize(
    "universe", ["[1, 2]", "5", "np.array(['LIQ00', 'HALT', 'X'])[[0, 1]] == 3", "[None]"]
)
def test_a_universe_of_anything_but_texts_disables_its_scanner(
    universe: str, store: Path, tmp_path: Path
) -> None:
    code = LIAR.replace('["LIQ00", "HALT"]', universe).replace("{0}", "ScanResult([])")
    (project(tmp_path) / "odd_universe.py").write_text(code)
    liar = {
        "module": "odd_universe",
        "regular_session": [{"start": "15:00", "end": "16:00", "interval": "30m"}],
    }
    done = play(tmp_path, [liar], store, FIRST)
    assert done.table("scans")["outcome"].to_list() == ["skipped"] * 3
    assert any('"scanner_disabled"' in line and "universe" in line for line in done.lines("journal.jsonl"))


def test_a_scanner_may_remove_its_own_symbols(store: Path, tmp_path: Path) -> None:
    code = """
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = ["NOTIN", "LIQ00", "HALT", "NEWC", "LIQ01"]
        return True

    def scan(self, context):
        symbols = context.session_data.symbols
        context.session_data.remove_symbol("LIQ00")
        return ScanResult([symbols[-1]])
"""
    (project(tmp_path) / "remover.py").write_text(code)
    remover = {"module": "remover", "regular_session": [{"start": "09:40", "end": "10:00", "interval": "5m"}]}
    done = play(tmp_path, [remover], store, FIRST)
    assert done.table("scans")["universe"].to_list() == [5, 4, 4, 4, 4]
    unknown = done.table("unknown").select("symbol", "reason", "scans").rows()
    assert unknown == [("NEWC", "no_bar_today", 5), ("NOTIN", "not_in_store", 5)]


OUTSIDER = """
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = ["LIQ05"]
        return True

    def read(self, call, *arguments):
        try:
            return str(call(*arguments))
        except KeyError as error:
            return f"{type(error).__name__}: {error}"

    def scan(self, context):
        view = context.session_data
        looks = {
            symbol: [
                self.read(view.get_latest_bar, symbol),
                self.read(view.get_latest_price, symbol),
                self.read(lambda one: [bar.close for bar in view.get_bars(one, "1m", 3)], symbol),
                self.read(view.get_indicator, symbol, "rsi_14_5m"),
            ]
            for symbol in ("LIQ00", "HALT", "LIQ05", "RARE")
        }
        return ScanResult(["LIQ00", "HALT"], metadata={"LIQ00": {"looks": str(looks)}})
"""


@pytest.mark.parametrize("adds", [True, False])
def test_what_a_scanner_finds_outside_its_universe_is_seen_alike(
    adds: bool, store: Path, tmp_path: Path
) -> None:
    """Whether another scanner has loaded the symbol must not show, in its hits or in its looks."""
    (project(tmp_path) / "outsider.py").write_text(OUTSIDER)
    outsider = {
        "module": "outsider",
        "regular_session": [{"start": "09:40", "end": "11:00", "interval": "10m"}],
        "add_symbols": adds,
    }
    alone = play(tmp_path, [outsider], store, FIRST)
    beside = play(tmp_path, [{**BUSY, "add_symbols": False}, outsider], store, FIRST)
    assert len(alone.hits_of("outsider")) == 18
    assert alone.hits_of("outsider") == beside.hits_of("outsider")
