"""Say why a scanner did not judge a symbol at all: whom its universe holds, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from symscan.research.why.source import DecisionSource
from symscan.scanners.base import BaseScanner
from symscan.scanners.running.managed_scanner import ManagedScanner


def why_no_candidate(source: DecisionSource, scanner: str, symbol: str) -> str:
    """Say why no scan of a scanner was about a symbol, the scanner and the symbol left out."""
    managed = {one.name: one for one in source.backtest.checked.scanners.managed(source.session)}
    own = managed[scanner].scanner
    file = own.universe_before_setup()
    name = file.name or "its universe"
    narrowed = {one.name: one.universe_where for one in source.backtest.config.scanners}.get(scanner)
    if symbol in file.symbols and narrowed is not None:
        return f"it is in {name}, and universe_where left it out before the session: {narrowed}"
    if symbol in file.symbols:
        lists = ", ".join(f"'{one}'" for one in own.reads_scanners) or "the scanner"
        return f"it is in {name}, but was never on the list of {lists}, which it evaluates"
    return "; ".join(_parts(source, managed, own, name, symbol))


def _parts(
    source: DecisionSource, managed: dict[str, ManagedScanner], own: BaseScanner, name: str, symbol: str
) -> Iterator[str]:
    day = source.session.date
    periods = [one for one in own.universe_periods or () if one.symbol == symbol]
    if own.universe_periods is None:
        yield f"it is not in {name}"
    elif periods:
        spans = ", ".join(_span(one.start, one.end) for one in periods)
        yield f"it is not in {name} on {day} (it is {spans})"
    else:
        yield f"it is never in {name}"
    symbols = own.universe
    alike = [one for one in symbols if one.casefold() == symbol.casefold()]
    if alike:
        yield f"'{alike[0]}' is: did you mean that?"
    others = {
        one.scanner.universe_name or one.name
        for one in managed.values()
        if one.scanner is not own and symbol in one.scanner.universe_before_setup().symbols
    }
    if others - {name}:
        yield f"it is in {', '.join(sorted(others - {name}))}"
    if symbol not in source.backtest.store.symbols() and not alike:
        yield "the store has no bars of it"


def _span(start: date | None, end: date | None) -> str:
    since = "" if start is None else f"from {start}"
    return f"{since} until {end}".strip() if end is not None else since
