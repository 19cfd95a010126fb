from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from symscan.model.instant import MINUTE, Instant
from symscan.runs.episodes import SessionScans, episodes_of
from symscan.runs.schemas import INSTANT

OPEN = 1_519_741_800_000_000
DAY = date(2018, 2, 27)


def _session(symbols: list[str], scans: list[tuple[Instant, str]], unknown: pl.DataFrame) -> SessionScans:
    """Scans that were all ok, of which the first found all symbols, and the others nobody."""
    at, phases = zip(*scans, strict=True)
    table = pl.DataFrame({"scan": range(len(scans)), "scan_at": at, "phase": phases}).with_columns(
        pl.col("scan_at").cast(INSTANT), scanner=pl.lit("it"), outcome=pl.lit("ok")
    )
    hits = pl.DataFrame({"symbol": symbols}).with_columns(
        session=pl.lit(DAY),
        scan_at=pl.lit(at[0]).cast(INSTANT),
        scanner=pl.lit("it"),
        phase=pl.lit(phases[0]),
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
        new=pl.lit(value=True),
        price=pl.lit(1.0),
        scan=pl.lit(0),
    )
    return SessionScans(max(at) + MINUTE, table, hits, unknown.with_columns(scanner=pl.lit("it")))


def _unknown(symbols: list[str], at: Instant, phase: str | None) -> pl.DataFrame:
    """Whom the scan of a phase at an instant could not judge."""
    return pl.DataFrame({"symbol": symbols}).with_columns(
        pl.lit(phase, pl.String).alias("phase"),
        *(pl.lit(at).cast(INSTANT).alias(name) for name in ("from", "to")),
    )


@pytest.mark.parametrize(
    ("phase", "why"),
    [("regular", "unknown"), ("at_close", "left"), (None, "unknown"), ("pre_session", "left")],
)
def test_of_two_scans_of_an_instant_the_one_that_ended_a_stay_counts(phase: str | None, why: str) -> None:
    """Without a phase, as an earlier version wrote it, any of them counts."""
    scans = [(OPEN, "regular"), (OPEN + MINUTE, "regular"), (OPEN + MINUTE, "at_close")]
    stays = episodes_of(_session(["A"], scans, _unknown(["A"], OPEN + MINUTE, phase)), None)
    assert stays["why"].to_list() == [why]


def test_who_is_unknown_is_told_apart_however_many_symbols_there_are() -> None:
    symbols = [f"S{number:05}" for number in range(20_000)]
    unknown = _unknown(symbols[::3], OPEN + MINUTE, "regular")
    stays = episodes_of(_session(symbols, [(OPEN, "regular"), (OPEN + MINUTE, "regular")], unknown), None)
    why = dict(zip(stays["symbol"].to_list(), stays["why"].to_list(), strict=True))
    assert why == {one: "unknown" if place % 3 == 0 else "left" for place, one in enumerate(symbols)}
