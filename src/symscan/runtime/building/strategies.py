"""Make the strategies of a configuration; every fault is located in the file."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from symscan.clock.time_manager import TimeManager
from symscan.config import SessionConfig, StrategyConfig
from symscan.config.model import Mode
from symscan.config.plugin_params import check_parameters
from symscan.errors import ConfigError, ConfigErrors
from symscan.session.session_data import SessionData

if TYPE_CHECKING:
    from symscan.strategies.base import BaseStrategy
    from symscan.strategies.engine import AnalysisEngine


@dataclass(frozen=True, slots=True)
class StrategySetup:
    """Makes a configuration's strategies, anew for every session.

    Attributes
    ----------
    config
        The configuration.
    folders
        Where the project's modules are, first match wins.
    mode
        The mode that strategies see.
    """

    config: SessionConfig
    folders: tuple[Path, ...]
    mode: Mode = "backtest"

    def check(self) -> None:
        """Make every enabled strategy once, so that its faults are found before the run starts.

        Raises
        ------
        ConfigErrors
            If a module or a parameter is wrong; it holds all of them.
        """
        errors: list[ConfigError] = []
        for strategy in self._enabled():
            try:
                self._check_watched(strategy, self._make(strategy))
            except ConfigErrors as faults:
                errors += faults.errors
            except ConfigError as fault:
                errors.append(self.config.error(f"{strategy.path}.module", str(fault)))
        if errors:
            raise ConfigErrors(errors)

    def engine(self, data: SessionData, time_manager: TimeManager) -> AnalysisEngine | None:
        """Make the engine that runs the strategies of one session, None where there are none."""
        enabled = self._enabled()
        if not enabled:
            return None
        # Most runs have no strategies and need not wait for what runs them.
        from symscan.strategies.engine import AnalysisEngine
        from symscan.strategies.runner import StrategyRunner

        running = [
            StrategyRunner(one.name, self._make(one), data, time_manager, self.mode) for one in enabled
        ]
        return AnalysisEngine(running, data, time_manager)

    def _enabled(self) -> list[StrategyConfig]:
        return [strategy for strategy in self.config.strategies if strategy.enabled]

    def _make(self, strategy: StrategyConfig) -> BaseStrategy:
        from symscan.strategies.loading import made_strategy, strategy_class

        cls = strategy_class(strategy.module, strategy.name, self.folders)
        self._check_parameters(strategy, cls)
        return made_strategy(cls, strategy.module, deepcopy(strategy.config))

    def _check_watched(self, strategy: StrategyConfig, made: BaseStrategy) -> None:
        has = [scanner.name for scanner in self.config.scanners if scanner.enabled]
        for name in made.watches:
            if name not in has:
                message = f"there is no scanner '{name}' to watch (there are: {', '.join(has) or 'none'})"
                raise ConfigErrors([self.config.error(f"{strategy.path}.config", message)])

    def _check_parameters(self, strategy: StrategyConfig, cls: type[BaseStrategy]) -> None:
        """Check the parameters of a strategy that declares them: unknown ones are faults."""
        if cls.params is None:
            return
        check_parameters(cls.params, strategy.config, f"{strategy.path}.config", self.config.error)
