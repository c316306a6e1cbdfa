// Renders a summary's output: its fields in their order, each item with its moments. Also as Markdown.

import { printable } from "./answer-text.js";
import { openBeside } from "./citation-chip.js";
import { h } from "./dom.js";
import { momentLinks } from "./moment-link.js";
import { readingPath } from "./router.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";

/** @typedef {import("./moment-link.js").Citation} Citation */
/** @typedef {Record<string, any>} Output */
/** @typedef {Record<string, Citation[]>} Citations by JSON pointer into the output */

/** A field's name as a heading: `action_items` is “Action items”. @param {string} name */
export function titleOf(name) {
  const text = name.replaceAll("_", " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} name one part of a JSON pointer */
const escaped = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** @param {any} value */
const isChapter = (value) => typeof value?.title === "string" && Number.isInteger(value.start_ms);

/** @param {any} value */
export function isBlank(value) {
  if (value === null || value === undefined) return true;
  return typeof value === "object" ? Object.values(value).every(isBlank) : String(value).trim() === "";
}

/**
 * @param {Output} output
 * @param {Citations} citations
 * @param {string} recordingId
 * @returns {HTMLElement[]} a section a field; fields without content are named in the last one
 */
export function summaryFields(output, citations, recordingId) {
  const [blank, full] = [[], []].map((list) => /** @type {string[]} */ (list));
  for (const name of Object.keys(output)) (isBlank(output[name]) ? blank : full).push(name);
  const sections = full.map((name) => section(name, output[name], `/${escaped(name)}`, { citations, recordingId, level: 3 }));
  const rest = blank.length ? h("p", { class: "muted" }, strings.summary.nothingFor(blank.map((name) => titleOf(name).toLowerCase()))) : null;
  return rest ? [...sections, rest] : sections;
}

/** @typedef {{citations: Citations, recordingId: string, level: number}} Place */

/** @param {string} name @param {any} value @param {string} pointer @param {Place} place @returns {HTMLElement} */
function section(name, value, pointer, place) {
  return h("section", { class: "summary-field" }, h(`h${place.level}`, {}, titleOf(name)), content(value, pointer, place));
}

/** @param {any} value @param {string} pointer @param {Place} place @returns {HTMLElement | HTMLElement[]} */
function content(value, pointer, place) {
  if (Array.isArray(value)) return h("ul", {}, value.map((one, number) => h("li", {}, item(one, `${pointer}/${number}`, place))));
  if (typeof value !== "object" || value === null) return h("p", {}, item(value, pointer, place));
  const level = Math.min(6, place.level + 1);
  return Object.entries(value).filter(([, one]) => !isBlank(one))
    .map(([name, one]) => section(name, one, `${pointer}/${escaped(name)}`, { ...place, level }));
}

/** @param {any} value @param {string} pointer @param {Place} place @returns {any} */
function item(value, pointer, place) {
  if (isChapter(value)) return chapter(value, place.recordingId);
  if (typeof value === "object" && value !== null) return content(value, pointer, place);
  return [String(value ?? ""), ...momentLinks(place.citations[pointer])];
}

/** @param {{title: string, start_ms: number}} chapter @param {string} recordingId */
function chapter({ title, start_ms }, recordingId) {
  return h("a", { class: "chapter", href: readingPath(recordingId, { at: start_ms }), draggable: "false",
    onclick: (/** @type {MouseEvent} */ event) => openBeside(event, recordingId, start_ms) },
  h("span", { class: "chapter-time" }, atTime(start_ms)), h("span", {}, title));
}

/**
 * A summary as Markdown, each item with its times.
 * @param {string} name the recording's
 * @param {Output} output
 * @param {Citations} citations
 */
export function summaryMarkdown(name, output, citations) {
  return printable([`# ${name.replace(/\s+/g, " ")}`, "", ...lines(output, "", 2, citations)].join("\n").trimEnd() + "\n");
}

/** @param {Output} values @param {string} pointer @param {number} level @param {Citations} citations @returns {string[]} */
function lines(values, pointer, level, citations) {
  return Object.entries(values).filter(([, value]) => !isBlank(value)).flatMap(([name, value]) => {
    const here = `${pointer}/${escaped(name)}`;
    const heading = [`${"#".repeat(level)} ${titleOf(name)}`, ""];
    if (Array.isArray(value)) return [...heading, ...value.map((one, number) => `- ${line(one, citations[`${here}/${number}`])}`), ""];
    if (typeof value === "object") return [...heading, ...lines(value, here, Math.min(6, level + 1), citations)];
    return [...heading, line(value, citations[here]), ""];
  });
}

/** @param {any} value @param {Citation[] | undefined} citations */
function line(value, citations) {
  if (isChapter(value)) return `${value.title} [${atTime(value.start_ms)}]`;
  const text = (typeof value === "object" ? JSON.stringify(value) : String(value)).replace(/\s*\n\s*/g, " ");
  const times = [...new Set((citations ?? []).map((one) => atTime(one.start_ms)))];
  return times.length ? `${text} [${times.join(", ")}]` : text;
}
