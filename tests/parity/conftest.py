"""A store for all of a module's sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.market import make_market
from integration.playing import make_store
from parity.projects import DATES, SPLITS, UNIVERSE


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = make_market(DATES, UNIVERSE)
    bars = {"1m": market.minutes, "1d": market.days}
    return make_store(tmp_path_factory.mktemp("parity"), bars, SPLITS)
