"""Stores of which the future is gone, another one, or has newcomers; the past is the same to the bit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from support.generated_market import DATES, SPLITS, make_market
from support.runs import make_store
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import MINUTE
from symscan.model.interval import ONE_DAY, ONE_MINUTE
from symscan.research.audit.child.frames import MADE_UP
from symscan.research.audit.child.play import Change, Cut, Play
from symscan.research.audit.child.stores import ChangedStores, link_store
from symscan.sources.store.bar_store import BarStore

DAY = DATES[3]
SESSION = SessionCalendar().session(DAY)
CUT = Cut(SESSION.open + 60 * MINUTE)

Make = Callable[[Change], BarStore]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    market = make_market(DATES[:6], ("LIQ00", "LIQ01", "SPLT", "THN00"))
    store = make_store(folder / "whole", {"1m": market.minutes, "1d": market.days}, SPLITS)
    link_store(store, folder / "linked", [DAY])
    return folder / "linked"


@pytest.fixture
def make(base: Path, tmp_path: Path) -> Make:
    stores = ChangedStores(base, tmp_path / "store", SessionCalendar())
    return lambda change: stores.make(Play(DAY, change, CUT, seed=1, symbols=("LIQ00",)))


def _known(store: BarStore, day: date = DAY) -> pl.DataFrame:
    bars = store.load(ONE_MINUTE, [day])
    return bars.filter(pl.col("start").to_physical() + MINUTE <= CUT.at)


def _future(store: BarStore) -> pl.DataFrame:
    bars = store.load(ONE_MINUTE, [DAY])
    return bars.filter(pl.col("start").to_physical() + MINUTE > CUT.at)


@pytest.mark.parametrize("change", [Change.NONE, Change.DELETED, Change.CHANGED, Change.BORN])
def test_the_past_is_the_same(base: Path, make: Make, change: Change) -> None:
    store, original = make(change), BarStore(base)
    assert _known(store).equals(_known(original))
    for interval in (ONE_MINUTE, ONE_DAY):
        earlier = [day for day in original.sessions(interval) if day < DAY]
        assert store.load(interval, earlier).equals(original.load(interval, earlier))


def test_a_deleted_future_leaves_no_trace(make: Make) -> None:
    store = make(Change.DELETED)
    assert _future(store).is_empty()
    assert store.sessions(ONE_MINUTE) == DATES[:4]
    assert store.sessions(ONE_DAY) == DATES[:3]
    assert store.splits()["ex_date"].to_list() == [day for _, day, _ in SPLITS if day <= DAY]
    assert sorted(path.name[:10] for path in (store.root / "1m").iterdir()) == [str(one) for one in DATES[:4]]


def test_a_changed_future_has_the_same_rows(base: Path, make: Make) -> None:
    store, original = make(Change.CHANGED), BarStore(base)
    keys = ["symbol", "start"]
    assert _future(store).select(keys).equals(_future(original).select(keys))
    factors = (_future(store)["close"] / _future(original)["close"]).round(9)
    by_symbol = _future(original).with_columns(factors.alias("factor")).group_by("symbol").agg("factor")
    assert all(len(set(one)) == 1 for one in by_symbol["factor"].to_list())
    assert _future(store)["volume"].sort().equals(_future(original)["volume"].sort())
    assert not store.load(ONE_DAY, [DAY]).equals(original.load(ONE_DAY, [DAY]))
    tomorrow = store.splits().filter(pl.col("ex_date") == DATES[4])["symbol"].to_list()
    assert tomorrow == sorted(original.symbols())


def test_newcomers_have_no_past(base: Path, make: Make) -> None:
    store = make(Change.BORN)
    born = store.symbols() - BarStore(base).symbols()
    assert born and all(one.startswith(MADE_UP) for one in born)
    assert not set(_known(store)["symbol"]) & born
    assert set(_future(store)["symbol"]) >= born


def test_one_store_follows_another_in_the_same_folder(base: Path, make: Make) -> None:
    make(Change.DELETED)
    again = make(Change.NONE)
    assert again.load(ONE_MINUTE, DATES).equals(BarStore(base).load(ONE_MINUTE, DATES))
    assert set(make(Change.WITHOUT).load(ONE_MINUTE, [DAY])["symbol"]) == {"LIQ00"}
