"""Play what differed once more, alone in a process: is it the change, and which reading differs first?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from symscan.research.audit.checks import CHECKS, Kind
from symscan.research.audit.child.play import Play, Played, ScanRecord
from symscan.research.audit.judging.compare import ScanDifference, compare, compare_one, first_reading
from symscan.research.audit.judging.findings import Finding, StepComparison
from symscan.research.audit.judging.hints import hints_of, hints_text
from symscan.research.audit.planning.plan import Family, Step
from symscan.research.audit.planning.subject import Subject

_ALONE_ALREADY: Final = frozenset({"repeated", "environment", "sessions_before", "session_after", "files"})
PLAYED_BEFORE: Final = "depends on what was played before in the same process: alone it does not differ"

_SAME_READINGS: Final = (
    "same readings, other picks: what decided lies outside of the session, in a file, the clock, a global "
    "or chance"
)


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """A difference that is to be confirmed.

    Attributes
    ----------
    comparison
        Where it was found.
    plain, changed
        What is played: the session as it is, and changed.
    """

    comparison: StepComparison
    plain: Play
    changed: Play


def doubts(findings: Sequence[Finding], comparisons: Sequence[StepComparison]) -> list[Doubt]:
    """Return what is to be confirmed: the first difference of each finding."""
    result = []
    for finding in findings:
        if finding.check in _ALONE_ALREADY or finding.kind is Kind.NOTE:
            continue
        own = [
            one
            for one in comparisons
            if (one.scanner, one.check) == (finding.scanner, finding.check) and one.first is not None
        ]
        if own:
            changed = replace(own[0].step.play, keeps_readings=True)
            plain = Play(changed.day, cut=changed.cut, keeps_readings=True)
            result.append(Doubt(own[0], plain, changed))
    return result


def families_of(all_doubts: Sequence[Doubt]) -> list[Family]:
    """Return what is played to confirm differences, each once, in a process of its own."""
    plays = [play for one in all_doubts for play in (one.plain, one.changed)]
    each = [play for at, play in enumerate(plays) if play not in plays[:at]]
    return [Family("confirmed", f"{play.day} alone, {play.change}", (Step(play),)) for play in each]


def confirmed(subject: Subject, finding: Finding, doubt: Doubt, plain: Played, changed: Played) -> Finding:
    """Return a finding with what was learnt of it alone; one that is gone there is of state."""
    one = doubt.comparison
    found = _again(one, plain, changed)
    if found is None:
        return Finding(finding.scanner, finding.check, Kind.STATE, PLAYED_BEFORE)
    return replace(finding, says=f"{finding.says}; {_why(subject, one.scanner, found, plain, changed)}")


def merged(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with those that are of what was played before as one, or none where that is known."""
    before = [one for one in findings if one.says == PLAYED_BEFORE]
    others = [one for one in findings if one.says != PLAYED_BEFORE]
    if not before or any(one.check in ("sessions_before", "session_after") for one in others):
        return others
    groups = ", ".join(dict.fromkeys(CHECKS[one.check].group for one in before))
    return [*others, replace(before[0], check="sessions_before", says=f"{PLAYED_BEFORE} ({groups})")]


def _again(one: StepComparison, plain: Played, changed: Played) -> ScanDifference | None:
    step: Step = one.step
    if one.check == "one_scan" and step.cut is not None:
        return compare_one(plain, changed, one.scanner, step.cut).first
    return compare(plain, changed, one.scanner, step.cut, step.among).first


def _why(subject: Subject, scanner: str, found: ScanDifference, plain: Played, changed: Played) -> str:
    before, after = _record(plain, scanner, found), _record(changed, scanner, found)
    if found.symbol is not None and before is not None and after is not None:
        reading = first_reading(before, after, found.symbol)
        if reading is not None:
            name, one, other = reading
            return (
                f"{name} of {found.symbol} is {one:g} there and {other:g} here: readings are kept honest by "
                "symscan, so that this is its fault, or the scanner changed them; please report it"
            )
    return _SAME_READINGS + hinted(subject, scanner)


def hinted(subject: Subject, scanner: str) -> str:
    """Return the lines of a scanner's source that reach outside of its session, as the end of a sentence."""
    found = [hints_text(file, hints) for file in subject.sources_of(scanner) if (hints := hints_of(file))]
    return f"; look at {', '.join(found)}" if found else ""


def _record(played: Played, scanner: str, found: ScanDifference) -> ScanRecord | None:
    own: Mapping[object, ScanRecord] = {one.key: one for one in played.of(scanner)}
    return own.get((found.at, found.phase))
