from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from symscan.errors import UniverseError
from symscan.scanners.universe import load_universe, universe_names

FACTS = Path(__file__).parents[4] / "shared/data/sp500_constituents_2026-08-08.csv"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_list_has_one_symbol_a_line_with_comments_and_blank_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.txt", "# as_of: 2024-02-29\n\nBRK.B  # Berkshire\nAAPL\n  MSFT\n")
    universe = load_universe(str(path))
    assert universe.symbols == ("BRK.B", "AAPL", "MSFT")
    assert (universe.name, universe.as_of, universe.columns) == ("mine", date(2024, 2, 29), {})
    assert universe.path == path


def test_a_table_has_static_columns_with_types(tmp_path: Path) -> None:
    header = "\ufeff# As_Of: 2020-01-31\nTicker,GICS Sector,Founded,Beta,Code\n"
    text = header + 'A,"Oil, Gas",1900,1.5,007\nB,,,-2,\n'
    universe = load_universe(str(write(tmp_path, "u.csv", text)))
    assert universe.symbols == ("A", "B")
    assert universe.columns == {
        "gics_sector": ("Oil, Gas", None),
        "founded": (1900, None),
        "beta": (1.5, -2.0),
        "code": ("007", None),
    }
    assert universe.as_of == date(2020, 1, 31)


def test_names_are_found_beside_the_configuration_first_then_here_then_among_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, beside = tmp_path / "here", tmp_path / "beside"
    write(here, "data/universes/mine.txt", "HERE\n")
    monkeypatch.chdir(here)
    assert load_universe("mine").symbols == ("HERE",)
    write(beside, "data/universes/mine.csv", "symbol\nBESIDE\n")
    assert load_universe("mine", [beside]).symbols == ("BESIDE",)
    assert len(load_universe("sp500", [beside]).symbols) == 503


def test_relative_paths_are_looked_up_here_first_then_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, beside = tmp_path / "here", tmp_path / "beside"
    write(beside, "lists/mine.txt", "BESIDE\n")
    here.mkdir()
    monkeypatch.chdir(here)
    assert load_universe("lists/mine.txt", [beside]).symbols == ("BESIDE",)
    write(here, "lists/mine.txt", "HERE\n")
    assert load_universe("lists/mine.txt", [beside]).symbols == ("HERE",)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "A\n\nB C\n", "a.txt:3: 'B C' is not a symbol"),
        ("a.txt", "A\nB\n# x\nA\n", "a.txt:4: A is already on line 1"),
        ("a.txt", "# nothing\n\n", "the universe is empty"),
        ("a.txt", b"A\n\xff\n", "byte 2 is not UTF-8"),
        ("a.txt", "# as_of: yesterday\nA\n", "a.txt:1: 'yesterday' is not a date"),
        ("a.csv", "", "the universe is empty"),
        ("a.csv", "symbol,sector\n", "the universe is empty"),
        ("a.csv", "name,sector\nA,B\n", "a.csv:1: no column 'symbol'"),
        ("a.csv", "symbol,sector\nA,B,C\n", "a.csv:2: 3 values, but the header has 2"),
        ("a.csv", "symbol,sector\n# x\nA,B\nA,C\n", "a.csv:4: A is already on line 3"),
        ("a.csv", "symbol,sector\n,B\n", "a.csv:2: '' is not a symbol"),
        ("a.csv", "symbol,Gap Pct\nA,1\n", "a.csv:1: column 2 'Gap Pct' has the name of a session reading"),
        ("a.csv", "symbol,Ticker\nA,A\n", "a.csv:1: column 2 'Ticker' is the second column 'symbol'"),
        ("a.csv", "symbol,SMA 20 1d\nA,1\n", "a.csv:1: column 2 'SMA 20 1d' reads as an indicator's key"),
        ("a.csv", "symbol,2020\nA,1\n", "a.csv:1: column 2 '2020' needs a name"),
        ("a.csv", 'symbol,sector\nA,"B\nC"\n', "a.csv:2:"),
    ],
)
def test_malformed_files_are_placed(tmp_path: Path, name: str, content: str | bytes, expected: str) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(UniverseError, match=re.escape(expected)):
        load_universe(str(path))


def test_what_is_missing_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(
        UniverseError, match=r"no universe 'sp50'; did you mean 'sp500'\? there are: .*test_universe"
    ):
        load_universe("sp50", [tmp_path])
    with pytest.raises(UniverseError, match=r"no universe file 'no/where.txt' \(looked for .*; by name"):
        load_universe("no/where.txt", [tmp_path])
    with pytest.raises(UniverseError, match="'' is not a universe"):
        load_universe("")


def test_one_name_for_two_files_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "data/universes/mine.txt", "A\n")
    write(tmp_path, "data/universes/mine.csv", "symbol\nB\n")
    with pytest.raises(UniverseError, match=r"is two files, .*keep one"):
        load_universe("mine", [tmp_path])


def test_ours_are_whole_and_dated() -> None:
    assert {"sp500", "sp500_sample", "nasdaq100_sample", "test_universe"} <= set(universe_names())
    members = set(load_universe("sp500").symbols)
    for name in ("sp500", "sp500_sample", "nasdaq100_sample", "test_universe"):
        universe = load_universe(name)
        assert universe.as_of == date(2026, 8, 8)
        assert members.issuperset(universe.symbols)
    assert list(load_universe("sp500").columns) == ["name", "sector", "industry"]


def test_sp500_holds_the_facts_it_was_made_of() -> None:
    if not FACTS.exists():
        pytest.skip("the list of index members is not there")
    with FACTS.open(newline="", encoding="utf-8") as file:
        facts = {row["Symbol"]: (row["Security"], row["GICS Sector"]) for row in csv.DictReader(file)}
    universe = load_universe("sp500")
    pairs = zip(universe.columns["name"], universe.columns["sector"], strict=True)
    assert dict(zip(universe.symbols, pairs, strict=True)) == facts
