from __future__ import annotations

from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from symscan.runs.layout import scanner_folder, values_file

DAY = date(2018, 2, 20)


@given(st.text(), st.text())
def test_a_scanner_has_a_folder_of_its_own_whatever_its_name(one: str, other: str) -> None:
    path = values_file(Path("run"), one, DAY)
    assert path.parts == ("run", "values", scanner_folder(one), "2018-02-20.parquet")
    assert len(scanner_folder(one)) < 255
    assert (scanner_folder(one) == scanner_folder(other)) == (one == other)


def test_folders_say_who_they_are_of() -> None:
    assert scanner_folder("gap_scanner-1.b") == "gap_scanner-1.b"
    assert scanner_folder("two words") == "two%20words"
    assert scanner_folder("..") == "%2E."
    assert scanner_folder(".hidden") == "%2Ehidden"
    assert scanner_folder("a/b~c=d") == "a%2Fb%7Ec%3Dd"
    assert scanner_folder("") == "%"
    long = "ä" * 300
    assert scanner_folder(long) != scanner_folder(long + "b")
