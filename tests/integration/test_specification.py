"""The specification's configuration and its example scanner, against an independent computation."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.generated_market import DATES, NEW_YORK, SPLITS, UNIVERSE, Day, Market, make_market
from support.oracle import Oracle
from support.runs import Run, make_store, play
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult

SPECIFICATION = Path(__file__).parent / "specification"
"""The specification's session_config.json, its gap_scanner.py with only its two import lines changed, and
the examples in the docstrings of BaseScanner, both methods in one class."""

DATA = Path(os.environ.get("SYMSCAN_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no real bars in {DATA}")

MADE = (*UNIVERSE[:20], "AAPL", "MSFT", *UNIVERSE[-6:])
Expected = list[tuple[Any, ...]]
JobResult = Callable[[str, Day, int], float | None]
"""What a hit is ranked by, None for no hit; of a symbol, a day and an instant."""


def project(folder: Path, symbols: tuple[str, ...]) -> Path:
    universes = folder / "data" / "universes"
    universes.mkdir(parents=True)
    (universes / "sp500.txt").write_text("\n".join(symbols) + "\n")
    return folder


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(symbols=MADE, seed=11)


@pytest.fixture(scope="module")
def store(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("made"), {"1m": market.minutes, "1d": market.days}, SPLITS)


def specified(
    folder: Path, symbols: tuple[str, ...], store: Path, first: date, last: date, **change: Any
) -> Run:
    config = json.loads((SPECIFICATION / "session_config.json").read_text())["session_data_config"]
    scanners = config.pop("scanners")
    scanners[0]["config"] |= change
    return play(project(folder, symbols), scanners, store, first, last, **config)


def expected_hits(oracle: Oracle, symbols: tuple[str, ...], days: list[Day], min_volume: float) -> Expected:
    """All fields of the hits of both scanners but the metadata."""

    def gap(symbol: str, day: Day, at: int) -> float | None:
        got = oracle.readings(symbol, day, at)
        volume = got["volume"] if got["volume"] == got["volume"] else got["premarket_volume"]
        fits = abs(got["change_pct"]) >= 2 and got["close"] <= 500 and got["minutes_since_bar"] <= 5
        return abs(got["change_pct"]) if fits and volume >= min_volume else None

    def momentum(symbol: str, day: Day, at: int) -> float | None:
        rsi = oracle.indicator(symbol, "rsi_14_5m", day, at)
        fits = rsi >= 70 and oracle.indicator(symbol, "volume_ratio_20_5m", day, at) >= 2
        return rsi if fits else None

    found: Expected = []
    for day in days:
        scans: list[tuple[int, str, str, JobResult]] = [(0, "gap_scanner", "pre_session", gap)]
        scans += [
            (minute, "gap_scanner", "regular", gap) for minute in range(5, min(385, day.minutes) + 1, 5)
        ]
        scans += [
            (minute, "momentum_scanner", "regular", momentum) for minute in range(0, day.minutes + 1, 15)
        ]
        seen: set[tuple[str, str]] = set()
        for minute, scanner, phase, verdict in sorted(scans, key=lambda scan: scan[:2]):
            at = day.open + minute * 60_000_000
            ranked = [(-rank, one) for one in symbols if (rank := verdict(one, day, at)) is not None]
            for place, (_, symbol) in enumerate(sorted(ranked), start=1):
                new = (scanner, symbol) not in seen
                seen.add((scanner, symbol))
                head = (str(day.date), day.iso(minute), _local(at), scanner, phase, symbol, place, new)
                found.append((*head, *_fields(oracle.readings(symbol, day, at), at)))
    return found


def _local(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).astimezone(NEW_YORK).isoformat()


def _fields(got: dict[str, float], at: int) -> Iterator[Any]:
    for name in ("close", "previous_close", "change_pct", "gap_pct", "volume"):
        yield None if math.isnan(got[name]) else pytest.approx(got[name], rel=1e-9, abs=1e-9)
    last = datetime.fromtimestamp(at / 1e6 - 60 * got["minutes_since_bar"], UTC)
    yield last.strftime("%Y-%m-%dT%H:%M:%SZ")


def assert_hits(run: Run, expected: Expected, oracle: Oracle) -> None:
    assert run.hits["decided_at"].equals(run.hits["scan_at"])  # in a backtest nothing takes time
    got = run.hits.drop("metadata", "decided_at").rows()
    places = [tuple(hit[:8]) for hit in got]
    assert places == [tuple(hit[:8]) for hit in expected]
    assert [mine for mine, hit in zip(got, expected, strict=True) if mine != hit][:3] == []
    for session, at, symbol, metadata in run.hits.select(
        "session", "scan_at", "symbol", "metadata"
    ).iter_rows():
        _check_metadata(oracle, session, at, symbol, json.loads(metadata))


def _check_metadata(
    oracle: Oracle, session: str, scan_at: str, symbol: str, metadata: dict[str, Any]
) -> None:
    day, at = (
        Day.of(date.fromisoformat(session)),
        round(datetime.fromisoformat(scan_at).timestamp()) * 1_000_000,
    )
    assert {"gap_pct", "change_pct"} <= set(metadata) or {"rsi_14_5m", "volume_ratio_20_5m"} == set(metadata)
    readings = oracle.readings(symbol, day, at)
    for name, value in metadata.items():
        expected = readings[name] if name in readings else oracle.indicator(symbol, name, day, at)
        assert value == (None if math.isnan(expected) else pytest.approx(expected, rel=1e-9, abs=1e-9)), name


@pytest.mark.parametrize(("day", "min_volume"), [(date(2018, 11, 21), 150), (date(2018, 11, 23), 1_000_000)])
def test_the_configuration_over_a_made_market(
    day: date, min_volume: int, market: Market, store: Path, tmp_path: Path
) -> None:
    run = specified(tmp_path, MADE, store, day, day, min_volume=min_volume)
    oracle = Oracle(market, DATES, SPLITS)
    expected = expected_hits(oracle, MADE, [Day.of(day)], min_volume)
    assert {hit[3] for hit in expected} == {"gap_scanner", "momentum_scanner"}
    assert min_volume > 150 or "pre_session" in {hit[4] for hit in expected}
    assert_hits(run, expected, oracle)


@pytest.mark.slow
@needs_data
def test_the_configuration_over_real_bars(tmp_path: Path) -> None:
    minutes = pl.read_parquet(DATA / "us284_1m_2018-02-20_2018-03-02.parquet")
    days = pl.read_parquet(DATA / "us284_1d_2017-01-03_2018-03-02.parquet").filter(
        pl.col("ts").dt.date() >= date(2018, 2, 20)
    )
    some = sorted(set(minutes["symbol"]))[::9]
    symbols = tuple(dict.fromkeys(["NONE", "AAPL", "MSFT", "HLF", "SRC", "WMT", *some]))
    kept = pl.col("symbol").is_in(symbols)
    real = Market(
        minutes.filter(kept).with_columns(pl.col("open", "high", "low", "close", "volume").cast(float)),
        days.filter(kept).with_columns(pl.col("ts").dt.date().alias("date")).drop("ts", "adj_close"),
    )
    store = make_store(tmp_path, {"1m": real.minutes, "1d": real.days})
    dates = [date(2018, 2, day) for day in (20, 21, 22, 23, 26, 27, 28)] + [
        date(2018, 3, day) for day in (1, 2)
    ]
    day = Day.of(dates[-1])
    run = specified(tmp_path / "p", symbols, store, day.date, day.date)
    oracle = Oracle(real, dates)
    expected = expected_hits(oracle, symbols, [day], 1_000_000)
    assert len(expected) > 300
    assert_hits(run, expected, oracle)
    mismatched = set(run.table("unknown").filter(reason="basis_mismatch")["symbol"])
    assert mismatched == {"HLF", "SRC"}


@pytest.mark.slow
@needs_data
def test_the_configuration_over_real_bars_before_the_open(tmp_path: Path) -> None:
    minutes = pl.read_parquet(DATA / "us30_extended_1m_2025-01-23_2025-01-27.parquet")
    minutes = minutes.with_columns(pl.col("open", "high", "low", "close", "volume").cast(float))
    symbols, dates = (
        ("NVDA", "AVGO", "TSM", "AAPL", "TSLA", "JPM"),
        [date(2025, 1, day) for day in (23, 24, 27)],
    )
    minutes = minutes.filter(pl.col("symbol").is_in(symbols))
    days = make_market(DATES[:1], ("LIQ00",)).days.clear()
    store = make_store(tmp_path, {"1m": minutes})
    run = specified(tmp_path / "p", symbols, store, dates[-1], dates[-1], min_volume=100_000)
    oracle = Oracle(Market(minutes, days), dates)
    expected = expected_hits(oracle, symbols, [Day.of(dates[-1])], 100_000)
    assert sum(hit[4] == "pre_session" for hit in expected) > 2
    assert_hits(run, expected, oracle)


def test_the_example_scanner_finds_what_it_says(market: Market, store: Path, tmp_path: Path) -> None:
    folder, day = project(tmp_path, MADE), Day.of(date(2018, 11, 26))
    (folder / "scanners").mkdir()
    shutil.copy(SPECIFICATION / "gap_scanner.py.txt", folder / "scanners" / "gap_scanner.py")
    scanner = {
        "name": "gap_scanner",
        "module": "scanners.gap_scanner",
        "pre_session": True,
        "schedule": {"interval": "5m", "start_time": "09:35", "end_time": "15:55"},
        "config": {"min_gap_percent": 1.5, "min_volume": 60_000, "max_price": 300.0, "universe": "sp500"},
    }
    run = play(folder, [scanner], store, day.date)
    assert set(run.table("scans")["outcome"]) == {"ok"}
    oracle = Oracle(market, DATES, SPLITS)
    expected = {}
    for minute in (0, *range(5, 386, 5)):
        at = day.open + minute * 60_000_000
        for symbol in MADE:
            early, bars = oracle.premarket(symbol, day, at), oracle.regular(symbol, day)
            bars = [bar for bar in bars if bar[0] <= at] if minute else early
            previous = oracle.previous_close(symbol, day)
            if (
                bars
                and abs(bars[-1][4] / previous - 1) >= 0.015
                and bars[-1][5] >= 60_000
                and bars[-1][4] <= 300
            ):
                gap = (bars[-1][4] - previous) / previous * 100
                expected[day.iso(minute), symbol] = {
                    "gap_percent": gap,
                    "volume": bars[-1][5],
                    "price": bars[-1][4],
                }
    rows = run.hits.select("scan_at", "symbol", "metadata").iter_rows()
    got = {(at, symbol): json.loads(metadata) for at, symbol, metadata in rows}
    assert list(got) == list(expected)  # in the order of the universe, as the example returns them
    assert all(got[key] == pytest.approx(expected[key]) for key in expected)
    assert len(expected) > 100


OVERRIDE = """
            def _load_universe(self):
                return ["LIQ00", "LIQ01", "LIQ02"]
"""


@pytest.mark.parametrize("override", ["", OVERRIDE], ids=["as written", "universe of its own"])
def test_the_docstrings_example_finds_what_it_says(override: str, tmp_path: Path) -> None:
    """Its setup loops over _load_universe() and its scan over _universe, which are the same symbols."""
    symbols = ("LIQ00", "LIQ01", "LIQ02", "LIQ03")
    weekdays = [date(2018, 10, 22) + timedelta(days=number) for number in range(37)]
    dates = [one for one in weekdays if one.weekday() < 5 and one != date(2018, 11, 22)]
    bars, day = make_market(dates, symbols, seed=4), Day.of(dates[-1])
    today = bars.minutes.filter(pl.col("ts").dt.date() == day.date)
    folder = project(tmp_path, symbols[1:])
    example = (SPECIFICATION / "docstring_example.py.txt").read_text()
    source = example.replace("class Scanner(BaseScanner):\n", f"class Scanner(BaseScanner):{override}\n")
    (folder / "example.py").write_text(source)
    scanner = {"module": "example", "regular_session": [{"start": "10:00", "end": "15:00", "interval": "1h"}]}
    run = play(folder, [scanner], make_store(tmp_path, {"1m": today, "1d": bars.days}), day.date)
    expected = {
        (day.iso(minute), symbol)
        for minute in range(30, 331, 60)
        for symbol in (symbols[:3] if override else symbols[1:])
        if _price(today, symbol, day, minute) > 1.02 * _mean_close(bars.days, symbol, day.date)
    }
    assert run.found("example") == expected
    assert 0 < len(expected) < 18


def _price(minutes: pl.DataFrame, symbol: str, day: Day, minute: int) -> float:
    ended = pl.col("ts").dt.epoch("us") < day.open + minute * 60_000_000
    return float(minutes.filter(ended, symbol=symbol).sort("ts")["close"][-1])


def _mean_close(days: pl.DataFrame, symbol: str, before: date) -> float:
    closes = days.filter(pl.col("date") < before, symbol=symbol).sort("date")["close"]
    return sum(closes[-20:]) / 20


def test_the_base_has_what_the_specification_gives_it() -> None:
    class Scanner(BaseScanner):
        def scan(self, context: ScanContext) -> ScanResult:
            return ScanResult(context.session_data.symbols)

    made = Scanner({"universe": "sp500"})
    assert (made.config, made._indicators_registered, made._universe) == ({"universe": "sp500"}, {}, [])
    assert made._load_universe() == made._universe != []


def test_a_universe_that_the_scanner_chose_stays() -> None:
    class Scanner(BaseScanner):
        def _load_universe(self) -> list[str]:
            return super()._load_universe()[:5]

        def scan(self, context: ScanContext) -> ScanResult:
            return ScanResult(context.session_data.symbols)

    made = Scanner({"universe": "sp500"})
    five = made._load_universe()
    assert made._universe == five and len(five) == 5
    made._universe = five[:2]
    assert made._load_universe() == five
    assert made._universe == five[:2]
