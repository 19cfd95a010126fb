"""What a play behind walls says: which files scanners read that they do not declare."""

from __future__ import annotations

from collections.abc import Sequence

from symscan.research.audit.checks import Kind
from symscan.research.audit.child.play import Played
from symscan.research.audit.child.walls import Denied
from symscan.research.audit.judging.confirming import hinted
from symscan.research.audit.judging.findings import Finding, StepComparison, described
from symscan.research.audit.planning.subject import Subject

_CHECK = "files"


def judge_walls(
    subject: Subject,
    played: Sequence[tuple[str | None, Played]],
    comparisons: Sequence[StepComparison],
    unrepeatable: Sequence[str],
) -> list[Finding]:
    """Return the findings of the plays behind walls.

    Parameters
    ----------
    played
        The plays, with the scanner's name where one was played alone.
    unrepeatable
        The scanners that differ from play to play anyway: of them only what was denied counts.
    """
    denied = sorted({(name or "", one) for name, play in played for one in play.denied})
    differing = {one.scanner: one for one in reversed(comparisons) if one.check == _CHECK and not one.is_same}
    findings = []
    named = set()
    for name, one in denied:
        for scanner in [name] if name else _who(subject, one, list(differing)):
            named.add(scanner)
            place = f" ({one.place})" if one.place else ""
            says = f"reads {one.what}, which it does not declare{place}"
            findings.append(Finding(scanner, _CHECK, Kind.FUTURE, says))
    for scanner, comparison in differing.items():
        if scanner not in named and scanner not in unrepeatable:
            says = f"reads what it does not declare: behind walls, {described(subject, comparison)}"
            findings.append(Finding(scanner, _CHECK, Kind.FUTURE, says + hinted(subject, scanner)))
    return findings


def _who(subject: Subject, denied: Denied, differing: Sequence[str]) -> list[str]:
    """Return the scanners that a denied read is of."""
    if denied.scanner in subject.scanners:
        return [denied.scanner]
    file = denied.place.partition(":")[0]
    own = [
        name
        for name in subject.scanners
        if file and any(source.name == file for source in subject.sources_of(name))
    ]
    return own or list(differing) or list(subject.scanners)
