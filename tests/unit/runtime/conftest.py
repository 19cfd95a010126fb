"""Sessions to play."""

from __future__ import annotations

import pytest

from support.harness import Played


@pytest.fixture
def played() -> type[Played]:
    return Played
