"""Sessions to play."""

from __future__ import annotations

import pytest

from support.harness import MemorySession


@pytest.fixture
def played() -> type[MemorySession]:
    return MemorySession
