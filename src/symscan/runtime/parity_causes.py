"""Why a live session and a backtest of its bars differ: what the record says went wrong, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class _Late:
    """A bar that was put right, and in which step of the record."""

    seq: int
    end: str
    kind: str
    arrived_at: str


@dataclass(slots=True)
class Causes:
    """What in a live session may explain a difference.

    Attributes
    ----------
    late_bars
        How many bars came late, were corrected or recovered.
    """

    late_bars: int = 0
    _late: dict[str, list[_Late]] = field(default_factory=dict)
    _slices: Mapping[str, int] = field(default_factory=dict)
    _left_out: dict[str, None] = field(default_factory=dict)
    _ready: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(events: Sequence[tuple[int, Mapping[str, Any]]], slices: Mapping[str, int]) -> Causes:
        """What a live session has to say.

        Parameters
        ----------
        events
            What happened, each with the step of the record.
        slices
            The step in which each slice was carried out, by its end.
        """
        causes = Causes(_slices=slices)
        for seq, event in events:
            causes.take(seq, event)
        return causes

    def of_scan(self, live: Mapping[str, Any]) -> str | None:
        """Why a scan did not end well."""
        if live["outcome"] == "ok":
            return None
        return f"{live['outcome'].replace('_', ' ')}: {live['error']}"

    def of_symbol(self, live: Mapping[str, Any], symbol: str) -> str | None:
        """Why a symbol was seen otherwise by a scan."""
        late = self._late_after(live, symbol)
        if late is not None:
            return f"{late.kind} bar of {_clock(late.end)}, put right at {_clock(late.arrived_at)}"
        if symbol in self._left_out:
            return "not subscribed: more symbols are wanted than may be"
        ready = self._ready.get(symbol)
        if ready is not None and ready > live["at"]:
            return f"it was not ready before {_clock(ready)}"
        return None

    def of_others(self, live: Mapping[str, Any], symbols: Iterable[str]) -> str | None:
        """Why a scan that weighs symbols against each other saw them all otherwise."""
        for symbol in symbols:
            cause = self.of_symbol(live, symbol)
            if cause is not None:
                return f"{cause} ({symbol}, which counts in this scan)"
        return None

    def symbols(self) -> list[str]:
        """The symbols something is known of."""
        return list(dict.fromkeys([*self._late, *self._left_out]))

    def _late_after(self, live: Mapping[str, Any], symbol: str) -> _Late | None:
        """A bar the scan should have seen and that was put right only after it had begun."""
        begun = self._slices.get(live["at"], 0)
        late = self._late.get(symbol, ())
        return next((one for one in late if one.end <= live["at"] and one.seq > begun), None)

    def take(self, seq: int, event: Mapping[str, Any]) -> None:
        """Note what an event may explain."""
        match event["event"]:
            case "bars_corrected":
                late = _Late(seq, event["end"], event["kind"], event["arrived_at"])
                self.late_bars += len(event["symbols"])
                for symbol in event["symbols"]:
                    self._late.setdefault(symbol, []).append(late)
            case "subscription_limited":
                self._left_out = dict.fromkeys(event["left_out"])
            case "symbol_added":
                self._ready[event["symbol"]] = event["ready_at"]


def _clock(instant: str) -> str:
    return instant[11:].removesuffix("Z").split(".")[0] + " UTC"
