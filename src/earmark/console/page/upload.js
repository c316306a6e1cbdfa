// Uploads a file with progress, which fetch does not support, and goes on after an interruption.

import { ApiError, AwayError, credentials, wire } from "./api.js";
import { sleep } from "./time.js";

/**
 * @param {string} url on our own origin
 * @param {Blob} file
 * @param {{headers: Record<string, string>, onprogress: (share: number) => void, isSigned?: boolean, name: string, timeoutMs?: number}} options
 *   `isSigned`: the URL is signed and needs no key
 * @returns {Promise<any>} the response's JSON, or null
 */
export function putFile(url, file, { headers, onprogress, isSigned = false, name, timeoutMs = 0 }) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    const sent = isSigned ? headers : { ...headers, ...credentials() };
    for (const [header, value] of Object.entries(sent)) request.setRequestHeader(header, value);
    request.upload.onprogress = (event) => onprogress(event.loaded / Math.max(1, event.total));
    request.timeout = timeoutMs;
    request.onerror = request.ontimeout = () => failed(new AwayError());
    request.onload = () => {
      if (!isSigned) tell(url, headers, name, request.status);
      const body = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300) done(body);
      else failed(refused(request, body));
    };
    request.send(file);
  });
}

/** Milliseconds before each further try that brought nothing new: about three minutes. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000, 30000, 60000, 60000];

/**
 * Upload a file to a signed URL; if the connection breaks, go on where the server has it.
 * @param {string} url on our own origin
 * @param {Blob} file
 * @param {{headers: Record<string, string>, onprogress: (share: number) => void, onwait: () => void, name: string, first?: number}} options
 *   `onwait`: called when the connection broke and it will be tried again; `first`: how many bytes the server has
 * @returns {Promise<any>} the response's JSON
 */
export async function putResumably(url, file, { headers, onprogress, onwait, name, first = 0 }) {
  if (!file.size) return putFile(url, file, { headers, onprogress, isSigned: true, name });
  let failures = 0;
  for (;;) {
    const rest = first < file.size ? file.slice(first) : new Blob();
    const range = first < file.size ? `bytes ${first}-${file.size - 1}/${file.size}` : `bytes */${file.size}`;
    try {
      const options = { headers: { ...headers, "Content-Range": range }, isSigned: true, name };
      const from = first;
      const answer = await putFile(url, rest, { ...options, onprogress: (share) => onprogress((from + share * (file.size - from)) / file.size) });
      if (answer?.status !== "waiting") return answer;
    } catch (error) {
      if (!mayGoOn(error) || failures >= PAUSES_MS.length) throw error;
      onwait();
      await sleep(PAUSES_MS[failures]);
    }
    const arrived = await arrivedOf(url);
    failures = arrived !== null && arrived > first ? 0 : failures + 1;
    first = arrived ?? first;
  }
}

/** Whether the upload may be tried again: the server was away or busy, or has other bytes than we thought. @param {unknown} error */
const mayGoOn = (error) => error instanceof AwayError || (error instanceof ApiError && (error.status === 409 || error.status >= 500));

/** @param {string} url @returns {Promise<number | null>} how many bytes the server has; null if it does not say */
export async function arrivedOf(url) {
  const answer = await fetch(url, { method: "HEAD", cache: "no-store" }).catch(() => null);
  const offset = answer?.ok ? answer.headers.get("Upload-Offset") : null;
  return offset === null ? null : Number(offset);
}

/** @param {XMLHttpRequest} request @param {any} body */
function refused(request, body) {
  if (request.status === 401) wire.dispatchEvent(new Event("unauthorized"));
  return new ApiError(request.status, body, Number(request.getResponseHeader("Retry-After") ?? 0));
}

/** @param {string} url @param {Record<string, string>} headers @param {string} name @param {number} status */
function tell(url, headers, name, status) {
  const detail = { method: "PUT", path: url.replace(/^\/v1/, ""), headers, body: name, isFile: true, status };
  wire.dispatchEvent(new CustomEvent("call", { detail }));
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
