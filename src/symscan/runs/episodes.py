"""Episodes: a symbol's stays on a scanner's list, over consecutive scans that were ok."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from msgspec import Struct, field
from numpy.typing import NDArray

from symscan.bars.prices import BarPrices
from symscan.model.instant import Instant
from symscan.runs.extremes import extremes
from symscan.runs.schemas import EPISODES_SCHEMA, INSTANT, PHASES
from symscan.runs.texts import clock_texts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SymbolPrices = Callable[[Sequence[str]], BarPrices]
"""Returns the prices of the regular bars of symbols, and maybe of others, in the base interval."""

REMOVALS_SCHEMA: Final = pl.Schema({"scanner": pl.String(), "symbol": pl.String(), "scan": pl.Int64()})

_ENTRY: Final = ("session", "scanner", "symbol", "new", "phase", "price")
"""What of a stay's first hit is in its episode as it is."""

_PCT_DECIMALS: Final = 2


class Why(StrEnum):
    """Why a stay ended."""

    LEFT = "left"
    UNKNOWN = "unknown"
    REMOVED = "removed"
    SCANNER_ENDED = "scanner_ended"
    CLOSE = "close"


_WHYS: Final = pl.Series([why.value for why in Why], dtype=pl.String)
_NUMBER_OF: Final = {why: number for number, why in enumerate(Why)}


class SessionScans(Struct, frozen=True):
    """The scans of one session, from which its episodes follow.

    Attributes
    ----------
    close
        The session's close.
    scans
        ``scan`` (the number in the order of results), ``scan_at``, ``scanner``, ``phase``, ``outcome``.
    hits
        The columns of ``hits`` in their order, and ``scan``.
    unknown
        ``scanner``, ``phase``, ``symbol``, ``from``, ``to``: when a symbol could not be judged; without a
        phase at any scan of those instants.
    removals
        ``scanner``, ``symbol``: whom a scanner had removed, and ``scan``: how many scans had ended before.
    """

    close: Instant
    scans: pl.DataFrame
    hits: pl.DataFrame
    unknown: pl.DataFrame
    removals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REMOVALS_SCHEMA))


def episodes_of(session: SessionScans, prices_of: SymbolPrices | None) -> pl.DataFrame:
    """Return the episodes of a session, by time, phase, scanner, rank and symbol.

    Parameters
    ----------
    prices_of
        Reads the bars; None leaves unknown what depends on them.

    Returns
    -------
    polars.DataFrame
        The columns of ``episodes`` but for ``values``, and ``hit``: the row of ``hits`` it began with.
    """
    codes = _Codes.of(session)
    scans = _OkScans.of(session, codes)
    found = _stays(session, codes, scans)
    ends = _ends(session, codes, scans, found)
    entry = session.hits[list(_ENTRY)][found.first]
    stays = entry.hstack([*found.columns(session.hits), *ends.columns()])
    return stays.hstack(_with_prices(stays, ends.until(session.close), prices_of))


def finished(stays: pl.DataFrame, values: pl.Series) -> pl.DataFrame:
    """Return the columns of ``episodes``, given the metadata at entry."""
    return stays.hstack([values.alias("values")])[EPISODES_SCHEMA.names()]


def for_people(episodes: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Return the rows of ``episodes.csv``: times of the exchange's clock, and changes of two decimals."""
    shown = {
        **{name: clock_texts(episodes[name], zone) for name in ("entered", "left")},
        **{name: _hundredths(episodes[name]) for name in ("highest_pct", "lowest_pct")},
    }
    return pl.DataFrame([shown.get(one.name, one) for one in episodes])


def _hundredths(changes: pl.Series) -> pl.Series:
    return pl.Series(changes.name, np.round(changes.to_numpy(), _PCT_DECIMALS), nan_to_null=True)


class _Codes(Struct, frozen=True):
    """Numbers for names: of scanners, and of pairs of a scanner and a symbol."""

    scans: Ints
    hits: Ints
    unknown: Ints
    removals: Ints

    @classmethod
    def of(cls, session: SessionScans) -> _Codes:
        number_of: dict[str, int] = {}
        scans = _numbers(session.scans["scanner"], number_of)
        others = [_numbers(frame["scanner"], number_of) for frame in (session.unknown, session.removals)]
        numbers = session.scans["scan"].cast(pl.Int64).to_numpy()
        of_scan = np.full(int(numbers.max(initial=-1)) + 2, -1)  # the last is that of no scan
        of_scan[numbers] = scans
        scanners = [of_scan[_scans_of_hits(session)], *others]
        symbols = _numbered([frame["symbol"] for frame in (session.hits, session.unknown, session.removals)])
        width = 1 + max((int(one.max(initial=0)) for one in symbols), default=0)
        hits, unknown, removals = (
            scanner * width + symbol for scanner, symbol in zip(scanners, symbols, strict=True)
        )
        return cls(scans, hits, unknown, removals)


class _OkScans(Struct, frozen=True):
    """The scans that were ok, scanner by scanner.

    Attributes
    ----------
    number
        Of each scan of the session, by ``scan``: its place among those of its scanner, -1 where not ok.
    scan, at, moment
        Of each scan that was ok, in the order of scanners and then of scans; a moment is an instant and a
        phase, see :func:`_moments`.
    following
        Of each scan of the session, by ``scan``: the place in ``scan`` of the next of its scanner, or -1.
    """

    number: Ints
    following: Ints
    scan: Ints
    at: Ints
    moment: Ints

    @classmethod
    def of(cls, session: SessionScans, codes: _Codes) -> _OkScans:
        scan = session.scans["scan"].cast(pl.Int64).to_numpy()
        ok = np.flatnonzero((session.scans["outcome"] == "ok").to_numpy())
        ok = ok[np.argsort(codes.scans[ok], kind="stable")]
        scanner = codes.scans[ok]
        first = np.searchsorted(scanner, scanner)
        number = np.full(int(scan.max(initial=-1)) + 1, -1)
        following = number.copy()
        number[scan[ok]] = np.arange(len(ok)) - first
        is_followed = np.append(scanner[1:] == scanner[:-1], False) if len(ok) else np.zeros(0, np.bool_)
        following[scan[ok]] = np.where(is_followed, np.arange(len(ok)) + 1, -1)
        at = session.scans["scan_at"].cast(pl.Int64).to_numpy()[ok]
        return cls(number, following, scan[ok], at, _moments(at, session.scans["phase"][ok], 0))


class _Stays(Struct, frozen=True):
    """The stays by their first hit: rows of ``hits``, and what follows from the rows between.

    Attributes
    ----------
    code
        The pair of scanner and symbol.
    first, last
        The rows of ``hits`` it began and ended with.
    scans
        How many rows it has.
    episode
        Which stay of the pair it is, from 1.
    best
        The best rank.
    """

    code: Ints
    first: Ints
    last: Ints
    scans: Ints
    episode: Ints
    best: Ints

    def columns(self, hits: pl.DataFrame) -> list[pl.Series]:
        """Return the columns that follow from the hits."""
        rank = hits["rank"].to_numpy()
        return [
            pl.Series("hit", self.first, pl.UInt32),
            hits["scan_at"][self.first].alias("entered"),
            pl.Series("scans", self.scans, pl.Int32),
            pl.Series("first_rank", rank[self.first], pl.Int32),
            pl.Series("best_rank", self.best, pl.Int32),
            pl.Series("last_rank", rank[self.last], pl.Int32),
            pl.Series("episode", self.episode, pl.Int32),
        ]


class _Ends(Struct, frozen=True):
    """When stays ended, and why: ``left`` is meant only where ``is_left``."""

    left: Ints
    is_left: NDArray[np.bool_]
    why: Ints

    def until(self, close: Instant) -> Ints:
        """Return the instants up to which stays are followed."""
        return np.where(self.is_left, self.left, close)

    def columns(self) -> list[pl.Series]:
        """Return the columns ``left`` and ``why``."""
        left = pl.Series("left", self.left, pl.Int64).set(pl.Series(~self.is_left), None)
        return [left.cast(INSTANT), _WHYS[self.why].alias("why")]


def _stays(session: SessionScans, codes: _Codes, scans: _OkScans) -> _Stays:
    """Return the stays: hits of a pair at consecutive scans that were ok."""
    number = np.append(scans.number, -1)[_scans_of_hits(session)]
    rows = np.flatnonzero(number >= 0)
    # Neighbours in a stay differ by one; those of two pairs never do.
    key = codes.hits[rows] * (len(scans.scan) + 2) + number[rows]
    order = np.argsort(key, kind="stable")
    rows, key = rows[order], key[order]
    starts = np.flatnonzero(np.diff(key, prepend=key[:1] - 2) != 1)
    stops = np.append(starts[1:], len(rows))[: len(starts)]
    code = codes.hits[rows[starts]]
    ranks = session.hits["rank"].to_numpy()[rows]
    best = np.minimum.reduceat(ranks, starts) if len(starts) else ranks
    episode = np.arange(1, len(starts) + 1) - np.searchsorted(code, code)
    by_hit = np.argsort(rows[starts])
    columns = (code, rows[starts], rows[stops - 1], stops - starts, episode, best)
    return _Stays(*(column[by_hit] for column in columns))


def _ends(session: SessionScans, codes: _Codes, scans: _OkScans, stays: _Stays) -> _Ends:
    """Return when each stay ended, and why."""
    last = _scans_of_hits(session)[stays.last]
    following = scans.following[last]
    is_followed = following >= 0
    at = np.append(scans.at, -1)[following]
    scan = np.append(scans.scan, -1)[following]
    why = np.full(len(last), _NUMBER_OF[Why.LEFT])
    why[_were_removed(session, codes, stays.code, last, scan)] = _NUMBER_OF[Why.REMOVED]
    moment = np.append(scans.moment, -1)[following]
    why[_are_unknown(session, codes, stays.code, moment)] = _NUMBER_OF[Why.UNKNOWN]
    is_closing, last_ok = _last_scans(session)
    names = session.hits["scanner"][stays.first[~is_followed]].to_list()
    closing = np.array([is_closing[name] for name in names], np.bool_)
    why[~is_followed] = np.where(closing, _NUMBER_OF[Why.CLOSE], _NUMBER_OF[Why.SCANNER_ENDED])
    at[~is_followed] = [last_ok[name] for name in names]
    is_left = is_followed.copy()
    is_left[~is_followed] = ~closing
    return _Ends(at, is_left, why)


def _last_scans(session: SessionScans) -> tuple[dict[str, bool], dict[str, Instant]]:
    """Return of each scanner whether its last scan was at the close, and its last scan that was ok."""
    last, last_ok = dict[str, Instant](), dict[str, Instant]()
    columns = session.scans["scanner"], session.scans["scan_at"].cast(pl.Int64), session.scans["outcome"]
    for scanner, at, outcome in zip(*(column.to_list() for column in columns), strict=True):
        last[scanner] = max(at, last.get(scanner, at))
        if outcome == "ok":
            last_ok[scanner] = max(at, last_ok.get(scanner, at))
    return {scanner: at >= session.close for scanner, at in last.items()}, last_ok


def _moments(at: Ints, phases: pl.Series, without: int) -> Ints:
    """Return one number for an instant and a phase, in the order of both; ``without`` stands for no phase."""
    places = phases.replace_strict(PHASES, range(len(PHASES)), default=without, return_dtype=pl.Int64)
    moments: Ints = at * len(PHASES) + places.to_numpy()
    return moments


def _are_unknown(session: SessionScans, codes: _Codes, code: Ints, moment: Ints) -> NDArray[np.bool_]:
    """Return the stays at whose next scan the symbol could not be judged."""
    if not session.unknown.height:
        return np.zeros(len(code), np.bool_)
    since, to = (
        _moments(session.unknown[name].cast(pl.Int64).to_numpy(), session.unknown["phase"], without)
        for name, without in (("from", 0), ("to", len(PHASES) - 1))
    )
    order = np.lexsort((since, codes.unknown))
    pair, since, to = codes.unknown[order], since[order], to[order]
    origin = int(since.min()) - 1  # near them: keys of many pairs would else exceed what an integer holds
    moment = np.maximum(moment, origin)
    width = max(int(since.max()), int(moment.max(initial=origin))) - origin + 1
    wanted = _keys(code, moment, origin, width)
    found = np.searchsorted(_keys(pair, since, origin, width), wanted, "right") - 1
    is_of_pair = (found >= 0) & (pair[found] == code)
    unknown: NDArray[np.bool_] = is_of_pair & (to[found] >= moment)
    return unknown


def _were_removed(
    session: SessionScans, codes: _Codes, code: Ints, last: Ints, following: Ints
) -> NDArray[np.bool_]:
    """Return the stays in which the scanner had the symbol removed before its next scan."""
    if not session.removals.height:
        return np.zeros(len(code), np.bool_)
    removed = session.removals["scan"].to_numpy()
    width = 2 + max(int(removed.max()), int(last.max(initial=0)), int(following.max(initial=0)))
    keys = np.sort(_keys(codes.removals, removed, -1, width))
    counts = [np.searchsorted(keys, _keys(code, scan, -1, width), "right") for scan in (last, following)]
    were: NDArray[np.bool_] = counts[0] < counts[1]
    return were


def _keys(code: Ints, value: Ints, origin: int, width: int) -> Ints:
    """Return one number for a code and a value, in the order of both."""
    return code * width + (value - origin)


def _scans_of_hits(session: SessionScans) -> Ints:
    """Return the number of each hit's scan; -1 where none is known."""
    scan = session.hits["scan"].cast(pl.Int64)
    return (scan.fill_null(-1) if scan.null_count() else scan).to_numpy()


def _numbers(names: pl.Series, number_of: dict[str, int]) -> Ints:
    return np.array([number_of.setdefault(name, len(number_of)) for name in names.to_list()], np.int64)


def _numbered(columns: Sequence[pl.Series]) -> list[Ints]:
    """Return a number for each text, the same for the same text in all of the columns."""
    together = pl.concat([column.alias("") for column in columns], rechunk=True)
    numbers = together.cast(pl.Categorical).cat.physical().cast(pl.Int64).to_numpy()
    bounds = np.cumsum([len(column) for column in columns])[:-1]
    return np.split(numbers, bounds)


def _with_prices(stays: pl.DataFrame, until: Ints, prices_of: SymbolPrices | None) -> list[pl.Series]:
    """Return the highest and lowest price of each stay, against the price at entry, and that at its end."""
    price = stays["price"].to_numpy()  # null is NaN
    unknown = np.full(stays.height, np.nan)
    highest, lowest, end = unknown, unknown, unknown
    if prices_of is not None:
        symbols = stays["symbol"].to_list()
        prices = prices_of(sorted(set(symbols)))
        columns = np.fromiter((prices.columns.get(symbol, -1) for symbol in symbols), np.int64, len(symbols))
        entered = stays["entered"].cast(pl.Int64).to_numpy()
        highest, lowest, end = extremes(prices, columns, entered, until)
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
