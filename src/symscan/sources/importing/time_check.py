"""Whether the times of an import are probable, and the question if they are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from symscan.errors import DataError
from symscan.sources.checking.time_advice import import_question
from symscan.sources.checking.time_doubts import TimeEvidence
from symscan.sources.checking.time_profile import time_profile
from symscan.sources.importing.options import ImportOptions, UnlikelyTimes
from symscan.sources.importing.sessions import PRINT, Calendar

Confirm = Callable[[str], bool]
"""Asks whether the times are right as they are, after saying why they are improbable."""


class TimeCheck:
    """Checks the times of one import, session by session, until they are confirmed.

    Parameters
    ----------
    confirm
        Asked if they are improbable; None where nobody can be asked.
    """

    def __init__(self, options: ImportOptions, calendar: Calendar, confirm: Confirm | None) -> None:
        self._options = options
        self._calendar = calendar
        self._confirm = confirm
        self._evidence = TimeEvidence(is_stored=False)
        self._is_over = not options.interval.is_intraday or options.unlikely_times is UnlikelyTimes.KEEP

    def check(self, day: date, rows: pl.DataFrame) -> None:
        """Take the rows of a session.

        Raises
        ------
        DataError
            If the times are improbable and not confirmed.
        """
        if self._is_over:
            return
        (session,) = self._calendar.sessions(day, day)
        doubt = self._evidence.add(time_profile(rows, self._options.interval, session, rows[PRINT]))
        if doubt is None:
            return
        question = import_question(doubt, self._options, session)
        if self._confirm is None:
            confirmed = "if they are right as given, confirm that with --unlikely-times keep"
            raise DataError(f"{question}; {confirmed}. Nothing was imported")
        if not self._confirm(question):
            raise DataError("the times were not confirmed; nothing was imported")
        self._is_over = True
