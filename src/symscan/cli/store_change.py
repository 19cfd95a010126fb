"""Work on a bar store from the command line: a bar while it goes on, and no trace of what failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from symscan.cli.failures import Ended, code_of
from symscan.sources.catalogue import CATALOGUE_NAME
from symscan.sources.parquet import BarStore

if TYPE_CHECKING:
    from symscan.sources.progress import Progress as Report


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
        raise Ended(f"interrupted; {left}", code_of(interrupt)) from None
    finally:
        if is_new:
            BarStore(root).remove_if_unused()


@contextmanager
def progress_bar() -> Iterator[Report]:
    """What to tell how far the work is; shown on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield show
