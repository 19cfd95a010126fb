"""Check the folder of a run before anything in it is changed."""

from __future__ import annotations

from pathlib import Path

from symscan.errors import InputError
from symscan.recording import RECORD_NAME
from symscan.recording.ownership import FOLDER_MODE, lock_record
from symscan.runs.description import RunDescription, check_same, read_description
from symscan.runs.layout import FOLDERS, HITS_CSV, PARTS, PROGRESS, REPLACED, RUN, SUMMARY, strange_file


def check_folder(path: Path, *, force: bool, resume: bool) -> None:
    """Check that a run's folder may be made.

    Raises
    ------
    InputError
        If it exists and neither is to be replaced nor gone on with; or holds anything but a run.
    """
    if not path.exists():
        return
    here = {one.name for one in path.iterdir()} if path.is_dir() else {path.name}
    if not force and not resume:
        go_on = ", or go on with --resume" if {RECORD_NAME, PARTS} & here else ""
        raise InputError(f"{path} exists; choose another --out, or replace it with --force{go_on}")
    strange = strange_file(path) if path.is_dir() else path.name
    if strange is None and here & set(FOLDERS) and not here & {RUN, SUMMARY, PARTS, REPLACED}:
        strange = min(here)
    if strange is not None:
        raise InputError(f"{path} is not the folder of a run (it holds {strange}); it is left alone")
    if RECORD_NAME in here:
        _check_is_over(path / RECORD_NAME)


def check_resumable(path: Path, *, is_live: bool, csv: bool) -> None:
    """Check that a run can be resumed: a live session from its record, a backtest from its whole sessions.

    Raises
    ------
    InputError
        If it cannot.
    """
    has_record = (path / RECORD_NAME).exists()
    if is_live:
        if (path / SUMMARY).exists() and not has_record:
            raise InputError(f"{path} holds a run over stored bars, not a live session; choose another --out")
        return
    if has_record:
        raise InputError(f"{path} holds a live session; 'symscan live --resume' goes on with it")
    if (path / PROGRESS).exists():
        raise InputError(f"{path}: the run was begun by an earlier symscan; begin it anew with --force")
    if (path / SUMMARY).exists() and not (path / PARTS).exists():
        raise InputError(
            f"{path} holds no run to go on with; replace it with --force, or choose another --out"
        )
    _check_csv(path, csv)


def _check_csv(path: Path, csv: bool) -> None:
    """Refuse to write hits as CSV of some sessions and not of others."""
    had = {(part / HITS_CSV).exists() for part in (path / PARTS).glob("????-??-??")}
    if had == {not csv}:
        how = "without --csv; leave it out" if csv else "with --csv; give it again"
        raise InputError(f"{path}: the run was begun {how}, or begin it anew with --force")


def _check_is_over(record: Path) -> None:
    """Refuse the folder of a session that still runs."""
    lock_record(record).release()


def make_folder(path: Path, *, force: bool, resume: bool) -> None:
    """Make the folder of a run, if there may be one.

    Raises
    ------
    InputError
        If it exists, or cannot be made.
    """
    try:
        check_folder(path, force=force, resume=resume)
        path.mkdir(FOLDER_MODE, parents=True, exist_ok=resume or force)
    except OSError as error:
        raise InputError(f"{path}: the run's folder cannot be made ({error.strerror})") from None


def as_begun(path: Path, description: RunDescription) -> RunDescription:
    """Return the description that the run in the folder was begun with, if it is the same.

    Raises
    ------
    InputError
        If it is another.
    """
    if not (path / RUN).exists():
        return description
    begun = read_description(path)
    if description.is_live:
        return begun
    check_same(path, begun, description)
    return begun
