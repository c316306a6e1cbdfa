// Talking to /v1: one place that knows the key, the error form, and what to do when the server is busy or away.

import { sleep } from "./time.js";

/** What happened on the wire: `call` (detail: Call), `limited` (detail: until when, and whether the server is busy), `unauthorized`, `away`, `back`. */
export const wire = new EventTarget();

/** @typedef {{method: string, path: string, headers: Record<string, string>, body: string | null, status: number}} Call */
/** @typedef {{method?: string, body?: any, headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean,
 *   isQuiet?: boolean, file?: string}} Options `isQuiet`: don't show its curl; `file`: what the curl names as the body */

let key = "";

/** @param {string} secret */
export function useKey(secret) {
  key = secret;
}

/** An answer that isn't 2xx, in the API's own words. */
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
 * One request, whatever it answers.
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
      method, signal, keepalive, body: payload, cache: "no-store", headers: { ...sent, Authorization: `Bearer ${key}` },
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
 * One request that must succeed. A GET that is told to wait waits, and asks again.
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
 * The JSON of one request; null for 204.
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function call(path, options = {}) {
  const answer = await open(path, options);
  return answer.status === 204 ? null : answer.json();
}

/**
 * Something that not every server has or every key may see: null where it doesn't.
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
 * A query string of what is given.
 * @param {Record<string, string | number | null | undefined>} values
 */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : "";
}

/** A fresh Idempotency-Key. */
export function newRequestKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The key, for the one kind of request that fetch can't make: an upload that tells how far it is. */
export const authorization = () => `Bearer ${key}`;
