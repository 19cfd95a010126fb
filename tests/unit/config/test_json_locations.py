"""Every key and value has its place, so that later checks can name it too."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symscan.config import SessionConfig, parse_config
from symscan.config.json_locations import JsonLocations, join, parent
from symscan.errors import Place

TEXT = """{
  "session_data_config": {
    "scanners": [
      {"name": "hot",
       "where": "close > \\"5\\" \\u00e9 \\ud83d\\ude00 x",
       "pre_session": true},
      {"module": "m", "pre_session": true, "config": {"a.b": [1, {"deep": 2}], "with space": 3}}
    ]
  }
}"""
SCREEN = "session_data_config.scanners[0]"
MODULE = "session_data_config.scanners[1]"


@pytest.fixture(scope="module")
def config() -> SessionConfig:
    return parse_config(TEXT, "c.json")


@pytest.mark.parametrize(
    ("path", "key", "line", "column"),
    [
        ("", False, 1, 1),
        ("session_data_config", True, 2, 3),
        ("session_data_config", False, 2, 26),
        (SCREEN, False, 4, 7),
        (SCREEN + ".name", True, 4, 8),
        (SCREEN + ".name", False, 4, 16),
        (SCREEN + ".where", False, 5, 17),
        (MODULE + '.config["a.b"]', True, 7, 55),
        (MODULE + '.config["a.b"][1].deep', False, 7, 75),
        (MODULE + '.config["with space"]', False, 7, 94),
    ],
)
def test_keys_and_values(config: SessionConfig, path: str, key: bool, line: int, column: int) -> None:
    assert config.place(path, key=key) == Place("c.json", line, column)


def test_what_is_missing_is_where_it_would_stand(config: SessionConfig) -> None:
    assert config.place(SCREEN + ".rank") == config.place(SCREEN)
    assert config.place(MODULE + ".config.min_gap.deeper", key=True) == config.place(MODULE + ".config")
    assert config.place("nowhere[3].x") == Place("c.json", 1, 1)


@pytest.mark.parametrize(
    ("offset", "column"),
    [(0, 18), (8, 26), (9, 28), (12, 32), (13, 38), (14, 39), (15, 51), (16, 52), (99, 53)],
)
def test_offsets_inside_a_text_count_escapes(config: SessionConfig, offset: int, column: int) -> None:
    value = json.loads(TEXT)["session_data_config"]["scanners"][0]["where"]
    assert value == 'close > "5" é 😀 x'

    assert config.place(SCREEN + ".where", offset=offset) == Place("c.json", 5, column)


def test_a_later_check_raises_with_the_place(config: SessionConfig) -> None:
    error = config.error(SCREEN + ".where", "unknown name 'x'", offset=15)

    assert str(error) == f"c.json:5:51: {SCREEN}.where: unknown name 'x'"


def test_a_configuration_made_in_code_has_no_places() -> None:
    config = parse_config('{"session_data_config": {}}', "c.json")
    bare = SessionConfig(config.name, config.file)

    assert bare.place("session_data_config") == Place("c.json")


def test_paths_and_their_parents() -> None:
    assert join("", "name") == "name"
    assert join("a.b", 3) == "a.b[3]"
    assert join("a", "with space") == 'a["with space"]'
    assert parent("a.b[3]") == "a.b"
    assert parent("a.b") == "a"
    assert parent('a["with space"]') == "a"
    assert parent("a") == parent("") == parent("?") == ""


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 2]), st.booleans())
def test_at_every_place_stands_its_value(value: object, indent: int | None, ascii_only: bool) -> None:
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
        text.encode()
    except UnicodeEncodeError:
        return
    lines = text.split("\n")
    positions = JsonLocations.of(text, "f")

    def check(path: str, inner: object) -> None:
        place = positions.place(path)
        assert place.line and place.column
        rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        assert json.JSONDecoder().raw_decode(rest)[0] == inner
        children = enumerate(inner) if isinstance(inner, list) else ()
        children = inner.items() if isinstance(inner, dict) else children
        for step, child in children:
            check(join(path, step), child)

    check("", value)
