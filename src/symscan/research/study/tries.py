"""How often these sessions were looked at: a memory beside the runs, not a lock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from symscan.clock.wall_clock import utc_now
from symscan.errors import DataError
from symscan.research.statistics.families import expected_largest_t
from symscan.runs.files.writing import TRY_AGAIN, writing

MEMORY: Final = "tries.jsonl"
"""The file in the folder of runs that keeps a line for each study."""

_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Try:
    """One study of one scanner.

    Attributes
    ----------
    at
        When it was made, ISO 8601.
    digest
        The digest of the scanner: code, settings, schedule and universe, without its name.
    first, last
        Its sessions.
    t
        The headline's t; None where there is none.
    variants
        How many scanners it counts as: more than one where variants of it were compared.
    is_holdout
        Whether it opened a holdout.
    """

    at: str
    digest: str
    first: date
    last: date
    t: float | None
    variants: int = 1
    is_holdout: bool = False


def read_tries(path: Path) -> list[Try]:
    """Read what was tried; nothing where there is no memory.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: it cannot be read ({error}); remove it to begin anew") from None
    return [one for number, line in enumerate(lines, 1) for one in _of_line(path, number, line)]


def _of_line(path: Path, number: int, line: str) -> list[Try]:
    try:
        record = json.loads(line)
        first, last = (date.fromisoformat(record[key]) for key in ("first", "last"))
        scanners = record["scanners"]
        each = max(int(record.get("variants", 1)) // max(len(scanners), 1), 1)
        return [
            Try(
                record["at"],
                one["digest"],
                first,
                last,
                one.get("t"),
                each,
                bool(record.get("holdout", False)),
            )
            for one in scanners.values()
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(
            f"{path}:{number}: the line is damaged; remove it, or the file to begin anew"
        ) from None


def append_try(path: Path, record: Mapping[str, Any]) -> None:
    """Add a line for a study.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    with writing(path, TRY_AGAIN):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def try_record(
    digests: Mapping[str, str],
    t: Mapping[str, float | None],
    days: Sequence[date],
    horizons: Sequence[str],
    *,
    is_holdout: bool,
) -> dict[str, Any]:
    """Return the line of a study."""
    return {
        "at": utc_now(),
        "scanners": {name: {"digest": digest, "t": t.get(name)} for name, digest in digests.items()},
        "first": str(days[0]),
        "last": str(days[-1]),
        "sessions": len(days),
        "horizons": list(horizons),
        "variants": len(digests),
        "holdout": is_holdout,
    }


def count_tries(
    earlier: Sequence[Try],
    digests: Mapping[str, str],
    t: Mapping[str, float | None],
    days: Sequence[date],
    deviates: Mapping[str, float | None] | None = None,
) -> dict[str, Any]:
    """Return what follows from the tries before this study: ``tries.json``.

    A try counts that was of half of these sessions or more; a scanner counts once, whatever it was called,
    and as often as variants of it were compared.
    What the best of many has by chance is a normal deviate: ``deviates`` are those as probable as ``t``,
    which of few sessions is often large; None takes ``t`` itself.
    """
    compared = t if deviates is None else deviates
    near = [one for one in earlier if _overlap(one, days) >= _SHARE]
    counted = dict.fromkeys(digests.values(), 1)
    for one in near:
        counted[one.digest] = max(counted.get(one.digest, 1), one.variants)
    number = sum(counted.values())
    largest = expected_largest_t(number)
    deflated = {name: None if one is None else one - largest for name, one in compared.items()}
    opened = [one for one in near if one.is_holdout]
    return {
        "tries": number,
        "first": min((one.at for one in near), default=None),
        "expected_largest_t": largest,
        "t": dict(t),
        "normal_deviate": dict(compared),
        "t_deflated": deflated,
        "scanners": dict(digests),
        "holdout": {
            "opened_before": len(opened),
            "scanners": len({*digests.values(), *(one.digest for one in opened)}),
        },
    }


def _overlap(one: Try, days: Sequence[date]) -> float:
    return sum(one.first <= day <= one.last for day in days) / len(days)
