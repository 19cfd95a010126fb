"""What is shown as of an instant is what was known then, held against loops over scans and bars."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from component.dashboard.conftest import Ask
from component.runs.conftest import DAYS, HOSTILE
from symscan.dashboard.opened_runs import OpenedRun
from symscan.dashboard.queries.stays import stays_of_session
from symscan.model.instant import Instant

pytestmark = pytest.mark.slow  # it plays two sessions

MINUTE = 60
# Instants of the second session in seconds after its open: between scans, at scans, before the first one.
MOMENTS = (-1, 0, 11 * MINUTE, 61 * MINUTE + 20, 180 * MINUTE, 377 * MINUTE)

Stay = dict[str, Any]


def _instant(opened: OpenedRun, day: date, seconds: int) -> Instant:
    return opened.calendar.session(day).open + seconds * 1_000_000


def _naive_stays(opened: OpenedRun, day: date, until: datetime) -> Iterator[Stay]:
    """Stays from what scans returned by an instant, one scan after the other."""
    run = opened.run
    rows = run.hits.filter(pl.col("session") == day, pl.col("scan_at") <= until)
    found: dict[tuple[Any, ...], list[Any]] = {}
    for hit in rows.iter_rows(named=True):
        found.setdefault((hit["scanner"], hit["scan_at"], hit["phase"]), []).append(hit)
    scans = run.scans.filter(session=day).filter(pl.col("scan_at") <= until)
    for scanner in run.scanners:
        here: dict[str, Stay] = {}
        for scan in scans.filter(scanner=scanner, outcome="ok").iter_rows(named=True):
            hits = found.get((scanner, scan["scan_at"], scan["phase"]), [])
            for symbol in [one for one in here if one not in {hit["symbol"] for hit in hits}]:
                yield {**here.pop(symbol), "left": scan["scan_at"]}
            for hit in hits:
                stay = here.setdefault(
                    hit["symbol"],
                    {"scanner": scanner, "symbol": hit["symbol"], "entered": scan["scan_at"], "left": None}
                    | {"price": hit["price"], "scans": 0, "best_rank": hit["rank"]},
                )
                stay["scans"] += 1
                stay["best_rank"] = min(stay["best_rank"], hit["rank"])
                stay["last_price"] = hit["price"]
        yield from here.values()


def _key(stay: Stay) -> tuple[Any, ...]:
    return stay["scanner"], stay["symbol"], stay["entered"]


@pytest.mark.parametrize("after_open", MOMENTS)
def test_stays_are_those_that_were_known(opened: OpenedRun, bars: pl.DataFrame, after_open: int) -> None:
    day = DAYS[1]
    session = opened.calendar.session(day)
    instant = _instant(opened, day, after_open)
    until = datetime.fromtimestamp(instant / 1e6, UTC)
    stays = stays_of_session(opened, session, instant)
    expected = sorted(_naive_stays(opened, day, until), key=_key)
    # A scanner whose last scan is over has ended its stays: that is known from its timetable.
    names = ["scanner", "symbol", "entered", "price", "scans", "best_rank", "last_price"]
    found = sorted(stays.select(*names, "left", "why").to_dicts(), key=_key)
    assert [{name: one[name] for name in names} for one in found] == [
        {name: one[name] for name in names} for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one["left"] == other["left"] or one["why"] == "scanner_ended"
        assert one["left"] is None or one["left"] <= until
        assert (one["why"] is None) == (one["left"] is None)
    opens = datetime.fromtimestamp(session.open / 1e6, UTC)
    for row in stays.iter_rows(named=True):
        end = row["left"] or until
        own = bars.filter(pl.col("symbol") == row["symbol"], pl.col("ts") >= opens).with_columns(
            pl.col("ts").dt.offset_by("1m").alias("end")
        )
        seen = own.filter(pl.col("end") > row["entered"], pl.col("end") <= end)
        assert row["highest"] == seen["high"].max()
        assert row["lowest"] == seen["low"].min()


@pytest.mark.parametrize("day", DAYS)
def test_at_the_close_they_are_those_of_the_run(opened: OpenedRun, day: date) -> None:
    session = opened.calendar.session(day)
    order = ["entered", "scanner", "first_rank", "symbol"]
    whole = opened.run.episodes.filter(session=day).sort(order)
    for until in (None, session.close):
        assert stays_of_session(opened, session, until).drop("last_price").sort(order).equals(whole)


def test_without_a_store_prices_of_bars_are_unknown(
    opened: OpenedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "store_fault", "there is none")
    session = opened.calendar.session(DAYS[1])
    stays = stays_of_session(opened, session, session.open + 60 * MINUTE * 1_000_000)
    going_on = stays.filter(pl.col("left").is_null())
    assert going_on.height
    assert going_on.select("price_end", "highest", "lowest", "highest_pct", "lowest_pct").null_count().row(
        0
    ) == ((going_on.height,) * 5)
    assert going_on["last_price"].is_not_null().any()


def _later_than(answer: Any, until: float) -> Iterator[float]:
    """Numbers of an answer that are instants of these days, after a moment."""
    if isinstance(answer, dict):
        for one in answer.values():
            yield from _later_than(one, until)
    elif isinstance(answer, list):
        for one in answer:
            yield from _later_than(one, until)
    elif isinstance(answer, int | float) and until < answer < until + 40 * 86_400:
        yield answer


@pytest.mark.parametrize("after_open", MOMENTS)
def test_no_answer_holds_a_later_instant(opened: OpenedRun, ask: Ask, after_open: int) -> None:
    day = DAYS[0]
    until = _instant(opened, day, after_open) // 1_000_000
    of: dict[str, Any] = {"session": str(day), "until": until}
    answers = [
        ask("/overview", **of),
        ask("/overview", until=until),
        ask("/stays", **of),
        ask("/stays", **of, sort="-highest_pct"),
        ask("/now", session=str(day), at=until),
        ask("/hits", **of),
        ask("/hits", **of, symbol="AAA"),
        ask("/lanes", **of, symbol=["AAA", "FFF"]),
        ask("/symbols", until=until),
        ask("/scanner", scanner=HOSTILE, until=until),
        *(ask("/bars", **of, symbol="AAA", interval=interval) for interval in ("1m", "5m", "1d")),
        ask("/indicators", **of, symbol="AAA", interval="5m"),
    ]
    assert [list(_later_than(one, until)) for one in answers] == [[]] * len(answers)


def test_sorting_does_not_know_the_future(opened: OpenedRun, ask: Ask) -> None:
    day = DAYS[1]
    until = _instant(opened, day, 120 * MINUTE) // 1_000_000
    rows = ask("/stays", session=str(day), until=until, sort="-highest_pct")["rows"]
    known = [one for one in rows["highest_pct"] if one is not None]
    assert known == sorted(known, reverse=True)
    assert all(one is None for one in rows["highest_pct"][len(known) :])
    at_the_close = ask("/stays", session=str(day), sort="-highest_pct")["rows"]["highest_pct"]
    assert known != at_the_close[: len(known)]


def test_who_is_on_the_lists_is_what_the_last_scan_returned(opened: OpenedRun, ask: Ask) -> None:
    day = DAYS[1]
    scans = opened.run.scans.filter(session=day, outcome="ok")
    for scanner in (HOSTILE, "above"):
        instants = scans.filter(scanner=scanner)["scan_at"].unique().sort().to_list()
        for earlier, instant in list(pairwise(instants))[3:40:9]:
            answer = ask("/now", session=str(day), at=int(instant.timestamp()) + 20, scanner=scanner)
            rows = answer["lists"][0]["rows"]
            hits = opened.run.hits.filter(session=day, scanner=scanner, scan_at=instant).sort("rank")
            before = set(opened.run.hits.filter(session=day, scanner=scanner, scan_at=earlier)["symbol"])
            here = [one for one, state in zip(rows["symbol"], rows["state"], strict=True) if state != "left"]
            assert here == hits["symbol"].to_list()
            gone = {one for one, state in zip(rows["symbol"], rows["state"], strict=True) if state == "left"}
            assert gone == before - set(here)
