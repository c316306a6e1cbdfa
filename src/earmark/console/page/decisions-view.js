// What was decided, promised and left open in all recordings of a person, each item with its moment.

import { call, isAbort, query } from "./api.js";
import { endUserId } from "./account.js";
import { beside } from "./beside-panel.js";
import { fill, h } from "./dom.js";
import { MissingSummaries } from "./missing-summaries.js";
import { momentLink } from "./moment-link.js";
import { dayOfRecording } from "./recording-date.js";
import { decisionsPath, readingPath, settingsPath } from "./router.js";
import { empty, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { dayStart } from "./time.js";

const words = strings.decisions;
const PAGE = 50;

/** @typedef {"decision" | "action_item" | "open_question"} Kind */
/** @typedef {{kind: Kind, text: string, speaker: string | null, recording_id: string, recording_name: string | null,
 *   recorded_at: string | null, citation: import("./moment-link.js").Citation | null}} Item */
/** @type {Kind[]} */
const KINDS = ["decision", "action_item", "open_question"];

export class DecisionsView extends HTMLElement {
  /** @type {Kind} */ #kind = "decision";
  /** @type {AbortController | null} */ #running = null;
  /** @type {string | null} the recording whose items were listed last */ #last = null;
  /** @type {HTMLElement | null} */ #group = null;

  connectedCallback() {
    const changed = () => void this.#list();
    this.speaker = h("select", { onchange: changed }, h("option", { value: "" }, words.anyone));
    this.fromDay = h("input", { type: "date", onchange: changed });
    this.toDay = h("input", { type: "date", onchange: changed });
    this.kinds = h("nav", { class: "chips", "aria-label": words.label }, h("ul", {}, KINDS.map((kind) =>
      h("li", {}, h("a", { class: "folder", href: decisionsPath(kind), "data-kind": kind }, words.kinds[kind])))));
    this.results = h("div", { class: "items", "aria-live": "polite" });
    this.missing = new MissingSummaries();
    this.missing.onwritten = changed;
    fill(this, h("div", { class: "page scrolls" }, h("h1", { tabindex: "-1" }, words.title), this.kinds,
      h("div", { class: "search-filters", role: "group", "aria-label": words.filters }, h("label", {}, words.speaker, this.speaker),
        h("label", {}, words.after, this.fromDay), h("label", {}, words.before, this.toDay)), this.missing, this.results));
    this.addEventListener("open-moment", (/** @type {any} */ event) => this.#open(event.detail));
    beside().onmoment = (moment) => this.#open(moment);
  }

  disconnectedCallback() {
    this.#running?.abort();
  }

  /** @param {Extract<import("./router.js").Route, {view: "decisions"}>} route */
  async show({ kind }) {
    this.#kind = KINDS.find((one) => one === kind) ?? "decision";
    document.title = `${words.kinds[this.#kind]} · ${strings.product}`;
    for (const link of this.kinds.querySelectorAll("a")) {
      if (link.dataset.kind === this.#kind) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    await Promise.all([this.#list(), this.missing?.load()]);
  }

  #filters() {
    return {
      speaker: this.speaker.value, recorded_after: dayStart(this.fromDay.value), recorded_before: dayStart(this.toDay.value, 1),
    };
  }

  async #list() {
    this.#running?.abort();
    this.#running = new AbortController();
    [this.#last, this.#group] = [null, null];
    fill(this.results, loading());
    await this.#more(null, this.#running.signal);
  }

  /** @param {string | null} cursor @param {AbortSignal} signal */
  async #more(cursor, signal) {
    const filters = this.#filters();
    try {
      const asked = { kind: this.#kind, end_user_id: endUserId(), limit: PAGE, cursor, ...filters };
      const page = await call(`/summary-items${query(asked)}`, { signal });
      this.results.querySelector(".loading, .more")?.remove();
      if (!page.data.length && !cursor) return fill(this.results, this.#none(Object.values(filters).some(Boolean)));
      page.data.forEach((/** @type {Item} */ item) => this.#add(item));
      if (!page.has_more) return;
      const more = h("button", { type: "button", class: "more", onclick: () => { more.disabled = true; void this.#more(page.next_cursor, signal); } }, words.more);
      this.results.append(more);
    } catch (error) {
      if (!isAbort(error)) fill(this.results, statusLine(/** @type {Error} */ (error), () => void this.#list()));
    }
  }

  /** @param {boolean} isFiltered */
  #none(isFiltered) {
    if (isFiltered) return empty(words.none[this.#kind], words.noneFiltered);
    return empty(words.none[this.#kind], words.noneLead, h("a", { class: "button", href: settingsPath("processing") }, words.settings));
  }

  /** @param {Item} item */
  #add(item) {
    if (item.recording_id !== this.#last || !this.#group) this.#begin(item);
    this.#offerSpeaker(item.speaker);
    const where = item.citation ? [" ", momentLink(item.citation)] : [];
    this.#group?.append(h("li", {}, item.text, where));
  }

  /** Begin the items of another recording. @param {Item} item */
  #begin({ recording_id, recording_name }) {
    this.#last = recording_id;
    this.#group = h("ul", {});
    this.results.append(h("section", { class: "item-group" }, h("h2", {},
      h("a", { href: readingPath(recording_id) }, recording_name ?? strings.scope.unnamed),
      h("span", { class: "muted" }, dayOfRecording(recording_id))), this.#group));
  }

  /** Those who said what is listed can be chosen. @param {string | null} speaker */
  #offerSpeaker(speaker) {
    const known = /** @type {HTMLOptionElement[]} */ ([...this.speaker.options]);
    if (!speaker || known.some((one) => one.value === speaker)) return;
    const next = known.slice(1).find((one) => one.value.localeCompare(speaker) > 0) ?? null;
    this.speaker.insertBefore(h("option", { value: speaker }, speaker), next);
  }

  /** @param {{recording: string, at: number, from: HTMLElement | null}} moment */
  #open({ recording, at, from }) {
    beside().showRecording({ recording, at, citations: [], session: null, from });
  }
}

customElements.define("decisions-view", DecisionsView);
