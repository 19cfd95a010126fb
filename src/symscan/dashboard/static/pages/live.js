// Live: may I trust what I see now? Events as they are recorded, lists, conditions.

import { addressOf, get, runPath } from "../lib/api.js";
import { code, el, empty, section, table } from "../lib/dom.js";
import { clock, count, price, signed, utc } from "../lib/format.js";
import { Grid } from "../lib/grid.js";
import { address, change } from "../lib/state.js";

const MOST_EVENTS = 100_000;
const QUIET_SECONDS = 120;
const STATES = { live: "● live", quiet: "◌ quiet: nothing was recorded for two minutes", lost: "✕ connection lost, trying again", over: "■ the session is over", waiting: "… waiting for the first event" };

export function create(root) {
  const page = { root, source: null, run: null, rows: [], lists: new Map(), conditions: [], last: 0, held: 0, zone: "UTC" };
  page.timer = setInterval(() => drawState(page), 1000);
  return { root, update: (view) => update(page, view), destroy: () => leave(page) };
}

function leave(page) {
  clearInterval(page.timer);
  if (page.source) page.source.close();
  if (page.grid) page.grid.destroy();
}

async function update(page, view) {
  const { runs } = await get("/runs", {}, view.signal);
  if (view.signal.aborted) return;
  const followed = runs.filter((one) => one.has_record);
  const running = followed.filter((one) => !one.is_over);
  const wanted = followed.find((one) => one.name === view.given.get("run")) ?? running[running.length - 1] ?? followed[followed.length - 1];
  if (!wanted) {
    page.root.replaceChildren(el("h1", {}, "Live"), empty("No live session has a record here.", "Start one: ", code("symscan live CONFIG --source replay --date 2018-02-20 --dashboard"), "."));
    return;
  }
  if (page.run === wanted.name && page.source) return;
  follow(page, wanted.name, followed);
}

function follow(page, run, followed) {
  if (page.source) page.source.close();
  Object.assign(page, { run, rows: [], conditions: [], lists: new Map(), last: 0, held: 0, state: "waiting", record: null });
  draw(page, followed);
  page.source = new EventSource(addressOf(`${runPath(run)}/live`));
  page.source.addEventListener("hello", (event) => {
    const { record } = JSON.parse(event.data);
    if (page.record && page.record !== record) follow(page, run, followed); // another session took its place
    page.record = record;
    page.state = "live";
    page.arrived = Date.now();
    drawState(page);
  });
  page.source.addEventListener("zone", (event) => {
    page.zone = JSON.parse(event.data).zone ?? "UTC";
  });
  page.source.addEventListener("events", (event) => {
    page.arrived = Date.now();
    page.state = "live";
    add(page, JSON.parse(event.data));
  });
  page.source.addEventListener("end", (event) => {
    const { fault } = JSON.parse(event.data);
    page.state = "over";
    if (fault) page.conditions.unshift({ at: page.last, kind: "record", detail: fault });
    page.source.close();
    drawState(page);
    drawLists(page);
  });
  page.source.addEventListener("error", () => {
    if (page.state !== "over") page.state = "lost";
    drawState(page);
  });
}

function add(page, messages) {
  for (const one of messages) {
    page.last = Math.max(page.last, one.at);
    if (one.kind !== "scan_finished") {
      page.conditions.unshift(one);
      continue;
    }
    if (one.outcome !== "ok") page.conditions.unshift({ at: one.at, kind: `scan ${one.outcome}`, detail: `${one.scanner}: ${one.error ?? ""}` });
    else page.lists.set(one.scanner, one);
    for (const [symbol, at, moved, isNew] of one.entered) page.rows.push({ at: one.at, what: isNew ? "first" : "entered", scanner: one.scanner, symbol, price: at, moved });
    for (const symbol of one.left) page.rows.push({ at: one.at, what: "left", scanner: one.scanner, symbol, price: null, moved: null });
  }
  if (page.rows.length > MOST_EVENTS) page.rows.splice(0, page.rows.length - MOST_EVENTS);
  page.conditions.length = Math.min(page.conditions.length, 200);
  page.drawing ||= requestAnimationFrame(() => {
    page.drawing = 0;
    drawRows(page);
    drawLists(page);
    drawState(page);
  });
}

function draw(page, followed) {
  const choose = el("select", { "aria-label": "session", onchange: () => change({ run: choose.value }) }, followed.map((one) => el("option", { value: one.name, selected: one.name === page.run }, one.name)));
  page.line = el("p", { className: "state", role: "status" });
  page.more = el("button", { type: "button", hidden: true, onclick: () => toTop(page) });
  page.side = el("div", { className: "side" });
  page.below = el("div", {});
  if (page.grid) page.grid.destroy();
  const at = (row) => page.rows[page.rows.length - 1 - page.held - row];
  page.grid = new Grid([
    { key: "at", title: "at", width: 80, text: (row) => clock(at(row).at, page.zone), exact: (row) => utc(at(row).at) },
    { key: "what", title: "what", width: 84, text: (row) => ({ first: "↑ first", entered: "↑ again", left: "↓ left" })[at(row).what], kind: (row) => (at(row).what === "first" ? "strong" : at(row).what === "left" ? "faded" : "") },
    { key: "symbol", title: "symbol", width: 96, text: (row) => at(row).symbol },
    { key: "scanner", title: "scanner", width: 150, grow: true, text: (row) => at(row).scanner },
    { key: "price", title: "price", width: 90, align: "number", text: (row) => (at(row).what === "left" ? "–" : price(at(row).price)) },
    { key: "moved", title: "change %", width: 90, align: "number", text: (row) => (at(row).what === "left" ? "–" : signed(at(row).moved)), kind: (row) => (at(row).moved > 0 ? "up" : at(row).moved < 0 ? "down" : "") },
  ], { label: "events, newest first" });
  page.root.replaceChildren(el("h1", {}, "Live"), el("div", { className: "tools" }, choose, page.line), page.more, el("div", { className: "split" }, el("div", {}, page.grid.view), page.side), page.below);
  drawState(page);
}

/** New rows never move the row under the pointer: while the list is scrolled they wait. */
function drawRows(page) {
  const shown = page.grid.total;
  const isAway = page.grid.view.scrollTop > 0 || (page.grid.view.matches(":hover") && shown > 0);
  page.held = isAway ? Math.max(0, page.rows.length - shown) : 0;
  page.more.hidden = page.held === 0;
  page.more.textContent = `${count(page.held)} new ↑`;
  if (!isAway) page.grid.setRows(page.rows.length);
  else page.grid.schedule();
}

function toTop(page) {
  page.grid.view.scrollTop = 0;
  page.held = 0;
  page.more.hidden = true;
  page.grid.setRows(page.rows.length);
}

function drawState(page) {
  if (!page.line) return;
  if (page.state === "live" && Date.now() - page.arrived > QUIET_SECONDS * 1000) page.state = "quiet";
  page.root.classList.toggle("stale", page.state === "lost");
  page.line.textContent = `${STATES[page.state] ?? ""}${page.last ? `; the session's time is ${clock(page.last, page.zone)}` : ""}`;
  page.line.className = `state ${page.state === "live" ? "up" : page.state === "over" ? "quiet" : "bad"}`;
}

function drawLists(page) {
  page.side.replaceChildren(...[...page.lists.values()].map((one) => section(`${one.scanner} at ${clock(one.at, page.zone)}`, el("p", { className: "quiet" }, `${count(one.found)} found, ${count(one.unknown)} of ${count(one.universe)} unknown`),
    table(["symbol", ["price", "number"], ["change %", "number"]], one.list.slice(0, 10).map(([symbol, at, moved]) => [symbol, price(at), signed(moved)]), `list of ${one.scanner}`))));
  const rows = page.conditions.slice(0, 50).map((one) => [clock(one.at, page.zone), one.kind.replaceAll("_", " "), one.detail || "–"]);
  page.below.replaceChildren(...(rows.length ? [section("Conditions, newest first", table(["at", "what", "detail"], rows, "conditions"))] : []), el("p", {}, el("a", { href: address("overview", { run: page.run }) }, page.state === "over" ? "see the whole session" : "")));
}
