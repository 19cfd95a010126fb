"""Sessions to play."""

from __future__ import annotations

import pytest

from memory_session import Played


@pytest.fixture
def played() -> type[Played]:
    return Played
