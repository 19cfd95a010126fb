"""A project with dishonest scanners and their twins, over a generated market."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support import dishonest
from support.generated_market import SPLITS, make_market
from support.runs import make_store

HERE = Path(dishonest.__file__).parent
UNIVERSE = (
    *("SPLT", "LIQ09", "LIQ00", "LIQ07", "HALT", "LIQ01", "REVS", "LIQ08", "LIQ02", "THN00"),
    *("LIQ03", "STOP", "LIQ04", "THN02", "LIQ05", "LIQ06"),
)
LIKED = ("LIQ00", "LIQ03", "LIQ05", "LIQ07", "LIQ08", "LIQ09")
DATED = "# as_of: 2018-11-01\n"
SCHEDULE = [{"start": "10:00", "end": "15:30", "interval": "30m"}]


def make_project(folder: Path) -> Path:
    """Write the scanners, universes, files beside them and a store; returns the project's folder."""
    project, elsewhere = folder / "project", folder / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    for file in HERE.glob("*.py"):
        shutil.copy(file, project)
        if "class Honest" in file.read_text():
            wrapper = f"from {file.stem} import Honest\n\n\nclass Scanner(Honest):\n    pass\n"
            (project / f"honest_{file.stem}.py").write_text(wrapper)
    universes = project / "data" / "universes"
    universes.mkdir(parents=True)
    rows = [(one, f"{'tech' if at % 3 else 'energy'},{at * 7 % 10}") for at, one in enumerate(UNIVERSE)]
    table = "symbol,sector,size\n" + "".join(f"{one},{more}\n" for one, more in rows)
    (universes / "members.csv").write_text(DATED + table)
    (universes / "sized.csv").write_text("# as_of: 2019-06-01\n" + table)
    for place in (project / "movers.csv", elsewhere / "movers.csv"):
        place.write_text("symbol\n" + "\n".join(LIKED) + "\n")
    announced = [f"{one},2018-11-{12 if at % 2 else 26}" for at, one in enumerate(sorted(UNIVERSE))]
    (project / "earnings.csv").write_text("symbol,announced_at\n" + "\n".join(announced) + "\n")
    market = make_market()
    make_store(project, {"1m": market.minutes, "1d": market.days}, SPLITS)
    return project


def scanner(module: str, **config: Any) -> dict[str, Any]:
    """Return the configuration of a scanner of the project."""
    own = {"universe": "members", **config}
    return {"name": module, "module": module, "config": own, "regular_session": SCHEDULE}


def screen(name: str, where: str, **more: Any) -> dict[str, Any]:
    """Return the configuration of a screen."""
    return {"name": name, "universe": "members", "where": where, "regular_session": SCHEDULE, **more}


def session(scanners: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a configuration."""
    return {"name": "audited", "session_data_config": {"scanners": list(scanners)}}


def write_session(project: Path, scanners: Sequence[Mapping[str, Any]]) -> Path:
    """Write a configuration into a project."""
    path = project / "session.json"
    path.write_text(json.dumps(session(scanners)))
    return path
