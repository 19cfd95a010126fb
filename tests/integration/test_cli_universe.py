"""``symscan universe`` and ``symscan data import-membership``."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import call

FACTS = """ticker,start_date,end_date
FB,2013-12-23,2022-06-09
META,2022-06-09,
AAL,,1997-01-15
AAL,2015-03-23,
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "facts.csv").write_text(FACTS)
    return tmp_path


def test_a_membership_is_imported_listed_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "data", "import-membership", "facts.csv", "--out", "mine.csv")
    assert (ended.code, ended.out) == (0, "Wrote mine.csv: 3 symbols in 4 periods, from periods.\n")
    assert call(capsys, "universe", "mine.csv", "--on", "2022-06-08").out == "AAL\nFB\n"
    assert call(capsys, "universe", "mine.csv", "--on", "2022-06-09").out == "AAL\nMETA\n"
    checked = call(capsys, "universe", "check", "mine.csv").out
    assert "mine.csv: 3 symbols in 4 periods, none overlapping." in checked
    assert "AAL is no member from 1997-01-15 to 2015-03-23 (lines 2 and 3)" in checked


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("universe", "mine.csv"), "the members of 'mine.csv' depend on the date; give --on DATE"),
        (("universe", "mine.csv", "--on", "2000-01-01"), "'mine.csv' has no members on 2000-01-01"),
        (("universe", "check"), "write 'symscan universe NAME' or"),
        (("universe", "nobody"), "there is no universe 'nobody'"),
        (("universe", "check", "overlapping.csv"), "overlapping.csv:3: A is a member from"),
        (("data", "import-membership", "facts.csv", "--out", "mine.txt"), "give a name that ends in .csv"),
        (("data", "import-membership", "gone.csv", "--out", "new.csv"), "gone.csv: No such file"),
        (("universe", "mine.csv", "--on", "tomorrow"), "'tomorrow' is not a date"),
        (("data", "import-membership", "facts.csv", "--out", "no/new.csv"), "there is no folder no"),
    ],
)
def test_mistakes_are_one_message(
    capsys: pytest.CaptureFixture[str], folder: Path, words: tuple[str, ...], fault: str
) -> None:
    (folder / "mine.csv").write_text("symbol,from,to\nA,2020-01-01,\n")
    (folder / "overlapping.csv").write_text("symbol,from,to\nA,,\nA,2020-01-01,\n")
    ended = call(capsys, *words)
    assert ended.code == 2
    assert fault in ended.err
    assert not (folder / "new.csv").exists()
