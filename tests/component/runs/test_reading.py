"""Opening the folder of a run: what is refused, in which words, and folders of the old format."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from component.runs.conftest import DAYS, HOSTILE
from support.runs import Run
from symscan.errors import DataError, InputError
from symscan.runs.differences import compare_runs
from symscan.runs.export import ExportOptions, export
from symscan.runs.files.writing import exclusive_folder
from symscan.runs.listing import list_runs
from symscan.runs.reading import TABLES, RunFiles

OF_BARS = ["price_end", "highest", "lowest", "highest_pct", "lowest_pct"]


@pytest.fixture
def copied(run: Run, tmp_path: Path) -> Path:
    """A copy of the run, to be damaged."""
    return Path(shutil.copytree(run.folder, tmp_path / "copied"))


@pytest.fixture(scope="module")
def old(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run as format 1 had it."""
    folder = tmp_path_factory.mktemp("old")
    for name, added in (("hits.csv", ["decided_at"]), ("scans.csv", ["entered", "left", "decided_at"])):
        pl.read_csv(run.folder / name, infer_schema=False).drop(added).write_csv(folder / name)
    key = ["session", "scanner", "symbol", "reason"]
    columns = {
        "first_at": pl.col("from").min(),
        "last_at": pl.col("to").max(),
        "scans": pl.col("scans").sum(),
    }
    stretches = pl.read_csv(run.folder / "unknown.csv")
    stretches.group_by(key).agg(**columns).sort(key).write_csv(folder / "unknown.csv")
    summary = json.loads((run.folder / "summary.json").read_text())
    (folder / "summary.json").write_text(
        json.dumps({key: value for key, value in summary.items() if key not in ("format_version", "run_id")})
    )
    shutil.copy(run.folder / "journal.jsonl", folder)
    return folder


def _edit(path: Path, **changes: Any) -> None:
    whole = json.loads(path.read_text())
    path.write_text(
        json.dumps({key: value for key, value in {**whole, **changes}.items() if value is not None})
    )


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder; give the folder that a run wrote"):
        RunFiles.open(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="it is no folder"):
        RunFiles.open(tmp_path / "file")
    with pytest.raises(InputError, match=r"it is not the folder of a run \(it has no run\.json\)"):
        RunFiles.open(tmp_path)


def test_a_run_that_is_being_written_and_one_that_was_broken_off(copied: Path) -> None:
    (copied / "summary.json").unlink()
    with exclusive_folder(copied), pytest.raises(InputError, match="the run is still being written; wait"):
        RunFiles.open(copied)
    with pytest.raises(InputError, match="was broken off before its end; go on with it by --resume"):
        RunFiles.open(copied)


@pytest.mark.parametrize("name", ["run.json", "summary.json"])
def test_a_newer_format_is_refused(copied: Path, name: str) -> None:
    _edit(copied / name, format_version=3)
    with pytest.raises(DataError, match="has format version 3, this symscan reads up to 2; use the symscan"):
        RunFiles.open(copied)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", "{"),
        ("run.json", "[]"),
        ("summary.json", '{"format_version": 2}'),
        (f"hits/{DAYS[0]}.parquet", "PAR1"),
        (f"episodes/{DAYS[1]}.parquet", "x" * 100),
    ],
)
def test_a_damaged_file_is_named(copied: Path, name: str, content: str) -> None:
    (copied / name).write_text(content)
    with pytest.raises(DataError, match="damaged") as caught:
        RunFiles.open(copied)
    assert str(caught.value).startswith(str(copied / name))


@pytest.mark.parametrize("change", ["cut to its version", "of other bars", "without its id"])
def test_a_description_that_is_not_what_its_id_names_is_damaged(copied: Path, change: str) -> None:
    path = copied / "run.json"
    whole = json.loads(path.read_text())
    changed = {
        "cut to its version": {"format_version": whole["format_version"]},
        "of other bars": {**whole, "store": {}},
        "without its id": {key: value for key, value in whole.items() if key != "run_id"},
    }
    path.write_text(json.dumps(changed[change]))
    with pytest.raises(DataError, match=r"run\.json: it is damaged \(its run_id is not"):
        RunFiles.open(copied)


@pytest.mark.parametrize("name", [f"hits/{DAYS[0]}.parquet", f"episodes/{DAYS[1]}.parquet"])
def test_a_file_that_lacks_a_column_is_damaged(copied: Path, name: str) -> None:
    pl.read_parquet(copied / name).drop("session").write_parquet(copied / name)
    with pytest.raises(DataError, match=rf"{name}: the file is damaged \(it has no column 'session'\)"):
        RunFiles.open(copied)


@pytest.mark.parametrize("name", ["scans.csv", "trades.csv", "unknown.csv"])
@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff\xfe\0garbage\n", b""])
def test_a_table_with_another_header_is_damaged(copied: Path, name: str, content: bytes) -> None:
    (copied / name).write_bytes(content)
    with pytest.raises(
        DataError, match=rf"{name}: the file is damaged \(its first line names other columns\)"
    ):
        RunFiles.open(copied)


def test_a_cell_that_is_none_of_its_type_is_damage(copied: Path) -> None:
    path = copied / "scans.csv"
    header = path.read_text().partition("\n")[0]
    path.write_text(header + "\n" + "x" + "," * header.count(",") + "\n")
    with pytest.raises(DataError, match=r"it cannot be read .*run it anew"):
        RunFiles.open(copied).read("scans")


@pytest.mark.parametrize("name", ["hits", "scans", "unknown"])
def test_damage_of_the_old_format_is_ours(old: Path, tmp_path: Path, name: str) -> None:
    copied = Path(shutil.copytree(old, tmp_path / "old"))
    (copied / f"{name}.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="run it anew"):
        RunFiles.open(copied).read(name)


def test_a_missing_file_is_named(copied: Path) -> None:
    (copied / "hits" / f"{DAYS[0]}.parquet").unlink()
    with pytest.raises(DataError, match=rf"hits/{DAYS[0]}\.parquet: the file is missing; run it anew"):
        RunFiles.open(copied)


def test_damage_within_a_file_is_named_when_it_is_read(copied: Path) -> None:
    path = copied / "hits" / f"{DAYS[0]}.parquet"
    data = bytearray(path.read_bytes())
    data[8:2000] = bytes(1992)
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"hits/{DAYS[0]}\.parquet: the file is damaged"):
        RunFiles.open(copied).read("hits")


def test_what_a_run_has_not_is_named(run: Run) -> None:
    files = RunFiles.open(run.folder)
    with pytest.raises(InputError, match=r"there is no scanner 'gap' in the run \(there are: 1\. näme"):
        files.values("gap")
    with pytest.raises(InputError, match="there is no table 'orders' in a run; there are hits, episodes"):
        files.read("orders")
    assert files.read("trades").is_empty()
    assert files.scanners == [HOSTILE, "above", "never"]
    assert files.sessions == list(DAYS)
    assert files.run_id == json.loads((run.folder / "run.json").read_text())["run_id"]


def test_a_run_is_described(run: Run) -> None:
    described = RunFiles.open(run.folder).description
    assert described is not None
    assert not described.is_live


@pytest.mark.parametrize("table", [one for one in TABLES if one != "unknown"])
def test_the_old_format_reads_as_the_new_one(run: Run, old: Path, table: str) -> None:
    before, now = (RunFiles.open(folder).read(table) for folder in (old, run.folder))
    assert before.schema == now.schema
    if table == "episodes":
        assert before.select(OF_BARS).null_count().row(0) == (before.height,) * len(OF_BARS)
        before, now = (
            # Why is known less well: of unknown symbols there were no gaps.
            one.drop(OF_BARS).with_columns(pl.col("why").replace("left", "unknown"))
            for one in (before, now)
        )
    assert before.equals(now)


@pytest.mark.parametrize("scanner", [HOSTILE, "above", "never"])
def test_the_old_formats_metadata_reads_as_values(run: Run, old: Path, scanner: str) -> None:
    before, now = (
        one.collect(one.values(scanner)) for one in (RunFiles.open(old), RunFiles.open(run.folder))
    )
    assert before.columns == now.columns
    assert before.equals(now)


def test_the_old_format_knows_unknown_symbols_by_session(run: Run, old: Path) -> None:
    before, now = (RunFiles.open(folder).read("unknown") for folder in (old, run.folder))
    assert before.schema == now.schema
    assert before["scans"].sum() == now["scans"].sum()
    assert before["from"].min() == now["from"].min()
    assert before.height < now.height


def test_stretches_without_a_phase_are_read(run: Run, copied: Path) -> None:
    """As an earlier version wrote them."""
    path = copied / "unknown.csv"
    pl.read_csv(path, infer_schema=False).drop("phase").write_csv(path)
    before, now = (RunFiles.open(folder).read("unknown") for folder in (copied, run.folder))
    assert before.equals(now.with_columns(phase=pl.lit(None, pl.String)))


def test_a_name_in_two_types_is_json_in_both(run: Run, copied: Path) -> None:
    """As if one session had had numbers, another text."""
    assert RunFiles.open(run.folder).values("above").collect_schema()["vwap"] == pl.Float64()
    path = copied / "values" / "above" / f"{DAYS[1]}.parquet"
    frame, noted = pl.read_parquet(path), pl.read_parquet_metadata(path)["symscan"]
    notes = json.loads(noted)
    notes["columns"]["vwap"]["kind"] = "json"
    frame.with_columns(pl.lit('"n/a"').alias("vwap")).write_parquet(
        path, metadata={"symscan": json.dumps(notes)}
    )
    files = RunFiles.open(copied)
    values = files.collect(files.values("above"))
    first, second = (values.filter(pl.col("scan_at").dt.date() == day)["vwap"] for day in DAYS)
    assert set(second) == {'"n/a"'}
    assert first.cast(pl.Float64).is_not_null().any()


def test_the_old_format_is_exported_and_compared(run: Run, old: Path) -> None:
    opened, today = RunFiles.open(old), RunFiles.open(run.folder)
    assert export(opened, ExportOptions()) == (old / "hits.csv").read_bytes()
    assert export(opened, ExportOptions(format="tradingview")) == export(
        today, ExportOptions(format="tradingview")
    )
    found = compare_runs(opened, today)
    assert not found.is_described
    assert not any(one.any for one in found.hits.values())
    assert sum(one.both for one in found.hits.values()) == run.hits.height
    (listed,) = list_runs(old)
    assert (listed.format_version, listed.run_id, listed.hits) == (1, None, run.hits.height)
