"""The answers as text for people: the same wherever they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import time

import polars as pl

from symscan.formatting import format_count, format_number, printable
from symscan.model.decisions.clauses import ClauseKind
from symscan.model.instant import Instant
from symscan.model.readings import LAST_BAR_END
from symscan.model.session import Session
from symscan.research.why.answers import ScannerAnswer, SymbolAnswer, no_candidate
from symscan.runs.decisions.explanation import ClauseResult, ScanExplanation, Stay
from symscan.runs.schemas import INSTANT

_GAP = "  "


def answer_text(answer: SymbolAnswer) -> str:
    """Return an answer as text: of an instant clause by clause, else the day."""
    blocks = []
    for one in answer.scanners:
        if one.absent is not None:
            blocks.append(no_candidate(answer.symbol, [one.scanner], one.absent))
        elif answer.at is None:
            blocks.append("\n".join(_day(answer.session, answer.symbol, one)))
        else:
            blocks += [scan_text(answer.session, each) for each in one.explanations]
    return "\n\n".join(blocks)


def scan_text(session: Session, scan: ScanExplanation) -> str:
    """Return what one scan decided of a symbol, clause by clause."""
    when = f"{session.local(scan.at):%Y-%m-%d %H:%M}"
    phase = "" if scan.phase == "regular" else f" ({scan.phase})"
    head = f"{scan.symbol} · {scan.scanner} · {when}{phase} · {_headline(scan)}"
    rows = [_row(session, scan, one) for one in _shown(scan.clauses)]
    lines = [f"{head}{_GAP}{_data_as_of(session, scan)}", *_table(rows, "lrrrll")]
    if all(one.kind == ClauseKind.FOUND for one in scan.clauses if one.depth == 0) and scan.clauses:
        lines.append("  the scanner gives no reasons: above is what it had to read")
    if scan.contradicts:
        lines.append(
            "  its clauses do not add up to that: the scanner decides by more than the reasons it gives"
        )
    if scan.stay is not None:
        lines.append(f"  {_history(session, scan, scan.stay)}")
    return "\n".join(lines)


def _shown(clauses: Sequence[ClauseResult]) -> Iterator[ClauseResult]:
    """Yield the clauses that apply, with what stands below them."""
    applies = False
    for one in clauses:
        if one.depth == 0:
            applies = one.holds is not None
        if applies:
            yield one


def _headline(scan: ScanExplanation) -> str:
    count = scan.decisive
    if scan.is_hit:
        held = ", held: hold_minutes is not over" if scan.is_held else ""
        return f"hit{_place(scan)}{held}"
    if scan.verdict == "not judged":
        return "not judged: it was on no list that this scan evaluates"
    if scan.verdict == "below take":
        return f"no hit: it meets all conditions{_place(scan)}"
    if scan.verdict == "unknown":
        why = f": {scan.reason}" if scan.reason else ""
        return f"unknown{why} ({scan.counted('unknown')} of {count} clauses unknown)"
    false = scan.counted("false")
    unknown = scan.counted("unknown")
    told = f"{false} of {count} clauses false" + (f", {unknown} unknown" if unknown else "")
    return f"no hit ({told})"


def _place(scan: ScanExplanation) -> str:
    return "" if scan.place is None else f", place {scan.place:,} of {scan.places:,}"


def _data_as_of(session: Session, scan: ScanExplanation) -> str:
    if scan.age_minutes is None:
        return "no bar of it so far"
    last = scan.at - round(scan.age_minutes * 60_000_000)
    return f"last bar {session.local(last):%H:%M} ({scan.age_minutes:g} min before)"


def _row(session: Session, scan: ScanExplanation, one: ClauseResult) -> tuple[str, ...]:
    text = "  " * (one.depth + 1) + one.clause
    if one.kind == ClauseKind.READING:
        return text, _value(session, one) or "unknown", "", "", "", ""
    if one.kind == ClauseKind.JUDGED and one.op is not None:
        text = f"{text} {one.op}"
    numbers = (_value(session, one), _number(one.limit), _number(one.margin, "+"))
    return text, *numbers, _holds(one), "; ".join(_notes(scan, one))


def _holds(one: ClauseResult) -> str:
    if one.kind == ClauseKind.HOLD:
        return {"true": "held", "false": "over"}.get(one.holds or "", "")
    return one.holds or ""


def _notes(scan: ScanExplanation, one: ClauseResult) -> Iterator[str]:
    """Yield what else there is to say of a clause."""
    if one.kind == ClauseKind.HOLD:
        return
    if one.kind == ClauseKind.LEAVE and one.depth == 0:
        yield one.kind
    leaves = any(other.kind == ClauseKind.LEAVE and other.holds is not None for other in scan.clauses)
    if one.kind == ClauseKind.WHERE and leaves:
        if one.depth == 0:
            yield "decides nothing: it was a hit"
        return
    if one.holds == "unknown" and scan.reason is not None:
        yield scan.reason
    if one.nearest:
        yield "nearest of the day"
    if one.margin_scaled is not None and one.holds == "false":
        yield f"{format_number(abs(one.margin_scaled), '.2g')} IQR"


def _value(session: Session, one: ClauseResult) -> str:
    if isinstance(one.value, str):
        return one.value
    if one.value is not None and one.clause == LAST_BAR_END:
        return f"{session.local(int(one.value)):%H:%M}"
    return _number(one.value)


def _number(value: float | None, sign: str = "") -> str:
    if value is None:
        return ""
    return format_number(value, f"{sign},.0f" if abs(value) >= 10_000 else f"{sign}.5g")


def _history(session: Session, scan: ScanExplanation, stay: Stay) -> str:
    span, scans = _span(session, stay.entered, stay.last), format_count(stay.scans, "scan")
    if stay.entered <= scan.at <= stay.last:
        until = f"{scans} until {_clock(session, stay.last)}, {_places(stay)}"
        return f"is a hit since {_clock(session, stay.entered)} ({until})"
    said = f"was a hit {span} ({scans}, {_places(stay)})"
    return said if stay.left is None else f"{said}, {_left(session, stay)}"


def _left(session: Session, stay: Stay) -> str:
    assert stay.left is not None
    return f"left at {_clock(session, stay.left)}: {printable(f'{stay.why}')}"


def _places(stay: Stay) -> str:
    return f"place {stay.best}" if stay.best == stay.worst else f"place {stay.best}-{stay.worst}"


def _span(session: Session, first: Instant, last: Instant) -> str:
    if first == last:
        return _clock(session, first)
    return f"{_clock(session, first)}-{_clock(session, last)}"


def _clock(session: Session, at: Instant) -> str:
    return f"{session.local(at):%H:%M}"


# -- the day of a symbol


def _day(session: Session, symbol: str, answer: ScannerAnswer) -> Iterator[str]:
    scans = answer.explanations
    verdicts = Counter(one.verdict for one in scans)
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in verdicts.items())
    yield f"{symbol} · {answer.scanner} · {session.date} · {format_count(len(scans), 'scan')}: {counts}"
    for stay in answer.stays:
        left = "" if stay.left is None else f"; {_left(session, stay)}"
        span = _span(session, stay.entered, stay.last)
        yield f"  hit {span}, {format_count(stay.scans, 'scan')}, {_places(stay)}{left}"
    for reason, first, last, count in _unknown(scans):
        yield f"  unknown {_span(session, first, last)}, {format_count(count, 'scan')}: {reason}"
    missed = [one for one in scans if not one.is_hit and one.clauses]
    if missed:
        yield f"  what kept it out of the {format_count(len(missed), 'other scan')}:"
        yield from _table([_DAY_HEAD, *_day_rows(session, missed)], "lrrrl")


_DAY_HEAD = ("  clause", "false", "unknown", "alone", "nearest")


def _unknown(scans: Sequence[ScanExplanation]) -> Iterator[tuple[str, Instant, Instant, int]]:
    """Yield stretches of scans at which the symbol was unknown for one reason."""
    stretch: list[ScanExplanation] = []
    for scan in (*scans, None):
        goes_on = scan is not None and scan.verdict == "unknown"
        if stretch and (scan is None or not goes_on or scan.reason != stretch[-1].reason):
            yield stretch[0].reason or "a clause is unknown", stretch[0].at, stretch[-1].at, len(stretch)
            stretch = []
        if scan is not None and goes_on:
            stretch.append(scan)


def _day_rows(session: Session, scans: Sequence[ScanExplanation]) -> Iterator[tuple[str, ...]]:
    for at, head in enumerate(scans[0].clauses):
        if head.depth or head.kind == ClauseKind.HOLD:
            continue
        results = [(one, one.clauses[at]) for one in scans if one.clauses]
        false = [(scan, one) for scan, one in results if one.holds == "false"]
        unknown = sum(one.holds == "unknown" for _, one in results)
        alone = sum(scan.missed == at for scan, _ in results)
        near = [(scan, one) for scan, one in false if one.margin is not None]
        nearest = ""
        if near:
            scan, one = max(near, key=lambda pair: (pair[1].margin or 0.0, -pair[0].at))
            nearest = f"{_number(one.margin, '+')} at {_clock(session, scan.at)} ({_value(session, one)})"
        if false or unknown:
            yield f"    {head.clause}", f"{len(false):,}", f"{unknown:,}", f"{alone:,}", nearest


# -- who missed, and the funnel


def near_text(session: Session, near: pl.DataFrame, title: str) -> str:
    """Return who missed by one clause, as text."""
    if near.is_empty():
        return f"{title}: nobody missed by one clause alone"
    head = ("  symbol", "at", "clause", "value", "limit", "margin", "IQR", "")
    rows = [head]
    instants = near["scan_at"].cast(INSTANT).to_physical().to_list()
    for row, at in zip(near.rows(named=True), instants, strict=True):
        if row["holds"] == "unknown":
            note = f"would be a hit if {row['clause']} were met; it is unknown"
            note += f" ({row['reason']})" if row["reason"] else ""
        else:
            note = f"a hit at {format_count(row['hits'], 'other scan')}" if row["hits"] else ""
        scaled = row["margin_scaled"]
        numbers = (_number(row["value"]), _number(row["limit"]), _number(row["margin"], "+"))
        iqr = "" if scaled is None else format_number(abs(scaled), ".2g")
        rows.append((f"  {row['symbol']}", _clock(session, at), row["clause"], *numbers, iqr, note))
    return "\n".join([title, *_table(rows, "lllrrrrl")])


def funnel_text(funnel: pl.DataFrame, title: str) -> str:
    """Return how many each clause lets through, as text."""
    rows: list[tuple[str, ...]] = [("  clause", "decides", "true", "false", "unknown", "left", "alone")]
    for row in funnel.rows(named=True):
        counts = [f"{row[name]:,}" for name in ("applies", "true", "false", "unknown", "left", "alone")]
        rows.append((f"  {row['clause']}", *counts))
    return "\n".join([title, *_table(rows, "lrrrrrr")])


def at_text(at: time | str | None) -> str:
    """Return an instant as it was asked for."""
    return "" if at is None else f" at {at:%H:%M}" if isinstance(at, time) else f" at the {at}"


def _table(rows: Sequence[tuple[str, ...]], align: str) -> Iterator[str]:
    """Yield rows in columns; ``align`` has ``l`` or ``r`` for each."""
    shown = [tuple(map(printable, row)) for row in rows]
    widths = [max((len(row[at]) for row in shown), default=0) for at in range(len(align))]
    for row in shown:
        cells = [
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(row, widths, align, strict=True)
        ]
        yield _GAP.join(cells).rstrip()
