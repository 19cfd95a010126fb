"""The store that a run was of: opened if its bars are those of the run."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import symscan
from component.runs.conftest import DAYS, SYMBOLS, minute_bars
from support.runs import make_store


class TestTheStoreOfARun:
    """The bars that a run was of, if they are still there."""

    @pytest.fixture
    def folder(self, tmp_path: Path, own_store: Path) -> Path:
        screen = {"name": "up", "universe": "store", "where": "close > vwap", "pre_session": True}
        config = {"session_data_config": {"scanners": [screen]}}
        out = tmp_path / "out"
        symscan.run(config, store=own_store, date=DAYS[1], out=out)
        return out

    @pytest.fixture
    def own_store(self, tmp_path: Path) -> Path:
        return make_store(tmp_path, {"1m": minute_bars()})

    def test_it_is_opened_as_it_was(self, folder: Path, own_store: Path) -> None:
        store = symscan.open_run(folder).store()
        assert (store.path, store.symbols()) == (own_store, sorted(SYMBOLS))

    def test_one_that_moved_is_given(self, folder: Path, own_store: Path, tmp_path: Path) -> None:
        moved = own_store.rename(tmp_path / "elsewhere")
        assert symscan.open_run(folder).store(moved).path == moved
        with pytest.raises(symscan.DataError):
            symscan.open_run(folder).store()

    def test_one_that_changed_is_refused_by_name(self, folder: Path, tmp_path: Path) -> None:
        changed = minute_bars().with_columns(volume=pl.col("volume") + 1)
        other = make_store(tmp_path / "other", {"1m": changed})
        with pytest.raises(symscan.DataError, match=rf"the bars 1m/{DAYS[0]} are others; run it anew"):
            symscan.open_run(folder).store(other)
        one_day = changed.filter(pl.col("ts").dt.date() == DAYS[1])
        less = make_store(tmp_path / "less", {"1m": one_day})
        with pytest.raises(symscan.DataError, match=rf"the bars 1m/{DAYS[0]} are no longer there"):
            symscan.open_run(folder).store(less)
