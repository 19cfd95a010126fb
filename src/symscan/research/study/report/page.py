"""The page of a study: its verdict first, then what is unknown, tables and plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any, Final

import polars as pl

from symscan.errors import InputError
from symscan.formatting import format_count, format_number
from symscan.research.charts.look import finished, load_altair
from symscan.research.report.markup import block, document, element, figure, table, text
from symscan.research.study.report.charts import CHARTS
from symscan.research.study.report.fillable import fillable_sentence
from symscan.research.study.study import Study
from symscan.research.study.verdict import after, opinions_differ

_CAPTIONS: Final = {
    "horizons": "Mean excess per hit by horizon, with 95% intervals; red: what a round trip costs",
    "curve": "By the minute since the entry; what is grey was known when the hit was chosen",
    "sessions": "What each session adds up to at the headline: is it one day?",
    "time_of_day": "By time of day and horizon, shade by t; cells of fewer than 5 sessions are blank",
    "quantiles": "Percentiles of hits against those of controls, at the headline",
    "excursions": "How far hits went for and against their entry before the headline's exit",
    "delays": "The headline for entries some minutes later, with the same exits",
    "rank": "The headline by rank, with 95% intervals",
    "placebo": "The headline's t on markets in which nobody can have an edge; red: what was found",
}
_LIMITS: Final = (
    "Entries and exits are opens of bars: no quotes, no queue, no impact, and nobody traded at them.",
    "Dividends are not added; splits in the store are. Whether shares could be borrowed is not known.",
    "Strata know nothing of what made the hit: whether any symbol that moved as much did as well is said of "
    "the headline alone; 'change' among the matches asks it of all horizons.",
    "Symbols that are no longer traded are only here if the universe and the store have them.",
    "One market and one span of time: intervals say what chance does within it, not what is to come.",
)


def page(study: Study) -> str:
    """Return the page: HTML with its style and drawings in it, and without script."""
    return document(f"{study.record['run'].get('name') or 'study'}: study", "".join(_sections(study)))


def _sections(study: Study) -> Iterator[str]:
    days = study.record["sessions"]
    yield element("h1", text(f"{study.record['run'].get('name') or 'study'}: what happened after the hits"))
    for line in study.verdicts:
        yield element("p", text(line), "verdict")
    for line in study.sentences:
        yield element("p", text(line))
    yield element(
        "p", text(f"{_how(study)} {days[0]} to {days[-1]}, {format_count(len(days), 'session')}."), "dim"
    )
    yield element("h2", "What is unknown") + _unknown(study)
    yield element("h2", "By horizon")
    for name in study.scanners:
        yield "\n" + element("h3", text(name)) + _summary(study, name)
        if (fillable := fillable_sentence(study, name)) is not None:
            yield element("p", text(fillable), "dim")
    yield "\n" + "".join(_plots(study))
    yield "\n" + "".join(_groups(study))
    yield "\n" + element("h2", "How it was measured") + block(_settings(study))
    yield element("h2", "What this cannot show") + element(
        "ul", "".join(element("li", text(one)) for one in _LIMITS)
    )


def _how(study: Study) -> str:
    settings = study.settings
    match = ", ".join(settings["match"]) or "nothing: all of the scan"
    side = {"long": "bought", "short": "sold short", "with_change": "bought where up, sold short where down"}
    return (
        f"{settings['hits']} hits, {side[settings['side']]} at the first open from the scan on; "
        f"the verdict is on the exit {after(settings['headline'])}; controls alike in {match}."
    )


def _unknown(study: Study) -> str:
    rows = study.unknown
    if rows.is_empty():
        return element("p", "Every hit has an outcome at every horizon.", "none")
    head = ("scanner", "horizon", "why", "hits", "share", "excess of these after 5m")
    cells = (
        (
            row["scanner"],
            row["horizon"],
            row["reason"],
            f"{row['n']:,}",
            f"{row['share']:.1%}",
            format_number(row["mean_excess_5m_of_these"], "+.1f", " bp"),
        )
        for row in rows.rows(named=True)
    )
    return table(head, cells, numbers=(3, 4, 5))


def _summary(study: Study, name: str) -> str:
    head = (
        *("horizon", "hits", "sessions", "return", "excess", "95% interval", "t", "p", "p of all"),
        *("one session less", "against all", "costs", "net", "net interval", "best", "worst"),
        *("unknown", "unmatched", "marks"),
    )
    rows = study.summary.filter(pl.col("scanner") == name).rows(named=True)
    return table(head, (_summary_row(row) for row in rows), numbers=range(1, len(head) - 1))


def _summary_row(row: Mapping[str, Any]) -> list[str]:
    return [
        row["horizon"],
        f"{row['n']:,}",
        f"{row['sessions']:,}",
        *(_number(row[key]) for key in ("mean_ret", "mean_excess")),
        _both_intervals(row),
        _number(row["t"], "+.2f"),
        *(_number(row[key], ".3f") for key in ("p", "p_family")),
        _without_one(row),
        _number(row["mean_excess_all"]),
        _number(row["cost_bp"], ".1f"),
        _number(row["net"]),
        _interval(row["net_lo"], row["net_hi"]),
        _number(row["mean_mfe"]),
        _number(row["mean_mae"]),
        f"{row['n_unknown']:,}",
        f"{row['n_unmatched']:,}",
        ", ".join(one.replace("_", " ") for one in (row["marks"] or "").split()),
    ]


def _plots(study: Study) -> Iterator[str]:
    try:
        altair = load_altair()
    except InputError as error:
        yield element("p", text(f"Without plots: {error}."), "none")
        return
    for name in study.scanners:
        yield element("h2", text(f"Plots: {name}"))
        drawn = ((key, draw(altair, study, name)) for key, draw in CHARTS.items())
        figures = (_figure(_CAPTIONS[key], chart) for key, chart in drawn if chart is not None)
        yield element("div", "".join(figures), "pair")


def _figure(caption: str, chart: Any) -> str:
    svg = StringIO()
    finished(chart).save(svg, format="svg")
    return figure(caption, svg.getvalue())


def _groups(study: Study) -> Iterator[str]:
    yield element("h2", text(f"Broken down, {after(study.headline)}"))
    yield element("p", "q: the share of false finds among all levels that stand out as much.", "dim")
    head = ("group", "level", "hits", "sessions", "excess", "95% interval", "q")
    for name in study.scanners:
        rows = study.groups.filter(pl.col("scanner") == name, pl.col("horizon") == study.headline)
        yield element("h3", text(name))
        cells = (
            (
                row["group"].replace("_", " "),
                row["level"],
                f"{row['n']:,}",
                f"{row['sessions']:,}",
                _number(row["mean_excess"]),
                _interval(row["lo"], row["hi"]),
                _number(row["q"], ".2f"),
            )
            for row in rows.rows(named=True)
        )
        yield table(head, cells, numbers=range(2, len(head)))


def _settings(study: Study) -> str:
    lines = [f"{key} = {value}" for key, value in study.settings.items()]
    scanners = [f"scanner {name}: {one['digest']}" for name, one in study.record["scanners"].items()]
    environment = study.record["run"].get("environment", {})
    versions = [
        f"{name} {environment[name]}"
        for name in ("symscan", "python", "numpy", "polars")
        if name in environment
    ]
    return "\n".join([*lines, *scanners, ", ".join(versions)])


def _both_intervals(row: Mapping[str, Any]) -> str:
    """Return the interval, and that of the bootstrap where the two do not agree."""
    found = _interval(row["lo"], row["hi"])
    if not opinions_differ(row):
        return found
    return f"{found} (bootstrap {_interval(row['boot_t_lo'], row['boot_t_hi'])})"


def _without_one(row: Mapping[str, Any]) -> str:
    """Return the extremes of the mean excess without any one session."""
    low, high = row["without_best"], row["without_worst"]
    return "" if low is None or high is None else f"{low:+.1f} to {high:+.1f}"


def _interval(low: float | None, high: float | None) -> str:
    return "too few sessions" if low is None or high is None else f"{low:+.1f} to {high:+.1f}"


def _number(value: float | None, form: str = "+.1f") -> str:
    return "" if value is None else format_number(value, form)
