"""What the contracts of plug-ins share that are played over a small market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from symscan.testing import market

CUT = 32
"""Minutes after the open at which a market without its future ends."""


class PlayedContract:
    """A plug-in, named as a configuration names it, and a folder with the market it is played over.

    Attributes
    ----------
    module
        As a configuration names it.
    config
        The plug-in's settings.
    indicator_modules
        The modules of the indicators of one's own that it uses, as a configuration names them.
    """

    module: ClassVar[str]
    config: ClassVar[Mapping[str, Any]] = {}
    indicator_modules: ClassVar[Sequence[str]] = ()

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A folder with the market."""
        folder = tmp_path_factory.mktemp("contract")
        market.write_store(folder)
        return folder
