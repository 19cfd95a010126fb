from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from symscan.model.decisions.clauses import Code
from symscan.scanners.judging import MOST_NAMES, Judge

nan = np.nan
T, F, U, N = Code.TRUE, Code.FALSE, Code.UNKNOWN, Code.NOT_APPLICABLE
COLUMNS = {"rsi_14_5m": np.array([80.0, nan, 60.0, 75.0]), "close": np.array([1.0, 2.0, 3.0, nan])}
VIEW = SimpleNamespace(symbols=("D", "C", "B", "A"), column=COLUMNS.__getitem__)


def _judge(**more: Any) -> Judge[dict[str, Any]]:
    return Judge(VIEW, dict, **more)


def test_readings_own_numbers_and_masks_are_judged() -> None:
    judge = _judge()
    strong = judge("rsi_14_5m", ">", 70)
    ahead = judge("lead", ">=", np.array([1.0, 2.0, nan, 4.0]), values=[2.0, 1.0, 5.0, 4.0])
    liquid = judge(
        "liquid", mask=np.array([True, True, False, False]), known=np.array([True, False, True, True])
    )
    assert [one.codes().tolist() for one in judge.clauses] == [[T, U, F, T], [T, F, U, T], [T, U, F, F]]
    found = (strong & ahead & ~liquid).result()
    assert found["symbols"] == ["A"]
    assert found["unknown"].tolist() == [False, False, False, False]  # C is not ahead, whatever its rsi
    assert found["metadata"] == {"A": {"rsi_14_5m": 75.0, "lead": 4.0}}
    assert (strong | ahead).result()["unknown"].tolist() == [False, True, True, False]


def test_hits_are_ranked_highest_first_unknown_last_ties_by_symbol() -> None:
    judge = _judge()
    everybody = judge("all", mask=np.ones(4, np.bool_))
    assert everybody.result()["symbols"] == ["A", "B", "C", "D"]
    found = everybody.result(rank=[1.0, nan, 2.0, 2.0], take=3)
    assert found["symbols"] == ["A", "B", "D"]
    take = found["clauses"][-1]
    assert (take.name, take.codes().tolist()) == ("take 3", [T, F, T, T])
    np.testing.assert_array_equal(take.values, [3.0, 4.0, 2.0, 1.0])


def test_a_loop_judges_one_symbol_at_a_time() -> None:
    judge = _judge()
    assert judge.one("C", "rise_pct", 2.0, ">", 1.0)
    assert not judge.one("A", "rise_pct", 0.5, ">", 1.0)
    assert not judge.one("B", "rise_pct", nan, ">", 1.0)
    (clause,) = judge.clauses
    assert clause.codes().tolist() == [N, T, U, F]


def test_results_bear_clauses_only_where_they_are_wanted() -> None:
    judge = _judge(explains=False)
    assert judge("close", ">", 1).result()["clauses"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"op": ">"}, "give a comparison, as in"),
        ({"op": "=>", "limit": 1}, "'=>' is no comparison; give one of > >="),
        (
            {"op": ">", "limit": 1, "values": [1.0]},
            r"values has shape \(1,\); give one value for each of the 4",
        ),
        ({"op": ">", "limit": 1, "mask": np.ones(4, np.bool_)}, "a comparison or a mask, not both"),
        ({"mask": np.ones(4)}, "mask holds float64; give booleans"),
    ],
)
def test_mistakes_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _judge()("close", **arguments)


def test_names_are_unique_in_a_scan_and_few_in_a_session() -> None:
    names: dict[str, None] = {}
    judge = _judge(names=names)
    judge("close", ">", 1)
    judge("close", "<", 9)  # another comparison of it
    with pytest.raises(ValueError, match="'close >' is judged twice"):
        judge("close", ">", 2)
    with pytest.raises(ValueError, match="'Z' is none of"):
        judge.one("Z", "rise_pct", 1.0, ">", 1.0)
    for number in range(MOST_NAMES - 2):
        _judge(names=names)(f"rise > {number}", mask=np.ones(4, np.bool_))
    with pytest.raises(ValueError, match="names are the same at every scan: give what changes as limit"):
        _judge(names=names)("rise > 99", mask=np.ones(4, np.bool_))
