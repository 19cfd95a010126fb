"""The benchmark ``dashboard``: a month of hits in a real browser.

    python benchmarks/dashboard.py [--sessions N] [--rounds N] [--rows N] [--seconds N]

The screens of the benchmark ``results`` over a generated market of 284 symbols, served by a process of its
own to the Chromium that is installed. One JSON line; milliseconds are medians unless their name says more:
``first_paint_ms`` of a new browser context, ``complete_ms`` until its numbers are there; ``to_PAGE_ms`` from
one page to another; ``replay_ms`` one scan on; ``grid_build_ms`` a table of so many rows, ``grid_scroll`` and
``grid_rows_50_a_second`` the time between two frames while it is scrolled and while rows come in on top.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from results import configuration, make_store

import symscan
from symscan.runs.reading import RunFiles

SHOWN = """
(place) => new Promise((done) => {
  const started = performance.now();
  const look = () => document.querySelector("main").dataset.shown === place
    ? requestAnimationFrame(() => done(performance.now() - started)) : setTimeout(look, 1);
  if (location.hash !== place) location.hash = place;
  look();
})
"""

FRAMES = """
const frames = (seconds, each) => new Promise((done) => {
  const times = [];
  const end = performance.now() + seconds * 1000;
  let before = performance.now();
  const step = (now) => {
    times.push(now - before);
    before = now;
    each(now);
    if (now < end) requestAnimationFrame(step);
    else {
      const sorted = times.slice(2).sort((a, b) => a - b);
      const at = (share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] * 10) / 10;
      done({ p50: at(0.5), p95: at(0.95), max: at(1), frames: sorted.length });
    }
  };
  requestAnimationFrame(step);
});
"""

GRID = (
    "async ({ rows, seconds }) => {"
    + FRAMES
    + """
  const { Grid } = await import("/static/lib/grid.js");
  const prices = Float64Array.from({ length: rows + 1e5 }, (_, at) => 10 + (at % 977) / 7);
  let total = rows;
  const columns = Array.from({ length: 9 }, (_, at) => ({
    key: `c${at}`, title: `column ${at}`, width: 110, align: "number",
    text: (row) => prices[total - 1 - row].toFixed(2),
    kind: (row) => (prices[total - 1 - row] > 80 ? "up" : "down"),
  }));
  const started = performance.now();
  const grid = new Grid(columns, { label: "rows" });
  document.querySelector("main").replaceChildren(grid.view);
  grid.setRows(total);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const build = performance.now() - started;
  let speed = 137;
  const scroll = await frames(seconds, () => {
    grid.view.scrollTop += speed;
    if (grid.view.scrollTop + grid.view.clientHeight >= grid.view.scrollHeight - 1) speed = -speed;
  });
  grid.view.scrollTop = 0;
  let due = performance.now();
  const added = await frames(seconds, (now) => {
    for (; due < now; due += 20) grid.setRows(++total);  // one each 20 ms
  });
  return { build: Math.round(build), scroll, added };
}
"""
)


def measure(folder: Path, store: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Measure the pages of a run, and the table."""
    from playwright.sync_api import sync_playwright

    run = RunFiles.open(folder)
    with _served(folder, store) as address, sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=_chromium(), args=sandbox)
        figures = {"hits": run.read("hits").height, "stays": run.read("episodes").height}
        firsts = [_first(browser, address) for _ in range(given.rounds)]
        figures |= {name: round(median(one[name] for one in firsts), 1) for name in firsts[0]}
        figures |= _pages(browser, address, run, given.rounds)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}#/about")
        grid = page.evaluate(GRID, {"rows": given.rows, "seconds": given.seconds})
        browser.close()
    return {
        **figures,
        "grid_build_ms": grid["build"],
        "grid_scroll": grid["scroll"],
        "grid_rows_50_a_second": grid["added"],
        "load": round(os.getloadavg()[0], 1),
    }


def _first(browser: Any, address: str) -> dict[str, float]:
    """Return when a new context paints first, and when its numbers are there."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}#/overview?session=all")
    page.locator("main[data-shown]").wait_for()
    complete = page.evaluate("performance.now()")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return {"first_paint_ms": paint, "complete_ms": complete}


def _pages(browser: Any, address: str, run: RunFiles, rounds: int) -> dict[str, float]:
    """Return how long it takes from one page to another, each time in another session."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}#/overview")
    page.locator("main[data-shown]").wait_for()
    symbol = run.read("episodes")["symbol"].value_counts(sort=True)["symbol"][0]
    taken: dict[str, list[float]] = {}
    for day in run.sessions[-rounds:]:
        of = f"session={day}"
        places = {
            "to_hits_ms": f"#/hits?{of}",
            "to_symbol_ms": f"#/symbol?{of}&symbol={symbol}",
            "to_overview_ms": f"#/overview?{of}",
            "to_now_ms": f"#/hits?{of}&view=now&at=12:00",
            "replay_ms": f"#/hits?{of}&view=now&at=12:05",
        }
        for name, place in places.items():
            taken.setdefault(name, []).append(page.evaluate(SHOWN, place))
    page.close()
    return {name: round(median(values), 1) for name, values in taken.items()}


@contextmanager
def _served(folder: Path, store: Path) -> Iterator[str]:
    code = "from symscan.cli import main; main()"
    arguments = ["dashboard", str(folder), "--store", str(store), "--port", "0", "--no-open"]
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[2]
    finally:
        process.kill()
        process.communicate()


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        sys.exit("there is no Chromium on this computer")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=22)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=5)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        store, first, last = make_store(folder, given.sessions)
        config = folder / "dashboard.json"
        config.write_text(configuration(folder))
        symscan.run(config, store=store, start=first, end=last, out=folder / "run", progress=False)
        print(json.dumps(measure(folder / "run", store, given)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
