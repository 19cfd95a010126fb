"""The commands. Heavy imports happen inside the command that needs them: help must answer at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command of ``symscan``.

    Parameters
    ----------
    arguments
        What follows ``symscan`` on the command line; None takes the process's own.
    """
    try:
        from symscan.cli.app import main as run
    except KeyboardInterrupt:  # Ctrl-C while the commands are still being imported
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    run(arguments)
