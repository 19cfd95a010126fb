// Small plots: lines over time by uPlot, bars and heat strips as SVG of our own.

import { asTable, el, svg } from "./dom.js";
import { clock, number, utc } from "./format.js";
import { colour, scannerClass } from "./theme.js";

let uplot = null;

async function library() {
  uplot ||= (await import("../vendor/uplot-1.6.32.js")).default;
  return uplot;
}

/**
 * Lines over time that share a cursor. `series`: [{name, at, x: [], y: []}], `at` is the scanner's number.
 * Options: title, unit, zone, at (an instant to mark), onPick(instant), group.
 */
export async function linesOverTime(series, options) {
  const UPlot = await library();
  const x = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
  const places = new Map(x.map((value, at) => [value, at]));
  const data = [x, ...series.map((one) => spread(one, places, x.length))];
  const said = el("output", { className: "plot-value" });
  const box = el("figure", { className: "plot" }, el("figcaption", {}, options.title, said));
  const holder = el("div", { className: "plot-area" });
  box.append(holder, asTable(options.title, ["time", ...series.map((one) => one.name)],
    () => x.slice(0, 1000).map((value, row) => [clock(value, options.zone), ...series.map((_, at) => number(data[at + 1][row]))])));
  let plot = null;
  const draw = () => {
    if (plot) plot.destroy();
    plot = new UPlot(settings(series, options, holder, said, data), data, holder);
  };
  const watcher = new ResizeObserver(() => {
    if (plot && holder.clientWidth) plot.setSize({ width: holder.clientWidth, height: 130 });
    else if (holder.clientWidth) draw();
  });
  watcher.observe(holder);
  window.addEventListener("theme", draw);
  box.destroy = () => {
    watcher.disconnect();
    window.removeEventListener("theme", draw);
    if (plot) plot.destroy();
  };
  return box;
}

function spread(one, places, length) {
  const values = new Array(length).fill(undefined);
  one.x.forEach((time, at) => {
    values[places.get(time)] = one.y[at];
  });
  return values;
}

function settings(series, options, holder, said, data) {
  const text = colour("quiet");
  const grid = colour("line");
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "11px system-ui, sans-serif" };
  return {
    width: holder.clientWidth || 600,
    height: 130,
    legend: { show: false },
    cursor: { sync: { key: options.group || "times" }, drag: { x: false, y: false } },
    scales: { x: { time: true } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((one) => clock(one, options.zone)) },
      { ...axis, size: 46, values: (_, ticks) => ticks.map((one) => number(one)) },
    ],
    series: [{}, ...series.map((one) => ({ label: one.name, stroke: colour(scannerClass(one.at)), width: 1.4, dash: one.at >= 5 ? [5, 3] : undefined, spanGaps: true, points: { show: one.x.length < 3 } }))],
    hooks: {
      setCursor: [(plot) => sayValues(plot, series, options, said, data)],
      draw: [(plot) => drawMark(plot, options)],
      ready: [(plot) => options.onPick && plot.over.addEventListener("click", () => plot.cursor.idx !== null && options.onPick(data[0][plot.cursor.idx]))],
    },
  };
}

function sayValues(plot, series, options, said, data) {
  const at = plot.cursor.idx;
  if (at === null || at === undefined) {
    said.textContent = "";
    return;
  }
  const values = series.map((one, place) => [one.name, data[place + 1][at]]).filter(([, value]) => value !== undefined);
  said.textContent = `${clock(data[0][at], options.zone)}  ${values.map(([name, value]) => `${name} ${value === null ? "unknown" : number(value)}${options.unit || ""}`).join("  ")}`;
}

function drawMark(plot, options) {
  if (options.at === null || options.at === undefined) return;
  const x = plot.valToPos(options.at, "x", true);
  plot.ctx.save();
  plot.ctx.strokeStyle = colour("accent");
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, plot.bbox.top);
  plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
  plot.ctx.stroke();
  plot.ctx.restore();
}

/** Bars: `bars`: [{label, parts: [number, ...], title}]; `kinds`: a class for each part. */
export function bars(items, { title, kinds = ["bar-first", "bar-again"], names = [], height = 120, marks = [] }) {
  const width = Math.max(items.length * 12, 60);
  const top = Math.max(1, ...items.map((one) => one.parts.reduce((sum, part) => sum + part, 0)));
  const drawn = items.map((one, at) => {
    let y = height;
    const parts = one.parts.map((part, place) => {
      const tall = (part / top) * (height - 4);
      y -= tall;
      return svg("rect", { x: at * 12 + 1, y, width: 10, height: tall, class: kinds[place] });
    });
    return svg("g", {}, svg("title", {}, one.title || `${one.label}: ${one.parts.join(" + ")}`), svg("rect", { x: at * 12, y: 0, width: 12, height, class: "catch" }), parts);
  });
  const lines = marks.map((one) => svg("line", { x1: one * width, x2: one * width, y1: 0, y2: height, class: "mark" }));
  const step = Math.max(1, Math.ceil(items.length / 8));
  const labels = el("div", { className: "bar-labels", "aria-hidden": "true" }, items.filter((_, at) => at % step === 0).map((one) => el("span", {}, one.label)));
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "bars", role: "img", "aria-label": title }, drawn, lines);
  return el("figure", { className: "plot" }, el("figcaption", {}, title), chart, labels,
    asTable(title, ["at", ...(names.length ? names : kinds.map((_, at) => `part ${at + 1}`)).map((one) => [one, "number"])], () => items.map((one) => [one.label, ...one.parts.map((part) => number(part))])));
}

/** A heat strip for each row: `rows`: [{name, values: [number|null]}] over `labels`; `onPick(row, column)`. */
export function heat(rows, labels, { title, onPick = null, instants = null, zone = "UTC" }) {
  const top = Math.max(1, ...rows.flatMap((one) => one.values.map((value) => value || 0)));
  const wide = 10;
  const drawn = rows.map((row) => {
    const cells = row.values.map((value, at) => svg("rect", { x: at * wide, y: 0, width: wide - 1, height: 18, class: value === null ? "heat-none" : "heat", "fill-opacity": value === null ? 1 : value === 0 ? 0.04 : 0.15 + 0.85 * Math.sqrt(value / top), onclick: onPick ? () => onPick(row, at) : undefined },
      svg("title", {}, `${row.name} ${labels[at]}: ${value === null ? "no scan" : number(value)}${instants ? `\n${utc(instants[at])}` : ""}`)));
    return el("div", { className: "heat-row" }, el("span", { className: "heat-name", title: row.name }, row.name),
      svg("svg", { viewBox: `0 0 ${Math.max(row.values.length * wide, 1)} 18`, preserveAspectRatio: "none", class: onPick ? "heat-strip pick" : "heat-strip", role: "img", "aria-label": `${row.name}: ${title}` }, cells));
  });
  const step = Math.max(1, Math.ceil(labels.length / 8));
  return el("figure", { className: "plot" }, el("figcaption", {}, title), drawn,
    el("div", { className: "heat-row", "aria-hidden": "true" }, el("span", { className: "heat-name" }), el("div", { className: "bar-labels" }, labels.filter((_, at) => at % step === 0).map((one) => el("span", {}, one)))),
    asTable(title, ["row", ...labels.map((one) => [one, "number"])], () => rows.map((row) => [row.name, ...row.values.map((value) => number(value))])));
}
