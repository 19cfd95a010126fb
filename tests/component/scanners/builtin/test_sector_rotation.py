from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symscan.errors import UniverseError
from symscan.scanners.builtin.sector_rotation import Scanner

nan = np.nan
SYMBOLS = tuple("ABCDEFGHIJKLM")
UNIVERSE = "symbol,sector\n" + "".join(
    f"{symbol},{sector}\n" for symbol, sector in zip(SYMBOLS, ["x"] * 6 + ["y"] * 5 + ["z", ""], strict=True)
)


@pytest.fixture
def make(tmp_path: Path, session: Callable[..., Any]) -> Callable[..., tuple[Scanner, Any]]:
    """A scanner over three sectors, and a session in which each symbol has risen by a known percent."""

    def made(changes: list[float], **config: Any) -> tuple[Scanner, Any]:
        (tmp_path / "u.csv").write_text(UNIVERSE)
        scanner = Scanner({"universe": "u.csv", **config})
        scanner.use_folders([tmp_path])
        columns = {"change_pct": changes, "volume": [100.0] * 13, "roc_5_1d": [0.0] * 13}
        return scanner, session(SYMBOLS, **columns)

    return made


X, Y = [1, 2, 3, 4, 5, 6], [9, 8, 7, 6, 5]


def test_best_sector_first_and_its_best_members_first(make: Callable[..., Any]) -> None:
    scanner, context = make([*X, *Y, 50, 90], leaders=2)
    assert scanner.setup(context)
    assert context.session_data.asked == [(SYMBOLS, "roc_5_1d")]
    result = scanner.scan(context)
    # z has one member, M no sector: however much they rose, they are unknown.
    assert result.symbols == ["G", "H", "F", "E"]
    assert result.unknown.tolist() == [False] * 11 + [True, True]
    assert result.metadata["H"] == {
        "sector": "y",
        "sector_rank": 1,
        "sector_return_pct": pytest.approx(7.0),
        "members": 5,
        "rank": 2,
        "return_pct": pytest.approx(8.0),
    }


def test_only_the_top_sectors_count(make: Callable[..., Any]) -> None:
    scanner, context = make([*X, *Y, 50, 90], leaders=2, top_sectors=1)
    scanner.setup(context)
    assert scanner.scan(context).symbols == ["G", "H"]


def test_returns_of_earlier_sessions_and_of_today_compound(make: Callable[..., Any]) -> None:
    scanner, context = make([*X, *Y, 0, 0], leaders=1)
    context.session_data.columns["roc_5_1d"][3] = 10.0
    scanner.setup(context)
    result = scanner.scan(context)
    assert result.symbols == ["G", "D"]
    assert result.metadata["D"]["return_pct"] == pytest.approx(100 * (1.10 * 1.04 - 1))


def test_a_sector_needs_five_known_members(make: Callable[..., Any]) -> None:
    scanner, context = make([nan, *X[1:], nan, *Y[1:], 0, 0], leaders=1)
    scanner.setup(context)
    result = scanner.scan(context)
    assert result.symbols == ["F"], "x has five known members left, y four"
    assert result.unknown.tolist() == [True] + [False] * 5 + [True] * 7


def test_ties_go_by_symbol_and_sector(make: Callable[..., Any]) -> None:
    scanner, context = make([0.0] * 13, leaders=2)  # means of equal returns may differ in the last bit
    scanner.setup(context)
    assert scanner.scan(context).symbols == ["A", "B", "G", "H"]


def test_nothing_known_is_no_hit(make: Callable[..., Any]) -> None:
    scanner, context = make([nan] * 13)
    scanner.setup(context)
    result = scanner.scan(context)
    assert (result.symbols, result.metadata, result.unknown.all()) == ([], {}, True)


def test_leaders_without_volume_leave_their_place_empty(make: Callable[..., Any]) -> None:
    scanner, context = make([*X, *Y, 0, 0], leaders=2, min_volume=100)
    context.session_data.columns["volume"][[5, 6]] = 99, nan
    scanner.setup(context)
    assert scanner.scan(context).symbols == ["H", "E"]


def test_the_universe_must_have_the_column(make: Callable[..., Any]) -> None:
    scanner, _ = make([0] * 13, sector_column="industry")
    with pytest.raises(UniverseError, match=r"u\.csv has no column 'industry' of sectors \(it has: sector\)"):
        scanner.check()
