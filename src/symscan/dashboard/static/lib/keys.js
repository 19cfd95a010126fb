// Keys: off in inputs; single letters can be switched off on the page About.

import { el } from "./dom.js";

export const KEYS = [
  ["g then o h s c r l", "Overview, Hits, Symbol, Scanner, Runs, Live"],
  ["/", "find a symbol"],
  ["j k ↓ ↑ PgUp PgDn Home End", "rows of a table"],
  ["Enter", "open the symbol of a row"],
  ["[ ]", "session before, session after"],
  ["← → with Shift", "one scan, ten scans"],
  ["Space", "play, pause"],
  ["n", "first hits only"],
  ["1 to 9", "a scanner on or off"],
  ["t", "light, dark, as the system"],
  ["?", "this list"],
  ["Esc", "back to the whole session"],
];

const INPUTS = new Set(["INPUT", "TEXTAREA", "SELECT"]);

export function lettersAreOn() {
  try {
    return localStorage.getItem("letters") !== "off";
  } catch {
    return true;
  }
}

export function setLetters(on) {
  try {
    localStorage.setItem("letters", on ? "on" : "off");
  } catch {
    // nothing is kept then
  }
}

/** Call `handlers[key]` for keys that are typed outside of inputs. */
export function listen(handlers) {
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isInput = INPUTS.has(event.target.tagName) && event.target.type !== "range" && event.target.type !== "checkbox";
    if (isInput || (event.key.length === 1 && event.key !== " " && !lettersAreOn())) return;
    if (event.key === " " && (event.target.tagName === "BUTTON" || event.target.tagName === "A" || event.target.tagName === "SUMMARY" || event.target.type === "checkbox")) return;
    const name = before === "g" && event.key.length === 1 ? `g${event.key}` : `${event.shiftKey && event.key.startsWith("Arrow") ? "Shift" : ""}${event.key}`;
    before = event.key;
    const handler = handlers[name];
    if (handler && handler(event) !== false) event.preventDefault();
  });
}

/** Show the list of keys. */
export function showHelp() {
  let dialog = document.getElementById("keys");
  if (!dialog) {
    dialog = el("dialog", { id: "keys", "aria-label": "Keys" },
      el("h2", {}, "Keys"),
      el("dl", { className: "keys" }, KEYS.flatMap(([key, what]) => [el("dt", {}, key), el("dd", {}, what)])),
      el("button", { type: "button", onclick: () => dialog.close() }, "close"));
    document.body.append(dialog);
  }
  if (dialog.open) dialog.close();
  else dialog.showModal();
}
