// Elements. Data reach the page as text nodes and attributes of a fixed list: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected", "tabIndex", "id", "type", "htmlFor", "className", "title", "min", "max", "step", "placeholder", "autocomplete", "spellcheck", "colSpan", "scope", "inputMode", "maxLength"]);

/** Make an element: `el("td", {className: "number", onclick: f}, "text", node)`. */
export function el(name, options = {}, ...children) {
  const node = document.createElement(name);
  apply(node, options);
  node.append(...children.flat().filter((one) => one !== null && one !== undefined));
  return node;
}

/** Make an SVG element; its options are attributes. */
export function svg(name, options = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(options)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(key, String(value));
  }
  node.append(...children.flat().filter((one) => one !== null && one !== undefined));
  return node;
}

function apply(node, options) {
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "href") node.setAttribute("href", safeLink(value));
    else if (key === "data") Object.assign(node.dataset, value);
    else if (PROPERTIES.has(key)) node[key] = value;
    else if (key === "role" || key === "for" || key === "list" || key === "target" || key === "rel" || key === "download" || key.startsWith("aria-")) node.setAttribute(key, String(value));
    else throw new Error(`no such option: ${key}`);
  }
}

/** Links lead to places of this page, or to the projects named on the page About. */
function safeLink(address) {
  return /^(#|\/static\/|\/api\/|https:\/\/)/.test(address) ? address : "#";
}

/** A table of texts: `columns` are [title, className] or titles; cells are texts, nodes or null (unknown). */
export function table(columns, rows, caption) {
  const heads = columns.map((one) => (Array.isArray(one) ? one : [one, ""]));
  return el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption },
    el("table", {},
      el("caption", { className: "hidden-text" }, caption),
      el("thead", {}, el("tr", {}, heads.map(([title, kind]) => el("th", { scope: "col", className: kind }, title)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, at) => cellOf(cell, heads[at][1])))))));
}

function cellOf(cell, kind) {
  if (cell === null || cell === undefined) return el("td", { className: `${kind} unknown` }, "unknown");
  return el("td", { className: kind }, cell);
}

/** A chart's numbers as a table, made when it is opened. */
export function asTable(title, columns, rows) {
  const box = el("details", { className: "as-table" }, el("summary", {}, "show as table"));
  box.addEventListener("toggle", () => {
    if (box.open && box.children.length === 1) box.append(table(columns, rows(), title));
  });
  return box;
}

/** A state without data: what there is instead, and the next step. */
export function empty(text, ...next) {
  return el("div", { className: "empty" }, el("p", {}, text), next.length ? el("p", {}, ...next) : null);
}

export function code(text) {
  return el("code", {}, text);
}

export function section(title, ...content) {
  return el("section", {}, el("h2", {}, title), ...content);
}
