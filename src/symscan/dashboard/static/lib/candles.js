// Candles by TradingView's lightweight-charts, on the exchange's clock, with indicators and lanes of stays.

import { el, svg } from "./dom.js";
import { clock, price } from "./format.js";
import { colour, scannerClass, scannerMark } from "./theme.js";

const LINES = ["scanner-0", "scanner-1", "scanner-2", "scanner-3", "scanner-4"];
const LANE = 22;
let library = null;

async function load() {
  library ||= await import("../vendor/lightweight-charts-5.2.1.js");
  return library;
}

export class Candles {
  /** `options`: {height, zone, withLanes}. */
  constructor(options) {
    this.options = options;
    this.area = el("div", { className: "candles", role: "img", "aria-label": "candles; the numbers are in the table below" });
    this.area.style.height = `${options.height || 340}px`;
    this.lanes = el("div", { className: "lanes" });
    this.legend = el("p", { className: "legend" });
    this.credit = el("p", { className: "credit" }, el("a", { href: "https://www.tradingview.com/", rel: "noopener noreferrer", target: "_blank" }, "Charts by TradingView"));
    this.box = el("div", { className: "chart" }, this.legend, this.area, this.lanes, this.credit);
    this.lines = [];
    this.data = [];
    this.onTheme = () => this.recolour();
    window.addEventListener("theme", this.onTheme);
  }

  destroy() {
    window.removeEventListener("theme", this.onTheme);
    this.destroyed = true;
    if (this.chart) this.chart.remove();
  }

  async open() {
    if (this.chart) return;
    const lib = await load();
    if (this.destroyed || this.chart) return;
    this.lib = lib;
    this.chart = lib.createChart(this.area, {
      autoSize: true,
      ...this.look(),
      crosshair: { mode: lib.CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, borderVisible: false, rightOffset: 2 },
      rightPriceScale: { borderVisible: false, minimumWidth: 64 },
    });
    this.series = this.chart.addSeries(lib.CandlestickSeries, { ...this.candleLook(), priceLineVisible: false });
    this.volume = this.chart.addSeries(lib.HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false, color: colour("volume") });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.scheduleLanes());
    this.chart.timeScale().subscribeSizeChange(() => this.scheduleLanes());
    this.chart.subscribeCrosshairMove((move) => this.say(move.logical === undefined || move.logical === null ? this.data.length - 1 : Math.max(0, Math.min(this.data.length - 1, move.logical))));
  }

  look() {
    return {
      layout: { background: { color: "transparent" }, textColor: colour("quiet"), attributionLogo: false, panes: { separatorColor: colour("line") }, fontFamily: "system-ui, sans-serif", fontSize: 11 },
      grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
    };
  }

  candleLook() {
    const up = colour("up");
    const down = colour("down");
    return { upColor: up, wickUpColor: up, borderUpColor: up, downColor: down, wickDownColor: down, borderDownColor: down };
  }

  recolour() {
    if (!this.chart) return;
    this.chart.applyOptions(this.look());
    this.series.applyOptions(this.candleLook());
    this.volume.applyOptions({ color: colour("volume") });
    this.lines.forEach((one, at) => one.series.applyOptions({ color: colour(LINES[at % LINES.length]) }));
    this.scheduleLanes();
  }

  /** Show bars: columns of the server; `shift` seconds bring UTC to the exchange's clock. */
  async setBars(rows, shift, { keepView = false } = {}) {
    await this.open();
    if (this.destroyed) return;
    this.shift = shift;
    this.rows = rows;
    const volumes = rows.volume.filter((one) => one !== null).sort((a, b) => a - b);
    const cap = volumes.length ? volumes[Math.min(volumes.length - 1, Math.floor(volumes.length * 0.99))] : 0;
    this.data = rows.start.map((start, at) => ({ time: start + shift, open: rows.open[at], high: rows.high[at], low: rows.low[at], close: rows.close[at] }));
    const range = keepView ? this.chart.timeScale().getVisibleLogicalRange() : null;
    const low = Math.min(...rows.low.filter((one) => one !== null), Infinity);
    const digits = low < 1 ? 4 : 2;
    this.series.applyOptions({ priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits } });
    this.series.setData(this.data);
    this.volume.setData(rows.start.map((start, at) => ({ time: start + shift, value: Math.min(rows.volume[at] ?? 0, cap) })));
    if (range) this.chart.timeScale().setVisibleLogicalRange(range);
    else this.chart.timeScale().fitContent();
    this.say(this.data.length - 1);
    this.scheduleLanes();
  }

  /** Show lines of indicators: [{name, on_prices, values}] at the ends of bars, and level lines. */
  setLines(lines, levels) {
    if (!this.chart) return;
    this.lines.forEach((one) => this.chart.removeSeries(one.series));
    (this.levels || []).forEach((one) => this.series.removePriceLine(one));
    let pane = 0;
    this.lines = lines.map((line, at) => {
      const place = line.on_prices ? 0 : ++pane;
      const series = this.chart.addSeries(this.lib.LineSeries, { color: colour(LINES[at % LINES.length]), lineWidth: 1, priceLineVisible: false, lastValueVisible: false, title: line.on_prices ? "" : line.name, lineType: this.lib.LineType.WithSteps }, place);
      series.setData(this.data.map((bar, row) => ({ time: bar.time, ...(line.values[row] === null || line.values[row] === undefined ? {} : { value: line.values[row] }) })));
      return { ...line, series };
    });
    this.levels = levels.filter((one) => one.price !== null).map((one) => this.series.createPriceLine({ price: one.price, title: one.name, color: colour("quiet"), lineStyle: this.lib.LineStyle.Dashed, lineWidth: 1, axisLabelVisible: true }));
    this.area.style.height = `${(this.options.height || 340) + pane * 90}px`;
    this.chart.panes().forEach((one, at) => at > 0 && one.setStretchFactor(0.28));
    this.say(this.data.length - 1);
  }

  say(at) {
    const bar = this.data[at];
    if (!bar) {
      this.legend.replaceChildren();
      return;
    }
    const exact = `${bar.open} ${bar.high} ${bar.low} ${bar.close}`;
    const time = this.rows.end[at] - this.rows.start[at] > 43200 ? new Date(bar.time * 1000).toISOString().slice(0, 10) : clock(this.rows.start[at], this.options.zone);
    const volume = this.rows.volume[at];
    this.legend.replaceChildren(
      el("span", { title: exact }, `${time}  O ${price(bar.open)}  H ${price(bar.high)}  L ${price(bar.low)}  C ${price(bar.close)}  volume ${volume === null ? "unknown" : Math.round(volume).toLocaleString("en-US")}`),
      ...this.lines.map((line, place) => el("span", { className: `colour-${LINES[place % LINES.length]}` }, ` ${line.name} ${line.values[at] === null || line.values[at] === undefined ? "unknown" : line.on_prices ? price(line.values[at]) : line.values[at].toFixed(2)}`)));
  }

  /** Show stays and stretches of unknown, a lane for each scanner. */
  setLanes(found, until) {
    this.found = found;
    this.until = until;
    this.scheduleLanes();
  }

  /** Draw the lanes with the next frame: by then the chart knows its size. */
  scheduleLanes() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.destroyed) this.drawLanes();
    });
  }

  drawLanes() {
    if (!this.options.withLanes || !this.found || !this.chart || this.data.length === 0) return;
    const scale = this.chart.timeScale();
    const width = scale.width();
    const step = this.rows.end[0] - this.rows.start[0];
    const x = (instant) => {
      const rows = this.rows.start;
      let at = rows.findLastIndex((one) => one <= instant);
      at = at < 0 ? (instant - rows[0]) / step : at + Math.min((instant - rows[at]) / step, 1);
      return Math.max(0, Math.min(width, scale.logicalToCoordinate(at - 0.5) ?? 0));
    };
    const end = this.until ?? this.rows.end[this.rows.end.length - 1];
    const names = this.found.scanners;
    this.lanes.replaceChildren(...names.map((name, at) => this.lane(name, at, x, end, width)));
  }

  lane(name, at, x, end, width) {
    const { stays, unknown, failed } = this.found;
    const pieces = [];
    unknown.scanner.forEach((one, row) => {
      if (one !== name) return;
      pieces.push(svg("rect", { x: x(unknown.from[row]), y: 4, width: Math.max(2, x(unknown.to[row] + 60) - x(unknown.from[row])), height: LANE - 8, class: "lane-unknown" }, svg("title", {}, `unknown: ${unknown.reason[row]}, from ${clock(unknown.from[row], this.options.zone)} to ${clock(unknown.to[row], this.options.zone)}`)));
    });
    stays.scanner.forEach((one, row) => {
      if (one !== name) return;
      const left = stays.left[row] ?? end;
      pieces.push(svg("rect", { x: x(stays.entered[row]), y: 5, width: Math.max(3, x(left) - x(stays.entered[row])), height: LANE - 10, class: `lane-stay fill-${scannerClass(at)}` },
        svg("title", {}, `${name}: from ${clock(stays.entered[row], this.options.zone)} ${stays.left[row] === null ? "on" : `to ${clock(left, this.options.zone)}`}, ${stays.scans[row]} scans, best rank ${stays.best_rank[row]}`)));
      if (stays.new[row]) pieces.push(svg("path", { d: `M ${x(stays.entered[row])} 1 l 4 5 h -8 z`, class: `fill-${scannerClass(at)}` }, svg("title", {}, "first of the session")));
    });
    failed.scanner.forEach((one, row) => {
      if (one === name) pieces.push(svg("text", { x: x(failed.scan_at[row]), y: 15, class: "lane-failed" }, "✕", svg("title", {}, `${clock(failed.scan_at[row], this.options.zone)} ${failed.outcome[row]}`)));
    });
    const label = `${name}${scannerMark(at) ? ` ${scannerMark(at)}` : ""}`;
    return el("div", { className: "lane" }, svg("svg", { width, height: LANE, role: "img", "aria-label": `stays at ${name}` }, pieces), el("span", { className: `lane-name colour-${scannerClass(at)}`, title: name }, label));
  }
}
