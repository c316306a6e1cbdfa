// The transcript's lines; only the visible ones are in the page.

import { h } from "./dom.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";
import { WindowedList } from "./windowed-list.js";

const words = strings.reading;
const LINE_PX = 27;
const CHAR_PX = 8;

/** @typedef {import("./recording-reader.js").Segment} Segment */

export class TranscriptLines extends WindowedList {
  /** @type {() => void} */ onfind = () => {};
  /** @type {(ms: number) => void} */ onhear = () => {};
  /** @type {() => void} */ ontoggle = () => {};
  /** @type {(fromMs: number, toMs: number) => void} */ onview = () => {};
  marked = -1;
  spoken = -1;
  /** @type {Set<number>} */ cited = new Set();
  /** @type {Map<number, [number, number][]>} */ found = new Map();

  /** @param {Segment[]} segments @param {Map<string, string>} colours */
  constructor(segments, colours) {
    super();
    this.segments = segments;
    this.colours = colours;
    /** @type {import("./windowed-list.js").Rows} */
    this.rows = {
      estimate: (index, width) => this.#estimate(index, width),
      render: (index) => this.#line(index),
      onview: (first, last) => {
        if (last >= 0) this.onview(segments[first].start * 1000, segments[last].end * 1000);
      },
    };
  }

  connectedCallback() {
    super.connectedCallback();
    this.className = "transcript";
    this.tabIndex = 0;
    this.setAttribute("aria-label", words.transcript);
    this.addEventListener("keydown", (event) => this.#keys(event));
    if (!this.count) requestAnimationFrame(() => this.setCount(this.segments.length));
  }

  /** @param {number} index */
  #begins(index) {
    return index === 0 || this.segments[index].speaker !== this.segments[index - 1].speaker;
  }

  /** @param {number} index @param {number} width */
  #estimate(index, width) {
    const perLine = Math.max(20, (Math.min(width, 760) - 90) / CHAR_PX);
    return Math.ceil(this.segments[index].text.length / perLine) * LINE_PX + 6 + (this.#begins(index) ? 34 : 0);
  }

  /** @param {number} index */
  #line(index) {
    const segment = this.segments[index];
    const speaker = segment.speaker ?? "";
    const time = atTime(segment.start * 1000);
    const row = h("div", { class: `line ${this.colours.get(speaker)}` },
      this.#begins(index) ? h("p", { class: "line-speaker" }, speaker || words.unknownSpeaker) : null,
      h("button", { type: "button", class: "line-time", tabindex: "-1", "aria-label": words.playFrom(time), onclick: () => this.#chosen(index) }, time),
      h("p", { class: "line-text" }, this.#text(index)));
    this.#mark(row, index);
    return row;
  }

  /** @param {number} index */
  #text(index) {
    const { text } = this.segments[index];
    const nodes = [];
    let at = 0;
    for (const [from, to] of this.found.get(index) ?? []) {
      nodes.push(text.slice(at, from), h("mark", {}, text.slice(from, to)));
      at = to;
    }
    return [...nodes, text.slice(at)];
  }

  /** @param {HTMLElement} row @param {number} index */
  #mark(row, index) {
    row.classList.toggle("is-marked", index === this.marked);
    row.classList.toggle("is-spoken", index === this.spoken);
    row.classList.toggle("is-cited", this.cited.has(index));
    if (index === this.marked) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }

  #remark() {
    for (let index = 0, row; index < this.count; index++) if ((row = this.rowAt(index))) this.#mark(row, index);
  }

  /** @param {number} index */
  #chosen(index) {
    this.#select(index);
    this.onhear(this.segments[index].start * 1000);
  }

  /** @param {number} ms @returns {number} the index of the segment at a moment, or of the last one before it */
  segmentAt(ms) {
    let [low, high] = [0, this.segments.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (Math.round(this.segments[middle].start * 1000) <= ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Highlight a moment and scroll to it. @param {number} ms @param {boolean} isFocused */
  goTo(ms, isFocused) {
    if (!this.count && this.isConnected) this.setCount(this.segments.length);
    this.#select(this.segmentAt(ms), true);
    if (isFocused) this.focus({ preventScroll: true });
  }

  /** @param {number} index @param {boolean} [isCentred] */
  #select(index, isCentred = false) {
    const to = Math.max(0, Math.min(index, this.count - 1));
    const before = this.marked;
    this.marked = to;
    if (isCentred) this.scrollToRow(to);
    else this.reveal(to);
    for (const one of [before, to]) {
      const row = this.rowAt(one);
      if (row) this.#mark(row, one);
    }
  }

  /** Highlight the segment at the audio's position. @param {number} ms */
  follow(ms) {
    const now = this.segmentAt(ms);
    if (now === this.spoken) return;
    const before = this.spoken;
    this.spoken = now;
    if (!this.contains(document.activeElement) || this.matches(":focus")) this.reveal(now);
    for (const one of [before, now]) {
      const row = this.rowAt(one);
      if (row) this.#mark(row, one);
    }
  }

  /** @param {number[]} moments ms */
  setCitations(moments) {
    this.cited = new Set(moments.map((ms) => this.segmentAt(ms)));
    this.#remark();
  }

  /** @param {Map<number, [number, number][]>} matches */
  setMatches(matches) {
    this.found = matches;
    this.refresh();
  }

  /** @param {number} index */
  select(index) {
    this.#select(index, true);
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.marked < 0 ? this.indexAt(this.scrollTop) - 1 : this.marked;
    const moves = {
      ArrowDown: () => this.#select(at + 1), j: () => this.#select(at + 1),
      ArrowUp: () => this.#select(at - 1), k: () => this.#select(at - 1),
      Home: () => this.#select(0), End: () => this.#select(this.count - 1),
      n: () => this.#select(this.#turn(at, 1)), p: () => this.#select(this.#turn(at, -1)),
      "]": () => this.#citation(at, 1), "[": () => this.#citation(at, -1),
      "/": () => this.onfind(),
      " ": () => this.ontoggle(),
      Enter: () => this.#chosen(Math.max(at, 0)),
    };
    const move = /** @type {Record<string, () => void>} */ (moves)[event.key];
    if (!move || (event.key === "Enter" && event.target !== this)) return;
    event.preventDefault();
    move();
  }

  /** @param {number} from @param {1 | -1} step @returns {number} the index where the next or this speaker begins */
  #turn(from, step) {
    let index = from + step;
    while (index > 0 && index < this.count && !this.#begins(index)) index += step;
    return index;
  }

  /** @param {number} from @param {1 | -1} step */
  #citation(from, step) {
    const all = [...this.cited].sort((a, b) => (a - b) * step);
    const next = all.find((index) => (index - from) * step > 0);
    if (next !== undefined) this.#select(next, true);
  }
}

customElements.define("transcript-lines", TranscriptLines);
