// Lists what was repaired, left out or assumed when a transcript was imported.

import { h } from "./dom.js";
import { strings } from "./strings.js";

const words = strings.review;

/** @typedef {{line?: number, index?: number, code: string, message: string}} Note at a line (from 1) or an item (from 0) */

/** @param {Note} note */
export function noteText({ line, index, message }) {
  const place = line !== undefined ? words.line(line) : index !== undefined ? words.item(index) : "";
  return place ? `${place}: ${message}` : message;
}

/** @param {string} text */
const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * A list that scrolls; it can be focused so that keys scroll it.
 * @param {Note[]} notes
 * @param {number} total how many there are, of which at most 100 are given
 * @param {string} label
 */
export function noteList(notes, total, label) {
  return h("div", { class: "note-list", tabindex: "0", role: "group", "aria-label": label },
    h("ul", {}, notes.map((one) => h("li", {}, capitalised(noteText(one)))),
      total > notes.length ? h("li", { class: "muted" }, capitalised(words.moreNotes(total - notes.length))) : null));
}
