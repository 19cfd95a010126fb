"""Episodes: a symbol's stays on a scanner's list, over consecutive scans that were ok."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.instant import Instant
from symscan.runs.schemas import EPISODES_SCHEMA, INSTANT, PHASES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BARS_SCHEMA: Final = pl.Schema(
    {"symbol": pl.String(), "end": INSTANT, "high": pl.Float64(), "low": pl.Float64(), "close": pl.Float64()}
)
"""The columns of the bars from which prices during a stay are read."""

SymbolBars = Callable[[Sequence[str]], pl.DataFrame]
"""Returns the regular bars of symbols, and maybe of others, in the base interval, by symbol and end."""

REMOVALS_SCHEMA: Final = pl.Schema({"scanner": pl.String(), "symbol": pl.String(), "scan": pl.Int64()})

_BY: Final = ["scanner", "symbol"]
_READ: Final = ["session", "scan_at", "scanner", "phase", "symbol", "rank", "new", "price", "scan"]


class Why(StrEnum):
    """Why a stay ended."""

    LEFT = "left"
    UNKNOWN = "unknown"
    REMOVED = "removed"
    SCANNER_ENDED = "scanner_ended"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class SessionScans:
    """The scans of one session, from which its episodes follow.

    Attributes
    ----------
    close
        The session's close.
    scans
        ``scan`` (the number in the order of results), ``scan_at``, ``scanner``, ``phase``, ``outcome``.
    hits
        The columns of ``hits``, and ``scan``.
    unknown
        ``scanner``, ``symbol``, ``from``, ``to``: when a symbol could not be judged.
    removals
        ``scanner``, ``symbol``: whom a scanner had removed, and ``scan``: how many scans had ended before.
    """

    close: Instant
    scans: pl.DataFrame
    hits: pl.DataFrame
    unknown: pl.DataFrame
    removals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REMOVALS_SCHEMA))


def episodes_of(session: SessionScans, bars_of: SymbolBars | None) -> pl.DataFrame:
    """Return the episodes of a session, by time, phase, scanner, rank and symbol.

    Parameters
    ----------
    bars_of
        Reads the bars; None leaves unknown what depends on them.

    Returns
    -------
    polars.DataFrame
        The columns of ``episodes`` but for ``values``, and ``hit``: the row of ``hits`` it began with.
    """
    stays = _ended(session, _stays(session))
    stays = stays.with_columns(_with_prices(session, stays, bars_of))
    return stays.sort(_phase_order("entered"), maintain_order=True)


def finished(stays: pl.DataFrame, values: pl.Series) -> pl.DataFrame:
    """Return the columns of ``episodes``, given the metadata at entry."""
    return stays.with_columns(values.alias("values")).select(
        pl.col(name).cast(kind) for name, kind in EPISODES_SCHEMA.items()
    )


def _phase_order(instant: str) -> list[pl.Expr]:
    phase = pl.col("phase").replace_strict(
        list(PHASES), list(range(len(PHASES))), default=len(PHASES), return_dtype=pl.Int8
    )
    return [pl.col(instant), phase, pl.col("scanner"), pl.col("first_rank"), pl.col("symbol")]


def _stays(session: SessionScans) -> pl.DataFrame:
    """Return one row per stay, with the number of its last scan that was ok among those of its scanner."""
    number = pl.int_range(pl.len()).over("scanner").alias("number")
    ok = session.scans.filter(pl.col("outcome") == "ok").select("scan", number)
    begins = pl.any_horizontal(
        *(pl.col(name).ne_missing(pl.col(name).shift()) for name in _BY),
        pl.col("number") != pl.col("number").shift() + 1,
    )
    rows = (
        session.hits.select(_READ)
        .with_row_index("hit")
        .join(ok, on="scan", how="inner", maintain_order="left")
        .sort(*_BY, "number", maintain_order=True)
        .with_columns(begins.cum_sum().alias("stay"))
    )
    return (
        rows.group_by("stay", maintain_order=True)
        .agg(
            pl.col("hit", "session", *_BY, "new", "phase", "price").first(),
            pl.col("scan_at").first().alias("entered"),
            pl.len().alias("scans"),
            pl.col("rank").first().alias("first_rank"),
            pl.col("rank").min().alias("best_rank"),
            pl.col("rank").last().alias("last_rank"),
            pl.col("scan").last().alias("last_scan"),
            pl.col("number").last(),
        )
        .with_columns((pl.int_range(pl.len()).over(_BY) + 1).alias("episode"))
    )


def _ended(session: SessionScans, stays: pl.DataFrame) -> pl.DataFrame:
    """Add when each stay ended, and why."""
    number = pl.int_range(pl.len()).over("scanner") - 1
    ok = session.scans.filter(pl.col("outcome") == "ok").select(
        "scanner", number.alias("number"), pl.col("scan_at").alias("next_at"), pl.col("scan").alias("next")
    )
    ends = session.scans.group_by("scanner").agg(
        (pl.col("scan_at").max().to_physical() >= session.close).alias("is_closing"),
        pl.col("scan_at").filter(pl.col("outcome") == "ok").max().alias("last_ok"),
    )
    known = (
        stays.join(ok, on=["scanner", "number"], how="left", maintain_order="left")
        .join(ends, on="scanner", how="left", maintain_order="left")
        .with_row_index("row")
    )
    is_unknown = known["row"].is_in(_unknown_rows(session, known).implode())
    is_removed = known["row"].is_in(_removed_rows(session, known).implode())
    why = (
        pl.when(pl.col("next_at").is_null())
        .then(pl.when("is_closing").then(pl.lit(Why.CLOSE)).otherwise(pl.lit(Why.SCANNER_ENDED)))
        .when(is_unknown)
        .then(pl.lit(Why.UNKNOWN))
        .when(is_removed)
        .then(pl.lit(Why.REMOVED))
        .otherwise(pl.lit(Why.LEFT))
    )
    last = pl.when(~pl.col("is_closing")).then("last_ok")
    return known.with_columns(why=why.cast(pl.String), left=pl.coalesce("next_at", last))


def _unknown_rows(session: SessionScans, stays: pl.DataFrame) -> pl.Series:
    """Return the stays at whose next scan the symbol could not be judged."""
    gone = stays.filter(pl.col("next_at").is_not_null()).select("row", *_BY, "next_at").sort("next_at")
    stretches = session.unknown.select(*_BY, "from", "to").sort("from", maintain_order=True)
    found = gone.join_asof(
        stretches, left_on="next_at", right_on="from", by=_BY, strategy="backward", check_sortedness=False
    )
    return found.filter(pl.col("to") >= pl.col("next_at"))["row"]


def _removed_rows(session: SessionScans, stays: pl.DataFrame) -> pl.Series:
    """Return the stays in which the scanner had the symbol removed before its next scan."""
    removals = session.removals.rename({"scan": "removed"})
    found = stays.select("row", *_BY, "last_scan", "next").join(removals, on=_BY, how="inner")
    is_between = (pl.col("removed") > pl.col("last_scan")) & (pl.col("removed") <= pl.col("next"))
    return found.filter(is_between)["row"].unique()


def _with_prices(session: SessionScans, stays: pl.DataFrame, bars_of: SymbolBars | None) -> list[pl.Series]:
    """Return the highest and lowest price of each stay, against the price at entry, and that at its end."""
    price = stays["price"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    unknown = np.full(stays.height, np.nan)
    highest, lowest, end = unknown, unknown, unknown
    if bars_of is not None:
        highest, lowest, end = _extremes(session, stays, bars_of(stays["symbol"].unique().sort().to_list()))
        end = np.where(np.isnan(end), price, end)
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = [100.0 * (one / price - 1.0) for one in (highest, lowest)]
    values = {
        "price_end": end,
        "highest": highest,
        "lowest": lowest,
        "highest_pct": np.where(np.isfinite(changes[0]), changes[0], np.nan),
        "lowest_pct": np.where(np.isfinite(changes[1]), changes[1], np.nan),
    }
    return [pl.Series(name, column, pl.Float64, nan_to_null=True) for name, column in values.items()]


def _extremes(session: SessionScans, stays: pl.DataFrame, bars: pl.DataFrame) -> tuple[Floats, ...]:
    """Return the highest, lowest and last price of the bars that ended in ``(entered, left]``, or NaN."""
    first, stop = _spans(session, stays, bars)
    found = np.flatnonzero(first < stop)
    results = [np.full(stays.height, np.nan) for _ in range(3)]
    if len(found):
        # A pair of bounds for each stay; what lies between two stays is reduced too, and dropped.
        bounds = np.stack([first[found], stop[found]], axis=1).ravel()
        for result, name, reduce in ((results[0], "high", np.maximum), (results[1], "low", np.minimum)):
            column = np.append(bars[name].to_numpy(), np.nan)  # a bound may be one past the last bar
            result[found] = reduce.reduceat(column, bounds)[::2]
        results[2][found] = bars["close"].to_numpy()[stop[found] - 1]
    return tuple(results)


def _spans(session: SessionScans, stays: pl.DataFrame, bars: pl.DataFrame) -> tuple[Ints, Ints]:
    """Return the first row of each stay's bars, and the row after its last."""
    runs = bars["symbol"].rle().struct.unnest()  # sorted: a symbol's bars follow one another
    codes = pl.DataFrame({"symbol": runs["value"], "code": pl.Series(range(runs.height), dtype=pl.Int64)})
    code_of_bar = np.repeat(np.arange(runs.height), runs["len"].to_numpy())
    code = stays.join(codes, on="symbol", how="left", maintain_order="left")["code"].fill_null(-1).to_numpy()
    ends = bars["end"].to_physical().to_numpy()
    entered = stays["entered"].to_physical().to_numpy()
    left = stays["left"].to_physical().fill_null(session.close).to_numpy()
    origin = min(ends.min(initial=session.close), entered.min(initial=session.close)) - 1
    width = max(ends.max(initial=session.close), left.max(initial=session.close)) - origin + 1
    keys = code_of_bar * width + (ends - origin)
    first = np.searchsorted(keys, code * width + (entered - origin), side="right")
    stop = np.searchsorted(keys, code * width + (left - origin), side="right")
    return first, stop
