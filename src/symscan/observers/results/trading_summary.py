"""Count what the strategies of a run did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from symscan.model.events.session import Event
from symscan.model.events.trading import (
    OrderUnfilled,
    StrategyDone,
    StrategyFailed,
    StrategyStarted,
    SymbolPassed,
    TradeClosed,
)
from symscan.model.session import Session
from symscan.model.trading import PaperResult


@dataclass(slots=True)
class StrategyFigures:
    """What one strategy did over a run.

    Attributes
    ----------
    passed
        Symbols it passed over, by reason.
    unfilled
        Signals that came to nothing, by reason.
    flags
        Trades to doubt, by flag.
    results
        What its trades come to, by scenario; none if its signals are not filled.
    capital
        What its drawdown and exposure are measured against, None where that is not known.
    """

    signals: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    unfilled: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    results: dict[str, PaperResult] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    capital: float | None = None

    def add(self, other: StrategyFigures) -> None:
        """Add the figures of another session."""
        self.signals += other.signals
        self.capital = self.capital if other.capital is None else other.capital
        for counts, more in (
            (self.passed, other.passed),
            (self.unfilled, other.unfilled),
            (self.flags, other.flags),
        ):
            counts.update(more)
        for result in other.results.values():
            self.add_result(result)
        self.notes.update(other.notes)

    def add_result(self, result: PaperResult) -> None:
        """Add the result of a session in one scenario."""
        so_far = self.results.get(result.scenario)
        self.results[result.scenario] = result if so_far is None else _sum(so_far, result)

    def as_record(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return {
            "signals": self.signals,
            "passed": dict(sorted(self.passed.items())),
            "unfilled": dict(sorted(self.unfilled.items())),
            "flags": dict(sorted(self.flags.items())),
            "results": [structs.asdict(result) for result in self.results.values()],
            "notes": list(self.notes),
            "capital": self.capital,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> StrategyFigures:
        """Restore the figures that :meth:`as_record` returned."""
        results = [PaperResult(**result) for result in record["results"]]
        return cls(
            record["signals"],
            Counter(record["passed"]),
            Counter(record["unfilled"]),
            Counter(record["flags"]),
            {result.scenario: result for result in results},
            dict.fromkeys(record["notes"]),
            record.get("capital"),
        )


class TradingSummary:
    """Counts what the strategies of a run do."""

    def __init__(self) -> None:
        self.strategies: dict[str, StrategyFigures] = {}

    def observe(self, session: Session, event: Event) -> None:
        """Count an event."""
        match event:
            case StrategyStarted():
                self._figures(event.strategy).capital = event.capital
            case SymbolPassed():
                self._figures(event.strategy).passed[event.reason] += 1
            case OrderUnfilled():
                self._figures(event.strategy).unfilled[event.why.value] += 1
            case TradeClosed():
                self._figures(event.strategy).flags.update(flag.value for flag in event.trade.flags)
            case StrategyFailed():
                note = f"{session.date}: {event.method}(): {event.error}"
                self._figures(event.strategy).notes[note] = None
            case StrategyDone():
                self._add(event.strategy, event.signals, event.results)

    def as_record(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return {name: figures.as_record() for name, figures in self.strategies.items()}

    def add(self, other: TradingSummary) -> None:
        """Add the figures of another session."""
        for name, figures in other.strategies.items():
            self._figures(name).add(figures)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> TradingSummary:
        """Restore what :meth:`as_record` returned."""
        restored = cls()
        restored.strategies = {name: StrategyFigures.of_record(one) for name, one in record.items()}
        return restored

    def _figures(self, name: str) -> StrategyFigures:
        return self.strategies.setdefault(name, StrategyFigures())

    def _add(self, name: str, signals: int, results: Sequence[PaperResult]) -> None:
        figures = self._figures(name)
        figures.signals += signals
        for result in results:
            figures.add_result(result)


def _sum(one: PaperResult, other: PaperResult) -> PaperResult:
    return PaperResult(
        one.scenario,
        trades=one.trades + other.trades,
        unfilled=one.unfilled + other.unfilled,
        won=one.won + other.won,
        gross=one.gross + other.gross,
        costs=one.costs + other.costs,
        net=one.net + other.net,
    )
