"""The progress bar of a run: session clock, symbols and hits. Quiet where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from symscan.model.session import Session
    from symscan.observers.summary import RunSummary
    from symscan.runtime.coordinator import SessionCoordinator


@contextmanager
def session_progress(
    sessions: Sequence[Session], summary: RunSummary
) -> Iterator[Callable[[SessionCoordinator], None] | None]:
    """Yields what to call after every slice, None where nobody looks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
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
            hits = sum(figures.hits for figures in summary.scanners.values())
            symbols = len(coordinator.session_data.symbols)
            played = len(summary.completed) + max(0, now - session.open) / (session.close - session.open)
            state = f"{session.local(now):%Y-%m-%d %H:%M}  {symbols} symbols  {hits} hits"
            bar.update(task, completed=played, state=state)

        yield show
