"""Have other processes play the sessions of a run, and write what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from symscan.errors import RunError
from symscan.model.session import Session
from symscan.observers.results.run_folder import RunFolder
from symscan.runtime.parallel.player import MAKER, GivenRun, PlayedSession
from symscan.runtime.parallel.session_progress import SessionProgress, ShowPlaying
from symscan.tasks.work import TaskExecutor, Work


def play_divided(
    given: GivenRun,
    sessions: Sequence[Session],
    results: RunFolder,
    executor: TaskExecutor,
    show: ShowPlaying,
) -> None:
    """Have the sessions played that are not finished, and write each as it comes back.

    Raises
    ------
    RunError
        If a session could not be played, or its process is gone; those that came back are written.
    """
    days = [session.date for session in sessions if session.date not in results.finished]
    playing: dict[int, SessionProgress] = {}

    def report(place: int, progress: SessionProgress) -> None:
        playing[place] = progress
        show(_ordered(playing))

    for place, played in executor.run(Work(MAKER, given, Path.cwd()), days, report):
        playing.pop(place, None)
        _write(results, played, days[place])
        show(_ordered(playing))


def _write(results: RunFolder, played: PlayedSession, day: date) -> None:
    results.put_session(day, played.files, played.part, is_whole=played.error is None)
    if played.error is not None:
        raise RunError(played.error)


def _ordered(playing: dict[int, SessionProgress]) -> list[SessionProgress]:
    return [playing[place] for place in sorted(playing)]
