"""The store of the run of two sessions, and a study of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import symscan
from component.runs.conftest import DAYS, bars, store

__all__ = ["bars", "store"]

SCREEN: dict[str, Any] = {
    "name": "above",
    "universe": "store",
    "where": "close > vwap",
    "rank": "close",
    "take": 2,
    "regular_session": [{"start": "09:35", "end": "15:55", "interval": "10m"}],
}
CONFIG: dict[str, Any] = {
    "name": "mine",
    "study_config": {"horizons": ["5m", "30m", "close", "next_open"], "match": [], "min_controls": 2},
    "session_data_config": {"scanners": [SCREEN]},
}


def make(store: Path, config: Any = None, **options: Any) -> symscan.Study:
    """Make a study without its page, of both sessions unless something else is said."""
    span = {} if "date" in options else {"start": DAYS[0], "end": DAYS[1]}
    return symscan.study(
        config or CONFIG, **{"store": store, "page": False, "progress": False, **span, **options}
    )


@pytest.fixture(scope="session")
def study(store: Path) -> symscan.Study:
    return make(store)
