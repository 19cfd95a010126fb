"""The results of an audit: a verdict on each scanner, what was found, and every comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from symscan.research.audit.checks import CHECKS, GROUPS, Kind
from symscan.research.audit.judging.findings import Finding, Share, StepComparison
from symscan.research.audit.planning.subject import Subject

FORMAT_VERSION: Final = 1
AUDIT: Final = "audit.json"

_COUNTED: Final = frozenset({Kind.FUTURE, Kind.STATE, Kind.OTHER})
HONEST, FOUND, NOT_ENOUGH = 0, 1, 3


@dataclass(frozen=True, slots=True)
class AuditedScanner:
    """What an audit says of one scanner.

    Attributes
    ----------
    name
        Its name in the configuration.
    sampled, telling
        How many scans were looked at, and how many of them had a hit, or one at the scan before or after.
    is_enough
        Whether these are enough to judge by.
    shares
        How many scans differ of how many, by the check's name.
    findings
        What was found, notes too.
    """

    name: str
    sampled: int
    telling: int
    is_enough: bool
    shares: Mapping[str, Share]
    findings: tuple[Finding, ...] = ()

    def counted(self, *, strict: bool = False) -> list[Finding]:
        """Return the findings that count; with ``strict`` notes, too."""
        return [one for one in self.findings if strict or one.kind in _COUNTED]

    def group(self, name: str) -> str:
        """Return what one group of checks says, in a few words; empty where it was not made."""
        own = {check: one for check, one in self.shares.items() if CHECKS[check].group == name}
        if not own:
            return ""
        found = [one for one in self.findings if CHECKS[one.check].group == name]
        counted = [one for one in found if one.kind in _COUNTED]
        if counted:
            return "FOUND"
        if any(one.kind is Kind.NOTE and one.check in own for one in found):
            return "note"
        if name == "future":
            return str(max(own.values(), key=lambda one: one.compared))
        return "none" if name == "files" else "ok"

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        if self.counted():
            return f"{len(self.counted())} found"
        if not self.is_enough:
            return (
                f"not enough to judge: {self.telling} of {self.sampled} scans have a hit, or one beside "
                "them; give more --sessions or --scans"
            )
        return f"honest as far as {self.telling} scans can tell"


@dataclass(frozen=True, slots=True)
class Audit:
    """The results of an audit.

    Attributes
    ----------
    name, first, last
        The configuration's name, and the range that sessions were taken from.
    sessions
        The dates of those that were played.
    seed
        Of random draws.
    checks
        The names of the checks that were made.
    skipped
        Checks that could not be made, with the reason.
    walls
        What held the files: ``landlock``, or ``hook`` where the kernel has none.
    strict
        Whether notes count.
    scanners
        What is said of each.
    comparisons
        Every comparison, as ``audit.json`` has them.
    folder
        Where it was written, None if it was not.
    """

    name: str
    first: date
    last: date
    sessions: tuple[date, ...]
    seed: int
    checks: tuple[str, ...]
    skipped: Mapping[str, str]
    walls: str
    strict: bool
    scanners: tuple[AuditedScanner, ...]
    comparisons: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    folder: Path | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return tuple(one for each in self.scanners for one in each.counted(strict=self.strict))

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What was found and does not count."""
        counted = self.findings
        return tuple(one for each in self.scanners for one in each.findings if one not in counted)

    @property
    def exit_code(self) -> int:
        """0: nothing found in enough scans; 1: something found; 3: not enough scans to judge by."""
        if self.findings:
            return FOUND
        return HONEST if all(one.is_enough for one in self.scanners) else NOT_ENOUGH

    def as_record(self) -> dict[str, Any]:
        """Return what ``audit.json`` holds."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "start": str(self.first),
            "end": str(self.last),
            "sessions": [str(one) for one in self.sessions],
            "seed": self.seed,
            "strict": self.strict,
            "exit_code": self.exit_code,
            "checks": list(self.checks),
            "skipped": dict(self.skipped),
            "walls": self.walls,
            "scanners": {one.name: _scanner_record(one) for one in self.scanners},
            "comparisons": list(self.comparisons),
        }

    def as_json(self) -> bytes:
        """Return the record as JSON."""
        return (json.dumps(self.as_record(), indent=1, ensure_ascii=False) + "\n").encode()

    def __str__(self) -> str:
        return "\n".join(lines_of(self))


def _scanner_record(one: AuditedScanner) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "sampled": one.sampled,
        "telling": one.telling,
        "is_enough": one.is_enough,
        "checks": {
            check: {"differ": share.differing, "of": share.compared} for check, share in one.shares.items()
        },
        "findings": [
            {"kind": str(each.kind), "check": each.check, "says": each.says} for each in one.findings
        ],
    }


def comparison_record(subject: Subject, one: StepComparison) -> dict[str, Any]:
    """Return a comparison as JSON holds it; times are the exchange's."""
    zones = {session.date: session for session in subject.sessions}
    session, cut = zones[one.day], one.step.cut
    record: dict[str, Any] = {"scanner": one.scanner, "check": one.check, "session": str(one.day)}
    if one.step.label:
        record["with"] = one.step.label
    if cut is not None:
        record["at"] = f"{session.local(cut.at):%H:%M}" + (" complete" if cut.is_complete else "")
    record |= {"scans": len(one.items), "same": one.is_same}
    if one.first is not None:
        at = one.first.at
        record["differing"] = len(one.differing)
        record["first"] = {
            "at": None if at is None else f"{session.local(at):%H:%M}",
            "phase": one.first.phase,
            "symbol": one.first.symbol,
            "says": one.first.says,
        }
    return record


def lines_of(audit: Audit) -> list[str]:
    """Return the report as lines of text."""
    width = max((len(one.name) for one in audit.scanners), default=0)
    made = [group for group in GROUPS if any(CHECKS[check].group == group for check in audit.checks)]
    lines = []
    for one in audit.scanners:
        said = [f"{group} {text}" for group in made if (text := one.group(group))]
        lines.append(f"{one.name:<{width}}  {'   '.join(said)}   {one.verdict}")
    for each in (*audit.findings, *audit.notes):
        word = "note" if each not in audit.findings else _word(each)
        lines.append(f"{each.scanner:<{width}}  {word:<8}  {each.says}")
    lines += [f"not checked: {group}: {reason}" for group, reason in audit.skipped.items()]
    return lines


def _word(finding: Finding) -> str:
    return CHECKS[finding.check].group.upper()


def notes_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order of the checks."""
    order = list(CHECKS)
    return tuple(sorted(findings, key=lambda one: order.index(one.check)))
