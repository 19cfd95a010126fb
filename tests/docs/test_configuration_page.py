"""The page of the configuration names every key, and its examples load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symscan.config import config_schema, parse_config

GUIDE = Path(__file__).parents[2] / "docs" / "CONFIGURATION.md"


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    schema = config_schema()
    for owner in (schema, *schema["$defs"].values()):
        yield from owner["properties"].items()


def test_the_guide_names_every_key() -> None:
    guide = GUIDE.read_text(encoding="utf-8")

    assert [key for key, _ in properties() if f"`{key}`" not in guide] == []


@pytest.mark.parametrize("number", range(4))
def test_the_guides_examples_load(number: int) -> None:
    blocks = GUIDE.read_text(encoding="utf-8").split("```json\n")[1:]
    assert len(blocks) == 4

    config = parse_config(blocks[number].split("```")[0])

    assert config.scanners
