"""The charts of a study, as altair charts: in a notebook as they are, in the page as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.errors import InputError
from symscan.model.bar import Floats
from symscan.research.charts.look import DARK, DOWN, GREY, LIGHT, UP, finished, load_altair
from symscan.research.study.study import Study

_WIDTH: Final = 460
_HEIGHT: Final = 200
_FEWEST_SESSIONS: Final = 5
_BINS: Final = 24
_ROW: Final = math.sqrt(3) / 2
"""From one row of hexagons to the next, in their widths."""
_HEXAGON: Final = "M0,-1L0.866,-0.5L0.866,0.5L0,1L-0.866,0.5L-0.866,-0.5Z"


def study_chart(study: Study, name: str, scanner: str | None = None) -> Any:
    """Return a chart of a study.

    Parameters
    ----------
    name
        One of :data:`CHARTS`.
    scanner
        Whose; None for the first.

    Raises
    ------
    InputError
        If altair is not installed, or there is no such chart or scanner.
    """
    chosen = study.scanners[0] if scanner is None else scanner
    if chosen not in study.scanners:
        raise InputError(
            f"there is no scanner '{scanner}' in the study (there are: {', '.join(study.scanners)})"
        )
    if name not in CHARTS:
        raise InputError(f"there is no chart '{name}' of a study; there are {', '.join(CHARTS)}")
    chart = CHARTS[name](load_altair(), study, chosen)
    if chart is None:
        raise InputError(f"there is nothing to draw in the chart '{name}' of '{chosen}'")
    return finished(chart)


def horizons(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw mean excess with its interval by horizon, and what it costs."""
    rows = _of(study.summary, scanner).filter(pl.col("mean_excess").is_not_null())
    if rows.is_empty():
        return None
    x = _ordered(altair, "horizon", study.settings["horizons"])
    points, bars = _intervals(altair, rows, x, "mean excess, bp")
    costs = altair.Chart(rows).mark_tick(color=DOWN, thickness=2).encode(x, altair.Y("cost_bp:Q"))
    return _sized(_zero(altair) + bars + points + costs)


def curve(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw hits and controls by the minute since the entry; what came before is grey."""
    rows = _of(study.curve, scanner)
    if rows.is_empty():
        return None
    lines = rows.unpivot(["hits_ret", "controls_ret"], index="minute", variable_name="who", value_name="bp")
    lines = lines.with_columns(pl.col("who").replace({"hits_ret": "hits", "controls_ret": "controls"}))
    color = altair.Color(
        "who:N",
        scale=altair.Scale(domain=["hits", "controls"], range=[DARK, GREY]),
        title=None,
        legend=altair.Legend(orient="top"),
    )
    x = altair.X("minute:Q", title="minutes since the entry")
    band = altair.Chart(rows.filter(pl.col("lo").is_not_null())).mark_area(color=LIGHT, opacity=0.4)
    band = band.encode(x, altair.Y("lo:Q", title="bp; shaded: 95% interval of the excess"), altair.Y2("hi:Q"))
    before = altair.Chart(rows.select(pl.col("minute").min().alias("from"), pl.lit(0).alias("to")))
    shade = before.mark_rect(color=GREY, opacity=0.15).encode(altair.X("from:Q"), altair.X2("to:Q"))
    drawn = altair.Chart(lines).mark_line(strokeWidth=1.5).encode(x, altair.Y("bp:Q"), color)
    return _sized(shade + band + drawn + _zero(altair))


def sessions(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw what each session adds up to at the headline: is it one day?"""
    rows = _of(study.sessions, scanner).filter(pl.col("horizon") == study.headline, pl.col("n") > 0)
    if rows.is_empty():
        return None
    rows = rows.select(pl.col("session").cast(pl.String), "sum_excess", "n")
    color = altair.condition("datum.sum_excess >= 0", altair.value(UP), altair.value(DOWN))
    x = altair.X("session:O", title=None, axis=altair.Axis(labelOverlap=True, labelAngle=0))
    y = altair.Y("sum_excess:Q", title="sum of excess, bp")
    return _sized(altair.Chart(rows).mark_bar().encode(x, y, color=color, tooltip=list(rows.columns)))


def time_of_day(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw mean excess by time of day and horizon; cells of few sessions stay blank."""
    rows = _of(study.groups, scanner).filter(
        pl.col("group") == "time_of_day", pl.col("sessions") >= _FEWEST_SESSIONS
    )
    if rows.is_empty():
        return None
    largest = max([2.0, *rows["t"].drop_nulls().abs().to_list()])
    scale = altair.Scale(domain=[-largest, 0, largest], range=[DOWN, "#eeeeee", UP])
    x, y = _ordered(altair, "horizon", study.settings["horizons"]), altair.Y("level:O", title=None)
    color = altair.Color("t:Q", scale=scale, title="t")
    return _sized(altair.Chart(rows).mark_rect().encode(x, y, color, tooltip=list(rows.columns)))


def quantiles(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw percentiles of hits against those of controls: on the line they are alike."""
    rows = _of(study.quantiles, scanner)
    if rows.is_empty():
        return None
    x = altair.X("controls_ret:Q", title="controls, bp")
    points = altair.Chart(rows).mark_circle(color=DARK, size=22)
    points = points.encode(x, altair.Y("hits_ret:Q", title="hits, bp"), tooltip=list(rows.columns))
    line = altair.Chart(rows).mark_line(color=GREY, strokeDash=[4, 3])
    return _sized(line.encode(x, altair.Y("controls_ret:Q")) + points)


def excursions(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw how far hits went for and against their entry before the headline's exit."""
    names = [f"mae_{study.headline}", f"mfe_{study.headline}"]
    rows = _of(study.hits, scanner).select(names).drop_nulls()
    if rows.is_empty():
        return None
    low, high = rows[names[0]].quantile(0.02) or -1.0, rows[names[1]].quantile(0.98) or 1.0
    rows = rows.filter(pl.col(names[0]) >= low, pl.col(names[1]) <= high)
    width = _WIDTH / _BINS  # of a hexagon, in pixels
    step_x, step_y = -low / _BINS, high * width * _ROW / _HEIGHT
    x, y = hexagons(rows[names[0]].to_numpy() / step_x, rows[names[1]].to_numpy() / step_y)
    binned = pl.DataFrame({"x": x * step_x, "y": y * step_y}).group_by("x", "y").agg(hits=pl.len())
    opacity = altair.Opacity("hits:Q", scale=altair.Scale(type="sqrt", range=[0.08, 1.0]), title="hits")
    marks = altair.Chart(binned.sort("x", "y")).mark_point(
        shape=_HEXAGON, size=4 / 3 * width**2, filled=True, color=DARK, strokeWidth=0
    )
    worst = altair.Scale(domain=[low, 0], nice=False)
    best = altair.Scale(domain=[0, high], nice=False)
    return _sized(
        marks.encode(
            altair.X("x:Q", scale=worst, title="worst before the exit, bp"),
            altair.Y("y:Q", scale=best, title="best before the exit, bp"),
            opacity,
        )
    )


def hexagons(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the centre of the hexagon that each point is in.

    Parameters
    ----------
    x, y
        In widths of a hexagon, and in rows of them; every other row is half a width further.
    """
    even = np.round(x), 2 * np.round(y / 2)
    odd = np.floor(x) + 0.5, 2 * np.floor(y / 2) + 1
    far = [(x - a) ** 2 + (_ROW * (y - b)) ** 2 for a, b in (even, odd)]
    nearer = far[0] <= far[1]
    return np.where(nearer, even[0], odd[0]), np.where(nearer, even[1], odd[1])


def delays(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw the headline for entries some minutes later: an edge gone after one was never to be had."""
    rows = _of(study.delays, scanner)
    if rows.is_empty():
        return None
    x = altair.X("delay:Q", title=f"{rows['unit'][0]} by which the entry is later")
    points, bars = _intervals(altair, rows, x, "mean excess, bp")
    line = altair.Chart(rows).mark_line(color=LIGHT).encode(x, altair.Y("mean_excess:Q"))
    return _sized(_zero(altair) + line + bars + points)


def rank(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw the headline by the rank of hits."""
    rows = _of(study.groups, scanner).filter(pl.col("group") == "rank", pl.col("horizon") == study.headline)
    if rows.is_empty():
        return None
    points, bars = _intervals(
        altair, rows, _ordered(altair, "level", rows["level"].to_list()), "mean excess, bp"
    )
    return _sized(_zero(altair) + bars + points)


def placebo(altair: Any, study: Study, scanner: str) -> Any | None:
    """Draw the headline's t on markets in which nobody can have an edge, and the one that was found."""
    found = study.placebo
    if found is None:
        return None
    rows = _of(found, scanner).filter(pl.col("t").is_not_null())
    own = study.tries.get("t", {}).get(scanner)
    if rows.is_empty():
        return None
    bars = altair.Chart(rows).mark_bar(color=LIGHT)
    chart = bars.encode(
        altair.X("t:Q", bin=altair.Bin(maxbins=30), title="t of the headline"),
        altair.Y("count():Q", title="placebo markets"),
    )
    if own is None:
        return _sized(chart)
    line = altair.Chart(pl.DataFrame({"t": [own]})).mark_rule(color=DOWN, strokeWidth=2)
    return _sized(chart + line.encode(altair.X("t:Q")))


Drawing = Callable[[Any, Study, str], Any | None]

CHARTS: Final[Mapping[str, Drawing]] = {
    "horizons": horizons,
    "curve": curve,
    "sessions": sessions,
    "time_of_day": time_of_day,
    "quantiles": quantiles,
    "excursions": excursions,
    "delays": delays,
    "rank": rank,
    "placebo": placebo,
}
"""The charts by their names, in the order of the page."""


def _of(frame: pl.DataFrame, scanner: str) -> pl.DataFrame:
    return frame.filter(pl.col("scanner") == scanner) if "scanner" in frame.columns else frame.clear()


def _ordered(altair: Any, field: str, values: list[str]) -> Any:
    axis = altair.Axis(labelAngle=0)
    return altair.X(f"{field}:O", title=None, axis=axis, scale=altair.Scale(domain=values))


def _intervals(altair: Any, rows: pl.DataFrame, x: Any, title: str) -> tuple[Any, Any]:
    """Return the means as points, and their intervals as lines where there are any."""
    tooltip = [name for name in ("n", "mean_excess", "lo", "hi") if name in rows.columns]
    points = altair.Chart(rows).mark_circle(color=DARK, size=50)
    points = points.encode(x, altair.Y("mean_excess:Q", title=title), tooltip=tooltip)
    known = rows.filter(pl.col("lo").is_not_null())
    bars = altair.Chart(known).mark_rule(color=DARK, strokeWidth=2)
    return points, bars.encode(x, altair.Y("lo:Q"), altair.Y2("hi:Q"))


def _zero(altair: Any) -> Any:
    return altair.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(color=GREY).encode(altair.Y("zero:Q"))


def _sized(chart: Any) -> Any:
    return chart.properties(width=_WIDTH, height=_HEIGHT)
