// Deletion with undo: the request is sent after ten seconds, or at once when the page closes.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { strings } from "./strings.js";

const UNDO_MS = 10_000;

/** @typedef {{id: string, path: string, said: string, restore: () => void, failed: string}} Leaving */

/** @type {Map<string, {leaving: Leaving, timer: number, toast: HTMLElement}>} */
const pending = new Map();

/** Whether a deletion of this object is pending. @param {string} id */
export const isLeaving = (id) => pending.has(id);

/** @returns {HTMLElement} the container of toasts */
function tray() {
  const found = document.querySelector(".toasts");
  if (found) return /** @type {HTMLElement} */ (found);
  const made = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  document.body.append(made);
  return made;
}

/**
 * Show a toast.
 * @param {string} text
 * @param {{label: string, run: () => void}} [action]
 * @param {number} [ms]
 * @returns {HTMLElement}
 */
export function say(text, action, ms = 5000) {
  const toast = h("div", { class: "toast" }, h("span", {}, text));
  if (action) {
    toast.append(h("button", { type: "button", onclick: () => { toast.remove(); action.run(); } }, action.label));
    const bar = h("span", { class: "toast-time", "aria-hidden": "true" });
    bar.style.animationDuration = `${ms}ms`;
    toast.append(bar);
  }
  tray().append(toast);
  setTimeout(() => toast.remove(), ms);
  return toast;
}

/** Schedule a deletion. @param {Leaving} leaving */
export function deleteLater(leaving) {
  const undo = { label: strings.sessions.undo, run: () => cancel(leaving.id) };
  const toast = say(leaving.said, undo, UNDO_MS);
  const timer = window.setTimeout(() => void send(leaving.id, false), UNDO_MS);
  pending.set(leaving.id, { leaving, timer, toast });
}

/** @param {string} id */
function cancel(id) {
  const found = pending.get(id);
  if (!found) return;
  clearTimeout(found.timer);
  pending.delete(id);
  found.leaving.restore();
}

/** @param {string} id @param {boolean} keepalive */
async function send(id, keepalive) {
  const found = pending.get(id);
  if (!found) return;
  clearTimeout(found.timer);
  pending.delete(id);
  try {
    await call(found.leaving.path, { method: "DELETE", keepalive });
  } catch {
    found.leaving.restore();
    say(found.leaving.failed);
  }
}

addEventListener("pagehide", () => {
  for (const id of [...pending.keys()]) void send(id, true);
});

/** Remove all toasts. */
export function clearToasts() {
  fill(tray());
}
