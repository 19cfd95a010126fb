"""From comparisons to findings: how many scans differ of how many, and what that says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from symscan.model.instant import Instant
from symscan.research.audit.checks import CHECKS, Kind, needs_repeat
from symscan.research.audit.child.play import Cut, Played
from symscan.research.audit.judging.compare import Compared, ScanDifference, compare, compare_one
from symscan.research.audit.planning.plan import Step, half_of
from symscan.research.audit.planning.subject import Subject

_LEAST_SCANS = 5
_LEAST_SHARE = 3
"""A third of the scans looked at must have a hit, or one at the scan before or after."""

Item = tuple[date, Instant, str]
"""One scan: the session's date, the instant and the phase."""


@dataclass(frozen=True, slots=True, eq=False)
class StepComparison:
    """One scanner in one step of a check, held against the baseline.

    Attributes
    ----------
    items
        The scans compared, and ``differing`` those of them that differ.
    first
        The first difference, None if there is none.
    is_order
        Whether all that differs is the order of hits.
    """

    scanner: str
    check: str
    step: Step
    items: tuple[Item, ...]
    differing: tuple[Item, ...]
    first: ScanDifference | None
    is_order: bool = False

    @property
    def day(self) -> date:
        """The session's date."""
        return self.step.play.day

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return self.first is None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found of a scanner, or of a universe.

    Attributes
    ----------
    kind
        What it is of; notes are no findings unless ``--strict`` is given.
    check
        The check's name.
    says
        A sentence that begins after the scanner's name.
    """

    scanner: str
    check: str
    kind: Kind
    says: str


def compare_step(
    subject: Subject, baseline: Mapping[date, Played], check: str, step: Step, played: Played
) -> list[StepComparison]:
    """Compare a step with the baseline, for every scanner it says something of."""
    return [
        _compared(name, check, step, baseline[step.play.day], played)
        for name in subject.scanners
        if _applies(subject, check, name, step)
    ]


def _applies(subject: Subject, check: str, name: str, step: Step) -> bool:
    if not step.is_compared:
        return False
    if step.cut is not None and step.cut not in subject.cuts[name, step.play.day]:
        return False
    made = subject.scanners[name][1]
    if check == "half":
        path = made.universe_path
        return subject.judges_alone(name) and path is not None and half_of(path) == step.label
    if check == "later_tables":
        return bool(made.tables.files)
    return not (check == "unrelated" and subject.judges_store(name))


def _compared(name: str, check: str, step: Step, before: Played, after: Played) -> StepComparison:
    if check == "one_scan" and step.cut is not None:
        compared = compare_one(before, after, name, step.cut)
    else:
        compared = compare(before, after, name, step.cut, step.among)
    day = step.play.day
    if step.cut is None:
        items = tuple((day, one.at, one.phase) for one in before.of(name))
        differing = tuple((day, *key) for key in compared.keys)
    else:
        items = tuple((day, one.at, one.phase) for one in before.of(name, step.cut) if one.at == step.cut.at)
        differing = items if compared.first is not None else ()
    return StepComparison(name, check, step, items, differing, compared.first, compared.is_order)


@dataclass(frozen=True, slots=True)
class Share:
    """How many scans differ, of how many that say something."""

    differing: int
    compared: int

    def __str__(self) -> str:
        if self.differing or not self.compared:
            return f"{self.differing} of {self.compared} scans differ"
        return f"0 of {self.compared} scans differ (< {100 * min(1.0, 3 / self.compared):.0f}%)"


def share(comparisons: Iterable[StepComparison], counted: frozenset[Item]) -> Share:
    """Count the scans that differ, of those with a hit or one next to them."""
    items: set[Item] = set()
    differing: set[Item] = set()
    for one in comparisons:
        items |= set(one.items) & counted
        differing |= set(one.differing)
    return Share(len(differing), len(items | differing))


def counted_items(baseline: Mapping[date, Played], scanner: str) -> frozenset[Item]:
    """Return the scans that say something: with a hit, or with one at the scan before or after."""
    result: set[Item] = set()
    for day, played in baseline.items():
        scans = played.of(scanner)
        found = [bool(one.symbols) for one in scans]
        for at, one in enumerate(scans):
            if any(found[max(at - 1, 0) : at + 2]):
                result.add((day, one.at, one.phase))
    return frozenset(result)


def sampled_items(subject: Subject, baseline: Mapping[date, Played], scanner: str) -> frozenset[Item]:
    """Return the scans of a scanner that are looked at."""
    result: set[Item] = set()
    for session in subject.sessions:
        cuts = set(subject.cuts[scanner, session.date])
        for one in baseline[session.date].of(scanner):
            if Cut(one.at, one.phase == "at_close") in cuts:
                result.add((session.date, one.at, one.phase))
    return frozenset(result)


def is_enough(sampled: frozenset[Item], counted: frozenset[Item]) -> bool:
    """Return whether enough of the scans looked at say something."""
    said = len(sampled & counted)
    return said >= _LEAST_SCANS and said * _LEAST_SHARE >= len(sampled)


def judge(
    subject: Subject, name: str, comparisons: Sequence[StepComparison], counted: frozenset[Item]
) -> list[Finding]:
    """Return the findings of one scanner's comparisons, those behind walls left out."""
    by_check: dict[str, list[StepComparison]] = {}
    for one in comparisons:
        by_check.setdefault(one.check, []).append(one)
    is_repeatable = all(one.is_same for one in by_check.get("repeated", ()))
    findings, unjudged = [], []
    for check, own in by_check.items():
        different = [one for one in own if not one.is_same]
        if not different or check == "files":
            continue
        if not is_repeatable and needs_repeat(check):
            unjudged.append(check)
            continue
        kind = CHECKS[check].kind
        if check == "one_scan" and (subject.is_stateful(name) or subject.requests_in_scans(name)):
            kind = Kind.NOTE
        if check == "order" and all(one.is_order for one in different):
            where = described(subject, different[0])
            says = f"its hits stand in the order of its universe, so sort them: {where}"
            findings.append(Finding(name, check, Kind.NOTE, says))
            continue
        findings.append(Finding(name, check, kind, _says(subject, check, different, share(own, counted))))
    if unjudged:
        groups = ", ".join(dict.fromkeys(CHECKS[one].group for one in unjudged))
        findings.append(
            Finding(name, "repeated", Kind.NOTE, f"not judgeable, since it is not reproducible: {groups}")
        )
    return findings


def _says(subject: Subject, check: str, different: Sequence[StepComparison], counted: Share) -> str:
    first = different[0]
    says = CHECKS[check].says
    if check == "one_scan" and subject.is_stateful(first.scanner):
        says = "depends on the scans before, as it says (is_stateful)"
    elif check == "one_scan" and subject.requests_in_scans(first.scanner):
        says = "asks for data in its scans, which its first scan lacks"
    label = f"with {first.step.label}, " if first.step.label else ""
    return f"{says}: {counted}; {label}{described(subject, first)}"


def described(subject: Subject, one: StepComparison) -> str:
    """Describe the first difference of a comparison."""
    assert one.first is not None
    session = next(each for each in subject.sessions if each.date == one.day)
    if one.first.at is None:
        return f"on {one.day} {one.first.says}"
    at = session.local(one.first.at)
    return f"at {at:%Y-%m-%d %H:%M} {one.first.says}"


def unconfirmed(one: StepComparison, alone: Compared) -> bool:
    """Return whether a difference is gone where nothing was played in the same process before."""
    return one.first is not None and alone.first is None
