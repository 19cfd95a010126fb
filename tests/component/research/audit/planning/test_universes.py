"""Other editions of universe files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from symscan.research.audit.planning.universes import UniverseText

DATED = "# as_of: 2020-01-01\nsymbol,from,to,size\nA,,2018-03-01,1\nB,2018-02-01,,2\nC,2019-01-01,,3\n"


@pytest.fixture
def dated(tmp_path: Path) -> UniverseText:
    (tmp_path / "dated.csv").write_text(DATED)
    return UniverseText.read(tmp_path / "dated.csv")


def test_an_edition_knows_nothing_later(dated: UniverseText) -> None:
    assert dated.edition_of(date(2018, 2, 20)).decode() == (
        "# as_of: 2020-01-01\nsymbol,from,to,size\nA,,,1\nB,2018-02-01,,2\n"
    )
    assert dated.edition_of(date(2020, 1, 1)).decode() == DATED


def test_rows_are_permuted_and_stay_whole(dated: UniverseText) -> None:
    assert dated.reversed().decode().splitlines()[2:] == DATED.splitlines()[:1:-1]
    assert sorted(dated.shuffled([1]).decode().splitlines()) == sorted(DATED.splitlines())


def test_numbers_are_given_to_other_symbols(dated: UniverseText) -> None:
    assert dated.number_columns == ("size",)
    other = dated.with_other_numbers("size", [3]).decode()
    assert sorted(line[-1] for line in other.splitlines()[2:]) == ["1", "2", "3"]


def test_half_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("A\nB\n# a comment\nC\nD\n")
    content, kept = UniverseText.read(tmp_path / "some.txt").half([1])
    assert len(kept) == 2
    assert set(content.decode().splitlines()) == {"# a comment", *kept}
