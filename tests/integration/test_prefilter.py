"""Universes narrowed before the session by earlier days: the same hits, and fewer minutes read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import call
from support.generated_market import make_market
from support.live_replay import configuration, parity_of, play_backtest, play_live, same
from support.projects import DATES, DAY, every, of_regular_hours
from support.runs import make_store, play

pytestmark = pytest.mark.slow

SYMBOLS = ("LIQ00", "LIQ01", "LIQ02", "LIQ03", "THN00", "THN01", "NEWC")
SCHEDULE = {"regular_session": every("30m")}
DAILY = "dollar_volume_2_1d > 5e6 AND tier <> 'out'"
CODE = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        context.session_data.add_indicator(self._universe, "sma_3_5m")
        return True

    def scan(self, context):
        view = context.session_data
        closes = view.column("close")
        return ScanResult([one for one, close in zip(view.symbols, closes) if close == close])
"""


def _scanners(universe_where: str | None = DAILY) -> list[dict[str, Any]]:
    narrowed = {"universe_where": universe_where, **SCHEDULE}
    universe = {"config": {"universe": "./u.csv"}}
    return [
        {"name": "narrow", "universe": "./u.csv", "where": "close > 0", **narrowed},
        {"name": "whole", "universe": "./u.csv", "where": f"{DAILY} AND close > 0", **SCHEDULE},
        {"name": "coded", "module": "coded", **universe, **narrowed},
        {"name": "away", "module": "coded", "isolation": "process", **universe, **narrowed},
        {"name": "reader", "universe": {"found_by": "narrow"}, "where": "close > 0", **SCHEDULE},
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = make_market(DATES, SYMBOLS)
    return make_store(tmp_path_factory.mktemp("store"), {"1m": of_regular_hours(market.minutes)})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coded.py").write_text(CODE)
    rows = "".join(f"{one},{'out' if one == 'LIQ01' else 'in'}\n" for one in SYMBOLS)
    (tmp_path / "u.csv").write_text("symbol,tier\n" + rows)
    return tmp_path


def test_narrowed_scanners_find_the_same_of_fewer(project: Path, store: Path) -> None:
    run = play(project, _scanners(), store, DATES[-3], DATES[-1])
    whole = run.found("whole")
    kept = {symbol for _, symbol in whole}
    assert kept
    assert kept < set(SYMBOLS) - {"LIQ01"}
    for name in ("narrow", "coded", "away", "reader"):
        assert run.found(name) == whole, name
    judged = run.table("scans").group_by("scanner").agg(most=("universe")).to_dicts()
    sizes = {row["scanner"]: set(row["most"]) for row in judged}
    assert sizes["whole"] == {len(SYMBOLS)}
    assert max(sizes["narrow"]) < len(SYMBOLS)
    assert sizes["coded"] == sizes["away"] == sizes["narrow"]


def test_a_live_session_is_the_backtest(project: Path, store: Path) -> None:
    config = configuration(project, _scanners())
    backtest = play_backtest(project, config, store, DAY)
    (line,) = [
        one for one in backtest.events() if one["event"] == "universe_narrowed" and one["scanner"] == "narrow"
    ]
    assert 0 < line["kept"] < line["universe"] == len(SYMBOLS)
    play_live(project, config, store, DAY, until=60)
    same(play_live(project, config, store, DAY, resume=True), backtest)
    assert parity_of(project).differences == ()
    symbols = set(
        backtest.coordinator.session_data.symbols.names(backtest.coordinator.session_data.symbols.in_use)
    )
    alone = play_backtest(project, configuration(project, _scanners()[:1]), store, DAY).coordinator
    assert set(alone.session_data.symbols.names(alone.session_data.symbols.in_use)) < symbols


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("close_1d > 5 AND close > 3", "'close' is of the session itself"),
        ("rsi_14_5m > 70", "'rsi_14_5m' is of the session itself"),
        ("close_1d >", "expected a value"),
        ("clos_1d > 5", "clos_1d"),
        ("close_1d", "it must be a condition"),
    ],
)
def test_faults_are_at_their_token(
    project: Path, store: Path, capsys: pytest.CaptureFixture[str], where: str, said: str
) -> None:
    for scanner in (_scanners(where)[0], _scanners(where)[2]):
        (project / "bad.json").write_text(json.dumps({"session_data_config": {"scanners": [scanner]}}))
        ended = call(capsys, "run", "bad.json", "--store", str(store), "--date", str(DAY), "--out", "bad")
        assert (ended.code, said in ended.err) == (2, True), ended.err
        assert "scanners[0].universe_where: " in ended.err
        assert not (project / "bad").exists()
