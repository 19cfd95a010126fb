"""The first sentence of a study: what was found at the headline, and what cannot be told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from symscan.formatting import format_count, format_names
from symscan.research.statistics.families import normal_scores
from symscan.research.statistics.horizons import parse_horizon

Row = Mapping[str, Any]
"""A row of ``summary.csv``."""

_LIKELY: float = 0.05
_MANY_UNKNOWN: float = 0.05
_DIFFERENT_WIDTH: float = 0.20
_NO_CHANCE: float = 3.0
"""A normal deviate over all placebo markets beyond this is no chance."""
_ENDS: Mapping[str, str] = {"close": "to the close", "next_open": "to the next open"}


def verdict(row: Row, figures: int) -> str:
    """Return the verdict on one scanner in plain words.

    Parameters
    ----------
    row
        Its row of the headline.
    figures
        How many rows the study has: one of many may stand out by chance.
    """
    return "; ".join([f"{row['scanner']}: {_found(row)}", *_besides(row, figures)])


def after(horizon: str) -> str:
    """Return a horizon in words: ``after 30 minutes``."""
    if horizon in _ENDS:
        return _ENDS[horizon]
    number = int(horizon[:-1])
    return f"after {format_count(number, 'minute' if horizon.endswith('m') else 'session')}"


def basis_points(value: float | None, *, sign: bool = True) -> str:
    """Return basis points for people: ``+1.8 bp``."""
    return f"{_digits(value, sign=sign)} bp"


def _found(row: Row) -> str:
    horizon, mean = after(row["horizon"]), row["mean_excess"]
    hits = row["n"] - row["n_unmatched"]
    if not row["n"] and not row["n_unknown"]:
        return f"no hit, so that nothing can be told {horizon}"
    if not row["n"]:
        return f"none of {row['n_unknown']:,} hits has a known return {horizon}: nothing can be told"
    if not hits:
        return (
            f"{basis_points(row['mean_ret'])} per hit {horizon}, and none of {row['n']:,} has enough "
            "controls: whether others did the same cannot be told"
        )
    what = f"{basis_points(mean)} per hit {horizon} against matched symbols"
    over = f"{format_count(hits, 'hit')} in {format_count(row['sessions'], 'session')}"
    if row["lo"] is None:
        return f"{what}, {over}: too few sessions for an interval, so that it can be anything"
    interval = f"95% interval {_digits(row['lo'])} to {_digits(row['hi'])}"
    return f"{what}, {interval}, {over}: {_conclusion(row)}"


def _conclusion(row: Row) -> str:
    """Return what the interval says, before and after costs."""
    cost = basis_points(row["cost_bp"], sign=False)
    if row["lo"] <= 0.0 <= row["hi"]:
        return f"cannot be told from nothing; costs are {cost}"
    if row["hi"] < 0.0:
        return f"less than symbols alike; costs of {cost} come on top"
    net = f"{_digits(row['net_lo'])} to {_digits(row['net_hi'])}"
    if row["net_lo"] is not None and row["net_lo"] > 0.0:
        return f"more than symbols alike, and more than its costs of {cost} (after them {net})"
    if row["net_hi"] is not None and row["net_hi"] < 0.0:
        return f"more than symbols alike, and less than its costs of {cost} (after them {net})"
    return f"more than symbols alike; what is left after costs of {cost} ({net}) cannot be told from nothing"


def _besides(row: Row, figures: int) -> Iterator[str]:
    """Yield what has to be known beside the interval."""
    marks = (row["marks"] or "").split()
    p = row["p_family"]
    stands_out = row["lo"] is not None and not row["lo"] <= 0.0 <= row["hi"]
    if figures > 1 and p is not None and stands_out:
        likely = "it may well be chance" if p > _LIKELY else "hardly chance"
        yield f"as one of {figures} figures {likely} (p {p:.2g})"
    if opinions_differ(row):
        interval = f"{_digits(row['boot_t_lo'])} to {_digits(row['boot_t_hi'])}"
        yield f"the bootstrap does not agree on the interval and has {interval}"
    if "one_session" in marks:
        without = [one for one in (row["without_best"], row["without_worst"]) if one is not None]
        largest = max(without, key=lambda one: abs(one - row["mean_excess"]))
        yield f"one session makes most of it, without it {basis_points(largest)}"
    if "signs_differ" in marks:
        yield f"few sessions decide: the mean of sessions is {basis_points(row['mean_of_sessions'])}"
    if "few" in marks:
        yield "few sessions, so that the interval is rough"
    hits = row["n"] + row["n_unknown"]
    if row["n_unknown"] > _MANY_UNKNOWN * hits and row["n"]:
        yield f"{row['n_unknown'] / hits:.0%} of hits are unknown there"
    if _MANY_UNKNOWN * row["n"] < row["n_unmatched"] < row["n"]:
        yield f"{row['n_unmatched'] / row['n']:.0%} of those that are known have too few controls"


def change_sentence(row: Row) -> str:
    """Return the answer to the harder question: did hits beat *any* symbol that had moved as much?

    Parameters
    ----------
    row
        Its row of ``matched_on_change.csv``.
    """
    hits, who = row["n"] - row["n_unmatched"], "symbols that had moved as much by the scan"
    if not hits:
        return f"{row['scanner']}: against {who} nothing can be told: no hit has enough of them."
    what = (
        f"{row['scanner']}: {basis_points(row['mean_excess'])} per hit {after(row['horizon'])} against {who}"
    )
    over = format_count(hits, "hit")
    if row["n_unmatched"] > _MANY_UNKNOWN * row["n"]:
        over += f", {row['n_unmatched'] / row['n']:.0%} of all have too few of them"
    if row["lo"] is None:
        return f"{what}, {over}: too few sessions for an interval, so that it can be anything."
    return f"{what}, 95% interval {_digits(row['lo'])} to {_digits(row['hi'])}, {over}: {_against(row)}."


def _against(row: Row) -> str:
    if row["lo"] <= 0.0 <= row["hi"]:
        return "cannot be told from nothing"
    return "more than these" if row["lo"] > 0.0 else "less than these"


def opinions_differ(row: Row) -> bool:
    """Return whether the two intervals of a row of ``summary.csv`` differ by more than 20% in width."""
    if None in (row["lo"], row["hi"], row["boot_t_lo"], row["boot_t_hi"]):
        return False
    width, other = row["hi"] - row["lo"], row["boot_t_hi"] - row["boot_t_lo"]
    return bool(abs(other - width) > _DIFFERENT_WIDTH * width)


def tries_sentence(tries: Mapping[str, Any], scanners: Sequence[str]) -> str:
    """Return what the tries so far make of the headline's t."""
    number, largest = tries["tries"], tries["expected_largest_t"]
    if number < 2:
        return "This is the first scanner on record that was tried on these sessions."
    best = f"the best of {number} that know nothing has a t of about {largest:.1f}"
    deviates = tries.get("normal_deviate", tries["t"])
    known = {name: deviates[name] for name in scanners if deviates.get(name) is not None}
    own = [f"{name} {_digits(t, sign=False)}" for name, t in known.items()]
    here = f"; here it is {format_names(own)}" if own else ""
    since = f", the first on {tries['first'][:10]}" if tries.get("first") else ""
    return f"{number} different scanners were tried on these sessions{since}; {best}{here}."


def holdout_sentence(record: Mapping[str, Any], tries: Mapping[str, Any]) -> str | None:
    """Return what is to be said of the sessions set aside; None where there is nothing."""
    start, opened = record["holdout"]["from"], record["holdout"]["opened"]
    if start is None:
        return None
    if not opened:
        return f"Sessions from {start} on are set aside and were not looked at."
    before = tries["holdout"]["opened_before"]
    if not before:
        return f"This is the holdout from {start} on, opened for the first time."
    scanners = max(tries["holdout"]["scanners"], 1)
    return (
        f"The holdout from {start} on was opened {format_count(before + 1, 'time')} with "
        f"{format_count(scanners, 'scanner')}; it is no longer a holdout."
    )


def placebo_sentences(found: pl.DataFrame, observed: Mapping[str, float | None]) -> list[str]:
    """Return what the placebo markets say of each scanner, and of the one that cannot be trusted."""
    return [_placebo(name, found.filter(pl.col("scanner") == name), t) for name, t in observed.items()]


def _placebo(name: str, rows: pl.DataFrame, observed: float | None) -> str:
    ts: Sequence[float] = rows["t"].drop_nulls().to_list()
    if not ts:
        return f"{name}: on {format_count(rows.height, 'placebo market')} there is no t to compare with."
    pooled, markets = _pooled(rows.drop_nulls("t")), format_count(len(ts), "placebo market")
    if abs(pooled) > _NO_CHANCE:
        return (
            f"{name}: on {markets}, where nobody can have an edge, it has one "
            f"(z {pooled:+.1f} over all of them): it sees the future, or symscan has a fault. "
            "Believe no figure of it."
        )
    if observed is None:
        return f"{name}: {markets}, none of which stands out."
    as_large = sum(abs(one) >= abs(observed) for one in ts)
    return (
        f"{name}: of {markets}, where nobody can have an edge, {as_large} with a t as large "
        f"(p {(1 + as_large) / (1 + len(ts)):.2g})."
    )


def _pooled(rows: pl.DataFrame) -> float:
    """Return the normal deviate of all markets together: a t of few sessions is often large by chance."""
    t, overlap = rows["t"].to_numpy(), parse_horizon(rows["horizon"][0]).overlap
    scores = normal_scores(t, rows["sessions"].to_numpy() / (overlap + 1) - 1.0)
    return math.fsum(np.sign(t) * scores) / math.sqrt(len(t))


def _digits(value: float | None, *, sign: bool = True) -> str:
    if value is None or value != value:
        return "unknown"
    text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return text.replace("-", "−") if text.strip("+-0.") else "0.0"
