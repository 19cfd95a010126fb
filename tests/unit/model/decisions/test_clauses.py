from __future__ import annotations

import numpy as np
import pytest

from symscan.model.decisions.clauses import Clause, Code, compared, margins, reading

nan = np.nan


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (">", [1.0, -2.0, 0.0, nan]),
        (">=", [1.0, -2.0, 0.0, nan]),
        ("<", [-1.0, 2.0, 0.0, nan]),
        ("=", [-1.0, -2.0, 0.0, nan]),
        ("<>", [1.0, 2.0, 0.0, nan]),
        (None, [nan, nan, nan, nan]),
    ],
)
def test_a_margin_is_positive_where_the_comparison_holds(op: str | None, expected: list[float]) -> None:
    found = margins(op, np.array([3.0, 0.0, 2.0, nan]), np.array([2.0] * 4))
    np.testing.assert_array_equal(found, expected)
    assert not np.signbit(found[2])


def test_what_is_unknown_neither_holds_nor_not() -> None:
    true, false = compared("<>", np.array([1.0, nan, 2.0]), np.array([2.0, 1.0, nan]))
    assert (true.tolist(), false.tolist()) == ([True, False, False], [False, False, False])


def test_codes_say_whom_a_clause_is_about() -> None:
    true, false, applies = (np.array(one, np.bool_) for one in ([1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 1, 0]))
    clause = Clause("mine", None, None, None, true, false, applies=applies)
    assert clause.codes().tolist() == [Code.TRUE, Code.FALSE, Code.UNKNOWN, Code.NOT_APPLICABLE]
    assert reading("close", np.ones(2)).codes().tolist() == [Code.NOT_APPLICABLE] * 2
