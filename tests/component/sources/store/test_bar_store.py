"""The bar store: what it gives, and what a change leaves behind."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from symscan.errors import DataError
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.sources.importing.spill import SpillFile
from symscan.sources.store.bar_store import BarStore, bar_schema

MONDAY, TUESDAY = date(2024, 3, 4), date(2024, 3, 5)


def bars(day: date, symbols: str, interval: Interval = ONE_MINUTE, close: float = 1.5) -> pl.DataFrame:
    start = (
        {"start": datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)} if interval.is_intraday else {}
    )
    rows = [
        {
            "session": day,
            "symbol": symbol,
            **start,
            "open": 1,
            "high": 2,
            "low": 1,
            "close": close,
            "volume": 5,
        }
        for symbol in symbols
    ]
    return pl.DataFrame(rows, bar_schema(interval))


def fetch(store: BarStore, origin: str | None) -> None:
    with store.updating() as update:
        update.set_origin(origin)
        update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "A"))
        update.record_fetched("1m", MONDAY, ["A", "B"])


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.parquet"))


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    store = BarStore.create(tmp_path / "store")
    with store.updating() as update:
        update.put(ONE_MINUTE, TUESDAY, bars(TUESDAY, "AC"))
        update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "AB"))
        update.put(ONE_DAY, MONDAY, bars(MONDAY, "D", ONE_DAY))
    return store


def test_what_there_is(store: BarStore) -> None:
    for one in (store, BarStore(store.root)):
        assert one.symbols() == {"A", "B", "C", "D"}
        assert one.symbols(ONE_DAY) == {"D"}
        assert one.symbols(FIVE_MINUTES) == frozenset()
        assert one.intervals(MONDAY) == (ONE_MINUTE, ONE_DAY)
        assert one.intervals(TUESDAY) == (ONE_MINUTE,)
        assert one.intervals() == (ONE_MINUTE, ONE_DAY)
        assert one.sessions(ONE_MINUTE) == [MONDAY, TUESDAY]
        assert one.sessions(FIVE_MINUTES) == []
        assert one.path(ONE_DAY, TUESDAY) is None
        assert (path := one.path(ONE_MINUTE, MONDAY)) is not None
        assert path.exists()


def test_bars_come_by_session_symbol_and_start(store: BarStore) -> None:
    assert store.load(ONE_MINUTE, [TUESDAY, MONDAY, TUESDAY]).equals(
        pl.concat([bars(MONDAY, "AB"), bars(TUESDAY, "AC")])
    )
    assert store.load(ONE_DAY, [MONDAY]).equals(bars(MONDAY, "D", ONE_DAY))


def test_symbols_columns_and_dates_can_be_chosen(store: BarStore) -> None:
    chosen = store.load(ONE_MINUTE, [MONDAY, TUESDAY], ["C", "B", "Z"], ["close", "symbol"])
    assert chosen.rows() == [(1.5, "B"), (1.5, "C")]
    assert chosen.columns == ["close", "symbol"]
    assert store.load(ONE_MINUTE, [MONDAY], []).is_empty()
    assert store.load(ONE_MINUTE, [date(2024, 3, 6)]).schema == bar_schema(ONE_MINUTE)
    assert store.load(FIVE_MINUTES, [MONDAY], None, ["symbol"]).schema == {"symbol": pl.String}


@pytest.mark.parametrize("days", [[MONDAY], [TUESDAY], [MONDAY, TUESDAY]])
@pytest.mark.parametrize("symbols", ["", "A", "AB", "BA", "CA", "ABC", "AZ", "Z", "AA"])
@pytest.mark.parametrize("is_known", [True, False])
def test_the_symbols_requested_come_and_no_others(
    store: BarStore, days: list[date], symbols: str, is_known: bool
) -> None:
    if not is_known:
        _as_of_an_earlier_version(store)
    expected = {(day, one) for day in days for one in {MONDAY: "AB", TUESDAY: "AC"}[day] if one in symbols}
    loaded = BarStore(store.root).load(ONE_MINUTE, days, list(symbols))
    assert loaded.select("session", "symbol").rows() == sorted(expected)


def test_a_path_changes_with_its_content_and_only_then(store: BarStore) -> None:
    before = store.path(ONE_MINUTE, MONDAY)
    with store.updating() as update:
        assert not update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "AB"))
    assert store.path(ONE_MINUTE, MONDAY) == before
    with store.updating() as update:
        assert update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "AB", close=1.25))
    assert (after := store.path(ONE_MINUTE, MONDAY)) != before
    assert before is not None
    assert not before.exists()
    assert after in store.root.rglob("*.parquet")


def test_a_change_that_fails_leaves_the_store_as_it_was(store: BarStore) -> None:
    before, catalogue = files(store.root), (store.root / "catalogue.json").read_bytes()
    with pytest.raises(ZeroDivisionError), store.updating() as update:
        update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "AB", close=1.25))
        update.put(FIVE_MINUTES, MONDAY, bars(MONDAY, "AB"))
        update.put(ONE_MINUTE, TUESDAY, bars(TUESDAY, "AC"))
        raise ZeroDivisionError
    assert files(store.root) == before
    assert (store.root / "catalogue.json").read_bytes() == catalogue
    assert store.load(ONE_MINUTE, [MONDAY]).equals(bars(MONDAY, "AB"))
    assert not (store.root / "5m").exists()


def test_leftovers_do_not_count_and_the_next_change_removes_them(store: BarStore) -> None:
    before = files(store.root)
    leftovers = [
        store.root / "1m" / "2024-03-04.0123456789abcdef.parquet",
        store.root / "1m" / "writing-0123456789abcdef0123456789abcdef",
        store.root / "spill-0123456789abcdef0123456789abcdef",
        store.root / "catalogue.json.new",
    ]
    for path in leftovers:
        path.write_bytes(b"half")
    notes = store.root / "notes.txt"
    notes.write_text("mine")
    assert BarStore(store.root).load(ONE_MINUTE, [MONDAY]).equals(bars(MONDAY, "AB"))
    with store.updating():
        pass
    assert files(store.root) == before
    assert not any(path.exists() for path in leftovers)
    assert notes.exists()


def test_only_one_change_at_a_time(store: BarStore) -> None:
    other = BarStore(store.root)
    with (
        store.updating() as update,
        pytest.raises(DataError, match="another import is writing to this store"),
        other.updating(),
    ):
        update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "AB"))


def test_a_change_builds_on_what_others_changed_meanwhile(store: BarStore) -> None:
    other = BarStore(store.root)
    with store.updating() as update:
        update.put(FIVE_MINUTES, MONDAY, bars(MONDAY, "E"))
    with other.updating() as update:
        update.put(FIVE_MINUTES, TUESDAY, bars(TUESDAY, "F"))
    assert other.sessions(FIVE_MINUTES) == BarStore(store.root).sessions(FIVE_MINUTES) == [MONDAY, TUESDAY]


def test_a_store_that_changed_under_a_reader_is_a_clear_error(store: BarStore) -> None:
    reader = BarStore(store.root)
    with store.updating() as update:
        update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "AB", close=1.25))
    with pytest.raises(DataError, match="if an import has just changed the store, try again"):
        reader.load(ONE_MINUTE, [MONDAY])


def test_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no bar store here; make one with `symscan data import"):
        BarStore(tmp_path / "none")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="the folder holds other files"):
        BarStore.create(tmp_path)
    assert BarStore.create(tmp_path / "a" / "b").symbols() == frozenset()


def test_an_unused_store_can_be_removed_again(tmp_path: Path, store: BarStore) -> None:
    empty = BarStore.create(tmp_path / "empty")
    empty.remove_if_unused()
    assert not empty.root.exists()
    store.remove_if_unused()
    assert BarStore(store.root).symbols()


OURS = {"format": "symscan bar store", "version": 1, "generation": 0, "splits": None, "symbols": {}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "the catalogue is damaged"),
        ("[]", "not the catalogue of a bar store"),
        (json.dumps({**OURS, "version": 2}), "has format version 2, this symscan reads version 1"),
        (json.dumps(OURS), "the catalogue is damaged"),
        (json.dumps({**OURS, "bars": {"1m": {"yesterday": ["a", 1, 1]}}}), "the catalogue is damaged"),
        (json.dumps({**OURS, "bars": {"1x": {}}}), "the catalogue is damaged"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_a_clear_error(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "catalogue.json").write_text(content)
    with pytest.raises(DataError, match=message):
        BarStore(tmp_path)


class TestRuns:
    ROWS = pl.DataFrame({"session": [TUESDAY, MONDAY, TUESDAY], "value": [1, 2, 3]})

    @pytest.mark.parametrize("run_rows", [1, 4, 1_000])
    def test_rows_come_back_by_session_in_their_order(self, tmp_path: Path, run_rows: int) -> None:
        with SpillFile(tmp_path, run_rows) as runs:
            runs.add(self.ROWS)
            runs.add(self.ROWS.clear())
            runs.add(self.ROWS.with_columns(pl.col("value") + 10))
            assert runs.finish() == [MONDAY, TUESDAY]
            assert runs.load(TUESDAY)["value"].to_list() == [1, 3, 11, 13]
            assert runs.load(MONDAY)["value"].to_list() == [2, 12]
        assert list(tmp_path.iterdir()) == []


def test_a_store_remembers_where_its_bars_come_from_and_of_whom_they_were_asked(tmp_path: Path) -> None:
    store = BarStore.create(tmp_path / "store")
    fetch(store, "alpaca:iex")
    with store.updating() as update:
        update.set_origin("alpaca:iex")
        update.record_fetched("1m", MONDAY, ["C"])
        update.record_fetched("splits", TUESDAY, ["A"])
    for one in (store, BarStore(store.root)):
        assert one.origin == "alpaca:iex"
        assert one.fetched_symbols("1m", MONDAY) == {"A", "B", "C"}
        assert one.fetched_symbols("1m", TUESDAY) == one.fetched_symbols("1d", MONDAY) == frozenset()
        assert one.fetched_symbols("splits", TUESDAY) == {"A"}


def test_a_catalogue_of_before_there_were_origins_loads(store: BarStore) -> None:
    path = store.root / "catalogue.json"
    content = json.loads(path.read_text())
    for name in ("origin", "groups", "asked"):
        del content[name]
    path.write_text(json.dumps(content))
    assert BarStore(store.root).origin is None
    assert BarStore(store.root).fetched_symbols("1m", MONDAY) == frozenset()


def _as_of_an_earlier_version(store: BarStore) -> None:
    path = store.root / "catalogue.json"
    content = json.loads(path.read_text())
    del content["presence"]
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("version", ["this", "an earlier", "both", "damaged"])
def test_who_has_bars_when_is_known_whichever_version_stored_them(store: BarStore, version: str) -> None:
    if version in ("an earlier", "both"):
        _as_of_an_earlier_version(store)
    if version == "damaged":
        path = store.root / "catalogue.json"
        content = json.loads(path.read_text())
        content["presence"]["1m"]["dates"] = {str(MONDAY): "", str(TUESDAY): "YWJj"}
        path.write_text(json.dumps(content))
    if version == "both":
        with BarStore(store.root).updating() as update:
            update.put(ONE_MINUTE, TUESDAY, bars(TUESDAY, "AC"))
    opened = BarStore(store.root)
    asked = ["C", "Z", "A", "D", "B"]
    assert opened.has_bars(ONE_MINUTE, MONDAY, asked).tolist() == [False, False, True, False, True]
    assert opened.has_bars(ONE_MINUTE, TUESDAY, asked).tolist() == [True, False, True, False, False]
    assert opened.has_bars(ONE_DAY, MONDAY, asked).tolist() == [False, False, False, True, False]
    assert opened.has_bars(ONE_DAY, TUESDAY, asked).tolist() == [False] * 5
    assert opened.symbols_on(ONE_MINUTE, [MONDAY]) == ["A", "B"]
    assert opened.symbols_on(ONE_MINUTE, [TUESDAY, MONDAY]) == ["A", "B", "C"]
    assert opened.symbols_on(FIVE_MINUTES, [MONDAY]) == opened.symbols_on(ONE_MINUTE, []) == []


def test_who_has_bars_when_is_known_without_reading_them(store: BarStore) -> None:
    for path in store.root.rglob("*.parquet"):
        path.unlink()
    assert BarStore(store.root).symbols_on(ONE_MINUTE, [MONDAY, TUESDAY]) == ["A", "B", "C"]
    _as_of_an_earlier_version(store)
    with pytest.raises(DataError, match="a file of the store cannot be read"):
        BarStore(store.root).symbols_on(ONE_MINUTE, [MONDAY])


def test_who_has_bars_when_follows_what_is_stored(store: BarStore) -> None:
    assert store.has_bars(ONE_MINUTE, MONDAY, "ABE").tolist() == [True, True, False]
    with store.updating() as update:
        update.put(ONE_MINUTE, MONDAY, bars(MONDAY, "BE"))
    for one in (store, BarStore(store.root)):
        assert one.has_bars(ONE_MINUTE, MONDAY, "ABE").tolist() == [False, True, True]
        assert one.has_bars(ONE_MINUTE, TUESDAY, "ABE").tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("held", "given", "message"),
    [
        (
            "alpaca:iex",
            "alpaca:sip",
            "holds bars fetched from alpaca:iex, and those of alpaca:sip do not mix",
        ),
        ("alpaca:iex", None, "holds bars fetched from alpaca:iex, and imported ones do not mix"),
        (None, "alpaca:iex", "holds bars imported from files, and those of alpaca:iex do not mix"),
    ],
)
def test_bars_of_two_origins_do_not_mix(
    tmp_path: Path, held: str | None, given: str | None, message: str
) -> None:
    store = BarStore.create(tmp_path / "store")
    fetch(store, held)
    with pytest.raises(DataError, match=message):
        fetch(store, given)
    assert BarStore(store.root).generation == 1
