from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from symscan.errors import ExpressionError, UniverseError
from symscan.model.hit_metadata import FrameMetadata
from symscan.scanners.jobs.saved_state import restore_state, save_state
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.screen import ScreenScanner

nan = np.nan
Session = Callable[..., Any]


@pytest.fixture
def universe(tmp_path: Path) -> str:
    path = tmp_path / "five.csv"
    path.write_text("symbol,sector,weight\nE,Tech,1\nD,Energy,2\nC,Tech,\nB,,4\nA,Tech,5\n")
    return str(path)


def scan(screen: Screen, universe: str, context: Any) -> Any:
    scanner = ScreenScanner.of(screen, universe)
    assert scanner.setup(context)
    return scanner.scan(context)


def test_hits_are_ranked_highest_first_unknown_last_ties_by_symbol(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[5, 5, 5, 5, 0], rsi_14_5m=[50, nan, 80, 50, 90])
    result = scan(Screen(where="close > 1", rank="rsi_14_5m"), universe, context)
    assert result.symbols == ["C", "B", "E", "D"]
    assert not result.unknown.any()
    result = scan(Screen(where="close > 1", rank="rsi_14_5m", take=2), universe, context)
    assert result.symbols == list(result.metadata) == ["C", "B"]


def test_without_a_rank_hits_are_ordered_by_symbol(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[5, 5, 0, 5, 5])
    assert scan(Screen(where="close > 1"), universe, context).symbols == ["A", "B", "D", "E"]


def test_what_is_unknown_is_marked_and_no_hit(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[5, nan, 5, 0, nan], volume=[nan, nan, 1, nan, 0])
    result = scan(Screen(where="close > 1 AND volume > 0"), universe, context)
    assert result.symbols == ["C"]
    assert result.unknown.tolist() == [True, True, False, False, False]


def test_the_last_scan_is_the_last_that_was_ok(session: Session, universe: str) -> None:
    scanner = ScreenScanner.of(Screen(where="close > 4 AND last_scan.close <= 4"), universe)
    assert scanner.setup(session("EDCBA"))
    assert scanner.is_stateful
    found = []
    scans = [
        (0, [3, 3, 5, nan, 4]),  # the first: unknown wherever it matters
        (1, [5, 3, 6, 5, 5]),  # this one turns out to have failed
        (1, [5, 5, 6, nan, 3]),
        (2, [6, 6, 6, 6, 6]),
    ]
    for ok_scans, close in scans:
        result = scanner.scan(session("EDCBA", ok_scans=ok_scans, close=close))
        found.append((result.symbols, "".join(np.array(list("EDCBA"))[result.unknown])))
    # D of the last scan was unknown at the last ok one, C was above 4.
    assert found == [([], "CB"), (["A", "E"], "B"), (["D", "E"], "B"), (["A"], "B")]


def test_what_is_kept_for_the_next_scan_can_be_saved(session: Session, universe: str) -> None:
    screen = Screen(where="close > last_scan.close", show=["last_scan.close"])
    first, second = ScreenScanner.of(screen, universe), ScreenScanner.of(screen, universe)
    for scanner in (first, second):
        scanner.setup(session("EDCBA"))
    first.scan(session("EDCBA", close=[1, 2, 3, 4, 5]))
    saved = save_state(first)
    assert saved is not None
    restore_state(second, saved)
    result = second.scan(session("CBA", ok_scans=1, close=[4, 4, 6]))
    assert dict(result.metadata) == {
        "A": {"close": 6.0, "last_scan.close": 5.0},
        "C": {"close": 4.0, "last_scan.close": 3.0},
    }


def test_a_stale_symbol_is_unknown(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[5, 5, 5, 0, 5], minutes_since_bar=[0, 5, 5.5, 9, nan])
    for where in ("close > 1", "close > 1 AND COUNT(*) = 5"):  # NumPy's way and polars'
        result = scan(Screen(where=where, max_age_minutes=5), universe, context)
        assert result.symbols == ["D", "E"]
        assert result.unknown.tolist() == [False, False, True, True, True]


def test_names_alone_decide_what_is_asked_for(session: Session, universe: str) -> None:
    columns = dict.fromkeys(
        ["close", "vwap", "rsi_14_1h", "sma_20_1d", "bbands_20_2_5m.upper", "bbands_20_2_5m.lower"], [1.0] * 5
    )
    context = session("EDCBA", **columns)
    screen = Screen(
        where="rsi_14_60m > 70 AND close > vwap AND bbands_20_2_5m.upper > bbands_20_2_5m.lower",
        rank="sma_20_1d",
        show=["sector", "rsi_14_1h"],
    )
    scanner = ScreenScanner.of(screen, universe)
    scanner.setup(context)
    asked = context.session_data.asked
    assert [key for _, key in asked] == ["rsi_14_1h", "bbands_20_2_5m", "sma_20_1d"]
    assert {symbols for symbols, _ in asked} == {tuple("EDCBA")}
    assert scanner.universe == tuple("EDCBA")
    assert scanner.reads == ("rsi_14_1h", "close", "vwap", "bbands_20_2_5m.upper", "bbands_20_2_5m.lower")


def test_metadata_holds_the_values_of_all_names_used(session: Session, universe: str) -> None:
    end = 1_519_137_300_000_000
    context = session("EDCBA", close=[5, 6, 0, 0, 0], gap_pct=[nan] * 5, last_bar_end=[end] * 5, vwap=[2] * 5)
    screen = Screen(
        where="close > vwap AND last_bar_end IS NOT NULL", rank="weight", show=["sector", "gap_pct", "symbol"]
    )
    metadata = scan(screen, universe, context).metadata
    assert isinstance(metadata, FrameMetadata)
    assert dict(metadata) == {
        symbol: {
            "close": close,
            "vwap": 2.0,
            "last_bar_end": "2018-02-20T14:35:00Z",
            "weight": weight,
            "sector": sector,
            "gap_pct": None,
        }
        for symbol, close, weight, sector in [("D", 6.0, 2.0, "Energy"), ("E", 5.0, 1.0, "Tech")]
    }
    assert json.loads(json.dumps(dict(metadata))) == dict(metadata)
    assert metadata.frame.columns[0] == "symbol"
    assert metadata.frame["symbol"].to_list() == ["D", "E"]
    assert "A" not in metadata and len(metadata) == 2


def test_metadata_keeps_to_its_symbol_where_all_are_hits(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[1, 2, 3, 4, 5])
    result = scan(Screen(where="close > 0", rank="close", show=["sector"]), universe, context)
    assert result.symbols == list("ABCDE")
    assert [(s, v["close"], v["sector"]) for s, v in result.metadata.items()] == [
        ("A", 5.0, "Tech"),
        ("B", 4.0, None),
        ("C", 3.0, "Tech"),
        ("D", 2.0, "Energy"),
        ("E", 1.0, "Tech"),
    ]


def test_no_hit_is_a_result(session: Session, universe: str) -> None:
    result = scan(Screen(where="close > 9", rank="close"), universe, session("EDCBA", close=[5] * 5))
    assert (result.symbols, dict(result.metadata)) == ([], {})
    assert result.metadata.frame.columns == ["symbol", "close"]


def test_static_columns_filter_and_rank(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[5] * 5)
    result = scan(Screen(where="sector = 'Tech' AND close > 1", rank="weight"), universe, context)
    assert result.symbols == ["A", "E", "C"]
    assert result.unknown.tolist() == [False, False, False, True, False]
    assert scan(Screen(where="weight >= 2 AND close > 1"), universe, context).symbols == ["A", "B", "D"]


def test_aggregates_span_the_universe(session: Session, universe: str) -> None:
    context = session("EDCBA", change_pct=[1, 2, 3, 4, nan])
    result = scan(Screen(where="change_pct > AVG(change_pct)", rank="change_pct"), universe, context)
    assert result.symbols == ["B", "C"]
    assert result.unknown.tolist() == [False] * 4 + [True]
    assert scan(Screen(where="AVG(change_pct) = 2.5"), universe, context).symbols == list("ABCDE")


def test_candidates_beside_the_universe_are_not_judged(session: Session, universe: str) -> None:
    context = session(["X", "A", "B", "E"], close=[9, 5, nan, 5], volume=[9, 9, 9, 9])
    for where in ("close > 1", "close > 1 AND MAX(close) = 5"):
        result = scan(Screen(where=where, rank="weight"), universe, context)
        assert result.symbols == ["A", "E"]
        assert result.unknown.tolist() == [False, False, True, False]
        assert result.metadata["E"] == {"close": 5.0, "weight": 1.0}


def test_polars_expressions_are_screens_too(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[5, 6, 7, 0, 0], volume=[0, 1, 1, 1, 1])
    screen = Screen(where=pl.col("close") / pl.col("volume") > 2, rank=-pl.col("close"), take=5)
    result = scan(screen, universe, context)
    assert result.symbols == ["D", "C"]
    assert result.unknown.tolist() == [True, False, False, False, False]


def test_the_longest_expression_is_evaluated(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[1, 2, 3, 4, 5])
    long = "+".join(["close"] * 200)
    assert scan(Screen(where=f"{long} > 700"), universe, context).symbols == ["A", "B"]
    long = " OR ".join(["close = 2"] * 100)
    assert scan(Screen(where=long), universe, context).symbols == ["D"]


class ByConfig(ScreenScanner):
    def screen(self) -> Screen:
        return Screen(where=f"close > {self.config['above']}")


def test_a_subclass_builds_its_screen_from_its_configuration(session: Session, universe: str) -> None:
    context = session("EDCBA", close=[5, 6, 7, 0, 0])
    scanner = ByConfig({"universe": universe, "above": 5.5})
    scanner.setup(context)
    assert scanner.scan(context).symbols == ["C", "D"]


class ChoosesSymbols(ScreenScanner):
    def _load_universe(self) -> list[str]:
        return [*super()._load_universe()[:2], "NEW"]

    def screen(self) -> Screen:
        return Screen(where="close > 1 AND COALESCE(sector, 'none') <> 'Energy'", show=("weight",))


def test_a_subclass_may_choose_its_symbols(session: Session, universe: str) -> None:
    scanner = ChoosesSymbols({"universe": universe})
    context = session(["E", "D", "NEW"], close=[5, 6, 7])
    scanner.setup(context)
    assert dict(scanner.scan(context).metadata) == {
        "E": {"close": 5.0, "sector": "Tech", "weight": 1.0},
        "NEW": {"close": 7.0, "sector": None, "weight": None},
    }


def test_faults_show_before_the_run_and_say_their_part(universe: str) -> None:
    for part, screen in {
        "where": Screen(where="close > 1 AND clse > 2"),
        "rank": Screen(where="close > 1", rank="sector"),
        "show": Screen(where="close > 1", show=["rsi_14"]),
        "leave_when": Screen(where="close > 1", leave_when="close"),
        "per": Screen(where="close > 1", take=1, per="weight"),
    }.items():
        with pytest.raises(ExpressionError) as caught:
            ScreenScanner.of(screen, universe).check()
        assert caught.value.part == part
    with pytest.raises(UniverseError):
        ScreenScanner.of(Screen(where="close > 1"), "nowhere").check()
