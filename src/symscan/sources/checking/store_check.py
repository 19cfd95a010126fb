"""Check a store's bars: by themselves, in their session, and daily against intraday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

import polars as pl

from symscan.model.interval import ONE_DAY, Interval
from symscan.model.session import Session
from symscan.sources.checking.bar_checks import check_in_session, check_values
from symscan.sources.checking.daily_checks import Tolerances, check_daily
from symscan.sources.checking.findings import Finding, Findings
from symscan.sources.checking.time_checks import TimesCheck
from symscan.sources.ports import Calendar
from symscan.sources.progress import Progress, silent
from symscan.sources.store.bar_store import BarStore

_NOTES: Final = frozenset(
    {"missing_session", "gap", "absent", "only_daily", "only_intraday", "outside_hours"}
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a store holds of one interval."""

    interval: Interval
    first: date
    last: date
    sessions: int
    symbols: int
    rows: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The content of a store, and the findings of a check."""

    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]

    @property
    def has_faults(self) -> bool:
        """Whether anything was found beyond notes."""
        return any(finding.is_fault for finding in self.findings)


def coverage(store: BarStore) -> tuple[Coverage, ...]:
    """What the store holds of every interval, fine to coarse; read from the catalogue alone."""
    return tuple(_cover(store, interval) for interval in store.intervals())


def check_store(
    store: BarStore,
    calendar: Calendar,
    tolerances: Tolerances | None = None,
    progress: Progress = silent,
) -> CheckReport:
    """Read every bar of a store and report what is not as it should be.

    Parameters
    ----------
    store, calendar
        The bars, and the sessions they should lie in.
    tolerances
        How far daily bars may lie from summed intraday ones.
    progress
        Told how many dates are done, and of how many.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    tolerances = tolerances or Tolerances()
    findings = Findings(_meanings(tolerances), _NOTES)
    days = sorted({day for interval in store.intervals() for day in store.sessions(interval)})
    sessions = {one.date: one for one in calendar.sessions(days[0], days[-1])} if days else {}
    present: dict[Interval, list[pl.DataFrame]] = {interval: [] for interval in store.intervals()}
    times = TimesCheck(findings)
    for done, day in enumerate(days):
        progress("checking", done, len(days))
        for interval, symbols in _check_day(store, day, sessions.get(day), tolerances, findings, times):
            present[interval].append(symbols)
    times.finish()
    for interval, symbols_by_day in present.items():
        _check_presence(store, interval, pl.concat(symbols_by_day), list(sessions), findings)
    progress("checking", len(days), len(days))
    return CheckReport(coverage(store), findings.result())


def _meanings(tolerances: Tolerances) -> dict[str, str]:
    price, volume = f"{tolerances.price:.2%}", f"{tolerances.volume:.0%}"
    return {
        "no_session": "stored for a date without a session",
        "missing_session": "sessions without any bars between the first and the last stored one",
        "absent": "symbol and session without a bar between the symbol's first and last stored session",
        "disorder": "bars not in the order of symbol and start",
        "duplicate": "bars stored more than once",
        "missing_value": "bars with a missing or non-finite value",
        "not_positive": "bars with a price that is not above zero",
        "contradiction": "bars whose high is not the highest, or whose low is not the lowest price",
        "no_volume": "bars without volume",
        "off_grid": "bars off the grid that begins at the session's open",
        "outside_hours": "bars before the pre-market or after the post-market",
        "unlikely_times": "sessions whose bars seem to have wrong labels or a wrong time zone",
        "gap": "regular-hours bars missing (no trade, or lost) where the symbol has others that session",
        "basis": "daily close more than 3% from the last regular intraday close: different price bases",
        "daily_open": f"daily open more than {price} from the first regular intraday open",
        "daily_high": f"daily high more than {price} from the highest regular intraday high",
        "daily_low": f"daily low more than {price} from the lowest regular intraday low",
        "daily_close": f"daily close more than {price} from the last regular intraday close",
        "daily_volume": f"daily volume more than {volume} from the sum of the regular intraday volumes",
        "only_daily": "symbol and session with a daily bar but no regular intraday bars, which others have",
        "only_intraday": "symbol and session with regular intraday bars but no daily bar, which others have",
    }


def _check_day(
    store: BarStore,
    day: date,
    session: Session | None,
    tolerances: Tolerances,
    findings: Findings,
    times: TimesCheck,
) -> list[tuple[Interval, pl.DataFrame]]:
    """Check the bars of one date; returns who has bars of which interval."""
    frames = {interval: store.load(interval, [day]) for interval in store.intervals(day)}
    for interval, bars in frames.items():
        check_values(bars, findings)
        if session is None:
            findings.add_one("no_session", f"{interval}", str(day), f"{bars.height:,} bars")
        elif interval.is_intraday:
            check_in_session(bars, interval, session, findings)
            times.check(bars, interval, session)
    intraday = [interval for interval in frames if interval.is_intraday]
    if session is not None and ONE_DAY in frames and intraday:
        check_daily(frames[ONE_DAY], frames[intraday[0]], session, tolerances, findings)
    return [(interval, bars.select("session", "symbol").unique()) for interval, bars in frames.items()]


def _check_presence(
    store: BarStore, interval: Interval, present: pl.DataFrame, days: list[date], findings: Findings
) -> None:
    """Sessions nobody has, and sessions a symbol lacks between its first and its last."""
    stored = store.sessions(interval)
    within = [day for day in days if stored[0] <= day <= stored[-1]]
    for is_stored, run in groupby(within, key=store.files(interval).__contains__):
        if not is_stored:
            missing = list(run)
            detail = f"to {missing[-1]}: {len(missing):,} sessions"
            findings.add_one(
                "missing_session", str(interval), str(missing[0]), detail, len(missing), len(missing)
            )
    order = pl.DataFrame({"session": stored, "number": range(len(stored))})
    spans = (
        present.join(order, on="session")
        .group_by("symbol")
        .agg((pl.col("number").max() - pl.col("number").min() + 1 - pl.len()).alias("absent"))
    )
    lacking = spans.filter(pl.col("absent") > 0).sort("symbol")
    named = lacking.select(
        "symbol",
        pl.lit(f"{interval}").alias("at"),
        pl.format("lacks {} sessions", "absent").alias("detail"),
        pl.col("absent").alias("badness"),
    )
    findings.add("absent", named, count=int(lacking["absent"].sum()))


def _cover(store: BarStore, interval: Interval) -> Coverage:
    files = store.files(interval)
    days = list(files)
    rows = sum(file.rows for file in files.values())
    return Coverage(interval, days[0], days[-1], len(days), len(store.symbols(interval)), rows)
