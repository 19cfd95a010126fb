"""Stores for all of these sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.generated_market import make_market
from support.projects import DATES, SPLITS, UNIVERSE, of_regular_hours
from support.runs import make_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Regular hours alone: a session begins shortly before the open."""
    market = make_market(DATES, UNIVERSE)
    bars = {"1m": of_regular_hours(market.minutes), "1d": market.days}
    return make_store(tmp_path_factory.mktemp("regular"), bars, SPLITS)


@pytest.fixture(scope="session")
def early_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the pre-market."""
    market = make_market(DATES, UNIVERSE)
    bars = {"1m": market.minutes, "1d": market.days}
    return make_store(tmp_path_factory.mktemp("early"), bars, SPLITS)
