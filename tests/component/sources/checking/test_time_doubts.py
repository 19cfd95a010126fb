"""Which times of bars are improbable, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import DataError
from symscan.model.instant import MINUTE
from symscan.model.interval import FIVE_MINUTES, ONE_MINUTE, Interval
from symscan.sources.checking.store_check import check_store
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label, OpeningPrint, UnlikelyTimes
from symscan.sources.store.bar_store import BarStore

NYSE = SessionCalendar()
DAYS = (date(2024, 3, 5), date(2024, 3, 6))
STARTS = ImportOptions(ONE_MINUTE, Label.START, timezone="America/New_York")
ENDS = replace(STARTS, label=Label.END)
KEEP = OpeningPrint.KEEP


def market(
    symbols: int = 25,
    step: int = 1,
    premarket: bool = False,
    share: float = 1.0,
    days: tuple[date, ...] = DAYS,
) -> pl.DataFrame:
    """Bars by their start in New York, with much volume at the open and the close, little outside."""
    random = np.random.default_rng(3)
    parts = []
    for session in NYSE.sessions(days[0], days[-1]):
        first, last = (-120, session.minutes + 60) if premarket else (0, session.minutes)
        minutes = np.arange(first, last, step)
        regular = (minutes >= 0) & (minutes < session.minutes)
        edge = np.minimum(np.abs(minutes), np.abs(session.minutes - minutes))
        level = np.where(regular, 1_000 + 9_000 * np.exp(-edge / 10), 40)
        for number in range(symbols):
            volume = np.round(level * random.uniform(0.7, 1.4, len(minutes)))
            traded = random.random(len(minutes)) < share
            when = pl.Series("ts", session.open + minutes * MINUTE).cast(pl.Datetime("us", "UTC"))
            columns = {"symbol": [f"S{number:02}"] * len(minutes), "ts": when, "volume": volume}
            parts.append(pl.DataFrame(columns).filter(pl.Series(traded)))
    bars = pl.concat(parts)
    local = pl.col("ts").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
    prices = {"open": 10.0, "high": 10.5, "low": 9.5, "close": 10.0}
    return bars.with_columns(local, **{name: pl.lit(price) for name, price in prices.items()})


def moved(bars: pl.DataFrame, minutes: int) -> pl.DataFrame:
    return bars.with_columns(pl.col("ts").dt.offset_by(f"{minutes}m"))


def refused(tmp_path: Path, bars: pl.DataFrame, options: ImportOptions = STARTS) -> str:
    """What an import says; nothing if it is done."""
    bars.write_parquet(tmp_path / "bars.parquet")
    store = BarStore.create(tmp_path / "store")
    try:
        import_bars(store, [tmp_path / "bars.parquet"], options, NYSE)
    except DataError as error:
        assert store.generation == 0
        assert "--unlikely-times keep" in str(error)
        return str(error)
    return ""


def fault(tmp_path: Path, bars: pl.DataFrame, options: ImportOptions) -> tuple[int, str]:
    """What a check finds of times that were confirmed."""
    assert refused(tmp_path, bars, replace(options, unlikely_times=UnlikelyTimes.KEEP)) == ""
    report = check_store(BarStore(tmp_path / "store"), NYSE)
    found = [finding for finding in report.findings if finding.kind == "unlikely_times"]
    return (found[0].count, found[0].examples[0]) if found else (0, "")


RIGHT = {
    "regular": (market(), STARTS),
    "ends": (moved(market(), 1), ENDS),
    "thin": (market(share=0.1), STARTS),
    "five minutes": (market(step=5), replace(STARTS, interval=FIVE_MINUTES)),
    "an hour": (moved(market(step=30), 30), replace(ENDS, interval=Interval.parse("30m"))),
    "extended": (market(premarket=True), STARTS),
    "extended ends": (moved(market(premarket=True), 1), replace(ENDS, opening_print=KEEP)),
    "one symbol": (market(1, days=(date(2024, 2, 1), date(2024, 2, 16))), STARTS),
    "half day": (market(days=(date(2024, 7, 3), date(2024, 7, 3))), STARTS),
    "pre-market alone": (market(premarket=True).filter(pl.col("ts").dt.time() < pl.time(9, 30)), STARTS),
    "morning": (market().filter(pl.col("ts").dt.time() < pl.time(11, 0)), STARTS),
    "afternoon": (market().filter(pl.col("ts").dt.time() >= pl.time(13, 0)), STARTS),
    "few bars a bar late": (moved(market(2, share=0.05), 1), STARTS),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_times_are_not_doubted(tmp_path: Path, name: str) -> None:
    bars, options = RIGHT[name]
    assert refused(tmp_path, bars, options) == ""
    findings = check_store(BarStore(tmp_path / "store"), NYSE).findings
    assert not [finding for finding in findings if finding.kind == "unlikely_times"]


WRONG_LABELS = {
    "start as end": (market(), ENDS, "early", "start"),
    "end as start": (moved(market(), 1), STARTS, "late", "end"),
    "thin": (market(share=0.2), ENDS, "early", "start"),
    "five minutes": (market(step=5), replace(ENDS, interval=FIVE_MINUTES), "early", "start"),
    "extended": (market(premarket=True), replace(ENDS, opening_print=KEEP), "early", "start"),
    "extended ends": (moved(market(premarket=True), 1), STARTS, "late", "end"),
    "half day": (market(days=(date(2024, 7, 3), date(2024, 7, 3))), ENDS, "early", "start"),
    "one symbol": (market(1, days=(date(2024, 2, 1), date(2024, 2, 16))), ENDS, "early", "start"),
}


@pytest.mark.parametrize("name", WRONG_LABELS)
def test_wrong_labels_are_doubted(tmp_path: Path, name: str) -> None:
    bars, options, off, better = WRONG_LABELS[name]
    message = refused(tmp_path, bars, options)
    assert f"one bar too {off}" in message
    assert f"--label {better} would fit better" in message
    count, example = fault(tmp_path, bars, options)
    assert count >= 1
    assert f"one bar too {off}" in example


def test_the_message_says_whose_bars_lie_where(tmp_path: Path) -> None:
    message = refused(tmp_path, market(), ENDS)
    assert (
        "in the session of 2024-03-05, 25 of 25 symbol-days have a bar that starts one bar before" in message
    )


def test_opening_prints_of_end_labelled_files_are_not_doubted(tmp_path: Path) -> None:
    bars = market()
    prints = bars.filter(pl.col("ts").dt.time() == pl.time(9, 30))
    both = pl.concat([prints, moved(bars, 1)])
    assert "one bar too late" in refused(tmp_path, both)
    assert refused(tmp_path, both, ENDS) == ""


def test_closing_prints_of_start_labelled_files_are_not_doubted(tmp_path: Path) -> None:
    """The auction's row at the close: one price, unlike a minute of trading."""
    bars = market()
    last = bars.filter(pl.col("ts").dt.time() == pl.time(15, 59))
    prints = moved(last, 1).with_columns(pl.lit(10.0).alias(name) for name in ("high", "low"))
    assert refused(tmp_path, pl.concat([bars, prints])) == ""


@pytest.mark.parametrize("premarket", [False, True])
@pytest.mark.parametrize(
    ("zone", "off"),
    [
        ("UTC", "5 hours too early"),
        ("America/Chicago", "1 hour too late"),
        ("America/Los_Angeles", "3 hours too late"),
        ("Europe/Berlin", "6 hours too early"),
    ],
)
def test_wrong_zones_are_doubted(tmp_path: Path, zone: str, off: str, premarket: bool) -> None:
    bars, options = market(premarket=premarket), replace(STARTS, timezone=zone)
    message = refused(tmp_path, bars, options)
    assert off in message
    assert "--timezone America/New_York" in message
    assert off in fault(tmp_path, bars, options)[1]


def test_one_session_of_one_symbol_can_be_enough(tmp_path: Path) -> None:
    message = refused(tmp_path, market(1, days=DAYS[:1]), replace(STARTS, timezone="UTC"))
    assert "between 04:30 and 11:00 America/New_York time" in message


def test_so_is_one_with_premarket_bars(tmp_path: Path) -> None:
    bars = market(1, premarket=True, days=DAYS[:1])
    assert "1 hour too late" in refused(tmp_path, bars, replace(STARTS, timezone="America/Chicago"))


def test_a_zone_so_far_off_that_sessions_lie_across_midnight(tmp_path: Path) -> None:
    message = refused(tmp_path, market(), replace(STARTS, timezone="Asia/Tokyo"))
    assert "before the pre-market or after the post-market" in message


def test_label_and_zone_may_both_be_wrong(tmp_path: Path) -> None:
    message = refused(tmp_path, market(), replace(ENDS, timezone="UTC"))
    assert "--label start and --timezone America/New_York" in message


def test_times_with_a_zone_of_their_own_have_no_option(tmp_path: Path) -> None:
    bars = market().with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
    message = refused(tmp_path, bars, replace(STARTS, timezone=None))
    assert "local times of America/New_York (the file's times carry a zone: mend them" in message


@pytest.mark.parametrize("is_right", [True, False])
def test_somebody_may_be_asked_once(tmp_path: Path, is_right: bool) -> None:
    questions: list[str] = []

    def confirm(question: str) -> bool:
        questions.append(question)
        return is_right

    market().write_parquet(tmp_path / "bars.parquet")
    store = BarStore.create(tmp_path / "store")
    if is_right:
        import_bars(store, [tmp_path / "bars.parquet"], ENDS, NYSE, confirm=confirm)
    else:
        with pytest.raises(DataError, match="nothing was imported"):
            import_bars(store, [tmp_path / "bars.parquet"], ENDS, NYSE, confirm=confirm)
    assert store.generation == is_right
    (question,) = questions
    assert "--label start would fit better" in question
