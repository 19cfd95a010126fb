"""The page Hits: stays as of an instant, who is on the lists then, and every scan."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from symscan.dashboard.columns import by_columns, seconds
from symscan.dashboard.opened_runs import OpenedRun
from symscan.dashboard.parameters import MOST_ROWS, Parameters
from symscan.dashboard.queries.filters import kept
from symscan.dashboard.queries.stays import stays_of_session
from symscan.errors import InputError
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.runs.texts import with_texts

_FARTHEST_ROW: Final = 10_000_000
_FORMULA: Final = r"^[=+\-@\t\r]"
_SORTS: Final = (
    *("entered", "left", "scanner", "symbol", "why", "scans", "first_rank", "best_rank", "last_rank"),
    *("price", "last_price", "price_end", "highest_pct", "lowest_pct", "new", "episode"),
)
_COLUMNS: Final = (
    *("session", "scanner", "symbol", "episode", "new", "phase", "entered", "left", "why", "scans"),
    *("first_rank", "best_rank", "last_rank", "price", "last_price", "price_end"),
    *("highest", "lowest", "highest_pct", "lowest_pct", "values"),
)
_HIT_COLUMNS: Final = (
    *("scan_at", "scanner", "phase", "symbol", "rank", "new", "price", "previous_close"),
    *("change_pct", "gap_pct", "volume", "last_bar_end"),
)


def stays(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return the stays of a session as of an instant: filtered, sorted, one page of them."""
    asked.expect(
        *("session", "until", "scanner", "symbol", "new", "entered_from", "entered_to", "max_rank"),
        *("where", "sort", "offset", "limit"),
    )
    found, ordered = _ordered(opened, asked)
    page = ordered.slice(asked.whole("offset", 0, _FARTHEST_ROW), asked.whole("limit", MOST_ROWS, MOST_ROWS))
    return {
        "total": ordered.height,
        "hidden": found.height - ordered.height,
        "rows": by_columns(page.select(_COLUMNS)),
        "has_bars": opened.store_fault is None,
    }


def stays_csv(opened: OpenedRun, asked: Parameters) -> bytes:
    """Return the stays of a session as CSV: all that are listed, in the same order.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    asked.expect("session", "until", "scanner", "symbol", "new", "max_rank", "where", "sort")
    rows = with_texts(_ordered(opened, asked)[1].select(_COLUMNS))
    texts = [name for name, kind in rows.schema.items() if kind == pl.String()]
    return rows.with_columns(map(harmless, texts)).write_csv().encode()


def harmless(name: str) -> pl.Expr:
    """Return a column of texts with an apostrophe before those that a spreadsheet would evaluate."""
    text = pl.col(name)
    is_formula = text.str.contains(_FORMULA).fill_null(False)
    return pl.when(is_formula).then(pl.lit("'") + text).otherwise(text).alias(name)


def _ordered(opened: OpenedRun, asked: Parameters) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the stays of a session as of an instant, and those that are listed, in order."""
    session = opened.session(asked.day())
    found = stays_of_session(opened, session, asked.instant("until"))
    chosen = _chosen(opened, found, asked)
    where = asked.text("where")
    rows = chosen if where is None else kept(chosen, where)
    return found, _sorted(rows, asked.text("sort") or "-entered")


def _chosen(opened: OpenedRun, found: pl.DataFrame, asked: Parameters) -> pl.DataFrame:
    scanners, symbol = asked.texts("scanner"), asked.text("symbol")
    opened.check_scanners(scanners)
    start, end = asked.instant("entered_from"), asked.instant("entered_to")
    entered = pl.col("entered").to_physical()
    wanted = [
        *([pl.col("scanner").is_in(scanners)] if scanners else []),
        *([pl.col("symbol") == symbol] if symbol else []),
        *([pl.col("new")] if asked.flag("new") else []),
        *([entered >= start] if start is not None else []),
        *([entered <= end] if end is not None else []),
        *([pl.col("best_rank") <= asked.whole("max_rank", 0, MOST_ROWS)] if asked.text("max_rank") else []),
    ]
    return found.filter(wanted) if wanted else found


def _sorted(rows: pl.DataFrame, sort: str) -> pl.DataFrame:
    name = sort.removeprefix("-")
    if name not in _SORTS:
        raise InputError(
            f"'sort' is '{name[:60]}'; it is one of {', '.join(_SORTS)}, with - for highest first"
        )
    falling = sort.startswith("-")
    keys = dict.fromkeys((name, "entered", "scanner", "first_rank", "symbol", "episode"))
    order = [falling, *[False] * (len(keys) - 1)]
    return rows.sort(*keys, descending=order, nulls_last=True)


def now(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return who is on each scanner's list at an instant, by rank, and who left with its last scan."""
    asked.expect("session", "at", "scanner")
    session = opened.session(asked.day())
    given = asked.instant("at")
    at = session.close if given is None else given
    wanted = asked.texts("scanner") or opened.run.scanners
    opened.check_scanners(wanted)
    scans = opened.run.scans.filter(pl.col("session") == session.date, pl.col("scan_at").to_physical() <= at)
    lists = [_list(opened, session, name, scans.filter(pl.col("scanner") == name), at) for name in wanted]
    return {"at": seconds(at), "lists": lists}


def _list(
    opened: OpenedRun, session: Session, scanner: str, scans: pl.DataFrame, at: Instant
) -> dict[str, Any]:
    ok = scans.filter(pl.col("outcome") == "ok")
    if ok.is_empty():
        return {"scanner": scanner, "scan_at": None, "last_outcome": _last_outcome(scans), "rows": None}
    last = ok.row(ok.height - 1, named=True)
    of = pl.col("scanner") == scanner
    stays = stays_of_session(opened, session, at).filter(of)
    hits = opened.hits(session.date).filter(
        of, pl.col("scan_at") == last["scan_at"], pl.col("phase") == last["phase"]
    )
    began = stays.group_by("symbol").agg(pl.col("entered").max().alias("since"), pl.col("highest_pct").last())
    state = pl.when(pl.col("since") == pl.col("scan_at")).then(pl.lit("entered")).otherwise(pl.lit("stayed"))
    here = hits.join(began, on="symbol", how="left", maintain_order="left").with_columns(state.alias("state"))
    gone = _gone(stays, last, hits["symbol"])
    columns = ["symbol", "rank", "state", "since", "new", "price", "change_pct", "volume", "highest_pct"]
    rows = pl.concat(
        [here.sort("rank", "symbol").select(columns), gone.select(columns)], how="vertical_relaxed"
    )
    return {
        "scanner": scanner,
        "scan_at": by_columns(ok.tail(1).select("scan_at"))["scan_at"][0],
        "last_outcome": _last_outcome(scans),
        "rows": by_columns(rows.head(MOST_ROWS)),
    }


def _gone(stays: pl.DataFrame, last: dict[str, Any], here: pl.Series) -> pl.DataFrame:
    """Return who left with the last scan; a scanner that ended has not sent its list away."""
    left = stays.filter(pl.col("left") == last["scan_at"], ~pl.col("symbol").is_in(here.to_list()))
    return left.sort("last_rank", "symbol").with_columns(
        pl.lit(None, pl.Int32).alias("rank"),
        pl.lit("left").alias("state"),
        pl.col("entered").alias("since"),
        pl.lit(None, pl.Float64).alias("change_pct"),
        pl.lit(None, pl.Float64).alias("volume"),
        pl.col("last_price").alias("price"),
    )


def _last_outcome(scans: pl.DataFrame) -> str | None:
    return None if scans.is_empty() else str(scans["outcome"][-1])


def hits(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return all scans of one symbol, or of one instant: a row each, up to an instant."""
    asked.expect("session", "symbol", "scan_at", "scanner", "until", "offset", "limit")
    session = opened.session(asked.day())
    symbol, scan_at, until = asked.text("symbol"), asked.instant("scan_at"), asked.instant("until")
    scanners = asked.texts("scanner")
    opened.check_scanners(scanners)
    instant = pl.col("scan_at").to_physical()
    wanted = [
        *([pl.col("symbol") == symbol] if symbol else []),
        *([instant == scan_at] if scan_at is not None else []),
        *([pl.col("scanner").is_in(scanners)] if scanners else []),
        *([instant <= until] if until is not None else []),
    ]
    found = opened.hits(session.date)
    chosen = found.filter(wanted) if wanted else found
    ordered = chosen.sort("scan_at", "scanner", "rank", "symbol", descending=[True, False, False, False])
    page = ordered.slice(asked.whole("offset", 0, _FARTHEST_ROW), asked.whole("limit", MOST_ROWS, MOST_ROWS))
    return {"total": ordered.height, "rows": by_columns(page.select(_HIT_COLUMNS))}
