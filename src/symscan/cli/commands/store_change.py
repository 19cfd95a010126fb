"""Work on a bar store from the command line: a bar while it goes on, and no trace of what failed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from symscan.cli.errors import SessionStopped, code_of
from symscan.sources.store.bar_store import BarStore
from symscan.sources.store.catalogue import CATALOGUE_NAME


@contextmanager
def opened_for_change(root: Path) -> Iterator[BarStore]:
    """The store at ``root``; one that was made for a change that failed is removed again."""
    is_new = not (root / CATALOGUE_NAME).exists()
    store = BarStore.create(root)
    before = store.generation
    try:
        yield store
    except KeyboardInterrupt as interrupt:
        is_done = BarStore(root).generation != before
        left = "the import was complete" if is_done else "the store is as it was"
        raise SessionStopped(f"interrupted; {left}", code_of(interrupt)) from None
    finally:
        if is_new:
            BarStore(root).remove_if_unused()


class ProgressBar:
    """Shows how far the work is, on a terminal only."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show it."""
        self._bar.update(self._task, description=stage, completed=done, total=total)

    def confirm(self, question: str) -> bool:
        """Ask whether to go on, the bar out of the way; only a yes is one."""
        self._bar.stop()
        print(f"{question}.\nImport them as given? [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip().lower()
        self._bar.start()
        return answer in ("y", "yes")


@contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """What to tell how far the work is."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield ProgressBar(bar)


def can_ask() -> bool:
    """Whether somebody is there to answer a question."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
