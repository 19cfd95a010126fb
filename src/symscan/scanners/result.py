"""Holding a scan's result against the contract, before the engine believes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from symscan.model.metadata import FrameMetadata
from symscan.scanners.base import ScanResult


def checked_result(result: object) -> ScanResult:
    """The result with duplicate symbols merged and metadata that JSON can hold.

    Raises
    ------
    TypeError
        If it is no ``ScanResult``, a symbol is no text, or metadata is nothing JSON can hold.
    """
    if not isinstance(result, ScanResult):
        raise TypeError(f"scan() returned {type(result).__name__}; return a ScanResult")
    result.symbols = _checked_symbols(result.symbols)
    result.metadata = _checked_metadata(result.metadata, result.symbols)
    return result


def _checked_symbols(symbols: object) -> tuple[str, ...]:
    if isinstance(symbols, str) or not hasattr(symbols, "__iter__"):
        raise TypeError(f"ScanResult.symbols is {type(symbols).__name__}; give a list of symbols")
    merged = tuple(dict.fromkeys(symbols))
    if set(map(type, merged)) - {str}:
        wrong = next(symbol for symbol in merged if type(symbol) is not str)
        raise TypeError(
            f"ScanResult.symbols holds {wrong!r}, which is no text; a symbol is one such as 'AAPL'"
        )
    return merged


def _checked_metadata(metadata: Mapping[str, Any] | None, symbols: tuple[str, ...]) -> Mapping[str, Any]:
    if metadata is None:
        return {}
    if isinstance(metadata, FrameMetadata):
        return metadata
    kept = {symbol: metadata[symbol] for symbol in symbols if symbol in metadata}
    try:
        plain: dict[str, Any] = json.loads(json.dumps(_without_nan(kept), default=_plain_scalar))
    except (TypeError, ValueError) as error:
        raise TypeError(f"ScanResult.metadata cannot be written as JSON: {error}") from error
    return plain


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return value


def _plain_scalar(value: object) -> Any:
    if isinstance(value, np.generic):
        return _without_nan(value.item())
    raise TypeError(f"{type(value).__name__} is nothing JSON can hold")
