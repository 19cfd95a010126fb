"""What the process beside a live session runs: the dashboard of that session alone."""

from __future__ import annotations

import sys
from pathlib import Path

from symscan.dashboard.opened_runs import OpenedRuns
from symscan.dashboard.serving import ServingAddress, serve
from symscan.errors import InputError
from symscan.processes import end_with_parent


def main() -> None:
    """Serve one session: on the usual port, or any that is free."""
    folder, store, lifeline = sys.argv[1:]
    end_with_parent(int(lifeline))
    runs = OpenedRuns(Path(folder), Path(store))
    try:
        serve(runs, ServingAddress(), _print_address)
    except InputError:
        serve(runs, ServingAddress(port=0), _print_address)


def _print_address(url: str) -> None:
    print(f"dashboard at {url}#/live", file=sys.stderr, flush=True)
