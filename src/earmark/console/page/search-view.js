// The search page: query, filters, results with the parts of their scores.

import { call, callIfThere, isAbort, query } from "./api.js";
import { endUserId } from "./account.js";
import { beside } from "./beside-panel.js";
import { fill, h, icon } from "./dom.js";
import { speakerField } from "./recording-filters.js";
import { recordingOf } from "./recording-names.js";
import { askPath, navigate, searchPath } from "./router.js";
import { draftScope } from "./scope-picker.js";
import { openingBeside, searchResult } from "./search-result.js";
import { empty, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { dayStart, sleep } from "./time.js";

const words = strings.search;
const LIMIT = 20;
const PAUSE_MS = 150;

export class SearchView extends HTMLElement {
  #q = "";
  /** @type {AbortController | null} */ #running = null;

  connectedCallback() {
    this.field = h("input", { type: "search", id: "search", autocomplete: "off", maxlength: 1000, placeholder: words.placeholder, oninput: () => void this.#typed() });
    const { field, names } = speakerField("search-speaker", () => void this.#typed());
    this.speaker = field;
    this.folder = h("select", { id: "search-folder", onchange: () => void this.#search(), onfocus: () => void this.#listFolders() }, h("option", { value: "" }, words.anyFolder));
    this.fromDay = h("input", { id: "search-after", type: "date", onchange: () => void this.#search() });
    this.toDay = h("input", { id: "search-before", type: "date", onchange: () => void this.#search() });
    this.results = h("div", { class: "results", "aria-live": "polite" });
    const submit = (/** @type {Event} */ event) => { event.preventDefault(); void this.#search(); };
    fill(this, h("div", { class: "page scrolls" }, h("h1", { tabindex: "-1" }, words.title),
      h("form", { class: "search-form", role: "search", onsubmit: submit },
        h("label", { for: "search", class: "sr-only" }, words.label), this.field,
        h("details", { class: "search-more" }, h("summary", {}, words.narrow), h("div", { class: "search-filters" },
          h("label", {}, words.speaker, this.speaker, names), h("label", {}, words.folder, this.folder), h("label", {}, words.after, this.fromDay), h("label", {}, words.before, this.toDay)))),
      this.results));
    this.addEventListener("open-moment", (/** @type {any} */ event) => this.#open(event.detail));
    beside().onmoment = (moment) => this.#open(moment);
  }

  disconnectedCallback() {
    this.#running?.abort();
  }

  /** @param {Extract<import("./router.js").Route, {view: "search"}>} route */
  async show({ q }) {
    document.title = `${words.title} · ${strings.product}`;
    if (q === this.#q && this.results.childElementCount) return;
    this.field.value = q;
    this.field.focus();
    await this.#search();
  }

  async #typed() {
    this.#running?.abort();
    const mine = this.#running = new AbortController();
    await sleep(PAUSE_MS);
    if (!mine.signal.aborted) await this.#search();
  }

  async #search() {
    const asked = this.field.value.trim();
    this.#q = asked;
    this.#running?.abort();
    const { signal } = this.#running = new AbortController();
    navigate(searchPath(asked), { replace: true, quiet: true });
    if (!asked) return fill(this.results, empty(words.empty, words.emptyLead));
    if (!this.results.querySelector(".result")) fill(this.results, loading(words.searching));
    try {
      const body = { query: asked, end_user_id: endUserId(), limit: LIMIT, explain: true, ...this.#filters() };
      const { results } = await call("/recordings/search", { method: "POST", body, signal });
      this.#show(asked, results);
    } catch (error) {
      if (!isAbort(error)) fill(this.results, statusLine(/** @type {Error} */ (error), () => void this.#search()));
    }
  }

  /** Fill the list of folders when it is first opened. */
  async #listFolders() {
    if (this.folder.options.length > 1) return;
    const found = await callIfThere(`/folders${query({ end_user_id: endUserId(), limit: 100 })}`, { isQuiet: true }).catch(() => null);
    this.folder.append(...(found?.data ?? []).map((/** @type {any} */ one) => h("option", { value: one.id }, one.name)));
  }

  #isNarrowed() {
    return Object.values(this.#filters()).some((one) => one !== undefined);
  }

  #filters() {
    return {
      speaker: this.speaker.value.trim() || undefined,
      folder_id: this.folder.value || undefined,
      recorded_after: dayStart(this.fromDay.value),
      recorded_before: dayStart(this.toDay.value, 1),
    };
  }

  /** @param {string} asked @param {any[]} results */
  #show(asked, results) {
    if (!results.length) return fill(this.results, empty(words.none, this.#isNarrowed() ? words.noneLead : words.noneFar));
    const ids = [...new Set(results.map((one) => one.recording_id))];
    const ask = () => {
      draftScope({ type: "recordings", ids, speaker: this.speaker.value.trim() || undefined });
      navigate(askPath());
    };
    const best = results[0].score || 1;
    fill(this.results,
      h("div", { class: "results-head" }, h("p", { class: "muted" }, words.found(results.length, ids.length)),
        h("button", { type: "button", class: "small", onclick: ask }, icon("ask"), words.ask(ids.length))),
      h("ol", {}, results.map((one) => this.#result(asked, one, best))));
  }

  /** @param {string} asked @param {any} hit @param {number} best */
  #result(asked, hit, best) {
    const play = h("button", { type: "button", class: "quiet", hidden: true, onclick: openingBeside(hit) }, icon("play"), words.play);
    void recordingOf(hit.recording_id).then((recording) => { play.hidden = !recording?.media?.length; });
    return searchResult(asked, hit, play, this.#score(hit, best));
  }

  /** @param {any} hit @param {number} best */
  #score(hit, best) {
    const parts = Object.entries(hit.parts ?? {}).filter(([name]) => name !== "final");
    return h("details", { class: "score" }, h("summary", {}, `${words.score} ${hit.score.toFixed(3)}`),
      h("dl", {}, parts.flatMap(([name, value]) => [h("dt", {}, words.parts[/** @type {keyof typeof words.parts} */ (name)] ?? name),
        h("dd", {}, h("meter", { min: 0, max: Math.max(best, Number(value)), value: Math.max(0, Number(value)), "aria-label": name }), Number(value).toFixed(3))])));
  }

  /** @param {{recording: string, at: number, from: HTMLElement | null}} moment */
  #open({ recording, at, from }) {
    beside().showRecording({ recording, at, citations: [], session: null, from });
  }
}

customElements.define("search-view", SearchView);
