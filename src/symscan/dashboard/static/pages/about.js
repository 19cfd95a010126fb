// About: versions, licences, keys.

import { get } from "../lib/api.js";
import { el, section } from "../lib/dom.js";
import { KEYS, lettersAreOn, setLetters } from "../lib/keys.js";

export function create(root) {
  return { root, update: (view) => update(root, view) };
}

async function update(root, view) {
  const found = await get("/about", {}, view.signal);
  if (view.signal.aborted) return;
  const letters = el("input", { type: "checkbox", id: "letters", checked: lettersAreOn(), onchange: () => setLetters(letters.checked) });
  root.replaceChildren(
    el("h1", {}, "About"),
    el("p", {}, "The dashboard reads the folders of runs and changes nothing. It asks nothing of any other computer."),
    section("Versions", el("dl", { className: "values" }, Object.entries(found.versions).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value ?? "unknown")]))),
    section("Keys", el("dl", { className: "keys" }, KEYS.flatMap(([key, what]) => [el("dt", {}, key), el("dd", {}, what)])), el("p", {}, letters, el("label", { for: "letters" }, " single letters and digits are keys"))),
    section("Licences", ...found.notices.map((one) => el("div", {}, el("p", {}, el("a", { href: one.home, rel: "noopener noreferrer", target: "_blank" }, `${one.name} ${one.version}`), `: ${one.licence}. ${one.notice}`), el("details", {}, el("summary", {}, `licence of ${one.name}`), el("pre", { tabIndex: 0 }, one.text))))));
}
