// Symbol: candles with what its scanners read, stays, what was unknown.

import { Refused, get, runPath } from "../lib/api.js";
import { Candles } from "../lib/candles.js";
import { asTable, el, empty, section, table } from "../lib/dom.js";
import { WHY, clock, count, number, offset, price, signed } from "../lib/format.js";
import { criteria } from "../lib/criteria.js";
import { address, change, go } from "../lib/state.js";
import { scannerClass } from "../lib/theme.js";

const LEVELS = { previous_close: "previous close", premarket_high: "pre-market high", premarket_low: "pre-market low", open: "open" };

export function create(root) {
  const head = el("div", { className: "tools" });
  const place = el("div", {});
  const below = el("div", {});
  root.append(head, place, below);
  const page = { root, head, place, below, chart: null, drawn: "" };
  return { root, update: (view) => update(page, view), destroy: () => page.chart && page.chart.destroy() };
}

async function update(page, view) {
  const symbol = view.given.get("symbol");
  if (!symbol) {
    page.head.replaceChildren(el("h1", {}, "Symbol"));
    page.place.replaceChildren(empty("Which symbol?", "Press / and type, or open one from ", el("a", { href: address("hits") }, "Hits"), "."));
    page.below.replaceChildren();
    page.drawn = "";
    return;
  }
  const usual = view.head.intervals.includes("5m") ? "5m" : "1d";
  const interval = view.head.intervals.includes(view.given.get("interval")) ? view.given.get("interval") : usual;
  const of = { session: view.session, symbol, until: view.at };
  const [lanes, bars] = await Promise.all([get(`${runPath(view.run)}/lanes`, of, view.signal), barsOf(view, { ...of, interval })]);
  if (view.signal.aborted) return;
  drawHead(page, view, symbol, interval, bars);
  drawStays(page, view, symbol, lanes);
  explain(page, view, symbol);
  if (bars.fault) {
    if (page.chart) page.chart.destroy();
    page.chart = null;
    page.drawn = "";
    page.place.replaceChildren(empty(bars.fault, bars.next));
    return;
  }
  await drawChart(page, view, symbol, interval, bars, lanes);
}

async function barsOf(view, params) {
  if (view.head.store_fault) return { fault: `There is no chart: ${view.head.store_fault}`, next: "Start the dashboard with --store DIR, the bar store that the run was of." };
  try {
    return await get(`${runPath(view.run)}/bars`, params, view.signal);
  } catch (error) {
    if (error instanceof Refused) return { fault: error.message, next: "Choose another symbol with /, or another session with [ and ]." };
    throw error;
  }
}

function drawHead(page, view, symbol, interval, bars) {
  const closes = bars.rows ? bars.rows.close : [];
  const last = closes.length ? closes[closes.length - 1] : null;
  const buttons = view.head.intervals.map((one) => el("a", { className: "tab", href: address("symbol", { interval: one }), "aria-current": one === interval ? "true" : "false" }, one));
  page.head.replaceChildren(el("h1", {}, symbol, " ", el("small", { title: String(last ?? "") }, last === null ? "" : price(last)), " ", page.change || ""), el("div", { className: "tabs", role: "group", "aria-label": "interval" }, buttons), el("span", { className: "quiet" }, `${view.session}${view.at === null ? "" : `, as of ${clock(view.at, view.zone)}`}, ${view.zone}`));
}

async function drawChart(page, view, symbol, interval, bars, lanes) {
  if (bars.rows.start.length === 0) {
    if (page.chart) page.chart.destroy();
    page.chart = null;
    page.drawn = "";
    page.place.replaceChildren(empty(`There is no bar of ${symbol} ${view.at === null ? "in this session" : `by ${clock(view.at, view.zone)}`}.`, "Move the slider on, or choose another session with [ and ]."));
    return;
  }
  const key = `${symbol} ${interval} ${view.session}`;
  const isSame = page.drawn === key;
  if (!page.chart) {
    page.chart = new Candles({ height: window.innerWidth < 600 ? 260 : 360, zone: view.zone, withLanes: true });
    page.place.replaceChildren(page.chart.box);
  }
  const chart = page.chart;
  chart.options.withLanes = interval !== "1d";
  if (!isSame) {
    chart.lines = [];
    chart.found = null;
    chart.lanes.replaceChildren();
  }
  await chart.setBars(bars.rows, interval === "1d" ? 0 : offset(view.times.open, view.zone));
  chart.setLanes(lanes, view.at);
  page.drawn = key;
  if (interval === "1d") {
    chart.setLines([], []);
    return;
  }
  const read = await get(`${runPath(view.run)}/indicators`, { session: view.session, symbol, interval, until: view.at }, view.signal);
  if (view.signal.aborted) return;
  const places = new Map(read.end.map((end, at) => [end, at]));
  const rows = bars.rows.end.map((end) => places.get(end));
  const lines = read.lines.map((one) => ({ ...one, values: rows.map((at) => (at === undefined ? null : one.values[at])) }));
  const levels = { ...read.levels, open: read.open };
  chart.setLines(lines, Object.entries(LEVELS).map(([name, title]) => ({ name: title, price: levels[name] })));
  drawReadings(page, view, bars, lines, levels);
}

/** Why and why not: on demand, since the session may have to be played again for it. */
async function explain(page, view, symbol) {
  const box = page.below.querySelector(".criteria");
  const title = `Why, why not${view.at === null ? "" : ` at ${clock(view.at, view.zone)}`}`;
  if (view.given.get("why") !== "1") {
    box.replaceChildren(section(title, el("p", {}, el("button", { type: "button", onclick: () => change({ why: "1" }) }, "show what each clause decided"), el("span", { className: "quiet" }, " the session may be played again for it"))));
    return;
  }
  if (!box.childElementCount) box.replaceChildren(page.criteria ?? section(title, el("p", { className: "quiet" }, "asking the engine…")));
  try {
    const found = await get(`${runPath(view.run)}/why`, { session: view.session, symbol, at: view.at }, view.signal);
    page.criteria = section(title, ...criteria(found, view), el("p", {}, el("button", { type: "button", onclick: () => change({ why: null }) }, "hide")));
  } catch (error) {
    if (error.name === "AbortError") return;
    page.criteria = section(title, el("p", { className: "notice" }, `${error.message} ${error.hint ?? ""}`));
  }
  if (!view.signal.aborted) page.below.querySelector(".criteria").replaceChildren(page.criteria);
}

function drawReadings(page, view, bars, lines, levels) {
  const last = bars.rows.close.length - 1;
  const before = levels.previous_close;
  const moved = before ? signed(100 * (bars.rows.close[last] / before - 1)) : null;
  const box = page.head.querySelector("h1");
  box.lastChild.remove();
  box.append(el("small", { className: moved && moved.startsWith("-") ? "down" : "up" }, moved === null ? "" : ` ${moved} %`));
  const known = el("dl", { className: "values" }, [...Object.entries(LEVELS).map(([name, title]) => [title, price(levels[name])]), ...lines.map((one) => [one.name, one.on_prices ? price(one.values[last]) : number(one.values[last])])].flatMap(([name, value]) => [el("dt", {}, name), el("dd", { className: value === null ? "unknown" : "" }, value ?? "unknown")]));
  const numbers = asTable("bars", ["time", ...["open", "high", "low", "close", "volume", ...lines.map((one) => one.name)].map((one) => [one, "number"])], () => bars.rows.start.map((start, at) => [clock(start, view.zone), price(bars.rows.open[at]), price(bars.rows.high[at]), price(bars.rows.low[at]), price(bars.rows.close[at]), count(bars.rows.volume[at]), ...lines.map((one) => number(one.values[at]))]));
  page.readings = section(`At ${clock(bars.rows.end[last], view.zone)}`, known, numbers);
  page.below.querySelector(".readings")?.replaceChildren(page.readings);
}

function drawStays(page, view, symbol, lanes) {
  const { stays, unknown } = lanes;
  const rows = stays.scanner.map((name, at) => [
    el("span", { className: `colour-${scannerClass(view.colours.get(name) ?? 0)}` }, name), clock(stays.entered[at], view.zone), stays.left[at] === null ? "on" : clock(stays.left[at], view.zone), stays.why[at] === null ? "–" : WHY[stays.why[at]] || stays.why[at],
    count(stays.scans[at]), count(stays.best_rank[at]), price(stays.price[at]), signed(stays.highest_pct[at]), signed(stays.lowest_pct[at])]);
  const gaps = unknown.scanner.map((name, at) => [name, unknown.reason[at], clock(unknown.from[at], view.zone), clock(unknown.to[at], view.zone)]);
  page.below.replaceChildren(
    el("div", { className: "readings" }, page.drawn.startsWith(`${symbol} `) && page.readings ? page.readings : null),
    el("div", { className: "criteria" }),
    section("Stays on lists", rows.length ? table(["scanner", "entered", "left", "why", ["scans", "number"], ["best rank", "number"], ["price", "number"], ["peak %", "number"], ["low %", "number"]], rows, "stays on lists") : el("p", { className: "quiet" }, `No scanner had ${symbol} on its list${view.at === null ? "" : " by then"}.`)),
    ...(gaps.length ? [section("Could not be judged", table(["scanner", "reason", "from", "to"], gaps, "stretches of unknown"))] : []));
  if (!rows.length && !gaps.length) page.below.append(el("p", {}, el("button", { type: "button", onclick: () => go("hits", { symbol: null }) }, "who was found")));
}
