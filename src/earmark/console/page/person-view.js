// The page of somebody who speaks in recordings: what they said, decided, promised and asked.

import { call, isAbort, query } from "./api.js";
import { endUserId } from "./account.js";
import { beside } from "./beside-panel.js";
import { fill, h, icon } from "./dom.js";
import { ItemGroups, KINDS, kindChips, markChip, moreButton } from "./item-groups.js";
import { dayElement, monthOf } from "./recording-date.js";
import { listRecordings, nameOfRecording } from "./recording-names.js";
import { askPath, navigate, personPath, readingPath } from "./router.js";
import { draftScope } from "./scope-picker.js";
import { searchResult } from "./search-result.js";
import { empty, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { lengthOf, longDate, sleep } from "./time.js";

const words = strings.person;
const PAGE = 50;
const MOST_FOUND = 20;
const PAUSE_MS = 150;

export class PersonView extends HTMLElement {
  #name = "";
  /** @type {string} */ #kind = "said";
  /** @type {AbortController | null} */ #running = null;
  #month = "";

  connectedCallback() {
    this.heading = h("h1", { tabindex: "-1" });
    this.facts = h("div", { class: "muted person-facts" });
    this.chips = h("div", {});
    this.field = h("input", { type: "search", autocomplete: "off", maxlength: 1000, oninput: () => void this.#typed() });
    this.results = h("div", { class: "items", "aria-live": "polite" });
    fill(this, h("div", { class: "page scrolls" }, this.heading, this.facts, this.chips, this.results));
    this.addEventListener("open-moment", (/** @type {any} */ event) => this.#open(event.detail));
    beside().onmoment = (moment) => this.#open(moment);
  }

  disconnectedCallback() {
    this.#running?.abort();
  }

  /** @param {Extract<import("./router.js").Route, {view: "person"}>} route */
  async show({ name, kind }) {
    document.title = `${name} · ${strings.product}`;
    if (name !== this.#name) this.#begin(name);
    this.#kind = KINDS.find((one) => one === kind) ?? "said";
    markChip(this.chips, this.#kind);
    await this.#list();
  }

  /** @param {string} name */
  #begin(name) {
    this.#name = name;
    this.field.value = "";
    this.field.setAttribute("aria-label", words.search(name));
    this.field.placeholder = words.search(name);
    fill(this.heading, name);
    fill(this.facts);
    const items = KINDS.map((kind) => /** @type {[string, string, string]} */ ([kind, personPath(name, kind), strings.decisions.kinds[kind]]));
    fill(this.chips, kindChips(words.label, [["said", personPath(name), words.said], ...items]));
    void this.#count(name);
  }

  /** How much they speak. @param {string} name */
  async #count(name) {
    const page = await call(`/speakers${query({ end_user_id: endUserId(), name })}`, { isQuiet: true }).catch(() => null);
    if (!page || name !== this.#name) return;
    const [one] = page.data;
    fill(this.facts, h("p", {}, one ? words.facts(one.recording_count, lengthOf(one.duration_ms), one.last_recorded_at && longDate(one.last_recorded_at)) : words.nowhere),
      one?.is_machine_label ? h("p", { class: "notice" }, words.machine) : one ? this.#askButton(name) : null);
  }

  /** @param {string} name */
  #askButton(name) {
    const ask = () => {
      draftScope({ type: "library", speaker: name });
      navigate(askPath());
    };
    return h("button", { type: "button", class: "small", onclick: ask }, icon("ask"), words.ask(name));
  }

  async #typed() {
    this.#running?.abort();
    const mine = this.#running = new AbortController();
    await sleep(PAUSE_MS);
    if (!mine.signal.aborted) await this.#list();
  }

  async #list() {
    this.#running?.abort();
    const { signal } = this.#running = new AbortController();
    const asked = this.field.value.trim();
    const isSaid = this.#kind === "said";
    this.groups = new ItemGroups();
    this.groups.hasSpeakers = false;
    this.#month = "";
    if (!isSaid) fill(this.results, this.groups, loading());
    else if (!this.field.isConnected) fill(this.results, h("div", { class: "search-form", role: "search" }, this.field), h("div", { class: "results" }, loading()));
    try {
      if (!isSaid) await this.#items(null, signal);
      else if (asked) await this.#search(asked, signal);
      else await this.#recordings(null, signal);
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) fill(this.#place(), statusLine(/** @type {Error} */ (error), () => void this.#list()));
    }
  }

  /** @returns {HTMLElement} where the list is: below the search field if there is one */
  #place() {
    return this.results.querySelector(".results") ?? this.results;
  }

  /** @param {string | null} cursor @param {AbortSignal} signal */
  async #items(cursor, signal) {
    const page = await call(`/summary-items${query({ kind: this.#kind, end_user_id: endUserId(), speaker: this.#name, limit: PAGE, cursor })}`, { signal });
    await this.groups?.add(page.data);
    if (signal.aborted) return;
    this.results.querySelector(".loading, .more")?.remove();
    const kind = /** @type {import("./item-groups.js").Kind} */ (this.#kind);
    if (!page.data.length && !cursor) fill(this.results, empty(strings.decisions.none[kind], words.noneLead(this.#name)));
    if (page.has_more) this.results.append(moreButton(words.more, () => void this.#items(page.next_cursor, signal)));
  }

  /** The recordings in which they speak, by month. @param {string | null} cursor @param {AbortSignal} signal */
  async #recordings(cursor, signal) {
    const page = await listRecordings({ speaker: this.#name, sort: "recorded_at", limit: PAGE, cursor });
    if (signal.aborted) return;
    const place = this.#place();
    place.querySelector(".more")?.remove();
    if (!cursor) fill(place, page.data.length ? null : empty(words.nowhere, ""));
    for (const one of page.data) {
      if (monthOf(one) !== this.#month) place.append(h("h2", { class: "recordings-month" }, this.#month = monthOf(one)));
      place.append(h("div", { class: "recording-row" }, h("a", { class: "recording", href: readingPath(one.id) },
        h("span", { class: "recording-title" }, nameOfRecording(one)),
        h("span", { class: "recording-facts muted" }, dayElement(one), one.duration_ms ? ` · ${lengthOf(one.duration_ms)}` : null))));
    }
    if (page.has_more) place.append(moreButton(words.more, () => void this.#recordings(page.next_cursor, signal)));
  }

  /** @param {string} asked @param {AbortSignal} signal */
  async #search(asked, signal) {
    const body = { query: asked, end_user_id: endUserId(), speaker: this.#name, limit: MOST_FOUND };
    const { results } = await call("/recordings/search", { method: "POST", body, signal });
    if (!results.length) return fill(this.#place(), empty(strings.search.none, words.notSaid(this.#name)));
    return fill(this.#place(), h("ol", {}, results.map((/** @type {any} */ hit) => searchResult(asked, hit))));
  }

  /** @param {{recording: string, at: number, from: HTMLElement | null}} moment */
  #open({ recording, at, from }) {
    beside().showRecording({ recording, at, citations: [], session: null, from });
  }
}

customElements.define("person-view", PersonView);
