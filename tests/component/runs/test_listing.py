"""The runs in a folder, and in what two of them differ."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from component.runs.conftest import DAYS, HOSTILE
from support.runs import Run
from symscan.errors import InputError
from symscan.runs.description import read_description, write_description
from symscan.runs.differences import compare_runs
from symscan.runs.files.writing import exclusive_folder
from symscan.runs.listing import list_runs
from symscan.runs.reading import RunFiles


@pytest.fixture
def copied(run: Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run.folder, tmp_path / "copied"))


def _edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    whole = json.loads(path.read_text())
    change(whole)
    path.write_text(json.dumps(whole))


def test_a_run_is_listed_with_what_it_was(run: Run, copied: Path) -> None:
    (listed,) = list_runs(copied.parent)
    assert list_runs(copied) == [listed]
    assert (listed.folder, listed.status, listed.sessions) == (copied, "complete", 2)
    assert listed.scanners == (HOSTILE, "above", "never")
    assert (listed.hits, listed.new) == (run.hits.height, run.hits["new"].sum())
    assert listed.run_id == RunFiles.open(run.folder).run_id
    assert listed.fault is None


def test_runs_that_are_not_whole_are_marked(run: Run, tmp_path: Path) -> None:
    for name in ("begun", "damaged", "newer", "other"):
        shutil.copytree(run.folder, tmp_path / name)
    (tmp_path / "begun" / "summary.json").unlink()
    (tmp_path / "damaged" / "summary.json").write_text('{"status": "complete", "scanners": 5}')
    _edit(tmp_path / "newer" / "run.json", lambda whole: whole.update(format_version=9))
    for name in ("run.json", "summary.json"):
        (tmp_path / "other" / name).unlink()
    with exclusive_folder(tmp_path / "begun"):
        assert list_runs(tmp_path)[0].status == "being written"
    begun, damaged, newer = list_runs(tmp_path)
    assert (begun.status, begun.fault) == ("broken off", None)
    assert damaged.status == newer.status == "broken"
    assert "summary.json is damaged" in str(damaged.fault)
    assert "format version 9" in str(newer.fault)


def test_what_holds_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == []
    with pytest.raises(InputError, match="there is no such folder; give one that holds runs"):
        list_runs(tmp_path / "nothing")


def test_a_run_does_not_differ_from_itself(run: Run, copied: Path) -> None:
    found = compare_runs(RunFiles.open(run.folder), RunFiles.open(copied))
    assert not found.any
    assert found.as_record()["differ"] is False
    assert found.hits["above"].both == run.hits.filter(scanner="above").height


def test_other_hits_are_counted_and_the_earliest_is_named(run: Run, copied: Path) -> None:
    path = copied / "hits" / f"{DAYS[1]}.parquet"
    frame = pl.read_parquet(path)
    at = frame.filter(scanner="above").row(5, named=True)
    is_it = (pl.col("scan_at") == at["scan_at"]) & (pl.col("scanner") == "above")
    one = is_it & (pl.col("symbol") == at["symbol"])
    later = (pl.col("scan_at") > at["scan_at"]) & (pl.col("scanner") == "above") & (pl.col("symbol") == "AAA")
    assert frame.filter(later).height > 1
    changed = frame.filter(~one).with_columns(
        pl.when(later).then(pl.col("price") + 1).otherwise("price").alias("price")
    )
    changed.write_parquet(path)
    found = compare_runs(RunFiles.open(run.folder), RunFiles.open(copied))
    assert found.any
    above = found.hits["above"]
    assert (above.only_a, above.only_b, above.changed) == (1, 0, frame.filter(later).height)
    assert above.earliest is not None
    assert (above.earliest["which"], above.earliest["symbol"]) == ("only_a", at["symbol"])
    assert not found.hits["never"].any
    back = compare_runs(RunFiles.open(copied), RunFiles.open(run.folder)).hits["above"]
    assert (back.only_a, back.only_b, back.changed) == (0, 1, above.changed)


def test_of_one_instant_the_phases_are_in_their_order(run: Run, copied: Path) -> None:
    path = copied / "hits" / f"{DAYS[0]}.parquet"
    frame = pl.read_parquet(path)
    first = frame.filter(scanner="above").head(1)
    added = [
        first.with_columns(symbol=pl.lit(phase), phase=pl.lit(phase)) for phase in ("at_close", "pre_session")
    ]
    pl.concat([frame, *added]).write_parquet(path)
    earliest = compare_runs(RunFiles.open(run.folder), RunFiles.open(copied)).hits["above"].earliest
    assert earliest is not None and earliest["symbol"] == "pre_session"


def _describe(folder: Path, **facts: Any) -> None:
    """Let a run be of something else, under the id that follows from it."""
    noted = read_description(folder)
    write_description(folder / "run.json", replace(noted, facts={**noted.facts, **facts}))


@pytest.mark.parametrize(("as_of", "dated"), [(None, ""), ("2018-02-20", "as of 2018-02-20, ")])
def test_a_universe_without_a_date_has_none_said_of_it(
    run: Run, copied: Path, as_of: str | None, dated: str
) -> None:
    _describe(copied, universes={"above": {"name": "mine", "as_of": as_of, "symbols": 3, "digest": "d"}})
    found = compare_runs(RunFiles.open(run.folder), RunFiles.open(copied))
    (one,) = [fact for fact in found.facts if (fact.kind, fact.name) == ("universes", "above")]
    assert one.b == f"mine (3 symbols, {dated}digest d)"


def test_what_they_are_of_is_compared_by_name(copied: Path) -> None:
    def describe(folder: Path, where: str, digest: str) -> None:
        facts = {
            "configuration": {"resolved": {"scanners": [{"name": "above", "screen": {"where": where}}]}},
            "modules": {"moody.py": digest},
            "store": {"files": {f"1m/{DAYS[0]}": digest, f"1m/{digest}": "x"}, "splits": None},
        }
        _describe(folder, **facts)

    other = Path(shutil.copytree(copied, copied.parent / "other"))
    describe(copied, "close > 1", "aa")
    describe(other, "close > 2", "bb")
    found = compare_runs(RunFiles.open(copied), RunFiles.open(other))
    assert [(one.kind, one.name, one.a, one.b) for one in found.facts] == [
        ("configuration", "scanners.above.screen.where", "close > 1", "close > 2"),
        ("modules", "moody.py", "aa", "bb"),
        ("store", f"1m/{DAYS[0]}", "aa", "bb"),
        ("store", "1m/aa", "x", None),
        ("store", "1m/bb", None, "x"),
    ]


def test_only_sessions_of_both_are_compared(run: Run, played: Callable[[date, date], Run]) -> None:
    found = compare_runs(RunFiles.open(run.folder), RunFiles.open(played(DAYS[1], DAYS[1]).folder))
    assert (found.sessions, found.sessions_only_a, found.sessions_only_b) == ((DAYS[1],), (DAYS[0],), ())
    assert found.any
    assert not any(one.any for one in found.hits.values())
