"""Unit tests are pure: what uses disk, threads, processes or sockets belongs to tests/component."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.purity import only_memory
from symscan.clock.calendar_cache import FOLDER_VARIABLE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    with only_memory():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    with only_memory():
        return (yield)


@pytest.fixture(autouse=True)
def _calendars_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "")
