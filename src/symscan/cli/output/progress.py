"""How far a run has come: a bar on a terminal, elsewhere a line a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from symscan.model.session import Session
from symscan.observers.results.run_progress import RunProgress
from symscan.research.progress import state_text, terminal_bar
from symscan.runtime.parallel.session_progress import SessionProgress, ShowPlaying

_BETWEEN_LINES_SECONDS: Final = 60.0


@contextmanager
def session_progress(
    sessions: Sequence[Session],
    run: RunProgress,
    console: Console | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[ShowPlaying]:
    """Show the progress of a run; yields what shows it.

    Parameters
    ----------
    console
        Where progress is shown; None for standard error.
    monotonic
        Seconds, to tell when a minute has passed.
    """
    console = console or Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        yield _lines(len(sessions), run, console, monotonic)
        return
    with terminal_bar(sessions, run, console) as show:
        yield show


def _lines(total: int, run: RunProgress, console: Console, monotonic: Callable[[], float]) -> ShowPlaying:
    """Print a line every minute, so that a log shows the run going on."""
    due = monotonic() + _BETWEEN_LINES_SECONDS

    def show(playing: Sequence[SessionProgress]) -> None:
        nonlocal due
        if monotonic() < due:
            return
        due = monotonic() + _BETWEEN_LINES_SECONDS
        number = min(run.completed + 1, total)
        console.print(f"session {number:,} of {total:,}: {state_text(playing, run)}", soft_wrap=True)

    return show
