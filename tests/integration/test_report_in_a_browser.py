"""The report as a browser shows and prints it; without Chromium there is nothing to see."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.cli import call
from support.waiting import LIMIT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this computer"),
]


def _browser(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    options = [
        "--headless=new",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr",
    ]
    command = [CHROMIUM, *options, *sandbox, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)


def test_it_is_shown_and_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "demo", "--symbols", "60").code == 0
    url = (tmp_path / "demo" / "run" / "report.html").as_uri()
    for width in (500, 1440):
        target = tmp_path / f"{width}.png"
        shown = _browser(tmp_path, f"--screenshot={target}", f"--window-size={width},2000", url)
        assert "Refused to" not in shown.stderr  # by the page's own policy
        assert target.stat().st_size > 20_000  # one colour alone is far less
    printed = _browser(tmp_path, f"--print-to-pdf={tmp_path / 'page.pdf'}", "--no-pdf-header-footer", url)
    assert "Refused to" not in printed.stderr
    content = (tmp_path / "page.pdf").read_bytes()
    assert 1 < content.count(b"/Type /Page\n") < 20
