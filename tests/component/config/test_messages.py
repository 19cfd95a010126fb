"""What is said of files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from symscan.config import load_config
from symscan.errors import ConfigErrors


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.json"
    latin.write_bytes('{\n"name": "café"}'.encode("latin-1"))
    expected = {
        tmp_path / "none.json": "none.json: there is no such file",
        tmp_path: f"{tmp_path}: is a folder",
        latin: "latin.json:2: is not UTF-8 text",
        latin / "below.json": "cannot be read (Not a directory)",
    }
    for path, message in expected.items():
        with pytest.raises(ConfigErrors) as caught:
            load_config(path)
        assert message in str(caught.value)
