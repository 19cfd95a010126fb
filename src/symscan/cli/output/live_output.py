"""The console of a live session: hits on standard output, all else on standard error."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

import orjson

CONDITION_MARK = "!! "
"""Marks conditions that make hits less reliable."""


class LiveConsole:
    """Prints line by line, unbuffered; a closed output does not end the session.

    Parameters
    ----------
    as_json
        Whether standard output carries records, one a line; lines for people then go to standard error.
    stdout
        Standard output; None for the current one.
    """

    def __init__(self, *, as_json: bool, stdout: TextIO | None = None) -> None:
        self._as_json = as_json
        self._has_reader = True
        # The current streams: a scanner may replace them.
        self._stdout, self._stderr = stdout or sys.stdout, sys.stderr

    def hit(self, line: str, record: dict[str, Any]) -> None:
        """Print a hit."""
        if self._as_json:
            self._out(_json(record))
            self._err(line)
        else:
            self._out(line)

    def condition(self, line: str, record: dict[str, Any]) -> None:
        """Print a condition, to standard error, and as JSON in --jsonl mode."""
        if self._as_json:
            self._out(_json(record))
        self._err(f"{CONDITION_MARK}{line}")

    def status(self, line: str, record: dict[str, Any]) -> None:
        """Print a status to standard error, and as JSON in --jsonl mode."""
        if self._as_json:
            self._out(_json(record))
        self._err(line)

    def message(self, line: str) -> None:
        """Print a message to standard error."""
        self._err(line)

    def _out(self, line: str) -> None:
        if not self._has_reader:
            return
        try:
            print(line, file=self._stdout, flush=True)
        except OSError as error:
            self._has_reader = False
            # What is still buffered must not raise at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stdout.fileno())
            self._report_loss(error.strerror)
        except ValueError:  # a scanner has closed it: it is the whole process's
            self._has_reader = False
            self._report_loss("closed")

    def _report_loss(self, why: str | None) -> None:
        self._err(f"{CONDITION_MARK}standard output is gone ({why}); the session goes on and is recorded")

    def _err(self, line: str) -> None:
        try:
            print(line, file=self._stderr, flush=True)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stderr.fileno())
        except ValueError:  # closed as well
            return


def _json(record: dict[str, Any]) -> str:
    try:
        return orjson.dumps(record).decode()
    except TypeError:  # whole numbers beyond 64 bits, which metadata may hold
        return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
