"""Make an audit: the sessions as they are, then changed, then what differs once more alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from symscan.errors import InputError
from symscan.research.audit.checks import CHECKS, Kind
from symscan.research.audit.child.play import FamilyResult, Play, Played
from symscan.research.audit.child.walls import landlock_version
from symscan.research.audit.judging.behind_walls import judge_walls
from symscan.research.audit.judging.confirming import Doubt, confirmed, doubts, families_of, merged
from symscan.research.audit.judging.findings import (
    Finding,
    StepComparison,
    compare_step,
    counted_items,
    is_enough,
    judge,
    sampled_items,
    share,
)
from symscan.research.audit.judging.hints import hints_of
from symscan.research.audit.planning.plan import Family, Files, baselines, divided, families
from symscan.research.audit.planning.subject import Subject
from symscan.research.audit.results import Audit, AuditedScanner, comparison_record, notes_first
from symscan.research.audit.running import AuditRunner, Foreign, ShowFamily
from symscan.runtime.run_warnings import survivorship_warnings

_CLOCK = "time_machine"


def make_audit(
    subject: Subject, checks: Sequence[str], jobs: int, *, strict: bool, show: ShowFamily
) -> Audit:
    """Audit the scanners of a subject.

    Raises
    ------
    InputError
        If a scanner fails without any change, or a process ended by itself.
    """
    skipped = {}
    if find_spec(_CLOCK) is None and "clock" in checks:
        skipped["clock"] = "time-machine is not installed; install symscan[audit]"
    made = [check for check in checks if check not in skipped]
    with TemporaryDirectory(prefix="symscan-audit-") as folder:
        runner = AuditRunner(subject, Path(folder), jobs, show)
        return _Auditor(subject, runner, made, skipped).audit(strict=strict)


class _Auditor:
    """Plays and judges, step by step."""

    def __init__(
        self, subject: Subject, runner: AuditRunner, checks: Sequence[str], skipped: Mapping[str, str]
    ) -> None:
        self._subject = subject
        self._runner = runner
        self._checks = checks
        self._skipped = skipped
        self._baseline: dict[date, Played] = {}
        self._foreign = Foreign()
        self._behind_walls: list[tuple[str | None, Played]] = []

    def audit(self, *, strict: bool) -> Audit:
        """Make the audit."""
        self._play_baselines()
        comparisons = self._compared()
        judged = {
            name: judge(
                self._subject,
                name,
                [one for one in comparisons if one.scanner == name],
                counted_items(self._baseline, name),
            )
            for name in self._subject.scanners
        }
        findings = self._confirmed(judged, comparisons)
        scanners = tuple(self._audited(name, comparisons, findings[name]) for name in self._subject.scanners)
        walls = "landlock" if landlock_version() else "hook"
        skipped = dict(self._skipped)
        if walls == "hook" and "files" in self._checks:
            skipped["files"] = "this kernel has no Landlock: readers of compiled code may go unseen"
        subject = self._subject
        return Audit(
            subject.config.name,
            subject.first,
            subject.last,
            tuple(session.date for session in subject.sessions),
            subject.seed,
            tuple(self._checks),
            skipped,
            walls,
            strict,
            scanners,
            tuple(comparison_record(subject, one) for one in comparisons),
        )

    def _play_baselines(self) -> None:
        for family, said in self._runner.run(baselines(self._subject), Foreign()):
            (step,) = family.steps
            self._baseline[step.play.day] = said.played[0]
            self._foreign = self._foreign.with_result(said)
        for session in self._subject.sessions:
            _check_baseline(self._subject, session.date, self._baseline[session.date])

    def _compared(self) -> list[StepComparison]:
        subject = self._subject
        files = Files.of(subject, self._foreign.universes)
        planned = families(subject, files, self._checks, self._candidates())
        found: dict[int, list[StepComparison]] = {}
        place = {id(family): number for number, family in enumerate(planned)}
        broken = []
        for family, said in self._runner.run(planned, self._foreign):
            if len(subject.scanners) > 1 and any(played.fault is not None for played in said.played):
                broken.append(family)  # one scanner's fault must not be all the others'
            else:
                found[place[id(family)]] = self._compared_family(family, said, None)
        for family in broken:
            found[place[id(family)]] = self._compared_alone(family)
        ordered = [one for number in sorted(found) for one in found[number]]
        return sorted(ordered, key=lambda one: (one.scanner, list(CHECKS).index(one.check)))

    def _compared_alone(self, family: Family) -> list[StepComparison]:
        """Compare a family in which something fails again, each scanner alone."""
        each = divided(self._subject, family)
        name_of = {id(one): name for name, one in each}
        result = []
        for one, said in self._runner.run([one for _, one in each], self._foreign):
            result += self._compared_family(one, said, name_of[id(one)])
        return result

    def _compared_family(self, family: Family, said: FamilyResult, name: str | None) -> list[StepComparison]:
        if family.walled:
            self._behind_walls += [(name, played) for played in said.played]
        found = [
            one
            for step, played in zip(family.steps, said.played, strict=True)
            for one in compare_step(self._subject, self._baseline, family.check, step, played)
        ]
        return [one for one in found if name in (None, one.scanner)]

    def _candidates(self) -> dict[date, frozenset[str]]:
        result = {}
        for day, played in self._baseline.items():
            hits = {symbol for one in played.scans for symbol in one.symbols}
            result[day] = frozenset(hits).union(*played.candidates.values())
        return result

    def _audited(
        self, name: str, comparisons: Sequence[StepComparison], findings: list[Finding]
    ) -> AuditedScanner:
        own = [one for one in comparisons if one.scanner == name]
        counted = counted_items(self._baseline, name)
        unrepeatable = [name] if any(one.check == "repeated" for one in findings) else []
        behind = judge_walls(self._subject, self._behind_walls, comparisons, unrepeatable)
        mine = [one for one in behind if one.scanner == name]
        findings = [*findings, *mine, *self._static(name)]
        sampled = sampled_items(self._subject, self._baseline, name)
        shares = {
            check: share([one for one in own if one.check == check], counted)
            for check in self._checks
            if any(one.check == check for one in own)
        }
        return AuditedScanner(
            name,
            len(sampled),
            len(sampled & counted),
            is_enough(sampled, counted),
            shares,
            notes_first(findings),
        )

    def _confirmed(
        self, judged: Mapping[str, list[Finding]], comparisons: Sequence[StepComparison]
    ) -> dict[str, list[Finding]]:
        """Play the first difference of each finding alone, and say what was learnt."""
        doubted = doubts([one for own in judged.values() for one in own], comparisons)
        played: list[tuple[Play, Played]] = []
        for family, said in self._runner.run(families_of(doubted), self._foreign):
            played.append((family.steps[0].play, said.played[0]))
        by_finding = {(one.comparison.scanner, one.comparison.check): one for one in doubted}
        return {
            name: merged([self._with_why(one, by_finding.get((name, one.check)), played) for one in findings])
            for name, findings in judged.items()
        }

    def _with_why(
        self, finding: Finding, doubt: Doubt | None, played: Sequence[tuple[Play, Played]]
    ) -> Finding:
        if doubt is None or finding.kind is Kind.NOTE:
            return finding
        plain, changed = (
            next(said for play, said in played if play == wanted) for wanted in (doubt.plain, doubt.changed)
        )
        return confirmed(self._subject, finding, doubt, plain, changed)

    def _static(self, name: str) -> list[Finding]:
        """Return what is seen without a play: universes of a later date, private names."""
        subject = self._subject
        made = subject.scanners[name][1]
        warnings = survivorship_warnings({name: made}, subject.sessions[0].date)
        findings = [Finding(name, "universe_columns", Kind.UNIVERSE, one) for one in warnings]
        for file in subject.sources_of(name):
            private = [one for one in hints_of(file) if one.is_private]
            if private:
                lines = ", ".join(f"{file.name}:{one.line}" for one in private[:3])
                says = f"uses {private[0].what.removeprefix('the ')}, which is not for scanners ({lines})"
                findings.append(Finding(name, "future_changed", Kind.NOTE, says))
        return findings


def _check_baseline(subject: Subject, day: date, played: Played) -> None:
    """Check that scanners run without any change.

    Raises
    ------
    InputError
        If one does not.
    """
    if played.fault is not None:
        raise InputError(f"the session of {day} cannot be played: {played.fault}")
    session = next(one for one in subject.sessions if one.date == day)
    for name in subject.scanners:
        if name in played.disabled and any(subject.cuts[name, day]):
            raise InputError(f"'{name}' takes no part on {day}: {played.disabled[name]}; mend it first")
        for one in played.of(name):
            if one.outcome != "ok":
                at = session.local(one.at)
                raise InputError(
                    f"'{name}' fails at {at:%Y-%m-%d %H:%M} without any change ({one.error or one.outcome}); "
                    "an audit compares what it finds: mend it first"
                )
