"""A class that was given itself is known by its source, wherever it was defined."""

from __future__ import annotations

import linecache
from typing import Any

from symscan.plugins.class_digests import class_digest

BODY = '''
class Base:
    def step(self):
        return {step}


class Mine(Base):
    """Says how far."""

    limit = {limit}

    def scan(self):
        return [one for one in range(self.limit) if one % {step}]
'''


def _made(limit: int = 3, step: int = 2, cell: str | None = None, name: str = "__main__") -> type[Any]:
    source = BODY.format(limit=limit, step=step)
    if cell is not None:  # as IPython keeps the source of its cells
        linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    names: dict[str, Any] = {"__name__": name}
    exec(compile(source, cell or "<string>", "exec"), names)
    made: type[Any] = names["Mine"]
    return made


class OfThisFile:
    """A class with a file."""

    def scan(self) -> int:
        return 1


def test_it_is_the_same_for_the_same_source() -> None:
    assert class_digest(OfThisFile) == class_digest(OfThisFile)
    assert class_digest(_made(cell="<cell 1>")) == class_digest(_made(cell="<cell 2>"))
    assert class_digest(_made()) == class_digest(_made())


def test_it_changes_with_what_is_written() -> None:
    for cell in (None, "<cell 3>"):
        digests = {class_digest(_made(limit, step, cell)) for limit, step in ((3, 2), (4, 2), (3, 5))}
        assert len(digests) == 3


def test_bases_of_the_user_count() -> None:
    one, other = _made(cell="<cell 4>"), _made(cell="<cell 5>")
    changed = BODY.format(limit=3, step=2).replace("def step(self):", "def step(self, far=1):")
    linecache.cache["<cell 5>"] = (len(changed), None, changed.splitlines(keepends=True), "<cell 5>")
    assert class_digest(one) != class_digest(other)


def test_a_cell_that_is_no_python_is_no_obstacle() -> None:
    mine = _made(cell="<cell 6>")
    linecache.cache["<cell 6>"] = (9, None, ["%time x\n"], "<cell 6>")
    assert class_digest(mine) == class_digest(_made())
