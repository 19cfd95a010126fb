// Ask the server. Errors say what is wrong and the next step; a server that is gone is said once, in the banner.

export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error || `the server answered ${status}`);
    this.status = status;
    this.hint = answer.hint || "";
  }
}

export class Gone extends Error {}

/** Ask for an answer; `params` may hold lists, and null for what is not given. */
export async function get(path, params = {}, signal = undefined) {
  return answerOf(await request(addressOf(path, params), { signal }));
}

/** The address of an answer. */
export function addressOf(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

/** Exchange the token for a cookie. */
export async function signIn(token) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) };
  const answer = await request("/api/v1/sign-in", options);
  if (!answer.ok) await answerOf(answer);
}

async function request(path, options) {
  try {
    const answer = await fetch(path, options);
    window.dispatchEvent(new CustomEvent("server", { detail: true }));
    return answer;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    window.dispatchEvent(new CustomEvent("server", { detail: false }));
    throw new Gone("the server does not answer");
  }
}

async function answerOf(answer) {
  let body = {};
  try {
    body = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

export function runPath(run) {
  return `/runs/${encodeURIComponent(run)}`;
}
