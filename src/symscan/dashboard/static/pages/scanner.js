// Scanner: is it any good, is it honest?

import { get, runPath } from "../lib/api.js";
import { code, el, empty, section, table } from "../lib/dom.js";
import { count, milliseconds, number, percent } from "../lib/format.js";
import { bars, heat } from "../lib/plots.js";
import { address, change, go } from "../lib/state.js";
import { scannerClass } from "../lib/theme.js";

const STUDIED = ["horizon", "n", "sessions", "n_unknown", "mean_ret", "mean_excess", "lo", "hi", "t", "p", "net"];

export function create(root) {
  return { root, update: (view) => update(root, view) };
}

async function update(root, view) {
  if (!view.head.scanners.length) {
    root.replaceChildren(empty("The run has no scanner.", "Its configuration is on the page ", el("a", { href: address("config") }, "Config"), "."));
    return;
  }
  const given = view.given.getAll("scanner")[0];
  const name = given ?? view.head.scanners[0];
  const of = { scanner: name, until: view.at };
  const [found, study] = await Promise.all([get(`${runPath(view.run)}/scanner`, of, view.signal), get(`${runPath(view.run)}/study`, { scanner: name }, view.signal)]);
  if (view.signal.aborted) return;
  const choose = el("select", { "aria-label": "scanner", onchange: () => change({ scanner: choose.value }) }, view.head.scanners.map((one) => el("option", { value: one, selected: one === name }, one)));
  const head = [el("h1", { className: `colour-${scannerClass(view.colours.get(name) ?? 0)}` }, name), el("div", { className: "tools" }, choose, el("span", { className: "quiet" }, `${count(found.sessions.length)} sessions${found.left_out ? `; ${count(found.left_out)} are left out, which end after the slider's instant` : ""}`)), found.where ? el("p", {}, code(found.where)) : null];
  if (!found.sessions.length) {
    root.replaceChildren(...head.filter(Boolean), empty("No session had ended by this instant.", el("a", { href: address("scanner", { at: null }) }, "see the whole run")));
    return;
  }
  root.replaceChildren(...head.filter(Boolean), cards(found), studied(view, study, found), el("div", { className: "plots" }, when(found), lengths(found), ...values(found)), perSession(view, found), unknown(found), overlap(view, found));
}

function cards({ figures, times }) {
  const items = [
    ["scans", count(figures.scans)], ["hits", count(figures.hits)], ["stays", count(figures.stays)], ["first of a session", count(figures.first)], ["symbols", count(figures.symbols)],
    ["median stay", figures.median_scans === null ? null : `${number(figures.median_scans)} scans`], ["flicker", percent(figures.flicker_pct), "stays that began within three scans of the one before"], ["top ten symbols", percent(figures.top_10_pct), "their share of all stays"],
    ["time taken, median", milliseconds(times.median)], ["95 % within", milliseconds(times.p95)], ["longest", milliseconds(times.longest)],
  ];
  return el("dl", { className: "cards" }, items.map(([name, value, hint]) => el("div", { title: hint || undefined }, el("dt", {}, name), el("dd", { className: value === null ? "unknown" : "" }, value ?? "unknown"))));
}

function when({ figures }) {
  return bars(figures.entries.map((one) => ({ label: one.at, parts: [one.first, one.again], title: `${one.at}: ${one.first} for the first time, ${one.again} again` })), { title: "entries by time of day (full: first of the session, pale: again)", names: ["first", "again"] });
}

function lengths({ figures }) {
  return bars(figures.lengths.map((one) => ({ label: one.scans, parts: [one.stays] })), { title: "stays by their length in scans", names: ["stays"] });
}

function values(found) {
  return found.values.map((one) => {
    const width = (one.high - one.low) / one.counts.length;
    const marks = one.thresholds.map((at) => (at - one.low) / (one.high - one.low));
    return bars(one.counts.map((value, at) => ({ label: number(one.low + at * width), parts: [value] })), { title: `${one.name} at entry${one.thresholds.length ? ` (line: ${one.thresholds.join(", ")})` : ""}, median ${number(one.median)}`, names: ["stays"], marks });
  });
}

function perSession(view, { figures }) {
  const { found } = figures;
  return section("Found on average, by session and time", heat(found.sessions.map((day, at) => ({ name: day, values: found.mean[at] })), found.at, { title: "symbols a scan found (click: that session)", onPick: (row) => go("overview", { session: row.name, at: null }) }));
}

function unknown({ figures }) {
  const told = figures.unknown;
  const { reasons, symbols } = told;
  if (!reasons.length) return section("Unknown", el("p", { className: "quiet" }, "It could judge everyone at every scan."));
  return section(`Unknown: ${percent(figures.unknown_pct) ?? "unknown"} of all that was to be judged`, table(["reason", ["symbols at scans", "number"]], reasons.map((one) => [one.reason, count(one.count)]), "by reason"), symbols.length ? table(["symbol", ["scans", "number"]], symbols.map((one) => [el("a", { href: address("symbol", { symbol: one.symbol }) }, one.symbol), count(one.scans)]), "symbols that were unknown most often") : null);
}

function overlap(view, found) {
  const { scanners, pct, lead } = found.overlap;
  if (scanners.length < 2) return el("div", {});
  const matrix = table(["of what … found, found too by", ...scanners.map((one) => [one, "number"])], scanners.map((one, row) => [one, ...pct[row].map((value, column) => (value === null ? null : column === row ? "–" : percent(value)))]), "overlap of scanners");
  const leads = lead.map((one) => [one.a, one.b, count(one.both), count(one.a_first), count(one.b_first), one.median_minutes === null ? null : `${number(one.median_minutes)} min`]);
  return section("Overlap: the share of symbols of a session", matrix, leads.length ? table(["scanner", "and", ["both", "number"], ["first earlier", "number"], ["second earlier", "number"], ["median difference", "number"]], leads, "who finds first") : null);
}

function studied(view, found) {
  if (view.at !== null) return el("p", { className: "quiet" }, "What happened after hits is a study of the whole run: it is shown without an instant on the slider.");
  if (!found.study) return section("After hits", el("p", {}, "Whether anything follows its hits is measured, not guessed: ", code(`symscan study ${view.head.mode === "live" ? "CONFIG" : "RUN"}`), " compares them with matched controls, and what it finds appears here if its folder lies beside the run."));
  const { summary } = found.study;
  const columns = STUDIED.filter((one) => one in summary);
  const rows = columns.length ? summary[columns[0]].map((_, row) => columns.map((name) => number(summary[name][row]))) : [];
  return section(`After hits, by the study ${found.study.name}`, ...found.study.sentences.map((one) => el("p", {}, one)), table(columns.map((one) => [one.replaceAll("_", " "), one === "horizon" ? "" : "number"]), rows, "the study's summary; returns in basis points"));
}
