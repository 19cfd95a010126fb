// The state is the address: #/hits?run=..&session=..&at=10:35. Going back works, and links can be mailed.

export const PAGES = ["overview", "hits", "symbol", "scanner", "runs", "live", "config", "about"];

/** The page and the parameters of the address. */
export function read() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const page = PAGES.includes(path) ? path : "overview";
  return { page, given: new URLSearchParams(query) };
}

/** The address of a page with what is kept of the present one, changed: null removes a parameter. */
export function address(page, changes = {}) {
  const { given } = read();
  const next = new URLSearchParams(given);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    if (Array.isArray(value)) value.forEach((one) => next.append(name, one));
    else if (value !== null && value !== undefined && value !== "") next.set(name, value);
  }
  const query = next.toString().replaceAll("%3A", ":");
  return `#/${page}${query ? `?${query}` : ""}`;
}

/** Go to a page; with `replace` it takes the place of the present one in the history. */
export function go(page, changes = {}, { replace = false } = {}) {
  const next = address(page, changes);
  if (next === location.hash) return;
  if (replace) {
    history.replaceState(null, "", next);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = next;
  }
}

/** Change parameters of the present page. */
export function change(changes, options) {
  go(read().page, changes, options);
}
