// Finds text within one transcript.

import { fill, h, iconButton } from "./dom.js";
import { strings } from "./strings.js";

const words = strings.reading;

export class FindBar extends HTMLElement {
  /** @type {number[]} */ #found = [];
  #at = -1;

  /**
   * @param {import("./transcript-lines.js").TranscriptLines} lines
   * @param {import("./recording-reader.js").Segment[]} segments
   */
  constructor(lines, segments) {
    super();
    this.lines = lines;
    this.texts = segments.map((segment) => segment.text);
  }

  connectedCallback() {
    this.field = h("input", {
      type: "search", "aria-label": words.find, placeholder: words.find, autocomplete: "off",
      oninput: () => this.#find(this.field.value),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#keys(event),
    });
    this.count = h("span", { class: "find-count muted", role: "status" });
    this.moves = h("span", { class: "find-moves", hidden: true },
      iconButton("up", words.previous, () => this.#step(-1)), iconButton("down", words.next, () => this.#step(1)));
    fill(this, this.field, this.count, this.moves);
  }

  /** Look in corrected words from now on. @param {import("./recording-reader.js").Segment[]} segments */
  setSegments(segments) {
    this.texts = segments.map((segment) => segment.text);
    if (this.field?.value) this.lines.setMatches(findAll(this.texts, this.field.value));
  }

  focus() {
    this.field?.focus();
    this.field?.select();
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.key === "Enter") this.#step(event.shiftKey ? -1 : 1);
    if (event.key === "Escape" && this.field.value) {
      event.stopPropagation();
      this.field.value = "";
      this.#find("");
      this.lines.focus();
    }
  }

  /** @param {string} wanted */
  #find(wanted) {
    const matches = findAll(this.texts, wanted);
    this.#found = [...matches.keys()];
    this.lines.setMatches(matches);
    const from = Math.max(this.lines.marked, 0);
    this.#at = this.#found.length ? Math.max(0, this.#found.findIndex((index) => index >= from)) : -1;
    this.#show(wanted);
  }

  /** @param {number} step */
  #step(step) {
    if (!this.#found.length) return;
    this.#at = (this.#at + step + this.#found.length) % this.#found.length;
    this.#show(this.field.value);
  }

  /** @param {string} wanted */
  #show(wanted) {
    this.moves.hidden = !this.#found.length;
    fill(this.count, wanted.trim() ? words.matches(this.#at + 1, this.#found.length) : "");
    if (this.#at >= 0) this.lines.select(this.#found[this.#at]);
  }
}

/**
 * Find a text, ignoring case.
 * @param {string[]} texts
 * @param {string} wanted
 * @returns {Map<number, [number, number][]>} text number to ranges
 */
export function findAll(texts, wanted) {
  /** @type {Map<number, [number, number][]>} */ const found = new Map();
  if (!wanted.trim()) return found;
  const pattern = new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
  texts.forEach((text, index) => {
    const ranges = [...text.matchAll(pattern)].map((match) => /** @type {[number, number]} */ ([match.index, match.index + match[0].length]));
    if (ranges.length) found.set(index, ranges);
  });
  return found;
}

customElements.define("find-bar", FindBar);
