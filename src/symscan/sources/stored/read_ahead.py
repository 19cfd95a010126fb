"""Read the next session's bars on a thread while the present session plays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from symscan.errors import SymscanError
from symscan.sources.stored.day_layout import DayLayout


class ReadAhead:
    """Lays out one day at a time on a thread.

    Whoever takes the day checks that it is the one needed and lays it out itself where it is not, or where
    it could not be read: then the error is raised by the session that needs the bars, and by no other.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._thread: threading.Thread | None = None
        self._layout: DayLayout | None = None

    def begin(self, path: Path | None, lay_out: Callable[[], DayLayout]) -> None:
        """Begin to lay out the day of a file; what was laid out before and not taken is dropped."""
        self.take(None)
        if path is None:
            return
        self._path = path
        self._thread = threading.Thread(target=self._run, args=(lay_out,), name="read ahead")
        self._thread.start()

    def take(self, path: Path | None) -> DayLayout | None:
        """Return the day of a file, None if it is not there; what was laid out is gone afterwards."""
        self.wait()
        layout, known = self._layout, self._path
        self._layout = self._path = None
        return layout if path is not None and path == known else None

    def wait(self) -> None:
        """Wait until nothing is being laid out, and no memory of the days is in use by the thread."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, lay_out: Callable[[], DayLayout]) -> None:
        try:
            self._layout = lay_out()
        except (
            SymscanError,
            KeyboardInterrupt,
        ):  # polars raises an interrupt wherever it computes: main has it, too
            self._layout = None
