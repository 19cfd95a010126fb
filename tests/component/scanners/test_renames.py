"""Changes of ticker: what a company is called when, and under which symbol its bars are stored."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from symscan.errors import UniverseError
from symscan.model.universes.renames import Rename, Renames, renamed
from symscan.scanners.renames_file import read_renames

META = date(2022, 6, 9)
BEFORE = date(2022, 6, 8)
FACEBOOK = Renames((Rename(META, "FB", "META"),))
CHAIN = Renames((Rename(date(2010, 1, 4), "A", "B"), Rename(date(2015, 1, 5), "B", "C")))
THERE_AND_BACK = Renames((Rename(date(2010, 1, 4), "A", "B"), Rename(date(2015, 1, 5), "B", "A")))
SWAP = Renames((Rename(META, "A", "B"), Rename(META, "B", "A")))


@pytest.mark.parametrize(
    ("renames", "symbol", "day", "called"),
    [
        (FACEBOOK, "FB", BEFORE, "FB"),
        (FACEBOOK, "FB", META, "META"),
        (FACEBOOK, "META", META, "META"),
        (FACEBOOK, "META", BEFORE, "FB"),
        (FACEBOOK, "IBM", BEFORE, "IBM"),
        *((CHAIN, symbol, date(2009, 1, 5), "A") for symbol in "ABC"),
        *((CHAIN, symbol, date(2012, 1, 5), "B") for symbol in "ABC"),
        *((CHAIN, symbol, date(2016, 1, 5), "C") for symbol in "ABC"),
        *((THERE_AND_BACK, symbol, date(2009, 1, 5), "A") for symbol in "AB"),
        *((THERE_AND_BACK, symbol, date(2012, 1, 5), "B") for symbol in "AB"),
        *((THERE_AND_BACK, symbol, date(2016, 1, 5), "A") for symbol in "AB"),
        (SWAP, "A", META, "B"),
        (SWAP, "B", META, "A"),
    ],
)
def test_what_a_company_is_called_on_a_date(renames: Renames, symbol: str, day: date, called: str) -> None:
    assert renames.on(symbol, day) == called


@pytest.mark.parametrize(
    ("day", "of_day", "of_all", "listed", "found"),
    [
        (BEFORE, {"FB"}, {"FB", "META"}, ["FB", "META"], {"META": "FB"}),  # as the tickers were
        (META, {"META"}, {"FB", "META"}, ["FB", "META"], {"FB": "META"}),
        (BEFORE, {"META"}, {"META"}, ["FB"], {"FB": "META"}),  # a store that has renamed all bars
        (META, {"FB"}, {"FB"}, ["META"], {"META": "FB"}),  # and one that knows no new name
        (BEFORE, set(), {"META"}, ["FB"], {"FB": "META"}),
        (META, set(), set(), ["FB", "IBM"], {"FB": "META"}),
    ],
)
def test_symbols_are_those_of_the_store(
    day: date, of_day: set[str], of_all: set[str], listed: list[str], found: dict[str, str]
) -> None:
    assert renamed(listed, FACEBOOK, day, lambda: (of_day, of_all)) == found


def test_every_symbol_of_a_company_has_one_last_name() -> None:
    for day in (date(2009, 1, 5), date(2012, 1, 5), date(2016, 1, 5)):
        assert {CHAIN.last(symbol, day) for symbol in "ABC"} == {"C"}
        assert {THERE_AND_BACK.last(symbol, day) for symbol in "AB"} == {"A"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "r.csv:1: there is no column 'date'"),
        ("date,old\n", "r.csv:1: there is no column 'new'"),
        ("date,old,new\n2022-06-31,FB,META\n", "r.csv:2: '2022-06-31' is not a date"),
        ("date,old,new\n2022-06-09,FB,FB\n", "r.csv:2: FB is both the old and the new symbol"),
        ("date,old,new\n2022-06-09,,META\n", "r.csv:2: '' is not a symbol"),
        ("date,old,new\n2022-06-09,FB\n", "r.csv:2: 2 values"),
        ("date,old,new\n2022-06-09,FB,META\n2022-06-09,FB,M\n", "r.csv:3: FB changes to two symbols on"),
        ("# n\ndate,old,new\n2022-06-09,A,M\n2022-06-09,B,M\n", "r.csv:4: M is given to two companies"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(UniverseError, match=fault):
        read_renames(tmp_path / "r.csv")
