"""Hints of source code that reaches outside of its session."""

from __future__ import annotations

from pathlib import Path

from symscan.research.audit.judging.hints import hints_of, hints_text, requests_in_scans

CODE = """
import os
import random
from datetime import datetime
SEEN = {}

class Scanner:
    def setup(self, context):
        self._own = context.session_data.add_indicator
        return super()._more()

    def scan(self, context):
        global TOTAL
        if datetime.now().hour or os.environ:
            return context.session_data._data
        return open("a.csv").read()
"""


def test_each_line_is_named_with_what_it_reaches_for(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    found = {(one.line, one.what) for one in hints_of(file)}
    assert found == {
        (3, "chance"),
        (5, "SEEN, which outlives a session"),
        (13, "global TOTAL"),
        (14, "the clock"),
        (14, "the environment"),
        (15, "the private name _data"),
        (16, "a file"),
    }
    assert [one.line for one in hints_of(file) if one.is_private] == [15]
    assert hints_text(file, hints_of(file)).startswith("mine.py:3 (chance), mine.py:5 (SEEN, which")
    assert not requests_in_scans(file)


def test_what_is_no_code_has_no_hints(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def (")
    assert hints_of(tmp_path / "mine.py") == []
