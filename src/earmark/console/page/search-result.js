// One moment that a search found: its recording and time, which open it beside the list, and what is said there.

import { chunkLines } from "./chunk-lines.js";
import { openBeside } from "./citation-chip.js";
import { h } from "./dom.js";
import { highlighted } from "./highlight.js";
import { dayOfRecording } from "./recording-date.js";
import { nameElement } from "./recording-names.js";
import { readingPath } from "./router.js";
import { atTime } from "./time.js";

/**
 * @param {string} asked
 * @param {any} hit
 * @param {...Node} foot what stands behind the day
 */
export function searchResult(asked, hit, ...foot) {
  const onclick = openingBeside(hit);
  return h("li", { class: "result" },
    h("a", { class: "result-head", href: readingPath(hit.recording_id, { at: hit.start_ms }), onclick },
      nameElement(hit.recording_id), h("span", { class: "source-time" }, atTime(hit.start_ms))),
    chunkLines(hit, (text) => highlighted(text, asked)),
    h("div", { class: "result-foot muted" }, dayOfRecording(hit.recording_id), foot));
}

/** A click handler that opens the moment. @param {any} hit */
export const openingBeside = (hit) => (/** @type {MouseEvent} */ event) => openBeside(event, hit.recording_id, hit.start_ms);
