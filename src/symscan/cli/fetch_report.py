"""What ``symscan data fetch`` says when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from symscan.model.session import Session
from symscan.sources.alpaca.downloader import FetchReport, settled_at

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
        what, whose = _many(bars, f"{interval} bar"), _many(report.symbols, "symbol")
        sessions = _many(report.sessions[interval], "session")
        print(f"Fetched {what} into {store}: {whose}, {sessions} from {first} to {last}.")
    for line in (*_notes(report), *_unfinished(left_out)):
        print(f"  {line}")


def _notes(report: FetchReport) -> list[str]:
    counted = [
        (report.splits, "split", "new to the store"),
        (report.outside, "bar", "in no session, dropped"),
        (report.zero_volume, "bar", "without volume, dropped"),
        (report.bad_bars, "bar", "with impossible prices or times, dropped"),
    ]
    notes = [f"{_many(count, thing)} {what}" for count, thing, what in counted if count]
    notes += [
        f"the split of {one.symbol} on {one.ex_date} stays {one.stored:g}; fetched: {one.fetched:g}"
        for one in report.contradictions
    ]
    notes += [f"Alpaca refuses {symbol}: {why}" for symbol, why in islice(report.refused.items(), _NAMED)]
    if len(report.refused) > _NAMED:
        notes.append(f"and {len(report.refused) - _NAMED:,} more symbols")
    if report.silent:
        more = f" and {len(report.silent) - _NAMED:,} more" if len(report.silent) > _NAMED else ""
        notes.append(f"symbols without any bar among them: {', '.join(report.silent[:_NAMED])}{more}")
    return notes


def _unfinished(sessions: Sequence[Session]) -> list[str]:
    """The first session that is left out, and when it can be fetched."""
    return [
        f"{one.date} is left out: it can be fetched whole from {one.local(settled_at(one)):%H:%M %Z} on"
        for one in sessions[:1]
    ]


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
