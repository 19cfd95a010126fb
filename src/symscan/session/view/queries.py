"""Queries of a view: columns over many symbols, and single values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from symscan.bars.grid import Grid
from symscan.errors import CandidateError, NotRequested, SpecError
from symscan.indicators.registry import definition
from symscan.model.bar import Bar, Floats, Mask
from symscan.model.bar_times import BarTimes
from symscan.model.interval import Interval
from symscan.model.readings import LAST_BAR_END
from symscan.model.specs import IndicatorSpec
from symscan.session.candidates import Candidates, parse_column
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requested import Requestable, Unanswered, missing_call
from symscan.session.requests import RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.shared_columns import Computed
from symscan.session.static_columns import NamedColumns
from symscan.session.view.indicator_value import IndicatorReading


class SessionQueries:
    """The data of the session one holder may read at one instant.

    Every query reads the bars that ended by now; columns are copies and stay as they are.
    Reading an indicator or an interval that this holder never requested is an error.
    """

    _when_to_request = "in setup"

    def __init__(self, data: SessionData, requests: RequestQueue) -> None:
        self._data = data
        self._requests = requests
        self._holder = requests.holder
        self._columns: dict[str, Floats] = {}
        self._full: dict[str, memoryview[float]] = {}
        self._masks: dict[IndicatorSpec, Mask] = {}
        self._grids: dict[str, Grid] = {}
        self._bar_times: dict[str, BarTimes] = {}
        self._answered: set[str] = set()
        self._unanswered: dict[str, Unanswered] = {}
        self._static: Callable[[], NamedColumns | None] = lambda: None

    def use_static_columns(self, static: Callable[[], NamedColumns | None]) -> None:
        """Add the columns of a universe file, as soon as there are any; called by the engine."""
        self._static = static

    @property
    def symbols(self) -> tuple[str, ...]:
        """This holder's candidates: the order of every column."""
        return self._candidates().symbols

    def column(self, key: str) -> Floats:
        """Return a reading or an indicator of all candidates, NaN where unknown, shape ``(len(symbols),)``.

        Parameters
        ----------
        key
            A session reading (``close``), an indicator's key (``rsi_14_5m``), one output of an
            indicator (``bbands_20_2_5m.upper``), or a column of numbers of the universe's file.
            ``last_bar_end`` is UTC microseconds.

        Raises
        ------
        SpecError
            If there is no such column, or it holds text.
        NotRequested
            If this holder never requested the indicator.
        """
        values = self._columns.get(key)
        if values is None:
            values = self._columns[key] = self._numbers(key).copy()  # a scanner may meddle with its own alone
            values.flags.writeable = False
        return values

    def read_columns(self, keys: Sequence[str]) -> tuple[dict[str, Floats], Computed]:
        """Return columns of the session, and what was computed of columns at this instant; for screens."""
        seen = self._candidates()
        if seen.checked.issuperset(keys):
            return seen.all_named(keys), seen.computed()
        return {key: self._named(key) for key in keys}, seen.computed()

    def frame(self, columns: Sequence[str], symbols: Sequence[str] | None = None) -> pl.DataFrame:
        """Return ``symbol`` and the columns requested, one row per candidate, null where unknown.

        Parameters
        ----------
        columns
            Names as :meth:`column` takes them, and columns of text of the universe's file (``sector``).
            ``last_bar_end`` becomes a UTC datetime.
        symbols
            Only these candidates, in this order; None for all.

        Raises
        ------
        SpecError
            If there is no such column.
        NotRequested
            If this holder never requested an indicator.
        CandidateError
            If a symbol is no candidate of this holder; it is a ``KeyError``.
        """
        series = [pl.Series("symbol", self.symbols, pl.String), *map(self._series, columns)]
        frame = pl.DataFrame(series)
        if symbols is None:
            return frame
        place = {symbol: index for index, symbol in enumerate(self.symbols)}
        missing = [symbol for symbol in symbols if symbol not in place]
        if missing:
            raise CandidateError(self._no_candidate(missing[0]))
        return frame[[place[symbol] for symbol in symbols]]

    def get_latest_bar(self, symbol: str, interval: str = "1m") -> Bar | None:
        """Return the symbol's last completed bar of the session, None if it has none.

        Before and at the open, bars of the finest interval are those of the pre-market.

        Raises
        ------
        SpecError
            If the interval is none, or the session can have no bars of it.
        NotRequested
            If this holder never requested bars of the interval.
        CandidateError
            If the symbol is no candidate, no member, and was never asked for; it is a ``KeyError``.
        """
        row = self._readable_row(symbol)
        if row is None:
            return None
        grid = self._grids.get(interval) or self._intraday_grid(symbol, interval)
        return grid.latest(row, self._times(interval)) if grid is not None else None

    def get_latest_price(self, symbol: str) -> float:
        """Return the symbol's last price, NaN when unknown.

        Raises
        ------
        CandidateError
            If the symbol is no candidate, no member, and was never asked for; it is a ``KeyError``.
        """
        row = self._readable_row(symbol)
        if row is None:
            return np.nan
        prices = self._full.get("close")
        if prices is None:
            prices = self._full["close"] = _item_view(self._data.readings.column("close"))
        return prices[row]

    def get_indicator(self, symbol: str, key: str) -> IndicatorReading | None:
        """Return an indicator's current value, None if it was not requested (or is still being loaded).

        A symbol of which a scan reads nothing but such Nones is unknown.

        Raises
        ------
        SpecError
            If the key names no indicator.
        """
        column = parse_column(key)
        row = self._visible_row(symbol)
        if column.spec is None:
            raise SpecError(f"'{key}' is a session reading, not an indicator; read it with column()")
        if row is None or not self._requested_rows(column.spec).item(row):
            self._unanswered.setdefault(symbol, Unanswered(column.spec, self._has_requested(column.spec)))
            return None
        self._answered.add(symbol)
        outputs = definition(column.spec.name).outputs
        if len(outputs) == 1:
            return IndicatorReading(self._indicator_value(column.spec, column.output, row))
        values = {name: self._indicator_value(column.spec, name, row) for name in outputs}
        return IndicatorReading(values[column.output], values)

    def get_bars(self, symbol: str, interval: str, count: int) -> list[Bar]:
        """Return the symbol's last ``count`` bars, oldest first: requested history, then today.

        Daily and weekly bars on another price basis than the intraday ones (``basis_mismatch``) are unknown:
        there are none.

        Raises
        ------
        ValueError
            If ``count`` is not positive.
        SpecError
            If the interval is none, or the session can have no bars of it.
        NotRequested
            If this holder never requested bars of the interval.
        CandidateError
            If the symbol is no candidate, no member, and was never asked for; it is a ``KeyError``.
        """
        if count < 1:
            raise ValueError(f"count is {count}; ask for at least one bar")
        row = self._readable_row(symbol)
        if row is None:
            return []
        grid = self._grids.get(interval) or self._grid(symbol, interval)
        today = grid.recent(row, count, self._times(interval)) if grid is not None else []
        parsed = Interval.parse(interval)
        if not parsed.is_intraday and self._data.mismatched.item(row):
            return today
        return [*self._earlier_bars(symbol, parsed, count - len(today)), *today]

    def get_active_symbols(self) -> list[str]:
        """Return the members of the session, in the order they were added."""
        return list(self._data.holders.members())

    def get_config_symbols(self) -> set[str]:
        """Return the symbols the configuration names."""
        return {symbol for symbol in self._data.holders.members() if self._data.holders.is_config(symbol)}

    def _numbers(self, key: str) -> Floats:
        """Read a column of numbers, of the session or of the universe's file."""
        seen = self._candidates()
        if key in seen.checked:  # a static column has neither a reading's name nor a key's
            return seen.named(key)
        static = self._static_column(key)
        if static is None:
            return self._named(key)
        if static.dtype in (pl.String, pl.Date):
            kind = "text" if static.dtype == pl.String else "a date"
            raise SpecError(f"'{key}' is {kind}; read it with frame(['{key}'])")
        values: Floats = static.cast(pl.Float64).to_numpy().copy()
        values.flags.writeable = False
        return values

    def _named(self, key: str) -> Floats:
        seen = self._candidates()
        try:
            if key not in seen.checked:
                self._check_column(key, seen)
            return seen.named(key)
        except SpecError as fault:
            static = self._static()
            columns = ", ".join(static.names) if static is not None else ""
            raise SpecError(
                f"{fault}; the universe's columns are {columns}" if columns else str(fault)
            ) from None

    def _static_column(self, name: str) -> pl.Series | None:
        static = self._static()
        return static.series(name, self.symbols) if static is not None and name in static.names else None

    def forget(self) -> None:
        """Drop what was read: the session has changed."""
        for kept in (self._columns, self._full, self._masks, self._grids):
            kept.clear()

    def unanswered(self) -> dict[str, Unanswered]:
        """Return the symbols of which indicators were read and none had a value, with the first read."""
        return {one: first for one, first in self._unanswered.items() if one not in self._answered}

    def add_unanswered(self, symbols: Mapping[str, Unanswered]) -> None:
        """Add the unanswered reads of a copy of this view in another process."""
        self._unanswered.update(symbols)

    def _series(self, name: str) -> pl.Series:
        static = self._static_column(name)
        if static is not None:
            return static
        values = self.column(name)
        if name == LAST_BAR_END:
            return pl.Series(name, values, nan_to_null=True).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
        return pl.Series(name, values, nan_to_null=True)

    def _candidates(self) -> Candidates:
        """Return the symbols of every column."""
        return self._data.candidates(self._holder)

    def _no_candidate(self, symbol: str) -> str:
        return f"'{symbol}' is not a candidate of this scanner; its universe, and what it asks data for, are"

    def _readable_row(self, symbol: str) -> int | None:
        """Return :meth:`_visible_row`; a symbol that nobody requested is an error."""
        if (row := self._visible_row(symbol)) is None and self._is_strange(symbol):
            raise CandidateError(f"{self._no_candidate(symbol)}; {self._advice(symbol)}")
        return row

    def _advice(self, symbol: str) -> str:
        if (other := str(symbol).upper()) in self._candidates().row_of:
            return f"did you mean '{other}'?"
        call = f"add_session_bars('{symbol}', '{self._data.base}')"
        return f"call context.session_data.{call} {self._when_to_request}"

    def _is_strange(self, symbol: str) -> bool:
        """Return whether neither this holder nor the session ever named a symbol without data."""
        requested = self._data.requested
        if not self._knows_its_symbols or requested.names_symbol(symbol, self._holder, MEMBERS):
            return False
        is_pending = self._requests.has_data_requests(symbol) or bool(self._requests.symbol_changes(symbol))
        return not is_pending and symbol not in self._data.coming and symbol not in self._candidates().row_of

    @property
    def _knows_its_symbols(self) -> bool:
        """Return whether this holder has any symbols; in setup a scanner has none yet."""
        return self._data.requested.has_symbols(self._holder)

    def _visible_row(self, symbol: str) -> int | None:
        """Return the row of a candidate or a member; symbols loaded for other holders are hidden."""
        row = self._data.candidates(self._holder).row_of.get(symbol)
        if row is None and self._data.holders.is_member(symbol):
            return self._data.symbols.row(symbol)
        return row

    def _intraday_grid(self, symbol: str, interval: str) -> Grid | None:
        """Return :meth:`_grid` of an interval whose bars may be complete by now."""
        parsed = Interval.parse(interval)
        if not parsed.is_intraday and parsed not in self._data.completed:
            raise SpecError(
                f"a {interval} bar is not complete during the session; "
                f"read those before it with get_bars(symbol, '{interval}', count)"
            )
        return self._grid(symbol, interval)

    def _grid(self, symbol: str, interval: str) -> Grid | None:
        """Return today's bars of an interval that may be read of a symbol, None while there are none."""
        parsed, own = Interval.parse(interval), self._readable_holders
        holders = own
        if not self._data.may_read(parsed, *own) and self._data.holders.is_member(symbol):
            holders = (*own, CONFIG, MEMBERS)
        if not self._data.may_read(parsed, *holders):
            if not self._has_history(symbol, parsed):
                self._check_requested(parsed, *holders)
            return None if parsed.is_intraday else self._data.grid(parsed)
        grid = self._data.grid(parsed)
        if grid is not None and holders is own:
            self._grids[interval] = grid
        return grid

    @property
    def _readable_holders(self) -> tuple[str, ...]:
        """The holders whose data this one may read of every symbol it sees."""
        return (self._holder,)

    def _check_column(self, key: str, seen: Candidates) -> None:
        """Refuse an indicator never requested; one still being loaded leaves every symbol unknown."""
        spec = parse_column(key).spec
        if spec is not None and seen.symbols:
            self._check_requested(spec, *self._readable_holders)
            if not seen.is_available(spec):
                self._unanswered.update(dict.fromkeys(seen.symbols, Unanswered(spec, is_requested=True)))
                return
        seen.checked.add(key)

    def _has_requested(self, what: Requestable, *holders: str) -> bool:
        return self._data.requested.has(what, self._holder, *holders) or self._requests.includes(what)

    def _check_requested(self, what: Requestable, *holders: str) -> None:
        if not self._has_requested(what, *holders):
            if isinstance(what, Interval) and not self._data.supports_interval(what):
                base = self._data.base
                raise SpecError(f"this session has no {what} bars: its finest interval is {base}")
            raise NotRequested(f"{missing_call(what)} {self._when_to_request}")

    def _has_history(self, symbol: str, interval: Interval) -> bool:
        kept = self._data.history
        return any(kept.days(holder, symbol, interval) > 0 for holder in (self._holder, MEMBERS))

    def _times(self, interval: str) -> BarTimes:
        """Return what computes the start of this interval's bars."""
        times = self._bar_times.get(interval)
        if times is None:
            times = self._bar_times[interval] = BarTimes(Interval.parse(interval), self._data.session)
        return times

    def _earlier_bars(self, symbol: str, interval: Interval, count: int) -> list[Bar]:
        """Return bars of earlier sessions: those this holder requested, else those of every member."""
        history = self._data.history
        is_requested = history.days(self._holder, symbol, interval) > 0
        if not is_requested and not self._data.holders.is_member(symbol):
            return []
        holder = self._holder if is_requested else MEMBERS
        return history.recent(holder, symbol, interval, count, self._times(str(interval)))

    def _requested_rows(self, spec: IndicatorSpec) -> Mask:
        mask = self._masks.get(spec)
        if mask is None:
            mask = self._masks[spec] = self._data.requested_rows(spec, self._holder)
        return mask

    def _indicator_value(self, spec: IndicatorSpec, output: str, row: int) -> float:
        name = f"{spec.key}.{output}"
        values = self._full.get(name)
        if values is None:
            values = self._full[name] = _item_view(self._data.indicator(spec, output))
        return values[row]


def _item_view(column: Floats) -> memoryview[float]:
    """Return a copy whose items cost a third of an array's to read."""
    view: memoryview[float] = memoryview(column.copy())  # type: ignore[arg-type]  # arrays are buffers
    return view
