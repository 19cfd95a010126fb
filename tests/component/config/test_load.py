"""Configurations that are files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.configurations import FIRST_SHAPE
from symscan.config import load_config, parse_config

SPECIFICATION = Path(__file__).parents[4] / "shared" / "spec" / "scanner_framework_design.md"


def test_the_specifications_example_loads_unchanged() -> None:
    if not SPECIFICATION.is_file():
        pytest.skip("the specification is not here")
    match = re.search(r"```json\n(.*?)```", SPECIFICATION.read_text(encoding="utf-8"), re.DOTALL)
    assert match

    assert parse_config(match[1]) == parse_config(FIRST_SHAPE)


def test_a_file_is_read_with_or_without_byte_order_mark(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig"):
        path = tmp_path / f"{encoding}.json"
        path.write_text(FIRST_SHAPE, encoding=encoding)
        config = load_config(path)
        assert (config.file, config.name) == (path, encoding)
        assert config.place("session_data_config").line == 3
