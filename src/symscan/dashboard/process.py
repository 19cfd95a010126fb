"""The process that shows a live session, as the session that starts it sees it: nothing waits for it."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from symscan.errors import InputError
from symscan.model.events.session import Event
from symscan.model.session import Session
from symscan.processes import end, start_python

START: Final = "from symscan.dashboard.beside_session import main; main()"
"""What the process runs."""

_NEEDED: Final = ("starlette", "uvicorn", "sse_starlette")
_SECRETS: Final = ("APCA_", "SYMSCAN_ALERT_")
"""How the names of variables begin that the process has no use for."""


def check_installed() -> None:
    """Check that there is all that the process needs.

    Raises
    ------
    InputError
        If the extra is not installed.
    """
    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        raise InputError(f"--dashboard needs {lacking[0]}; install it with: pip install 'symscan[dashboard]'")


class DashboardProcess:
    """Starts the dashboard with the session's first event, and ends it with the session.

    It is an announcer: the record is there when it is given the first event. A process that ends is not
    started again, and nothing waits for it.

    Parameters
    ----------
    folder
        The folder of the session.
    store
        The bar store.
    """

    def __init__(self, folder: Path, store: Path) -> None:
        self._arguments = [str(folder.absolute()), str(store.absolute())]
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's arguments
        """Start the process, if it has not been."""
        if self._process is None:
            read, self._lifeline = os.pipe()
            kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)}
            try:
                self._process = start_python(START, [*self._arguments, str(read)], [read], kept)
            finally:
                os.close(read)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            end(self._process)
            os.close(self._lifeline)
