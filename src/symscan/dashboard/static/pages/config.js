// Config: what the run was of, as it was read and as it was understood.

import { get, runPath } from "../lib/api.js";
import { el, empty, section, table } from "../lib/dom.js";
import { count } from "../lib/format.js";

export function create(root) {
  return { root, update: (view) => update(root, view) };
}

async function update(root, view) {
  const found = await get(`${runPath(view.run)}/config`, {}, view.signal);
  if (view.signal.aborted) return;
  if (!found.described) {
    root.replaceChildren(el("h1", {}, "Config"), empty("This run is of the old format, which did not keep its configuration.", "Run it anew to have it kept."));
    return;
  }
  const due = found.schedule;
  const schedule = due.scanner.map((name, at) => [name, count(due.scans[at]), due.first[at], due.last[at]]);
  const universes = Object.entries(found.universes).map(([name, one]) => [name, one.name, count(one.symbols), one.by_date ? "each session" : (one.as_of ?? "–"), one.digest]);
  const modules = Object.entries(found.modules);
  root.replaceChildren(
    el("h1", {}, `Config of ${view.head.title}`),
    el("dl", { className: "values" }, [["run id", found.run_id], ["bars of", found.store_origin ?? "–"], ["exchange", `${view.head.exchange}, ${view.head.zone}`], ...Object.entries(found.versions)].flatMap(([name, value]) => [el("dt", {}, name), el("dd", { className: value === null ? "unknown" : "" }, value ?? "unknown")])),
    section("Schedule", table(["scanner", ["scans due", "number"], "first", "last"], schedule, "schedule of scanners")),
    universes.length ? section("Universes", table(["scanner", "universe", ["symbols", "number"], "as of", "digest"], universes, "universes")) : "",
    modules.length ? section("Modules", table(["file", "digest"], modules, "modules")) : "",
    section("As it was read", el("pre", { tabIndex: 0, role: "region", "aria-label": "configuration as read" }, found.as_read || "it was given in Python")),
    section("As it was understood", el("details", {}, el("summary", {}, "every key, with defaults"), el("pre", { tabIndex: 0, role: "region", "aria-label": "configuration as understood" }, JSON.stringify(found.resolved, null, 2)))));
}
