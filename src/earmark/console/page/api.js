// The client of /v1: adds the key (or, without one, lets the session's cookie stand for it), parses errors, and retries while the server is busy or unreachable.

import { sleep } from "./time.js";

/** Dispatches `call` (detail: Call), `limited` (detail: end of the wait, and whether the server is busy), `unauthorized`, `away`, `back`. */
export const wire = new EventTarget();

/** @typedef {{method: string, path: string, headers: Record<string, string>, body: string | null, status: number}} Call */
/** @typedef {{method?: string, body?: any, headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean,
 *   isQuiet?: boolean, file?: string}} Options `isQuiet`: don't show its curl command; `file`: the body's name in that command */

let key = "";

/** Use a key from now on; without one, the browser's session. @param {string} secret */
export function useKey(secret) {
  key = secret;
}

/** The headers that authenticate a request: no form or image of another site can set either. @returns {Record<string, string>} */
export const credentials = () => key ? { Authorization: `Bearer ${key}` } : { "X-Earmark-CSRF": "1" };

/** A response other than 2xx, with the API's message. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {any} body
   * @param {number} retryAfterS
   */
  constructor(status, body, retryAfterS) {
    super(body?.error?.message ?? `The server answered ${status}.`);
    this.status = status;
    /** @type {string} */
    this.code = body?.error?.code ?? "";
    this.requestId = body?.error?.request_id ?? "";
    /** @type {string | null} */
    this.sessionId = body?.session_id ?? null;
    this.retryAfterS = retryAfterS;
    this.details = body?.error?.details ?? null;
  }
}

/** The server could not be reached. */
export class AwayError extends Error {}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

let isAway = false;

/** @param {boolean} away */
function noteReach(away) {
  if (away === isAway) return;
  isAway = away;
  wire.dispatchEvent(new Event(away ? "away" : "back"));
  if (away) void waitForServer();
}

async function waitForServer() {
  while (isAway) {
    await sleep(2000);
    const answer = await fetch("/health", { cache: "no-store" }).catch(() => null);
    if (answer?.ok) noteReach(false);
  }
}

addEventListener("offline", () => noteReach(true));

/** @param {string} name @param {any} detail */
const tell = (name, detail) => wire.dispatchEvent(new CustomEvent(name, { detail }));

/**
 * Send a request and return its response, whatever the status.
 * @param {string} path below /v1
 * @param {Options} options
 * @returns {Promise<Response>}
 */
async function request(path, { method = "GET", body, headers = {}, signal, keepalive, isQuiet, file }) {
  const isJson = body !== undefined && !(body instanceof Blob);
  const sent = { ...(isJson ? { "Content-Type": "application/json" } : {}), ...headers };
  const payload = isJson ? JSON.stringify(body) : body;
  let answer;
  try {
    answer = await fetch(`/v1${path}`, {
      method, signal, keepalive, body: payload, cache: "no-store", headers: { ...sent, ...credentials() },
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    noteReach(true);
    throw new AwayError();
  }
  noteReach(false);
  if (!isQuiet) tell("call", { method, path, headers: sent, body: isJson ? payload : file ?? null, isFile: !!file, status: answer.status });
  return answer;
}

/** @param {Response} answer */
async function errorOf(answer) {
  const body = await answer.json().catch(() => null);
  if (answer.status === 401) wire.dispatchEvent(new Event("unauthorized"));
  const retryAfterS = Number(answer.headers.get("Retry-After") ?? 0);
  if (answer.status === 429 || (answer.status === 503 && retryAfterS)) {
    tell("limited", { until: Date.now() + retryAfterS * 1000, isBusy: answer.status === 503 });
  }
  return new ApiError(answer.status, body, retryAfterS);
}

/**
 * Send a request that must succeed. A GET with Retry-After is retried.
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Response>}
 */
export async function open(path, options = {}) {
  for (;;) {
    const answer = await request(path, options);
    if (answer.ok) return answer;
    const error = await errorOf(answer);
    const mayWait = (options.method ?? "GET") === "GET" && error.retryAfterS > 0 && error.retryAfterS <= 60;
    if (!mayWait) throw error;
    await sleep(error.retryAfterS * 1000);
    options.signal?.throwIfAborted();
  }
}

/**
 * Send a request and return its JSON; null for 204.
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function call(path, options = {}) {
  const answer = await open(path, options);
  return answer.status === 204 ? null : answer.json();
}

/**
 * Like `call`, but null if the server lacks the route or the key lacks the scope.
 * @param {string} path
 * @param {Options} [options]
 */
export async function callIfThere(path, options = {}) {
  try {
    return await call(path, options);
  } catch (error) {
    if (error instanceof ApiError && [403, 404, 405].includes(error.status)) return null;
    throw error;
  }
}

/**
 * Build a query string of the values given.
 * @param {Record<string, string | number | null | undefined>} values
 */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : "";
}

/** A new Idempotency-Key. */
export function newRequestKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** End the browser's session and delete its cookie. */
export async function endSession() {
  const answer = await fetch("/auth/sign-out", { method: "POST", headers: credentials() }).catch(() => null);
  if (!answer?.ok) throw new AwayError();
}
