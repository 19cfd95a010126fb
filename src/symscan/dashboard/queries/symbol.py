"""The page Symbol: bars, the indicators that scanners read, stays and what was unknown."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from symscan.dashboard.columns import by_columns
from symscan.dashboard.opened_runs import SHOWN, OpenedRun, as_instant
from symscan.dashboard.parameters import MOST_VALUES, Parameters
from symscan.dashboard.queries.stays import stays_of_session
from symscan.dashboard.queries.times import cut
from symscan.errors import InputError
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.research.charts.symbol_chart import indicators_of_session, is_price

_LEVELS: Final = ("previous_close", "premarket_high", "premarket_low")
_DAYS: Final = 60
_MOST_SYMBOLS: Final = 20
_BARS: Final = ("start", "end", "open", "high", "low", "close", "volume")


def bars(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return the bars of a symbol that ended by an instant: of a session, or daily ones up to it."""
    asked.expect("session", "symbol", "interval", "until")
    session, symbol = opened.session(asked.day()), asked.needed("symbol")
    interval = asked.choice("interval", (*SHOWN, "1d"), "5m")
    until = asked.instant("until")
    found = _bars(opened, session, symbol, interval)
    known = cut(found, "end", until)
    return {
        "interval": interval,
        "rows": by_columns(known.select(_BARS)),
    }


def _bars(opened: OpenedRun, session: Session, symbol: str, interval: str) -> pl.DataFrame:
    if interval != "1d":
        found = opened.store.bars(symbol, interval, session.date)
        start = pl.col("start").to_physical()
        return found.filter(start < session.close)
    earlier = opened.calendar.previous(session.date, _DAYS)
    return opened.store.bars(symbol, interval, earlier[0].date if earlier else session.date, session.date)


def indicators(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return what the run's scanners read of a symbol, as it was at the end of each bar, and its levels.

    The values are the engine's: the session is played for this symbol.
    """
    asked.expect("session", "symbol", "interval", "until")
    session, symbol = opened.session(asked.day()), asked.needed("symbol")
    interval = asked.choice("interval", SHOWN, "5m")
    until = asked.instant("until")
    keys = indicators_of_session(opened.run.files, session.date)[:MOST_VALUES]
    columns = list(dict.fromkeys(("vwap", *_LEVELS, *keys)))
    found = opened.store.bars(symbol, interval, session.date, columns=columns)
    known = cut(found.filter(pl.col("start").to_physical() < session.close), "end", until)
    return {
        "end": by_columns(known.select("end"))["end"],
        "lines": [
            {"name": key, "on_prices": key == "vwap" or is_price(key), "values": known[key].to_list()}
            for key in ("vwap", *(one for one in keys if one != "vwap"))
        ],
        "levels": {name: _last(known[name]) for name in _LEVELS},
        "open": _open(known, session),
    }


def _last(series: pl.Series) -> float | None:
    known = series.drop_nulls()
    return float(known[-1]) if len(known) else None


def _open(bars_: pl.DataFrame, session: Session) -> float | None:
    regular = bars_.filter(pl.col("start").to_physical() >= session.open)
    return float(regular["open"][0]) if regular.height else None


def lanes(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return the stays of symbols in a session, when they could not be judged, and scans that failed."""
    asked.expect("session", "symbol", "until")
    session, until = opened.session(asked.day()), asked.instant("until")
    symbols = asked.texts("symbol")
    if not symbols or len(symbols) > _MOST_SYMBOLS:
        raise InputError(f"'symbol' is given {len(symbols)} times; give 1 to {_MOST_SYMBOLS}")
    of = pl.col("symbol").is_in(symbols)
    stays = stays_of_session(opened, session, until).filter(of)
    columns = ["scanner", "symbol", "entered", "left", "why", "new", "scans", "best_rank", "price", "values"]
    columns += ["highest_pct", "lowest_pct", "last_price"]
    failed = opened.run.scans.filter(pl.col("session") == session.date, pl.col("outcome") != "ok")
    return {
        "scanners": opened.run.scanners,
        "stays": by_columns(stays.select(columns)),
        "unknown": by_columns(_unknown(opened, session, of, until)),
        "failed": by_columns(cut(failed, "scan_at", until).select("scanner", "scan_at", "outcome", "error")),
    }


def _unknown(opened: OpenedRun, session: Session, of: pl.Expr, until: Instant | None) -> pl.DataFrame:
    """Return stretches of unknown, cut at the instant: how long they went on was not known then."""
    stretches = opened.run.unknown.filter(pl.col("session") == session.date, of)
    begun = cut(stretches, "from", until).select("scanner", "symbol", "reason", "from", "to")
    if until is None:
        return begun
    return begun.with_columns(pl.min_horizontal("to", as_instant(until)).alias("to"))


def symbols(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return the symbols that begin with a text: of the store, else those that were found by an instant."""
    asked.expect("prefix", "limit", "until")
    until = asked.instant("until")
    prefix = (asked.text("prefix") or "").upper()
    limit = asked.whole("limit", 20, 200)
    if opened.store_fault is None:
        known = opened.store.symbols()
    else:
        seen = (cut(opened.run.unknown, "from", until), cut(opened.run.episodes, "entered", until))
        known = sorted({symbol for frame in seen for symbol in frame["symbol"].unique()})
    first = [one for one in known if one.upper().startswith(prefix)]
    return {"symbols": first[:limit], "more": max(len(first) - limit, 0)}
