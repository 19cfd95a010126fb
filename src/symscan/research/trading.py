"""What the strategies of a run did, as frames: figures with their intervals, equity, months."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.runs.reading import RunFiles
from symscan.runs.schemas import TRADES_SCHEMA
from symscan.runs.trading_figures import Figure, TradingFigures

_FIGURES: Final = pl.Schema(
    {
        "strategy": pl.String(),
        "figure": pl.String(),
        "value": pl.Float64(),
        "lo": pl.Float64(),
        "hi": pl.Float64(),
        "marks": pl.String(),
    }
)


class Trading:
    """The trades of a run's strategies, summed up; :attr:`symscan.Run.trading`.

    Frames have a row, or several, for each strategy whose signals are filled on paper. Intervals are of 95%,
    with the session as the unit; unknown is null.

    Parameters
    ----------
    files
        The run.
    sessions
        Those to sum up; None for all.
    """

    def __init__(self, files: RunFiles, sessions: Sequence[date] | None = None) -> None:
        self._files = files
        self._chosen = sessions

    @cached_property
    def by_strategy(self) -> Mapping[str, TradingFigures]:
        """The figures of each strategy."""
        strategies: Mapping[str, Any] = self._files.summary.get("strategies", {})
        filled = {name: one.get("capital") for name, one in strategies.items() if one["results"]}
        if not filled:
            return {}
        trades = self._files.read("trades")
        completed = [date.fromisoformat(day) for day in self._files.summary["completed"]]
        sessions = [day for day in completed if self._chosen is None or day in self._chosen]
        minutes = self._minutes(sessions)
        return {
            name: TradingFigures(trades.filter(strategy=name), sessions, minutes, capital)
            for name, capital in filled.items()
        }

    @cached_property
    def figures(self) -> pl.DataFrame:
        """The figures: ``strategy``, ``figure``, ``value``, ``lo``, ``hi``, ``marks``."""
        rows = [
            (strategy, name, one.value, one.lo, one.hi, " ".join(one.marks))
            for strategy, figures in self.by_strategy.items()
            for name, one in _figures(figures)
        ]
        frame = pl.DataFrame(rows, _FIGURES, orient="row")
        return frame.with_columns(pl.col("value", "lo", "hi").fill_nan(None))

    @cached_property
    def equity(self) -> pl.DataFrame:
        """Session by session: ``trades``, ``net``, ``held_net``, and both added up."""
        return _joined({name: one.equity for name, one in self.by_strategy.items()}, self._none.equity)

    @cached_property
    def months(self) -> pl.DataFrame:
        """Month by month: ``sessions``, ``trades``, ``net``, ``return_pct``, ``won``."""
        return _joined({name: one.months for name, one in self.by_strategy.items()}, self._none.months)

    def _minutes(self, sessions: Sequence[date]) -> dict[date, int]:
        """Return how long the sessions are; nothing where the run does not name its exchange."""
        exchange = self._files.summary.get("exchange")
        if exchange is None:
            return {}
        calendar = SessionCalendar(exchange)
        return {day: calendar.session(day).minutes for day in sessions}

    @property
    def _none(self) -> TradingFigures:
        return TradingFigures(pl.DataFrame(schema=TRADES_SCHEMA), (), {}, None)

    def __repr__(self) -> str:
        return f"Trading({', '.join(self.by_strategy) or 'no strategy is filled on paper'})"


def _joined(frames: Mapping[str, pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    """Put the frames of strategies one below the other, their names in front; none keeps the columns."""
    named = [frame.select(pl.lit(name).alias("strategy"), pl.all()) for name, frame in frames.items()]
    return pl.concat(named) if named else empty.select(pl.lit("").alias("strategy"), pl.all())


def _figures(figures: TradingFigures) -> Iterator[tuple[str, Figure]]:
    """Yield all figures of a strategy by name; those without an interval have none."""
    for group in ("per_trade", "per_session"):
        for name, one in getattr(figures, group).items():
            yield f"{group}.{name}", one
    yield "profit_factor", figures.profit_factor
    record = figures.as_record()
    plain = {
        **{name: record[name] for name in ("average_win", "average_loss", "turnover", "cost_share_pct")},
        "drawdown.amount": record["drawdown"]["amount"],
        "drawdown.pct": record["drawdown"]["pct"],
        "exposure.mean_pct": record["exposure"]["mean_pct"],
        "exposure.largest_pct": record["exposure"]["largest_pct"],
    }
    for name, value in plain.items():
        yield name, Figure(float("nan") if value is None else value)
