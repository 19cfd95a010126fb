"""Scans at the close: after the last slice, when the day is complete."""

from __future__ import annotations

import json
from contextlib import chdir
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import symscan
from support.cli import call
from support.generated_market import DATES, SPLITS, Day, Market, make_market
from support.runs import Run, make_store, play
from symscan.config import parse_config
from symscan.errors import ConfigErrors
from symscan.runtime.script import open_session

UNIVERSE = ("LIQ00", "LIQ01", "THN00", "NODAY", "BASIS", "SPLT", "ROWS")
"""NODAY has no daily bars, BASIS has them on another price basis, ROWS has no minutes."""

HALF_DAY = date(2018, 11, 23)
KNOWN = [one for one in UNIVERSE if one != "BASIS"]
WHERE = "sma_3_1d > 0"


def scanner(name: str, where: str = WHERE, **more: Any) -> dict[str, Any]:
    return {"name": name, "universe": "u.txt", "where": where, **more}


@pytest.fixture(scope="module")
def market() -> Market:
    made = make_market(DATES, UNIVERSE[:-1])
    rows = made.days.filter(symbol="LIQ01").with_columns(pl.lit("ROWS").alias("symbol"))
    return Market(made.minutes, pl.concat([made.days, rows]))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, market: Market) -> Path:
    splits = [one for one in SPLITS if one[0] in UNIVERSE]
    return make_store(tmp_path_factory.mktemp("days"), {"1m": market.minutes, "1d": market.days}, splits)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "u.txt").write_text("\n".join(UNIVERSE) + "\n")
    return tmp_path


def closes(market: Market, day: date) -> dict[str, list[float]]:
    """The closes of days on the price basis of one, oldest first: stored ones, and its own minutes' last."""
    today = Day.of(day)
    found: dict[str, list[float]] = {}
    for symbol in UNIVERSE:
        ratios = [(ex_date, ratio) for name, ex_date, ratio in SPLITS if name == symbol]
        start = pl.col("ts").dt.epoch("us")
        minutes = market.minutes.filter(symbol=symbol).sort("ts")
        stored = dict(market.days.filter(symbol=symbol).select("date", "close").iter_rows())
        for one in DATES:
            when = Day.of(one)
            regular = minutes.filter((start >= when.open) & (start < when.close))["close"]
            is_stored = one in stored and (one < today.date or not len(regular))
            if one > day or not (is_stored or len(regular)):
                continue
            close = stored[one] if is_stored else regular[-1]
            for ex_date, ratio in ratios:
                close /= ratio if one < ex_date <= day else 1.0
            found.setdefault(symbol, []).append(close)
    return found


def means(run: Run, name: str) -> dict[str, float]:
    hits = run.hits.filter(scanner=name)
    return {symbol: json.loads(text)["sma_3_1d"] for symbol, text in hits["symbol", "metadata"].iter_rows()}


@pytest.mark.parametrize("day", [HALF_DAY, date(2018, 11, 26)])
def test_today_s_bar_is_the_last_of_the_daily_indicators_once_the_day_is_complete(
    folder: Path, store: Path, market: Market, day: date
) -> None:
    close = {"start": "13:00" if day == HALF_DAY else "16:00", "interval": "5m"}
    last = scanner("last", "COALESCE(sma_3_1d, -1) > -2", show=["sma_3_1d"], regular_session=[close])
    run = play(folder, [scanner("day", at_close=True), last], store, day)
    found = closes(market, day)
    mean = {symbol: sum(found[symbol][-3:]) / 3 for symbol in KNOWN}
    assert means(run, "day") == pytest.approx(mean, rel=1e-12)
    regular = {symbol: sum(found[symbol][-4:-1]) / 3 for symbol in KNOWN}
    before = {symbol: value for symbol, value in means(run, "last").items() if value is not None}
    assert before == pytest.approx(regular, rel=1e-12)
    unknown = run.table("unknown").filter(scanner="day")
    assert unknown.select("symbol", "reason").rows() == [("BASIS", "basis_mismatch")]


def test_scans_of_one_instant_are_told_apart_and_sorted_by_phase(folder: Path, store: Path) -> None:
    both = scanner("both", "close > 0", regular_session=[{"start": "15:55", "interval": "5m"}], at_close=True)
    run = play(folder, [scanner("day", at_close=True), both], store, DATES[-1])
    scans = run.table("scans").select("scan_at", "scanner", "phase").rows()
    phases = [(at[11:16], name, phase) for at, name, phase in scans]
    assert phases == [
        ("20:55", "both", "regular"),
        ("21:00", "both", "regular"),
        ("21:00", "both", "at_close"),
        ("21:00", "day", "at_close"),
    ]
    hits = pl.read_parquet(run.folder / "hits" / f"{DATES[-1]}.parquet")
    order = hits.select("scan_at", "phase", "scanner").unique(maintain_order=True).rows()
    assert [one[1:] for one in order] == [
        ("regular", "both"),
        ("regular", "both"),
        ("at_close", "both"),
        ("at_close", "day"),
    ]
    assert not hits.filter(phase="at_close", scanner="both")["new"].any()


def test_a_stay_of_the_close_has_no_bar_to_change_its_price(folder: Path, store: Path) -> None:
    run = play(folder, [scanner("day", at_close=True)], store, DATES[-1])
    stays = run.table("episodes")
    assert sorted(stays["symbol"]) == sorted(KNOWN)
    assert stays.select("phase", "why").unique().rows() == [("at_close", "close")]
    empty = ["left", "highest", "lowest", "highest_pct", "lowest_pct"]
    assert stays.select(empty).null_count().row(0) == (len(KNOWN),) * 5
    assert stays["price"].equals(stays["price_end"])


def test_nobody_joins_a_session_that_is_over(folder: Path, store: Path) -> None:
    run = play(folder, [scanner("day", at_close=True)], store, DATES[-1])
    events = [json.loads(line)["event"] for line in run.lines("journal.jsonl")]
    assert "symbol_added" not in events
    assert events[-1] == "session_closed"
    assert events.index("scan_finished") < events.index("scanner_done")


def test_a_scan_by_hand_and_from_python_is_that_of_a_run(
    folder: Path, store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = play(folder, [scanner("day", at_close=True)], store, DATES[-1])
    mean = means(run, "day")
    monkeypatch.chdir(folder)
    frame = symscan.screen(WHERE, at=f"{DATES[-1]} close", universe="u.txt", store=store)
    hits = frame.filter(verdict="hit")
    assert dict(hits["symbol", "sma_3_1d"].iter_rows()) == mean
    at = symscan.screen(WHERE, at=f"{DATES[-1]} 16:00", universe="u.txt", store=store).filter(verdict="hit")
    assert dict(at["symbol", "sma_3_1d"].iter_rows()) != mean
    asked = ("scan", "--where", WHERE, "--universe", "u.txt", "--store", str(store))
    ended = call(capsys, *asked, "--date", str(DATES[-1]), "--at", "close", "--symbol", "LIQ00")
    assert ended.code == 0
    assert f"sma_3_1d {mean['LIQ00']:.6g}"[:12] in ended.out
    ended = call(capsys, *asked, "--date", str(DATES[-1]), "--at", "noon")
    assert ended.code == 2
    assert "write it as 10:30, or open or close" in " ".join(ended.err.replace("│", " ").split())


def test_a_script_reads_the_day_once_it_is_complete(folder: Path, store: Path, market: Market) -> None:
    found = closes(market, DATES[-1])["LIQ00"]
    with chdir(folder), open_session(store, DATES[-1]) as played:
        view = played.session_data
        view.add_indicator("LIQ00", "sma_3_1d")
        view.add_historical_bars("LIQ00", "1d", 5)
        played.advance_to("16:00")
        assert view.get_indicator("LIQ00", "sma_3_1d") == pytest.approx(sum(found[-4:-1]) / 3)
        assert view.get_bars("LIQ00", "1d", 1)[0].close == found[-2]
        played.advance_to("close")
        assert view.get_indicator("LIQ00", "sma_3_1d") == pytest.approx(sum(found[-3:]) / 3)
        view.add_indicator("LIQ01", "sma_1_1d")
        assert view.get_indicator("LIQ01", "sma_1_1d") == closes(market, DATES[-1])["LIQ01"][-1]
        assert [bar.close for bar in view.get_bars("LIQ00", "1d", 2)] == found[-2:]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"at_close": "yes"}, "expected true or false"),
        ({"at_close": False}, "it would never scan"),
        ({"at_clos": True}, "did you mean 'at_close'?"),
    ],
)
def test_what_is_wrong_with_it_is_said(given: dict[str, Any], said: str) -> None:
    text = json.dumps({"session_data_config": {"scanners": [scanner("day", **given)]}})
    with pytest.raises(ConfigErrors) as raised:
        parse_config(text, "days.json")
    assert said in str(raised.value)


def test_a_run_says_how_bars_of_minutes_differ_from_stored_ones(folder: Path, store: Path) -> None:
    run = play(folder, [scanner("day", at_close=True)], store, DATES[-1])
    (said,) = [line for line in run.lines("summary.json") if "made of minutes" in line]
    assert "times the volume" in said
    alone = play(folder, [scanner("price", "close > 0", at_close=True)], store, DATES[-1])
    assert not any("made of minutes" in line for line in alone.lines("summary.json"))
