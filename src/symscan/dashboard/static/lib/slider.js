// The slider through a session: over the instants of its scans, the last place being the whole session.

import { clock, utc } from "./format.js";
import { el } from "./dom.js";

const SPEEDS = [1, 2, 10];

export class Slider {
  /** `onMove(instant or null)` is called when it stands elsewhere. */
  constructor(box, onMove) {
    this.box = box;
    this.onMove = onMove;
    this.times = null;
    this.zone = "UTC";
    this.timer = 0;
    this.speed = 2;
    this.play = el("button", { type: "button", onclick: () => this.toggle() }, "play");
    this.range = el("input", { type: "range", min: "0", step: "1", "aria-label": "as of" });
    this.range.addEventListener("input", () => this.moved());
    this.text = el("output", { className: "as-of" });
    this.pace = el("select", { "aria-label": "scans a second", onchange: () => this.setSpeed(Number(this.pace.value)) },
      SPEEDS.map((one) => el("option", { value: String(one), selected: one === this.speed }, `${one}/s`)));
    this.whole = el("button", { type: "button", onclick: () => this.end() }, "whole session");
    box.append(this.play, this.pace, this.range, this.text, this.whole);
  }

  /** Show a session's instants, standing at `at`; null hides it. */
  set(times, at, zone) {
    this.times = times;
    this.zone = zone;
    this.box.hidden = !times || times.instants.length === 0;
    if (this.box.hidden) {
      this.stop();
      return;
    }
    const last = times.instants.length;
    this.range.max = String(last);
    let place = last;
    if (at !== null) {
      place = times.instants.findLastIndex((one) => one <= at);
      if (place < 0) place = 0;
    }
    this.range.value = String(place);
    this.say(place, at);
  }

  say(place, at = undefined) {
    const instant = place >= this.times.instants.length ? null : (at ?? this.times.instants[place]);
    const text = instant === null ? "whole session" : `as of ${clock(instant, this.zone)}`;
    this.text.textContent = text;
    this.text.title = instant === null ? "" : utc(instant);
    this.range.setAttribute("aria-valuetext", text);
    this.whole.disabled = instant === null;
  }

  moved() {
    const place = Number(this.range.value);
    this.say(place);
    this.onMove(place >= this.times.instants.length ? null : this.times.instants[place]);
  }

  /** Move by so many scans; false where there is no slider. */
  step(scans) {
    if (this.box.hidden) return false;
    const place = Math.max(0, Math.min(this.times.instants.length, Number(this.range.value) + scans));
    if (place !== Number(this.range.value)) {
      this.range.value = String(place);
      this.moved();
    }
    return true;
  }

  end() {
    this.stop();
    if (!this.box.hidden) this.step(Infinity);
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.timer) {
      this.stop();
      this.start();
    }
  }

  toggle() {
    if (this.box.hidden) return false;
    if (this.timer) this.stop();
    else {
      if (Number(this.range.value) >= this.times.instants.length) {
        this.range.value = "0";
        this.moved();
      }
      this.start();
    }
    return true;
  }

  start() {
    this.play.textContent = "pause";
    this.timer = setInterval(() => {
      if (this.busy) return; // the page is still drawing the instant before
      this.step(1);
      if (Number(this.range.value) >= this.times.instants.length) this.stop();
    }, 1000 / this.speed);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "play";
  }
}
