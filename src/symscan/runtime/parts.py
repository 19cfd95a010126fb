"""What a session is put together from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from symscan.clock.time_manager import TimeManager
from symscan.model.session import Session
from symscan.runtime.lag import LagWatch
from symscan.runtime.market_clock import MarketClock
from symscan.runtime.orders import Orders
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning import Provisioning
from symscan.runtime.readiness import ReadinessWatch
from symscan.runtime.telling import Teller
from symscan.scanners.running.manager import ScannerManager
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource

if TYPE_CHECKING:
    from symscan.strategies.engine import AnalysisEngine


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session is put together from.

    Attributes
    ----------
    orders
        Carries out what plug-ins asked for; ``provisioning`` does it at once, before the stream.
    analysis
        Runs the strategies; None where there are none.
    config_symbols
        The symbols the configuration names, those the store lacks left out.
    lag
        Watches whether the session keeps up with its source.
    teller
        Stores and tells what happened.
    clock
        The market's, as the moments tell it.
    readiness
        Tells shortly before the open what the session has; None tells nothing.
    closing_seconds
        How long, at the end, scans that still run are waited for.
    """

    session: Session
    time_manager: TimeManager
    session_data: SessionData
    processor: DataProcessor
    scanner_manager: ScannerManager
    provisioning: Provisioning
    orders: Orders
    source: BarSource
    teller: Teller
    clock: MarketClock
    analysis: AnalysisEngine | None = None
    config_symbols: tuple[str, ...] = ()
    lag: LagWatch = field(default_factory=LagWatch)
    readiness: ReadinessWatch | None = None
    closing_seconds: float = 0.0
