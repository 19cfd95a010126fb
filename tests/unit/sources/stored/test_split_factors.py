"""Divisors by splits: products by hand, and one computation for dates with the same splits between."""

from __future__ import annotations

from datetime import date

import polars as pl

from symscan.sources.stored.split_factors import SplitFactors

SPLITS = pl.DataFrame(
    {
        "symbol": ["A", "A", "B"],
        "ex_date": [date(2021, 3, 1), date(2021, 6, 1), date(2021, 4, 1)],
        "ratio": [2.0, 3.0, 0.125],
    }
)


def test_a_split_counts_from_its_ex_date_on() -> None:
    factors, symbols = SplitFactors(SPLITS), ("A", "B", "C")
    cases = {
        (date(2021, 2, 26), date(2021, 6, 1)): [6.0, 0.125, 1.0],
        (date(2021, 3, 1), date(2021, 6, 1)): [3.0, 0.125, 1.0],
        (date(2021, 2, 26), date(2021, 5, 28)): [2.0, 0.125, 1.0],
        (date(2021, 4, 1), date(2021, 5, 28)): None,
        (date(2021, 6, 1), date(2021, 6, 2)): None,
    }
    for (earlier, day), expected in cases.items():
        found = factors.between(symbols, earlier, day)
        assert (None if found is None else found.tolist()) == expected


def test_dates_with_the_same_splits_between_share_their_divisors() -> None:
    factors, day = SplitFactors(SPLITS), date(2021, 6, 1)
    first = factors.between(("A",), date(2021, 3, 2), day)
    assert first is factors.between(("A",), date(2021, 3, 31), day)
    assert first is not factors.between(("B",), date(2021, 3, 31), day)
