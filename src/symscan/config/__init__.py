"""The session configuration: what was asked for, checked and in one shape.

::

    text --json--> values --checks, shape--> faults, each with its place   -> ConfigErrors
                                        \\--> one model, whatever the shape -> SessionConfig
"""

from symscan.config.load import config_schema, load_config, parse_config
from symscan.config.model import (
    Isolation,
    Mode,
    ObserverConfig,
    ScannerConfig,
    ScreenConfig,
    SessionConfig,
    StrategyConfig,
    SymbolRequirements,
)

__all__ = [
    "Isolation",
    "Mode",
    "ObserverConfig",
    "ScannerConfig",
    "ScreenConfig",
    "SessionConfig",
    "StrategyConfig",
    "SymbolRequirements",
    "config_schema",
    "load_config",
    "parse_config",
]
