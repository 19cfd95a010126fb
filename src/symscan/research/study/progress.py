"""How far a study is: a bar on a terminal or in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from symscan.model.session import Session
from symscan.research.progress import sessions_bar
from symscan.research.study.make import ShowSession


@contextmanager
def shown_sessions(console: Console | None = None, *, is_shown: bool = True) -> Iterator[ShowSession]:
    """Show a bar of sessions on a terminal or in a notebook, removed at the end; nothing elsewhere.

    Parameters
    ----------
    console
        Where; None for standard error.
    """
    console = console or Console(stderr=True, highlight=False, markup=False)
    if not is_shown or not (console.is_terminal or console.is_jupyter):
        yield lambda *_: None
        return
    with sessions_bar(console) as update:

        def show(session: Session, done: int, total: int) -> None:
            update(completed=done, total=total, state=str(session.date))

        yield show
