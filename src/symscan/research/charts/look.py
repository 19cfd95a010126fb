"""What all charts have in common: altair itself, colours that are readable on light and dark, times."""

from __future__ import annotations

from functools import cache
from io import StringIO
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from symscan.errors import InputError

WIDTH: Final = 720
UP: Final = "#2a9d55"
DOWN: Final = "#d64545"
DARK: Final = "#2f7bd0"
LIGHT: Final = "#8ab4e8"
GREY: Final = "#7d858e"
LINES: Final = ("#2f7bd0", "#c77d11", "#8a63d2", "#12908e", "#c2478f")
"""Colours of lines, in their order; each has a contrast of 3 to white and to black."""


def load_altair() -> Any:
    """Import altair.

    Raises
    ------
    InputError
        If it is not installed; the error says how.
    """
    try:
        import altair
    except ImportError:
        raise InputError("charts need altair; install it with: pip install 'symscan[report]'") from None
    return altair


def time_axis(altair: Any, field: str, title: str | None = None) -> Any:
    """Return the x axis of a session, on the exchange's clock."""
    axis = altair.Axis(format="%H:%M", title=title, grid=False)
    return altair.X(f"{field}:T", scale=altair.Scale(type="utc"), axis=axis)


def exchange_time(frame: pl.DataFrame, zone: ZoneInfo, *columns: str) -> pl.DataFrame:
    """Return a frame with instants as texts of the exchange's clock.

    They end in Z, as of UTC: a chart would show them on the clock of the browser else.
    """
    return frame.with_columns(
        pl.col(name).dt.convert_time_zone(zone.key).dt.to_string("%Y-%m-%dT%H:%M:%SZ") for name in columns
    )


def finished(chart: Any) -> Any:
    """Return a chart in the common look: no background of its own, grey axes and words.

    In a notebook it shows itself as a picture, unless another renderer of altair is chosen.
    """
    styled = (
        chart.configure(background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=GREY,
            titleColor=GREY,
            gridColor=GREY,
            gridOpacity=0.2,
            domainColor=GREY,
            tickColor=GREY,
        )
        .configure_title(color=GREY, anchor="start", fontSize=13)
        .configure_legend(labelColor=GREY, titleColor=GREY)
    )
    object.__setattr__(styled, "__class__", _as_picture(styled.__class__))  # altair keeps what is set
    return styled


@cache
def _as_picture(kind: Any) -> Any:
    """Return a kind of chart that shows itself as SVG: altair's own way loads a script from the network."""
    return type(kind.__name__, (kind,), {"_repr_mimebundle_": _shown})


def _shown(chart: Any, *args: Any, **options: Any) -> Any:
    """Return what a notebook shows of a chart."""
    if load_altair().renderers.active != "default":
        return super(type(chart), chart)._repr_mimebundle_(*args, **options)
    svg = StringIO()
    chart.save(svg, format="svg")
    return {"image/svg+xml": svg.getvalue(), "text/plain": f"<{type(chart).__name__}>"}
