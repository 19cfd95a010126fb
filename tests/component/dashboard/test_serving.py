"""What keeps the dashboard from being served, in words; and the files that it brings along."""

from __future__ import annotations

import base64
import re
import socket
from hashlib import sha512
from pathlib import Path

import pytest

from support.hostile_run import write_hostile_run
from symscan.dashboard.opened_runs import OpenedRuns
from symscan.dashboard.serving import TOKEN_VARIABLE, ServingAddress, serve
from symscan.dashboard.vendored import STATIC, VENDOR, libraries, notices, static_files
from symscan.errors import InputError


@pytest.fixture
def runs(tmp_path: Path) -> OpenedRuns:
    return OpenedRuns(write_hostile_run(tmp_path))


def _refused(runs: OpenedRuns, **address: object) -> str:
    with pytest.raises(InputError) as refused:
        serve(runs, ServingAddress(**address), lambda _: pytest.fail("it was served"))  # type: ignore[arg-type]
    return str(refused.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder; give one that holds runs"):
        serve(OpenedRuns(tmp_path / "runs"), ServingAddress(port=0), lambda _: pytest.fail("it was served"))


def test_a_port_that_is_taken(runs: OpenedRuns) -> None:
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        said = _refused(runs, port=port)
    assert re.match(
        rf"port {port} of localhost cannot be used \(Address already in use\); --port \d+ is free", said
    )


def test_other_computers_reach_it_only_with_a_token(
    runs: OpenedRuns, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert "can be reached from other computers, and needs a token" in _refused(runs, host="0.0.0.0", port=0)
    monkeypatch.setenv(TOKEN_VARIABLE, "short")
    assert "has fewer than 32 characters" in _refused(runs, host="0.0.0.0", port=0)
    path = tmp_path / "token"
    path.write_text("x" * 40)
    path.chmod(0o644)
    said = _refused(runs, host="0.0.0.0", port=0, token_file=path)
    assert "others may read the token; 'chmod 600" in said
    assert "x" * 40 not in said
    assert "cannot be read" in _refused(runs, port=0, token_file=tmp_path / "none")
    assert "there is no host 'nowhere.invalid'" in _refused(
        runs, host="nowhere.invalid", port=0, token_file=_own(path)
    )


def _own(path: Path) -> Path:
    path.chmod(0o600)
    return path


def test_what_is_brought_along_is_what_was_published() -> None:
    named: set[str] = {"VENDOR.toml"}
    for library in libraries():
        for name, file in library["files"].items():
            named.add(name)
            assert sha512((VENDOR / name).read_bytes()).hexdigest() == file["sha512"], name
        kind, _, digest = library["tarball"].partition("-")
        assert (kind, len(base64.b64decode(digest))) == ("sha512", 64)
        assert any(library["version"] in name for name in library["files"])
    assert {entry.name for entry in VENDOR.iterdir()} == named
    assert [len(one["text"]) > 900 for one in notices()] == [True, True]


def test_our_modules_make_no_elements_of_text() -> None:
    own = {
        name: (STATIC / name).read_text(encoding="utf-8") for name in static_files() if "vendor/" not in name
    }
    assert len(own) > 15
    words = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")
    dangerous = "|".join(
        map(re.escape, (*words, "DOMParser", "srcdoc", 'setAttribute("style', 'setAttribute("on'))
    )
    assert {
        name: re.findall(dangerous, text) for name, text in own.items() if re.search(dangerous, text)
    } == {}
    assert {name for name, text in own.items() if len(text.splitlines()) > 300} == set()
    elsewhere = r"https?://(?!www\.w3\.org/|www\.tradingview\.com/)"
    assert {name for name, text in own.items() if re.search(elsewhere, text)} == set()
