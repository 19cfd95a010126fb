"""What a live session says: hits on standard output, all else on standard error."""

from __future__ import annotations

import os
import sys
from typing import Any

LOUD = "!! "
"""Marks what lessens the worth of hits."""


class Voice:
    """Prints line by line, each at once; a listener who goes away does not end the session.

    Parameters
    ----------
    as_json
        Whether standard output carries records, one a line; lines for people then go to standard error.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._has_listener = True

    def hit(self, line: str, record: dict[str, Any]) -> None:
        """Say a hit."""
        if self._as_json:
            self._out(_json(record))
            _err(line)
        else:
            self._out(line)

    def loud(self, line: str, record: dict[str, Any]) -> None:
        """Say a condition."""
        if self._as_json:
            self._out(_json(record))
        _err(f"{LOUD}{line}")

    def plain(self, line: str, record: dict[str, Any]) -> None:
        """Say something that programs may want to know, too."""
        if self._as_json:
            self._out(_json(record))
        _err(line)

    def news(self, line: str) -> None:
        """Say something to people."""
        _err(line)

    def _out(self, line: str) -> None:
        if not self._has_listener:
            return
        try:
            print(line, flush=True)
        except OSError as error:
            self._has_listener = False
            # What is still buffered must not raise at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            _err(f"{LOUD}standard output is gone ({error.strerror}); the session goes on and is recorded")


def _err(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _json(record: dict[str, Any]) -> str:
    import orjson

    try:
        return orjson.dumps(record).decode()
    except TypeError:  # whole numbers beyond 64 bits, which metadata may hold
        import json

        return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
