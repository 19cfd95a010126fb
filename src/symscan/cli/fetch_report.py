"""What ``symscan data fetch`` says when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from symscan.model.session import Session
from symscan.sources.alpaca.fetch import FetchReport, settled_at

_NAMED: Final = 100


def show_fetch(
    report: FetchReport, over: Sequence[Session], left_out: Sequence[Session], store: Path
) -> None:
    """Say what came, what did not, and what it means.

    Parameters
    ----------
    report
        What was fetched.
    over, left_out
        The sessions that were wanted: those that are over, and those that are not.
    store
        Where it was put.
    """
    first, last = over[0].date, over[-1].date
    if not report.bars:
        print(f"Nothing to fetch: {store} has all from {first} to {last}.")
    for interval, bars in report.bars.items():
        where = f"{report.symbols:,} symbols, {report.sessions[interval]:,} sessions from {first} to {last}"
        print(f"Fetched {bars:,} {interval} bars into {store}: {where}.")
    for line in (*_notes(report), *_unfinished(left_out)):
        print(f"  {line}")


def _notes(report: FetchReport) -> list[str]:
    counted = {
        "splits new to the store": report.splits,
        "bars in no session, dropped": report.outside,
        "bars without volume, dropped": report.zero_volume,
        "bars that cannot be bars, dropped": report.bad_bars,
    }
    notes = [f"{count:,} {what}" for what, count in counted.items() if count]
    notes += [
        f"the split of {one.symbol} on {one.ex_date} stays {one.stored:g}; fetched: {one.fetched:g}"
        for one in report.contradictions
    ]
    if report.silent:
        more = f" and {len(report.silent) - _NAMED:,} more" if len(report.silent) > _NAMED else ""
        notes.append(f"symbols without any bar: {', '.join(report.silent[:_NAMED])}{more}")
    return notes


def _unfinished(sessions: Sequence[Session]) -> list[str]:
    """The first session that is left out, and when it can be fetched."""
    return [
        f"{one.date} is left out: it can be fetched whole from {one.local(settled_at(one)):%H:%M %Z} on"
        for one in sessions[:1]
    ]
