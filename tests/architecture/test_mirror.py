"""Tests of a module are found by its package: the trees of unit and component tests mirror the source."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "symscan"


def _folders(suite: Path) -> set[Path]:
    """The folders of a suite that hold tests."""
    return {path.parent.relative_to(suite) for path in suite.rglob("test_*.py")}


def _strangers(suite: Path) -> list[str]:
    """Folders with tests that are no package of the source."""
    return sorted(
        str(folder) for folder in _folders(suite) if not (SOURCE / folder / "__init__.py").is_file()
    )


@pytest.mark.parametrize("suite", ["unit", "component"])
def test_each_folder_of_tests_is_a_package_of_the_source(suite: str) -> None:
    assert len(_folders(TESTS / suite)) > 5
    assert _strangers(TESTS / suite) == []


def test_a_folder_that_is_no_package_is_found(tmp_path: Path) -> None:
    for folder in ("sources/store", "sources/shop"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "test_store.py").touch()
    assert _strangers(tmp_path) == ["sources/shop"]


def test_what_tests_share_stands_in_support() -> None:
    modules = [path.relative_to(TESTS) for path in TESTS.rglob("*.py")]
    shared = [path for path in modules if not path.name.startswith(("test_", "conftest"))]
    assert {path.parts[0] for path in shared} == {"support", "behaviour"}
