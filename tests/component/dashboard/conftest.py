"""The dashboard over the run of two sessions, asked in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from component.runs.conftest import bars, played, run, store
from support.runs import Run
from symscan.dashboard.application import make_application
from symscan.dashboard.opened_runs import OpenedRun, OpenedRuns
from symscan.dashboard.security import Access
from symscan.research.store import open_store

__all__ = ["bars", "played", "run", "store"]

OWN = "http://localhost:8737"
Ask = Callable[..., Any]


@pytest.fixture(scope="session")
def folder(run: Run, store: Path) -> OpenedRuns:
    return OpenedRuns(run.folder, store)


@pytest.fixture(scope="session")
def opened(folder: OpenedRuns, store: Path) -> OpenedRun:
    found = folder.open(folder.names()[0])
    found.store = open_store(store)  # the run was written without saying which bars it was of
    return found


@pytest.fixture(scope="session")
def client(folder: OpenedRuns, opened: OpenedRun) -> Iterator[TestClient]:
    assert opened.store_fault is None
    with TestClient(make_application(folder, Access()), base_url=OWN) as made:
        yield made


@pytest.fixture(scope="session")
def ask(client: TestClient, folder: OpenedRuns) -> Ask:
    """Asks a query of the run; a list is given as often as it is long."""
    name = quote(folder.names()[0], safe="")

    def asked(end: str, **params: Any) -> Any:
        answer = client.get(f"/api/v1/runs/{name}{end}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked
