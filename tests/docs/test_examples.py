"""The examples load, and find what they say they find."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from support.cli import DAY, call, write_bars
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import load_config
from symscan.errors import UniverseError
from symscan.indicators.registry import spec_of
from symscan.model.interval import ONE_MINUTE
from symscan.runtime.building.plugins import load_scanner
from symscan.scanners.base import BaseScanner, ScanContext
from symscan.session.view.indicator_value import IndicatorReading
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

EXAMPLES = Path(__file__).parents[2] / "examples"


def _scanner(example: str, folders: Sequence[Path] = (), **config: Any) -> BaseScanner:
    (scanner,) = load_config(EXAMPLES / f"{example}.json").scanners
    assert scanner.module is not None
    return load_scanner(scanner.module, scanner.name, scanner.config | config, [EXAMPLES, *folders])


def _context(readings: pl.DataFrame) -> ScanContext:
    """A session that stands still: nothing but its readings."""
    view = SimpleNamespace(
        symbols=tuple(readings["symbol"]), frame=lambda columns: readings.select("symbol", *columns)
    )
    return ScanContext(view, SimpleNamespace(), "backtest", datetime(2024, 3, 4, 10), {})  # type: ignore[arg-type]


def test_every_example_is_tested_here() -> None:
    assert {path.stem for path in EXAMPLES.iterdir() if path.is_file()} == {
        "bar_generator",  # in tests/integration/test_own_brokers.py
        "gap_scanner_complete",
        "growing_csv",
        "hit_counter",
        "own_broker",
        "own_plugins",
        "range_position",
        "sector_leaders",
    }


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "live"])
def test_own_plugins_find_and_count_what_they_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """An indicator and an observer of one's own, named in a configuration; expectations by polars."""
    for name in ("own_plugins.json", "range_position.py", "hit_counter.py"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text())
    monkeypatch.chdir(tmp_path)
    bars = write_bars(tmp_path / "bars.csv", {"AAPL": 0.2, "MSFT": -0.2, "IBM": 0.0}, ["2026-01-14", DAY])
    options = ImportOptions(ONE_MINUTE, label=Label.START, timezone="America/New_York")
    import_bars(BarStore.create(tmp_path / "store"), [bars], options, SessionCalendar())
    replay = ("--source", "replay", "--speed", "max") if command == "live" else ()
    where = ("--store", "store", "--date", DAY, *replay)
    ended = call(capsys, command, "own_plugins.json", *where, "--csv", "--out", "out")
    assert ended.code == 0, ended.err
    hits = pl.read_csv("out/hits.csv", infer_schema=False)
    extremes = {"lowest": pl.col("close").rolling_min(10), "highest": pl.col("close").rolling_max(10)}
    close = pl.read_csv(bars).filter(date=DAY)
    close = close.with_columns(**{name: one.over("symbol") for name, one in extremes.items()})
    position = 100 * (pl.col("close") - pl.col("lowest")) / (pl.col("highest") - pl.col("lowest"))
    # A scan at a minute reads the bar that began one earlier; the first is due at 09:45.
    is_due = (pl.col("time").str.slice(3).cast(pl.Int64) % 5 == 4) & (pl.col("time") > "09:43")
    at_top = close.filter(position.is_not_nan(), position > 90, is_due)
    assert set(at_top["symbol"]) == set(hits["symbol"]) == {"AAPL"}
    first = hits.filter(pl.col("scan_at") <= f"{DAY}T15:30:00Z")
    assert len(first) == len(at_top)
    counts = pl.read_csv("hit_counts.csv", infer_schema=False)
    assert counts.rows() == [(DAY, "at the top of its range", "AAPL", str(len(hits)))]


def test_sector_leaders_are_ahead_of_their_own_sector(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("symbol,sector\nA,x\nB,x\nC,x\nD,y\nE,y\nF,y\nG,x\n")
    scanner = _scanner("sector_leaders", [tmp_path], universe="u.csv", min_volume=10)
    readings = pl.DataFrame(
        {
            "symbol": list("ABCDEFG"),
            "change_pct": [1.0, 4.0, 1.5, 8.0, 8.5, 11.0, None],
            "volume": [50.0, 50.0, 50.0, 50.0, 50.0, 50.0, None],
        }
    )
    context = _context(readings)
    assert scanner.setup(context)
    result = scanner.scan(context)
    # Medians: 1.5 in x, where G is unknown, and 8.5 in y.
    assert result.symbols == ["B", "F"]
    assert result.metadata == {"B": {"sector": "x", "lead": 2.5}, "F": {"sector": "y", "lead": 2.5}}
    assert result.unknown is not None and result.unknown.tolist() == [False] * 6 + [True]
    thin = readings.with_columns(volume=pl.when(pl.col("symbol") == "B").then(9.0).otherwise("volume"))
    assert scanner.scan(_context(thin)).symbols == ["F"]


def test_sector_leaders_need_sectors(tmp_path: Path) -> None:
    (tmp_path / "u.txt").write_text("A\n")
    scanner = _scanner("sector_leaders", [tmp_path], universe="u.txt")
    with pytest.raises(UniverseError, match="no column sector"):
        scanner.setup(_context(pl.DataFrame({"symbol": ["A"]})))


def test_sector_leaders_as_configured_load_their_universe() -> None:
    scanner = _scanner("sector_leaders")
    assert scanner.setup(_context(pl.DataFrame({"symbol": ["A"]})))
    assert len(scanner.universe) > 400


class _Session:
    """A session that stands still: prices, two daily indicators and volumes, symbol by symbol."""

    def __init__(self, prices: dict[str, tuple[float | None, ...]]) -> None:
        self.prices = prices
        self.asked: list[Any] = []

    def add_session_bars(self, symbols: Sequence[str], interval: str) -> None:
        self.asked += [(symbol, interval) for symbol in symbols]

    def add_indicator(self, symbol: Any, indicator: Any, config: Any = None) -> None:
        key = spec_of(indicator).key if config is None else f"{indicator}_14_1d"
        self.asked += [(one, key) for one in ([symbol] if isinstance(symbol, str) else symbol)]

    def get_latest_bar(self, symbol: str, _: str) -> Any:
        close = self.prices[symbol][0]
        return None if close is None else SimpleNamespace(close=close)

    def get_indicator(self, symbol: str, key: str) -> IndicatorReading:
        return IndicatorReading(self.prices[symbol][{"sma_1_1d": 1, "atr_14_1d": 2}[key]] or math.nan)

    def frame(self, columns: Sequence[str]) -> pl.DataFrame:
        values = [(symbol, *row[3:]) for symbol, row in self.prices.items()]
        names = ["symbol", "volume", "premarket_volume", "minutes_since_bar"]
        return pl.DataFrame(values, schema=names, orient="row").select("symbol", *columns)


def test_the_complete_gap_scanner_judges_symbol_by_symbol(tmp_path: Path) -> None:
    prices: dict[str, tuple[float | None, ...]] = {
        # price, previous close, average true range, volume, pre-market volume, minutes since the last bar
        "UP": (103.0, 100.0, 2.0, 2e5, None, 0.0),
        "DOWN": (96.0, 100.0, 2.0, None, 2e5, 5.0),  # has not traded since the open
        "SMALL": (101.9, 100.0, 2.0, 2e5, 0.0, 0.0),
        "USUAL": (103.0, 100.0, 6.5, 2e5, 0.0, 0.0),  # less than half of what it moves in a day
        "THIN": (103.0, 100.0, 2.0, 9e4, 9e9, 0.0),
        "DEAR": (600.0, 500.0, 2.0, 2e5, 0.0, 0.0),
        "STALE": (103.0, 100.0, 2.0, 2e5, 0.0, 6.0),
        "NEW": (103.0, None, None, 2e5, 0.0, 0.0),
        "SILENT": (None, 100.0, 2.0, None, None, None),
        "NOTHING": (103.0, 100.0, 2.0, None, None, 0.0),
    }
    (tmp_path / "u.txt").write_text("\n".join(prices))
    scanner = _scanner("gap_scanner_complete", [tmp_path], universe="u.txt")
    view = _Session(prices)
    context = ScanContext(view, SimpleNamespace(), "backtest", datetime(2024, 3, 4, 10), {})  # type: ignore[arg-type]
    assert scanner.setup(context)
    wanted = {(symbol, what) for symbol in prices for what in ("1m", "sma_1_1d", "atr_14_1d")}
    assert set(view.asked) == wanted
    result = scanner.scan(context)
    assert list(result.symbols) == ["DOWN", "UP"]
    assert result.metadata == {
        "UP": {"gap_percent": 3.0, "gap_atr": 1.5, "volume": 2e5, "price": 103.0, "previous_close": 100.0},
        "DOWN": {"gap_percent": -4.0, "gap_atr": 2.0, "volume": 2e5, "price": 96.0, "previous_close": 100.0},
    }
