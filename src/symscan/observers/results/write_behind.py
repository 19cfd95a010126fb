"""Write one session's files on a thread while the next session plays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Final

_STARTING_SECONDS: Final = 1.0
"""How long a thread may take to begin, where a signal interrupts its start."""


class WriteBehind:
    """Writes one session at a time on a thread, which ends with it.

    The thread is no daemon: a process that leaves without waiting for it still ends with whole files.

    Attributes
    ----------
    day
        The session begun last; None before any.
    """

    def __init__(self) -> None:
        self.day: date | None = None
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def begin(self, day: date, write: Callable[[], None]) -> None:
        """Begin to write a session; the one before has been waited for.

        An interrupt begins ``write`` anew: polars raises it in whichever thread computes, and the main
        thread, which decides what becomes of the run, has it as well.
        """
        self.day = day
        begun = threading.Event()
        thread = threading.Thread(target=self._run, args=(write, begun), name="write behind")
        try:
            thread.start()
            self._thread = thread
        except BaseException:  # a signal; the thread may run nevertheless
            if begun.wait(_STARTING_SECONDS):
                self._thread = thread
            raise

    def wait(self) -> date | None:
        """Return the session written since the last call, once it is whole; raises what went wrong."""
        if self._thread is None:
            return None
        self._thread.join()
        self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self.day

    def _run(self, write: Callable[[], None], begun: threading.Event) -> None:
        begun.set()
        try:
            try:
                write()
            except KeyboardInterrupt:
                write()
        except BaseException as error:  # raised where it is waited for
            self._error = error
