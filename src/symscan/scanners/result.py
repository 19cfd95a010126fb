"""Holding a scan's result against the contract, before the engine believes it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from symscan.model.bar import Mask
from symscan.model.metadata import FrameMetadata
from symscan.scanners.base import ScanResult


def checked_result(result: object, candidates: int) -> ScanResult:
    """The result with duplicate symbols merged and metadata that JSON can hold.

    Parameters
    ----------
    result
        What a scan returned.
    candidates
        How many symbols the scanner was shown.

    Raises
    ------
    TypeError
        If it is no ``ScanResult``, symbols have no order, a symbol is no text, metadata is nothing
        JSON can hold, or ``unknown`` is no mask over the candidates.
    """
    if not isinstance(result, ScanResult):
        raise TypeError(f"scan() returned {type(result).__name__}; return a ScanResult")
    result.symbols = _checked_symbols(result.symbols)
    result.metadata = _checked_metadata(result.metadata, result.symbols)
    result.unknown = _checked_unknown(result.unknown, candidates)
    if result.error is not None:
        result.error = str(result.error)
        _check_writable(result.error)
    return result


def _checked_symbols(symbols: object) -> tuple[str, ...]:
    if isinstance(symbols, str) or not isinstance(symbols, Iterable):
        raise TypeError(f"ScanResult.symbols is {type(symbols).__name__}; give a list of symbols")
    if isinstance(symbols, set | frozenset):
        raise TypeError("ScanResult.symbols is a set, whose order changes from run to run; give a list")
    merged = tuple(dict.fromkeys(symbols))
    if set(map(type, merged)) - {str}:
        merged = tuple(map(_plain_text, merged))
    _check_writable("".join(merged))
    return merged


def _plain_text(symbol: object) -> str:
    if not isinstance(symbol, str):
        raise TypeError(
            f"ScanResult.symbols holds {symbol!r}, which is no text; a symbol is one such as 'AAPL'"
        )
    return str(symbol)  # NumPy's texts, too


def _checked_metadata(metadata: object, symbols: tuple[str, ...]) -> Mapping[str, Any]:
    if metadata is None:
        return {}
    if isinstance(metadata, FrameMetadata):
        return metadata
    if not isinstance(metadata, Mapping):
        raise TypeError(f"ScanResult.metadata is {type(metadata).__name__}; give values by symbol")
    kept = {symbol: metadata[symbol] for symbol in symbols if symbol in metadata}
    try:
        text = json.dumps(_without_nan(kept), default=_plain_scalar, ensure_ascii=False)
        _check_writable(text)
    except (TypeError, ValueError) as error:
        raise TypeError(f"ScanResult.metadata cannot be written as JSON: {error}") from error
    plain: dict[str, Any] = json.loads(text)
    return plain


def _checked_unknown(unknown: object, candidates: int) -> Mask | None:
    if unknown is None:
        return None
    mask = np.asarray(unknown)
    if mask.dtype != np.bool_ or mask.shape != (candidates,):
        raise TypeError(
            f"ScanResult.unknown has {mask.dtype} of shape {mask.shape}; "
            f"give one bool for each of the {candidates} session_data.symbols"
        )
    return mask


def _check_writable(text: str) -> None:
    """A text may hold half a character, which no file takes; it raises a ValueError then."""
    text.encode()


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
