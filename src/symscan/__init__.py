"""symscan: a symbol scanner and trading-session engine.

This is the public API: what a scanner, a script or a notebook imports. Names are loaded when they are
first used, so that ``import symscan`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from warnings import warn

from symscan.errors import (
    CalendarError,
    CandidateError,
    ConfigError,
    ConfigErrors,
    DataError,
    ExpressionError,
    FeedError,
    InputError,
    NotRequested,
    RunError,
    ScannerFailed,
    ScanOverrun,
    SpecError,
    SymscanError,
    UniverseError,
    WorkerLost,
)

if TYPE_CHECKING:
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.clock.time_manager import TimeManager
    from symscan.config import ScannerConfig, SessionConfig, load_config
    from symscan.model.decisions.clauses import Clause
    from symscan.model.interval import Interval
    from symscan.model.specs import IndicatorConfig, IndicatorSpec, IndicatorType
    from symscan.model.trading import Position, Signal, SymbolSkipped
    from symscan.model.universes.dated_file import DatedFile
    from symscan.observers.base import BaseObserver
    from symscan.research.audit.python import audit
    from symscan.research.audit.results import Audit
    from symscan.research.backtest import run
    from symscan.research.follow import FollowedEvent, follow
    from symscan.research.run import Run, open_run
    from symscan.research.screening import screen
    from symscan.research.store import Store, open_store
    from symscan.research.study.python import study
    from symscan.research.study.study import Study, open_study
    from symscan.runtime.coordinator import SessionCoordinator
    from symscan.runtime.script import ScriptSession, open_session
    from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
    from symscan.scanners.running.manager import ScannerManager
    from symscan.scanners.screens.criteria import Screen
    from symscan.scanners.screens.screen import ScreenScanner
    from symscan.scanners.universe import Universe, load_universe
    from symscan.session.session_data import SessionData
    from symscan.session.view import MemberView, SessionView
    from symscan.sources.base_broker import BaseBroker
    from symscan.sources.clocks import VirtualClock
    from symscan.sources.iterable_feed import FeedBar, IterableFeed
    from symscan.sources.ports import LiveDay
    from symscan.sources.store.bar_store import BarStore
    from symscan.strategies.base import BaseStrategy, ScanReport, StrategyContext
    from symscan.strategies.paper.rules import PaperRules

__all__ = [
    "Audit",
    "BarStore",
    "BaseBroker",
    "BaseObserver",
    "BaseScanner",
    "BaseStrategy",
    "CalendarError",
    "CandidateError",
    "Clause",
    "ConfigError",
    "ConfigErrors",
    "DataError",
    "DatedFile",
    "ExpressionError",
    "FeedBar",
    "FeedError",
    "FollowedEvent",
    "IndicatorConfig",
    "IndicatorSpec",
    "IndicatorType",
    "InputError",
    "Interval",
    "IterableFeed",
    "LiveDay",
    "MemberView",
    "NotRequested",
    "PaperRules",
    "Position",
    "Run",
    "RunError",
    "ScanContext",
    "ScanOverrun",
    "ScanReport",
    "ScanResult",
    "ScannerConfig",
    "ScannerFailed",
    "ScannerManager",
    "Screen",
    "ScreenScanner",
    "ScriptSession",
    "SessionCalendar",
    "SessionConfig",
    "SessionCoordinator",
    "SessionData",
    "SessionView",
    "Signal",
    "SpecError",
    "Store",
    "StrategyContext",
    "Study",
    "SymbolSkipped",
    "SymscanError",
    "TimeManager",
    "Universe",
    "UniverseError",
    "VirtualClock",
    "WorkerLost",
    "audit",
    "follow",
    "load_config",
    "load_universe",
    "open_run",
    "open_session",
    "open_store",
    "open_study",
    "run",
    "screen",
    "study",
]

_HOMES: Final = {
    "Audit": "symscan.research.audit.results",
    "BarStore": "symscan.sources.store.bar_store",
    "BaseBroker": "symscan.sources.base_broker",
    "BaseObserver": "symscan.observers.base",
    "BaseScanner": "symscan.scanners.base",
    "BaseStrategy": "symscan.strategies.base",
    "Clause": "symscan.model.decisions.clauses",
    "FeedBar": "symscan.sources.iterable_feed",
    "FollowedEvent": "symscan.research.follow",
    "IndicatorConfig": "symscan.model.specs",
    "IndicatorSpec": "symscan.model.specs",
    "IndicatorType": "symscan.model.specs",
    "Interval": "symscan.model.interval",
    "IterableFeed": "symscan.sources.iterable_feed",
    "LiveDay": "symscan.sources.ports",
    "MemberView": "symscan.session.view",
    "PaperRules": "symscan.strategies.paper.rules",
    "SymbolSkipped": "symscan.model.trading",
    "Position": "symscan.model.trading",
    "Run": "symscan.research.run",
    "DatedFile": "symscan.model.universes.dated_file",
    "ScanContext": "symscan.scanners.base",
    "ScanReport": "symscan.strategies.base",
    "ScanResult": "symscan.scanners.base",
    "ScannerConfig": "symscan.config",
    "ScannerManager": "symscan.scanners.running.manager",
    "Screen": "symscan.scanners.screens.criteria",
    "ScreenScanner": "symscan.scanners.screens.screen",
    "ScriptSession": "symscan.runtime.script",
    "SessionCalendar": "symscan.clock.session_calendar",
    "SessionConfig": "symscan.config",
    "SessionCoordinator": "symscan.runtime.coordinator",
    "SessionData": "symscan.session.session_data",
    "SessionView": "symscan.session.view",
    "Signal": "symscan.model.trading",
    "Store": "symscan.research.store",
    "StrategyContext": "symscan.strategies.base",
    "Study": "symscan.research.study.study",
    "TimeManager": "symscan.clock.time_manager",
    "Universe": "symscan.scanners.universe",
    "VirtualClock": "symscan.sources.clocks",
    "audit": "symscan.research.audit.python",
    "follow": "symscan.research.follow",
    "load_config": "symscan.config",
    "load_universe": "symscan.scanners.universe",
    "open_run": "symscan.research.run",
    "open_session": "symscan.runtime.script",
    "open_store": "symscan.research.store",
    "open_study": "symscan.research.study.study",
    "run": "symscan.research.backtest",
    "screen": "symscan.research.screening",
    "study": "symscan.research.study.python",
}
"""Where the names live that are loaded when they are first used."""

_RENAMED: Final = {"Passed": "SymbolSkipped"}
"""Former names, kept for one release."""


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        warn(f"symscan.{name} is called symscan.{_RENAMED[name]} now", DeprecationWarning, stacklevel=2)
        return getattr(import_module(__name__), _RENAMED[name])
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *(name for name in _HOMES if name not in globals())]
