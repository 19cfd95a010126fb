"""A store of daily bars alone: a session is one bar, scanned at the open and at the close."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import talib

import symscan
from support.cli import call
from support.generated_market import DATES, SPLITS, Day, make_market
from support.runs import Run, make_store, play
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import ConfigErrors, InputError
from symscan.runtime.script import open_session

REAL = Path(__file__).parents[3] / "shared" / "data" / "us284_1d_2017-01-03_2018-03-02.parquet"
FIELDS = ("open", "high", "low", "close", "volume")
LAST = date(2024, 6, 28)
SCREEN = "rsi_14_1d < 50 AND close > 0.99 * sma_20_1d AND change_pct > -1"


def scanner(where: str, **more: Any) -> dict[str, Any]:
    return {"name": "day", "universe": "u.txt", "where": where, "at_close": True, **more}


def make_days(symbols: int = 30, sessions: int = 330, seed: int = 3) -> pl.DataFrame:
    """Random walks in cents; every symbol lacks some days."""
    rng = np.random.default_rng(seed)
    days = [one.date for one in SessionCalendar().previous(LAST + timedelta(days=1), sessions)]
    frames = []
    for number in range(symbols):
        close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.02, sessions))), 2)
        opened = np.round(close * np.exp(rng.normal(0, 0.01, sessions)), 2)
        frame = pl.DataFrame(
            {
                "symbol": [f"S{number:02d}"] * sessions,
                "date": days,
                "open": opened,
                "high": np.maximum(opened, close) + 0.05,
                "low": np.minimum(opened, close) - 0.05,
                "close": close,
                "volume": np.round(rng.exponential(1e6, sessions)) + 1,
            }
        )
        frames.append(frame.filter(pl.Series(rng.random(sessions) >= (number % 5) * 0.01)))
    return pl.concat(frames)


@pytest.fixture(scope="module")
def days() -> pl.DataFrame:
    return make_days()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, days: pl.DataFrame) -> Path:
    return make_store(tmp_path_factory.mktemp("daily"), {"1d": days})


@pytest.fixture
def folder(tmp_path: Path, days: pl.DataFrame) -> Path:
    (tmp_path / "u.txt").write_text("\n".join(days["symbol"].unique().sort()) + "\n")
    return tmp_path


def hits(run: Run) -> set[tuple[str, str]]:
    return set(run.hits["session", "symbol"].iter_rows())


def of_talib(days: pl.DataFrame, played: list[date], index_days: list[date]) -> set[tuple[str, str]]:
    """What SCREEN finds, by TA-Lib over each symbol's bars of the sessions that each key asks for."""
    found = set()
    for (symbol,), bars in days.sort("date").group_by("symbol"):
        dates, closes = bars["date"].to_list(), bars["close"].to_numpy()
        close_of = dict(zip(dates, closes.tolist(), strict=True))
        place = np.searchsorted(np.array(index_days), np.array(dates))
        for day in played:
            index = index_days.index(day)
            close, previous = close_of.get(day), close_of.get(index_days[index - 1])
            if close is None or previous is None:
                continue
            until = int(np.searchsorted(place, index, "right"))
            rsi = talib.RSI(closes[np.searchsorted(place, index - 264) : until], 14)[-1]
            sma = talib.SMA(closes[np.searchsorted(place, index - 20) : until], 20)[-1]
            if rsi < 50 and close > 0.99 * sma and 100 * (close / previous - 1) > -1:
                found.add((str(day), str(symbol)))
    return found


def test_a_screen_at_the_close_is_talib_s_over_the_same_bars(
    folder: Path, store: Path, days: pl.DataFrame
) -> None:
    index_days = sorted(days["date"].unique())
    run = play(folder, [scanner(SCREEN)], store, index_days[-8], LAST)
    wanted = of_talib(days, index_days[-8:], index_days)
    assert len(wanted) > 10
    assert hits(run) == wanted
    stays = run.table("episodes")
    assert stays["highest"].null_count() == stays.height == len(wanted)


def test_who_has_no_bar_of_the_day_has_no_indicator_of_it(folder: Path, days: pl.DataFrame) -> None:
    left = days.filter((pl.col("symbol") != "S03") | (pl.col("date") < LAST - timedelta(days=9)))
    store = make_store(folder / "left", {"1d": left})
    run = play(folder, [scanner("rsi_14_1d > 0")], store, LAST)
    traded = set(left.filter(pl.col("date") == LAST)["symbol"])
    assert {symbol for _, symbol in hits(run)} == traded
    unknown = run.table("unknown").filter(pl.col("symbol") == "S03")
    assert unknown["reason"].to_list() == ["no_bar_today"]


def test_a_session_played_alone_has_the_bytes_of_one_in_a_range(folder: Path, store: Path) -> None:
    scanners = [
        scanner(SCREEN),
        scanner("close_1d > ema_9_1d", name="before", pre_session=True, at_close=False),
    ]
    sessions = [one.date for one in SessionCalendar().previous(LAST + timedelta(days=1), 3)]
    whole = play(folder, scanners, store, sessions[0], LAST)
    for day in sessions:
        alone = play(folder, scanners, store, day)
        for name in ("hits", "episodes", "values/day", "values/before"):
            path = f"{name}/{day}.parquet"
            assert alone.bytes(path) == whole.bytes(path)


@pytest.mark.slow
def test_minutes_and_daily_bars_made_of_them_find_the_same(folder: Path, tmp_path: Path) -> None:
    market = make_market(DATES)
    minutes = market.minutes.with_columns(start=pl.col("ts").dt.epoch("us"))
    bars = []
    for day in (Day.of(one) for one in DATES):
        regular = minutes.filter((pl.col("start") >= day.open) & (pl.col("start") < day.close)).sort("start")
        made = regular.group_by("symbol").agg(
            pl.lit(day.date).alias("date"),
            pl.first("open"),
            pl.max("high"),
            pl.min("low"),
            pl.last("close"),
            pl.sum("volume"),
        )
        bars.append(made)
    fine = make_store(tmp_path / "minutes", {"1m": market.minutes}, SPLITS)
    coarse = make_store(tmp_path / "days", {"1d": pl.concat(bars)}, SPLITS)
    (folder / "u.txt").write_text("\n".join(market.minutes["symbol"].unique().sort()) + "\n")
    where = "close > sma_3_1d OR gap_pct > 0.5 OR volume > volume_ratio_2_1d * 1000 OR close > high_1w"
    both = [scanner(where, show=["high", "low", "open", "roc_2_1d", "sma_2_1w"])]
    runs = [play(folder, both, one, DATES[4], DATES[-1]) for one in (fine, coarse)]
    columns = ["session", "symbol", "rank", "price", "change_pct", "gap_pct", "volume", "metadata"]
    tables = [run.hits.select(columns) for run in runs]
    assert tables[0].height > 100
    assert tables[0].drop("metadata").equals(tables[1].drop("metadata"))
    for mine, other in zip(*(table["metadata"] for table in tables), strict=True):
        assert _known(mine) == pytest.approx(_known(other), rel=1e-9)


def _known(text: str) -> dict[str, float]:
    return {name: value for name, value in json.loads(text).items() if value is not None}


def test_at_the_open_the_session_before_is_the_last(folder: Path, store: Path, days: pl.DataFrame) -> None:
    before = scanner("close_1d > 0", show=["volume_1d", "previous_close"], pre_session=True, at_close=False)
    run = play(folder, [before], store, LAST)
    day = days.filter(date=sorted(days["date"].unique())[-2])
    wanted = {
        symbol: (close, volume) for symbol, close, volume in day.select("symbol", "close", "volume").rows()
    }
    found = {symbol: json.loads(text) for symbol, text in run.hits["symbol", "metadata"].iter_rows()}
    assert {symbol: (one["close_1d"], one["volume_1d"]) for symbol, one in found.items()} == wanted
    assert all(one["previous_close"] == one["close_1d"] for one in found.values())


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({"where": "vwap > 1"}, ".where", "'vwap' needs minutes"),
        ({"where": "premarket_volume > 1"}, ".where", "'premarket_volume' needs minutes"),
        ({"where": "market.vwap > 1", "market": "AAA"}, ".where", "'vwap' needs minutes"),
        ({"where": "close > prior(2).close"}, ".where", "write prior(2).close_1d"),
        ({"where": "rsi_14_5m > 70"}, ".where", "write rsi_14_1d, or import minutes"),
        ({"where": "close > 5", "pre_session": True}, ".where", "write previous_close"),
        ({"where": "volume > 5", "pre_session": True}, ".where", "write volume_1d"),
        ({"where": "close_1d > 5", "rank": "gap_pct", "pre_session": True}, ".rank", '"at_close": true'),
        ({"where": "close > last_scan.close"}, ".where", "it scans once; write prior.close_1d"),
        ({"where": "close > 1", "rank": "last_scan.roc_1_1d"}, ".rank", "write prior.roc_1_1d"),
        (
            {"where": "close > 1", "leave_when": "last_scan.market.close > 1", "market": "AAA"},
            ".leave_when",
            "leave it out",
        ),
        ({"where": "close > 1", "confirm_scans": 2}, ".confirm_scans", "nobody is ever confirmed"),
        ({"where": "close_1d > 5", "regular_session": [{"interval": "5m"}]}, ".regular_session", "at_close"),
        ({"where": "close_1d > 5", "pre_session": [{"interval": "5m"}]}, ".pre_session", "pre_session"),
    ],
)
def test_what_needs_minutes_is_refused_by_name(
    folder: Path, store: Path, given: dict[str, Any], place: str, said: str
) -> None:
    with pytest.raises(ConfigErrors) as raised:
        play(folder, [scanner(**given)], store, LAST)
    (fault,) = raised.value.errors
    assert str(fault.path).endswith(place)
    assert said in fault.message
    assert "the store has daily bars only" in fault.message


def test_the_last_scan_of_one_at_the_close_is_that_before_the_open(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    risen = scanner("close_1d > last_scan.close_1d", pre_session=True)
    run = play(folder, [risen, scanner("roc_1_1d > 0", name="up")], store, LAST)
    missed = set(run.table("unknown").filter(scanner="day", phase="at_close")["symbol"])
    assert run.found("day") == {hit for hit in run.found("up") if hit[1] not in missed} != set()
    monkeypatch.chdir(folder)
    (folder / "risen.json").write_text(json.dumps({"session_data_config": {"scanners": [risen]}}))
    ended = call(capsys, "scan", "risen.json", "--store", str(store), "--date", str(LAST), "--at", "close")
    assert f"\n{len(run.found('day'))} found, " in ended.out
    assert "its 1 before this one were made first" in ended.out


def test_a_strategy_is_refused_and_a_scanner_s_own_request_too(folder: Path, store: Path) -> None:
    (folder / "mine.py").write_text(
        "from symscan import BaseScanner, ScanResult\n"
        "class Scanner(BaseScanner):\n"
        "    def setup(self, context):\n"
        "        return context.session_data.add_indicator(self._load_universe(), 'rsi_14_5m')\n"
        "    def scan(self, context):\n"
        "        return ScanResult([])\n"
    )
    strategies = [{"module": "strategies.paper_trader", "config": {"scanner": "day"}}]
    with pytest.raises(ConfigErrors) as raised:
        play(folder, [scanner("close > 1")], store, LAST, strategies=strategies)
    assert "a strategy decides between open and close" in str(raised.value)
    own = {"module": "mine", "config": {"universe": "u.txt"}, "at_close": True}
    run = play(folder, [own], store, LAST)
    assert "'rsi_14_5m' needs bars of 5m; this session has daily bars only" in "".join(
        run.lines("journal.jsonl")
    )


def test_by_hand_there_are_two_moments(
    folder: Path, store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match="the store has daily bars only; give open or close"):
        symscan.screen("close > 1", at=f"{LAST} 10:30", universe="u.txt", store=store)
    asked = (
        "scan",
        "--where",
        "close > 1",
        "--universe",
        "u.txt",
        "--store",
        str(store),
        "--date",
        str(LAST),
    )
    assert "30 of 30 judged" in call(capsys, *asked, "--at", "close").out
    ended = call(capsys, *asked, "--at", "10:30")
    assert ended.code == 2
    assert "give open or close" in ended.err


def test_a_script_reads_the_day_at_the_close(store: Path, days: pl.DataFrame) -> None:
    (close,) = days.filter(symbol="S00", date=LAST)["close"]
    with open_session(store, LAST) as played:
        view = played.session_data
        view.add_indicator("S00", "sma_1_1d")
        played.advance_to("15:00")
        assert np.isnan(view.get_latest_price("S00"))
        played.advance_to("close")
        assert view.get_latest_price("S00") == close == view.get_indicator("S00", "sma_1_1d")
        assert np.isnan(view.column("vwap")).all()


def test_months_and_weeks_are_polars(folder: Path, store: Path, days: pl.DataFrame) -> None:
    end = date(2024, 5, 31)  # a Friday, and the last session of a month
    shown = ["close_1w", "high_1w", "sma_3_1w", "close_1mo", "volume_1mo", "sma_2_1mo"]
    run = play(folder, [scanner("close > 0", show=shown)], store, end)
    bars = days.filter(pl.col("date") <= end).sort("symbol", "date")
    for every, name, count in (("1w", "1w", 3), ("1mo", "1mo", 2)):
        periods = bars.group_by_dynamic("date", every=every, group_by="symbol").agg(
            pl.last("close"), pl.max("high"), pl.sum("volume")
        )
        for symbol, text in run.hits["symbol", "metadata"].iter_rows():
            own, found = periods.filter(symbol=symbol), json.loads(text)
            assert found[f"close_{name}"] == own["close"][-1]
            assert found[f"sma_{count}_{name}"] == pytest.approx(own["close"].tail(count).mean(), rel=1e-9)
            if name == "1w":
                assert found["high_1w"] == own["high"][-1]
            else:
                assert found["volume_1mo"] == own["volume"][-1]


@pytest.mark.slow
def test_the_real_market_s_days(tmp_path: Path) -> None:
    if not REAL.exists():
        pytest.skip("the shared market data is not here")
    days = pl.read_parquet(REAL).select("symbol", pl.col("ts").dt.date().alias("date"), *FIELDS)
    store = make_store(tmp_path / "real", {"1d": days})
    (tmp_path / "u.txt").write_text("\n".join(days["symbol"].unique().sort()) + "\n")
    index_days = sorted(days["date"].unique())
    run = play(tmp_path, [scanner(SCREEN)], store, index_days[-20], index_days[-1])
    wanted = of_talib(days, index_days[-20:], index_days)
    assert len(wanted) > 100
    assert hits(run) == wanted
