"""How far a run has come: a bar on a terminal, elsewhere a line a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from symscan.model.session import Session
from symscan.observers.results.run_folder import RunProgress
from symscan.runtime.coordinator import SessionCoordinator

_BETWEEN_LINES_SECONDS: Final = 60.0


@contextmanager
def session_progress(
    sessions: Sequence[Session],
    run: RunProgress,
    console: Console | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[SessionCoordinator], None]]:
    """Show the progress of a run; yields the callback for every slice.

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
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("sessions", total=len(sessions), state="")

        def show(coordinator: SessionCoordinator) -> None:
            session, now = coordinator.session, coordinator.now
            played = run.completed + max(0, now - session.open) / (session.close - session.open)
            bar.update(task, completed=played, state=_state(coordinator, run))

        yield show


def _lines(
    total: int, run: RunProgress, console: Console, monotonic: Callable[[], float]
) -> Callable[[SessionCoordinator], None]:
    """Print a line every minute, so that a log shows the run going on."""
    due = monotonic() + _BETWEEN_LINES_SECONDS

    def show(coordinator: SessionCoordinator) -> None:
        nonlocal due
        if monotonic() < due:
            return
        due = monotonic() + _BETWEEN_LINES_SECONDS
        number = min(run.completed + 1, total)
        console.print(f"session {number:,} of {total:,}: {_state(coordinator, run)}", soft_wrap=True)

    return show


def _state(coordinator: SessionCoordinator, run: RunProgress) -> str:
    symbols = len(coordinator.session_data.symbols)
    when = coordinator.session.local(coordinator.now)
    return f"{when:%Y-%m-%d %H:%M}  {symbols} symbols  {run.hits} hits"
