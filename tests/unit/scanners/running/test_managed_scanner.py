from __future__ import annotations

from itertools import product

import pytest

from support.builders import FunctionScanner
from symscan.model.events.session import ScanPhase
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner, check_transition
from symscan.scanners.running.managed_scanner import ScannerState as State

ALLOWED = {
    ("idle", "setting_up"),
    ("idle", "done"),
    ("setting_up", "ready"),
    ("setting_up", "done"),
    ("ready", "scanning"),
    ("ready", "tearing_down"),
    ("scanning", "ready"),
    ("scanning", "tearing_down"),
    ("tearing_down", "done"),
}


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_every_pair_of_states(old: State, new: State) -> None:
    if (old.value, new.value) in ALLOWED:
        assert check_transition(old, new) is new
    else:
        with pytest.raises(ValueError, match=f"cannot go from {old} to {new}"):
            check_transition(old, new)


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_a_scanner_refuses_what_the_table_does(old: State, new: State) -> None:
    managed = ManagedScanner("x", FunctionScanner(), DueTimes((), ()), state=old)
    if (old.value, new.value) in ALLOWED:
        managed.transition_to(new)
        assert managed.state is new
    else:
        with pytest.raises(ValueError, match="cannot go"):
            managed.transition_to(new)
        assert managed.state is old


def test_due_times() -> None:
    due = DueTimes((1, 2), (2, 5))
    assert due.of(ScanPhase.PRE_SESSION) == (1, 2)
    assert due.of(ScanPhase.REGULAR) == (2, 5)
    assert due.last == 5
    assert DueTimes((7,), ()).last == 7
    assert DueTimes((), ()).last is None


def test_a_scanner_holds_symbols_under_its_name() -> None:
    assert ManagedScanner("gap", FunctionScanner(), DueTimes((), ())).holder == "scanner:gap"
