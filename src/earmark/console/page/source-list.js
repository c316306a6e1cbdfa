// The list of an answer's sources, best first.

import { chunkLines } from "./chunk-lines.js";
import { openBeside } from "./citation-chip.js";
import { h } from "./dom.js";
import { dayOfRecording } from "./recording-date.js";
import { nameElement } from "./recording-names.js";
import { readingPath } from "./router.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";

/**
 * @param {any[]} sources
 * @param {string | null} session
 */
export function sourceList(sources, session) {
  if (!sources.length) return h("p", { class: "muted" }, strings.ask.whole);
  return h("ol", { class: "sources" }, sources.map((source) => sourceCard(source, session)));
}

/** @param {any} source @param {string | null} session */
function sourceCard(source, session) {
  const href = readingPath(source.recording_id, { at: source.start_ms, session });
  return h("li", {}, h("a", {
    class: "source", href,
    onclick: (/** @type {MouseEvent} */ event) => openBeside(event, source.recording_id, source.start_ms),
  },
  h("span", { class: "source-head" }, nameElement(source.recording_id), h("span", { class: "source-time" }, atTime(source.start_ms))),
  chunkLines(source), h("span", { class: "source-foot muted" }, dayOfRecording(source.recording_id))));
}
