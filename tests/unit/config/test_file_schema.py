from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symscan.config import config_schema, parse_config

GUIDE = Path(__file__).parents[3] / "docs" / "CONFIGURATION.md"


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    schema = config_schema()
    for owner in (schema, *schema["$defs"].values()):
        yield from owner["properties"].items()


def test_every_key_is_described() -> None:
    assert [key for key, field in properties() if not field.get("description")] == []


def test_every_object_refuses_other_keys() -> None:
    schema = config_schema()

    assert all(owner["additionalProperties"] is False for owner in (schema, *schema["$defs"].values()))


def test_its_example_is_a_configuration() -> None:
    for example in config_schema()["examples"]:
        assert parse_config(json.dumps(example)).scanners


def test_defaults_are_written_as_in_a_file() -> None:
    defaults = {key: field["default"] for key, field in properties() if "default" in field}

    assert json.loads(json.dumps(defaults)) == defaults
    assert (defaults["interval"], defaults["mode"], defaults["timeout_seconds"]) == ("5m", "backtest", 30)


def test_the_guide_names_every_key() -> None:
    guide = GUIDE.read_text(encoding="utf-8")

    assert [key for key, _ in properties() if f"`{key}`" not in guide] == []


@pytest.mark.parametrize("number", range(3))
def test_the_guides_examples_load(number: int) -> None:
    blocks = GUIDE.read_text(encoding="utf-8").split("```json\n")[1:]
    assert len(blocks) == 3

    config = parse_config(blocks[number].split("```")[0])

    assert config.scanners


def test_help_need_not_wait_for_pydantic() -> None:
    program = "import sys, symscan.config; print([m for m in ('pydantic', 'polars') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert answer.stdout.strip() == "[]"
