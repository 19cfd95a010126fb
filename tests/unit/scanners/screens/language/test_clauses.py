from __future__ import annotations

import polars as pl
import pytest

from symscan.scanners.screens.language.clauses import MOST_CLAUSES, MOST_LINES, split, split_negation
from symscan.scanners.screens.language.compiler import compile_where
from symscan.scanners.screens.language.names import Kind, Names

NAMES = Names({"sector": Kind.TEXT})


def _lines(where: str | pl.Expr) -> list[str]:
    clauses = split(compile_where(where, NAMES).term)
    return ["  " * one.depth + one.text + ("" if one.op is None else f" | {one.op}") for one in clauses]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("close > 1", ["close > 1 | >"]),
        ("(close > 1 AND volume > 2) AND close < 9", ["close > 1 | >", "volume > 2 | >", "close < 9 | <"]),
        ("close BETWEEN 1 AND 3", ["close >= 1 | >=", "close <= 3 | <="]),
        ("NOT close > 1", ["NOT close > 1 | <="]),
        ("NOT (close > 8 OR volume > 2)", ["NOT (close > 8) | <=", "NOT (volume > 2) | <="]),
        (
            "NOT (close > 8 AND volume = 2)",
            ["NOT (close > 8 AND volume = 2)", "  NOT (close > 8) | <=", "  NOT (volume = 2) | <>"],
        ),
        (
            "close > 1 OR (volume > 2 AND sector = 'Tech')",
            [
                "close > 1 OR (volume > 2 AND sector = 'Tech')",
                "  close > 1 | >",
                "  (volume > 2 AND sector = 'Tech')",
                "    volume > 2 | >",
                "    sector = 'Tech'",
            ],
        ),
        (
            "CASE WHEN close > 1 AND volume > 1 THEN 1 ELSE 2 END = 1 AND close > AVG(close)",
            ["CASE WHEN close > 1 AND volume > 1 THEN 1 ELSE 2 END = 1 | =", "close > AVG(close) | >"],
        ),
        (
            "sector IN ('Tech', 'Energy') AND close IN (volume, 2)",
            ["sector IN ('Tech', 'Energy')", "close IN (volume, 2)"],
        ),
        (pl.col("close").is_between(1, 2, closed="left"), ["close >= 1 | >=", "close < 2 | <"]),
    ],
)
def test_a_condition_is_split_at_its_outermost_ands(where: str | pl.Expr, expected: list[str]) -> None:
    assert _lines(where) == expected


def test_the_clauses_beyond_the_most_are_joined_in_the_last() -> None:
    parts = [f"close > {number}" for number in range(20)]
    lines = _lines(" AND ".join(parts))
    assert lines[:-1] == [f"{part} | >" for part in parts[: MOST_CLAUSES - 1]]
    assert lines[-1] == " AND ".join(parts[MOST_CLAUSES - 1 :])


def test_parts_beyond_the_most_lines_are_left_out() -> None:
    lines = _lines(" OR ".join(f"close > {number}" for number in range(40)))
    assert len(lines) == MOST_LINES
    assert lines[1] == "  close > 0 | >"


def test_what_ends_a_stay_is_one_clause_that_it_does_not_hold() -> None:
    (one,) = split_negation(compile_where("close < vwap", NAMES).term)
    assert (one.text, one.op) == ("NOT (close < vwap)", ">=")
    whole, *parts = split_negation(compile_where("close < vwap AND volume > 2", NAMES).term)
    assert whole.text == "NOT (close < vwap AND volume > 2)"
    assert [one.op for one in parts] == [">=", "<="]


def test_what_a_comparison_reads_beside_its_sides_is_named() -> None:
    (one,) = split(compile_where("close / previous_close > vwap", NAMES).term)
    assert set(one.reads) == {"close", "previous_close"}
    (one,) = split(compile_where("change_pct > AVG(change_pct)", NAMES).term)
    assert one.reads == ()
