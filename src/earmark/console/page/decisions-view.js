// What was decided, promised and left open in all recordings of a person, each item with its moment.

import { call, isAbort, query } from "./api.js";
import { endUserId } from "./account.js";
import { beside } from "./beside-panel.js";
import { fill, h } from "./dom.js";
import { ItemGroups, KINDS, kindChips, markChip, moreButton } from "./item-groups.js";
import { MissingSummaries } from "./missing-summaries.js";
import { decisionsPath, settingsPath } from "./router.js";
import { empty, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { dayStart } from "./time.js";

const words = strings.decisions;
const PAGE = 50;

/** @typedef {import("./item-groups.js").Kind} Kind */
/** @typedef {import("./item-groups.js").Item} Item */

export class DecisionsView extends HTMLElement {
  /** @type {Kind} */ #kind = "decision";
  /** @type {AbortController | null} */ #running = null;
  #groups = new ItemGroups();

  connectedCallback() {
    const changed = () => void this.#list();
    this.speaker = h("select", { onchange: changed }, h("option", { value: "" }, words.anyone));
    this.fromDay = h("input", { type: "date", onchange: changed });
    this.toDay = h("input", { type: "date", onchange: changed });
    this.kinds = kindChips(words.label, KINDS.map((kind) => [kind, decisionsPath(kind), words.kinds[kind]]));
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
    markChip(this.kinds, this.#kind);
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
    this.#groups = new ItemGroups();
    fill(this.results, this.#groups, loading());
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
      await this.#groups.add(page.data);
      if (signal.aborted) return;
      page.data.forEach((/** @type {Item} */ item) => this.#offerSpeaker(item.speaker));
      if (page.has_more) this.results.append(moreButton(words.more, () => void this.#more(page.next_cursor, signal)));
    } catch (error) {
      if (!isAbort(error)) fill(this.results, statusLine(/** @type {Error} */ (error), () => void this.#list()));
    }
  }

  /** @param {boolean} isFiltered */
  #none(isFiltered) {
    if (isFiltered) return empty(words.none[this.#kind], words.noneFiltered);
    return empty(words.none[this.#kind], words.noneLead, h("a", { class: "button", href: settingsPath("processing") }, words.settings));
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
