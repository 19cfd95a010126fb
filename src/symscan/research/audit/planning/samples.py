"""Sample the instants at which scanners are audited: of every hour, the first and the last always."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symscan.config import ScannerConfig
from symscan.model.events.session import ScanPhase
from symscan.model.session import Session
from symscan.research.audit.child.play import Cut
from symscan.runtime.building.plugins import due_times


def cuts_of(scanner: ScannerConfig, session: Session) -> list[Cut]:
    """Return the instants a scanner is due at, in order."""
    due = due_times(scanner, session)
    return sorted({Cut(at, phase is ScanPhase.AT_CLOSE) for phase in ScanPhase for at in due.of(phase)})


def sampled(cuts: Sequence[Cut], session: Session, count: int, seed: int) -> list[Cut]:
    """Return some of the instants, in order.

    Parameters
    ----------
    count
        How many; two at least where there are two.
    """
    if len(cuts) <= max(count, 2):
        return list(cuts)
    random = np.random.default_rng([seed, session.date.toordinal()])
    ends = [cuts[0], cuts[-1]]
    hours: dict[int, list[Cut]] = {}
    for cut in cuts[1:-1]:
        hours.setdefault(session.local(cut.at).hour, []).append(cut)
    shuffled = [[own[at] for at in random.permutation(len(own))] for own in hours.values()]
    turns = [own[turn] for turn in range(len(cuts)) for own in shuffled if turn < len(own)]
    whole = max(count - 2, 0)
    return sorted([*ends, *turns[:whole]])
