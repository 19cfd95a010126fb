"""Sessions by exchange and year, kept on disk so that the calendar library is rarely imported.

Every file names the library it came from and carries a checksum; one that is unreadable, damaged or of
another version is as good as none, and where nothing can be written nothing is.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from zlib import crc32
from zoneinfo import ZoneInfo

from platformdirs import user_cache_path

from symscan.model.session import Session

FOLDER_VARIABLE: Final = "SYMSCAN_CACHE_DIR"
_FORMAT: Final = 2  # 1 has sessions of exchanges with breaks, which are refused now
_UNUSABLE: Final = (OSError, ValueError, KeyError, TypeError, RecursionError)


def default_folder() -> Path | None:
    """Where calendars are cached; None if the user switched the cache off or has no home folder.

    In ``$SYMSCAN_CACHE_DIR``, else in the system's folder for caches. An empty ``SYMSCAN_CACHE_DIR`` switches
    the cache off.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen is not None:
        return Path(chosen, "calendars") if chosen else None
    try:
        return user_cache_path("symscan", appauthor=False) / "calendars"
    except RuntimeError:
        return None


@dataclass(frozen=True, slots=True)
class CalendarCache:
    """The cached sessions of one exchange as one version of the library computed them.

    Attributes
    ----------
    folder
        Where the files are; None caches nothing.
    exchange
        The exchange's name.
    version
        The library's version.
    """

    folder: Path | None
    exchange: str
    version: str

    def zone(self) -> ZoneInfo | None:
        """The exchange's time zone, None if it is not cached."""
        try:
            return ZoneInfo(self._read("zone"))
        except _UNUSABLE:
            return None

    def year(self, year: int) -> tuple[Session, ...] | None:
        """The sessions of a year, None if they are not cached."""
        try:
            content = self._read(str(year))
            zone = ZoneInfo(content["zone"])
            return tuple(_to_session(row, zone) for row in content["sessions"])
        except _UNUSABLE:
            return None

    def keep_zone(self, zone: ZoneInfo) -> None:
        """Cache the exchange's time zone."""
        self._write("zone", zone.key)

    def keep_year(self, year: int, zone: ZoneInfo, sessions: Sequence[Session]) -> None:
        """Cache the sessions of a year."""
        self._write(str(year), {"zone": zone.key, "sessions": [_to_row(session) for session in sessions]})

    def _path(self, part: str) -> Path | None:
        return self.folder and self.folder / f"{quote(self.exchange, safe='')}-{part}.json"

    def _label(self, part: str) -> dict[str, object]:
        return {"format": _FORMAT, "version": self.version, "exchange": self.exchange, "part": part}

    def _read(self, part: str) -> Any:
        path = self._path(part)
        if path is None:
            raise FileNotFoundError
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["label"] != self._label(part) or document["checksum"] != _checksum(document["content"]):
            raise ValueError(f"{path} is damaged or of another version")
        return document["content"]

    def _write(self, part: str, content: object) -> None:
        path = self._path(part)
        if path is None:
            return
        document = {"label": self._label(part), "checksum": _checksum(content), "content": content}
        # A cache that cannot be written is no fault of the run.
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, json.dumps(document, separators=(",", ":")))


def _replace(path: Path, text: str) -> None:
    """Write the file whole or not at all, also while another process writes it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _checksum(content: object) -> int:
    return crc32(json.dumps(content).encode())


def _to_row(session: Session) -> list[str | int | bool]:
    instants = (session.pre_open, session.open, session.close, session.post_close)
    return [session.date.isoformat(), *instants, session.is_early_close]


def _to_session(row: Sequence[Any], zone: ZoneInfo) -> Session:
    day, pre_open, open_, close, post_close, is_early = row
    return Session(date.fromisoformat(day), pre_open, open_, close, post_close, zone, is_early)
