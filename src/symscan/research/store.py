"""A bar store as data: its bars, and what a session would make of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import SessionConfig
from symscan.config.defaults import chosen_store
from symscan.errors import InputError
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.universes.universe_spec import UniverseSpec
from symscan.research.arguments import as_date, as_names
from symscan.research.session_values import indicators_of, session_values
from symscan.research.stored_bars import SCHEMA, bars_of
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.building.plugins import use_indicators
from symscan.scanners.universe import STORE, load_universe
from symscan.sources.store.bar_store import BarStore

_NO_PLUG_INS: Final[dict[str, Any]] = {"scanners": (), "strategies": (), "observers": ()}


def open_store(
    path: Path | str | None = None, *, exchange: str = "NYSE", indicator_modules: str | Iterable[str] = ()
) -> Store:
    """Open a bar store.

    Parameters
    ----------
    path
        Its folder; None for ``SYMSCAN_STORE``, or that of ``symscan.toml``.
    exchange
        The exchange whose sessions its bars are of.
    indicator_modules
        Modules of the current folder with indicators that columns may name.

    Raises
    ------
    DataError
        If there is none, or it cannot be read.
    CalendarError
        If there is no such exchange.
    ConfigErrors
        If an indicator module cannot be used.
    """
    config = SessionConfig("columns", Path("columns"), indicator_modules=tuple(as_names(indicator_modules)))
    use_indicators(config, (Path.cwd(),))
    return Store(BarStore(chosen_store(path)), SessionCalendar(exchange), config)


class Store:
    """The bars of a store; make it with :func:`symscan.open_store`.

    Parameters
    ----------
    files
        The store's files.
    calendar
        The exchange's sessions.
    config
        A configuration whose indicator modules are known to columns; None for none.
    """

    def __init__(
        self, files: BarStore, calendar: SessionCalendar, config: SessionConfig | None = None
    ) -> None:
        self._files = files
        self._calendar = calendar
        named = SessionConfig("columns", Path("columns")) if config is None else config
        self._config = replace(
            named, mode="backtest", exchange=calendar.exchange, symbols=(), indicators=(), **_NO_PLUG_INS
        )

    @property
    def path(self) -> Path:
        """The folder of the store."""
        return self._files.root

    @property
    def intervals(self) -> list[str]:
        """The stored intervals, fine to coarse."""
        return [str(one) for one in self._files.intervals()]

    @property
    def sessions(self) -> list[date]:
        """The dates with bars of any interval."""
        return sorted({day for one in self._files.intervals() for day in self._files.sessions(one)})

    def symbols(self) -> list[str]:
        """Return every symbol the store has bars of, in the order of the alphabet."""
        return list(self._symbols)

    def universe(self, name: UniverseSpec, on: date | str | None = None) -> pl.DataFrame:
        """Return a universe, by name or path or made of others: ``symbol``, and the columns of its file.

        ``store`` is every symbol of the store. ``on`` is the date whose members are returned where the
        file has columns ``from`` and ``to``.

        Raises
        ------
        UniverseError
            If it is missing or malformed.
        """
        if name == STORE:
            return pl.DataFrame({"symbol": self._symbols}, schema={"symbol": pl.String()})
        universe = load_universe(name, (Path.cwd(),), as_date(on), self.symbols)
        return pl.DataFrame({"symbol": universe.symbols, **universe.columns})

    def bars(
        self,
        symbols: str | Sequence[str],
        interval: str,
        start: date | str,
        end: date | str | None = None,
        *,
        columns: Sequence[str] = (),
    ) -> pl.DataFrame:
        """Return the bars of symbols over a range of dates, with what a session has at the end of each.

        Parameters
        ----------
        symbols
            One or more.
        interval
            ``1m``, ``5m``, ``1d``. Where the store has none of it on a date, bars are made of its finest
            ones in regular hours.
        start, end
            The range of dates, both included; None for one date.
        columns
            Readings and indicators by key, ``vwap``, ``rsi_14_5m``, ``bbands_20_2_5m.upper``. Their values
            are the engine's, for which each session is played: what a scanner reads at that instant. So
            daily indicators are of earlier sessions, also at the end of a daily bar; in a store of daily bars
            alone that bar is their last. A column that a bar has itself, such as ``close``, is called
            ``session_close``: of the session, not of the bar.

        Returns
        -------
        polars.DataFrame
            ``session``, ``symbol``, ``start``, ``end``, ``open``, ``high``, ``low``, ``close``, ``volume``
            as traded, and the columns, null where unknown; by symbol and start.

        Raises
        ------
        InputError
            If a symbol, an interval, a date or a column is none; or the store has no intraday bars in the
            range, of which columns are made.
        """
        wanted = self._known([symbols] if isinstance(symbols, str) else list(symbols))
        parsed, names = _parsed(interval), list(dict.fromkeys(columns))
        use_indicators(self._config, (Path.cwd(), self._config.file.resolve().parent))
        indicators_of(names)
        first, last = _range(start, end)
        sessions = self._calendar.sessions(first, last)
        frames = [bars_of(self._files, session, parsed, wanted) for session in sessions]
        bars = pl.concat([pl.DataFrame(schema=SCHEMA), *frames]).sort("symbol", "start")
        if not names or bars.is_empty():
            return bars.with_columns(pl.lit(None, pl.Float64()).alias(_named(one)) for one in names)
        values = self._values(bars, wanted, names, first, last)
        return bars.join(values, on=("symbol", "end"), how="left", maintain_order="left")

    def _values(
        self, bars: pl.DataFrame, symbols: Sequence[str], columns: Sequence[str], first: date, last: date
    ) -> pl.DataFrame:
        backtest = assemble_backtest(self._config, self.path.absolute(), first, last)
        values = session_values(backtest, symbols, columns, _ends(bars))
        return values.rename({name: _named(name) for name in columns})

    def _known(self, symbols: list[str]) -> list[str]:
        """Return symbols in order, each once, if the store has them all."""
        for symbol in symbols:
            if symbol not in self._files.symbols():
                close = get_close_matches(str(symbol).upper(), self._symbols, 1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                raise InputError(f"{self.path} has no bars of '{symbol}'{hint}")
        return sorted(set(symbols))

    @cached_property
    def _symbols(self) -> list[str]:
        return sorted(self._files.symbols())

    def __repr__(self) -> str:
        days = self.sessions
        period = f"{days[0]} to {days[-1]}" if days else "empty"
        return f"<Store {self.path}: {', '.join(self.intervals)}; {len(self._symbols):,} symbols; {period}>"


def _parsed(text: str) -> Interval:
    interval = Interval.parse(text)
    if not interval.is_intraday and interval != ONE_DAY:
        raise InputError(f"bars are of minutes, hours or a day; there are none of '{text}'")
    return interval


def _range(start: date | str, end: date | str | None) -> tuple[date, date]:
    first = as_date(start)
    last = first if end is None else as_date(end)
    if first is None or last is None:
        raise InputError("give the first date of the bars")
    if last < first:
        raise InputError(f"the range's last date {last} is before its first date {first}")
    return first, last


def _named(column: str) -> str:
    return f"session_{column}" if column in SCHEMA else column


def _ends(bars: pl.DataFrame) -> dict[date, list[Instant]]:
    """Return the instants at which bars end, by session."""
    ends = bars.select("session", pl.col("end").to_physical()).unique().sort("end")
    by_day = ends.group_by("session").agg("end")
    return dict(by_day.iter_rows())
