"""The public API: one list, true for the namespace, for type checkers and for the clock."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import symscan

HEAVY = {"polars", "numpy", "pandas", "pandas_market_calendars", "talib", "pydantic"}


def _imported_names() -> set[str]:
    """What the module's own import statements bring in from symscan: what a type checker sees."""
    tree = ast.parse(Path(symscan.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.name for node in imports if (node.module or "").startswith("symscan.") for alias in node.names
    }


def test_the_list_is_what_type_checkers_see() -> None:
    assert _imported_names() == set(symscan.__all__)


def test_the_list_is_the_namespace() -> None:
    own = {"TYPE_CHECKING", "Any", "Final", "annotations", "import_module", "warn"}
    submodules = {name.split(".")[1] for name in sys.modules if name.startswith("symscan.")}
    public = {name for name in dir(symscan) if not name.startswith("_")}
    assert public - own - submodules == set(symscan.__all__)


@pytest.mark.parametrize("name", symscan.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(symscan, name).__name__ == name
    assert getattr(symscan, name).__doc__


def test_a_former_name_still_works_and_says_so() -> None:
    with pytest.warns(DeprecationWarning, match="is called symscan.SymbolSkipped now"):
        assert symscan.Passed is symscan.SymbolSkipped


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'BaseScaner'"):
        symscan.BaseScaner  # noqa: B018


@pytest.mark.parametrize("module", ["symscan", "symscan.cli.app"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(symscan.__file__).parents[1])},
    )
    assert done.stdout.strip() == ""
