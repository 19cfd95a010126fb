"""Load the strategy a configuration's ``module`` names: a class of the user's, or a built-in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from symscan.errors import ConfigError
from symscan.plugins.modules import PlugInKind
from symscan.strategies import builtin
from symscan.strategies.base import BaseStrategy
from symscan.strategies.paper.rules import PaperRules

_STRATEGIES: Final[PlugInKind[BaseStrategy]] = PlugInKind("Strategy", "strategies", BaseStrategy, builtin)


def builtin_names() -> list[str]:
    """Return the names of the built-in strategies, as a configuration gives them."""
    return _STRATEGIES.builtin_names()


def strategy_class(module: str, name: str, folders: Sequence[Path]) -> type[BaseStrategy]:
    """Find the class of the strategy a module holds.

    Parameters
    ----------
    module
        ``strategies.paper_trader``: a module of the project, else a built-in one; the prefix
        ``strategies.`` and the suffix ``_strategy`` may be left out, on both sides.
    name
        The strategy's name, from which a class ``{Name}Strategy`` is found.
    folders
        Where the project's modules are, first match wins.

    Raises
    ------
    ConfigError
        If there is no such module, it does not import, or holds no strategy class that is meant.
    """
    return _STRATEGIES.class_in(_STRATEGIES.load(module, folders), module, name)


def made_strategy(cls: type[BaseStrategy], module: str, config: dict[str, Any]) -> BaseStrategy:
    """Make an instance of a strategy's class.

    Raises
    ------
    ConfigError
        If its constructor raises, or its ``paper`` is something else than rules.
    """
    strategy = _STRATEGIES.made(cls, module, config)
    strategy.config = config  # a constructor of the user's need not call the base's
    if strategy.paper is not None and not isinstance(strategy.paper, PaperRules):
        raise ConfigError(
            f"{cls.__name__}.paper of module '{module}' is {strategy.paper!r}; give PaperRules(...)"
        )
    return strategy
