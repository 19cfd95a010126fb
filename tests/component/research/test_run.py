"""A run from Python: its tables are its files, and what is wrong with a folder is one clear error."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import symscan
from component.runs.conftest import DAYS, HOSTILE
from support.runs import Run
from symscan.runs.files.writing import exclusive_folder
from symscan.runs.schemas import TRADES_SCHEMA


@pytest.fixture(scope="module")
def opened(run: Run) -> symscan.Run:
    return symscan.open_run(run.folder)


@pytest.fixture
def copied(run: Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run.folder, tmp_path / "copied"))


def test_the_tables_are_the_files(run: Run, opened: symscan.Run) -> None:
    assert opened.hits.equals(pl.read_parquet(run.folder / "hits" / "*.parquet"))
    assert opened.episodes.equals(pl.read_parquet(run.folder / "episodes" / "*.parquet"))
    for name, frame in (("scans", opened.scans), ("unknown", opened.unknown)):
        texts = pl.read_csv(run.folder / f"{name}.csv", infer_schema=False)
        assert frame.columns == texts.columns
        counted = [one for one, kind in frame.schema.items() if kind.is_integer() or kind == pl.String()]
        assert frame.select(counted).cast(pl.String).equals(texts.select(counted)), name
    assert opened.trades.schema == TRADES_SCHEMA
    assert opened.trades.is_empty()


def test_values_are_those_of_the_hits(run: Run, opened: symscan.Run) -> None:
    told = run.hits.filter(scanner="above", symbol="AAA")
    (first,) = opened.values("above").filter(symbol="AAA").head(1).rows(named=True)
    said = json.loads(told["metadata"][0])
    assert (first["close"], first["vwap"]) == (said["close"], said["vwap"])
    assert opened.values("above").height == run.hits.filter(scanner="above").height


@pytest.mark.parametrize("what", ["hits", "episodes", "scans", "unknown", "trades"])
def test_lazy_frames_are_the_tables(opened: symscan.Run, what: str) -> None:
    assert opened.lazy(what).collect().equals(getattr(opened, what))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbol": ""}, "symbol='' is no symbol; give one, as in 'AAPL'"),
        ({"symbol": None}, "symbol=None is no symbol"),
        ({"symbol": "AAA", "at": 1035}, "at='1035' is not a time; write it as 10:30, or open or close"),
        ({"most": 0}, "most=0: give a whole number of 1 or more, or None for all"),
        ({"most": -1}, "most=-1: give a whole number of 1 or more"),
        ({"most": 1.5}, "most=1.5: give a whole number of 1 or more"),
    ],
)
def test_what_cannot_be_asked_of_decisions(
    opened: symscan.Run, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(symscan.InputError) as caught:
        (opened.why if "symbol" in arguments else opened.near)(**arguments)
    assert message in str(caught.value)


def test_lazy_values_are_of_one_scanner(opened: symscan.Run) -> None:
    assert opened.lazy("values", HOSTILE).collect().equals(opened.values(HOSTILE))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("values",), "values are of one scanner; name it (there are: "),
        (
            ("hit",),
            "there is no table 'hit' in a run; there are hits, episodes, scans, unknown, trades, values",
        ),
        (("hits", "above"), "hits are of all scanners; filter its column 'scanner'"),
        (("values", "nobody"), "there is no scanner 'nobody' in the run (there are: "),
    ],
)
def test_a_table_that_is_none(opened: symscan.Run, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(symscan.InputError) as caught:
        opened.lazy(*arguments)
    assert message in str(caught.value)


def test_what_it_says_of_itself(run: Run, opened: symscan.Run) -> None:
    summary = json.loads((run.folder / "summary.json").read_text())
    assert (opened.summary, opened.run_id) == (summary, summary["run_id"])
    assert (opened.sessions, opened.path) == (list(DAYS), run.folder)
    assert opened.scanners == [HOSTILE, "above", "never"]
    lines = [json.loads(line) for line in run.lines("journal.jsonl")]
    assert list(opened.journal()) == lines


def test_a_damaged_journal_names_its_line(copied: Path) -> None:
    with (copied / "journal.jsonl").open("a") as journal:
        journal.write('{"session": "20\n')
    count = len((copied / "journal.jsonl").read_text().splitlines())
    with pytest.raises(symscan.DataError, match=rf"journal\.jsonl:{count}: it is damaged"):
        list(symscan.open_run(copied).journal())


def test_a_notebook_shows_it_in_short_and_escaped(copied: Path) -> None:
    summary = json.loads((copied / "summary.json").read_text())
    hostile = "<script>alert(1)</script>" + "x" * 10_000
    summary["name"] = summary["warnings"] = hostile
    summary["warnings"] = [f"{hostile} {number}" for number in range(50)]
    summary["scanners"] = {f"<img src=x onerror=alert({n})>": {"hits": 1234} for n in range(500)}
    (copied / "summary.json").write_text(json.dumps(summary))
    html = symscan.open_run(copied)._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "1,234" in html
    assert len(html) < 6000


class TestWhatCannotBeOpened:
    """One clear error each."""

    def test_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(symscan.InputError, match="there is no such folder; give the folder that a run"):
            symscan.open_run(tmp_path / "nothing")
        with pytest.raises(symscan.InputError, match="it is not the folder of a run"):
            symscan.open_run(str(tmp_path))

    def test_one_that_is_being_written_or_was_broken_off(self, copied: Path) -> None:
        (copied / "summary.json").unlink()
        with exclusive_folder(copied), pytest.raises(symscan.InputError, match="still being written; wait"):
            symscan.open_run(copied)
        with pytest.raises(symscan.InputError, match="was broken off before its end; go on with it by"):
            symscan.open_run(copied)

    def test_one_of_a_newer_format(self, copied: Path) -> None:
        described = json.loads((copied / "run.json").read_text())
        (copied / "run.json").write_text(json.dumps({**described, "format_version": 99}))
        with pytest.raises(symscan.DataError, match="has format version 99, this symscan reads up to"):
            symscan.open_run(copied)

    @pytest.mark.parametrize("name", ["summary.json", f"hits/{DAYS[0]}.parquet"])
    def test_a_damaged_file(self, copied: Path, name: str) -> None:
        (copied / name).write_text("damage")
        with pytest.raises(symscan.DataError, match=f"{name}.* damaged"):
            symscan.open_run(copied)


def test_a_run_of_the_old_format_says_what_it_kept(old: Path, opened: symscan.Run) -> None:
    run = symscan.open_run(old)
    assert run.hits.equals(opened.hits)
    assert run.values("above")["vwap"].equals(opened.values("above")["vwap"])
    assert (run.run_id, run.config) == (None, None)
    assert "scanner" in run._repr_html_()
    with pytest.raises(symscan.InputError, match="old format"):
        run.store()
