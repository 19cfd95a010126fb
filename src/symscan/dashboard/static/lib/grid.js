// A table of many rows: only those in view have elements, and these are used again. Text nodes alone.

import { el } from "./dom.js";

const HEIGHT = 26;
const SPARE = 6;
const TALLEST = 15_000_000; // browsers cap the height of an element; above it the scroll bar is scaled

/**
 * columns: [{key, title, width, align, hint, text(row), exact(row), kind(row), sortable, first}]
 * options: {label, onSort(key), onSelect(row), onOpen(row), onNeed(first, last)}
 */
export class Grid {
  constructor(columns, options) {
    this.columns = columns;
    this.options = options;
    this.total = 0;
    this.isLoaded = () => true;
    this.selected = -1;
    this.pool = [];
    this.frame = 0;
    this.head = el("div", { className: "grid-head", role: "row", "aria-rowindex": 1 });
    this.body = el("div", { className: "grid-body", role: "rowgroup" });
    this.view = el("div", { className: "grid", role: "grid", tabIndex: 0, "aria-label": options.label, "aria-multiselectable": "false" },
      el("div", { role: "rowgroup", className: "grid-top" }, this.head), this.body);
    this.view.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.view.addEventListener("keydown", (event) => this.onKey(event));
    this.body.addEventListener("click", (event) => this.onClick(event, false));
    this.body.addEventListener("dblclick", (event) => this.onClick(event, true));
    this.watcher = new ResizeObserver(() => this.schedule());
    this.watcher.observe(this.view);
    this.setSort("");
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.watcher.disconnect();
    this.view.remove();
  }

  /** Show so many rows; `isLoaded(row)` says whether a row's values are there. */
  setRows(total, isLoaded = () => true) {
    this.total = total;
    this.isLoaded = isLoaded;
    this.selected = Math.min(this.selected, total - 1);
    this.scale = Math.max(1, (total * HEIGHT) / TALLEST);
    this.body.style.height = `${Math.min(total * HEIGHT, TALLEST)}px`;
    this.view.setAttribute("aria-rowcount", String(total + 1));
    this.view.setAttribute("aria-colcount", String(this.columns.length));
    this.schedule();
  }

  setSort(sort) {
    const name = sort.replace(/^-/, "");
    this.head.replaceChildren(...this.columns.map((column) => this.headCell(column, name === column.key ? (sort.startsWith("-") ? "descending" : "ascending") : null)));
    const template = this.columns.map((column) => (column.grow ? `minmax(${column.width}px, 1fr)` : `${column.width}px`)).join(" ");
    this.view.style.setProperty("--columns", template);
    this.view.style.setProperty("--width", `${this.columns.reduce((sum, column) => sum + column.width, 0) + 16}px`);
  }

  headCell(column, order) {
    const arrow = order === null ? "" : order === "descending" ? " ▾" : " ▴";
    const cell = el("div", { role: "columnheader", className: `cell ${column.align || ""}`, title: column.hint, "aria-sort": order || (column.sortable ? "none" : undefined) });
    if (column.sortable) cell.append(el("button", { type: "button", tabIndex: -1, onclick: () => this.options.onSort(column.key, order) }, column.title + arrow));
    else cell.append(column.title);
    return cell;
  }

  schedule() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.render());
  }

  /** Draw the rows in view. */
  render() {
    this.frame = 0;
    const top = this.view.scrollTop * this.scale;
    const shown = Math.ceil(this.view.clientHeight / HEIGHT) + 1;
    const first = Math.max(0, Math.min(Math.floor(top / HEIGHT), this.total - shown) - SPARE);
    const last = Math.min(this.total, first + shown + 2 * SPARE);
    if (last > first && this.options.onNeed && !(this.isLoaded(first) && this.isLoaded(last - 1))) this.options.onNeed(first, last - 1);
    while (this.pool.length < last - first) this.pool.push(this.makeRow());
    const shift = this.scale === 1 ? 0 : this.view.scrollTop - top;
    this.pool.forEach((slot, at) => this.fill(slot, first + at < last ? first + at : -1, shift));
    const active = this.selected >= first && this.selected < last ? `${this.id()}-${this.selected}` : "";
    if (active) this.view.setAttribute("aria-activedescendant", active);
    else this.view.removeAttribute("aria-activedescendant");
  }

  id() {
    this.name ||= `grid${Math.random().toString(36).slice(2, 8)}`;
    return this.name;
  }

  makeRow() {
    const cells = this.columns.map((column, at) => {
      const text = document.createTextNode("");
      const cell = el("div", { role: "gridcell", className: "cell", "aria-colindex": at + 1 }, text);
      return { cell, text, kind: "", value: "", title: "" };
    });
    const node = el("div", { role: "row", className: "grid-row" }, cells.map((one) => one.cell));
    this.body.append(node);
    return { node, cells, row: -2 };
  }

  fill(slot, row, shift) {
    slot.row = row;
    slot.node.hidden = row < 0;
    if (row < 0) return;
    slot.node.style.transform = `translateY(${row * HEIGHT + shift}px)`;
    slot.node.id = `${this.id()}-${row}`;
    slot.node.setAttribute("aria-rowindex", String(row + 2));
    slot.node.setAttribute("aria-selected", String(row === this.selected));
    const loaded = this.isLoaded(row);
    this.columns.forEach((column, at) => {
      const one = slot.cells[at];
      const found = loaded ? column.text(row) : "…";
      const value = found === null || found === undefined ? "unknown" : found;
      const kind = `cell ${column.align || ""} ${value === "unknown" && found !== "unknown" ? "unknown" : ""} ${loaded && column.kind ? column.kind(row) || "" : ""}`;
      const title = loaded && column.exact ? column.exact(row) || "" : "";
      if (one.value !== value) one.text.data = one.value = value;
      if (one.kind !== kind) one.cell.className = one.kind = kind;
      if (one.title !== title) one.cell.title = one.title = title;
    });
  }

  rowOf(event) {
    const node = event.target.closest(".grid-row");
    const slot = this.pool.find((one) => one.node === node);
    return slot ? slot.row : -1;
  }

  onClick(event, isOpened) {
    const row = this.rowOf(event);
    if (row < 0 || !this.isLoaded(row)) return;
    this.select(row);
    if (isOpened && this.options.onOpen) this.options.onOpen(row);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && event.target === this.view && this.selected >= 0) {
      event.preventDefault();
      if (this.options.onOpen) this.options.onOpen(this.selected);
      return;
    }
    if (this.move(event.key)) event.preventDefault();
  }

  /** Move the selection by a key; false where it means nothing here. */
  move(key) {
    const page = Math.max(1, Math.floor(this.view.clientHeight / HEIGHT) - 2);
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(key in steps) || this.total === 0) return false;
    const next = Math.max(0, Math.min(this.total - 1, this.selected < 0 ? 0 : this.selected + steps[key]));
    this.select(next);
    return true;
  }

  select(row, { silent = false } = {}) {
    this.selected = row;
    this.reveal(row);
    this.schedule();
    if (!silent && this.options.onSelect && this.isLoaded(row)) this.options.onSelect(row);
  }

  reveal(row) {
    if (row < 0) return;
    const head = this.head.offsetHeight;
    const top = (row * HEIGHT) / this.scale;
    const bottom = top + HEIGHT + head;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (bottom > this.view.scrollTop + this.view.clientHeight) this.view.scrollTop = bottom - this.view.clientHeight;
  }
}
