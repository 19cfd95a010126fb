"""Change a bar store from the command line: a progress bar, and no trace of a failed change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from symscan.cli.errors import SessionStopped
from symscan.cli.signals import exit_code_of
from symscan.errors import FeedError
from symscan.sources.store.bar_store import BarStore
from symscan.sources.store.catalogue import CATALOGUE_NAME


def _describe_import(is_changed: bool) -> str:
    return "the import was complete" if is_changed else "the store is as it was"


@contextmanager
def opened_for_change(root: Path, describe: Callable[[bool], str] = _describe_import) -> Iterator[BarStore]:
    """Open or create the store at ``root``; remove it if it was created and the change failed.

    Parameters
    ----------
    describe
        Describes what an interruption leaves behind, by whether the store has changed.
    """
    is_new = not (root / CATALOGUE_NAME).exists()
    store = BarStore.create(root)
    before = store.generation

    def result() -> str:
        return describe(BarStore(root).generation != before)

    try:
        yield store
    except KeyboardInterrupt as interrupt:
        raise SessionStopped(f"interrupted; {result()}", exit_code_of(interrupt)) from None
    except FeedError as error:
        raise FeedError(f"{error}; {result()}") from None
    finally:
        if is_new:
            BarStore(root).remove_if_unused()


class ProgressBar:
    """Shows how far the work is, on a terminal only."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show the progress."""
        self._bar.update(self._task, description=stage, completed=done, total=total)

    def confirm(self, question: str) -> bool:
        """Ask for confirmation, with the bar hidden; only yes confirms."""
        self._bar.stop()
        print(f"{question}.\nImport them as given? [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip().lower()
        self._bar.start()
        return answer in ("y", "yes")


@contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """Show a progress bar on a terminal; yields the callback to report progress to."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield ProgressBar(bar)


def is_interactive() -> bool:
    """Whether a user can answer a question."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
