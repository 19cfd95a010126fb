"""A complete scanner, written out: price gaps that are large for the symbol, with volume behind them.

The built-in ``gap`` scanner says much the same in one expression. This file shows everything a scanner
can do, symbol by symbol, in the order in which it happens:

1. ``Params``: what ``config`` may hold, checked before anything runs.
2. ``setup``: once before the session. Load the universe, ask for data. What is asked for here is there
   at the first scan, history included; nothing has to be declared anywhere else.
3. ``scan``: whenever the schedule says. Look at the session as it stood at ``context.current_time`` and
   return what you found, best first. Whatever ended later does not exist yet: a scanner cannot look ahead.
4. ``teardown``: once after the last scan, also after failures.

Rules worth knowing:

* A scanner looks and asks; it does not act. What it asks for is carried out after the scan.
* It keeps nothing from scan to scan but what ``setup`` made. What needs memory over the day belongs into
  an indicator (``opening_range_15_1m``), so that days can run in any order with the same result.
* Unknown is never a number: ``get_latest_bar`` returns None, a price is NaN, an indicator is not ``valid``.
  Never put 0 in its place. A symbol that was passed over because something was unknown is counted as
  unknown in the results, with the reason; the engine finds it out by itself from what was asked for.

Try it::

    symscan run examples/gap_scanner_complete.json --store STORE --date 2018-02-20
"""

from __future__ import annotations

from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from symscan import BaseScanner, IndicatorConfig, IndicatorType, ScanContext, ScanResult, SessionView

PREVIOUS_CLOSE = "sma_1_1d"
"""A mean over one completed day is its close. The name of an indicator holds all its parameters."""

USUAL_MOVE = "atr_14_1d"
"""How far the symbol usually moves in a day, in dollars."""


class Params(BaseModel):
    """What ``config`` may hold; anything else is an error before the session starts, with its place.

    Units are in the names: ``_percent`` is percent (2.0 is 2%), volumes are shares, prices are dollars.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    universe: str = Field("sp500", description="The symbols to judge: a universe by name or path.")
    min_gap_percent: float = Field(2.0, ge=0, description="The smallest gap that counts, up or down.")
    min_gap_atr: float = Field(0.5, ge=0, description="The same in average true ranges of the symbol.")
    min_volume: float = Field(
        100_000, ge=0, description="Shares traded in the session so far, before the open in the pre-market."
    )
    max_price: float = Field(500.0, gt=0, description="The highest last price.")


class Scanner(BaseScanner):
    """Finds gaps, the largest first.

    The engine looks for a class named ``Scanner``, then for ``GapScannerCompleteScanner``, then for the
    only scanner in the module.
    """

    # With this the engine checks ``config`` for you, and ``symscan`` can show the parameters.
    params = Params

    # A symbol whose last bar ended longer ago is unknown, and passed over below.
    max_age_minutes = 5.0

    def setup(self, context: ScanContext) -> bool:
        """Load the universe and ask for two daily indicators; their history is loaded because of it.

        Returns
        -------
        bool
            False would disable this scanner for the session; the others go on.
        """
        self._params = Params.model_validate(self.config)
        self._universe = self._load_universe()
        view = context.session_data
        view.add_session_bars(self._universe, "1m")
        # An indicator may be asked for in three ways. As a configuration, symbol by symbol:
        for symbol in self._universe:
            view.add_indicator(symbol, IndicatorConfig("sma", IndicatorType.TREND, period=1, interval="1d"))
        # by its key, for all symbols at once:
        view.add_indicator(self._universe, USUAL_MOVE)
        # or by its name and parameters. It is there already, so this changes nothing and returns False.
        view.add_indicator(self._universe, "atr", {"period": 14, "interval": "1d"})
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        """Judge one symbol after the other, and tell why each hit is one."""
        view = context.session_data
        metadata: dict[str, Any] = {}
        for symbol, volume in _volumes(view, self.max_age_minutes).items():
            why = self._judge(view, symbol, volume)
            if why is not None:
                metadata[symbol] = why
        # Best first, and ties by symbol: the same question must always have the same answer.
        symbols = sorted(metadata, key=lambda symbol: (-abs(metadata[symbol]["gap_percent"]), symbol))
        return ScanResult(symbols=symbols, metadata=metadata)

    def teardown(self, context: ScanContext) -> None:  # noqa: ARG002 - nothing to ask for at the end
        """Let go of what ``setup`` made; the data goes by itself, unless somebody else keeps it."""
        self._universe = []

    def _judge(self, view: SessionView, symbol: str, volume: float) -> dict[str, Any] | None:
        """Why a symbol is a hit, or None."""
        bar = view.get_latest_bar(symbol, "1m")  # before the open, the pre-market's
        previous_close = view.get_indicator(symbol, PREVIOUS_CLOSE)
        usual_move = view.get_indicator(symbol, USUAL_MOVE)
        if bar is None or not previous_close or not usual_move:
            return None  # a reading is true while it is known, even where it is 0
        gap = bar.close - previous_close
        gap_percent = 100 * gap / previous_close
        gap_atr = abs(gap) / usual_move.current_value
        is_hit = (
            abs(gap_percent) >= self._params.min_gap_percent
            and gap_atr >= self._params.min_gap_atr
            and volume >= self._params.min_volume  # false where it is NaN: unknown
            and bar.close <= self._params.max_price
        )
        return _why(gap_percent, gap_atr, volume, bar.close, previous_close) if is_hit else None


def _why(gap_percent: float, gap_atr: float, volume: float, price: float, close: float) -> dict[str, Any]:
    """What goes into the results beside the symbol: values JSON can hold, under any names you like."""
    return {
        "gap_percent": round(gap_percent, 4),
        "gap_atr": round(gap_atr, 4),
        "volume": volume,
        "price": price,
        "previous_close": float(close),
    }


def _volumes(view: SessionView, max_age_minutes: float) -> dict[str, float]:
    """The volume so far of every symbol that is still trading.

    Until the open, and until its first bar after it, a symbol has only its pre-market's volume. One look at
    all symbols, as a NumPy array or a polars frame, costs a hundredth of one look at each.
    """
    frame = view.frame(["volume", "premarket_volume", "minutes_since_bar"])  # null where unknown
    trading = frame.filter(pl.col("minutes_since_bar") <= max_age_minutes)
    volume = pl.coalesce("volume", "premarket_volume").fill_null(float("nan"))
    return dict(trading.select("symbol", volume).iter_rows())
