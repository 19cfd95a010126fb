// Light or dark: as the system says, until one is chosen. Colours for canvases are read from the style.

const NEXT = { "": "dark", dark: "light", light: "" };
const NAMES = { "": "as the system", dark: "dark", light: "light" };

export function chosen() {
  try {
    return localStorage.getItem("theme") || "";
  } catch {
    return "";
  }
}

export function apply() {
  document.documentElement.dataset.theme = chosen();
}

export function toggle() {
  try {
    localStorage.setItem("theme", NEXT[chosen()]);
  } catch {
    // a browser that stores nothing keeps the system's
  }
  apply();
  window.dispatchEvent(new Event("theme"));
  return NAMES[chosen()];
}

export function label() {
  return `theme: ${NAMES[chosen()]}`;
}

/** The colour that a class gives to text, as rgb(). */
export function colour(name) {
  const probe = document.createElement("span");
  probe.className = `colour-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** The class of a scanner's colour; from the sixth on letters tell them apart too. */
export function scannerClass(at) {
  return `scanner-${at % 5}`;
}

export function scannerMark(at) {
  return at < 5 ? "" : String.fromCharCode(65 + (at % 26));
}
