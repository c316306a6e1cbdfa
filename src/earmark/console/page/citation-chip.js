// A citation, such as `Board call · 12:04`: a link to the cited moment.

import { h } from "./dom.js";
import { nameElement } from "./recording-names.js";
import { readingPath } from "./router.js";
import { atTime } from "./time.js";

/**
 * @param {{recording_id: string, start_ms: number}} citation
 * @param {string | null} session
 */
export function citationChip({ recording_id, start_ms }, session) {
  return h("a", {
    class: "chip citation", href: readingPath(recording_id, { at: start_ms, session }), draggable: "false",
    onclick: (/** @type {MouseEvent} */ event) => openBeside(event, recording_id, start_ms),
  }, nameElement(recording_id), h("span", { class: "chip-time" }, ` · ${atTime(start_ms)}`));
}

/**
 * Open the moment in the panel; with a modifier key, follow the link as usual.
 * @param {MouseEvent} event
 * @param {string} recording
 * @param {number} at
 */
export function openBeside(event, recording, at) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const detail = { recording, at, from: event.currentTarget };
  event.currentTarget?.dispatchEvent(new CustomEvent("open-moment", { detail, bubbles: true }));
}
