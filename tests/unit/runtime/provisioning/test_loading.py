"""Loading history without a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext

from symscan.model.interval import ONE_DAY
from symscan.runtime.provisioning.loading import BackgroundLoader, DataPlan


def _plan(*new: str) -> Callable[[], DataPlan]:
    return lambda: DataPlan(new)


def test_nothing_to_load_is_ready_at_once_and_needs_no_thread() -> None:
    loading = BackgroundLoader(lambda _: nullcontext, lambda: None)
    before = threading.active_count()
    loading.submit(_plan())
    assert [(one.error, one.prepared) for one in loading.collect()] == [(None, ())]
    assert threading.active_count() == before


def test_a_plan_with_history_alone_is_not_empty() -> None:
    assert DataPlan().is_empty
    assert not DataPlan(("A",)).is_empty
    assert not DataPlan((), {ONE_DAY: (("A",), 1)}).is_empty
