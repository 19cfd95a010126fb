"""Public forms of memberships, and the universes made of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from symscan.errors import UniverseError
from symscan.scanners.membership_import import read_membership, universe_text

PERIODS = "ticker,start_date,end_date\nB,2020-01-01,\nA,2019-01-01,2020-02-01\n"
SNAPSHOTS = 'date,tickers\n2020-02-01,"A,C"\n2020-01-01,"A,B"\n2020-03-01,"B C"\n'
CHANGES = "Date,Added,Removed\n2020-01-01,A,B\n2020-02-01,B,\n2020-03-01,,A\n"
ACTIONS = (
    "date,action,ticker\n2020-03-01,removed,A\n2020-01-01,Added,A\n2020-01-01,drop,B\n2020-02-01,add,B\n"
)


def _read(folder: Path, text: str, members: tuple[str, ...] = ()) -> tuple[str, str]:
    (folder / "facts.csv").write_text(text)
    form, periods = read_membership(folder / "facts.csv", members)
    return form, universe_text(periods)


@pytest.mark.parametrize(
    ("text", "form", "rows"),
    [
        (PERIODS, "periods", "A,2019-01-01,2020-02-01\nB,2020-01-01,\n"),
        (
            SNAPSHOTS,
            "snapshots",
            "A,2020-01-01,2020-03-01\nB,2020-01-01,2020-02-01\nB,2020-03-01,\nC,2020-02-01,\n",
        ),
        (CHANGES, "changes", "A,2020-01-01,2020-03-01\nB,,2020-01-01\nB,2020-02-01,\n"),
        (ACTIONS, "changes", "A,2020-01-01,2020-03-01\nB,,2020-01-01\nB,2020-02-01,\n"),
    ],
)
def test_each_form_is_the_periods_it_says(tmp_path: Path, text: str, form: str, rows: str) -> None:
    assert _read(tmp_path, text) == (form, "symbol,from,to\n" + rows)


def test_who_never_changed_is_known_from_the_members_of_today(tmp_path: Path) -> None:
    assert "\nZ,,\n" in _read(tmp_path, CHANGES, ("B", "Z"))[1]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x,y\n1,2\n", "facts.csv: no membership is recognised in its header; write periods"),
        ("", "facts.csv: no membership is recognised"),
        ("ticker,start_date,end_date\nA,2020-01-01,\nA,2021-01-01,\n", "facts.csv:3: A is a member from"),
        ("date,tickers\n2020-01-01,A\n2020-01-01,B\n", "facts.csv:3: 2020-01-01 is already on line 2"),
        ("date,tickers\n1/2/2020,A\n", "facts.csv:2: '1/2/2020' is not a date"),
        ("date,added,removed\n2020-01-01,A,\n2020-02-01,A,\n", "facts.csv:3: A is added, as on line 2"),
        ("date,added,removed\n2020-01-01,,A\n2020-02-01,,A\n", "facts.csv:3: A is removed, as on line 2"),
        ("date,action,ticker\n2020-01-01,sold,A\n", "facts.csv:2: 'sold' is neither 'added' nor 'removed'"),
        ("date,action,ticker\n2020-01-01,add,A\n2020-01-02,add,A\n", "facts.csv:3: A is added, as on line 2"),
        ("date,added,removed\n2020-01-01,A\n", "facts.csv:2: 2 values, but the header has 3"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(UniverseError, match=fault):
        _read(tmp_path, text)


def test_dates_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(PERIODS)
    _, (first, _) = read_membership(tmp_path / "facts.csv")
    assert (first.start, first.end, first.line) == (date(2019, 1, 1), date(2020, 2, 1), 3)
