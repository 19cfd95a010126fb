"""Alpaca's answers by REST, made into frames and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from symscan.errors import FeedError
from symscan.model.bar import FIELDS

if TYPE_CHECKING:
    import polars as pl

_JSON_KEYS: Final = ("t", "o", "h", "l", "c", "v")
_SPLITS: Final = ("forward_splits", "reverse_splits")


def bars_frame(bars: Mapping[str, Sequence[Mapping[str, Any]]]) -> pl.DataFrame:
    """A page of bars, by symbol, as a frame: ``symbol``, ``start``, open to volume.

    Raises
    ------
    FeedError
        If something in it is no bar.
    """
    import polars as pl

    columns: dict[str, list[Any]] = {}
    try:
        symbols = [symbol for symbol, found in bars.items() for _ in found]
        for name, key in zip(("start", *FIELDS), _JSON_KEYS, strict=True):
            columns[name] = [bar[key] for found in bars.values() for bar in found]
        numbers = [pl.Series(name, columns[name], pl.Float64) for name in FIELDS]
        start = pl.Series("start", columns["start"], pl.String).str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC"
        )
    except (KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise FeedError(f"Alpaca sent bars that are none ({_first_words(error)}); try again later") from None
    return pl.DataFrame([pl.Series("symbol", symbols, pl.String), start, *numbers])


def splits_of(page: Mapping[str, Any]) -> Iterator[tuple[str, date, float]]:
    """The splits in a page of corporate actions: symbol, ex-date, ratio.

    Raises
    ------
    FeedError
        If one is no split.
    """
    actions = page.get("corporate_actions") or {}
    for action in (action for kind in _SPLITS for action in actions.get(kind) or ()):
        try:
            ratio = float(action["new_rate"]) / float(action["old_rate"])
            yield str(action["symbol"]), date.fromisoformat(action["ex_date"]), ratio
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            raise FeedError(f"Alpaca sent a split that is none: {action}; try again later") from None


def _first_words(error: Exception) -> str:
    return str(error).partition("\n")[0][:150]
