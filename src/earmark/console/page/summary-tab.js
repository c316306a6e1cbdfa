// The summary of a recording: starts one, follows it, shows, corrects and copies it.

import { ApiError, AwayError, call, query } from "./api.js";
import { askChoice } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { fill, h, icon } from "./dom.js";
import { nameOfRecording, recordingOf } from "./recording-names.js";
import { copyText } from "./session-actions.js";
import { speak } from "./spoken.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { summaryEditor } from "./summary-editor.js";
import { summaryFields, summaryMarkdown } from "./summary-fields.js";
import { longDate, sleep } from "./time.js";
import { say } from "./undo.js";

const words = strings.summary;
const EVERY_MS = 1000;
const MOST = 50;

/**
 * @typedef {{id: string, name: string}} Template
 * @typedef {{id: string, status: string, template_id: string | null, custom_prompt: string | null, provider: string | null,
 *   model: string | null, dropped_items: number | null, is_stale: boolean, error_message: string | null, created_at: string,
 *   completed_at: string | null, output?: Record<string, any> | null,
 *   citations?: Record<string, import("./moment-link.js").Citation[]>}} Summary
 */

/** @param {Summary} one */
const isUnderWay = (one) => one.status === "pending" || one.status === "processing";

export class SummaryTab extends HTMLElement {
  #stop = new AbortController();
  #shown = "";
  /** @type {Template[]} */ templates = [];
  /** @type {Summary[]} */ all = [];

  /** @param {{id: string, transcription_id: string | null}} recording */
  constructor(recording) {
    super();
    this.recording = recording;
  }

  connectedCallback() {
    if (this.body) return;
    this.body = h("div", { class: "summary" });
    fill(this, this.body);
    void this.load(null);
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  /** List the summaries and show one, without an id the newest. @param {string | null} id */
  async load(id) {
    fill(this.body, loading());
    try {
      const [page, templates] = await Promise.all([
        call(`/summaries${query({ recording_id: this.recording.id, limit: MOST })}`), call("/summary-templates", { isQuiet: true })]);
      [this.all, this.templates] = [page.data, templates.data];
      const chosen = this.all.find((one) => one.id === id) ?? this.all[0];
      if (chosen) await this.open(chosen.id);
      else fill(this.body, this.#invitation(words.none, words.noneLead));
    } catch (error) {
      fill(this.body, statusLine(/** @type {Error} */ (error), () => void this.load(id)));
    }
  }

  /** Show a summary; follow it until it has ended. @param {string} id */
  async open(id) {
    const { signal } = this.#stop;
    this.#shown = id;
    try {
      for (let isFirst = true; ; isFirst = false) {
        const one = await this.#read(id, isFirst);
        if (this.#shown !== id || signal.aborted) return;
        if (one && !isUnderWay(one)) return isFirst ? this.#show(one) : this.#ended(one);
        if (one) this.#progress(one);
        await sleep(EVERY_MS);
        signal.throwIfAborted();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 404) return void this.load(null);
      fill(this.body, statusLine(/** @type {Error} */ (error), () => void this.open(id)));
    }
  }

  /** @param {string} id @param {boolean} isFirst @returns {Promise<Summary | null>} null while the server can't be reached */
  async #read(id, isFirst) {
    try {
      return await call(`/summaries/${id}`, { isQuiet: !isFirst });
    } catch (error) {
      if (error instanceof AwayError && !isFirst) return null;
      throw error;
    }
  }

  /** A summary that was followed has ended: list it, since it took an earlier one's place. @param {Summary} one */
  async #ended(one) {
    const page = await call(`/summaries${query({ recording_id: this.recording.id, limit: MOST })}`, { isQuiet: true });
    this.all = page.data;
    this.#show(one);
    if (!this.contains(document.activeElement) && document.activeElement === document.body) this.body.querySelector("h2")?.focus({ preventScroll: true });
    speak(one.status === "completed" ? words.ready : words.failed);
  }

  /** @param {Summary} one */
  #show(one) {
    fill(this.body, one.status === "failed" ? this.#failure(one) : this.#summary(one));
  }

  // ---- starting one ----

  /** @param {string} [chosen] */
  #picker(chosen) {
    const select = h("select", { id: "summary-template" }, this.templates.map(({ id, name }) => h("option", { value: id }, name)));
    if (chosen && this.templates.some((one) => one.id === chosen)) select.value = chosen;
    const start = h("button", { type: "button", class: "primary", onclick: () => void this.#start(select.value) }, words.start);
    return h("div", { class: "summary-start" }, h("label", { for: "summary-template" }, words.template), select, start);
  }

  /** @param {string} title @param {string} text */
  #invitation(title, text) {
    return h("div", { class: "empty" }, h("h2", { tabindex: "-1" }, title), h("p", { class: "muted" }, text), this.#picker());
  }

  /** @param {Summary} one */
  #failure(one) {
    return [this.#switch(one), h("div", { class: "empty" }, h("h2", { tabindex: "-1" }, words.failed),
      h("p", { class: "problem", role: "alert" }, one.error_message ?? ""), this.#picker(one.template_id ?? ""))];
  }

  /** @param {string} template_id */
  async #start(template_id) {
    try {
      const body = { transcription_id: this.recording.transcription_id, template_id };
      const started = await call("/summaries", { method: "POST", body });
      this.all = [started, ...this.all.filter((one) => one.id !== started.id)];
      await this.open(started.id);
    } catch (error) {
      say(problemOf(error));
    }
  }

  async #again() {
    const options = this.templates.map(({ id, name }) => ({ value: id, label: name }));
    const template = await askChoice({ title: words.againTitle, options, button: words.start });
    if (template) await this.#start(template);
  }

  /** @param {Summary} one a summary that is under way */
  #progress(one) {
    const text = one.status === "pending" ? words.waiting : words.writing;
    const line = this.body.querySelector(".summary-progress p");
    if (line) return line.textContent === text || fill(line, text);
    const cancel = async () => {
      await call(`/summaries/${one.id}/cancel`, { method: "POST" }).catch((error) => say(problemOf(error)));
    };
    return fill(this.body, h("div", { class: "summary-progress" }, h("h2", { class: "sr-only", tabindex: "-1" }, words.title),
      h("p", { role: "status" }, text), h("progress", { "aria-label": words.writing }),
      h("button", { type: "button", class: "small", onclick: () => void cancel() }, words.cancel)));
  }

  // ---- showing one ----

  /** @param {Summary} one */
  #nameOf({ template_id, custom_prompt }) {
    if (!template_id) return `${words.ownPrompt}: ${(custom_prompt ?? "").slice(0, 60)}`;
    return this.templates.find(({ id }) => id === template_id)?.name ?? words.goneTemplate;
  }

  /** Choose among several summaries. @param {Summary} one */
  #switch(one) {
    if (this.all.length < 2) return null;
    const select = h("select", { id: "summary-which", onchange: () => void this.open(select.value) }, this.all.map((other) =>
      h("option", { value: other.id }, `${this.#nameOf(other)} · ${longDate(other.created_at)}`)));
    select.value = one.id;
    return h("div", { class: "summary-which" }, h("label", { for: "summary-which" }, words.which), select);
  }

  /** @param {Summary} one */
  #summary(one) {
    const { output, citations } = { output: one.output ?? {}, citations: one.citations ?? {} };
    const facts = [this.all.length < 2 ? this.#nameOf(one) : "", one.provider && one.model ? words.by(one.model) : words.quoted,
      longDate(one.completed_at ?? one.created_at), one.dropped_items ? words.dropped(one.dropped_items) : ""];
    const stale = one.is_stale ? h("p", { class: "summary-stale" }, words.stale) : null;
    const action = (/** @type {any} */ name, /** @type {string} */ label, /** @type {() => void} */ run) =>
      h("button", { type: "button", class: "quiet", onclick: run }, icon(name), label);
    return [this.#switch(one), h("h2", { class: "sr-only", tabindex: "-1" }, words.title),
      h("p", { class: "muted summary-facts" }, facts.filter(Boolean).join(" · ")), stale,
      h("div", { class: "summary-actions" }, action("again", words.again, () => void this.#again()),
        action("edit", words.edit, () => this.#edit(one)), action("copy", words.copy, () => void this.#copy(one))),
      ...summaryFields(output, citations, this.recording.id)];
  }

  /** @param {Summary} one */
  async #copy({ output, citations }) {
    const name = nameOfRecording(await recordingOf(this.recording.id));
    await copyText(summaryMarkdown(name, output ?? {}, citations ?? {}));
  }

  /** @param {Summary} one */
  #edit(one) {
    const onsave = async (/** @type {Record<string, any>} */ output) => {
      try {
        this.#show(await call(`/summaries/${one.id}`, { method: "PATCH", body: { output } }));
        say(words.saved, undefined, 2500);
        this.body.querySelector("h2")?.focus({ preventScroll: true });
      } catch (error) {
        say(problemOf(error));
      }
    };
    const back = () => {
      this.#show(one);
      this.body.querySelector("h2")?.focus({ preventScroll: true });
    };
    fill(this.body, h("h2", { class: "sr-only", tabindex: "-1" }, words.edit), summaryEditor(one.output ?? {}, { onsave, oncancel: back }));
    /** @type {HTMLElement | null} */ (this.body.querySelector("textarea"))?.focus({ preventScroll: true });
  }
}

customElements.define("summary-tab", SummaryTab);
