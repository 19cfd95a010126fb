"""Strategies over whole sessions: their fills against plain loops over the raw bars, each kept to itself."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import talib

from support.generated_market import DATES, UNIVERSE, Day, Market, make_market
from support.runs import Run, make_store, play
from symscan.config import parse_config
from symscan.errors import ConfigErrors
from symscan.model.trading import ExitReason, Flag, Unfilled
from symscan.observers.results.run_folder import run_folder
from symscan.research.report import ReportOptions, make_report
from symscan.research.run import open_run
from symscan.runs.reading import RunFiles
from symscan.runs.schemas import TRADES_SCHEMA
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.runner import run_backtest
from symscan.strategies.base import BaseStrategy
from symscan.strategies.builtin.paper_trader import Params

HALF_DAY, MONDAY, TUESDAY = (date(2018, 11, day) for day in (23, 26, 27))
MINUTE = 60_000_000
MEMBERS = [symbol for symbol in UNIVERSE if symbol[:3] in ("LIQ", "THN", "HAL", "STO")]
GUIDE = Path(__file__).parents[2] / "docs" / "STRATEGIES.md"

# Long and short, with and without limits, in thin symbols and halted ones, sometimes out by decision.
RESTLESS = """
from symscan.strategies.base import BaseStrategy, Signal
from symscan.strategies.paper.rules import PaperRules

class Strategy(BaseStrategy):
    paper = PaperRules(allow_short=True)
    minute = 0

    def on_slice(self, context):
        self.minute += 1
        view, minute = context.session_data, self.minute
        for place in range(3):
            symbol = view.symbols[(minute * 7 + place * 13) % len(view.symbols)]
            price = view.get_latest_price(symbol)
            if price == price:
                side = "long" if (minute + place) % 2 else "short"
                stop = price * 0.002 if minute % 3 else None
                target = price * 0.003 if minute % 4 else None
                yield Signal(symbol, side, 20 + 50 * place + minute, stop, target)
        if minute % 5 == 0 and context.positions:
            yield Signal(context.positions[minute % len(context.positions)].symbol, "exit")
"""

GAPS = {
    "module": "gap_scanner",
    "pre_session": True,
    "schedule": {"interval": "5m"},
    "config": {"universe": "u.txt", "min_gap_percent": 0.5, "max_age_minutes": 30},
}
TRADER = {
    "module": "paper_trader",
    "config": {"scanner": "gap_scanner", "max_positions": 5, "atr": "atr_5_1d"},
}


@dataclass(frozen=True)
class Fill:
    """One trade of the independent ledger; minutes since the open."""

    shares: int
    entry: int
    entry_price: float
    exit: int
    exit_price: float
    outcome: str
    gross: float
    costs: float
    mfe_bp: float
    mae_bp: float
    held_net: float


class Ledger:
    """The rules of the issue as plain loops over one session's bars."""

    def __init__(
        self, market: Market, day: date, signals: Sequence[dict[str, Any]], *, after_auction: bool = False
    ) -> None:
        self.day = Day.of(day)
        self.first_minute = int(after_auction)
        self.signals = signals
        self.bars: dict[str, dict[int, tuple[float, ...]]] = {}
        start = (pl.col("ts").dt.epoch("us") - self.day.open) // MINUTE
        frame = market.minutes.with_columns(minute=start).filter(
            pl.col("minute").is_between(0, self.day.minutes - 1)
        )
        names = ("symbol", "minute", "open", "high", "low", "close", "volume")
        for symbol, minute, *bar in frame.select(names).iter_rows():
            self.bars.setdefault(symbol, {})[minute] = tuple(bar)

    def minute(self, at: str) -> int:
        return (round(datetime.fromisoformat(at).timestamp()) * 1_000_000 - self.day.open) // MINUTE

    def fills(self, delay: int = 0) -> dict[int, Fill | str]:
        """What came of each signal to open a trade."""
        return {
            one["number"]: self._fill(one, delay) for one in self.signals if one["signal"]["action"] != "exit"
        }

    def _fill(self, event: dict[str, Any], delay: int) -> Fill | str:
        signal, number = event["signal"], event["number"]
        bars, last = self.bars.get(signal["symbol"], {}), self.day.minutes - 1
        first = max(self.minute(event["at"]), self.first_minute) + delay
        leaves = [
            self.minute(one["at"]) + delay
            for one in self.signals
            if one["signal"]["action"] == "exit"
            and one["signal"]["symbol"] == signal["symbol"]
            and one["number"] > number
        ]
        entry = next((m for m in range(first, first + 3) if m in bars and m < last), None)
        if any(leave <= (first + 2 if entry is None else entry) and leave <= last for leave in leaves):
            return "unfilled: cancelled_by_exit"
        if entry is None:
            return f"unfilled: {'session_end' if first + 2 >= last else 'no_bar_in_time'}"
        shares = min(signal["shares"], int(0.05 * bars[entry][4]))
        if shares < 1:
            return "unfilled: too_little_volume"
        sign = 1 if signal["action"] == "long" else -1
        price = bars[entry][0]
        stop = price - sign * signal["stop_distance"] if signal["stop_distance"] else None
        target = price + sign * signal["target_distance"] if signal["target_distance"] else None
        end, at_price, outcome = self._end(bars, entry, sign, stop, target, leaves)
        gross = sign * shares * (at_price - price)
        costs = shares * (0.0005 * (price + at_price) + 2 * 0.005)
        slipped = (price * (1 + sign * 0.0005), at_price * (1 - sign * 0.0005))
        held = bars[last][0] if last in bars else bars[max(bars)][3]
        held_net = sign * shares * (held - price) - shares * (0.0005 * (price + held) + 2 * 0.005)
        reached = [p for m in range(entry, end) if m in bars for p in bars[m][1:3]] + [price, at_price]
        moves = [1e4 * sign * (p / price - 1) for p in reached]
        return Fill(
            shares,
            entry,
            slipped[0],
            end,
            slipped[1],
            outcome,
            gross,
            costs,
            max(moves),
            min(moves),
            held_net,
        )

    def _end(
        self,
        bars: dict[int, tuple[float, ...]],
        entry: int,
        sign: int,
        stop: float | None,
        target: float | None,
        leaves: list[int],
    ) -> tuple[int, float, str]:
        last, known = self.day.minutes - 1, bars[entry][3]
        for minute in range(entry, last + 1):
            if minute not in bars:
                continue
            opened, high, low, known_now, _ = bars[minute]
            worst, best = (low, high) if sign > 0 else (high, low)
            if any(leave <= minute <= leave + 2 for leave in leaves):
                return minute, opened, "signal"
            if minute == last:
                return minute, opened, "session_end"
            if stop is not None and sign * (worst - stop) <= 0:
                return minute, opened if sign * (opened - stop) <= 0 else stop, "stop"
            if target is not None and sign * (best - target) >= 0:
                return minute, target, "target"
            known = known_now
        return last, known, "session_end"


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(DATES)


@pytest.fixture(scope="module")
def store(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("bars"), {"1m": market.minutes, "1d": market.days})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "restless.py").write_text(RESTLESS)
    (folder / "u.txt").write_text("\n".join(UNIVERSE) + "\n")
    return folder


@pytest.fixture(scope="module")
def restless(project: Path, store: Path) -> Run:
    return play(project, [], store, HALF_DAY, MONDAY, symbols=MEMBERS, strategies=[{"module": "restless"}])


@pytest.fixture(scope="module")
def traded(project: Path, store: Path) -> Run:
    return play(project, [GAPS], store, MONDAY, TUESDAY, strategies=[TRADER])


def _events(run: Run, kind: str, day: date | None = None) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in run.lines("journal.jsonl") if f'"event":"{kind}"' in line]
    return [one for one in found if day is None or one["session"] == day.isoformat()]


def _check(run: Run, market: Market, days: Sequence[date], *, after_auction: bool = False) -> None:
    """Every row of trades.csv, and the result under each assumption, from the signals alone.

    Signals at the open are too late for its auction where they rest on the pre-market.
    """
    totals = {"as_configured": np.zeros(2), "one_minute_later": np.zeros(2), "double_costs": np.zeros(2)}
    for day in days:
        ledger = Ledger(market, day, _events(run, "signal_emitted", day), after_auction=after_auction)
        expected = ledger.fills()
        rows = run.table("trades").filter(session=day.isoformat()).filter(pl.col("side") != "exit")
        assert rows["number"].to_list() == sorted(expected)
        for row in rows.iter_rows(named=True):
            _check_row(row, expected[row["number"]], ledger)
        later = [fill for fill in ledger.fills(delay=1).values() if isinstance(fill, Fill)]
        here = [fill for fill in expected.values() if isinstance(fill, Fill)]
        for name, fills, times in (
            ("as_configured", here, 1),
            ("one_minute_later", later, 1),
            ("double_costs", here, 2),
        ):
            totals[name] += [sum(f.gross - times * f.costs for f in fills), len(fills)]
    (summary,) = json.loads((run.folder / "summary.json").read_text())["strategies"].values()
    for result in summary["results"]:
        net, trades = totals[result["scenario"]]
        assert (result["net"], result["trades"]) == (pytest.approx(net, abs=1e-6), trades)


def _check_row(row: dict[str, Any], fill: Fill | str, ledger: Ledger) -> None:
    if isinstance(fill, str):
        assert (row["outcome"], row["shares"], row["net"]) == (fill, 0, None), row
        return
    got = (row["outcome"], row["shares"], ledger.minute(row["entry_at"]), ledger.minute(row["exit_at"]))
    assert got == (fill.outcome, fill.shares, fill.entry, fill.exit), (row, fill)
    numbers = [row[name] for name in ("entry_price", "exit_price", "gross", "net")]
    assert numbers == pytest.approx(
        [fill.entry_price, fill.exit_price, fill.gross, fill.gross - fill.costs], rel=1e-9, abs=1e-7
    )
    assert [row[name] for name in ("mfe_bp", "mae_bp", "held_net")] == pytest.approx(
        [fill.mfe_bp, fill.mae_bp, fill.held_net], rel=1e-7, abs=1e-6
    ), (row, fill)


def test_every_fill_is_as_computed_elsewhere(restless: Run, market: Market) -> None:
    _check(restless, market, [HALF_DAY, MONDAY])


def test_the_fills_hold_every_case(restless: Run) -> None:
    trades = restless.table("trades")
    outcomes = set(trades["outcome"])
    assert {"stop", "target", "signal", "session_end"} <= outcomes
    assert {f"unfilled: {why}" for why in ("no_bar_in_time", "session_end", "cancelled_by_exit")} <= outcomes
    flags = set(" ".join(flag for flag in trades["flags"] if flag).split())
    assert flags == {"partial", "borrow_unverified", "no_bar_at_end", "thin_exit"}
    stops = trades.filter(outcome="stop", side="long")
    assert stops.filter(pl.col("exit_price") < pl.col("stop") * 0.9994).height, "none opened beyond its stop"


def test_what_a_scanner_finds_is_traded_as_computed_elsewhere(traded: Run, market: Market) -> None:
    at_the_open = [one for one in _events(traded, "signal_emitted") if one["at"].endswith("T14:30:00Z")]
    assert at_the_open
    _check(traded, market, [MONDAY, TUESDAY], after_auction=True)


def test_sizes_follow_the_range_by_talib(traded: Run, market: Market) -> None:
    hits = traded.hits.filter(pl.col("new"))
    price = {(at, symbol): last for at, symbol, last in hits.select("scan_at", "symbol", "price").iter_rows()}
    signals = [one for day in (MONDAY, TUESDAY) for one in _events(traded, "signal_emitted", day)]
    assert len(signals) > 5
    for event in signals:
        signal = event["signal"]
        days = market.days.filter(
            pl.col("date") < date.fromisoformat(event["session"]), symbol=signal["symbol"]
        )
        fields = [days.sort("date")[name].to_numpy() for name in ("high", "low", "close")]
        atr = talib.ATR(*fields, 5)[-1]
        assert signal["stop_distance"] == pytest.approx(0.5 * atr, rel=1e-9)
        assert signal["target_distance"] == pytest.approx(atr, rel=1e-9)
        most = min(100 / (0.5 * atr), 25_000 / price[event["at"], signal["symbol"]])
        assert signal["shares"] == math.floor(most)


def test_it_holds_what_it_trades_and_no_more_than_it_may(traded: Run) -> None:
    held: set[str] = set()
    for line in traded.lines("journal.jsonl"):
        event = json.loads(line)
        if event["event"] == "symbol_locked":
            held.add(event["symbol"])
            assert event["holder"] == "strategy:paper_trader"
        elif event["event"] == "symbol_unlocked":
            held.remove(event["symbol"])
        elif event["event"] == "session_closed":
            held.clear()
        elif event["event"] == "trade_closed" and event["trade"]["exit_reason"] != "session_end":
            assert event["trade"]["symbol"] in held
    assert _events(traded, "symbol_unlocked") and _events(traded, "symbol_passed")


@pytest.mark.slow
def test_it_runs_twice_to_the_same_bytes(project: Path, store: Path, restless: Run) -> None:
    again = play(project, [], store, HALF_DAY, MONDAY, symbols=MEMBERS, strategies=[{"module": "restless"}])
    for name in ("journal.jsonl", "trades.csv", "hits.csv"):
        assert again.bytes(name) == restless.bytes(name)


@pytest.mark.parametrize(
    "body",
    [
        "def on_slice(self, context): raise RuntimeError('on purpose')",
        "def on_slice(self, context): return [3]",
        "def on_slice(self, context): yield Signal(context.session_data.symbols[0], 'long', float('nan'))",
        "def on_symbol_added(self, context, symbol): raise ValueError(symbol)",
        "def on_symbol_added(self, context, symbol): return [Signal(symbol, 'long', 1)]",
        "def on_slice(self, context): return [SymbolSkipped('LIQ00', object())]",
        "def on_start(self, context): raise ValueError('not today')",
        "def on_end(self, context): raise ValueError('not yet')",
        "def on_scan(self, context, report): report.metadata(report.symbols[0]).clear(); return 1",
    ],
)
def test_a_strategy_that_misbehaves_harms_only_itself(
    tmp_path: Path, store: Path, traded: Run, body: str
) -> None:
    imports = "from symscan.strategies.base import BaseStrategy, SymbolSkipped, Signal"
    head = f"{imports}\nclass Strategy(BaseStrategy):\n    "
    (tmp_path / "bad.py").write_text(head + body + "\n")
    (tmp_path / "u.txt").write_text("\n".join(UNIVERSE) + "\n")
    run = play(tmp_path, [GAPS], store, MONDAY, TUESDAY, strategies=[{"module": "bad"}, TRADER])
    assert run.bytes("hits.csv") == traded.bytes("hits.csv")
    assert run.bytes("trades.csv") == traded.bytes("trades.csv")
    failures = _events(run, "strategy_failed")
    assert [one["session"] for one in failures] == [MONDAY.isoformat(), TUESDAY.isoformat()]
    assert {one["strategy"] for one in failures} == {"bad"}


def test_strategies_see_members_alone(tmp_path: Path, store: Path) -> None:
    (tmp_path / "look.py").write_text(
        "from symscan.strategies.base import BaseStrategy, SymbolSkipped\n"
        "class Strategy(BaseStrategy):\n"
        "    def on_slice(self, context):\n"
        "        view = context.session_data\n"
        "        assert set(view.symbols) == set(view.get_active_symbols())\n"
        "        assert len(view.column('close')) == len(view.symbols) == view.frame(['close']).height\n"
        "        if 'LIQ03' not in view.symbols:\n"
        "            assert view.get_latest_bar('LIQ03') is None and view.get_bars('LIQ03', '1m', 3) == []\n"
        "            assert view.get_latest_price('LIQ03') != view.get_latest_price('LIQ03')\n"
        "        return [SymbolSkipped(symbol, 'seen') for symbol in view.symbols]\n"
    )
    scanner = {
        "name": "one",
        "universe": "u.txt",
        "where": "close > 0",
        "regular_session": [{"start": "10:30", "end": "10:30"}],
    }
    (tmp_path / "u.txt").write_text("LIQ03\nLIQ04\n")
    run = play(tmp_path, [scanner], store, MONDAY, symbols=["LIQ00"], strategies=[{"module": "look"}])
    assert _events(run, "strategy_failed") == []
    seen = [(one["at"], one["symbol"]) for one in _events(run, "symbol_passed")]
    day = Day.of(MONDAY)
    assert [at for at, symbol in seen if symbol == "LIQ00"] == [day.iso(m) for m in range(391)]
    assert [at for at, symbol in seen if symbol == "LIQ03"] == [day.iso(m) for m in range(60, 391)]


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ({"module": "paper_trade"}, "did you mean 'paper_trader'"),
        ({"module": "paper_trader", "config": {}}, "the parameter 'scanner' is missing"),
        ({"module": "paper_trader", "config": {"scanner": "other"}}, "there is no scanner 'other' to watch"),
        (TRADER | {"config": {"scanner": "gap_scanner", "rsk": 3}}, "did you mean 'risk'"),
        (TRADER | {"config": {"scanner": "gap_scanner", "direction": "short"}}, 'needs "allow_short": true'),
        (TRADER | {"config": {"scanner": "gap_scanner", "atr": "atr_14"}}, "atr"),
        (TRADER | {"modul": 1}, "unknown key 'modul'; did you mean 'module'?"),
    ],
)
def test_a_wrong_strategy_is_told_with_its_place(
    project: Path, store: Path, strategy: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigErrors, match=re.escape(message)) as raised:
        play(project, [GAPS], store, MONDAY, strategies=[strategy])
    (error,) = raised.value.errors
    assert str(error.path).startswith("session_data_config.strategies[0]") and error.place


def test_two_strategies_need_two_names(project: Path, store: Path) -> None:
    with pytest.raises(ConfigErrors, match="two strategies are named 'paper_trader'"):
        play(project, [GAPS], store, MONDAY, strategies=[TRADER, TRADER])


def test_without_strategies_nothing_is_different(project: Path, store: Path, traded: Run) -> None:
    plain = play(project, [GAPS], store, MONDAY, TUESDAY)
    assert not (plain.folder / "trades.csv").exists()
    assert plain.bytes("hits.csv") == traded.bytes("hits.csv")
    assert "strateg" not in (plain.folder / "summary.json").read_text()


def test_a_run_that_is_stopped_leaves_whole_rows(project: Path, store: Path, tmp_path: Path) -> None:
    values = {"symbols": MEMBERS, "strategies": [{"module": "restless"}]}
    config = parse_config(json.dumps({"session_data_config": values}), str(project / "session.json"))
    noon = Day.of(MONDAY).open + 150 * MINUTE

    def stop(coordinator: SessionCoordinator) -> None:
        if coordinator.now == noon:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), run_folder(tmp_path / "run", force=False, facts=dict) as results:
        run_backtest(assemble_backtest(config, store, MONDAY, MONDAY), [results], stop)
    trades = Run(tmp_path / "run").table("trades")
    broken = trades.filter(outcome="broken_off")
    assert broken.height and broken["net"].null_count() == broken["exit_at"].null_count() == broken.height
    assert trades.filter(pl.col("net").is_not_null()).height
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "interrupted"


def test_a_constructor_need_not_call_the_bases(tmp_path: Path, store: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from symscan import BaseStrategy, SymbolSkipped\n"
        "class Strategy(BaseStrategy):\n"
        "    def __init__(self, config): pass\n"
        "    def on_slice(self, context): return [SymbolSkipped('A', context.config['why'])]\n"
    )
    strategy = {"module": "own", "config": {"why": "because"}}
    run = play(tmp_path, [], store, MONDAY, symbols=["LIQ00"], strategies=[strategy])
    assert {one["reason"] for one in _events(run, "symbol_passed")} == {"because"}


def test_paper_is_rules_or_nothing(tmp_path: Path, store: Path) -> None:
    (tmp_path / "odd.py").write_text(
        "from symscan import BaseStrategy\nclass Strategy(BaseStrategy):\n    paper = {'slippage_bps': 1}\n"
    )
    with pytest.raises(ConfigErrors, match=r"give PaperRules\("):
        play(tmp_path, [], store, MONDAY, strategies=[{"module": "odd"}])


def test_the_guides_strategy_runs_as_written(tmp_path: Path, store: Path, market: Market) -> None:
    snippet, _ = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "vwap_holder.py").write_text(snippet)
    (tmp_path / "u.txt").write_text("\n".join(UNIVERSE) + "\n")
    run = play(tmp_path, [GAPS], store, TUESDAY, strategies=[{"module": "vwap_holder"}])
    assert _events(run, "strategy_failed") == []
    signals = _events(run, "signal_emitted")
    assert {one["signal"]["action"] for one in signals} == {"long", "exit"}
    ledger = Ledger(market, TUESDAY, signals)
    for event in signals:
        bars = ledger.bars[event["signal"]["symbol"]]
        so_far = [bars[minute] for minute in sorted(bars) if minute < ledger.minute(event["at"])]
        turnover = sum((high + low + close) / 3 * volume for _, high, low, close, volume in so_far)
        is_above = so_far[-1][3] > turnover / sum(bar[4] for bar in so_far)
        assert is_above is (event["signal"]["action"] == "long")


def test_the_figures_are_the_same_in_python_and_in_the_summary(traded: Run) -> None:
    _, snippet = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet.replace("runs/mine-2018-02-20_2018-03-02", str(traded.folder)), names)
    trading = names["run"].trading
    (written,) = json.loads((traded.folder / "summary.json").read_text())["strategies"].values()
    assert written["capital"] == 5 * 25_000
    figures = trading.by_strategy["paper_trader"].as_record()
    assert written["figures"].pop("exposure")["mean_pct"] > 0
    assert figures.pop("exposure")["mean_pct"] is None  # a test's run does not name its exchange
    assert figures == written["figures"]
    rows = {row["figure"]: row for row in trading.figures.iter_rows(named=True)}
    trades = traded.table("trades").filter(pl.col("net").is_not_null())
    assert rows["per_trade.net"]["value"] == pytest.approx(trades["net"].mean())
    assert rows["per_trade.net"]["marks"] == "too_few_sessions"
    assert rows["exposure.largest_pct"]["value"] > 0
    assert trading.equity["equity"][-1] == pytest.approx(trades["net"].sum())
    assert trading.months["trades"].sum() == trades.height
    guide = GUIDE.read_text()
    words = [*trading.figures["figure"], *trading.months.columns[2:]]
    assert [word for word in words if f"`{word.split('.')[-1]}" not in guide] == []


def test_the_report_says_what_the_trades_came_to_and_how_sure_that_is(traded: Run) -> None:
    report = make_report(RunFiles.open(traded.folder))
    (one,) = report.record["strategies"]
    trading = open_run(traded.folder).trading
    assert one["equity"]["net"] == trading.equity["equity"].to_list()
    assert one["per_trade"] == trading.by_strategy["paper_trader"].as_record()["per_trade"]
    html = report.html()
    section = html[html.index("Strategies, on paper") :]
    trades, net = trading.equity["trades"].sum(), one["per_trade"]["net"]["value"]
    assert f"{net:+,.2f} a trade after costs over {trades} trades; 2 sessions are too few to say" in section
    assert section.index("<svg") < section.index("2018-11</td>")
    only = make_report(RunFiles.open(traded.folder), ReportOptions(first=TUESDAY)).record["strategies"]
    assert only[0]["equity"]["sessions"] == [TUESDAY.isoformat()]


def test_a_run_without_strategies_has_empty_figures(project: Path, store: Path) -> None:
    trading = open_run(play(project, [GAPS], store, MONDAY).folder).trading
    assert (trading.figures.height, trading.equity.height, trading.months.height) == (0, 0, 0)
    assert "net" in trading.equity.columns


def test_the_guide_names_everything() -> None:
    guide = GUIDE.read_text()
    words = [
        *TRADES_SCHEMA,
        *Params.model_fields,
        *(one.value for kind in (Unfilled, ExitReason, Flag) for one in kind),
        *(f"{name}(" for name in vars(BaseStrategy) if name.startswith("on_")),
    ]
    assert [word for word in words if f"`{word}" not in guide] == []
