from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.builders import make_session
from symscan.errors import InputError
from symscan.model.events.session import Event
from symscan.observers.results.run_folder import RunFolder, run_folder

SESSION = make_session()
FILES = ["hits.csv", "journal.jsonl", "scans.csv", "summary.json", "unknown.csv"]


def _tell(folder: RunFolder, events: list[Event]) -> None:
    for event in events:
        folder.observe(SESSION, event)


def _facts() -> dict[str, Any]:
    return {"name": "demo"}


def _counts(path: Path) -> tuple[int, int, int, int]:
    """Rows of the three tables, and lines of the journal."""
    tables = [pl.read_csv(path / name).height for name in ("hits.csv", "scans.csv", "unknown.csv")]
    lines = (path / "journal.jsonl").read_text().splitlines()
    for line in lines:
        json.loads(line)
    return (*tables, len(lines))


def _status(path: Path) -> str:
    status: str = json.loads((path / "summary.json").read_text())["status"]
    return status


def test_a_run_that_completes(tmp_path: Path, events: list[Event]) -> None:
    path = tmp_path / "deep" / "run"
    with run_folder(path, force=False, facts=_facts) as folder:
        _tell(folder, events)
    assert sorted(file.name for file in path.iterdir()) == FILES
    assert _counts(path) == (3, 4, 2, 11)
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["status"], summary["name"], summary["sessions"]) == ("complete", "demo", ["2018-02-27"])


def test_two_runs_are_the_same_bytes(tmp_path: Path, events: list[Event]) -> None:
    for name in "ab":
        with run_folder(tmp_path / name, force=False, facts=_facts) as folder:
            _tell(folder, events)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_scanner_may_change_the_current_folder(
    tmp_path: Path, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    with run_folder(Path("run"), force=False, facts=_facts) as folder:
        monkeypatch.chdir(elsewhere)
        _tell(folder, events)
    assert sorted(one.name for one in (tmp_path / "run").iterdir()) == FILES
    assert _status(tmp_path / "run") == "complete"
    assert list(elsewhere.iterdir()) == []


def test_the_files_of_a_run_without_events(tmp_path: Path) -> None:
    with run_folder(tmp_path / "run", force=False, facts=_facts):
        pass
    header = (tmp_path / "run" / "scans.csv").read_text()
    assert header == (
        "session,scan_at,scanner,phase,outcome,universe,judged,unknown,found,new,execution_time_ms,error\n"
    )
    assert _counts(tmp_path / "run") == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("x"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_a_run_that_ends_early_leaves_whole_records(
    tmp_path: Path, events: list[Event], error: BaseException, status: str
) -> None:
    path = tmp_path / "run"
    with pytest.raises(type(error)), run_folder(path, force=False, facts=_facts) as folder:
        _tell(folder, events)
        _tell(folder, events[:5])
        raise error
    assert _counts(path) == (5, 5, 2, 16)
    assert _status(path) == status


def test_sessions_follow_one_another_under_one_header(tmp_path: Path, events: list[Event]) -> None:
    with run_folder(tmp_path / "run", force=False, facts=_facts) as folder:
        _tell(folder, events)
        _tell(folder, events)
    assert _counts(tmp_path / "run") == (6, 8, 4, 22)
    assert (tmp_path / "run" / "hits.csv").read_text().count("scan_at_local") == 1


def test_a_run_broken_off_in_its_first_session_goes_on_under_one_header(
    tmp_path: Path, events: list[Event]
) -> None:
    for name, is_broken in (("whole", False), ("broken", True)):
        path = tmp_path / name
        if is_broken:
            with (
                pytest.raises(KeyboardInterrupt),
                run_folder(path, force=False, facts=_facts, about={}) as folder,
            ):
                _tell(folder, events[:2])
                raise KeyboardInterrupt
        with run_folder(path, force=False, facts=_facts, about={}, resume=is_broken) as folder:
            _tell(folder, events)
    for file in (tmp_path / "whole").iterdir():
        assert (tmp_path / "broken" / file.name).read_bytes() == file.read_bytes(), file.name


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError, match="exists; choose another --out, or replace it with --force"):
        run_folder(tmp_path / "run", force=False, facts=_facts).__enter__()
    assert list((tmp_path / "run").iterdir()) == []


def test_force_replaces_a_run(tmp_path: Path, events: list[Event]) -> None:
    path = tmp_path / "run"
    with run_folder(path, force=False, facts=_facts) as folder:
        _tell(folder, events)
    with run_folder(path, force=True, facts=_facts):
        pass
    assert _counts(path) == (0, 0, 0, 0)


def test_force_replaces_nothing_but_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"holds thesis\.txt\); it is left alone"):
        run_folder(folder, force=True, facts=_facts).__enter__()
    file = folder / "thesis.txt"
    with pytest.raises(InputError, match="left alone"):
        run_folder(file, force=True, facts=_facts).__enter__()
    assert file.read_text() == "years of work"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        run_folder(tmp_path / "file" / "run", force=False, facts=_facts).__enter__()
