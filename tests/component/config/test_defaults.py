"""What need not be said: the environment and ``symscan.toml``, found above the current folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from symscan.config.defaults import Defaults, chosen_store, find_defaults
from symscan.errors import ConfigErrors, InputError
from symscan.tasks.jobs import cores


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYMSCAN_STORE", raising=False)
    return tmp_path


def _write(folder: Path, text: str) -> None:
    (folder / "symscan.toml").write_text(text)


def test_nothing_is_named(folder: Path) -> None:
    assert find_defaults(folder, {}) == Defaults()


def test_a_file_in_the_current_folder(folder: Path) -> None:
    _write(folder, 'store = "bars"\nruns = "/elsewhere"\n')
    assert find_defaults(environment={}) == Defaults(Path("bars"), Path("/elsewhere"))


def test_a_file_says_how_many_processes_there_are(folder: Path) -> None:
    _write(folder, "jobs = 3\n")
    assert find_defaults(environment={}) == Defaults(jobs=3)
    _write(folder, 'jobs = "auto"\n')
    assert find_defaults(environment={"SYMSCAN_STORE": "x"}) == Defaults(Path("x"), jobs=cores())


def test_a_file_above_is_relative_to_its_own_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(folder, 'store = "bars"\n')
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_defaults(environment={}) == Defaults(folder / "bars")
    _write(below, 'runs = "mine"\n')
    assert find_defaults(environment={}) == Defaults(None, Path("mine"))


def test_what_is_given_comes_before_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(folder, 'store = "bars"\n')
    assert chosen_store(None) == Path("bars")
    monkeypatch.setenv("SYMSCAN_STORE", "others")
    assert chosen_store(None) == Path("others")
    assert chosen_store("given") == Path("given")
    monkeypatch.setenv("SYMSCAN_STORE", "")
    assert chosen_store(None) == Path("bars")


def test_no_store_says_how_to_name_one(folder: Path) -> None:
    _write(folder, 'runs = "mine"\n')
    with pytest.raises(InputError, match=r"no bar store is named; give 'store', set SYMSCAN_STORE, or write"):
        chosen_store(None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('\nstor = "bars"\n', "2: unknown key 'stor'; did you mean 'store'?"),
        ('store = "bars"\ncolour = 1\n', "2: unknown key 'colour'; known here: store, runs, jobs"),
        ("[live]\nfeed = 1\n", "1: unknown key 'live'; known here: store, runs, jobs"),
        ("runs = 3\n", '1: runs: expected the path of a folder, as in runs = "runs"'),
        ('store = ""\n', '1: store: expected the path of a folder, as in store = "store"'),
        (
            "jobs = 0\n",
            "1: jobs: 0 is no number of jobs; give a whole number from 1 to 1,024, or 'auto' for one",
        ),
        ('\njobs = "many"\n', "2: jobs: 'many' is no number of jobs"),
        ("jobs = true\n", "1: jobs: True is no number of jobs"),
        ('store = "a"\nstore = "b"\n', "2:12: not valid TOML: Cannot overwrite a value"),
        ("store = bars\n", "1:9: not valid TOML: Invalid value"),
        ("store", "not valid TOML: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(folder: Path, text: str, fault: str) -> None:
    _write(folder, text)
    with pytest.raises(ConfigErrors) as caught:
        find_defaults(folder, {})
    assert str(caught.value).startswith(f"{folder / 'symscan.toml'}:")
    assert fault in str(caught.value)


def test_what_is_no_text_is_said_with_its_line(folder: Path) -> None:
    (folder / "symscan.toml").write_bytes(b'store = "a"\nruns = "\xff"\n')
    with pytest.raises(ConfigErrors, match=r"symscan\.toml:2: is not UTF-8 text"):
        find_defaults(folder, {})
