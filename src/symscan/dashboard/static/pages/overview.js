// Overview: did the session go well, and when did things happen?

import { get, runPath } from "../lib/api.js";
import { el, empty, section, table } from "../lib/dom.js";
import { clock, count, milliseconds, percent } from "../lib/format.js";
import { heat, linesOverTime } from "../lib/plots.js";
import { address, change, go } from "../lib/state.js";
import { scannerClass, scannerMark } from "../lib/theme.js";

const STRETCH = 300;

export function create(root) {
  let plots = [];
  const clear = () => {
    plots.forEach((one) => one.destroy && one.destroy());
    plots = [];
  };
  async function update(view) {
    const params = { session: view.session, until: view.at };
    const found = await get(`${runPath(view.run)}/overview`, params, view.signal);
    const made = view.session ? await ofSession(view, found) : [sessions(view, found)];
    if (view.signal.aborted) {
      made.forEach((one) => one.destroy && one.destroy());
      return;
    }
    clear();
    plots = made;
    root.replaceChildren(el("h1", {}, `${view.head.title}${view.session ? `, ${view.session}` : ", all sessions"}`), ...notices(view, found), cards(view, found), ...(found.figures.scans ? [legend(view), ...made] : [nothing(view)]), scanners(view, found), ...conditions(found));
  }
  return { root, update, destroy: clear };
}

function notices(view, found) {
  const all = found.warnings.map((one) => (typeof one === "string" ? one : one.text || JSON.stringify(one)));
  if (found.status !== "complete" && view.at === null) all.unshift(`The run is ${found.status}: it did not come to its end.`);
  if (view.head.store_fault) all.push(`There are no bars, so no charts and no highest prices as of an instant: ${view.head.store_fault}`);
  return all.length ? [el("ul", { className: "notice" }, all.map((one) => el("li", {}, one)))] : [];
}

function cards(view, { figures }) {
  const items = [
    ["scans due", count(figures.scans)],
    ["found", count(figures.found), "symbols returned, summed over scans"],
    ["new", count(figures.new), "for the first time at a scanner in a session"],
    ["stays", count(figures.stays), "times that a symbol came to a list"],
    ["symbols", count(figures.symbols)],
    ["failed or late", count(figures.not_ok), null, figures.not_ok ? "bad" : ""],
    ["unknown", percent(figures.unknown_pct), "of all that was to be judged", figures.unknown_pct > 10 ? "warn" : ""],
    ["slowest scan", milliseconds(figures.slowest_ms)],
  ];
  if (!view.session) items.unshift(["sessions", count(figures.sessions)]);
  return el("dl", { className: "cards" }, items.map(([name, value, hint, kind]) => el("div", { className: kind || "", title: hint || undefined }, el("dt", {}, name), el("dd", { className: value === null ? "unknown" : "" }, value === null ? "unknown" : value))));
}

function nothing(view) {
  return view.at === null ? empty("No scan was due.", el("a", { href: address("config") }, "Config shows the schedule.")) : empty(`No scan was due by ${clock(view.at, view.zone)}.`, "Move the slider on.");
}

function legend(view) {
  return el("p", { className: "names" }, view.head.scanners.map((name, at) => el("a", { className: `chip colour-${scannerClass(at)}`, href: address("hits", { scanner: name, session: view.session }) }, `${scannerMark(at)}${scannerMark(at) ? " " : ""}${name}`)));
}

async function ofSession(view, found) {
  const pick = (instant) => change({ at: clock(instant, view.zone) });
  const series = (of) => found.scanners.filter((one) => one.scans_of_session.scan_at.length).map((one) => {
    const scans = one.scans_of_session;
    const x = [...new Set(scans.scan_at)];
    const last = new Map(scans.scan_at.map((time, at) => [time, of(scans, at)]));
    return { name: one.name, at: view.colours.get(one.name), x, y: x.map((time) => last.get(time)) };
  });
  const options = { zone: view.zone, at: view.at, onPick: pick, group: "overview" };
  const ok = (of) => (scans, at) => (scans.outcome[at] === "ok" ? of(scans, at) : null);
  const plots = await Promise.all([
    linesOverTime(series(ok((one, at) => one.found[at])), { ...options, title: "found at each scan" }),
    linesOverTime(series(ok((one, at) => one.new[at])), { ...options, title: "new, for the first time" }),
    linesOverTime(series(ok((one, at) => (one.universe[at] ? (100 * one.unknown[at]) / one.universe[at] : null))), { ...options, title: "unknown, percent of the universe", unit: " %" }),
    linesOverTime(series((one, at) => one.execution_time_ms[at]), { ...options, title: "time taken, ms", unit: " ms" }),
  ]);
  const box = el("div", { className: "plots wide-plots" }, plots);
  box.destroy = () => plots.forEach((one) => one.destroy());
  return [box, strips(view, found)];
}

function strips(view, found) {
  const until = view.at ?? view.times.close;
  const length = Math.max(1, Math.ceil((Math.min(until, view.times.close) - view.times.open) / STRETCH) + (until >= view.times.open ? 0 : 1));
  const instants = Array.from({ length }, (_, at) => view.times.open + at * STRETCH);
  const rows = found.scanners.map((one) => {
    const values = new Array(length).fill(null);
    const scans = one.scans_of_session;
    scans.scan_at.forEach((time, at) => {
      const place = Math.floor((time - view.times.open) / STRETCH);
      if (place >= 0 && place < length && scans.outcome[at] === "ok") values[place] = Math.max(values[place] ?? 0, scans.found[at]);
    });
    return { name: one.name, values };
  });
  return heat(rows, instants.map((one) => clock(one, view.zone)), { title: "found, by five minutes (click: who was on the lists)", instants, zone: view.zone, onPick: (row, at) => go("hits", { view: "now", scanner: row.name, at: clock(instants[at], view.zone) }) });
}

function sessions(view, found) {
  const rows = found.scanners.flatMap((one) => one.by_session.session.map((day, at) => {
    const sums = one.by_session;
    const all = sums.judged[at] + sums.unknown[at];
    return [el("a", { href: address("overview", { session: day }) }, day), one.name, count(sums.scans[at]), count(sums.not_ok[at]), count(sums.found[at]), count(sums.new[at]), percent(all ? (100 * sums.unknown[at]) / all : null), milliseconds(sums.slowest_ms[at])];
  })).sort((a, b) => a[0].textContent.localeCompare(b[0].textContent));
  const days = [...new Set(found.scanners.flatMap((one) => one.by_session.session))].sort();
  const strip = heat(found.scanners.map((one) => ({ name: one.name, values: days.map((day) => {
    const at = one.by_session.session.indexOf(day);
    return at < 0 ? null : one.by_session.new[at];
  }) })), days, { title: "new symbols, by session (click: that session)", onPick: (_, at) => go("overview", { session: days[at], at: null }) });
  return el("div", {}, strip, section("Sessions", table(["session", "scanner", ["scans", "number"], ["failed", "number"], ["found", "number"], ["new", "number"], ["unknown", "number"], ["slowest", "number"]], rows, "sums of each session")));
}

function scanners(view, found) {
  const rows = found.scanners.map((one) => {
    const reason = one.reasons[0];
    return [
      el("a", { href: address("scanner", { scanner: one.name }), className: `colour-${scannerClass(view.colours.get(one.name))}` }, one.name),
      count(one.scans), count(one.outcomes.failed || 0), count((one.outcomes.skipped || 0) + (one.outcomes.timed_out || 0)), count(one.found), count(one.new), count(one.symbols), percent(one.unknown_pct),
      reason ? `${reason.reason} (${count(reason.symbols)} symbols)` : "–",
    ];
  });
  return section("Scanners", table(["scanner", ["scans", "number"], ["failed", "number"], ["skipped, late", "number"], ["found", "number"], ["new", "number"], ["symbols", "number"], ["unknown", "number"], "most common reason"], rows, "scanners"));
}

function conditions(found) {
  if (!found.conditions.length) return [];
  return [section("Conditions", table(["at", "what", "detail"], found.conditions.map((one) => [one.at, one.event, one.detail]), "conditions of the session"))];
}
