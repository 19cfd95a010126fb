"""The examples load, and find what they say they find."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from symscan.config import load_config
from symscan.errors import UniverseError
from symscan.scanners.base import BaseScanner, ScanContext
from symscan.scanners.loading import load_scanner

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
    assert {path.stem for path in EXAMPLES.iterdir() if path.is_file()} == {"sector_leaders"}


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
