from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from support.builders import make_session
from symscan.errors import InputError, RunError
from symscan.model.events.session import Event, SessionClosed, SessionPrepared, Warned
from symscan.model.session import Session
from symscan.observers.results.run_folder import RunFolder, run_folder
from symscan.runs.description import RunDescription
from symscan.runs.reading import RunFiles

SESSION = make_session()
DAY = f"{SESSION.date}.parquet"
FOLDERS = ["episodes", "hits", "values", "values/gap"]
TEXTS = ["episodes.csv", "journal.jsonl", "run.json", "scans.csv", "summary.json", "unknown.csv"]
FILES = sorted([*FOLDERS, *TEXTS, *(f"{name}/{DAY}" for name in FOLDERS if name != "values")])


def _publish(folder: RunFolder, events: list[Event], session: Session = SESSION) -> None:
    for event in events:
        folder.observe(session, event)


def _later(events: list[Event], days: int) -> tuple[list[Event], Session]:
    """The same events on a later date, at the same instants."""
    session = replace(SESSION, date=SESSION.date + timedelta(days=days))
    kinds = (SessionPrepared, SessionClosed)
    return [
        structs.replace(one, session=session.date) if isinstance(one, kinds) else one for one in events
    ], session


def _facts() -> dict[str, Any]:
    return {"name": "demo"}


def _files(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*"))


def _bytes(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def _counts(path: Path) -> tuple[int, int, int, int]:
    """Rows of hits, scans and unknown, and lines of the journal."""
    run = RunFiles.open(path)
    lines = (path / "journal.jsonl").read_text().splitlines()
    for line in lines:
        json.loads(line)
    return (*(run.read(name).height for name in ("hits", "scans", "unknown")), len(lines))  # type: ignore[return-value]


def _status(path: Path) -> str:
    status: str = json.loads((path / "summary.json").read_text())["status"]
    return status


@contextmanager
def _interrupted(path: Path, **how: Any) -> Iterator[RunFolder]:
    with (
        pytest.raises(KeyboardInterrupt),
        run_folder(path, **{"force": False, "facts": _facts, **how}) as folder,
    ):
        yield folder
        raise KeyboardInterrupt


def test_a_run_that_completes(tmp_path: Path, events: list[Event]) -> None:
    path = tmp_path / "deep" / "run"
    with run_folder(path, force=False, facts=_facts) as folder:
        _publish(folder, events)
    assert _files(path) == FILES
    assert _counts(path) == (3, 4, 2, 11)
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["status"], summary["name"], summary["sessions"]) == ("complete", "demo", ["2018-02-27"])
    described = json.loads((path / "run.json").read_text())
    assert (summary["format_version"], described["format_version"]) == (2, 2)
    assert summary["run_id"] == described["run_id"]


def test_two_runs_are_the_same_bytes(tmp_path: Path, events: list[Event]) -> None:
    for name in "ab":
        with run_folder(tmp_path / name, force=False, facts=_facts, csv=True) as folder:
            _publish(folder, events)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert "hits.csv" in _bytes(tmp_path / "a")


def test_a_scanner_may_change_the_current_folder(
    tmp_path: Path, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    with run_folder(Path("run"), force=False, facts=_facts) as folder:
        monkeypatch.chdir(elsewhere)
        _publish(folder, events)
    assert _files(tmp_path / "run") == FILES
    assert _status(tmp_path / "run") == "complete"
    assert list(elsewhere.iterdir()) == []


def test_the_files_of_a_run_without_events(tmp_path: Path) -> None:
    with run_folder(tmp_path / "run", force=False, facts=_facts):
        pass
    header = (tmp_path / "run" / "scans.csv").read_text()
    assert header == (
        "session,scan_at,scanner,phase,outcome,universe,judged,unknown,found,new,execution_time_ms,error,"
        "entered,left,decided_at\n"
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
        _publish(folder, events)
        later, session = _later(events, 1)
        _publish(folder, later[:5], session)
        raise error
    assert _counts(path) == (5, 5, 2, 16)
    assert _status(path) == status


def test_sessions_follow_one_another_under_one_header(tmp_path: Path, events: list[Event]) -> None:
    with run_folder(tmp_path / "run", force=False, facts=_facts, csv=True) as folder:
        _publish(folder, events)
        _publish(folder, *_later(events, 1))
    assert _counts(tmp_path / "run") == (6, 8, 4, 22)
    assert (tmp_path / "run" / "hits.csv").read_text().count("scan_at_local") == 1


def test_sessions_played_in_another_order_are_the_same_bytes(tmp_path: Path, events: list[Event]) -> None:
    sessions = [_later(events, days) for days in range(3)]
    for name, order in (("one", (0, 1, 2)), ("other", (2, 0, 1))):
        with run_folder(tmp_path / name, force=False, facts=_facts, csv=True) as folder:
            for number in order:
                _publish(folder, *sessions[number])
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "other")


@pytest.mark.parametrize("played", [0, 3])
def test_a_run_that_was_broken_off_goes_on_to_the_same_bytes(
    tmp_path: Path, events: list[Event], played: int
) -> None:
    """Broken off in its first session, and in its second, after so many of its events."""
    days = [_later(events, number) for number in range(2)]
    days[0][0].insert(0, Warned(SESSION.pre_open, "of the run"))
    known = [session for _, session in days]
    with run_folder(tmp_path / "whole", force=False, facts=_facts) as folder:
        for one in days:
            _publish(folder, *one)
    with _interrupted(tmp_path / "broken") as folder:
        if played:
            _publish(folder, *days[0])
            _publish(folder, days[1][0][:played], days[1][1])
        else:
            _publish(folder, days[0][0][:2], days[0][1])
    with run_folder(tmp_path / "broken", force=False, facts=_facts, resume=True, sessions=known) as folder:
        assert folder.finished == ({SESSION.date} if played else frozenset())
        for one in days:
            if one[1].date not in folder.finished:
                _publish(folder, *one)
    assert _bytes(tmp_path / "broken") == _bytes(tmp_path / "whole")


def test_it_goes_on_only_as_it_was_begun(tmp_path: Path, events: list[Event]) -> None:
    path = tmp_path / "run"
    begun = RunDescription({"exchange": "NYSE", "universes": {"gap": {"digest": "a"}}})
    with _interrupted(path, description=begun) as folder:
        _publish(folder, events)
    before = _bytes(path)
    other = RunDescription({"exchange": "NYSE", "universes": {"gap": {"digest": "b"}}})
    with pytest.raises(InputError, match=r"the universes are not those of the run .*: that of 'gap'"):
        run_folder(path, force=False, facts=_facts, resume=True, description=other).__enter__()
    with pytest.raises(InputError, match="begun without --csv"):
        run_folder(path, force=False, facts=_facts, resume=True, description=begun, csv=True).__enter__()
    assert _bytes(path) == before


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError, match="exists; choose another --out, or replace it with --force"):
        run_folder(tmp_path / "run", force=False, facts=_facts).__enter__()
    assert list((tmp_path / "run").iterdir()) == []


def test_force_replaces_a_run(tmp_path: Path, events: list[Event]) -> None:
    path = tmp_path / "run"
    with run_folder(path, force=False, facts=_facts, csv=True) as folder:
        _publish(folder, events)
    with run_folder(path, force=True, facts=_facts):
        pass
    assert _counts(path) == (0, 0, 0, 0)
    assert _files(path) == TEXTS


def test_a_replaced_run_comes_back_if_no_session_came_to_its_close(
    tmp_path: Path, events: list[Event]
) -> None:
    path = tmp_path / "run"
    with run_folder(path, force=False, facts=_facts) as folder:
        _publish(folder, events)
    before = _bytes(path)
    with _interrupted(path, force=True) as folder:
        _publish(folder, events[:-1])
        assert folder.restores_previous
        with pytest.raises(InputError, match="the run is still being written"):
            RunFiles.open(path)
    assert _bytes(path) == before
    with _interrupted(path, force=True) as folder:
        _publish(folder, events)
    assert _status(path) == "interrupted"


def test_force_replaces_nothing_but_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "values").mkdir(parents=True)
    (folder / "values" / "2018-02-27.parquet").write_text("somebody's")
    with pytest.raises(InputError, match=r"holds values\); it is left alone"):
        run_folder(folder, force=True, facts=_facts).__enter__()
    (folder / "summary.json").write_text("{}")
    (folder / "values" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"holds values/thesis\.txt\); it is left alone"):
        run_folder(folder, force=True, facts=_facts).__enter__()
    file = folder / "values" / "thesis.txt"
    with pytest.raises(InputError, match="left alone"):
        run_folder(file, force=True, facts=_facts).__enter__()
    assert file.read_text() == "years of work"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        run_folder(tmp_path / "file" / "run", force=False, facts=_facts).__enter__()


def test_what_cannot_be_written_is_named(tmp_path: Path, events: list[Event]) -> None:
    path = tmp_path / "run"
    with (
        pytest.raises(
            RunError, match=r"run/values/gap/2018-02-27\.parquet: .*; see to it that the folder can"
        ),
        run_folder(path, force=False, facts=_facts) as folder,
    ):
        (path / "values").mkdir()
        (path / "values" / "gap").write_text("in the way")
        _publish(folder, events)
    assert not (path / "summary.json").exists()
    (path / "values" / "gap").unlink()
    with run_folder(path, force=False, facts=_facts, resume=True) as folder:
        _publish(folder, events)
    assert _files(path) == FILES
