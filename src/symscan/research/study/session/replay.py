"""Hold a run's hits against those that are found again; take those of a live session from its files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from symscan.errors import DataError, RunError
from symscan.model.events.session import Outcome, ScanPhase
from symscan.model.session import Session
from symscan.research.study.session.judged import JudgedScan, VerdictLog
from symscan.research.unchanged_store import unchanged_store
from symscan.runs.layout import hits_file
from symscan.runs.reading import RunFiles
from symscan.runs.schemas import INSTANT, PHASES
from symscan.scanners.running.verdicts import Verdict
from symscan.sources.store.bar_store import BarStore

_KEYS: Final = ("scan_at", "phase", "scanner", "symbol")
_VALUES: Final = ("rank", "new", "price")
_STUDY_ANEW: Final = "run it anew, and study that"


class ReplayDiffers(RunError):
    """A run's hits are not found again, so that a study of them would be of something else."""


def check_replay(
    run: RunFiles, session: Session, log: VerdictLog, store: BarStore, remedy: str = _STUDY_ANEW
) -> None:
    """Check that a session that was played again has the hits of the run; ``remedy`` is what to do if not.

    Raises
    ------
    ReplayDiffers
        If it has not; the error names the first difference, and what of the store has changed since.
    """
    before, now = _of_run(run, session.date), _of_log(log)
    if before.equals(now):
        return
    both = before.join(now, on=_KEYS, how="full", coalesce=True, suffix="_now")
    differs = pl.any_horizontal(~pl.col(name).eq_missing(pl.col(f"{name}_now")) for name in _VALUES)
    row = _first(both.filter(differs))
    when = f"{session.local(_micros(row['scan_at'])):%Y-%m-%d %H:%M}"
    what = _difference(row)
    raise ReplayDiffers(
        f"{run.folder}: its hits are not found again: at {when} '{row['scanner']}' {what}"
        f"{_why(run, store)}; {remedy}"
    )


def use_live_hits(run: RunFiles, session: Session, log: VerdictLog) -> VerdictLog:
    """Return the verdicts of a live session: hits, unknown symbols and times from its files.

    Candidates and their changes are those of the scans that were played again, or of the last before.
    """
    hits, unknown = _session_rows(run, "hits", session.date), _session_rows(run, "unknown", session.date)
    scans = _session_rows(run, "scans", session.date).filter(pl.col("outcome") == str(Outcome.OK))
    found = VerdictLog(symbols=log.symbols)
    for row in scans.rows(named=True):
        like = _played(log.scans, row["scanner"], _micros(row["scan_at"]))
        if like is not None:
            mine = hits.filter(
                pl.col("scan_at") == row["scan_at"],
                pl.col("phase") == row["phase"],
                pl.col("scanner") == row["scanner"],
            ).sort("rank")
            lasts = (pl.col("from") <= row["scan_at"]) & (pl.col("to") >= row["scan_at"])
            is_any = pl.lit(row["unknown"] > 0)  # a stretch may last over a scan that judged everyone
            not_judged = unknown.filter(pl.col("scanner") == row["scanner"], lasts, is_any)["symbol"]
            found.scans.append(_live_scan(row, like, mine, not_judged, log))
    return found


def _live_scan(
    row: dict[str, object], like: JudgedScan, hits: pl.DataFrame, unknown: pl.Series, log: VerdictLog
) -> JudgedScan:
    columns = log.columns(hits["symbol"].to_list())
    verdict = np.full(len(like.candidates), Verdict.NO, np.int8)
    verdict[np.isin(like.candidates, log.columns(unknown.to_list()))] = Verdict.UNKNOWN
    verdict[np.isin(like.candidates, columns)] = Verdict.HIT
    return JudgedScan(
        str(row["scanner"]),
        ScanPhase(str(row["phase"])),
        _micros(row["scan_at"]),
        _micros(row["decided_at"]),
        columns,
        hits["new"].to_numpy(),
        hits["price"].fill_null(np.nan).to_numpy(),
        hits["change_pct"].fill_null(np.nan).to_numpy(),
        like.candidates,
        verdict,
        like.change_pct,
        hits["last_bar_end"].count() > 0,
    )


def _played(scans: Sequence[JudgedScan], scanner: str, at: int) -> JudgedScan | None:
    """Return the scan that was played again at an instant, else the last before, else the first."""
    own = [one for one in scans if one.scanner == scanner]
    before = [one for one in own if one.at <= at]
    return before[-1] if before else next(iter(own), None)


def _of_run(run: RunFiles, day: date) -> pl.DataFrame:
    file = pl.scan_parquet(hits_file(run.folder, day), glob=False, hive_partitioning=False)
    return _ordered(run.collect(file.select(*_KEYS, *_VALUES)))


def _of_log(log: VerdictLog) -> pl.DataFrame:
    lengths = [len(one.hits) for one in log.scans]
    symbols = [log.symbols[at] for one in log.scans for at in one.hits.tolist()]
    columns = {
        "scan_at": pl.Series(np.repeat([one.at for one in log.scans], lengths), dtype=pl.Int64).cast(INSTANT),
        "phase": _repeated([str(one.phase) for one in log.scans], lengths),
        "scanner": _repeated([one.scanner for one in log.scans], lengths),
        "symbol": pl.Series(symbols, dtype=pl.String),
        "rank": pl.Series([place for length in lengths for place in range(1, length + 1)], dtype=pl.Int32),
        "new": pl.Series([new for one in log.scans for new in one.new.tolist()], dtype=pl.Boolean),
        "price": pl.Series([price for one in log.scans for price in one.price.tolist()], dtype=pl.Float64),
    }
    return _ordered(pl.DataFrame(columns).with_columns(pl.col("price").fill_nan(None)))


def _first(differing: pl.DataFrame) -> dict[str, object]:
    """Return the first difference: of one scan a symbol found once alone, which moves the ranks of others."""
    phase = pl.col("phase").replace_strict(_places())
    is_in_both = pl.col("rank").is_not_null() & pl.col("rank_now").is_not_null()
    place = pl.min_horizontal("rank", "rank_now")
    return differing.sort("scan_at", phase, "scanner", is_in_both, place, "symbol").row(0, named=True)


def _ordered(hits: pl.DataFrame) -> pl.DataFrame:
    phase = pl.col("phase").replace_strict(_places())
    return hits.sort("scan_at", phase, "scanner", "rank", "symbol")


def _places() -> dict[str, int]:
    return dict(zip(PHASES, range(len(PHASES)), strict=True))


def _repeated(values: Sequence[str], lengths: Sequence[int]) -> pl.Series:
    return pl.Series(
        [value for value, length in zip(values, lengths, strict=True) for _ in range(length)], dtype=pl.String
    )


def _session_rows(run: RunFiles, what: str, day: date) -> pl.DataFrame:
    return run.read(what).filter(pl.col("session") == day)


def _difference(row: dict[str, object]) -> str:
    symbol = row["symbol"]
    if row["rank"] is None:
        return f"finds {symbol}, which it did not find then"
    if row["rank_now"] is None:
        return f"does not find {symbol}, which it found then"
    name = next(name for name in _VALUES if row[name] != row[f"{name}_now"])
    return f"finds {symbol} with {name} {row[f'{name}_now']} instead of {row[name]}"


def _why(run: RunFiles, store: BarStore) -> str:
    """Say what of the store has changed since the run, if anything has."""
    try:
        unchanged_store(run, store.root)
    except DataError as error:
        return f" ({error})"
    return ""


def _micros(moment: object) -> int:
    return int(pl.Series([moment], dtype=INSTANT).to_physical()[0])
