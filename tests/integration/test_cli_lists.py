"""``symscan scanners`` and ``symscan schema`` say what a configuration may hold."""

from __future__ import annotations

import json

import pytest

from support.cli import call
from symscan.config import config_schema
from symscan.runtime.building.plugins import SCANNERS, load_scanner


def test_every_built_in_scanner_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    listed = [line.split()[0] for line in call(capsys, "scanners").out.splitlines() if "scanners." in line]
    assert listed == [f"scanners.{name}" for name in SCANNERS.builtin_names()]


@pytest.mark.parametrize("name", SCANNERS.builtin_names())
def test_every_parameter_is_listed_with_its_default_and_meaning(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    params = load_scanner(f"scanners.{name}", name, {}, ()).params
    assert params is not None
    rows = {line.split()[0]: line for line in call(capsys, "scanners", name).out.splitlines() if line.split()}
    for parameter, field in params.model_fields.items():
        _, default, *meaning = rows[parameter].split()
        assert json.loads(default) == field.default
        assert len(meaning) > 3


@pytest.mark.parametrize("name", ["scanners.gap_scanner", "gap", "gap_scanner"])
def test_a_scanner_may_be_named_as_in_a_configuration(capsys: pytest.CaptureFixture[str], name: str) -> None:
    lines = [" ".join(line.split()) for line in call(capsys, "scanners", name).out.splitlines()]
    assert 'direction "both" Which moves count. One of both, up, down.' in lines


def test_a_scanner_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "scanners", "gapp")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: there is no built-in scanner 'gapp'; did you mean 'gap'?\n"


def test_the_schema_is_the_configuration_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(call(capsys, "schema").out) == config_schema()
