"""Filter stays by an expression of screens, over their columns and the scanner's values at entry."""

from __future__ import annotations

import json
from typing import Final

import polars as pl
import polars.selectors as cs

from symscan.errors import ExpressionError, InputError
from symscan.scanners.screens.language.compiler import compile_where
from symscan.scanners.screens.language.names import Names
from symscan.scanners.screens.language.terms import Kind

_KINDS: Final = {pl.String(): Kind.TEXT, pl.Boolean(): Kind.TRUTH, pl.Float64(): Kind.NUMBER}


def kept(stays: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return the stays for which an expression is true; an unknown value is not.

    Raises
    ------
    InputError
        If it is refused, or reads what stays do not have.
    """
    frame = _with_values(stays)
    names = {name: _KINDS[kind] for name, kind in frame.schema.items() if kind in _KINDS}
    try:
        expression = compile_where(where, Names(names))
    except ExpressionError as error:
        raise InputError(f"the filter is refused: {error}") from None
    if expression.is_cross_sectional:
        raise InputError("the filter compares symbols with one another; it may only read each stay by itself")
    lacking = [name for name in expression.names if name not in frame.columns]
    if lacking:
        has = ", ".join(sorted(names))
        raise InputError(f"the filter reads '{lacking[0]}', which stays do not have; they have {has}")
    return stays.filter(frame.select(expression.expr.fill_null(False)).to_series())


def _with_values(stays: pl.DataFrame) -> pl.DataFrame:
    """Return numbers as floats, and beside them the scanners' values at entry, one column per name."""
    numbers = stays.with_columns(cs.integer().cast(pl.Float64))
    texts = stays["values"].fill_null("{}")
    parsed = pl.DataFrame({"values": texts}).select(pl.col("values").str.json_decode(_struct(texts)))
    values = parsed.unnest("values")
    own = [name for name in values.columns if name not in numbers.columns]
    return pl.concat([numbers, values.select(own)], how="horizontal") if own else numbers


def _struct(texts: pl.Series) -> pl.Struct:
    """Return the type of values that are numbers or texts, by the first row that names each."""
    kinds: dict[str, pl.DataType] = {}
    for text in texts.unique(maintain_order=True):
        for name, value in json.loads(text).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                kinds.setdefault(name, pl.Float64())
            elif isinstance(value, str):
                kinds.setdefault(name, pl.String())
    return pl.Struct(kinds or {"_": pl.Float64()})
