"""The answers from Python: of a run, as text, frame and record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl

from symscan.errors import InputError
from symscan.research.why.answers import At, Decisions, SymbolAnswer
from symscan.research.why.records import answer_record
from symscan.research.why.source import find_decisions
from symscan.research.why.text import answer_text
from symscan.runs.reading import RunFiles


@dataclass(frozen=True, slots=True, eq=False)
class Why:
    """Why a symbol was a hit or not; ``print`` shows it as ``symscan why`` does."""

    answer: SymbolAnswer

    @property
    def frame(self) -> pl.DataFrame:
        """Every clause of every scan: value, limit, margin, and whether it holds."""
        return self.answer.frame

    @property
    def record(self) -> dict[str, Any]:
        """The answer as ``symscan why --json`` writes it."""
        return answer_record(self.answer)

    def __str__(self) -> str:
        return answer_text(self.answer)

    def __repr__(self) -> str:
        return str(self)


def why(
    run: RunFiles,
    symbol: str,
    at: str | None,
    scanner: str | None,
    *,
    session: date | str | None,
    store: Path | str | None,
) -> Why:
    """Explain what a run decided of a symbol; see :meth:`symscan.Run.why`."""
    if not isinstance(symbol, str) or not symbol.strip():
        raise InputError(f"symbol={symbol!r} is no symbol; give one, as in 'AAPL'")
    when = _at(at)
    return Why(_decisions(run, session, store).why(symbol, when, scanner))


def near(
    run: RunFiles,
    scanner: str | None,
    at: str | None,
    *,
    most: int | None,
    session: date | str | None,
    store: Path | str | None,
) -> pl.DataFrame:
    """Return who missed by one clause in a run; see :meth:`symscan.Run.near`."""
    if most is not None and (not isinstance(most, int) or most < 1):
        raise InputError(f"most={most!r}: give a whole number of 1 or more, or None for all")
    when = _at(at)
    return pl.concat(_decisions(run, session, store).near(scanner, when, most).values())


def _decisions(run: RunFiles, session: date | str | None, store: Path | str | None) -> Decisions:
    try:
        day = date.fromisoformat(session) if isinstance(session, str) else session
    except ValueError:
        raise InputError(f"session='{session}' is not a date; write it as 2018-02-20") from None
    return Decisions(find_decisions(run, day, None if store is None else Path(store)))


def _at(text: str | time | None) -> At:
    if text is None or isinstance(text, time) or text in ("open", "close"):
        return text
    try:
        return datetime.strptime(text, "%H:%M").time()
    except (ValueError, TypeError):
        raise InputError(f"at='{text}' is not a time; write it as 10:30, or open or close") from None
