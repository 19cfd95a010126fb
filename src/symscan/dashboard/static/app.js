// The frame: reads the address, asks for the run and its times, shows the page, and keeps the choices.

import { Gone, Refused, get, runPath, signIn } from "./lib/api.js";
import { el, empty, code } from "./lib/dom.js";
import { clock, instantOf } from "./lib/format.js";
import { listen, showHelp } from "./lib/keys.js";
import { Slider } from "./lib/slider.js";
import { address, change, go, read } from "./lib/state.js";
import * as theme from "./lib/theme.js";
import * as about from "./pages/about.js";
import * as config from "./pages/config.js";
import * as hits from "./pages/hits.js";
import * as live from "./pages/live.js";
import * as overview from "./pages/overview.js";
import * as runs from "./pages/runs.js";
import * as scanner from "./pages/scanner.js";
import * as symbol from "./pages/symbol.js";

const MODULES = { overview, hits, symbol, scanner, runs, live, config, about };

const TITLES = { overview: "Overview", hits: "Hits", symbol: "Symbol", scanner: "Scanner", runs: "Runs", live: "Live", config: "Config", about: "About" };
const OF_A_RUN = new Set(["overview", "hits", "symbol", "scanner", "config"]);
const WITH_SLIDER = new Set(["overview", "hits", "symbol", "scanner"]);

const main = document.getElementById("main");
const banner = document.getElementById("banner");
const frame = { pages: document.getElementById("pages"), choices: document.getElementById("choices") };
const slider = new Slider(document.getElementById("slider"), (instant) => change({ at: instant === null ? null : clock(instant, shown.zone) }, { replace: true }));

let shown = { page: null, zone: "UTC" };
let current = null;
let turn = null;
const known = { runs: null, heads: new Map(), times: new Map() };

/** What the address means: run, session, instant; asked of the server once. */
async function context(signal) {
  const { page, given } = read();
  const wanted = given.get("run");
  if (!known.runs || !known.runs.some((one) => one.name === wanted)) known.runs = (await get("/runs", {}, signal)).runs;
  const readable = known.runs.filter((one) => one.is_over);
  const run = wanted || (readable.length ? readable[readable.length - 1].name : null);
  const view = { page, given, run, runs: known.runs, head: null, session: null, times: null, at: null, zone: "UTC", signal };
  if (!run || !OF_A_RUN.has(page)) return view;
  const fresh = known.runs.find((one) => one.name === run);
  const key = `${run} ${fresh ? fresh.run_id : ""}`;
  if (!known.heads.has(key)) known.heads.set(key, await get(runPath(run), {}, signal));
  view.head = known.heads.get(key);
  view.zone = view.head.zone;
  view.colours = new Map(view.head.scanners.map((name, at) => [name, at]));
  const sessions = view.head.sessions;
  const session = given.get("session");
  view.session = session === "all" && page === "overview" ? null : session && session !== "all" ? session : (sessions[sessions.length - 1] ?? null);
  if (view.session && sessions.includes(view.session)) {
    const place = `${key} ${view.session}`;
    if (!known.times.has(place)) known.times.set(place, await get(`${runPath(run)}/times`, { session: view.session }, signal));
    view.times = known.times.get(place);
    view.at = instantOf(given.get("at"), view.times, view.zone);
  }
  return view;
}

async function show() {
  if (turn) turn.abort();
  const own = (turn = new AbortController());
  slider.busy = true;
  try {
    const view = await context(own.signal);
    shown = view;
    drawFrame(view);
    await showPage(view);
    if (!own.signal.aborted) main.dataset.shown = location.hash;
  } catch (error) {
    if (error.name === "AbortError" || own.signal.aborted) return;
    fail(error);
  } finally {
    if (turn === own) slider.busy = false;
  }
}

async function showPage(view) {
  if (!view.run && view.page !== "about" && view.page !== "live") {
    leave();
    main.replaceChildren(noRuns(view));
    return;
  }
  const name = view.page === "live" ? "live" : `${view.page} ${view.run}`;
  if (!current || current.name !== name) {
    leave();
    const root = el("div", { className: `page page-${view.page} waiting` });
    main.append(root); // out of sight, so that charts know their size
    current = { name, page: MODULES[view.page].create(root, view) };
    await current.page.update(view);
    if (view.signal.aborted) return;
    main.replaceChildren(root);
    root.classList.remove("waiting");
  } else {
    await current.page.update(view);
    if (view.signal.aborted) return;
    const { root } = current.page;
    if (main.childNodes.length !== 1 || main.firstChild !== root) main.replaceChildren(root); // moving it would lose the focus
    root.classList.remove("waiting");
  }
}

function leave() {
  if (current && current.page.destroy) current.page.destroy();
  main.querySelectorAll(".waiting").forEach((one) => one.remove());
  current = null;
}

function noRuns(view) {
  if (view.runs && view.runs.some((one) => one.has_record && !one.is_over)) return empty("The session is not over: its results are shown after its close.", el("a", { href: address("live", { at: null }) }, "Live"), " shows it as it goes on.");
  if (view.runs && view.runs.length) return empty("None of the runs here can be shown.", el("a", { href: address("runs") }, "Runs says what is wrong with each"));
  return empty("There are no runs here yet.", "Make one: ", code("symscan demo"), ", then ", code("symscan dashboard demo/run"), ".");
}

function fail(error) {
  leave();
  if (error instanceof Refused && error.status === 401) {
    main.replaceChildren(signInForm());
    return;
  }
  if (/dynamically imported/.test(error.message)) window.dispatchEvent(new CustomEvent("server", { detail: false }));
  if (error instanceof Gone || document.body.classList.contains("gone")) {
    if (!main.childElementCount || main.querySelector(".quiet")) main.replaceChildren(empty("The server does not answer."));
    return;
  }
  const hint = error instanceof Refused ? error.hint : "load the page anew; if it stays, please report it";
  if (!(error instanceof Refused)) console.error(error);
  main.replaceChildren(el("div", { className: "empty", role: "alert" }, el("p", {}, error.message), el("p", { className: "quiet" }, hint), el("p", {}, el("a", { href: "#/runs" }, "all runs"), " · ", el("a", { href: address("overview", { at: null, session: null, scanner: null, symbol: null }) }, "this run from its beginning"))));
}

function signInForm(wrong = "") {
  const field = el("input", { type: "password", autocomplete: "current-password", id: "token" });
  const form = el("form", { className: "empty" }, el("p", {}, "This dashboard needs its token."), el("label", { for: "token" }, "token "), field, " ", el("button", { type: "submit" }, "open"), el("p", { className: "bad", role: "alert" }, wrong));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await signIn(field.value);
      show();
    } catch (error) {
      main.replaceChildren(signInForm(`${error.message}${error.hint ? `: ${error.hint}` : ""}`));
    }
  });
  return form;
}

function drawFrame(view) {
  document.title = `symscan: ${TITLES[view.page]}`;
  const dropped = { overview: {}, hits: {}, symbol: {}, scanner: {}, runs: { at: null }, live: { at: null }, config: { at: null }, about: { at: null } };
  frame.pages.replaceChildren(el("span", { className: "brand" }, "symscan"), ...Object.entries(TITLES).map(([page, title]) => el("a", { href: address(page, dropped[page]), "aria-current": page === view.page ? "page" : "false" }, title)));
  frame.choices.replaceChildren(...(view.page === "about" || view.page === "live" ? [] : [runChoice(view)]), ...sessionChoice(view), symbolField(view), el("button", { type: "button", title: theme.label(), "aria-label": theme.label(), onclick: turnTheme }, "◐"), el("button", { type: "button", title: "keys", "aria-label": "keys", onclick: showHelp }, "?"));
  slider.set(WITH_SLIDER.has(view.page) ? view.times : null, view.at, view.zone);
}

function turnTheme() {
  theme.toggle();
  drawFrame(shown);
}

function runChoice(view) {
  const choose = el("select", { "aria-label": "run", onchange: () => go(view.page, { run: choose.value, session: null, at: null, scanner: null, offset: null }) },
    view.runs.filter((one) => one.is_over || one.name === view.run).map((one) => el("option", { value: one.name, selected: one.name === view.run }, one.name)));
  if (view.run && !view.runs.some((one) => one.name === view.run)) choose.prepend(el("option", { value: view.run, selected: true }, `${view.run} (not here)`));
  return choose;
}

function sessionChoice(view) {
  if (!view.head || view.page === "config" || view.page === "scanner" && !view.session) return [];
  const sessions = view.head.sessions;
  const choose = el("select", { "aria-label": "session", onchange: () => change({ session: choose.value, at: null }) },
    view.page === "overview" ? el("option", { value: "all", selected: view.session === null }, "all sessions") : null,
    sessions.map((one) => el("option", { value: one, selected: one === view.session }, one)));
  return [el("button", { type: "button", "aria-label": "session before", title: "session before", onclick: () => otherSession(-1) }, "◀"), choose, el("button", { type: "button", "aria-label": "session after", title: "session after", onclick: () => otherSession(1) }, "▶")];
}

function otherSession(step) {
  if (!shown.head || !shown.session) return false;
  const at = shown.head.sessions.indexOf(shown.session) + step;
  if (at < 0 || at >= shown.head.sessions.length) return false;
  change({ session: shown.head.sessions[at] });
  return true;
}

function symbolField(view) {
  if (!view.head) return el("span", {});
  const list = el("datalist", { id: "symbols" });
  const field = el("input", { id: "find", type: "search", placeholder: "/ symbol", "aria-label": "symbol", list: "symbols", autocomplete: "off", spellcheck: false, maxLength: 40 });
  field.addEventListener("input", async () => {
    try {
      const found = await get(`${runPath(view.run)}/symbols`, { prefix: field.value, until: view.at }, view.signal);
      list.replaceChildren(...found.symbols.map((one) => el("option", { value: one })));
    } catch {
      list.replaceChildren();
    }
  });
  const form = el("form", { role: "search" }, field, list);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) go("symbol", { symbol: field.value.trim() });
  });
  field.addEventListener("keydown", (event) => event.key === "Escape" && field.blur());
  return form;
}

function toggleScanner(at) {
  const name = shown.head && shown.head.scanners[at];
  if (!name) return false;
  const chosen = shown.given.getAll("scanner");
  change({ scanner: chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name] });
  return true;
}

function toGrid(event) {
  const grid = document.querySelector(".grid");
  if (!grid || document.activeElement === grid) return false;
  grid.focus();
  grid.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, bubbles: false }));
  return true;
}

listen({
  go: () => go("overview"), gh: () => go("hits"), gs: () => go("symbol"), gc: () => go("scanner"), gr: () => go("runs", { at: null }), gl: () => go("live", { at: null }),
  "/": () => document.getElementById("find")?.focus(), "?": showHelp, t: turnTheme,
  "[": () => otherSession(-1), "]": () => otherSession(1),
  ArrowLeft: () => slider.step(-1), ArrowRight: () => slider.step(1), ShiftArrowLeft: () => slider.step(-10), ShiftArrowRight: () => slider.step(10),
  " ": () => slider.toggle(), Escape: () => slider.end(),
  n: () => change({ new: shown.given.get("new") ? null : "1" }),
  j: toGrid, k: toGrid, ArrowDown: toGrid, ArrowUp: toGrid,
  ...Object.fromEntries(Array.from({ length: 9 }, (_, at) => [String(at + 1), () => toggleScanner(at)])),
});

window.addEventListener("hashchange", show);
let again = 0;
window.addEventListener("server", ({ detail: isThere }) => {
  document.body.classList.toggle("gone", !isThere);
  if (isThere) {
    if (again) banner.replaceChildren();
    clearTimeout(again);
    again = 0;
  } else if (!again) {
    slider.stop();
    banner.replaceChildren(el("p", { className: "notice bad" }, "The server is gone; what is shown may be old. It is asked again every two seconds: start ", code("symscan dashboard"), " again."));
    again = setTimeout(retry, 2000);
  }
});

async function retry() {
  again = setTimeout(retry, 2000);
  try {
    await get("/runs");
    show();
  } catch {
    // asked again
  }
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

async function begin() {
  theme.apply();
  const token = /^#token=(.+)$/.exec(location.hash);
  if (token) {
    history.replaceState(null, "", "#/overview");
    try {
      await signIn(decodeURIComponent(token[1]));
    } catch (error) {
      main.replaceChildren(signInForm(`${error.message}${error.hint ? `: ${error.hint}` : ""}`));
      return;
    }
  }
  await show();
}

begin();
