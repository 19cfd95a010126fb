"""How far a run is, as a bar: on a terminal, in a notebook, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from html import escape
from time import monotonic
from typing import Any, Final

from rich.console import Console

from symscan.model.session import Session
from symscan.observers.results.run_progress import RunProgress
from symscan.runtime.parallel.session_progress import SessionProgress, ShowPlaying

_BETWEEN_UPDATES_SECONDS: Final = 0.25


def run_progress(sessions: Sequence[Session], run: RunProgress) -> AbstractContextManager[ShowPlaying]:
    """Show the progress of a run where there is somebody to see it; yields what shows it."""
    if (display := _notebook_display()) is not None:
        return notebook_bar(sessions, run, display)
    console = Console(stderr=True, highlight=False, markup=False)
    return terminal_bar(sessions, run, console) if console.is_terminal else no_progress(sessions, run)


def no_progress(_sessions: Sequence[Session], _run: RunProgress) -> AbstractContextManager[ShowPlaying]:
    """Show nothing."""
    return nullcontext(_ignore)


@contextmanager
def terminal_bar(sessions: Sequence[Session], run: RunProgress, console: Console) -> Iterator[ShowPlaying]:
    """Show a bar on a terminal, removed at the end."""
    with sessions_bar(console, len(sessions)) as update:

        def show(playing: Sequence[SessionProgress]) -> None:
            update(completed=_played(playing, run), state=state_text(playing, run))

        yield show


@contextmanager
def sessions_bar(console: Console, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Show a bar of sessions, removed at the end; yields what updates it: completed, total, state."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield partial(bar.update, bar.add_task("sessions", total=total, state=""))


@contextmanager
def notebook_bar(
    sessions: Sequence[Session], run: RunProgress, display: Callable[..., Any]
) -> Iterator[ShowPlaying]:
    """Show a bar below a notebook's cell, removed at the end.

    Parameters
    ----------
    display
        IPython's: it takes what to show and ``display_id``, and returns what updates it.
    """
    shown = display(_Html(""), display_id=True)
    due = monotonic()

    def show(playing: Sequence[SessionProgress]) -> None:
        nonlocal due
        if monotonic() >= due:
            due = monotonic() + _BETWEEN_UPDATES_SECONDS
            text = escape(state_text(playing, run))
            played = f'<progress value="{_played(playing, run):.2f}" max="{len(sessions)}"></progress>'
            shown.update(_Html(f"{played} {run.completed:,}/{len(sessions):,} sessions, {text}"))

    try:
        yield show
    finally:
        shown.update(_Html(""))


def state_text(playing: Sequence[SessionProgress], run: RunProgress) -> str:
    """Say where a run is: of several sessions at once, where the first one is."""
    found = f"{run.hits} hits"
    if not playing:
        return found
    first, others = playing[0], len(playing) - 1
    when = f"{first.session.local(first.at):%Y-%m-%d %H:%M}"
    return f"{when}{f' and {others} more' if others else ''}  {first.symbols} symbols  {found}"


class _Html:
    """HTML, as a notebook shows it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_html_(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return ""


def _notebook_display() -> Callable[..., Any] | None:
    """Return what shows things below a cell; None outside of a notebook, and at IPython's prompt."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display

    shows: Callable[..., Any] = display
    return shows


def _played(playing: Sequence[SessionProgress], run: RunProgress) -> float:
    return run.completed + sum(one.played for one in playing)


def _ignore(_: Sequence[SessionProgress]) -> None:
    """Show nothing."""
