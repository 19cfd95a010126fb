"""Universes made of others: who is a member on which date, with which columns."""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from symscan.config import parse_config
from symscan.errors import ConfigErrors, UniverseError
from symscan.scanners.universe import load_universe, read_universe, symbols_between

FILES = {
    "a.csv": "symbol,from,to,sector\nFB,,2022-06-09,old\nMETA,2022-06-09,,new\n"
    "AAL,,1997-01-15,air\nAAL,2015-03-23,,jet\n",
    "b.csv": "# as_of: 2023-01-01\nsymbol,weight,sector\nFB,1,x\nAAL,2,x\nIBM,3.5,x\n",
    "c.txt": "IBM\nAAL\n",
    "d.csv": "symbol,from,to\nAAL,2020-01-01,2021-01-01\nIBM,2020-06-01,\n",
}
DATES = [
    date(1996, 1, 1),
    date(1997, 1, 15),
    date(2015, 3, 22),
    date(2015, 3, 23),
    date(2020, 6, 1),
    date(2020, 12, 31),
    date(2021, 1, 1),
    date(2022, 6, 8),
    date(2022, 6, 9),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _members(spec: Any, on: date) -> set[str]:
    """Who is a member, by sets of the members of that date."""
    if isinstance(spec, str):
        return set(load_universe(spec, (), on).symbols)
    if "symbols" in spec:
        return set(spec["symbols"])
    any_of = [_members(one, on) for one in spec.get("any", [])]
    all_of = [_members(one, on) for one in spec.get("all", [])]
    found = set.intersection(*all_of, *([set.union(*any_of)] if any_of else []))
    return found.difference(*(_members(one, on) for one in spec.get("except", [])))


@pytest.mark.parametrize(
    "spec",
    [
        {"any": ["./a.csv", "./b.csv"]},
        {"any": ["./b.csv", "./c.txt"]},
        {"all": ["./a.csv", "./b.csv"]},
        {"any": ["./a.csv", "./c.txt"], "except": ["./d.csv"]},
        {"any": ["./a.csv", "./c.txt"], "all": ["./b.csv"], "except": ["./d.csv", {"symbols": ["FB"]}]},
        {"all": [{"any": ["./c.txt", {"symbols": ["FB", "NEW"]}]}, {"any": ["./d.csv", "./a.csv"]}]},
    ],
)
def test_members_of_a_date_are_those_of_sets(spec: Any) -> None:
    for on in DATES:
        found = load_universe(spec, (), on).symbols
        assert len(set(found)) == len(found)
        assert set(found) == _members(spec, on), on
    for first, last in itertools.combinations(DATES, 2):
        days = [first + timedelta(days=step) for step in range(0, (last - first).days + 1, 97)] + [last]
        seen = set().union(
            *(_members(spec, one) for one in [*days, *(one for one in DATES if first <= one <= last)])
        )
        assert set(symbols_between(spec, first, last)) == seen


def test_columns_are_of_the_first_part_that_knows_them() -> None:
    spec = {"any": ["./a.csv", "./b.csv"]}
    before, after = (load_universe(spec, (), on) for on in (date(1996, 1, 1), date(2022, 6, 9)))
    assert dict(zip(before.symbols, before.columns["sector"], strict=True)) == {
        "FB": "old",
        "AAL": "air",
        "IBM": "x",
    }
    assert dict(zip(after.symbols, after.columns["sector"], strict=True)) == {
        "META": "new",
        "AAL": "jet",
        "FB": "x",
        "IBM": "x",
    }
    assert dict(zip(after.symbols, after.columns["weight"], strict=True)) == {
        "META": None,
        "AAL": 2.0,
        "FB": 1.0,
        "IBM": 3.5,
    }
    assert after.as_of == date(2023, 1, 1)  # of the list among them, whatever the session
    assert load_universe({"any": ["./a.csv", "./d.csv"]}, (), DATES[0]).as_of == DATES[0]
    assert load_universe({"any": ["./a.csv", "./c.txt"]}, (), DATES[0]).as_of is None


def test_a_name_may_stand_for_one_made_of_others(folder: Path) -> None:
    (folder / "data" / "universes").mkdir(parents=True)
    (folder / "data" / "universes" / "mine.json").write_text('{"all": ["a.csv"], "except": ["../../c.txt"]}')
    file = read_universe("mine")
    assert (file.name, file.periods is not None) == ("mine", True)
    assert load_universe("mine", (), date(2022, 6, 9)).symbols == ("META",)
    (folder / "loop.json").write_text('{"any": ["./loop.json"]}')
    with pytest.raises(UniverseError, match=r"loop\.json: any\[0\]: .*it is made of itself"):
        load_universe("./loop.json")


def test_the_store_is_one_of_the_session() -> None:
    spec = {"all": ["store"], "except": [{"symbols": ["IBM"]}]}
    found = load_universe(spec, (), date(2020, 1, 2), lambda: ("IBM", "FB"))
    assert (found.symbols, found.as_of) == (("FB",), date(2020, 1, 2))


@pytest.mark.parametrize(
    ("universe", "place", "said"),
    [
        ({"any": ["./a.csv", "./q.csv"]}, "universe.any[1]", "there is no universe file 'q.csv'"),
        ({"any": ["./a.csv"], "excpt": ["./c.txt"]}, "universe.excpt", "unknown key 'excpt'"),
        ({"except": ["./a.csv"]}, "universe", "'except' takes away from what 'any' or 'all' names"),
        ({"any": []}, "universe.any", "expected a list of universes"),
        ({"any": ["./a.csv", {"all": [3]}]}, "universe.any[1].all[0]", "expected the name of a universe"),
        ({"any": [{"symbols": ["A B"]}]}, "universe.any[0].symbols[0]", "'A B' is not a symbol"),
        ({"any": ["./a.csv", {"found_by": "x"}]}, "universe.any[1]", "'found_by' stands alone or in the"),
        ({"all": ["./c.txt"], "except": ["./c.txt"]}, "universe", "nobody is in c except c"),
        ({"all": [{"found_by": "gone"}]}, "universe", "there is no scanner 'gone'"),
        ({"all": [{"found_by": "hot", "within": 5}]}, "universe.all[0].within", "unknown key 'within'"),
    ],
)
def test_faults_are_at_their_part(universe: Any, place: str, said: str) -> None:
    scanner = {"name": "hot", "universe": universe, "where": "close > 1", "pre_session": True}
    with pytest.raises(ConfigErrors) as caught:
        from symscan.runtime.building.build import check

        check(
            parse_config(json.dumps({"session_data_config": {"scanners": [scanner]}})), "backtest", DATES[-1]
        )
    [error] = caught.value.errors
    assert said in error.message
    assert (error.path or "").startswith(f"session_data_config.scanners[0].{place}")
