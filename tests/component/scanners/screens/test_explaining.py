"""The clauses of scans of screens, against hand-made columns and a few lines of Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.builders import make_session
from symscan.model.decisions.clauses import Clause, Code
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.screen import ScreenScanner

nan = np.nan
Session = Callable[..., Any]
T, F, U, N = Code.TRUE, Code.FALSE, Code.UNKNOWN, Code.NOT_APPLICABLE


@pytest.fixture
def universe(tmp_path: Path) -> str:
    path = tmp_path / "five.csv"
    path.write_text("symbol,sector,weight\nE,Tech,1\nD,Energy,2\nC,Tech,\nB,,4\nA,Tech,5\n")
    return str(path)


def _clauses(screen: Screen, universe: str, context: Any) -> dict[str, Clause]:
    scanner = ScreenScanner.of(screen, universe)
    assert scanner.setup(context)
    return {one.name: one for one in scanner.scan(context).clauses or ()}


def _seen(clause: Clause) -> tuple[list[Any], Any, list[int]]:
    values = [] if clause.values is None else [None if v != v else v for v in clause.values.tolist()]
    limit = clause.limit.tolist() if isinstance(clause.limit, np.ndarray) else clause.limit
    return values, limit, clause.codes().tolist()


def test_without_being_asked_a_screen_makes_none(session: Session, universe: str) -> None:
    scanner = ScreenScanner.of(Screen(where="close > 1"), universe)
    context = session("EDCBA", close=[5, 5, 5, 5, 0])
    assert scanner.setup(context)
    assert scanner.scan(context).clauses is None


def test_a_clause_has_value_limit_and_truth(session: Session, universe: str) -> None:
    context = session("EDCBA", explains=True, close=[5, nan, 4, 0, 9], volume=[2, 3, nan, 2, 2])
    where = "close > volume AND weight >= 2 AND close > AVG(close) + 1"
    found = _clauses(Screen(where=where), universe, context)
    assert list(found) == ["close > volume", "weight >= 2", "close > AVG(close) + 1"]
    assert _seen(found["close > volume"]) == (
        [5, None, 4, 0, 9],
        pytest.approx([2, 3, nan, 2, 2], nan_ok=True),
        [T, U, U, F, T],
    )
    assert _seen(found["weight >= 2"]) == ([1, 2, None, 4, 5], 2, [F, T, U, T, T])
    mean = (5 + 4 + 0 + 9) / 4 + 1
    assert _seen(found["close > AVG(close) + 1"]) == ([5, None, 4, 0, 9], [mean] * 5, [F, U, F, F, T])


def test_texts_are_readings_below_their_clause(session: Session, universe: str) -> None:
    context = session("EDCBA", explains=True, close=[5, 5, 5, 5, 5])
    found = _clauses(Screen(where="close > 1 AND sector IN ('Tech')"), universe, context)
    sector = found["sector"]
    assert sector.depth == 1
    labels = sector.labels or ()
    assert [None if v != v else labels[int(v)] for v in sector.values] == [  # type: ignore[union-attr]
        *("Tech", "Energy", "Tech", None, "Tech"),
    ]
    assert found["sector IN ('Tech')"].codes().tolist() == [T, F, T, U, T]


def test_take_is_the_last_and_applies_to_who_was_ranked(session: Session, universe: str) -> None:
    context = session("EDCBA", explains=True, close=[5, 7, 6, 0, 9])
    found = _clauses(Screen(where="close > 1", rank="close", take=2), universe, context)
    assert _seen(found["take 2"]) == ([4, 2, 3, None, 1], 2, [F, T, F, N, T])
    found = _clauses(Screen(where="close >= 0", rank="close", take=1, per="sector"), universe, context)
    assert _seen(found["take 1 per sector"]) == ([3, 1, 2, None, 1], 1, [F, T, F, U, T])
    assert found["sector"].labels == ("Tech", "Energy")


def test_who_is_stale_is_unknown(session: Session, universe: str) -> None:
    context = session("EDCBA", explains=True, close=[5] * 5, minutes_since_bar=[0, 5, 5.5, 9, nan])
    found = _clauses(Screen(where="close > 1", max_age_minutes=5), universe, context)
    assert _seen(found["minutes_since_bar <= 5"])[2] == [T, T, U, U, U]


def test_candidates_outside_the_universe_are_none_of_its_clauses(session: Session, universe: str) -> None:
    context = session(["X", *"EDCBA"], explains=True, close=[9, 5, 5, 5, 5, 0])
    found = _clauses(Screen(where="close > 1", take=3), universe, context)
    assert found["close > 1"].codes().tolist() == [N, T, T, T, T, F]
    assert found["take 3"].codes().tolist() == [N, F, T, T, T, N]


def test_an_expression_that_only_polars_evaluates(session: Session, universe: str) -> None:
    context = session("EDCBA", explains=True, close=[5, 7, nan, 1, 9])
    found = _clauses(
        Screen(where=(pl.col("close") % 4 > 1) & pl.col("close").is_between(5, 8)), universe, context
    )
    modulo, _, low, high = found.values()
    assert _seen(modulo)[0::2] == ([1, 3, None, 1, 1], [F, T, U, F, F])
    assert (_seen(low)[2], _seen(high)[2]) == ([T, T, U, F, T], [T, T, U, T, F])
    assert (low.op, high.op) == (">=", "<=")


def _patient(session: Session, universe: str, screen: Screen, closes: Sequence[Sequence[float]]) -> list[Any]:
    scanner, day = ScreenScanner.of(screen, universe), make_session(minutes=60)
    assert scanner.setup(session("EDCBA"))
    found = []
    for number, close in enumerate(closes):
        context = session("EDCBA", ok_scans=number, explains=True, close=close)
        context.current_time = day.local(day.open) + timedelta(minutes=5 * number)
        result = scanner.scan(context)
        told = {one.name: _seen(one) for one in result.clauses or ()}
        found.append((result.symbols, told))
    return found


def test_a_screen_that_waits_says_what_it_waits_for(session: Session, universe: str) -> None:
    screen = Screen(
        where="close > 4", leave_when="close < 2", confirm_scans=2, hold_minutes=8, cooldown_minutes=12
    )
    #        E: enters, is held, leaves, cools down; D: falls below where, stays; C: never confirmed
    closes = [
        [5, 5, 5, 0, 0],
        [5, 5, 3, 0, 0],
        [1, 3, 5, 0, 0],
        [1, 3, 3, 0, 0],
        [5, 1, 5, 0, 0],
        [5, 5, 5, 5, 0],
    ]
    first, second, third, fourth, fifth, sixth = _patient(session, universe, screen, closes)
    assert first[0] == []
    assert first[1]["confirm_scans 2"] == ([1, 1, 1, None, None], 2, [F, F, F, N, N])
    assert second[0] == ["D", "E"]
    assert second[1]["confirm_scans 2"][2] == [T, T, N, N, N]
    assert third[0] == ["D", "E"]
    assert third[1]["NOT (close < 2)"][2] == [F, T, N, N, N]
    assert third[1]["hold_minutes 8"] == ([5, 5, None, None, None], 8, [T, T, N, N, N])
    assert fourth[0] == ["D"]
    assert fourth[1]["hold_minutes 8"][2] == [F, F, N, N, N]
    assert fifth[0] == []
    assert fifth[1]["cooldown_minutes 12"] == ([5, None, None, None, None], 12, [F, N, N, N, N])
    assert sixth[0] == ["C"]
    assert sixth[1]["cooldown_minutes 12"][0] == [10, 5, None, None, None]
