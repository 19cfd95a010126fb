"""The page: what a record says, in sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from symscan.formatting import format_count, format_names, format_number, format_price
from symscan.research.report import drawings
from symscan.research.report.markup import block, document, element, figure, table, text
from symscan.research.report.trading import trading_sections

Record = Mapping[str, Any]

_KEYS: Final = (
    ("sessions", ",", "sessions", "played, or begun"),
    ("scans", ",", "scans due", "at their times, whatever became of them"),
    ("scans_not_ok", ",", "scans not ok", "failed, timed out or skipped"),
    ("hits", ",", "hits", "symbols on a list, counted at every scan"),
    ("stays", ",", "stays", "of a symbol on a list, over consecutive scans"),
    ("first", ",", "first stays", "a scanner's first of the symbol in a session"),
    ("symbols", ",", "symbols", "different ones on any list"),
    ("median_scans", ".1f", "scans a stay", "the median"),
    ("unknown_pct", ".1f", "% unknown", "of all symbols at all scans: could not be judged"),
)
_LIMITS: Final = (
    "Symbols that are no longer traded are only here if the universe and the store have them.",
    "Highest and lowest prices are those of bars: no quotes, no spread, and nobody bought or sold at them.",
    "The best stays are chosen afterwards. How often stays came to nothing stands in no chart of them.",
    "A difference between two scanners over few sessions may be chance.",
)


def page(record: Record) -> str:
    """Return the page: HTML with its style and drawings in it, and without script."""
    return document(record["run"]["name"] or "run", "".join(_sections(record)))


def _sections(record: Record) -> Iterator[str]:
    yield from _verdict(record)
    yield element("h2", "Figures") + _keys(record["figures"])
    yield element("h2", "Scanners") + _overview(record)
    for one in record["scanners"]:
        yield "\n" + "".join(_scanner(one))
    if len(record["scanners"]) > 1:
        yield "".join(_overlap(record["overlap"]))
    yield "\n" + "".join(trading_sections(record["strategies"]))
    yield "\n" + "".join(_best(record))
    yield "\n" + "".join(_failures(record))
    yield "\n" + "".join(_configuration(record))
    yield element("h2", "What this cannot show") + element(
        "ul", "".join(element("li", text(one)) for one in _LIMITS)
    )


def _verdict(record: Record) -> Iterator[str]:
    run, figures = record["run"], record["figures"]
    days = run["sessions"]
    period = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(days) or "no session"
    yield element("h1", text(run["name"] or "run"))
    of = f" of {run['sessions_of_run']}" if len(days) < run["sessions_of_run"] else ""
    words = [
        f"{run['mode']} {run['status']}",
        f"{period} ({len(days):,}{of} {'session' if len(days) == 1 else 'sessions'})",
        f"{run['exchange']}, times of {run['zone']}",
        f"{_number(figures['unknown_pct'], '.1f')}% unknown",
        f"{format_count(figures['scans_not_ok'], 'scan')} not ok",
        f"{format_count(len(run['warnings']), 'warning')}",
    ]
    if run["bars"]:
        words.append(f"stored bars from {run['bars'][0]} to {run['bars'][1]}")
    if named := _universes(run["universes"]):
        words.append(f"universes: {format_names(named)}")
    words.append(f"run {run['run_id'] or 'of the old format'}")
    yield element("p", text("; ".join(words)), "verdict")
    if run["status"] != "complete":
        played = f"{run['completed']} of {run['planned']} sessions were played to their end"
        yield element("p", text(f"The run is {run['status']}: {played}."), "bad")
    for warning in run["warnings"]:
        yield element("p", text(f"warning: {warning}"), "bad")


def _universes(universes: Mapping[str, Record]) -> list[str]:
    named = (one for one in universes.values() if one["name"])
    return sorted({f"{one['name']} ({_dated(one)})" for one in named})


def _dated(universe: Record) -> str:
    if universe.get("by_date"):
        return "as of each session"
    return f"as of {universe['as_of']}" if universe["as_of"] else "undated"


def _keys(figures: Record) -> str:
    cells = (
        element(
            "div",
            f"<b>{text(_number(figures[key], form))}</b>{text(title)}<br><span>{text(what)}</span>",
            "key",
        )
        for key, form, title, what in _KEYS
    )
    return element("div", "".join(cells), "keys")


def _overview(record: Record) -> str:
    head = (
        "scanner",
        "scans",
        "not ok",
        "hits",
        "stays",
        "first",
        "symbols",
        "scans a stay",
        "back within 3 scans",
        "in its top 10",
        "unknown",
    )
    rows = (
        (
            one["name"],
            f"{one['scans']:,}",
            f"{one['scans'] - one['outcomes'].get('ok', 0):,}",
            *(f"{one[key]:,}" for key in ("hits", "stays", "first", "symbols")),
            _number(one["median_scans"], ".1f"),
            *(_percent(one[key]) for key in ("flicker_pct", "top_10_pct", "unknown_pct")),
        )
        for one in record["scanners"]
    )
    return table(head, rows, numbers=range(1, len(head)))


def _scanner(one: Record) -> Iterator[str]:
    yield element("h3", text(one["name"]))
    if one["where"]:
        yield block(one["where"])
    if not one["stays"]:
        yield element("p", text(_no_hits(one)), "none")
        if one["unknown"]["reasons"]:
            yield element("div", _unknown(one["unknown"]), "pair")
    else:
        yield from _found(one)


def _no_hits(one: Record) -> str:
    reasons = one["unknown"]["reasons"]
    most = f", most: {reasons[0]['reason']}" if reasons else ""
    return f"none of {one['scans']:,} scans found anything; {_percent(one['unknown_pct'])} unknown{most}"


def _found(one: Record) -> Iterator[str]:
    entries, found = one["entries"], one["found"]
    labels = [row["at"] for row in entries]
    every = max(1, len(labels) // 7)
    first, again = [row["first"] for row in entries], [row["again"] for row in entries]
    lengths, counts = [row["scans"] for row in one["lengths"]], [row["stays"] for row in one["lengths"]]
    title = "Entries by time of day: dark, the first of the session; light, those that came back"
    drawn = (
        figure(title, drawings.stacked_bars(labels, first, again, every)),
        figure("How many scans stays lasted", drawings.stacked_bars(lengths, counts, [0] * len(counts))),
        figure(
            "Symbols found, on average of the scans: session by time of day",
            drawings.heat(found["sessions"], found["at"], found["mean"], every),
        ),
        *((_unknown(one["unknown"]),) if one["unknown"]["reasons"] else ()),
    )
    yield element("div", "".join(drawn), "pair")
    why = ", ".join(f"{reason} {count:,}" for reason, count in one["why"].items())
    yield element("p", text(f"How they ended: {why}"), "dim")
    if one["values"]:
        yield element("div", "".join(map(_distribution, one["values"])), "grid")


def _distribution(one: Record) -> str:
    limits = (
        f", threshold {', '.join(f'{mark:g}' for mark in one['thresholds'])}" if one["thresholds"] else ""
    )
    unknown = f", {one['unknown']:,} unknown" if one["unknown"] else ""
    caption = f"{one['name']} at entry: median {drawings.compact(one['median'])}{limits}{unknown}"
    return figure(caption, drawings.histogram(one["counts"], one["low"], one["high"], one["thresholds"]))


def _unknown(unknown: Record) -> str:
    reasons = unknown["reasons"]
    labels = [f"{one['reason']} {one['count']:,}" for one in reasons]
    days = [day[5:] for day in unknown["sessions"]]
    shares = [one["pct"] for one in reasons]
    drawn = drawings.heat(labels, days, shares, max(1, len(days) // 7), left=165)
    highest = max((pct for row in shares for pct in row if pct is not None), default=0.0)
    worst = ", ".join(f"{one['symbol']} {one['scans']:,}" for one in unknown["symbols"])
    caption = f"Unknown by reason and session, of all it was to judge; darkest {highest:.1f}%"
    return element("div", figure(caption, drawn) + element("p", text(f"most often: {worst}"), "dim small"))


def _overlap(overlap: Record) -> Iterator[str]:
    yield element("h2", "Overlap")
    names = overlap["scanners"]
    rows = [(name, *map(_percent, row)) for name, row in zip(names, overlap["pct"], strict=True)]
    yield element(
        "p", "Of a row's symbols of a session, how many the column's scanner found that session, too.", "dim"
    )
    yield table(("", *names), rows, numbers=range(1, len(names) + 1))
    if overlap["lead"]:
        yield element(
            "p",
            "Which was first, where both found a symbol in a session; minutes from A to B, the median.",
            "dim",
        )
        head = ("A", "B", "both", "A first", "B first", "minutes")
        keys = ("both", "a_first", "b_first")
        rows_of = (
            (one["a"], one["b"], *(f"{one[key]:,}" for key in keys), _number(one["median_minutes"], "+.1f"))
            for one in overlap["lead"]
        )
        yield table(head, rows_of, numbers=range(2, 6))


def _best(record: Record) -> Iterator[str]:
    best = record["best"]
    yield element("h2", "The best stays")
    if not best["stays"]:
        why = (
            "nothing was found"
            if not record["figures"]["stays"]
            else "the run does not say what prices came to"
        )
        yield element("p", text(f"None: {why}."), "none")
        return
    yield element(
        "p",
        "By the highest price in a stay against the price at entry; of a symbol in a session the best one.",
        "dim",
    )
    if not best["has_store"]:
        yield element("p", "Without candles: the store was not found; --store DIR says where it is.", "none")
    yield element("div", "".join(map(_stay, best["stays"])), "best")


def _stay(one: Record) -> str:
    left = one["left_local"] or "the close"
    caption = (
        f"<b>{text(one['symbol'])}</b> {text(_percent(one['highest_pct'], '+.2f'))} {text(one['session'])} "
        f"{text(one['entered_local'])} to {text(left)}, {text(one['scanner'])}, "
        f"rank {text(one['first_rank'])}, "
        f"{text(format_price(one['price']))} to {text(format_price(one['highest']))}, "
        f"lowest {text(_percent(one['lowest_pct'], '+.2f'))}"
    )
    return element("figure", element("figcaption", caption) + _candles(one))


def _candles(one: Record) -> str:
    bars = one["candles"]
    if bars is None:
        return ""
    entered = _after_open(bars, one["entered_local"])
    left = bars["minutes"] if one["left_local"] is None else _after_open(bars, one["left_local"])
    return drawings.candles(bars, entered, left, one["price"])


def _after_open(bars: Record, local: str) -> float:
    at = datetime.strptime(local, "%H:%M")
    return float(at.hour * 60 + at.minute - bars["opens_at"])


def _failures(record: Record) -> Iterator[str]:
    failures, conditions = record["failures"], record["conditions"]
    yield element("h2", "What went wrong")
    if not failures["count"] and not conditions:
        yield element("p", "Every scan was ok, and nothing else is on record.", "none")
    if failures["count"]:
        keys = ("scanner", "outcome", "error", "count", "first", "last")
        rows = ([one[key] for key in keys] for one in failures["most"])
        yield table(("scanner", "outcome", "why", "scans", "the first", "the last"), rows, numbers=[3])
        if failures["groups"] > len(failures["most"]):
            yield element("p", "More are in scans.csv.", "dim")
    if conditions:
        yield table(("at", "what", ""), ((one["at"], one["event"], one["detail"]) for one in conditions))


def _configuration(record: Record) -> Iterator[str]:
    kept = record["configuration"]
    yield element("h2", "Configuration")
    if kept is None:
        yield element("p", "A run of the old format did not keep it.", "none")
        return
    versions = ", ".join(f"{name} {version}" for name, version in kept["versions"].items())
    yield element("p", text(versions), "dim")
    digests = [("scanner", name, digest) for name, digest in kept["scanners"].items()]
    digests += [("module", name, digest[:16]) for name, digest in kept["modules"].items()]
    yield table(("", "", "digest"), digests)
    if kept["as_read"]:
        yield block(kept["as_read"])


def _number(value: float | None, form: str) -> str:
    return format_number(value, form)


def _percent(value: float | None, form: str = ".1f") -> str:
    return format_number(value, form, "%")
