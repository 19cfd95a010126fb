"""Count flaws of scanners' results over a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from symscan.formatting import format_count, format_names
from symscan.model.events.session import Hits, Outcome, ScanFinished


@dataclass(slots=True)
class _Flaws:
    """The flaws of one scanner's results: symbols and scans."""

    not_in_store: dict[str, None] = field(default_factory=dict)
    scans_not_in_store: int = 0
    stray: dict[str, None] = field(default_factory=dict)
    most_stray: int = 0
    scans_stray: int = 0

    def add(self, other: _Flaws) -> None:
        """Add the flaws of another session."""
        self.not_in_store.update(other.not_in_store)
        self.scans_not_in_store += other.scans_not_in_store
        self.stray.update(other.stray)
        self.most_stray = max(self.most_stray, other.most_stray)
        self.scans_stray += other.scans_stray


class ResultWarnings:
    """Counts hits that the store lacks, metadata of symbols that were not returned, and idle scans."""

    def __init__(self) -> None:
        self.flaws: dict[str, _Flaws] = {}
        self.idle: dict[str, int] = {}
        self.busy: dict[str, None] = {}

    def count(self, scan: ScanFinished) -> None:
        """Count one scan."""
        hits = scan.hits
        if is_idle(scan):
            self.idle[scan.scanner] = self.idle.get(scan.scanner, 0) + 1
        else:
            self.busy[scan.scanner] = None
        if not hits.not_in_store and hits.stray_metadata is None:
            return
        flaws = self.flaws.setdefault(scan.scanner, _Flaws())
        if hits.not_in_store:
            flaws.scans_not_in_store += 1
            flaws.not_in_store.update(dict.fromkeys(hits.not_in_store))
        if hits.stray_metadata is not None:
            flaws.scans_stray += 1
            flaws.stray.update(dict.fromkeys(hits.stray_metadata.examples))
            flaws.most_stray = max(flaws.most_stray, hits.stray_metadata.count)

    def add(self, other: ResultWarnings) -> None:
        """Add the flaws of another session."""
        for name, flaws in other.flaws.items():
            self.flaws.setdefault(name, _Flaws()).add(flaws)
        for name, scans in other.idle.items():
            self.idle[name] = self.idle.get(name, 0) + scans
        self.busy.update(other.busy)

    def as_state(self) -> dict[str, Any]:
        """Return the flaws as JSON can hold them."""
        flaws = {name: asdict(flaws) for name, flaws in self.flaws.items()}
        return {"flaws": flaws, "idle": self.idle, "busy": list(self.busy)}

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> ResultWarnings:
        """Restore what :meth:`as_state` returned."""
        restored = cls()
        restored.flaws = {name: _Flaws(**flaws) for name, flaws in state["flaws"].items()}
        restored.idle = dict(state["idle"])
        restored.busy = dict.fromkeys(state["busy"])
        return restored

    def messages(self) -> list[str]:
        """Return a sentence for each scanner and kind."""
        idle = [idle_message(name, scans) for name, scans in self.idle.items() if name not in self.busy]
        return [*self._flaw_messages(), *idle]

    def _flaw_messages(self) -> list[str]:
        return [message for name, flaws in self.flaws.items() for message in _messages(name, flaws)]


def flaws_of(scan: ScanFinished) -> Iterator[tuple[str, str]]:
    """Yield the flaws of one result: kind and sentence."""
    once = ResultWarnings()
    once.count(scan)
    kinds = [kind for kind, is_so in _kinds(scan.hits).items() if is_so]
    yield from zip(kinds, once._flaw_messages(), strict=True)


def is_idle(scan: ScanFinished) -> bool:
    """Return whether a scan went well and had no symbols to judge."""
    return scan.outcome is Outcome.OK and not scan.universe and not scan.hits.symbols


def idle_message(name: str, scans: int) -> str:
    """Return the warning of a scanner all of whose scans were idle."""
    return (
        f"scanner '{name}' had no symbols to judge, at {format_count(scans, 'scan')}: load its universe in "
        "setup, self._load_universe(), or ask for data of symbols; a 'universe_where' may have kept nobody"
    )


def _kinds(hits: Hits) -> dict[str, bool]:
    return {"not_in_store": bool(hits.not_in_store), "stray_metadata": hits.stray_metadata is not None}


def _messages(name: str, flaws: _Flaws) -> Iterator[str]:
    if flaws.not_in_store:
        symbols = list(flaws.not_in_store)
        count = format_count(len(symbols), "symbol")
        yield (
            f"scanner '{name}' returned {count} that the store has no bars of, "
            f"at {format_count(flaws.scans_not_in_store, 'scan')}: {format_names(symbols)}"
        )
    if flaws.stray:
        examples = format_names(list(flaws.stray), flaws.most_stray)
        yield (
            f"scanner '{name}' gave metadata of symbols it did not return, at "
            f"{format_count(flaws.scans_stray, 'scan')}: {examples}; it is not kept"
        )
