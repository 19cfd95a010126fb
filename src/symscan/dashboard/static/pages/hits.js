// Hits: what was found? Stays as of the slider, who is on the lists now, and all scans.

import { addressOf, get, runPath } from "../lib/api.js";
import { Candles } from "../lib/candles.js";
import { code, el, empty } from "../lib/dom.js";
import { WHY, clock, count, lasting, number, offset, price, signed, utc } from "../lib/format.js";
import { Grid } from "../lib/grid.js";
import { address, change, go } from "../lib/state.js";
import { scannerClass, scannerMark } from "../lib/theme.js";

const VIEWS = { stays: "Stays", now: "Now", scans: "All scans" };
const WINDOW = 5000;
const STATES = { entered: "↑ entered", stayed: "= stayed", left: "↓ left" };

export function create(root) {
  const tools = el("div", { className: "tools" });
  const said = el("p", { className: "quiet", role: "status" });
  const place = el("div", { className: "list" });
  const side = el("aside", { className: "side", "aria-label": "the selected stay" });
  root.append(el("h1", { className: "hidden-text" }, "Hits"), tools, said, el("div", { className: "split" }, place, side));
  const page = { root, grid: null, kind: "", tools, said, place, side, chart: null, focused: "" };
  return { root, update: (view) => update(page, view), destroy: () => { if (page.grid) page.grid.destroy(); if (page.chart) page.chart.destroy(); } };
}

async function update(page, view) {
  page.view = view;
  const kind = view.given.get("view") in VIEWS ? view.given.get("view") : "stays";
  const load = { stays: loadStays, now: loadNow, scans: loadScans }[kind];
  const rows = await load(view);
  if (view.signal.aborted) return;
  drawTools(page, view, kind);
  showRows(page, view, kind, rows);
  await showSide(page, view);
}

function filters(view) {
  return { scanner: view.given.getAll("scanner") };
}

function stayParams(view) {
  return { session: view.session, until: view.at, ...filters(view), new: view.given.get("new"), max_rank: view.given.get("max_rank"), where: view.given.get("where"), sort: view.given.get("sort") || "-entered", limit: WINDOW };
}

async function loadStays(view) {
  const found = await get(`${runPath(view.run)}/stays`, stayParams(view), view.signal);
  return { total: found.total, hidden: found.hidden, windows: new Map([[0, found.rows]]), more: (offset_) => get(`${runPath(view.run)}/stays`, { ...stayParams(view), offset: offset_ }, view.signal).then((one) => one.rows) };
}

async function loadScans(view) {
  const params = { session: view.session, until: view.at, symbol: view.given.get("symbol"), ...filters(view), limit: WINDOW };
  const found = await get(`${runPath(view.run)}/hits`, params, view.signal);
  return { total: found.total, hidden: 0, windows: new Map([[0, found.rows]]), more: (offset_) => get(`${runPath(view.run)}/hits`, { ...params, offset: offset_ }, view.signal).then((one) => one.rows) };
}

async function loadNow(view) {
  const found = await get(`${runPath(view.run)}/now`, { session: view.session, at: view.at, ...filters(view) }, view.signal);
  const rows = { scanner: [], scan_at: [] };
  for (const list of found.lists) {
    if (!list.rows) continue;
    for (const name of Object.keys(list.rows)) (rows[name] ||= []).push(...list.rows[name]);
    rows.scanner.push(...list.rows.symbol.map(() => list.scanner));
    rows.scan_at.push(...list.rows.symbol.map(() => list.scan_at));
  }
  return { total: rows.scanner.length, hidden: 0, windows: new Map([[0, rows]]), more: null, lists: found.lists };
}

/** A row's value; windows of rows beyond the first come when they are scrolled to. */
function reader(rows) {
  const size = rows.more ? WINDOW : Infinity;
  const windowOf = (row) => (size === Infinity ? 0 : Math.floor(row / size) * size);
  return {
    isLoaded: (row) => rows.windows.has(windowOf(row)),
    at: (row, name) => rows.windows.get(windowOf(row))?.[name]?.[row - windowOf(row)] ?? null,
    need: async (first, last, done) => {
      for (const start of new Set([windowOf(first), windowOf(last)])) {
        if (rows.windows.has(start) || !rows.more) continue;
        rows.windows.set(start, {});
        try {
          rows.windows.set(start, await rows.more(start));
        } catch {
          rows.windows.delete(start);
          return;
        }
        done();
      }
    },
  };
}

function columnsOf(kind, page) {
  const at = (row, name) => page.reader.at(row, name);
  const view = () => page.view;
  const time = (name) => ({ text: (row) => clock(at(row, name), view().zone), exact: (row) => utc(at(row, name)) });
  const money = (name) => ({ align: "number", text: (row) => price(at(row, name)), exact: (row) => String(at(row, name) ?? "") });
  const pct = (name) => ({ align: "number", text: (row) => signed(at(row, name)), exact: (row) => String(at(row, name) ?? ""), kind: (row) => (at(row, name) > 0 ? "up" : at(row, name) < 0 ? "down" : "") });
  const isGone = (row) => at(row, "state") === "left"; // what it did since is not this list's to say
  const whole = (name) => ({ align: "number", text: (row) => count(at(row, name)) });
  const scanner = { key: "scanner", title: "scanner", width: 130, sortable: kind === "stays", text: (row) => `${scannerMark(view().colours.get(at(row, "scanner")) ?? 0)} ${at(row, "scanner")}`.trim(), exact: (row) => at(row, "scanner"), kind: (row) => `colour-${scannerClass(view().colours.get(at(row, "scanner")) ?? 0)}`, grow: true };
  const symbol = { key: "symbol", title: "symbol", width: 92, sortable: kind === "stays", text: (row) => at(row, "symbol"), exact: (row) => at(row, "symbol"), kind: (row) => (at(row, "new") ? "strong" : "") };
  if (kind === "now") return [
    { key: "rank", title: "rank", width: 52, align: "number", text: (row) => (isGone(row) ? "–" : count(at(row, "rank"))) }, symbol, scanner,
    { key: "state", title: "state", width: 108, text: (row) => STATES[at(row, "state")], kind: (row) => (at(row, "state") === "left" ? "faded" : at(row, "state") === "entered" ? "strong" : "") },
    { key: "since", title: "since", width: 70, ...time("since") }, { key: "price", title: "price", width: 90, ...money("price") },
    { key: "change_pct", title: "change %", width: 90, ...pct("change_pct"), text: (row) => (isGone(row) ? "–" : signed(at(row, "change_pct"))) }, { key: "highest_pct", title: "peak %", hint: "highest price since it entered, against its price then", width: 82, ...pct("highest_pct") }, { key: "volume", title: "volume", width: 110, ...whole("volume"), text: (row) => (isGone(row) ? "–" : count(at(row, "volume"))) }];
  if (kind === "scans") return [
    { key: "scan_at", title: "scan", width: 76, ...time("scan_at") }, symbol, scanner, { key: "rank", title: "rank", width: 56, ...whole("rank") },
    { key: "price", title: "price", width: 90, ...money("price") }, { key: "change_pct", title: "change %", width: 90, ...pct("change_pct") }, { key: "gap_pct", title: "gap %", width: 80, ...pct("gap_pct") }, { key: "volume", title: "volume", width: 110, ...whole("volume") }];
  return [
    { key: "entered", title: "entered", width: 78, sortable: true, ...time("entered") }, symbol,
    { key: "left", title: "left", width: 70, sortable: true, text: (row) => (at(row, "left") === null ? "on" : clock(at(row, "left"), view().zone)), exact: (row) => (at(row, "left") === null ? "still on the list" : `${utc(at(row, "left"))}: ${WHY[at(row, "why")] || at(row, "why")}`) },
    scanner,
    { key: "scans", title: "scans", width: 60, sortable: true, ...whole("scans") }, { key: "best_rank", title: "rank", hint: "the best by then", width: 54, sortable: true, ...whole("best_rank") },
    { key: "price", title: "price", hint: "at its first scan", width: 84, sortable: true, ...money("price") }, { key: "last_price", title: "last", hint: "at the last scan that returned it", width: 84, sortable: true, ...money("last_price") },
    { key: "highest_pct", title: "peak %", hint: "highest price of bars since it entered, against its price then", width: 80, sortable: true, ...pct("highest_pct") }, { key: "lowest_pct", title: "low %", hint: "the lowest, likewise", width: 80, sortable: true, ...pct("lowest_pct") }];
}

function drawTools(page, view, kind) {
  const active = page.tools.contains(document.activeElement) ? document.activeElement.id : "";
  const chosen = view.given.getAll("scanner");
  const tabs = Object.entries(VIEWS).map(([name, title]) => el("a", { href: address("hits", { view: name === "stays" ? null : name, symbol: name === "scans" ? view.given.get("symbol") : null }), "aria-current": name === kind ? "true" : "false", className: "tab" }, title));
  const chips = view.head.scanners.map((name, at) => el("label", { className: `chip colour-${scannerClass(at)}` }, el("input", { type: "checkbox", id: `scanner-box-${at}`, checked: !chosen.length || chosen.includes(name), onchange: (event) => chooseScanner(view, chosen, name, event.target.checked) }), ` ${scannerMark(at)} ${name}`));
  const extra = kind !== "stays" ? [] : [
    el("label", { className: "chip" }, el("input", { type: "checkbox", id: "new-only", checked: view.given.get("new") === "1", onchange: (event) => change({ new: event.target.checked ? "1" : null }) }), " first hits only"),
    el("label", {}, "best rank to ", el("input", { type: "number", id: "max-rank", className: "short", min: "1", max: "5000", value: view.given.get("max_rank") || "", onchange: (event) => change({ max_rank: event.target.value || null }) })),
    el("label", { className: "wide" }, "filter ", el("input", { type: "search", id: "where", placeholder: "highest_pct > 1 AND price > 5", value: view.given.get("where") || "", spellcheck: false, maxLength: 300, title: "as in screens: over these columns and the scanner's values at entry", onchange: (event) => change({ where: event.target.value.trim() || null }) })),
  ];
  if (kind === "stays") extra.push(el("a", { href: addressOf(`${runPath(view.run)}/stays.csv`, { ...stayParams(view), limit: null }), download: "stays.csv" }, "as CSV"));
  if (kind === "scans" && view.given.get("symbol")) extra.push(el("a", { className: "chip", href: address("hits", { symbol: null }) }, `${view.given.get("symbol")} ✕`));
  page.tools.replaceChildren(el("div", { className: "tabs", role: "group", "aria-label": "what is listed" }, tabs), el("div", { className: "names", role: "group", "aria-label": "scanners" }, chips), ...extra);
  if (active) document.getElementById(active)?.focus();
}

function chooseScanner(view, chosen, name, isOn) {
  const before = chosen.length ? chosen : view.head.scanners;
  const next = isOn ? [...before, name] : before.filter((one) => one !== name);
  change({ scanner: next.length === view.head.scanners.length ? [] : next });
}

function showRows(page, view, kind, rows) {
  page.reader = reader(rows);
  if (!page.grid || page.kind !== kind) {
    if (page.grid) page.grid.destroy();
    page.kind = kind;
    page.grid = new Grid(columnsOf(kind, page), {
      label: VIEWS[kind],
      onSort: (key, order) => change({ sort: order === "descending" ? key : `-${key}` }),
      onSelect: (row) => selected(page, row),
      onOpen: (row) => go("symbol", { symbol: page.reader.at(row, "symbol"), view: null }),
      onNeed: (first, last) => page.reader.need(first, last, () => page.grid.schedule()),
    });
    page.place.replaceChildren(page.grid.view);
  }
  page.grid.setSort(kind === "stays" ? view.given.get("sort") || "-entered" : "");
  page.grid.selected = chosenRow(page, rows);
  page.grid.setRows(rows.total, page.reader.isLoaded);
  page.grid.view.hidden = rows.total === 0;
  page.place.querySelector(".empty")?.remove();
  if (rows.total === 0) page.place.append(noRows(view, kind, rows));
  const as = view.at === null ? "" : `, as of ${clock(view.at, view.zone)}`;
  const names = { stays: "stays", now: "symbols on the lists", scans: "hits" };
  page.said.textContent = `${count(rows.total)} ${names[kind]}${as}${rows.hidden ? `; ${count(rows.hidden)} hidden by filters` : ""}${kind === "now" ? listTimes(view, rows.lists) : ""}`;
}

/** The row of the stay that was chosen, which may stand elsewhere by now; -1 if it is not among the first. */
function chosenRow(page, rows) {
  if (!page.chosen) return -1;
  const last = Math.min(rows.total, WINDOW);
  for (let row = 0; row < last; row++) {
    if (page.reader.at(row, "symbol") === page.chosen.symbol && page.reader.at(row, "scanner") === page.chosen.scanner && startOf(page, row) === page.chosen.entered) {
      choose(page, row);
      return row;
    }
  }
  return -1;
}

function startOf(page, row) {
  return page.reader.at(row, "entered") ?? page.reader.at(row, "since") ?? page.reader.at(row, "scan_at");
}

function listTimes(view, lists) {
  const texts = lists.map((one) => (one.scan_at === null ? `${one.scanner}: no scan yet` : `${one.scanner} at ${clock(one.scan_at, view.zone)}${one.last_outcome !== "ok" ? ` (the scan since: ${one.last_outcome})` : ""}`));
  return texts.length ? `; lists of ${texts.join(", ")}` : "";
}

function noRows(view, kind, rows) {
  if (rows.hidden) return empty(`Filters hide all ${count(rows.hidden)} stays.`, el("a", { href: address("hits", { scanner: null, new: null, max_rank: null, where: null }) }, "show all"));
  if (kind === "now") return empty("Nobody is on these lists at this instant.", "Move the slider, or choose other scanners.");
  if (view.at !== null) return empty(`Nothing was found by ${clock(view.at, view.zone)}.`, "Move the slider on.");
  return empty("Nothing was found in this session.", el("a", { href: address("overview") }, "Overview"), " shows how many were judged, and how many were unknown and why. Thresholds are in ", el("a", { href: address("config") }, "Config"), "; ", code("symscan study"), " tells what others would have found.");
}

function choose(page, row) {
  const at = (name) => page.reader.at(row, name);
  page.chosen = { symbol: at("symbol"), scanner: at("scanner"), entered: startOf(page, row), left: at("left"), why: at("why"), values: at("values") };
}

function selected(page, row) {
  choose(page, row);
  showSide(page, page.view);
}

async function showSide(page, view) {
  const one = page.chosen;
  if (!one) {
    page.side.replaceChildren(el("p", { className: "quiet" }, "Choose a row: ↓ ↑ or a click; Enter opens its symbol."));
    return;
  }
  const isFuture = view.at !== null && one.entered > view.at;
  if (isFuture) {
    page.chosen = null;
    await showSide(page, view);
    return;
  }
  const left = one.left !== null && (view.at === null || one.left <= view.at) ? one.left : null;
  const head = el("h2", {}, el("a", { href: address("symbol", { symbol: one.symbol, view: null }) }, one.symbol), " ", el("small", { className: `colour-${scannerClass(view.colours.get(one.scanner) ?? 0)}` }, one.scanner));
  const story = `from ${clock(one.entered, view.zone)}${left === null ? " on" : ` to ${clock(left, view.zone)} (${lasting(one.entered, left)}): ${WHY[one.why] || one.why}`}`;
  if (!page.chart && !view.head.store_fault) page.chart = new Candles({ height: 220, zone: view.zone, withLanes: false });
  page.side.replaceChildren(head, el("p", {}, story), page.chart ? page.chart.box : el("p", { className: "quiet" }, "No chart: there are no bars. Start with --store DIR."), ...valuesOf(one), el("p", {}, el("a", { href: address("hits", { view: "scans", symbol: one.symbol }) }, "all its scans")));
  if (!page.chart) return;
  try {
    const found = await get(`${runPath(view.run)}/bars`, { session: view.session, symbol: one.symbol, interval: view.head.intervals[0] === "1d" ? "1d" : "5m", until: view.at }, view.signal);
    if (page.chosen === one) await page.chart.setBars(found.rows, found.interval === "1d" ? 0 : offset(view.times.open, view.zone));
  } catch (error) {
    if (error.name !== "AbortError") page.side.append(el("p", { className: "quiet" }, error.message));
  }
}

function valuesOf(one) {
  if (!one.values) return [];
  const values = Object.entries(JSON.parse(one.values));
  return [el("h3", {}, "its scanner's values at entry"), el("dl", { className: "values" }, values.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { className: value === null ? "unknown" : "", title: String(value ?? "") }, value === null ? "unknown" : typeof value === "object" ? JSON.stringify(value) : number(value))]))];
}
