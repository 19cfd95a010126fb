"""Answers of ``why`` and ``near`` as text."""

from __future__ import annotations

import polars as pl

from symscan.research.why.text import funnel_text
from symscan.runs.decisions.frames import FUNNEL_SCHEMA


def test_texts_of_others_say_nothing_to_a_terminal() -> None:
    rows = [("s", "ind = '\x1b[2J\n'", "where", 1, 1, 0, 0, 1, 0)]
    shown = funnel_text(pl.DataFrame(rows, schema=FUNNEL_SCHEMA, orient="row"), "s")
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 3
