// The tabs of a recording's page: its transcript, and its summary, which a wide window shows beside the transcript.

import { fill, h } from "./dom.js";
import { strings } from "./strings.js";
import { SummaryTab } from "./summary-tab.js";

const words = strings.summary;
const ROOMY = matchMedia("(min-width: 1180px)"); // as in summaries.css

/** @typedef {"transcript" | "summary"} TabName */
/** @type {TabName[]} */
const NAMES = ["transcript", "summary"];

export class ReaderTabs extends HTMLElement {
  /** @type {TabName} */ chosen = "transcript";
  list = h("div", { role: "tablist", class: "reader-tablist", "aria-label": words.tabs,
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#keys(event) }, NAMES.map((name) => this.#tab(name)));
  pane = h("div", { role: "tabpanel", class: "pane-summary", id: "pane-summary", "aria-labelledby": "tab-summary" });

  /**
   * @param {any} recording
   * @param {import("./transcript-lines.js").TranscriptLines} lines
   * @param {(ms: number) => void} onmoment shows and plays a moment
   */
  constructor(recording, lines, onmoment) {
    super();
    this.recording = recording;
    this.lines = lines;
    this.onmoment = onmoment;
  }

  connectedCallback() {
    if (this.list.isConnected) return;
    const transcript = h("div", { role: "tabpanel", class: "pane-transcript", id: "pane-transcript", "aria-labelledby": "tab-transcript" }, this.lines);
    fill(this, this.list, h("div", { class: "reader-panes" }, this.pane, transcript));
    this.addEventListener("open-moment", (/** @type {any} */ event) => this.#open(event));
    this.choose("transcript");
  }

  /** @param {TabName} name */
  #tab(name) {
    return h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `pane-${name}`, onclick: () => this.choose(name) },
      name === "summary" ? words.title : words.transcript);
  }

  /** @param {TabName} name */
  choose(name) {
    this.chosen = name;
    for (const one of NAMES) {
      const tab = /** @type {HTMLElement} */ (this.list.querySelector(`#tab-${one}`));
      tab.setAttribute("aria-selected", String(one === name));
      tab.tabIndex = one === name ? 0 : -1;
    }
    this.classList.toggle("is-summary", name === "summary");
    this.pane.hidden = name !== "summary";
    if (name === "summary" && !this.summary) this.pane.append(this.summary = new SummaryTab(this.recording));
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    this.choose(this.chosen === "summary" ? "transcript" : "summary");
    /** @type {HTMLElement} */ (this.list.querySelector(`#tab-${this.chosen}`)).focus();
  }

  /** A moment of the summary: show it in the transcript, beside the summary if there is room. @param {any} event */
  #open(event) {
    event.stopPropagation();
    if (!ROOMY.matches) this.choose("transcript");
    requestAnimationFrame(() => this.onmoment(event.detail.at));
  }
}

customElements.define("reader-tabs", ReaderTabs);
