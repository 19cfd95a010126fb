"""The two ports of the session: where its history and where its bars come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from symscan.model.bar import Block, Floats, Mask, Moment, Rows
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session


@dataclass(frozen=True, slots=True)
class DailyHistory:
    """What is known of some symbols the evening before a session.

    Attributes
    ----------
    previous_close
        The close of the immediately preceding session, NaN where unknown, shape ``(symbols,)``.
    mismatched
        Where daily and intraday bars are on different price bases, shape ``(symbols,)``.
    derived
        Where other symbols have a daily bar of that session, and this one's is made of its regular
        minutes, shape ``(symbols,)``; None for nowhere.
    """

    previous_close: Floats
    mismatched: Mask
    derived: Mask | None = None

    def of(self, places: Rows) -> DailyHistory:
        """The same of some of the symbols, in their order."""
        derived = None if self.derived is None else self.derived[places]
        return DailyHistory(self.previous_close[places], self.mismatched[places], derived)


class HistorySource(Protocol):
    """Bars of earlier sessions, on the price basis of the session they are loaded for."""

    def symbols(self) -> frozenset[str]:
        """Every symbol there are bars of."""

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        """The bars of the ``days`` sessions before ``session``, oldest first, over ``symbols``.

        Intraday bars are those of regular hours.
        """

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        """What is known the evening before ``session``."""


class BarSource(Protocol):
    """The bars of the session itself."""

    base: Interval
    """The interval of the slices: the finest there is."""

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Deliver bars of these symbols in these columns from the next slice on."""

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """The session's bars that ended at these instants, over ``symbols``."""

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Get ready to :meth:`catch_up` symbols that are about to join; may wait, and run beside the session.

        From its return on, no bar of them is missed: what it fetched and what comes afterwards add up.
        """

    def prefer(self, symbols: Sequence[str]) -> None:
        """These symbols come first where not all can be subscribed; replaces what was preferred before."""

    def news(self) -> list[Event]:
        """Take out what happened to the source since the last call."""

    def slices(self) -> Iterator[Moment]:
        """Every minute of the session in order up to its close, with the bars that end then.

        A live source also gives moments in between, whenever there is something to do.
        """
