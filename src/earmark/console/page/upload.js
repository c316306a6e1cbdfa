// Uploads a file with progress, which fetch does not support.

import { ApiError, authorization, AwayError, wire } from "./api.js";

/**
 * @param {string} url on our own origin
 * @param {Blob} file
 * @param {{headers: Record<string, string>, onprogress: (share: number) => void, isSigned?: boolean, name: string}} options
 *   `isSigned`: the URL is signed and needs no key
 * @returns {Promise<any>} the response's JSON, or null
 */
export function putFile(url, file, { headers, onprogress, isSigned = false, name }) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value);
    if (!isSigned) request.setRequestHeader("Authorization", authorization());
    request.upload.onprogress = (event) => onprogress(event.loaded / Math.max(1, event.total));
    request.onerror = () => failed(new AwayError());
    request.onload = () => {
      if (!isSigned) tell(url, headers, name, request.status);
      const body = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300) done(body);
      else failed(refused(request, body));
    };
    request.send(file);
  });
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
