from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from symscan.errors import ConfigError, UniverseError
from symscan.runtime.building.plugins import SCANNERS, load_scanner
from symscan.scanners.base import BaseScanner
from symscan.scanners.builtin import gap, momentum
from symscan.scanners.screens.screen import ScreenScanner

HEAD = "from symscan import BaseScanner, Screen, ScreenScanner, ScanResult\n"


def _class(name: str, base: str = "BaseScanner") -> str:
    return f"class {name}({base}):\n    def scan(self, context):\n        return ScanResult([])\n"


def _load(folder: Path, module: str, name: str = "mine", **config: Any) -> BaseScanner:
    return load_scanner(module, name, config, [folder])


def _write(folder: Path, path: str, text: str) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize("module", ["gap", "gap_scanner", "scanners.gap", "scanners.gap_scanner"])
def test_prefix_and_suffix_of_a_built_in_may_be_left_out(tmp_path: Path, module: str) -> None:
    assert type(_load(tmp_path, module)) is gap.Scanner


@pytest.mark.parametrize("module", ["gap", "gap_scanner", "scanners.gap", "scanners.gap_scanner"])
@pytest.mark.parametrize("path", ["gap.py", "gap_scanner.py", "scanners/gap.py", "scanners/gap_scanner.py"])
def test_the_projects_own_module_wins_on_both_sides(tmp_path: Path, module: str, path: str) -> None:
    _write(tmp_path, path, HEAD + _class("Scanner"))
    assert type(_load(tmp_path, module)).__module__.startswith("symscan_project_")
    assert type(_load(tmp_path, "momentum")) is momentum.Scanner


def test_the_exact_name_wins(tmp_path: Path) -> None:
    for path, name in (("scanners/gap.py", "One"), ("gap_scanner.py", "Two")):
        _write(tmp_path, path, HEAD + _class(name))
    assert type(_load(tmp_path, "scanners.gap")).__name__ == "One"
    assert type(_load(tmp_path, "gap_scanner")).__name__ == "Two"


def test_the_first_folder_wins_and_two_projects_share_nothing(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        _write(tmp_path / folder, "mine.py", HEAD + f"FOLDER = '{folder}'\n" + _class("Scanner"))
    loaded = [
        type(load_scanner("mine", "mine", {}, [tmp_path / one, tmp_path / two])).__module__
        for one, two in ("ab", "ba", "ab")
    ]
    assert [sys.modules[name].FOLDER for name in loaded] == ["a", "b", "a"]


def test_a_package_is_a_module(tmp_path: Path) -> None:
    _write(tmp_path, "mine/__init__.py", HEAD + _class("Scanner"))
    assert type(_load(tmp_path, "mine")).__name__ == "Scanner"


@pytest.mark.parametrize(
    ("classes", "name", "chosen"),
    [
        (["Other", "Scanner", "HotScanner"], "hot", "Scanner"),
        (["Other", "HotScanner"], "hot", "HotScanner"),
        (["Other", "VeryHotScanner"], "very_hot", "VeryHotScanner"),
        (["Other", "HotScanner"], "hot_scanner", "HotScanner"),
        (["Whatever"], "hot", "Whatever"),
    ],
)
def test_which_class_is_meant(tmp_path: Path, classes: list[str], name: str, chosen: str) -> None:
    _write(tmp_path, "mine.py", HEAD + "\n".join(map(_class, classes)))
    assert type(_load(tmp_path, "mine", name)).__name__ == chosen


@pytest.mark.parametrize("name", ["base", "screen"])
def test_a_class_the_module_imports_from_the_engine_is_not_meant(tmp_path: Path, name: str) -> None:
    _write(tmp_path, "mine.py", HEAD + _class("Mine", "ScreenScanner"))
    assert type(_load(tmp_path, "mine", name)).__name__ == "Mine"


def test_a_class_from_another_module_of_the_project_may_be_meant(tmp_path: Path) -> None:
    _write(tmp_path, "elsewhere_of_loading.py", HEAD + _class("Scanner"))
    _write(tmp_path, "mine.py", "from elsewhere_of_loading import Scanner\n")
    try:
        assert type(_load(tmp_path, "mine")).__name__ == "Scanner"
    finally:
        sys.path.remove(str(tmp_path))


def test_a_module_may_hold_a_screen(tmp_path: Path) -> None:
    _write(tmp_path, "mine.py", HEAD + "screen = Screen(where='close > 5')\n")
    scanner = _load(tmp_path, "mine", universe="test_universe")
    assert type(scanner) is ScreenScanner
    assert scanner.config["universe"] == "test_universe"
    assert scanner.screen().where == "close > 5"


def test_the_constructor_is_given_the_configuration(tmp_path: Path) -> None:
    _write(tmp_path, "mine.py", HEAD + _class("Scanner"))
    assert _load(tmp_path, "mine", depth=3).config == {"depth": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (\n", r"mine\.py does not import: mine\.py:1: x = \(  SyntaxError: "),
        ("a = 1\nb = 1 / 0\n", r"mine\.py does not import: mine\.py:2: b = 1 / 0  ZeroDivisionError: div"),
        ("import nothing_of_that_name\n", r"mine\.py:1: .*No module named 'nothing_of_that_name'"),
        ("import sys\nsys.exit(3)\n", r"mine\.py:2: .*SystemExit: 3"),
        ("x = 1\n", r"no class Scanner or MineScanner, .*\(it has: none\)"),
        (HEAD + _class("A") + _class("B"), r"not exactly one BaseScanner \(it has: A, B\)"),
        ("class Scanner:\n    pass\n", "Scanner of module 'mine' is no BaseScanner; derive it from"),
        (HEAD + "class Scanner(BaseScanner):\n    pass\n", "lacks the method scan"),
        (
            HEAD + _class("S") + "    def __init__(self):\n        pass\n",
            "S of .* not be made: TypeError",
        ),
        (
            HEAD + _class("S") + "    def __init__(self, c):\n        c['x']\n",
            r"be made: mine\.py:\d+: c\['x'\]  KeyError: 'x'",
        ),
    ],
)
def test_a_module_that_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    _write(tmp_path, "mine.py", text)
    for _ in range(2):  # a module that failed is not remembered
        with pytest.raises(ConfigError, match=message):
            _load(tmp_path, "mine")


def test_a_broken_module_is_never_replaced_by_a_built_in(tmp_path: Path) -> None:
    _write(tmp_path, "scanners/gap_scanner.py", "1 / 0\n")
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        _load(tmp_path, "gap")


@pytest.mark.parametrize("module", ["momentun", "scanners.momentun_scanner"])
def test_a_module_that_is_nowhere(tmp_path: Path, module: str) -> None:
    with pytest.raises(ConfigError, match=r"there is no module .*did you mean 'momentum'") as caught:
        _load(tmp_path, module)
    assert str(tmp_path) in str(caught.value)
    assert ", ".join(SCANNERS.builtin_names()) in str(caught.value)


@pytest.mark.parametrize("module", ["", ".", "..gap", "a b", "json"])
def test_a_name_that_is_none(tmp_path: Path, module: str) -> None:
    with pytest.raises(ConfigError):
        _load(tmp_path, module)


def test_a_modules_name_is_the_same_in_every_process(tmp_path: Path) -> None:
    """It shows in messages, and so in the journal."""
    _write(tmp_path, "mine.py", HEAD + _class("Scanner"))
    here = type(_load(tmp_path, "mine")).__module__
    program = (
        "from pathlib import Path; from symscan.runtime.building.plugins import load_scanner;"
        f"print(type(load_scanner('mine', 'mine', {{}}, [Path({str(tmp_path)!r})])).__module__)"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(gap.__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == here


def _with_params(base: str, universe: str, body: str) -> str:
    head = HEAD + "from pathlib import Path\nfrom pydantic import BaseModel, Field\n\n"
    params = f"class Params(BaseModel):\n    lowest: float\n    universe: {universe}\n\n"
    return head + params + f"class Scanner({base}):\n    params = Params\n    def {body}\n"


@pytest.mark.parametrize(
    "declared",
    ["str = 'few.txt'", "str = Field(default_factory=lambda: 'few.txt')", "Path = Path('few.txt')"],
)
@pytest.mark.parametrize(
    ("base", "body"),
    [
        ("BaseScanner", "scan(self, context):\n        return ScanResult([])"),
        ("ScreenScanner", "screen(self):\n        return Screen('close > 5')"),
    ],
)
def test_the_universe_its_parameters_declare_counts(
    tmp_path: Path, declared: str, base: str, body: str
) -> None:
    _write(tmp_path, "few.txt", "ONE\nTWO\n")
    _write(tmp_path, "other.txt", "THREE\n")
    _write(tmp_path, "mine.py", _with_params(base, declared, body))
    scanner = _load(tmp_path, "mine", lowest=1.0)
    scanner.check()
    assert scanner.universe == ("ONE", "TWO")
    named = _load(tmp_path, "mine", lowest=1.0, universe="other.txt")
    named.check()
    assert named.universe == ("THREE",)


@pytest.mark.parametrize("declared", ["str", "str | None = None", "list[str] = []"])
def test_parameters_that_declare_no_universe_leave_it_as_it_is(tmp_path: Path, declared: str) -> None:
    body = "scan(self, context):\n        return None"
    _write(tmp_path, "mine.py", _with_params("BaseScanner", declared, body))
    scanner = _load(tmp_path, "mine", lowest=1.0)
    scanner.check()
    assert scanner.universe == ()
    assert len(scanner._load_universe()) > 400


def test_parameters_that_declare_no_name_of_a_universe_are_refused(tmp_path: Path) -> None:
    """Else the scanner would run over sp500, without a word."""
    body = "scan(self, context):\n        return None"
    _write(tmp_path, "mine.py", _with_params("BaseScanner", "list[str] = ['ONE', 'TWO']", body))
    with pytest.raises(UniverseError, match=r"^\['ONE', 'TWO'\] is not a universe; give the name"):
        _load(tmp_path, "mine", lowest=1.0)._load_universe()


def test_a_declared_universe_that_is_not_there_is_a_fault_before_the_run(tmp_path: Path) -> None:
    body = "scan(self, context):\n        return None"
    _write(tmp_path, "mine.py", _with_params("BaseScanner", "str = 'gone.txt'", body))
    with pytest.raises(UniverseError, match=r"no universe file 'gone\.txt'"):
        _load(tmp_path, "mine", lowest=1.0).check()
