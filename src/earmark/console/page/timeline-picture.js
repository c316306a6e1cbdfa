// The timeline: one lane per speaker, one tick per citation, and a line at the current position.

import { fill, h, svg } from "./dom.js";
import { personPath } from "./router.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";

const words = strings.reading;
const WIDTH = 1000;
const LANE = 9;
const TOP = 12;
const MOST_LANES = 8;
const STEP_MS = 5000;

/** @typedef {import("./recording-reader.js").Segment} Segment */

export class TimelinePicture extends HTMLElement {
  /** @type {(ms: number) => void} */ onseek = () => {};
  #at = 0;

  /** @param {Segment[]} segments @param {Map<string, string>} colours @param {number} durationMs */
  constructor(segments, colours, durationMs) {
    super();
    this.segments = segments;
    this.colours = colours;
    this.durationMs = Math.max(1, durationMs);
  }

  connectedCallback() {
    if (this.firstChild) return;
    const lanes = lanesOf(this.segments, this.durationMs);
    const height = TOP + lanes.length * LANE + 2;
    this.height = height;
    this.view = svg("rect", { class: "timeline-view", y: TOP - 3, height: height - TOP + 3, rx: 2 });
    this.playhead = svg("line", { class: "timeline-playhead", y1: 0, y2: height });
    this.ticks = svg("g", { class: "timeline-ticks" });
    this.svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.view,
      lanes.map(([speaker, path], lane) => svg("path", { class: this.colours.get(speaker), d: path, transform: `translate(0 ${TOP + lane * LANE})` })),
      this.ticks, this.playhead);
    this.svg.style.height = `${Math.min(110, 14 + lanes.length * 10)}px`;
    this.slider = h("div", {
      class: "timeline", role: "slider", tabindex: "0", "aria-label": words.timeline, "aria-valuemin": 0,
      "aria-valuemax": Math.round(this.durationMs / 1000), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#keys(event),
      onclick: (/** @type {MouseEvent} */ event) => this.#clicked(event),
    }, this.svg);
    fill(this, this.slider, h("div", { class: "timeline-foot" }, this.#legend(lanes), h("span", { class: "muted" }, atTime(this.durationMs))));
    this.setPlayhead(0);
  }

  /** @param {[string, string][]} lanes */
  #legend(lanes) {
    return h("ul", { class: "legend", "aria-label": words.speakers }, lanes.map(([speaker]) =>
      h("li", { class: this.colours.get(speaker) }, speaker ? h("a", { href: personPath(speaker), title: strings.person.all(speaker) }, speaker) : words.unknownSpeaker)));
  }

  /** @param {number} ms */
  #x(ms) {
    return (ms / this.durationMs) * WIDTH;
  }

  /** @param {number} fromMs @param {number} toMs the visible part of the transcript */
  setView(fromMs, toMs) {
    this.view?.setAttribute("x", this.#x(fromMs).toFixed(1));
    this.view?.setAttribute("width", Math.max(4, this.#x(toMs - fromMs)).toFixed(1));
  }

  /** @param {number} ms */
  setPlayhead(ms) {
    this.#at = ms;
    const x = this.#x(ms).toFixed(1);
    this.playhead?.setAttribute("x1", x);
    this.playhead?.setAttribute("x2", x);
    const speaker = this.segments.findLast((one) => one.start * 1000 <= ms)?.speaker ?? "";
    this.slider?.setAttribute("aria-valuenow", String(Math.round(ms / 1000)));
    this.slider?.setAttribute("aria-valuetext", words.timelineValue(atTime(ms), speaker));
  }

  /** @param {number[]} moments ms */
  setCitations(moments) {
    const title = svg("title", {}, words.cited);
    this.ticks?.replaceChildren(title, ...moments.map((ms) => svg("path", { d: `M${this.#x(ms).toFixed(1)} 0v9` })));
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const box = this.svg.getBoundingClientRect();
    this.onseek(Math.round(((event.clientX - box.left) / box.width) * this.durationMs));
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const to = { ArrowRight: this.#at + STEP_MS, ArrowUp: this.#at + STEP_MS, ArrowLeft: this.#at - STEP_MS,
      ArrowDown: this.#at - STEP_MS, PageUp: this.#at + 12 * STEP_MS, PageDown: this.#at - 12 * STEP_MS,
      Home: 0, End: this.durationMs }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.onseek(Math.max(0, Math.min(to, this.durationMs)));
  }
}

/**
 * Draw each speaker's talk as one path; those who talk least share the last lane.
 * @param {Segment[]} segments
 * @param {number} durationMs
 * @returns {[string, string][]} speaker and path
 */
function lanesOf(segments, durationMs) {
  /** @type {Map<string, [number, number][]>} */ const talks = new Map();
  const gap = durationMs / WIDTH / 1000;
  for (const { speaker = "", start, end } of segments) {
    const talk = talks.get(speaker) ?? [];
    const last = talk.at(-1);
    if (last && start - last[1] < gap) last[1] = Math.max(last[1], end);
    else talk.push([start, end]);
    talks.set(speaker, talk);
  }
  const shown = [...talks].slice(0, MOST_LANES);
  const scale = (WIDTH * 1000) / durationMs;
  return shown.map(([speaker, talk]) => [speaker, talk.map(([start, end]) => {
    const width = Math.max(1.2, (end - start) * scale).toFixed(1);
    return `M${(start * scale).toFixed(1)} 0h${width}v${LANE - 2}h-${width}z`;
  }).join("")]);
}

customElements.define("timeline-picture", TimelinePicture);
