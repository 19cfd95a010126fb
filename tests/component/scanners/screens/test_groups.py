"""Groups of a universe, and the market's symbol, against polars and by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from symscan.errors import ExpressionError
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.screen import ScreenScanner

nan = np.nan
Session = Callable[..., Any]
SYMBOLS = "ABCDEFGH"
SECTORS = ["Tech", "Tech", "Tech", "Energy", "Energy", None, "Energy", "Mines"]
CHANGE = [1.0, 3.0, nan, 5.0, 2.0, 9.0, 2.0, 4.0]


@pytest.fixture
def universe(tmp_path: Path) -> str:
    path = tmp_path / "groups.csv"
    rows = [f"{symbol},{sector or ''}" for symbol, sector in zip(SYMBOLS, SECTORS, strict=True)]
    path.write_text("\n".join(["symbol,sector", *rows]) + "\n")
    return str(path)


def found(screen: Screen, universe: str, context: Any) -> tuple[list[str], str]:
    scanner = ScreenScanner.of(screen, universe)
    assert scanner.setup(context)
    result = scanner.scan(context)
    seen = np.array(context.session_data.symbols)
    unknown = seen[result.unknown]
    return list(result.symbols), "".join(unknown)


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        (
            "RANK(change_pct) PER sector <= 1",
            pl.col("change_pct").rank("min", descending=True).over("sector") <= 1,
        ),
        (
            "change_pct > AVG(change_pct) PER sector + 0.5",
            pl.col("change_pct") > pl.col("change_pct").mean().over("sector") + 0.5,
        ),
        ("COUNT(*) PER sector = 3", pl.len().over("sector") == 3),
        (
            "change_pct >= MEDIAN(change_pct) PER sector AND COUNT(change_pct) PER sector > 1",
            (pl.col("change_pct") >= pl.col("change_pct").median().over("sector"))
            & (pl.col("change_pct").count().over("sector") > 1),
        ),
    ],
)
def test_a_call_is_grouped(session: Session, universe: str, text: str, expr: pl.Expr) -> None:
    frame = pl.DataFrame(
        {"symbol": list(SYMBOLS), "sector": SECTORS, "change_pct": [None if x != x else x for x in CHANGE]}
    )
    judged = frame.select("symbol", met=pl.when(pl.col("sector").is_not_null()).then(expr))
    hits = judged.filter(pl.col("met"))["symbol"].to_list()
    unknown = "".join(judged.filter(pl.col("met").is_null())["symbol"])
    for where in (text, expr):
        assert found(Screen(where=where), universe, session(SYMBOLS, change_pct=CHANGE)) == (hits, unknown)


def test_the_best_of_each_group_are_taken(session: Session, universe: str) -> None:
    screen = Screen(where="change_pct > 0", rank="change_pct", take=2, per="sector")
    # F has no sector; C is unknown itself. Of E and G, which are equal, the first by symbol is taken.
    assert found(screen, universe, session(SYMBOLS, change_pct=CHANGE)) == (["D", "H", "B", "E", "A"], "CF")
    context = session("HGFEDCBA", change_pct=CHANGE[::-1])
    assert found(screen, universe, context) == (["D", "H", "B", "E", "A"], "FC")


def test_the_market_is_read_of_its_symbol(session: Session, universe: str) -> None:
    screen = Screen(where="change_pct > market.change_pct + 1", market="SPY", show=["market.sma_5_5m"])
    context = session([*SYMBOLS, "SPY"], change_pct=[*CHANGE, 2.5], sma_5_5m=[nan] * 8 + [7.0])
    scanner = ScreenScanner.of(screen, universe)
    scanner.setup(context)
    assert context.session_data.asked == [(tuple("SPY"), "1m"), (tuple("SPY"), "sma_5_5m")]
    result = scanner.scan(context)
    assert dict(result.metadata) == {
        symbol: {
            "change_pct": CHANGE["ABCDEFGH".index(symbol)],
            "market.change_pct": 2.5,
            "market.sma_5_5m": 7.0,
        }
        for symbol in ("D", "F", "H")
    }
    assert result.evaluated.tolist() == [True] * 8 + [False]
    assert result.unknown.tolist() == [False, False, True, *[False] * 6]
    lost = session(SYMBOLS, change_pct=CHANGE)
    assert found(Screen(where="change_pct > market.change_pct", market="A"), universe, lost) == (
        ["B", "D", "E", "F", "G", "H"],
        "C",
    )


def test_without_its_data_the_market_is_unknown(session: Session, universe: str) -> None:
    context = session(SYMBOLS, change_pct=CHANGE)
    screen = Screen(where="change_pct > market.change_pct", market="SPY")
    assert found(screen, universe, context) == ([], SYMBOLS)


@pytest.mark.parametrize(
    ("screen", "part", "message"),
    [
        (
            Screen(where="close > 1", take=2, per="industry"),
            "per",
            "no column of this universe; its columns: sector",
        ),
        (Screen(where="market.close > 1"), "where", '"market": "SPY"'),
        (Screen(where="market.sector = 'x'", market="A"), "where", "are read of the market"),
        (Screen(where="close > 1", show=["market.clos"], market="A"), "show", "did you mean 'close'"),
    ],
)
def test_faults_are_placed(universe: str, screen: Screen, part: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        ScreenScanner.of(screen, universe).check()
    assert caught.value.part == part


def test_groups_need_a_number_to_take() -> None:
    with pytest.raises(ExpressionError, match="give a take"):
        Screen(where="close > 1", per="sector")
