"""The part of a report about strategies: its record of numbers, and how the page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from symscan.research.report.drawings import lines
from symscan.research.report.markup import element, figure, table, text
from symscan.research.trading import Trading
from symscan.runs.reading import RunFiles

_PER_TRADE: Final = {
    "net": ("net a trade", ",.2f"),
    "return_bp": ("net a trade, basis points", ",.1f"),
    "held_net": ("held to the close instead", ",.2f"),
    "over_held": ("better than held", ",.2f"),
    "won": ("share of trades won", ".3f"),
    "mfe_bp": ("best excursion, basis points", ",.1f"),
    "mae_bp": ("worst excursion, basis points", ",.1f"),
}
_PER_SESSION: Final = {
    "net": ("net a session", ",.2f"),
    "held_net": ("held to the close instead, a session", ",.2f"),
}
_MARKS: Final = {
    "too_few_sessions": "too few sessions for an interval",
    "few": "few sessions",
    "one_session": "one session makes up more than 30% of what deviates",
    "signs_differ": "the mean of sessions has the other sign",
    "no_variation": "all sessions are equal",
    "never_won": "no trade was won, so that there is no interval",
}


def trading_record(run: RunFiles, sessions: Sequence[date]) -> list[dict[str, Any]]:
    """Return the figures of each strategy whose signals are filled, over some sessions, and its equity."""
    return [
        {
            "name": name,
            **figures.as_record(),
            "equity": {
                "sessions": [str(day) for day in figures.sessions],
                "net": figures.equity["equity"].to_list(),
                "held": figures.equity["held_equity"].to_list(),
            },
        }
        for name, figures in Trading(run, sessions).by_strategy.items()
    ]


def trading_sections(strategies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the sections about strategies."""
    if strategies:
        yield element("h2", "Strategies, on paper")
    for one in strategies:
        yield element("h3", text(one["name"]))
        yield element("p", text(_verdict(one)))
        if one["trades"]:
            yield _intervals(one)
            yield element("p", text(_money(one)), "dim")
            yield element("div", _equity(one["equity"]) + _months(one["months"]), "pair")


def _verdict(one: Mapping[str, Any]) -> str:
    """Say in a sentence what the trades came to, and what cannot be told."""
    net, sessions = one["per_trade"]["net"], one["sessions"]
    if not one["trades"]:
        return f"No trade was closed in {sessions:,} sessions."
    begin = f"{net['value']:+,.2f} a trade after costs over {one['trades']:,} trades"
    if net["lo"] is None:
        return f"{begin}; {sessions:,} sessions are too few to say how sure that is."
    if net["lo"] <= 0 <= net["hi"]:
        end = "cannot be told from nothing"
    else:
        end = "more than chance alone would bring" if net["lo"] > 0 else "a loss that chance does not explain"
    interval = f"95% interval {net['lo']:+,.2f} to {net['hi']:+,.2f}"
    return f"{begin}, {interval}, {one['sessions_with_trades']:,} sessions with trades: {end}."


def _intervals(one: Mapping[str, Any]) -> str:
    rows = [
        *_rows(one["per_trade"], _PER_TRADE),
        *_rows(one["per_session"], _PER_SESSION),
        *_rows({"factor": one["profit_factor"]}, {"factor": ("won for each unit lost", ".2f")}),
    ]
    return table(("figure", "value", "from", "to", "note"), rows, numbers=(1, 2, 3))


def _rows(
    figures: Mapping[str, Mapping[str, Any]], names: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, ...]]:
    for key, (title, form) in names.items():
        one = figures[key]
        numbers = (_number(one[part], form) for part in ("value", "lo", "hi"))
        yield title, *numbers, "; ".join(_MARKS.get(mark, mark) for mark in one["marks"])


def _money(one: Mapping[str, Any]) -> str:
    fall, invested = one["drawdown"], one["exposure"]
    of_capital = f" ({fall['pct']:.1f}% of the capital)" if fall["pct"] is not None else ""
    fell = f" from {fall['from']} to {fall['to']}" if fall["amount"] else ""
    parts = [
        f"capital {_number(one['capital'], ',.0f')}",
        f"largest drawdown {fall['amount']:,.2f}{of_capital}{fell}",
        f"invested {_number(invested['mean_pct'], '.1f')}% of it on the average, "
        f"{_number(invested['largest_pct'], '.1f')}% at most",
        f"turnover {_number(one['turnover'], '.2f')} times the capital a session",
        _costs(one["cost_share_pct"]),
        f"average win {_number(one['average_win'], ',.2f')}, loss {_number(one['average_loss'], ',.2f')}",
    ]
    return "; ".join(parts) + "."


def _costs(share_pct: float | None) -> str:
    if share_pct is None:
        return "nothing was gained before costs"
    return f"costs {share_pct:.0f}% of what was gained before them"


def _equity(equity: Mapping[str, Any]) -> str:
    caption = "Results added up, session by session; dashed: the same entries held to the close"
    series = [("l", [0.0, *equity["net"]])]
    if None not in equity["held"]:
        series.append(("p", [0.0, *equity["held"]]))
    return figure(caption, lines(["", *equity["sessions"]], series))


def _months(months: Sequence[Mapping[str, Any]]) -> str:
    head = ("month", "sessions", "trades", "net", "% of capital", "won")
    rows = (
        (
            one["month"],
            f"{one['sessions']:,}",
            f"{one['trades']:,}",
            f"{one['net']:+,.2f}",
            _number(one["return_pct"], "+.2f"),
            _number(one["won"], ".2f"),
        )
        for one in months
    )
    return table(head, rows, numbers=range(1, len(head)))


def _number(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)
