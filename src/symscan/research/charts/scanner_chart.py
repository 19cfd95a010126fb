"""The chart of a scanner over a run: when symbols came to its list, and how many were on it."""

from __future__ import annotations

from typing import Any

import polars as pl

from symscan.research.charts.look import DARK, LIGHT, WIDTH, finished, load_altair
from symscan.research.report.figures import RunTables, scanner_figures
from symscan.runs.export import zone_of
from symscan.runs.reading import RunFiles


def scanner_chart(run: RunFiles, scanner: str) -> Any:
    """Return the chart of a scanner, as an altair chart.

    Entries by time of day, those of a symbol's first stay in a session apart; and how many symbols it
    found, by session and time of day. Times are those of the exchange.

    Raises
    ------
    InputError
        If altair is not installed, or the run has no such scanner.
    """
    altair = load_altair()
    run.check_scanner(scanner)
    figures = scanner_figures(RunTables.read(run, run.sessions, zone_of(run)), scanner)
    title = f"{scanner}: {figures['stays']:,} stays, {figures['symbols']:,} symbols"
    parts = [_entries(altair, figures["entries"]), _found(altair, figures["found"])]
    return finished(altair.vconcat(*parts, spacing=12, title=title).resolve_scale(color="independent"))


def _entries(altair: Any, entries: list[dict[str, Any]]) -> Any:
    rows = [
        {"at": one["at"], "entries": one[key], "stay": name}
        for one in entries
        for key, name in (("first", "first of the session"), ("again", "came back"))
    ]
    frame = pl.DataFrame(rows, schema={"at": pl.String, "entries": pl.Int64, "stay": pl.String})
    scale = altair.Scale(domain=["first of the session", "came back"], range=[DARK, LIGHT])
    color = altair.Color("stay:N", scale=scale, title=None, legend=altair.Legend(orient="top"))
    chart, steps = altair.Chart(frame).mark_bar(), [one["at"] for one in entries]
    encoded = chart.encode(
        _steps(altair, steps), altair.Y("entries:Q", title="entries"), color, tooltip=list(frame.columns)
    )
    return encoded.properties(width=WIDTH, height=160)


def _found(altair: Any, found: dict[str, Any]) -> Any:
    rows = [
        {"session": day, "at": at, "found": mean}
        for day, row in zip(found["sessions"], found["mean"], strict=True)
        for at, mean in zip(found["at"], row, strict=True)
    ]
    frame = pl.DataFrame(rows, schema={"session": pl.String, "at": pl.String, "found": pl.Float64})
    shade = altair.Opacity("found:Q", scale=altair.Scale(range=[0.1, 1.0]), title="found")
    chart = altair.Chart(frame.filter(pl.col("found") > 0)).mark_rect(color=DARK)
    y = altair.Y("session:O", title=None, scale=altair.Scale(domain=found["sessions"]))
    encoded = chart.encode(_steps(altair, found["at"]), y, shade, tooltip=list(frame.columns))
    return encoded.properties(width=WIDTH, height=altair.Step(12))


def _steps(altair: Any, steps: list[str]) -> Any:
    axis = altair.Axis(labelOverlap=True, labelAngle=0)
    return altair.X("at:O", title=None, axis=axis, scale=altair.Scale(domain=steps))
