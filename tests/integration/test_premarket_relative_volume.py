"""Pre-market volume over its mean by the same minute: as polars has it, live the same, resumed the same."""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.cli import call
from support.generated_market import DATES, Market, make_market
from support.live_replay import (
    configuration,
    converged,
    parity_of,
    play_backtest,
    play_live,
    recorded_backtest,
    same,
)
from support.runs import make_store, play

pytestmark = pytest.mark.slow

SYMBOLS = ("LIQ00", "LIQ01", "LIQ02", "LIQ04", "LIQ06", "SPLT", "THN00")
SPLIT = ("SPLT", date(2018, 11, 21), 4.0)
DAY = DATES[-1]
BEFORE, DURING = ("07:00", "09:00", "09:30"), ("11:00",)
NAME = "premarket_relative_volume_8"
CODE = f"""
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        context.session_data.add_indicator(self._universe[:3], "{NAME}")
        return True

    def scan(self, context):
        view = context.session_data
        if context.current_time.hour == 9:
            view.add_indicator(self._universe, "{NAME}")
        frame = view.frame(["{NAME}"])
        kept = frame.filter(frame["{NAME}"] > 0.8)
        return ScanResult(kept["symbol"].to_list())
"""


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(DATES, SYMBOLS)


@pytest.fixture(scope="module")
def store(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("store"), {"1m": market.minutes}, [SPLIT])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coded.py").write_text(CODE)
    names = "".join(f"{one},{'even' if one[-1] in '024' else 'odd'}\n" for one in SYMBOLS)
    (tmp_path / "u.csv").write_text(f"symbol,branch\n{names}")
    return tmp_path


def _scanners() -> list[dict[str, Any]]:
    schedule = {
        "pre_session": [{"start": one, "end": one, "interval": "1m"} for one in BEFORE],
        "regular_session": [{"start": one, "end": one, "interval": "1m"} for one in DURING],
    }
    universe = {"universe": "./u.csv"}
    ranked = {"where": f"{NAME} > 0", "rank": NAME, "show": [NAME, "premarket_volume"]}
    return [
        {"name": "screen", **universe, **ranked, **schedule},
        {"name": "best", **universe, **ranked, "take": 1, "per": "branch", **schedule},
        {"name": "coded", "module": "coded", "config": universe, **schedule},
        {
            "name": "away",
            "module": "coded",
            "config": universe,
            "isolation": "process",
            **schedule,
        },
    ]


def _expected(market: Market, day: date, until: time) -> dict[str, float]:
    """The ratio by polars over raw bars: volume on the day's basis, in sessions with a bar by that minute."""
    local = pl.col("ts").dt.convert_time_zone("America/New_York")
    symbol, ex_date, ratio = SPLIT
    is_adjusted = (pl.col("symbol") == symbol) & (pl.col("day") < ex_date) & (ex_date <= day)
    sums = (
        market.minutes.with_columns(day=local.dt.date(), time=local.dt.time())
        .filter(pl.col("time") < min(until, time(9, 30)), pl.col("day").is_in(DATES[: DATES.index(day) + 1]))
        .with_columns(volume=pl.col("volume") * pl.when(is_adjusted).then(ratio).otherwise(1.0))
        .group_by("symbol", "day")
        .agg(pl.col("volume").sum())
    )
    earlier = sums.filter(pl.col("day").is_in(DATES[DATES.index(day) - 8 : DATES.index(day)]))
    means = earlier.group_by("symbol").agg(mean=pl.col("volume").mean(), known=pl.len())
    both = sums.filter(day=day).join(means.filter(pl.col("known") >= 5), on="symbol")
    return dict(both.select("symbol", pl.col("volume") / pl.col("mean")).iter_rows())


def test_screens_and_code_read_what_polars_has(project: Path, store: Path, market: Market) -> None:
    run = play(project, _scanners(), store, DATES[-2], DAY)
    for day in DATES[-2:]:
        for clock in (*BEFORE, *DURING):
            at = time.fromisoformat(clock)
            expected = _expected(market, day, at)
            assert len(expected) > 4
            hits = run.hits.filter(pl.col("scan_at") == _written(day, at))
            screened = hits.filter(scanner="screen")
            values = {
                row["symbol"]: json.loads(row["metadata"])[NAME] for row in screened.iter_rows(named=True)
            }
            assert values == pytest.approx(expected, rel=1e-12)
            ranked = screened.sort("rank")["symbol"].to_list()
            assert ranked == sorted(expected, key=expected.__getitem__, reverse=True)
            assert len(hits.filter(scanner="best")) == 2
            asked = SYMBOLS if at.hour > 9 or clock == BEFORE[2] else SYMBOLS[:3]
            high = {one for one, ratio in expected.items() if ratio > 0.8 and one in asked}
            assert set(hits.filter(scanner="coded")["symbol"]) == high
            assert set(hits.filter(scanner="away")["symbol"]) == high
    unknown = run.table("unknown").filter(scanner="screen", symbol="LIQ01")
    assert set(unknown["reason"]) == {"no_premarket_bar"}


def _written(day: date, at: time) -> str:
    """The instant of a scan, as the table has it: five hours later in UTC."""
    return f"{day}T{at.hour + 5:02}:{at.minute:02}:00Z"


def test_sessions_of_longer_bars_are_compared_at_their_ends(project: Path, market: Market) -> None:
    """Earlier sessions have bars of 5 minutes: a scan between two of their ends knows nothing."""
    day = pl.col("ts").dt.date()
    fields = (
        *(pl.col("open").first(), pl.col("high").max(), pl.col("low").min()),
        *(pl.col("close").last(), pl.col("volume").sum()),
    )
    by_five = market.minutes.sort("ts").group_by("symbol", pl.col("ts").dt.truncate("5m")).agg(fields)
    bars = {"1m": market.minutes.filter(day == DAY), "5m": by_five.filter(day < DAY)}
    mixed = make_store(project / "mixed", bars, [SPLIT])
    windows = [{"start": one, "end": one, "interval": "1m"} for one in ("08:58", "09:00")]
    screen = _scanners()[0] | {"pre_session": windows}
    run = play(project, [screen], mixed, DAY, DAY)
    for clock in ("09:00", "11:00"):
        at = time.fromisoformat(clock)
        hits = run.hits.filter(pl.col("scan_at") == _written(DAY, at))
        values = {row["symbol"]: json.loads(row["metadata"])[NAME] for row in hits.iter_rows(named=True)}
        assert values == pytest.approx(_expected(market, DAY, at), rel=1e-12)
    assert run.hits.filter(pl.col("scan_at") == _written(DAY, time(8, 58))).is_empty()
    reasons = run.table("unknown").filter(symbol="LIQ00")["reason"]
    assert set(reasons) == {"warming"}


def test_a_live_session_is_the_backtest_and_goes_on_where_it_was(project: Path, store: Path) -> None:
    config = configuration(project, _scanners())
    backtest = play_backtest(project, config, store, DAY)
    assert set(backtest.run.hits["scanner"]) == {"screen", "best", "coded", "away"}
    same(play_live(project, config, store, DAY), backtest)
    assert parity_of(project).differences == ()
    play_live(project, config, store, DAY, out="cut", until=200)
    same(play_live(project, config, store, DAY, out="cut", resume=True), backtest)


def test_late_and_corrected_bars_end_as_a_backtest_of_them(project: Path, store: Path) -> None:
    config = configuration(project, _scanners())
    faults = "late=0.2:70s,correct=0.1:70s,seed=3"
    live = play_live(project, config, store, DAY, faults=faults)
    assert "bars_corrected" in {one["event"] for one in map(json.loads, live.run.lines("journal.jsonl"))}
    converged(live.coordinator, recorded_backtest(project))


def test_processes_and_explain(project: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scanners = json.dumps({"session_data_config": {"scanners": _scanners()[:2]}})
    (project / "session.json").write_text(scanners)
    args = ("run", "session.json", "--store", str(store), "--start", str(DATES[-2]), "--end", str(DAY))
    assert call(capsys, *args, "--out", "one").code == 0
    assert call(capsys, *args, "--out", "two", "--jobs", "2").code == 0
    for day in DATES[-2:]:
        name = f"hits/{day}.parquet"
        assert (project / "one" / name).read_bytes() == (project / "two" / name).read_bytes()
    explained = call(capsys, "explain", "session.json", "--date", str(DAY))
    assert NAME in explained.out and "premarket " in explained.out


def test_a_store_of_days_refuses_it_by_name(
    project: Path, market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    days = make_store(project / "days", {"1d": market.days})
    where = ("--where", f"{NAME} > 1", "--universe", "./u.csv")
    refused = call(capsys, "scan", "--store", str(days), "--date", str(DAY), "--at", "close", *where)
    assert refused.code != 0
    assert f"'{NAME}' needs minutes, and the store has daily bars only" in refused.err
