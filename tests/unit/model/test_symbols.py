from __future__ import annotations

import pytest

from support.builders import rows
from symscan.model.symbols import SymbolTable


def test_rows_are_given_in_order_and_once() -> None:
    table = SymbolTable(["B", "A", "B"])
    assert [table.add(symbol) for symbol in ("A", "C", "B")] == [1, 2, 0]
    assert (len(table), table.height) == (3, 3)
    assert "C" in table
    assert (table.row("C"), table.row("Z")) == (2, None)


def test_a_freed_row_is_given_to_the_next() -> None:
    table = SymbolTable("ABC")
    assert table.names(rows(1)) == ["B"]
    assert table.free("B") == 1
    assert (len(table), table.height, "B" in table) == (2, 3, False)
    assert table.add("D") == 1
    assert table.names(rows(2, 1, 0)) == ["C", "D", "A"]
    assert table.add("E") == 3
    with pytest.raises(KeyError):
        table.free("B")


def test_rows_of_many() -> None:
    table = SymbolTable("ABC")
    assert table.rows(["C", "A"]).tolist() == [2, 0]
    assert table.rows([]).tolist() == []
    assert table.rows_or_none(["C", "Z"]).tolist() == [2, -1]
    with pytest.raises(KeyError):
        table.rows(["Z"])
