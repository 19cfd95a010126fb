// Numbers and times for people. What is unknown is null here and reads "unknown", never 0 or nothing.

const COUNT = new Intl.NumberFormat("en-US");
const clocks = new Map();

export function count(value) {
  return value === null || value === undefined ? null : COUNT.format(value);
}

/** A price: two decimals, four below 1; the exact value belongs into a title. */
export function price(value) {
  if (value === null || value === undefined) return null;
  return value.toFixed(Math.abs(value) < 1 ? 4 : 2);
}

/** A percentage with its sign; what rounds to nothing has none. */
export function signed(value, digits = 2) {
  if (value === null || value === undefined) return null;
  const text = value.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return value > 0 ? `+${text}` : text;
}

export function percent(value, digits = 1) {
  return value === null || value === undefined ? null : `${Math.abs(value).toFixed(digits)} %`;
}

/** A number of any size, in six digits at most. */
export function number(value) {
  if (value === null || value === undefined) return null;
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return COUNT.format(value);
  return String(Number(value.toPrecision(6)));
}

export function milliseconds(value) {
  return value === null || value === undefined ? null : `${value < 10 ? value.toFixed(1) : COUNT.format(Math.round(value))} ms`;
}

function formatter(zone, kind) {
  const key = `${zone} ${kind}`;
  if (!clocks.has(key)) {
    const options = { timeZone: zone, hour12: false, hourCycle: "h23", hour: "2-digit", minute: "2-digit" };
    if (kind !== "clock") options.second = "2-digit";
    if (kind === "full") Object.assign(options, { year: "numeric", month: "2-digit", day: "2-digit" });
    clocks.set(key, new Intl.DateTimeFormat("en-CA", options));
  }
  return clocks.get(key);
}

/** An instant on the exchange's clock: 09:35, with seconds only where there are some. */
export function clock(seconds, zone) {
  if (seconds === null || seconds === undefined) return null;
  return formatter(zone, seconds % 60 === 0 ? "clock" : "seconds").format(new Date(seconds * 1000));
}

/** An instant in UTC, for titles. */
export function utc(seconds) {
  return seconds === null || seconds === undefined ? "" : `${new Date(seconds * 1000).toISOString().replace(".000Z", "Z")} (UTC)`;
}

/** How many seconds a zone's clock is ahead of UTC at an instant. */
export function offset(seconds, zone) {
  const parts = Object.fromEntries(formatter(zone, "full").formatToParts(new Date(seconds * 1000)).map((one) => [one.type, Number(one.value)]));
  const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) / 1000;
  return local - Math.floor(seconds);
}

/** The instant of a time on the exchange's clock in a session; null where it is no time. */
export function instantOf(text, times, zone) {
  const found = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text || "");
  if (!found || Number(found[1]) > 23 || Number(found[2]) > 59 || Number(found[3] || 0) > 59) return null;
  const local = times.open + offset(times.open, zone);
  const wanted = Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3] || 0);
  return times.open + wanted - (local % 86400);
}

/** How long a stay was: 25 min, 2 h 05. */
export function lasting(from, to) {
  if (from === null || to === null) return null;
  const minutes = Math.round((to - from) / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

export const WHY = {
  left: "no longer met the condition, or others ranked better",
  unknown: "could not be judged",
  removed: "removed by its scanner",
  scanner_ended: "the scanner's last scan",
  close: "still there at the close",
};
