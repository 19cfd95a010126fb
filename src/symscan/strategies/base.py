"""The base of strategies: six methods, a context they read, signals they return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from symscan.model.trading import Action, Position, Signal, SymbolSkipped

if TYPE_CHECKING:
    from pydantic import BaseModel

    from symscan.clock.time_manager import TimeManager
    from symscan.model.instant import Instant
    from symscan.session.view import MemberView
    from symscan.strategies.paper.rules import PaperRules

Decisions = Iterable[Signal | SymbolSkipped] | None
"""What a strategy returns; None is nothing."""


@dataclass(frozen=True, slots=True)
class StrategyContext:
    """The context of each call of a strategy.

    Attributes
    ----------
    session_data
        The session as it stands at ``current_time``; of its symbols the members alone.
    time_manager
        The session's clock.
    mode
        ``backtest`` or ``live``; for information, decisions must not depend on it.
    current_time
        The instant of the call, on the exchange's clock.
    config
        The strategy's own configuration.
    positions
        Its open trades on paper, oldest first; those signalled a moment ago are not yet among them.
    busy
        The symbols it has an open trade in, or a signal for one that is not yet filled.
    """

    session_data: MemberView
    time_manager: TimeManager
    mode: str
    current_time: datetime
    config: dict[str, Any]
    positions: tuple[Position, ...] = ()
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The hits of a scan that are members of the session.

    Attributes
    ----------
    scanner
        The scanner's name.
    at
        The instant the scan was as of, UTC microseconds.
    symbols
        Best first.
    new
        Those the scanner returned for the first time in the session, best first.
    """

    scanner: str
    at: Instant
    symbols: tuple[str, ...]
    new: tuple[str, ...]
    _metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def metadata(self, symbol: str) -> dict[str, Any]:
        """Why the scanner returned the symbol; a copy, empty if it did not say."""
        return deepcopy(dict(self._metadata.get(symbol, {})))


class BaseStrategy:
    """The base of every strategy; each method may be left out.

    A strategy reads the session and returns its decisions; its requests are applied as soon as the
    method returns. One that raises is recorded and called no more in the session; trades that are open
    then run to their stop, their target or the session's end.

    Parameters
    ----------
    config
        The strategy's own ``config`` from the session configuration.
    """

    params: ClassVar[type[BaseModel] | None] = None
    """A pydantic model that checks ``config`` before the run starts; None checks nothing."""

    paper: PaperRules | None = None
    """How its signals are filled on paper; None only writes them to the journal."""

    watches: tuple[str, ...] = ()
    """The scanners it cannot do without; that the configuration has them is checked before the run."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def on_start(self, context: StrategyContext) -> None:
        """Prepare once, at the open."""

    def on_symbol_added(self, context: StrategyContext, symbol: str) -> None:
        """Handle a symbol that is a member from now on: the method to request its indicators in."""

    def on_symbol_removed(self, context: StrategyContext, symbol: str) -> None:
        """Handle a symbol that is no member any more."""

    def on_scan(self, context: StrategyContext, report: ScanReport) -> Decisions:  # noqa: ARG002 - for subclasses
        """Decide upon a scan's hits; scans before the open are reported at the open."""
        return None

    def on_slice(self, context: StrategyContext) -> Decisions:  # noqa: ARG002 - for subclasses
        """Decide once a minute, over all members."""
        return None

    def on_end(self, context: StrategyContext) -> None:
        """Release what ``on_start`` made; called once, after the close."""


def checked_decisions(returned: object) -> list[Signal | SymbolSkipped]:
    """Return a strategy's decisions as a list.

    Raises
    ------
    TypeError
        If it holds anything but signals and passed symbols.
    """
    if returned is None:
        return []
    if isinstance(returned, str) or not isinstance(returned, Iterable):
        raise TypeError(f"it returned {type(returned).__name__}; return a list of Signal, or None")
    decisions = list(returned)
    wrong = next((one for one in decisions if not isinstance(one, Signal | SymbolSkipped)), None)
    if wrong is not None:
        raise TypeError(f"it returned {wrong!r}; return a list of Signal, or None")
    return decisions


__all__ = ["Action", "BaseStrategy", "Decisions", "ScanReport", "Signal", "StrategyContext", "SymbolSkipped"]
