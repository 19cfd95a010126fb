"""How bars are to be imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from symscan.errors import DataError
from symscan.model.interval import ONE_DAY, Interval


class Label(StrEnum):
    """Which end of a bar its timestamp is."""

    START = "start"
    END = "end"


class ZeroVolume(StrEnum):
    """What becomes of bars without volume."""

    DROP = "drop"
    KEEP = "keep"


class OpeningPrint(StrEnum):
    """What becomes of an end-labelled row labelled at the open.

    ``merge`` it into the first bar of the session, ``drop`` it, or ``keep`` it as what its label
    says: the last bar before the open, which it is in files with pre-market bars.
    """

    MERGE = "merge"
    DROP = "drop"
    KEEP = "keep"


class OnConflict(StrEnum):
    """Which of two contradicting rows of one bar is taken; stored bars come before imported ones."""

    STOP = "stop"
    FIRST = "first"
    LAST = "last"


class BadRows(StrEnum):
    """What becomes of rows that cannot be a bar: a value missing, a price of zero, high below low."""

    STOP = "stop"
    DROP = "drop"


class Outside(StrEnum):
    """What becomes of rows on a day without a session."""

    STOP = "stop"
    DROP = "drop"


class UnlikelyTimes(StrEnum):
    """What becomes of times whose label or zone seems wrong: ``ask`` if they are right, or ``keep`` them."""

    ASK = "ask"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How bars are to be imported.

    Attributes
    ----------
    interval
        Intraday or ``1d``.
    label
        Which end of a bar its timestamp is; intraday bars need it, it is never guessed.
    timezone
        The IANA zone of timestamps that carry none; intraday bars need it then.
    columns
        The column of a role (see :data:`symscan.sources.importing.columns.ROLES`) where its name does not
        tell.
    header
        The column names of CSV files that have no header line.
    symbol
        The symbol of all rows, whatever the files say.
    name_pattern
        File names as ``{symbol}_1m``, the end of the name left out and ``*`` standing for anything;
        None takes a name without ``_`` or space as the symbol.
    time_format
        The ``strptime`` form of dates and times that are not recognised.
    opening_print
        None merges, but stops where pre-market bars make it doubtful.

    Raises
    ------
    DataError
        If the options do not go together.
    """

    interval: Interval
    label: Label | None = None
    timezone: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    header: tuple[str, ...] | None = None
    symbol: str | None = None
    name_pattern: str | None = None
    time_format: str | None = None
    zero_volume: ZeroVolume = ZeroVolume.DROP
    opening_print: OpeningPrint | None = None
    on_conflict: OnConflict = OnConflict.STOP
    bad_rows: BadRows = BadRows.STOP
    outside: Outside = Outside.STOP
    unlikely_times: UnlikelyTimes = UnlikelyTimes.ASK

    def __post_init__(self) -> None:
        if self.interval > ONE_DAY:
            raise DataError(f"{self.interval} bars are derived from daily ones; import --interval 1d")
        if self.interval.is_intraday and self.label is None:
            raise DataError(
                f"--label is needed for {self.interval} bars: start if a bar's timestamp is its start, end "
                "if it is its end; it is never guessed, since a wrong guess shifts every bar"
            )
        if self.timezone is not None:
            _check_zone(self.timezone)
        if self.name_pattern is not None and self.name_pattern.count("{symbol}") != 1:
            raise DataError(
                f"--name-pattern '{self.name_pattern}' must contain {{symbol}} once, as in {{symbol}}_1m"
            )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise DataError(f"--timezone {name}: there is no such zone; write America/New_York or UTC") from None
