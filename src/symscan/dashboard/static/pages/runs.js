// Runs: which there are, and what changed from one to another.

import { get, runPath } from "../lib/api.js";
import { code, el, empty, section, table } from "../lib/dom.js";
import { count, number } from "../lib/format.js";
import { address, change } from "../lib/state.js";

export function create(root) {
  return { root, update: (view) => update(root, view) };
}

async function update(root, view) {
  const listed = await get("/runs", {}, view.signal);
  const other = view.given.get("with");
  const compared = other && view.run ? await get(`${runPath(view.run)}/compare/${encodeURIComponent(other)}`, {}, view.signal) : null;
  if (view.signal.aborted) return;
  root.replaceChildren(el("h1", {}, "Runs"), list(view, listed), ...(compared ? differences(view, compared, other) : [hint(view, listed)]));
}

function list(view, { runs, total }) {
  if (!runs.length) return empty("There are no runs here yet.", "Make one: ", code("symscan demo"), ".");
  const rows = runs.map((one) => [
    one.is_over ? el("a", { href: address("overview", { run: one.name, session: null, at: null, scanner: null, with: null }) }, one.name) : one.name,
    one.title, el("span", { className: one.status === "complete" ? "" : "bad" }, one.status), one.mode ?? "–", one.start ?? "–", one.end ?? "–", count(one.sessions), one.scanners.join(", ") || "–", count(one.hits), count(one.new),
    one.fault ? el("span", { className: "bad" }, one.fault) : one.name === view.run ? "A" : one.is_over ? el("a", { href: address("runs", { with: one.name }) }, "compare with A") : "–",
  ]);
  return el("div", {}, table(["run", "name", "status", "mode", "from", "to", ["sessions", "number"], "scanners", ["hits", "number"], ["new", "number"], "comparison"], rows, "runs"), total > runs.length ? el("p", { className: "quiet" }, `${count(total - runs.length)} more are not listed; name a smaller folder.`) : null);
}

function hint(view, { runs }) {
  if (runs.filter((one) => one.is_over).length < 2) return el("p", { className: "quiet" }, "With a second run beside it, the two can be compared here.");
  return el("p", { className: "quiet" }, `A is ${view.run}, the run that is chosen above; choose the other in the list.`);
}

function differences(view, found, other) {
  const title = section(`A ${view.run} against B ${other}`, el("p", {}, found.differ ? "They differ." : "They are of the same, and found the same."), el("p", {}, el("button", { type: "button", onclick: () => change({ with: null }) }, "end the comparison")));
  const text = (value) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const facts = !found.described ? el("p", { className: "notice" }, "One of them is of the old format, which did not keep its configuration.") : found.facts.length ? table(["what", "which", "A", "B"], found.facts.map((one) => [one.kind, one.name, text(one.a), text(one.b)]), "what they are of") : el("p", { className: "quiet" }, "Configuration, modules, universes and bars are the same.");
  const days = found.sessions;
  const only = [["only A has", days.only_a], ["only B has", days.only_b]].filter(([, list_]) => list_.length).map(([name, list_]) => el("p", {}, `${name} ${count(list_.length)} sessions: ${list_.slice(0, 20).join(", ")}${list_.length > 20 ? " …" : ""}`));
  const rows = Object.entries(found.hits).map(([name, one]) => [name, count(one.both), count(one.only_a), count(one.only_b), count(one.changed), one.earliest ? earliest(one.earliest) : "–"]);
  return [title, section("What they are of", facts, found.facts_left_out ? el("p", { className: "quiet" }, `${count(found.facts_left_out)} more: symscan diff lists them all.`) : null), section(`Hits of the ${count(days.both.length)} sessions both have, symbols at scans`, ...only, table(["scanner", ["both", "number"], ["only A", "number"], ["only B", "number"], ["other rank or price", "number"], "the first difference"], rows, "hits"))];
}

function earliest(one) {
  const names = { only_a: "only A", only_b: "only B", changed: "differs" };
  const place = `${one.session} ${one.scan_at} ${one.symbol}`;
  return el("a", { href: address("symbol", { session: one.session, symbol: one.symbol, with: null }) }, `${place}: ${names[one.which]}${one.which === "changed" ? ` (rank ${number(one.rank)} and ${number(one.rank_b)})` : ""}`);
}
