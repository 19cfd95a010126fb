// What each clause of each scanner decided of a symbol.

import { el, table } from "./dom.js";
import { clock, count, number, signed } from "./format.js";
import { scannerClass } from "./theme.js";

const HOLDS = { true: "yes", false: "NO", unknown: "unknown" };

/** The parts of the panel, one for each scanner. */
export function criteria(found, view) {
  return found.scanners.map((one) => {
    const name = el("h3", { className: `colour-${scannerClass(view.colours.get(one.scanner) ?? 0)}` }, one.scanner);
    if (!one.scans.length) return el("div", {}, name, el("p", { className: "quiet" }, one.absent ?? "it has no scan then"));
    return el("div", {}, name, ...one.scans.flatMap((scan) => [el("p", {}, verdict(scan, view)), clauses(scan, one.scanner)]));
  });
}

function verdict(scan, view) {
  const place = scan.place === null ? "" : `, place ${count(scan.place)} of ${count(scan.places)}`;
  const why = scan.verdict === "unknown" && scan.reason ? ` (${scan.reason})` : scan.missed_by === null ? "" : `, by ${scan.missed_by} alone`;
  const held = scan.is_held ? ", held on the list" : "";
  return `${clock(scan.at, view.zone)} ${scan.phase === "regular" ? "" : `${scan.phase.replaceAll("_", " ")} `}`.concat(scan.verdict, place, why, held);
}

function clauses(scan, scanner) {
  if (!scan.clauses.length) return el("p", { className: "quiet" }, "A scanner in code says of no clauses; its values are those of its hits.");
  const rows = scan.clauses.map((one) => [
    `${"  ".repeat(one.depth)}${one.clause}`, one.op === null && one.value === null ? "–" : number(one.value), one.limit === null ? "–" : number(one.limit),
    one.margin === null ? "–" : signed(one.margin, 4),
    one.holds === null ? "–" : el("span", { className: one.holds === "true" ? "up" : one.holds === "false" ? "down strong" : "unknown" }, HOLDS[one.holds]),
  ]);
  return table(["clause", ["value", "number"], ["limit", "number"], ["margin", "number"], "holds"], rows, `clauses of ${scanner}`);
}
