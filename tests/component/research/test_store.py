"""A store as frames: bars against plain polars over what was imported, columns against what scanners read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl
import pytest

import symscan
from component.runs.conftest import DAYS, SYMBOLS
from support.runs import make_store

FIELDS = ["open", "high", "low", "close", "volume"]
COLUMNS = ["rsi_5_5m", "sma_3_1m", "bbands_5_2_5m.upper", "vwap", "change_pct", "premarket_volume"]


@pytest.fixture(scope="module")
def opened(store: Path) -> symscan.Store:
    return symscan.open_store(store)


def _regular(bars: pl.DataFrame) -> pl.DataFrame:
    at = pl.col("ts").dt.convert_time_zone("America/New_York").dt.time()
    return bars.filter(at.is_between(time(9, 30), time(16), closed="left")).sort("symbol", "ts")


def test_what_it_holds(opened: symscan.Store, store: Path) -> None:
    assert (opened.symbols(), opened.sessions, opened.intervals) == (sorted(SYMBOLS), list(DAYS), ["1m"])
    assert opened.path == store
    assert repr(opened) == f"<Store {store}: 1m; 6 symbols; 2018-02-26 to 2018-02-27>"


def test_stored_bars_are_those_imported(opened: symscan.Store, bars: pl.DataFrame) -> None:
    found = opened.bars(["CCC", "AAA", "CCC"], "1m", *map(str, DAYS))
    wanted = bars.filter(pl.col("symbol").is_in(["AAA", "CCC"])).sort("symbol", "ts")
    assert found.select("symbol", "start", *FIELDS).equals(wanted.rename({"ts": "start"}))
    assert ((found["end"] - found["start"]).dt.total_minutes() == 1).all()
    assert set(found["session"]) == set(DAYS)


def test_bars_that_are_not_stored_are_made_of_regular_minutes(
    opened: symscan.Store, bars: pl.DataFrame
) -> None:
    found = opened.bars(list(SYMBOLS), "15m", DAYS[0], DAYS[1])
    wanted = (
        _regular(bars)
        .group_by_dynamic("ts", every="15m", group_by="symbol")
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .sort("symbol", "ts")
        .rename({"ts": "start"})
    )
    assert found.select("symbol", "start", *FIELDS).equals(wanted)


def test_a_daily_bar_is_stored_or_made_of_the_minutes(tmp_path: Path, bars: pl.DataFrame) -> None:
    stored = {"symbol": ["AAA"], "date": [DAYS[1]], **{name: [50.0] for name in FIELDS}}
    store = symscan.open_store(make_store(tmp_path, {"1m": bars, "1d": pl.DataFrame(stored)}))
    found = store.bars(["AAA", "BBB"], "1d", DAYS[0], DAYS[1])
    assert found.select("symbol", "session").rows() == [(one, day) for one in ("AAA", "BBB") for day in DAYS]
    assert found.row(1)[4:] == (50.0,) * 5
    closes = _regular(bars).group_by("symbol", pl.col("ts").dt.date(), maintain_order=True).last()
    assert found["close"][[0, 2, 3]].to_list() == [
        closes.filter(symbol=symbol, ts=day)["close"].item()
        for symbol, day in (("AAA", DAYS[0]), ("BBB", DAYS[0]), ("BBB", DAYS[1]))
    ]
    assert found["start"][0] == datetime(2018, 2, 26, 14, 30, tzinfo=UTC)
    assert found["end"][0] == datetime(2018, 2, 26, 21, tzinfo=UTC)


@pytest.mark.parametrize(("interval", "scans"), [("5m", "5m"), ("1m", "7m"), ("1d", "16:00")])
def test_columns_are_what_a_scanner_reads_at_the_end_of_the_bar(
    opened: symscan.Store, store: Path, tmp_path: Path, interval: str, scans: str
) -> None:
    six = tmp_path / "six.txt"
    six.write_text("\n".join(SYMBOLS) + "\n")
    window = {"start": "09:30", "end": "16:00", "interval": scans}
    if scans == "16:00":
        window = {"start": "16:00", "end": "16:00", "interval": "5m"}
    screen = {
        "name": "all",
        "universe": str(six),
        "where": "close > 0",
        "show": COLUMNS,
        "regular_session": [window],
    }
    config = {"session_data_config": {"scanners": [screen]}}
    run = symscan.run(config, store=store, start=DAYS[0], end=DAYS[1])
    read = run.values("all").filter(phase="regular" if interval != "1d" else pl.first("phase"))
    found = opened.bars(list(SYMBOLS), interval, *DAYS, columns=[*COLUMNS, "close"])
    both = found.join(read, left_on=["symbol", "end"], right_on=["symbol", "scan_at"], suffix="_read")
    assert both.height > (10 if interval == "1d" else 400)
    assert both.filter(pl.col("rsi_5_5m").is_not_null()).height > both.height * 0.5
    for name in COLUMNS:
        assert both[name].equals(both[f"{name}_read"]), name
    assert both["session_close"].equals(both["close_read"])


def test_columns_begin_before_the_open(opened: symscan.Store, bars: pl.DataFrame) -> None:
    found = opened.bars("AAA", "1m", DAYS[1], columns=["premarket_volume", "vwap"])
    before = found.filter(pl.col("end") <= datetime(2018, 2, 27, 14, 30, tzinfo=UTC))
    mine = bars.filter(pl.col("symbol") == "AAA", pl.col("ts").dt.date() == DAYS[1]).sort("ts")
    assert before["premarket_volume"].to_list() == mine["volume"].cum_sum().head(before.height).to_list()
    assert before.height == 20


def test_universes(opened: symscan.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.csv").write_text("symbol,sector\nBBB,Energy\nAAA,\n")
    assert opened.universe("./two.csv").rows() == [("BBB", "Energy"), ("AAA", None)]
    assert opened.universe("store")["symbol"].to_list() == sorted(SYMBOLS)
    with pytest.raises(symscan.UniverseError, match="there is no universe 'nobody'"):
        opened.universe("nobody")


@pytest.mark.parametrize(
    ("arguments", "columns", "message"),
    [
        (("AAB", "5m", DAYS[0]), (), "has no bars of 'AAB'; did you mean '"),
        (("AAA", "5x", DAYS[0]), (), "'5x'"),
        (("AAA", "1w", DAYS[0]), (), "bars are of minutes, hours or a day; there are none of '1w'"),
        (("AAA", "5m", "soon"), (), "'soon' is not a date"),
        (("AAA", "5m", DAYS[1], DAYS[0]), (), "the range's last date 2018-02-26 is before its first date"),
        (("AAA", "5m", DAYS[0]), ("rsy_14_5m",), "rsy"),
        (("AAA", "5m", DAYS[0]), ("bbands_5_2_5m.top",), "has no output 'top'; it has upper"),
    ],
)
def test_wrong_input_is_one_error(
    opened: symscan.Store, arguments: tuple[str, str, date], columns: tuple[str, ...], message: str
) -> None:
    with pytest.raises(symscan.InputError, match=re.escape(message)):
        opened.bars(*arguments, columns=columns)


def test_no_bars_are_no_rows(opened: symscan.Store) -> None:
    empty = opened.bars("AAA", "5m", "2018-03-05", columns=["vwap", "close"])
    assert empty.columns == ["session", "symbol", "start", "end", *FIELDS, "vwap", "session_close"]
    assert empty.is_empty()


def test_a_store_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(symscan.DataError, match="there is no bar store here"):
        symscan.open_store(tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYMSCAN_STORE", raising=False)
    with pytest.raises(symscan.InputError, match="no bar store is named"):
        symscan.open_store()
