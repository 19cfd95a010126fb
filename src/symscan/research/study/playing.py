"""Play the sessions of a study, here or in other processes, and hand them over in the order of dates."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from symscan.errors import InputError, RunError
from symscan.research.study.make import PreparedStudy, ShowSession
from symscan.research.study.session.outcomes import SessionOutcomes
from symscan.research.study.session.player import StudyPlayer
from symscan.research.study.session.worker import MAKER, GivenStudy
from symscan.runtime.parallel.given import GivenBacktest
from symscan.tasks.work import TaskExecutor, Work


def play_sessions(
    study: PreparedStudy, show: ShowSession, executor: TaskExecutor | None
) -> Iterator[SessionOutcomes]:
    """Yield what each session says, in the order of dates.

    Raises
    ------
    RunError
        If a session cannot be played, or the run's hits are not found again.
    """
    return _played_here(study, show) if executor is None else _played_apart(study, show, executor)


def _played_here(study: PreparedStudy, show: ShowSession) -> Iterator[SessionOutcomes]:
    player = StudyPlayer(study.backtest, study.plan, study.source.run)
    for number, session in enumerate(study.sessions, 1):
        try:
            outcomes = player.play(session)
        except InputError as error:
            raise RunError(f"{session.date}: {error}") from error
        show(session, number, len(study.sessions))
        yield outcomes


def _played_apart(
    study: PreparedStudy, show: ShowSession, executor: TaskExecutor
) -> Iterator[SessionOutcomes]:
    """Keep on disk what comes before its turn: the later sessions of a range may be half of it."""
    source, run = study.source, study.source.run
    backtest = study.backtest
    given = GivenStudy(
        GivenBacktest(backtest.config, backtest.store.root, source.first, source.last, study.description),
        study.plan,
        None if run is None else run.folder.absolute(),
    )
    days = [session.date for session in study.sessions]
    with TemporaryDirectory(prefix="symscan-study-") as folder:
        due, played = 0, executor.run(Work(MAKER, given, Path.cwd()), days)
        for done, (place, content) in enumerate(played, 1):
            show(study.sessions[place], done, len(days))
            (Path(folder) / str(place)).write_bytes(content)
            while (kept := Path(folder) / str(due)).exists():
                yield pickle.loads(kept.read_bytes())
                kept.unlink()
                due += 1
