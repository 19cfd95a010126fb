"""What a live session says: hits on standard output, all else on standard error."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

LOUD = "!! "
"""Marks what lessens the worth of hits."""


class LiveConsole:
    """Prints line by line, each at once; a listener who goes away does not end the session.

    Parameters
    ----------
    as_json
        Whether standard output carries records, one a line; lines for people then go to standard error.
    stdout
        Standard output; None for that of now.
    """

    def __init__(self, *, as_json: bool, stdout: TextIO | None = None) -> None:
        self._as_json = as_json
        self._has_listener = True
        # Those of now: a scanner may put others in their place.
        self._stdout, self._stderr = stdout or sys.stdout, sys.stderr

    def hit(self, line: str, record: dict[str, Any]) -> None:
        """Say a hit."""
        if self._as_json:
            self._out(_json(record))
            self._err(line)
        else:
            self._out(line)

    def loud(self, line: str, record: dict[str, Any]) -> None:
        """Say a condition."""
        if self._as_json:
            self._out(_json(record))
        self._err(f"{LOUD}{line}")

    def plain(self, line: str, record: dict[str, Any]) -> None:
        """Say something that programs may want to know, too."""
        if self._as_json:
            self._out(_json(record))
        self._err(line)

    def news(self, line: str) -> None:
        """Say something to people."""
        self._err(line)

    def _out(self, line: str) -> None:
        if not self._has_listener:
            return
        try:
            print(line, file=self._stdout, flush=True)
        except OSError as error:
            self._has_listener = False
            # What is still buffered must not raise at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stdout.fileno())
            self._loss(error.strerror)
        except ValueError:  # a scanner has closed it: it is the whole process's
            self._has_listener = False
            self._loss("closed")

    def _loss(self, why: str | None) -> None:
        self._err(f"{LOUD}standard output is gone ({why}); the session goes on and is recorded")

    def _err(self, line: str) -> None:
        try:
            print(line, file=self._stderr, flush=True)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stderr.fileno())
        except ValueError:  # closed as well: nobody is left to tell
            return


def _json(record: dict[str, Any]) -> str:
    import orjson

    try:
        return orjson.dumps(record).decode()
    except TypeError:  # whole numbers beyond 64 bits, which metadata may hold
        import json

        return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
