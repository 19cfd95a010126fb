"""The configuration model, the same for every shape of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from symscan.clock.schedule import Window
from symscan.config.alert_settings import AlertSettings
from symscan.config.json_locations import JsonLocations
from symscan.config.study_settings import StudySettings
from symscan.errors import ConfigError, Place
from symscan.model.interval import ONE_MINUTE, Interval
from symscan.model.live_settings import LiveSettings
from symscan.model.specs import IndicatorConfig, IndicatorSpec
from symscan.model.universes.dated_file import DatedFile
from symscan.model.universes.universe_spec import UniverseSpec

Mode = Literal["backtest", "live"]
Isolation = Literal["thread", "process"]

Explain = Literal["none", "near", "full"]

Module = str | type[Any]
"""What holds a plug-in: the dotted name of a module, or, from Python, the class itself."""


def module_name(module: Module) -> str:
    """Return the name of what holds a plug-in: of a class, its own."""
    return module if isinstance(module, str) else module.__name__


@dataclass(frozen=True, slots=True)
class SymbolRequirements:
    """What a scanner wishes for the symbols it finds, beyond what is derived from it.

    Attributes
    ----------
    streams
        Intervals of bars to keep.
    history_days
        Sessions of history to load at least; 0 leaves it to what the indicators need.
    """

    streams: tuple[Interval, ...] = ()
    history_days: int = 5


@dataclass(frozen=True, slots=True)
class ScreenConfig:
    """A scanner that is an expression; the texts are as written, not yet parsed.

    Attributes
    ----------
    universe
        The universe it judges, by name or path or made of others.
    where
        What a symbol must meet, polars SQL.
    rank
        What hits are ordered by, highest first; None orders by symbol.
    take
        How many hits at most; None takes all.
    show
        Names whose values go into a hit's metadata besides those the expressions use.
    max_age_minutes
        A symbol whose last bar ended longer ago is unknown; None sets no limit.
    per
        The column of the groups in which ``take`` counts; None takes from all.
    market
        The symbol that ``market.NAME`` reads.
    confirm_scans
        At how many consecutive scans ``where`` must be true before a symbol is a hit.
    leave_when
        What ends a symbol's stay among the hits, instead of ``where`` being false.
    hold_minutes, cooldown_minutes
        How long a symbol stays among the hits at least, and how long it then stays away.
    found_by, within_minutes
        The scanner whose hits it judges instead of a universe, and how long ago they may have been found.
    restricted_to
        The universe of which these hits have to be; None: of any.
    """

    universe: UniverseSpec
    where: str
    rank: str | None = None
    take: int | None = None
    show: tuple[str, ...] = ()
    max_age_minutes: float | None = None
    per: str | None = None
    market: str | None = None
    confirm_scans: int = 1
    leave_when: str | None = None
    hold_minutes: float = 0.0
    cooldown_minutes: float = 0.0
    found_by: str | None = None
    within_minutes: float | None = None
    restricted_to: UniverseSpec | None = None


@dataclass(frozen=True, slots=True)
class ScannerConfig:
    """One scanner: either ``module`` or ``screen`` is given.

    Attributes
    ----------
    name
        Unique in the configuration; the module's last part where it is left out.
    path
        Where it stands in the file, ``session_data_config.scanners[0]``; for
        :meth:`SessionConfig.error`.
    module
        The dotted name of the module that holds the scanner's class; or the class.
    screen
        The expression that is the scanner.
    config
        The scanner's own settings, unchecked.
    enabled
        Whether it takes part.
    required
        Whether the session fails if it cannot be set up.
    pre_session
        Whether it scans once at the open, over the bars that ended by then.
    pre_session_windows
        When it scans before the open; none unless the file has a list of windows there.
    regular_session
        When it scans between open and close.
    at_close
        Whether it scans once after the last slice, when the day is complete.
    symbol_requirements
        What it wishes for the symbols it finds.
    timeout_seconds
        How long one scan may take.
    add_symbols
        Whether the symbols it finds join the session.
    isolation
        What keeps it from the others in a live session: a ``thread`` of its own, or a ``process``.
    explain
        What a run keeps of its decisions: ``none``, ``near`` or ``full``.
    columns
        The dated files whose columns are joined with its universe's.
    universe_where
        What a symbol of its universe must meet before the session, by what is known of earlier days.
    """

    name: str = ""
    path: str = ""
    module: Module | None = None
    screen: ScreenConfig | None = None
    config: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True
    required: bool = False
    pre_session: bool = False
    pre_session_windows: tuple[Window, ...] = ()
    regular_session: tuple[Window, ...] = ()
    at_close: bool = False
    symbol_requirements: SymbolRequirements = SymbolRequirements()
    timeout_seconds: float = 30.0
    add_symbols: bool = True
    isolation: Isolation = "thread"
    explain: Explain = "none"
    columns: tuple[DatedFile, ...] = ()
    universe_where: str | None = None

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", module_name(self.module or "").rpartition(".")[2])


@dataclass(frozen=True, slots=True)
class StrategyConfig:
    """One strategy.

    Attributes
    ----------
    name
        Unique among the strategies of the configuration.
    path
        Where it stands in the file; for :meth:`SessionConfig.error`.
    module
        The dotted name of the module that holds the strategy's class; or the class.
    config
        The strategy's own settings, unchecked.
    enabled
        Whether it takes part.
    """

    name: str
    path: str
    module: Module
    config: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ObserverConfig:
    """One observer of the user's; its attributes are those of a strategy."""

    name: str
    path: str
    module: Module
    config: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """A configuration that passed every check of its shape.

    Attributes
    ----------
    name
        The run's name: the file's ``name``, else the file's name without its suffix.
    mode
        ``backtest`` or ``live``.
    exchange
        The exchange whose calendar the sessions follow.
    start_date, end_date
        The range of ``backtest_config``, both included; None where the file has none.
    symbols
        The symbols that are members from the start.
    streams
        Intervals of bars to keep of every member.
    indicators
        Indicators of every member; parameters and names unchecked.
    scanners
        The scanners in the order of the file, disabled ones too.
    strategies
        The strategies in the order of the file, disabled ones too.
    observers
        The observers in the order of the file, disabled ones too.
    renames
        The file of changes of ticker; None without any.
    indicator_modules
        The modules that hold indicators of the user's.
    live
        How a live session takes its bars.
    study
        What a study measures after hits; no run depends on it.
    alerts
        Which messages a live session sends to people; no result depends on it.
    file
        Where it was read from.
    text
        The file's text, for places.
    """

    name: str
    file: Path
    mode: Mode = "backtest"
    exchange: str = "NYSE"
    start_date: date | None = None
    end_date: date | None = None
    symbols: tuple[str, ...] = ()
    streams: tuple[Interval, ...] = (ONE_MINUTE,)
    indicators: tuple[IndicatorSpec | IndicatorConfig, ...] = ()
    scanners: tuple[ScannerConfig, ...] = ()
    strategies: tuple[StrategyConfig, ...] = ()
    observers: tuple[ObserverConfig, ...] = ()
    indicator_modules: tuple[str, ...] = ()
    renames: str | None = None
    live: LiveSettings = field(default_factory=LiveSettings)
    study: StudySettings = field(default_factory=StudySettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    text: str = field(default="", repr=False, compare=False)

    def place(self, path: str, *, key: bool = False, offset: int | None = None) -> Place:
        """Where the value of a path stands in the file; where it has none, what would hold it.

        Parameters
        ----------
        path
            Such as ``session_data_config.scanners[0].config.min_gap_percent``.
        key
            Ask for the key instead of its value.
        offset
            A position inside a text value, in characters from 0.
        """
        return JsonLocations.of(self.text, str(self.file)).place(path, key=key, offset=offset)

    def error(self, path: str, message: str, *, key: bool = False, offset: int | None = None) -> ConfigError:
        """The fault of a later check, with its place."""
        return ConfigError(message, place=self.place(path, key=key, offset=offset), path=path)
