"""One function says of every exception of a user's code where it comes from."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from symscan.errors import ConfigError
from symscan.plugins.errors import describe_error
from symscan.runtime.building.plugins import load_scanner
from symscan.scanners.base import BaseScanner

HEAD = "from symscan import BaseScanner\nclass Scanner(BaseScanner):\n    def scan(self, context):\n"


def _described(call: Callable[[], object], module: str = "") -> str:
    try:
        call()
    except BaseException as error:
        return describe_error(error, module)
    raise AssertionError("it was to raise")


@pytest.fixture
def scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., BaseScanner]]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def load(body: str, name: str = "mine") -> BaseScanner:
        path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + body)
        return load_scanner(name, name, {}, (tmp_path,))

    yield load
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("body", "number", "error"),
    [
        ('{}["a"]', 4, "KeyError: 'a'"),
        ("return context.nothing", 4, "AttributeError: 'NoneType' object"),
        ("assert context", 4, "AssertionError"),
        ("return sorted([1, 'a'],\n        key=lambda x: -x)", 5, "TypeError: bad operand"),
        ("import json; return json.loads('{')", 4, "JSONDecodeError: Expecting"),
        ("return self._load_universe_from_file('no')", 4, "UniverseError: there is no universe 'no'"),
        ("return self.helped()\n    def helped(self):\n        1 / 0", 6, "ZeroDivisionError: division"),
        ("exec('1 / 0')", 4, "ZeroDivisionError: division"),
        ("raise ValueError('half \\ud800')", 4, r"ValueError: half \ud800"),
    ],
)
def test_the_last_line_of_the_users_is_to_blame(scanner: Any, body: str, number: int, error: str) -> None:
    line = body.splitlines()[number - 4].strip()
    found = _described(lambda: scanner(f"        {body}\n").scan(None))
    assert found.startswith(f"mine.py:{number}: {line}  {error}")


def test_a_long_line_is_cut(scanner: Any) -> None:
    found = _described(lambda: scanner(f"        x = '{'g' * 200}' + 1\n").scan(None))
    assert found.startswith(f"mine.py:4: x = '{'g' * 115} ...  TypeError: ")


def test_a_file_is_named_as_its_project_knows_it(scanner: Any) -> None:
    found = scanner("        1 / 0\n", "scanners.far_off")
    assert _described(lambda: found.scan(None)).startswith("scanners/far_off.py:4: 1 / 0  Zero")


def test_another_module_of_the_project_is_named(scanner: Any, tmp_path: Path) -> None:
    (tmp_path / "helper_of_mine.py").write_text("def helped():\n    return {}['b']\n")
    found = scanner("        import helper_of_mine; helper_of_mine.helped()\n")
    assert _described(lambda: found.scan(None)) == "helper_of_mine.py:2: return {}['b']  KeyError: 'b'"
    (tmp_path / "broken_of_mine.py").write_text("x = 1\ny = = 2\n")
    found = scanner("        import broken_of_mine\n", "other")
    assert _described(lambda: found.scan(None)) == "broken_of_mine.py:2: y = = 2  SyntaxError: invalid syntax"


def test_the_line_is_the_one_that_ran(scanner: Any, tmp_path: Path) -> None:
    found = scanner("        1 / 0\n")
    (tmp_path / "mine.py").write_text("# edited while it runs\n" * 9)
    assert _described(lambda: found.scan(None)) == "mine.py:4: 1 / 0  ZeroDivisionError: division by zero"


def test_a_module_that_does_not_import(scanner: Any, tmp_path: Path) -> None:
    (tmp_path / "sick_of_mine.py").write_text("1 / 0\n")
    with pytest.raises(ConfigError) as raised:
        scanner("        pass\nimport sick_of_mine\n")
    assert str(raised.value).endswith(
        "mine.py does not import: sick_of_mine.py:1: 1 / 0  ZeroDivisionError: division by zero"
    )


def test_what_is_installed_is_the_users_where_it_is_the_plug_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symscan.plugins.errors._libraries", lambda: (f"{tmp_path}/",))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sold_scanners.py").write_text("def scan():\n    1 / 0\n")
    scan = importlib.import_module("sold_scanners").scan
    assert (
        _described(scan, "sold_scanners") == "sold_scanners.py:2: 1 / 0  ZeroDivisionError: division by zero"
    )
    assert "sold_scanners.py" not in _described(scan, "mine")
