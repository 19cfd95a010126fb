"""The API reference says what the docstrings say, of everything a scanner meets."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "SCANNER_API_REFERENCE.md").read_text(encoding="utf-8")


def test_it_is_current() -> None:
    rendered = runpy.run_path(str(DOCS / "make_reference.py"))["render"]()
    assert rendered == PAGE, "run: python docs/make_reference.py"


def test_it_holds_what_the_specification_names() -> None:
    asked = """
        add_indicator add_historical_bars add_session_bars add_symbol remove_symbol lock_symbol unlock_symbol
        is_symbol_locked get_config_symbols get_active_symbols get_indicator get_latest_bar get_latest_price
        get_bars column frame
    """
    missing = [name for name in asked.split() if f"### SessionView.{name}\n" not in PAGE]
    assert missing == []


def test_every_entry_says_something() -> None:
    entries = [part.split("\n## ")[0] for part in PAGE.split("\n### ")[1:]]
    bare = [entry.split("\n")[0] for entry in entries if not entry.split("```\n")[-1].strip()]
    assert [name for name in bare if not name.startswith("Bar.")] == []
