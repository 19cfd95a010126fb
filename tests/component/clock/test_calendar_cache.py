from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from symscan.clock import calendar_cache
from symscan.clock.calendar_cache import CalendarCache, default_folder
from symscan.clock.calendar_library import load_year, load_zone
from symscan.clock.session_calendar import SessionCalendar

VERSION = "library-1.0"
YEAR = (date(2018, 1, 1), date(2018, 12, 31))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYMSCAN_CACHE_DIR", str(tmp_path))
    return tmp_path / "calendars"


def filled(folder: Path) -> CalendarCache:
    cache = CalendarCache(folder, "NYSE", VERSION)
    zone = load_zone("NYSE")
    cache.keep_zone(zone)
    cache.keep_year(2018, zone, load_year("NYSE", 2018))
    return cache


def test_what_is_kept_is_what_was_computed(tmp_path: Path) -> None:
    cache = filled(tmp_path)

    assert cache.year(2018) == load_year("NYSE", 2018)
    assert cache.zone() == load_zone("NYSE")
    assert cache.year(2019) is None
    assert not list(tmp_path.glob("*.tmp"))


def test_another_version_or_exchange_is_not_believed(tmp_path: Path) -> None:
    filled(tmp_path)

    assert CalendarCache(tmp_path, "NYSE", "library-2.0").year(2018) is None
    assert CalendarCache(tmp_path, "LSE", VERSION).year(2018) is None


def test_an_exchange_named_like_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    CalendarCache(tmp_path / "cache", "24/7", VERSION).keep_zone(load_zone("24/7"))

    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["24%2F7-zone.json"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda text: text[: len(text) // 2],
        lambda _: "[]",
        lambda _: "null",
        lambda _: "[" * 100_000,
        lambda text: text.replace("1514903400000000", "1514903460000000"),
        lambda text: text.replace("2018-01-02", "2018-01-03"),
        lambda text: text.replace('"checksum"', '"check"'),
        lambda text: text + "\x00",
    ],
    ids=["empty", "cut", "list", "null", "deep", "instant", "date", "no checksum", "more"],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: Callable[[str], str]) -> None:
    cache = filled(tmp_path)
    path = tmp_path / "NYSE-2018.json"
    before = path.read_text()
    path.write_text(damage(before))
    assert path.read_text() != before

    assert cache.year(2018) is None


def test_bytes_that_are_no_text_are_as_good_as_none(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    (tmp_path / "NYSE-2018.json").write_bytes(b"\xff\xfe\x00")

    assert cache.year(2018) is None


def test_a_zone_that_does_not_exist_is_as_good_as_none(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    path = tmp_path / "NYSE-zone.json"
    document = json.loads(path.read_text())
    document["content"] = "Atlantis/Capital"
    document["checksum"] = calendar_cache.crc32(json.dumps(document["content"]).encode())
    path.write_text(json.dumps(document))

    assert cache.zone() is None


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    cache = CalendarCache(blocked / "calendars", "NYSE", VERSION)

    cache.keep_year(2018, load_zone("NYSE"), load_year("NYSE", 2018))

    assert cache.year(2018) is None


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYMSCAN_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_folder() == tmp_path / "xdg" / "symscan" / "calendars"

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "symscan" / "calendars"

    monkeypatch.setenv("SYMSCAN_CACHE_DIR", str(tmp_path / "own"))
    assert default_folder() == tmp_path / "own" / "calendars"

    monkeypatch.setenv("SYMSCAN_CACHE_DIR", "")
    assert default_folder() is None


def test_cached_sessions_equal_uncached_ones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = SessionCalendar("NYSE").sessions(*YEAR)
    cached = SessionCalendar("NYSE").sessions(*YEAR)
    monkeypatch.setenv("SYMSCAN_CACHE_DIR", "")
    uncached = SessionCalendar("NYSE").sessions(*YEAR)

    assert first == cached == uncached
    assert {path.name for path in folder.iterdir()} == {"NYSE-2018.json", "NYSE-zone.json"}


def test_a_damaged_cache_mends_itself(folder: Path) -> None:
    before = SessionCalendar("NYSE").sessions(*YEAR)
    path = folder / "NYSE-2018.json"
    whole = path.read_text()
    path.write_text(whole[:1000])

    assert SessionCalendar("NYSE").sessions(*YEAR) == before
    assert path.read_text() == whole


def test_a_cached_calendar_does_not_import_the_library(folder: Path) -> None:
    SessionCalendar("NYSE").session(date(2018, 7, 3))
    assert folder.is_dir()
    program = (
        "import sys; from datetime import date; from symscan.clock.session_calendar import SessionCalendar;"
        "SessionCalendar('NYSE').session(date(2018, 7, 3));"
        "print([m for m in ('pandas', 'pandas_market_calendars', 'numpy') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert answer.stdout.strip() == "[]"
