"""Go through a run as if it had been live, and decide what its rules would have sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from symscan.alerts.decider import AlertDecider
from symscan.alerts.hit_values import Kinds
from symscan.alerts.rules import ScannerValues, compile_rules
from symscan.alerts.run_events import SessionEvents, read_journal
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import SessionConfig
from symscan.errors import InputError
from symscan.model.events.alerts import AlertDecided
from symscan.model.events.session import Event, ScanFinished, ScanPhase
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.runs.hit_values import stored_name
from symscan.runs.reading import RunFiles
from symscan.scanners.screens.language.names import kind_of_dtype


@dataclass(frozen=True, slots=True)
class Preview:
    """What the rules of a configuration would have sent in a run.

    Attributes
    ----------
    alerts
        The messages, each with its session, in the order they would have been decided.
    late
        By rule, how many hits would have been too old.
    """

    alerts: tuple[tuple[Session, AlertDecided], ...]
    late: Mapping[str, int] = field(default_factory=dict)


def preview_alerts(run: RunFiles, config: SessionConfig, calendar: SessionCalendar) -> Preview:
    """Decide the alerts of a run.

    Parameters
    ----------
    config
        Its rules are decided; the scanners they name are those of the run.

    Raises
    ------
    ConfigErrors
        If a rule is wrong.
    InputError
        If the configuration has no rules, or the run has no such scanner or is of an old format.
    """
    if not config.alerts.rules:
        raise InputError(f"{config.file}: it has no 'alerts'; give a configuration that has some by --config")
    if run.is_old:
        raise InputError(f"{run.folder}: the run is of an old format; run it anew")
    for rule in config.alerts.rules:
        for scanner in rule.scanners:
            run.check_scanner(scanner)
    rules = compile_rules(config, _values_of(run, config))
    alerts: list[tuple[Session, AlertDecided]] = []
    late: Counter[str] = Counter()
    lines = read_journal(run)
    for day in run.sessions:
        session, decider = calendar.session(day), AlertDecider(rules)
        events = SessionEvents(run, session, rules).events(lines.get(str(day), []))
        for _, step in groupby(events, _step_of):
            alerts += [(session, alert) for alert in decider.decide(session, list(step))]
        late += decider.late
    return Preview(tuple(alerts), late)


def _values_of(run: RunFiles, config: SessionConfig) -> ScannerValues:
    """Return what each scanner of the run kept with its hits; None where it may have kept anything."""
    screens = {one.name for one in config.scanners if one.screen is not None}
    return {name: _kept(run, name) if name in screens else None for name in run.scanners}


def _kept(run: RunFiles, scanner: str) -> Kinds | None:
    notes = [run.value_notes(scanner, day) for day in run.sessions]
    names = dict.fromkeys(one.name for noted in notes if noted for one in noted.columns.values())
    if not names:  # it found nothing
        return None
    schema = run.values(scanner).collect_schema()
    return {name: kind_of_dtype(schema[stored_name(name)]) for name in names}


def _step_of(event: Event) -> tuple[Instant, bool]:
    """Return what the events of one step have in common: they were decided at one time."""
    if isinstance(event, ScanFinished):
        return event.decided_at, event.phase is ScanPhase.AT_CLOSE
    return event.at, False


def by_rule_and_day(preview: Preview) -> dict[str, Counter[date]]:
    """Count the messages of each rule by session."""
    counts: dict[str, Counter[date]] = {}
    for session, alert in preview.alerts:
        counts.setdefault(alert.rule, Counter())[session.date] += 1
    return counts
