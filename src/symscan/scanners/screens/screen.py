"""Screens: scanners defined by one expression, from which their requirements are derived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symscan.model.bar import Floats, Mask, Rows
from symscan.model.fills import rests_on_daily_bars
from symscan.model.hit_metadata import SYMBOL, FrameMetadata, HitColumns
from symscan.model.instant import Instant, from_datetime
from symscan.model.universes.dated_file import DatedFile
from symscan.model.universes.universe_spec import ANY, EXCEPT, UniverseSpec
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.screens.compiling import compile_screen
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.explaining import Evaluated, ScreenClauses, spread
from symscan.scanners.screens.language.names import LAST_SCAN, MARKET, kind_of_dtype
from symscan.scanners.screens.lists import ScannerLists
from symscan.scanners.screens.memory import ScanState, ScreenMemory
from symscan.scanners.screens.plan import KEPT, Found, ScreenPlan
from symscan.scanners.tables.dated_columns import DatedColumns
from symscan.scanners.universe import Universe, load_universe
from symscan.session.static_columns import StaticColumns

if TYPE_CHECKING:
    import polars as pl

    from symscan.scanners.screens.language.numpy_evaluator import Columns
    from symscan.scanners.screens.language.terms import Kind
    from symscan.session.shared_columns import Computed
    from symscan.session.view import SessionView


class ScreenScanner(BaseScanner):
    """A scanner that is a screen: subclasses define their criteria in :meth:`screen`.

    The names in the screen's expressions alone decide which indicators, intervals and history are
    loaded. Every scan judges the whole universe at once.
    """

    transient_attributes = (
        *BaseScanner.transient_attributes,
        *("_universe", "_screen", "_plan", "_seen", "_market_place", "_lists", "_given", "_others"),
        *("_clauses", "_dated", "_screen_files", "_restricted_to"),
    )
    _screen: Screen | None = None
    _plan: ScreenPlan | None = None
    _seen: tuple[tuple[str, ...], Rows, Rows | None] | None = None
    _memory: ScreenMemory | None = None
    _market: str | None = None
    _market_place: tuple[tuple[str, ...], int | None] = ((), None)
    _at: Instant = 0
    _found_by: tuple[str, float | None] | None = None
    _lists: ScannerLists | None = None
    _given: Universe | None = None
    _restricted_to: UniverseSpec | None = None
    _dated: DatedColumns | None = None
    _screen_files: tuple[DatedFile, ...] = ()
    _others: tuple[str, ...] | None = None
    _clauses: ScreenClauses | None = None

    @classmethod
    def of(
        cls, screen: Screen, universe: UniverseSpec = "sp500", config: Mapping[str, Any] | None = None
    ) -> ScreenScanner:
        """A scanner of a screen that stands alone, over a universe by name or path."""
        scanner = cls({**(config or {}), "universe": universe})
        scanner._screen = screen
        return scanner

    def use_scanners(
        self,
        names: Sequence[str],
        found_by: Universe | None = None,
        restricted_to: UniverseSpec | None = None,
    ) -> None:
        """Set which scanners may be named, the universe of the one whose hits are evaluated, and of which.

        Called by the engine before the screen is compiled.
        """
        self._others, self._given, self._restricted_to = tuple(names), found_by, restricted_to

    def narrow(self, symbols: Sequence[str]) -> None:
        """Keep of its universe only these symbols. Called by the engine before ``setup``."""
        super().narrow(symbols)
        self._plan = None

    def screen(self) -> Screen:
        """Return this scanner's criteria; called once, before the session.

        Raises
        ------
        NotImplementedError
            If a subclass does not say.
        """
        if self._screen is None:
            raise NotImplementedError(f"{type(self).__name__} needs a method screen() that returns a Screen")
        return self._screen

    @property
    def is_cross_sectional(self) -> bool:
        """Whether what is found of one symbol depends on others: the best so many, or an aggregate."""
        return self._checked_plan().is_cross_sectional

    @property
    def rests_on_daily_bars(self) -> bool:
        """Whether all that its expressions name is of completed sessions."""
        plan = self._checked_plan()
        return rests_on_daily_bars([*plan.columns, *plan.market])

    @property
    def columns(self) -> tuple[str, ...]:
        """The session's columns that the screen reads."""
        return self._checked_plan().columns

    @property
    def last_scan_columns(self) -> tuple[str, ...]:
        """The columns that the screen reads as they were at its last scan, without ``last_scan.``."""
        return tuple(self._checked_plan().last_scan)

    @property
    def market_columns(self) -> tuple[str, ...]:
        """The columns that the screen reads of the market's symbol, without ``market.``."""
        return tuple(self._checked_plan().market)

    @property
    def value_kinds(self) -> dict[str, Kind]:
        """The names of the values that it keeps with each hit, and what they are."""
        values = self._checked_plan().kept_of_none().drop(SYMBOL)
        return {name: kind_of_dtype(dtype) for name, dtype in values.schema.items()}

    def check(self) -> None:
        """Load the universe and compile the screen, so that faults show before the run starts.

        Raises
        ------
        UniverseError
            If the universe is missing or malformed.
        ExpressionError
            If an expression is refused; ``part`` says which.
        """
        self._plan = self._compile()

    def setup(self, context: ScanContext) -> bool:
        """Request the indicators the screen names, for the whole universe."""
        self._adopt_found_universe(context)
        plan = self._checked_plan()
        view = context.session_data
        for key in plan.indicators:
            view.add_indicator(self._universe, key)
        if self._market is not None:
            view.add_session_bars(self._market, view.base_interval)
            for key in plan.market_indicators:
                view.add_indicator(self._market, key)
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        """The symbols that meet the condition, best first, with the values that made them."""
        plan, view = self._checked_plan(), context.session_data
        if self._memory is not None:
            self._memory.begin(context.ok_scans)
        if self.reads_scanners:
            self._read_lists(context)
        here, rows, columns, computed = self._read_columns(view)
        found = self._evaluate(here, columns, computed, context)
        clauses = None
        if context.explains and self._clauses is not None:
            stays = None if self._memory is None else self._memory.state.stays
            clauses = self._clauses.of(Evaluated(columns, here, computed, found, stays, self._at))
            if rows is not None:
                clauses = [spread(one, rows, len(view.symbols)) for one in clauses]
        if self._memory is not None:
            self._memory.end(ScanState(self._over_universe(columns, here), found.stays))
        unknown, evaluated = found.unknown.copy(), None  # others may share it
        without_row = self._without_row(view, here)
        if rows is not None:  # candidates outside the universe are not evaluated
            unknown = _spread(unknown, rows, len(view.symbols))
            if without_row is not None:
                without_row = _spread(without_row, rows, len(view.symbols))
            if self._market is not None or self._found_by is not None:  # others are read, not judged
                evaluated = _spread(np.ones(here.size, np.bool_), rows, len(view.symbols))
        judged: dict[str, Any] = {"unknown": unknown, "evaluated": evaluated, "clauses": clauses}
        judged["without_row"] = without_row
        if not found.hits.size:
            nothing = FrameMetadata((), plan.kept_of_none)
            return ScanResult([], nothing, **judged)
        hits = here[found.hits]
        symbols = [self._universe[row] for row in hits.tolist()]
        values = {name: values[found.hits] for name, values in columns.items()}  # of the hits alone
        if found.kept is not None:
            values[KEPT] = found.kept[found.hits].astype(np.float64)
        metadata = FrameMetadata.of_columns(symbols, HitColumns(plan.kept, values, hits))
        return ScanResult(symbols, metadata, **judged)

    def _without_row(self, view: SessionView, here: Rows) -> Mask | None:
        """Return for whom a dated file that the condition reads has no row yet, None where none does."""
        if self._dated is None:
            return None
        without = self._dated.without_row(self._checked_plan().where.names, view.now)
        return None if without is None else without[here]

    def _evaluate(
        self, here: Rows, columns: Columns, computed: Computed | None, context: ScanContext | None
    ) -> Found:
        """Evaluate the screen from what the last scan has left."""
        plan = self._checked_plan()
        if plan.patience is None or self._memory is None:
            return plan.evaluate(columns, here, computed)
        if context is not None:
            self._at = from_datetime(context.current_time)
        return plan.evaluate(columns, here, computed, self._memory.state.stays, self._at)

    def values(self, view: SessionView) -> pl.DataFrame:
        """Return ``symbol``, ``place`` among those that meet the condition, and the values of its names."""
        here, _, columns, _ = self._read_columns(view)
        return self._checked_plan().values_of(columns, here, self._evaluate(here, columns, None, None))

    def _read_columns(self, view: SessionView) -> tuple[Rows, Rows | None, Columns, Computed | None]:
        """Read the symbols of the universe in a view: which they are, their rows there, and their columns.

        The last is what was computed of the columns; None where these are this scanner's own.
        """
        here, rows = self._matching_rows(view.symbols)
        if self._found_by is not None and self._lists is not None:
            on_list = self._lists.found(*self._found_by)[here]
            rows = np.arange(here.size)[on_list] if rows is None else rows[on_list]
            here = here[on_list]
        columns, shared = view.read_columns(self._checked_plan().columns)
        computed: Computed | None = shared
        if rows is not None:
            columns, computed = {name: values[rows] for name, values in columns.items()}, None
        if self._market is not None:
            columns |= self._of_market(view, here.size)
        if self._lists is not None:
            lists = self._checked_plan().lists
            columns |= {one.column: self._lists.column(one)[here] for one in lists}
        if self._dated is not None:
            columns |= {name: self._dated.values(name, view.now)[here] for name in self._checked_plan().dated}
        if self._memory is not None:
            columns |= self._at_last_scan(here)
        return here, rows, columns, computed

    def _read_lists(self, context: ScanContext) -> None:
        """Read the scans of other scanners since the last time."""
        if self._lists is None:
            self._lists = ScannerLists(self._universe)
        self._lists.update(context.past_scans, from_datetime(context.current_time))

    def _adopt_found_universe(self, context: ScanContext) -> None:
        """Take the universe of the scanner whose hits are evaluated, which may choose it in its setup."""
        self._checked_plan()
        past = None if self._found_by is None else context.past_scans.get(self._found_by[0])
        if past is None or not past.universe:
            return
        symbols = self._restricted(past.universe)
        if symbols == tuple(self._universe):
            return
        known = self._given or self._file or Universe(type(self).__name__, (), {}, None, Path())
        self._given = known.of_symbols(symbols)
        self._plan = self._compile()

    def _of_market(self, view: SessionView, count: int) -> dict[str, Floats]:
        """Return what is read of the market's symbol, the same for every symbol; unknown without its data."""
        seen, place = self._market_place
        if seen is not view.symbols:
            place = view.symbols.index(self._market) if self._market in view.symbols else None
            self._market_place = view.symbols, place
        names = self._checked_plan().market
        values = [np.nan if place is None else view.column(name)[place] for name in names]
        return {f"{MARKET}.{name}": np.full(count, value) for name, value in zip(names, values, strict=True)}

    def _at_last_scan(self, here: Rows) -> dict[str, Floats]:
        """Return the columns of the last scan, unknown at the first."""
        known = {} if self._memory is None else self._memory.state.values
        unknown = np.full(len(self._universe), np.nan)
        names = self._checked_plan().last_scan
        return {f"{LAST_SCAN}.{name}": known.get(name, unknown)[here] for name in names}

    def _over_universe(self, columns: Columns, here: Rows) -> dict[str, Floats]:
        """Return the columns that the next scan reads, over the whole universe."""
        kept = {}
        for name in self._checked_plan().last_scan:
            kept[name] = np.full(len(self._universe), np.nan)
            kept[name][here] = columns[name]
        return kept

    def _checked_plan(self) -> ScreenPlan:
        plan = self._plan
        if plan is None:
            plan = self._plan = self._compile()
        return plan

    def _compile(self) -> ScreenPlan:
        screen = self.screen()
        universe = self._chosen_universe()
        self._screen_files, self._tables = screen.dated_files, None
        self.tables.check(universe.columns, universe.symbols)
        dated = self.tables.columns_over(universe.symbols) if self.tables.joined else None
        plan = compile_screen(screen, universe, self._others, dated)
        self._clauses = ScreenClauses(plan, screen.per)
        self._universe = list(universe.symbols)
        self.max_age_minutes = screen.max_age_minutes
        self.reads = plan.session_names
        self._found_by = None if screen.found_by is None else (screen.found_by, screen.within_minutes)
        read = [one.scanner for one in plan.lists] + ([screen.found_by] if screen.found_by else [])
        self.reads_scanners = tuple(dict.fromkeys(read))
        self._lists, self._dated = None, dated
        waits = bool(plan.last_scan) or plan.patience is not None
        self.is_stateful = waits or bool(self.reads_scanners)
        self._memory = ScreenMemory() if waits else None
        self._market = screen.market
        return plan

    def _joined_files(self) -> tuple[DatedFile, ...]:
        return *super()._joined_files(), *self._screen_files

    def _chosen_universe(self) -> Universe:
        """Load the universe with its columns, also where a subclass chooses the symbols itself."""
        if self._given is not None:
            symbols = self._restricted(self._given.symbols)
            if symbols != self._given.symbols:
                self._given = self._given.of_symbols(symbols)
            self._file = self._given
            self._static = StaticColumns(self._given.symbols, self._given.columns)
            return self._given
        symbols = tuple(self._load_universe())
        file = self._file
        if file is None or symbols == file.symbols:
            return file or Universe(type(self).__name__, symbols, {}, None, Path())
        return file.of_symbols(symbols)

    def _restricted(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        """Return which symbols of the scanner whose hits are evaluated may be among them."""
        spec = self._restricted_to
        if spec is None:
            return symbols
        left_out = () if isinstance(spec, str) else spec.get(EXCEPT, ())
        load = partial(load_universe, folders=self._folders, on=self._date, known=self._known)
        if left_out and set(spec) == {EXCEPT}:
            without = set(load({ANY: left_out}).symbols)
            return tuple(one for one in symbols if one not in without)
        kept = set(load(spec).symbols)
        return tuple(one for one in symbols if one in kept)

    def _matching_rows(self, candidates: tuple[str, ...]) -> tuple[Rows, Rows | None]:
        """Return the universe's symbols among the candidates, and their rows; None where they are all."""
        seen = self._seen
        if seen is None or (seen[0] is not candidates and seen[0] != candidates):
            seen = self._seen = (candidates, *_matched(self._universe, candidates))
        return seen[1:]


def _spread(here: Mask, rows: Rows, count: int) -> Mask:
    """Return a mask over all candidates, given one over some."""
    mask = np.zeros(count, np.bool_)
    mask[rows] = here
    return mask


def _matched(universe: Sequence[str], candidates: tuple[str, ...]) -> tuple[Rows, Rows | None]:
    if candidates == tuple(universe):
        return np.arange(len(universe)), None
    place = {symbol: row for row, symbol in enumerate(candidates)}
    here = [row for row, symbol in enumerate(universe) if symbol in place]
    return np.array(here, np.intp), np.array([place[universe[row]] for row in here], np.intp)
