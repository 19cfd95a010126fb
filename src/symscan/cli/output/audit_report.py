"""Print an audit, and how far one is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from symscan.research.audit.results import Audit
from symscan.research.audit.running import ShowFamily


@contextmanager
def shown_families(*, is_shown: bool = True) -> Iterator[ShowFamily]:
    """Show a bar of what is played on a terminal, removed at the end; nothing elsewhere."""
    console = Console(stderr=True, highlight=False, markup=False)
    if not is_shown or not console.is_terminal:
        yield lambda *_: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("audit", total=None, state="")

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, state=name)

        yield show


def show_audit(audit: Audit, *, as_json: bool) -> None:
    """Print what an audit says."""
    if as_json:
        typer.echo(audit.as_json(), nl=False)
        return
    typer.echo(str(audit))
    if audit.folder is not None:
        here = Path.cwd()
        folder = audit.folder.relative_to(here) if audit.folder.is_relative_to(here) else audit.folder
        typer.echo(f"every comparison: {folder}/audit.json")
