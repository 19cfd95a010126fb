"""Splits from a file into the store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from symscan.errors import DataError
from symscan.sources.importing.options import OnConflict
from symscan.sources.importing.splits import SplitsReport, import_splits
from symscan.sources.store.bar_store import SPLITS_SCHEMA, BarStore

HEADER = "symbol,ex_date,ratio\n"
AAPL, TSLA = ("AAPL", date(2020, 8, 31), 4.0), ("TSLA", date(2020, 8, 31), 5.0)


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore.create(tmp_path / "store")


def take(store: BarStore, text: str, on_conflict: OnConflict = OnConflict.STOP) -> SplitsReport:
    path = store.root.parent / "splits.csv"
    path.write_text(text)
    return import_splits(store, path, on_conflict)


def test_a_store_without_splits_has_an_empty_table(store: BarStore) -> None:
    assert store.splits().schema == SPLITS_SCHEMA
    assert store.splits().is_empty()


def test_splits_are_kept_sorted_and_imports_merge(store: BarStore) -> None:
    assert take(store, HEADER + "TSLA,2020-08-31,5\n") == SplitsReport(1, 1, 0, 0)
    assert take(store, HEADER + "TSLA,2020-08-31,5.0\nAAPL,2020-08-31,4:1\n\n") == SplitsReport(2, 1, 1, 0)
    assert store.splits().rows() == BarStore(store.root).splits().rows() == [AAPL, TSLA]


def test_columns_may_stand_in_any_order_with_others(store: BarStore) -> None:
    take(store, "\ufeffRatio,note,Symbol,ex_date\r\n1:10,x,A,2020-01-02\r\n")
    assert store.splits().rows() == [("A", date(2020, 1, 2), 0.1)]


def test_conflicts_stop_or_are_settled(store: BarStore) -> None:
    take(store, HEADER + "AAPL,2020-08-31,4\n")
    with pytest.raises(
        DataError, match=r"splits.csv:2: AAPL on 2020-08-31: the ratio 7 contradicts 4 \(the store"
    ):
        take(store, HEADER + "AAPL,2020-08-31,7\n")
    assert take(store, HEADER + "AAPL,2020-08-31,7\n", OnConflict.FIRST).conflicts == 1
    assert store.splits()["ratio"].to_list() == [4.0]
    take(store, HEADER + "AAPL,2020-08-31,7\n", OnConflict.LAST)
    assert store.splits()["ratio"].to_list() == [7.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "A,2020-01-02,2\nA,2020-01-02,0\n", "splits.csv:3: ratio '0' is not above zero"),
        (HEADER + "A,2020-01-02,-2\n", "splits.csv:2: ratio '-2'"),
        (HEADER + "A,2020-01-02,4:0\n", "splits.csv:2: ratio '4:0'"),
        (HEADER + "A,2020-01-02,nan\n", "splits.csv:2: ratio 'nan'"),
        (HEADER + "A,2020-01-02,\n", "splits.csv:2: ratio ''"),
        (HEADER + "A,01/02/2020,2\n", "splits.csv:2: ex_date '01/02/2020' is not a date"),
        (HEADER + ",2020-01-02,2\n", "splits.csv:2: the symbol is missing"),
        (HEADER + "A,2020-01-02\n", "splits.csv:2: 2 fields, expected symbol, ex_date, ratio"),
        ("symbol,date,ratio\n", "splits.csv:1: the first line must name symbol, ex_date, ratio"),
        ("", "splits.csv:1: the first line must name"),
    ],
)
def test_rows_that_are_no_splits_are_named_and_nothing_is_kept(
    store: BarStore, text: str, message: str
) -> None:
    with pytest.raises(DataError) as error:
        take(store, text)
    assert message in str(error.value)
    assert store.splits().is_empty()


def test_a_missing_file_is_an_error(store: BarStore) -> None:
    with pytest.raises(DataError, match="No such file"):
        import_splits(store, store.root / "none.csv")
