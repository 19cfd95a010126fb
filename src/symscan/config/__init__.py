"""The session configuration: what was asked for, checked and in one shape.

::

    text --json--> values --checks, shape--> faults, each with its place   -> ConfigErrors
                                        \\--> one model, whatever the shape -> SessionConfig
"""

from symscan.config.load import config_schema, load_config, override_study, parse_config
from symscan.config.model import (
    Explain,
    Isolation,
    Mode,
    ObserverConfig,
    ScannerConfig,
    ScreenConfig,
    SessionConfig,
    StrategyConfig,
    SymbolRequirements,
)
from symscan.config.study_settings import StudySettings

__all__ = [
    "Explain",
    "Isolation",
    "Mode",
    "ObserverConfig",
    "ScannerConfig",
    "ScreenConfig",
    "SessionConfig",
    "StrategyConfig",
    "StudySettings",
    "SymbolRequirements",
    "config_schema",
    "load_config",
    "override_study",
    "parse_config",
]
