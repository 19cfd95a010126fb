from __future__ import annotations

import gc

import pytest

from symscan.cli.imports import quick_imports


def test_cycles_are_collected_again_afterwards() -> None:
    frozen = gc.get_freeze_count()
    with quick_imports():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen  # nothing was imported: garbage of other tests is not kept


def test_an_import_that_fails_leaves_the_collection_on() -> None:
    with pytest.raises(ModuleNotFoundError), quick_imports():
        import symscan.nothing  # noqa: F401
    assert gc.isenabled()


def test_a_collection_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with quick_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
