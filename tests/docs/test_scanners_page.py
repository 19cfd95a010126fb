"""The page on built-in scanners names every parameter with its default, and its examples pass the checks."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from symscan.config import load_config
from symscan.runtime.building.plugins import SCANNERS, load_scanner

PAGE = Path(__file__).parents[2] / "docs" / "SCANNERS.md"
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE))


def test_every_built_in_scanner_has_a_section() -> None:
    assert sorted(SECTIONS) == SCANNERS.builtin_names()


@pytest.mark.parametrize("name", SCANNERS.builtin_names())
def test_parameters_and_defaults_are_those_of_the_code(name: str) -> None:
    written = re.findall(r"^\| `(\w+)` \| `(.+?)` \| \S", SECTIONS[name], re.MULTILINE)
    fields = import_module(f"symscan.scanners.builtin.{name}").Scanner.params.model_fields
    assert written == [(key, json.dumps(field.default)) for key, field in fields.items()]


@pytest.mark.parametrize("name", SCANNERS.builtin_names())
def test_the_example_passes_every_check(name: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", SECTIONS[name], re.DOTALL)
    path = tmp_path / "example.json"
    path.write_text(json.dumps({"session_data_config": {"scanners": [json.loads(example)]}}))
    (configured,) = load_config(path).scanners
    assert configured.module is not None
    scanner = load_scanner(configured.module, configured.name, configured.config, [tmp_path])
    assert type(scanner).__module__ == f"symscan.scanners.builtin.{name}"
    assert scanner.params is not None
    scanner.params.model_validate(configured.config)
    scanner.check()
