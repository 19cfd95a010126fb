"""A session to look at, made of plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest


class ArrayView:
    """The columnar face of a SessionView over a dict of arrays; records what is asked for."""

    base_interval = "1m"

    def __init__(self, symbols: Sequence[str], columns: Mapping[str, Sequence[float]]) -> None:
        self.symbols = tuple(symbols)
        self.columns = {name: np.array(values, np.float64) for name, values in columns.items()}
        self.asked: list[tuple[tuple[str, ...], str]] = []

    def add_indicator(self, symbols: Sequence[str], key: str) -> bool:
        self.asked.append((tuple(symbols), key))
        return True

    def add_session_bars(self, symbols: Sequence[str], interval: str) -> bool:
        self.asked.append((tuple(symbols), interval))
        return True

    def column(self, key: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return self.columns[key]

    def read_columns(self, keys: Sequence[str]) -> tuple[dict[str, Any], dict[Any, Any]]:
        return {key: self.columns[key] for key in keys}, {}

    def frame(self, columns: Sequence[str], symbols: Sequence[str] | None = None) -> pl.DataFrame:
        series = [pl.Series(name, self.columns[name], nan_to_null=True) for name in columns]
        frame = pl.DataFrame([pl.Series("symbol", self.symbols, pl.String), *series])
        return frame if symbols is None else frame[[self.symbols.index(symbol) for symbol in symbols]]


@pytest.fixture
def session() -> Callable[..., Any]:
    """Makes a context of symbols and columns."""

    def make(
        symbols: Sequence[str], ok_scans: int = 0, *, explains: bool = False, **columns: Sequence[float]
    ) -> Any:
        view = ArrayView(symbols, columns)
        return SimpleNamespace(session_data=view, config={}, ok_scans=ok_scans, explains=explains)

    return make
