"""``symscan dashboard``: serve the runs of a folder until it is stopped."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

from symscan.config.defaults import runs_folder
from symscan.dashboard.opened_runs import OpenedRuns
from symscan.dashboard.serving import ServingAddress, serve


def show_dashboard(
    folder: Path | None,
    store: Path | None,
    place: tuple[str, int, tuple[str, ...], Path | None],
    *,
    is_opened: bool,
) -> None:
    """Serve the runs of a folder, print the address, and open it on a terminal.

    Raises
    ------
    InputError
        As :func:`symscan.dashboard.serving.serve`.
    """

    def started(url: str) -> None:
        print(f"dashboard at {url}  (Ctrl-C ends it)", flush=True)
        if is_opened and sys.stdout.isatty():
            webbrowser.open(url)

    chosen = runs_folder() if folder is None else folder
    serve(OpenedRuns(chosen, store), ServingAddress(*place), started)
