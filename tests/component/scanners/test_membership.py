"""Universes whose members depend on the date."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from symscan.errors import UniverseError
from symscan.scanners.universe import load_universe, symbols_between

FACTS = Path(__file__).parents[4] / "shared/data/sp500_membership.csv"
CHANGE = date(2022, 6, 9)
DAY = timedelta(days=1)

ROWS = """symbol,from,to,sector
FB,2013-12-23,2022-06-09,Communication
META,2022-06-09,,Communication
AAL,1996-01-02,1997-01-15,Industrials
AAL,2015-03-23,2024-09-23,Airlines
OLD,,2000-01-01,
"""


def _file(folder: Path, text: str) -> str:
    (folder / "u.csv").write_text(text)
    return str(folder / "u.csv")


@pytest.mark.parametrize(
    ("on", "members"),
    [
        (CHANGE - DAY, ("FB", "AAL")),
        (CHANGE, ("META", "AAL")),
        (date(1997, 1, 14), ("AAL", "OLD")),
        (date(1997, 1, 15), ("OLD",)),
        (date(2001, 1, 1), ()),
        (date(2024, 9, 23), ("META",)),
    ],
)
def test_members_are_those_of_the_date(tmp_path: Path, on: date, members: tuple[str, ...]) -> None:
    universe = load_universe(_file(tmp_path, ROWS), on=on)
    assert (universe.symbols, universe.as_of) == (members, on)
    assert set(universe.columns) == {"sector"}


def test_static_columns_are_those_of_the_period(tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)
    assert load_universe(path, on=date(1996, 5, 1)).columns == {"sector": ("Industrials", None)}
    assert load_universe(path, on=date(2015, 3, 23)).columns == {"sector": ("Communication", "Airlines")}


def test_members_of_a_range_are_those_of_any_date(tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)
    assert symbols_between(path, CHANGE - DAY, CHANGE) == ("FB", "META", "AAL")
    assert symbols_between(path, CHANGE, CHANGE + DAY) == ("META", "AAL")


def test_either_column_may_be_missing(tmp_path: Path) -> None:
    assert load_universe(_file(tmp_path, "symbol,from\nA,2020-01-01\nB,\n"), on=CHANGE).symbols == ("A", "B")
    assert load_universe(_file(tmp_path, "symbol,to\nA,2020-01-01\nB,\n"), on=CHANGE).symbols == ("B",)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (
            "A,2020-01-01,\nB,,\nA,2021-01-01,2022-01-01\n",
            r"u.csv:4: A is .* on line 2 from 2020-01-01 to today",
        ),
        ("A,,2021-01-01\nA,2020-12-31,\n", r"u.csv:3: A is a member from 2020-12-31 to today, and on line 2"),
        (
            "A,2020-01-01,2020-01-01\n",
            "u.csv:2: A is a member from 2020-01-01 to 2020-01-01, which is no day",
        ),
        ("A,01/02/2020,\n", "u.csv:2: '01/02/2020' in column 'from' is not a date; write 2022-06-09"),
    ],
)
def test_rows_that_contradict_each_other_are_refused_with_their_lines(
    tmp_path: Path, rows: str, fault: str
) -> None:
    with pytest.raises(UniverseError, match=fault):
        load_universe(_file(tmp_path, "symbol,from,to\n" + rows), on=CHANGE)


def test_without_a_date_nobody_is_known(tmp_path: Path) -> None:
    with pytest.raises(UniverseError, match="its members depend on the date; give one"):
        load_universe(_file(tmp_path, ROWS))


def test_the_index_is_what_polars_says_around_every_change_of_a_year(tmp_path: Path) -> None:
    if not FACTS.exists():
        pytest.skip("the membership of the index is not there")
    facts = pl.read_csv(FACTS, try_parse_dates=True)
    path = tmp_path / "index.csv"
    facts.rename({"ticker": "symbol", "start_date": "from", "end_date": "to"}).write_csv(path)
    changes = pl.concat([facts["start_date"], facts["end_date"]]).drop_nulls().unique().sort()
    for change in changes.filter(changes.is_between(date(2022, 1, 1), date(2022, 12, 31))):
        for on in (change - DAY, change):
            is_member = (pl.col("start_date") <= on) & (
                pl.col("end_date").is_null() | (pl.col("end_date") > on)
            )
            expected = facts.filter(is_member)["ticker"].sort().to_list()
            assert sorted(load_universe(str(path), on=on).symbols) == expected
