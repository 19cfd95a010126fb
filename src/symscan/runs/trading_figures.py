"""The figures people expect of a backtest, of one strategy's trades, each with its interval over sessions.

Trades of one session share its market, so that the session is the unit (:mod:`symscan.inference.clustered`).
What is a share of money is one of ``capital``, which is not compounded; without it those figures are
unknown. Drawdown follows the results of closed trades. The profit factor's interval is that of its
logarithm, linearised by session.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from msgspec import Struct

from symscan.formatting import none_if_unknown
from symscan.inference.clustered import CONFIDENCE, FEW_SESSIONS, FEWEST_SESSIONS, Mark, estimate
from symscan.inference.student_t import quantile
from symscan.model.bar import Floats, Mask, Rows
from symscan.model.instant import MINUTE

NEVER_WON: Final = "never_won"
"""The mark of a profit factor of 0, whose logarithm has no interval."""

_BASIS_POINTS: Final = 10_000.0


class Figure(Struct, frozen=True):
    """A figure with its 95% interval over sessions; NaN is unknown.

    Attributes
    ----------
    marks
        What has to be said beside it: those of the estimate, and :data:`NEVER_WON`.
    """

    value: float
    lo: float = math.nan
    hi: float = math.nan
    marks: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        numbers = {name: none_if_unknown(getattr(self, name)) for name in ("value", "lo", "hi")}
        return {**numbers, "marks": list(map(str, self.marks))}


class TradingFigures:
    """The figures of one strategy.

    Parameters
    ----------
    trades
        The rows of ``trades`` of the strategy; those without a result are left out.
    sessions
        The sessions that came to their close, oldest first; those without a trade count, too.
    minutes
        How long each session is; one that is missing leaves the mean exposure unknown.
    capital
        What money is a share of; None leaves those figures unknown.
    """

    def __init__(
        self,
        trades: pl.DataFrame,
        sessions: Sequence[date],
        minutes: Mapping[date, int],
        capital: float | None,
    ) -> None:
        closed = trades.filter(pl.col("net").is_not_null(), pl.col("session").is_in(list(sessions)))
        self.trades = closed.sort("exit_at", "session", "number", maintain_order=True)
        self.sessions = tuple(sessions)
        self.capital = math.nan if capital is None else capital
        self._minutes = minutes
        place = {day: index for index, day in enumerate(sessions)}
        self._session: Rows = np.array([place[day] for day in self.trades["session"]], np.intp)

    def as_record(self) -> dict[str, Any]:
        """Return all figures as JSON can hold them."""
        return {
            "capital": none_if_unknown(self.capital),
            "sessions": len(self.sessions),
            "sessions_with_trades": len(np.unique(self._session)),
            "trades": self.trades.height,
            "per_trade": {name: one.as_record() for name, one in self.per_trade.items()},
            "per_session": {name: one.as_record() for name, one in self.per_session.items()},
            "profit_factor": self.profit_factor.as_record(),
            "average_win": none_if_unknown(_mean(self._net[self._net > 0])),
            "average_loss": none_if_unknown(_mean(self._net[self._net < 0])),
            "drawdown": self.drawdown,
            "exposure": self.exposure,
            "turnover": none_if_unknown(self.turnover),
            "cost_share_pct": none_if_unknown(self.cost_share_pct),
            "months": self.months.with_columns(pl.col("month").cast(pl.String)).to_dicts(),
        }

    @cached_property
    def per_trade(self) -> dict[str, Figure]:
        """Means over trades: expectancy, in money and against the value traded, and what else a trade has."""
        net, held = self._net, self._column("held_net")
        return {
            "net": self._mean_of_trades(net),
            "return_bp": self._mean_of_trades(_BASIS_POINTS * net / self._value),
            "won": self._mean_of_trades((net > 0).astype(np.float64)),
            "held_net": self._mean_of_trades(held),
            "over_held": self._mean_of_trades(net - held),
            "mfe_bp": self._mean_of_trades(self._column("mfe_bp")),
            "mae_bp": self._mean_of_trades(self._column("mae_bp")),
        }

    @cached_property
    def per_session(self) -> dict[str, Figure]:
        """Means over all sessions, those without a trade included."""
        held = self._column("held_net")
        every = np.ones(len(self.sessions))
        figures = {"net": self._by_session(self._net)}
        if not np.isnan(held).any():
            figures["held_net"] = self._by_session(held)
        result = {name: _figure(every, totals) for name, totals in figures.items()}
        return {"held_net": Figure(math.nan), **result}

    @cached_property
    def profit_factor(self) -> Figure:
        """What was won for each unit that was lost, after costs; unknown where nothing was lost."""
        won = self._by_session(np.maximum(self._net, 0))
        lost = self._by_session(np.maximum(-self._net, 0))
        if not lost.sum():
            return Figure(math.nan)
        value = float(won.sum() / lost.sum())
        sessions = len(np.unique(self._session))
        if sessions < FEWEST_SESSIONS or not value:
            return Figure(value, marks=(Mark.TOO_FEW if sessions < FEWEST_SESSIONS else NEVER_WON,))
        u = won / won.sum() - lost / lost.sum()
        error = math.sqrt(sessions / (sessions - 1) * float(u @ u))
        reach = math.exp(quantile((1 + CONFIDENCE) / 2, sessions - 1) * error)
        marks = (Mark.FEW,) if sessions < FEW_SESSIONS else ()
        return Figure(value, value / reach, value * reach, marks)

    @cached_property
    def equity(self) -> pl.DataFrame:
        """Session by session: trades, net result, the same entries held to the close, and both added up."""
        net, held = self._by_session(self._net), self._by_session(self._column("held_net"))
        return pl.DataFrame(
            {
                "session": pl.Series(self.sessions, dtype=pl.Date),
                "trades": np.bincount(self._session, minlength=len(self.sessions)),
                "net": net,
                "held_net": held,
                "equity": np.cumsum(net),
                "held_equity": np.cumsum(held),
            }
        ).with_columns(pl.col("held_net", "held_equity").fill_nan(None))

    @cached_property
    def months(self) -> pl.DataFrame:
        """Month by month: sessions, trades, net result, its share of the capital, the share of trades won."""
        won = self._by_session((self._net > 0).astype(np.float64))
        by_session = self.equity.with_columns(
            won=pl.Series(won), month=pl.col("session").dt.strftime("%Y-%m")
        )
        share = pl.when(pl.col("trades") > 0).then(pl.col("won") / pl.col("trades"))
        return (
            by_session.group_by("month", maintain_order=True)
            .agg(pl.len().alias("sessions"), pl.col("trades", "net", "won").sum())
            .with_columns(return_pct=(100 * pl.col("net") / self.capital).fill_nan(None), won=share)
            .select("month", "sessions", "trades", "net", "return_pct", "won")
        )

    @property
    def drawdown(self) -> dict[str, Any]:
        """The largest fall of the added up results of closed trades, and the sessions it went from and to."""
        equity = np.concatenate([[0.0], np.cumsum(self._net)])
        fall = np.maximum.accumulate(equity) - equity
        low = int(fall.argmax())
        peak = int(equity[: low + 1].argmax())
        days = [None, *(self.sessions[index].isoformat() for index in self._session.tolist())]
        first = self.sessions[0].isoformat() if self.sessions else None
        amount = fall.item(low)
        return {
            "amount": amount,
            "pct": none_if_unknown(100 * amount / self.capital),
            "from": (days[peak] or first) if amount else None,
            "to": days[low] if amount else None,
        }

    @property
    def exposure(self) -> dict[str, Any]:
        """What was invested, of the capital: on the average over the sessions, and the most at one time."""
        entry, exit_ = (self.trades[name].to_physical().to_numpy() for name in ("entry_at", "exit_at"))
        minutes = sum(self._minutes.get(day, math.nan) for day in self.sessions)
        held = float(self._value @ ((exit_ - entry) / MINUTE))
        mean = held / minutes if minutes else math.nan
        return {
            "mean_pct": none_if_unknown(100 * mean / self.capital),
            "largest_pct": none_if_unknown(100 * self._largest(entry, exit_) / self.capital),
        }

    @property
    def turnover(self) -> float:
        """What was bought and sold in a session, as a multiple of the capital."""
        traded = self._value.sum() + (self._shares * self._column("exit_price")).sum()
        return float(traded / (self.capital * len(self.sessions))) if self.sessions else math.nan

    @property
    def cost_share_pct(self) -> float:
        """How much of the result before costs goes into them; unknown where there is none above 0."""
        gross = float(self._column("gross").sum())
        costs = float((self._column("slippage") + self._column("commission")).sum())
        return 100 * costs / gross if gross > 0 else math.nan

    @cached_property
    def _net(self) -> Floats:
        return self._column("net")

    @cached_property
    def _shares(self) -> Floats:
        return self._column("shares")

    @cached_property
    def _value(self) -> Floats:
        return self._shares * self._column("entry_price")

    def _column(self, name: str) -> Floats:
        return self.trades[name].cast(pl.Float64).fill_null(math.nan).to_numpy()

    def _by_session(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self._session, values, len(self.sessions)), np.float64)

    def _mean_of_trades(self, values: Floats) -> Figure:
        known: Mask = ~np.isnan(values)
        counts = np.bincount(self._session[known], minlength=len(self.sessions)).astype(np.float64)
        totals = np.bincount(self._session[known], values[known], len(self.sessions))
        return _figure(counts, np.asarray(totals, np.float64))

    def _largest(self, entry: Rows, exit_: Rows) -> float:
        """Return the most that was invested at one time; what leaves in the bar it came in was there."""
        at = np.concatenate([entry, exit_])
        change = np.concatenate([self._value, -self._value])
        order = np.lexsort((np.arange(len(at)), at))
        return float(np.cumsum(change[order]).max(initial=0.0))


def _figure(counts: Floats, totals: Floats) -> Figure:
    found = estimate(counts, totals)
    return Figure(found.mean, found.lo, found.hi, found.marks)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan
