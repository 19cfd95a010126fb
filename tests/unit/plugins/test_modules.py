from __future__ import annotations

from pathlib import Path

from symscan.plugins.modules import project_folders


def test_a_configuration_in_the_current_folder_has_one_folder() -> None:
    assert project_folders(Path("session.json")) == (Path.cwd(),)
    assert project_folders(Path("there/session.json")) == (Path.cwd(), Path.cwd() / "there")
