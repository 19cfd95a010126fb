"""What a run keeps of the decisions of its scanners, as the configuration says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from symscan.config import Explain, SessionConfig
from symscan.errors import InputError
from symscan.observers.results.ledger import DecisionWriter


def ledger_writer(config: SessionConfig, folder: Path) -> DecisionWriter | None:
    """Return what writes the decisions that are kept into a run's folder; None where none are."""
    writer = DecisionWriter(folder, {one.name: one.explain for one in config.scanners if one.enabled})
    return writer if writer.keeps_any else None


def keeping(config: SessionConfig, explain: Explain | None) -> SessionConfig:
    """Return the configuration with the decisions of all scanners kept; None leaves it as it is."""
    if explain is None:
        return config
    return replace(config, scanners=tuple(replace(one, explain=explain) for one in config.scanners))


def explain_level(text: str | None, name: str = "--explain") -> Explain | None:
    """Parse how much is kept; ``name`` is what it was given as.

    Raises
    ------
    InputError
        If it is no level.
    """
    if text is None:
        return None
    for level in get_args(Explain):
        if text == level:
            return cast(Explain, level)
    raise InputError(f"{name} {text}: expected one of {', '.join(get_args(Explain))}")
