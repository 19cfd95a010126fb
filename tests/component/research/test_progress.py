"""How far a run is, below a notebook's cell and on a terminal; nothing where nobody looks."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from support.builders import MINUTE, make_session
from symscan.observers.results.run_progress import RunProgress
from symscan.research.progress import no_progress, notebook_bar, run_progress, state_text, terminal_bar
from symscan.runtime.parallel.session_progress import SessionProgress

SESSION = make_session()
MIDDLE = (SESSION.close - SESSION.open) // MINUTE // 2


def _at(*minutes: int) -> list[SessionProgress]:
    """Sessions at some minute, with two symbols each."""
    return [SessionProgress(SESSION, SESSION.open + minute * MINUTE, symbols=2) for minute in minutes]


class Cell:
    """Stands for IPython's display: keeps what is shown at one place."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def __call__(self, what: Any, *, display_id: bool) -> Cell:
        assert display_id
        self.update(what)
        return self

    def update(self, what: Any) -> None:
        self.shown.append(what._repr_html_())
        assert repr(what) == ""  # where only text is shown


def test_a_cell_shows_a_bar_and_is_clean_afterwards() -> None:
    cell, run = Cell(), RunProgress()
    with notebook_bar([SESSION, SESSION], run, cell) as show:
        show(_at(MIDDLE))
        show(_at(MIDDLE + 1))  # too soon to be shown
    assert cell.shown[0] == cell.shown[-1] == ""
    (bar,) = cell.shown[1:-1]
    assert '<progress value="0.50" max="2"></progress> 0/2 sessions, ' in bar
    assert "2 symbols  0 hits" in bar


def test_a_cell_is_clean_after_an_error() -> None:
    cell = Cell()
    try:
        with notebook_bar([SESSION], RunProgress(), cell) as show:
            show(_at(1))
            raise ValueError
    except ValueError:
        assert cell.shown[-1] == ""


def test_a_terminal_shows_a_bar() -> None:
    said = StringIO()
    console = Console(file=said, width=100, force_terminal=True)
    with terminal_bar([SESSION, SESSION], RunProgress(), console) as show:
        show(_at(MIDDLE))
    assert "sessions" in said.getvalue()
    assert "/2" in said.getvalue()


def test_nothing_is_shown_where_nobody_looks(capsys: Any) -> None:
    for shows in (no_progress, run_progress):
        with shows([SESSION], RunProgress()) as show:
            show(_at(1))
    assert capsys.readouterr() == ("", "")


def test_sessions_that_are_played_at_once_are_one_bar() -> None:
    cell, run = Cell(), RunProgress()
    run.completed = 3
    with notebook_bar([SESSION] * 6, run, cell) as show:
        show(_at(MIDDLE, 0, MIDDLE))
    assert '<progress value="4.00" max="6"></progress> 3/6 sessions, ' in cell.shown[1]
    assert state_text(_at(MIDDLE, 0, 1), run).endswith(" and 2 more  2 symbols  0 hits")
    assert state_text([], run) == "0 hits"
