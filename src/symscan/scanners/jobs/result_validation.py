"""Validate a scan's result before the engine uses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

import numpy as np

from symscan.model.bar import Mask
from symscan.model.decisions.clauses import Clause
from symscan.model.hit_metadata import FrameMetadata, StrayMetadata
from symscan.scanners.base import ScanResult
from symscan.scanners.jobs.metadata_values import plain_key, plain_value


class ResultError(ValueError):
    """A result that contradicts the session it was found in: its scan has failed."""


def checked_result(result: object, candidates: int) -> ScanResult:
    """Return the result with duplicate symbols merged and metadata that JSON can hold.

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
        JSON can hold, or ``unknown``, ``evaluated`` or a clause is not over the candidates.
    """
    if not isinstance(result, ScanResult):
        raise TypeError(f"scan() returned {type(result).__name__}; return a ScanResult")
    result.symbols = _checked_symbols(result.symbols)
    if _are_values_by_symbol(result.metadata):
        # A result from another process was checked there, and its stray metadata were dropped.
        result.stray_metadata = StrayMetadata.of(result.metadata, result.symbols) or result.stray_metadata
    result.metadata = _checked_metadata(result.metadata, result.symbols)
    result.unknown = _checked_mask("unknown", result.unknown, candidates)
    result.evaluated = _checked_mask("evaluated", result.evaluated, candidates)
    for clause in result.clauses or ():
        _check_clause(clause, candidates)
    if result.error is not None:
        result.error = str(result.error)
        _check_writable(result.error)
    return result


def _are_values_by_symbol(metadata: object) -> TypeGuard[Mapping[object, object]]:
    """Whether these are metadata by symbol, and of any."""
    return not isinstance(metadata, FrameMetadata) and isinstance(metadata, Mapping) and len(metadata) > 0


def _checked_symbols(symbols: object) -> tuple[str, ...]:
    if isinstance(symbols, list | tuple) and not symbols:
        return ()
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
    """The metadata of the symbols returned, as JSON can hold it."""
    if metadata is None:
        return {}
    if isinstance(metadata, FrameMetadata):
        return metadata
    if not isinstance(metadata, Mapping):
        raise TypeError(f"ScanResult.metadata is {type(metadata).__name__}; give values by symbol")
    return {symbol: _of_symbol(symbol, metadata[symbol]) for symbol in symbols if symbol in metadata}


def _of_symbol(symbol: str, values: object) -> dict[str, Any]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise TypeError(
            f"ScanResult.metadata of '{symbol}' is {type(values).__name__}; "
            "give a mapping of values by name, as in {'gap_percent': 2.5}"
        )
    try:
        return {plain_key(key): plain_value(value, str(key)) for key, value in values.items()}
    except RecursionError:
        raise TypeError(f"ScanResult.metadata of '{symbol}' contains itself, or nests too deep") from None
    except ValueError as error:
        raise TypeError(f"ScanResult.metadata of '{symbol}' cannot be written: {error}") from None


def _checked_mask(name: str, given: object, candidates: int) -> Mask | None:
    if given is None:
        return None
    mask = np.asarray(given)
    if mask.dtype != np.bool_ or mask.shape != (candidates,):
        raise TypeError(
            f"ScanResult.{name} has {mask.dtype} of shape {mask.shape}; "
            f"give one bool for each of the {candidates} session_data.symbols"
        )
    return mask


def _check_clause(clause: object, candidates: int) -> None:
    if not isinstance(clause, Clause):
        raise TypeError(f"ScanResult.clauses holds {type(clause).__name__}; give a list of symscan.Clause")
    arrays = {"values": clause.values, "limit": clause.limit, "true": clause.true, "false": clause.false}
    arrays["applies"] = clause.applies
    for name, array in arrays.items():
        if array is not None and np.ndim(array) and np.shape(array) != (candidates,):
            raise TypeError(
                f"{name} of clause '{clause.name}' has shape {np.shape(array)}; give one value for each of "
                f"the {candidates} session_data.symbols"
            )


def _check_writable(text: str) -> None:
    """A text may hold half a character, which no file takes; it raises a ValueError then."""
    text.encode()
