"""Decide which messages the events of a step are worth: by the rules, the session's clock, and nothing else.

A step decided again, when a session is resumed or its run is gone through, gives the same messages.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np

from symscan.alerts.hit_values import value_of
from symscan.alerts.rules import LEFT_TEMPLATE, CompiledRule
from symscan.alerts.templates import Value
from symscan.config.alert_settings import ENTERED, LEFT, PER_RULE, PER_SYMBOL
from symscan.formatting import format_count
from symscan.model.bar import Rows
from symscan.model.events.alerts import AlertDecided
from symscan.model.events.session import Event, ScanFinished
from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.model.session import Session
from symscan.observers.console.conditions import Conditions
from symscan.runs.list_changes import ListChanges

HITS: Final = "hits"
"""What an alert is about that is not about a condition."""

_MOST_LINES: Final = 10
_LONGEST: Final = 1500
_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class _Finding:
    """One thing that a rule is about: a symbol that entered or left, or a condition."""

    at: Instant
    decided_at: Instant
    about: str
    text: str
    change: str = ""
    scanner: str = ""
    symbol: str = ""


class AlertDecider:
    """Decides the messages of one session, step by step.

    Parameters
    ----------
    rules
        The compiled rules, in the order of the configuration.

    Attributes
    ----------
    late
        By rule, how many hits were too old when they were decided.
    """

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self.late: Counter[str] = Counter()
        self._rules = tuple(rules)
        self._has_conditions = any(rule.settings.conditions for rule in rules)
        self._changes = ListChanges()
        self._alerted_at: dict[tuple[str, ...], Instant] = {}
        self._alerted: set[tuple[str, str, str]] = set()
        self._reported: list[tuple[str, str, str | None]] = []
        self._conditions = Conditions(self._note_condition, lambda _line, _record: None)

    def decide(self, session: Session, events: Sequence[Event]) -> list[AlertDecided]:
        """Return the messages that the events of one step are worth, by rule."""
        findings: dict[str, list[_Finding]] = {rule.name: [] for rule in self._rules}
        for event in events:
            if isinstance(event, AlertDecided):  # decided before
                continue
            if isinstance(event, ScanFinished) and event.outcome.is_ok:
                self._add_hits(session, event, findings)
            if self._has_conditions:
                self._add_conditions(session, event, findings)
        return [message for rule in self._rules for message in _messages(session, rule, findings[rule.name])]

    def _add_hits(self, session: Session, scan: ScanFinished, findings: dict[str, list[_Finding]]) -> None:
        entered, left = self._changes.update(scan.scanner, scan.hits.symbols, is_ok=True)
        if not entered and not left:
            return
        among = set(entered)
        rows = np.array([row for row, one in enumerate(scan.hits.symbols) if one in among], np.intp)
        for rule in self._rules:
            if rule.is_about(scan.scanner):
                findings[rule.name] += self._entered(session, rule, scan, rows)
                findings[rule.name] += self._left(session, rule, scan, left)

    def _entered(
        self, session: Session, rule: CompiledRule, scan: ScanFinished, rows: Rows
    ) -> Iterator[_Finding]:
        settings = rule.settings
        if ENTERED not in settings.on or not len(rows):
            return
        if settings.first:
            rows = rows[scan.hits.new[rows]]
        if settings.max_rank is not None:
            rows = rows[rows < settings.max_rank]
        if rule.where is not None:
            rows = rule.where.holds(scan.hits, rows)
        if self._is_late(rule, scan):
            self.late[rule.name] += len(rows)
            return
        for row in rows.tolist():
            symbol = scan.hits.symbols[row]
            if self._is_cooling(rule, scan.at, ENTERED, symbol, scan.scanner):
                continue
            self._alerted.add((rule.name, scan.scanner, symbol))
            text = rule.template.fill(_Facts(session, rule, scan, symbol, row).value_of)
            yield _Finding(scan.at, scan.decided_at, HITS, text, ENTERED, scan.scanner, symbol)

    def _left(
        self, session: Session, rule: CompiledRule, scan: ScanFinished, left: Sequence[str]
    ) -> Iterator[_Finding]:
        """Yield who left: with ``entered``, those alone whose entry was worth a message."""
        if LEFT not in rule.settings.on:
            return
        if ENTERED in rule.settings.on:
            left = [one for one in left if (rule.name, scan.scanner, one) in self._alerted]
        self._alerted.difference_update((rule.name, scan.scanner, one) for one in left)
        if self._is_late(rule, scan):
            self.late[rule.name] += len(left)
            return
        for symbol in left:
            if not self._is_cooling(rule, scan.at, LEFT, symbol, scan.scanner):
                text = LEFT_TEMPLATE.fill(_Facts(session, rule, scan, symbol).value_of)
                yield _Finding(scan.at, scan.decided_at, HITS, text, LEFT, scan.scanner, symbol)

    def _is_late(self, rule: CompiledRule, scan: ScanFinished) -> bool:
        return (scan.decided_at - scan.at) / SECOND > rule.settings.max_age_seconds

    def _is_cooling(self, rule: CompiledRule, at: Instant, change: str, symbol: str, scanner: str) -> bool:
        """Return whether a rule had an alert about it lately; if not, it has one now."""
        per = rule.settings.per
        if per == PER_RULE:
            return self._had_alert(rule, (rule.name, change), at, is_whole_scan=True)
        subject = (symbol,) if per == PER_SYMBOL else (symbol, scanner)
        return self._had_alert(rule, (rule.name, change, *subject), at)

    def _had_alert(
        self, rule: CompiledRule, key: tuple[str, ...], at: Instant, *, is_whole_scan: bool = False
    ) -> bool:
        """Return whether the cooldown of a key runs; with ``is_whole_scan``, not at the instant it began."""
        last = self._alerted_at.get(key)
        cooldown = int(rule.settings.cooldown_minutes * MINUTE)
        if last is not None and cooldown and at - last < cooldown and not (is_whole_scan and at == last):
            return True
        self._alerted_at[key] = at
        return False

    def _add_conditions(self, session: Session, event: Event, findings: dict[str, list[_Finding]]) -> None:
        self._reported = []
        self._conditions.observe(session, event)
        for kind, line, scanner in self._reported:
            for rule in self._rules:
                key = (rule.name, kind, scanner or "")
                if kind in rule.settings.conditions and not self._had_alert(rule, key, event.at):
                    finding = _Finding(event.at, event.at, kind, line, scanner=scanner or "")
                    findings[rule.name].append(finding)

    def _note_condition(self, line: str, record: dict[str, object]) -> None:
        scanner = record.get("scanner")
        kind = str(record.get("condition", ""))
        self._reported.append((kind, line, None if scanner is None else str(scanner)))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the names of a template stand for, of one symbol of a scan; ``row`` None where it is no hit."""

    session: Session
    rule: CompiledRule
    scan: ScanFinished
    symbol: str
    row: int | None = None

    def value_of(self, name: str) -> Value:
        """Return the value of a name."""
        match name:
            case "symbol":
                return self.symbol
            case "scanner":
                return self.scan.scanner
            case "rule":
                return self.rule.name
            case "time":
                return f"{self.session.local(self.scan.at):%H:%M}"
        return None if self.row is None else value_of(self.scan.hits, self.row, name)


def _messages(session: Session, rule: CompiledRule, findings: Sequence[_Finding]) -> Iterator[AlertDecided]:
    """Yield one message for each finding, or one for all where there are many."""
    if len(findings) <= rule.settings.bundle_above:
        yield from (_message(session, rule, [one], one.text) for one in findings)
    else:
        yield _message(session, rule, findings, _bundle(findings))


def _bundle(findings: Sequence[_Finding]) -> str:
    counts = Counter(one.change for one in findings)
    parts = [f"{count:,} {change}" for change, count in counts.items() if change]
    head = ", ".join(parts) or format_count(len(findings), "condition")
    lines = [one.text for one in findings[:_MOST_LINES]]
    rest = len(findings) - len(lines)
    return "\n".join([f"{head}:", *lines, *([f"and {rest:,} more"] if rest else [])])


def _message(session: Session, rule: CompiledRule, findings: Sequence[_Finding], text: str) -> AlertDecided:
    first = findings[0]
    of_hits = [one for one in findings if one.symbol]
    what = [(one.at, one.about, one.change, one.scanner, one.symbol or one.text) for one in findings]
    content = json.dumps([str(session.date), rule.name, what], ensure_ascii=False)
    return AlertDecided(
        at=first.at,
        id=sha256(content.encode()).hexdigest()[:_ID_DIGITS],
        rule=rule.name,
        targets=rule.targets,
        about=first.about,
        scanners=tuple(one.scanner for one in of_hits),
        symbols=tuple(one.symbol for one in of_hits),
        text=text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ...",
        decided_at=max(one.decided_at for one in findings),
        max_age_seconds=rule.settings.max_age_seconds,
    )
