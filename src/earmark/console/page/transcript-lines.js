// The transcript's lines; only the visible ones are in the page.

import { h } from "./dom.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";
import { WindowedList } from "./windowed-list.js";

const words = strings.reading;
const LINE_PX = 27;
const CHAR_PX = 8;

/** @typedef {import("./recording-reader.js").Segment} Segment */
/** @typedef {{index: number, text: string, isUnclear: boolean}} Editing */

export class TranscriptLines extends WindowedList {
  /** @type {() => void} */ onfind = () => {};
  /** @type {(ms: number) => void} */ onhear = () => {};
  /** @type {(fromMs: number, toMs: number) => void} */ onview = () => {};
  /** @type {((speaker: string) => void) | null} null: names can't be changed here */ onrename = null;
  /** @type {((index: number, text: string, isUnclear: boolean) => void) | null} null: words can't be changed here */ onedit = null;
  /** @type {Editing | null} the segment whose words are being edited */ #editing = null;
  /** @type {(isFollowing: boolean) => void} */ onfollowing = () => {};
  /** Whether the spoken segment stays in view. */
  isFollowing = true;
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
        if (last >= 0) this.onview(this.segments[first].start * 1000, this.segments[last].end * 1000);
      },
    };
  }

  connectedCallback() {
    super.connectedCallback();
    this.className = "transcript";
    this.tabIndex = 0;
    this.setAttribute("aria-label", words.transcript);
    for (const name of ["wheel", "touchmove"]) this.addEventListener(name, () => this.setFollowing(false), { passive: true });
    if (!this.count) requestAnimationFrame(() => this.setCount(this.segments.length));
  }

  /** Show corrected segments in place. @param {Segment[]} segments @param {Map<string, string>} colours */
  setSegments(segments, colours) {
    const hadFocus = this.contains(document.activeElement);
    this.segments = segments;
    this.colours = colours;
    this.refresh();
    if (hadFocus) this.focus({ preventScroll: true });
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
    const isUnclear = Boolean(segment.is_unclear);
    const row = h("div", { class: `line ${this.colours.get(speaker)}${isUnclear ? " is-unclear" : ""}` },
      this.#begins(index) ? h("p", { class: "line-speaker" }, this.#name(speaker)) : null,
      h("button", { type: "button", class: "line-time", tabindex: "-1", "aria-label": words.playFrom(time), onclick: () => this.#chosen(index) }, time),
      this.#editing?.index === index ? this.#editor(this.#editing, time)
        : h("p", { class: "line-text", ondblclick: () => this.#edit(index) }, this.#text(index), isUnclear ? [" ", h("span", { class: "mark-unclear" }, words.unclear)] : null));
    this.#mark(row, index);
    return row;
  }

  /** @param {string} speaker */
  #name(speaker) {
    const { onrename } = this;
    if (!speaker || !onrename) return speaker || words.unknownSpeaker;
    return h("button", { type: "button", tabindex: "-1", title: strings.correcting.rename(speaker), onclick: () => onrename(speaker) }, speaker);
  }

  /** @param {number} index */
  #edit(index) {
    if (!this.onedit || !this.segments[index]) return;
    this.#select(index);
    const { text, is_unclear } = this.segments[index];
    this.#editing = { index, text, isUnclear: Boolean(is_unclear) };
    this.refresh();
    const field = /** @type {HTMLTextAreaElement | undefined} */ (this.rowAt(index)?.querySelector("textarea"));
    field?.focus({ preventScroll: true });
    field?.setSelectionRange(field.value.length, field.value.length);
    getSelection()?.removeAllRanges();
  }

  /** @param {Editing} editing @param {string} time */
  #editor(editing, time) {
    const done = (/** @type {boolean} */ isSaved) => {
      this.#editing = null;
      this.refresh();
      this.focus({ preventScroll: true });
      if (isSaved) this.onedit?.(editing.index, editing.text, editing.isUnclear);
    };
    const keyed = (/** @type {KeyboardEvent} */ event) => {
      event.stopPropagation();
      if (event.isComposing || !(event.key === "Escape" || (event.key === "Enter" && !event.shiftKey))) return;
      event.preventDefault();
      done(event.key === "Enter");
    };
    const unclear = h("input", { type: "checkbox", checked: editing.isUnclear, onchange: () => { editing.isUnclear = unclear.checked; }, onkeydown: keyed });
    const field = h("textarea", {
      "aria-label": strings.correcting.edit(time), maxlength: 10_000, rows: Math.min(12, 1 + Math.ceil(editing.text.length / 70)),
      oninput: () => { editing.text = field.value; }, onkeydown: keyed,
    });
    field.value = editing.text;
    return h("div", { class: "line-editor" }, field,
      h("div", { class: "line-editor-foot" }, h("label", {}, unclear, strings.correcting.unclear), h("button", { type: "button", class: "small", onclick: () => done(false) }, strings.cancel),
        h("button", { type: "button", class: "small primary", onclick: () => done(true) }, strings.save)));
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

  /** @param {boolean} isFollowing */
  setFollowing(isFollowing) {
    if (isFollowing && this.spoken >= 0) this.reveal(this.spoken);
    if (isFollowing === this.isFollowing) return;
    this.isFollowing = isFollowing;
    this.onfollowing(isFollowing);
  }

  /** Highlight the segment at the audio's position. @param {number} ms */
  follow(ms) {
    const now = this.segmentAt(ms);
    if (now === this.spoken) return;
    const before = this.spoken;
    this.spoken = now;
    if (this.isFollowing && (!this.contains(document.activeElement) || this.matches(":focus"))) this.reveal(now);
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

  /** Do what a key stands for. @param {KeyboardEvent} event */
  press(event) {
    const at = this.marked < 0 ? this.indexAt(this.scrollTop) - 1 : this.marked;
    const moves = {
      ArrowDown: () => this.#select(at + 1), j: () => this.#select(at + 1),
      ArrowUp: () => this.#select(at - 1), k: () => this.#select(at - 1),
      Home: () => this.#select(0), End: () => this.#select(this.count - 1),
      n: () => this.#select(this.#turn(at, 1)), p: () => this.#select(this.#turn(at, -1)),
      "]": () => this.#citation(at, 1), "[": () => this.#citation(at, -1),
      "/": () => this.onfind(),
      e: () => this.#edit(Math.max(at, 0)),
      u: () => this.#toggleUnclear(Math.max(at, 0)),
      r: () => this.#rename(Math.max(at, 0)),
      Enter: () => this.#chosen(Math.max(at, 0)),
    };
    const move = /** @type {Record<string, () => void>} */ (moves)[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  /** @param {number} index */
  #toggleUnclear(index) {
    const { text, is_unclear } = this.segments[index];
    this.onedit?.(index, text, !is_unclear);
  }

  /** @param {number} index */
  #rename(index) {
    const { speaker } = this.segments[index];
    if (speaker) this.onrename?.(speaker);
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
