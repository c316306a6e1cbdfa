// Chooses a new chat's scope: everything, a folder, or selected recordings; in them everybody's words or one person's.

import { callIfThere, query } from "./api.js";
import { endUserId } from "./account.js";
import { fill, h, icon } from "./dom.js";
import { dayElement } from "./recording-date.js";
import { speakerField } from "./recording-filters.js";
import { listRecordings, nameOfRecording, recordingOf } from "./recording-names.js";
import { strings } from "./strings.js";
import { lengthOf } from "./time.js";

const words = strings.scope;

/** @typedef {({type: "library"} | {type: "folder", id: string, name: string} | {type: "recordings", ids: string[]}) & {speaker?: string}} Choice */

/** @type {Choice | null} the scope that another page has set for the next chat */
let draft = null;

/** @param {Choice} choice */
export function draftScope(choice) {
  draft = choice;
}

export function takeDraftScope() {
  const choice = draft;
  draft = null;
  return choice;
}

export class ScopePicker extends HTMLElement {
  /** @type {Choice} */ choice = { type: "library" };

  button = h("button", { type: "button", class: "scope-button", "aria-haspopup": "dialog", onclick: () => void this.#open() });

  connectedCallback() {
    fill(this, this.button);
    this.#name();
  }

  /** @param {Choice | null} choice */
  choose(choice) {
    if (choice) this.choice = choice;
    this.#name();
  }

  /** The scope in the API's form. */
  scope() {
    const { speaker } = this.choice;
    return { ...this.#recordings(), ...(speaker ? { speaker } : {}) };
  }

  #recordings() {
    if (this.choice.type === "library") return { type: "library" };
    if (this.choice.type === "folder") return { type: "folder", folder_id: this.choice.id };
    const ids = this.choice.ids;
    return ids.length === 1 ? { type: "recording", recording_id: ids[0] } : { type: "selected", recording_ids: ids };
  }

  #name() {
    const { choice } = this;
    const label = h("span", {}, choice.type === "library" ? words.everything : choice.type === "folder" ? choice.name : words.chosen(choice.ids.length));
    if (choice.type === "recordings" && choice.ids.length === 1) {
      void recordingOf(choice.ids[0]).then((recording) => fill(label, nameOfRecording(recording)));
    }
    fill(this.button, icon(choice.type === "folder" ? "folder" : "recordings"), h("span", { class: "sr-only" }, `${strings.ask.scope}: `), label,
      choice.speaker ? h("span", { class: "scope-speaker" }, `· ${choice.speaker}`) : null, icon("down"));
  }

  async #open() {
    const folders = await callIfThere(`/folders${query({ end_user_id: endUserId(), limit: 100 })}`, { isQuiet: true });
    const dialog = new ScopeDialog(this.choice, folders?.data ?? []);
    this.append(dialog.element);
    dialog.element.addEventListener("close", () => {
      if (dialog.result) this.choose(dialog.result);
      dialog.element.remove();
      this.button?.focus();
    });
    dialog.element.showModal();
  }
}

class ScopeDialog {
  /** @type {Choice | null} */ result = null;
  /** @type {Set<string>} */ chosen;

  /** @param {Choice} choice @param {any[]} folders */
  constructor(choice, folders) {
    this.chosen = new Set(choice.type === "recordings" ? choice.ids : []);
    /** @type {Choice | null} what counts while no recording is chosen */ this.rest = choice.type === "recordings" ? null : choice;
    const { field: speaker, names } = speakerField("scope-speaker", () => {});
    speaker.value = choice.speaker ?? "";
    this.speaker = speaker;
    this.list = h("ul", { class: "pick-list" });
    this.done = h("button", { type: "button", class: "primary", onclick: () => this.#finish(this.#picked()) });
    const find = h("input", { type: "search", "aria-label": words.find, placeholder: words.find, oninput: () => void this.#load(find.value) });
    this.element = /** @type {HTMLDialogElement} */ (h("dialog", { class: "scope-dialog", "aria-labelledby": "scope-title" },
      h("h2", { id: "scope-title" }, words.title),
      h("div", { class: "scope-ways" },
        this.#way("recordings", words.everything, words.everythingHint, choice.type === "library", { type: "library" }),
        folders.map((one) => this.#way("folder", one.name, strings.scope.chosen(one.recording_count), choice.type === "folder" && choice.id === one.id,
          { type: "folder", id: one.id, name: one.name }))),
      h("h3", {}, words.recordings), find, this.list,
      h("label", { class: "scope-said" }, words.speaker, speaker, names),
      h("div", { class: "dialog-foot" }, h("button", { type: "button", onclick: () => this.element.close() }, strings.cancel), this.done)));
    this.#count();
    void this.#load("");
  }

  /** @param {any} drawn @param {string} name @param {string} hint @param {boolean} isNow @param {Choice} choice */
  #way(drawn, name, hint, isNow, choice) {
    return h("button", { type: "button", class: isNow ? "scope-way is-now" : "scope-way", "aria-pressed": String(isNow), onclick: () => this.#finish(choice) },
      icon(drawn), h("span", {}, h("strong", {}, name), h("span", { class: "muted" }, hint)));
  }

  /** @param {string} q */
  async #load(q) {
    this.wanted = q;
    const page = await listRecordings({ q, isQuiet: true });
    if (this.wanted !== q) return;
    fill(this.list, page.data.map((/** @type {any} */ one) => this.#row(one)));
  }

  /** @param {import("./recording-names.js").Recording} recording */
  #row(recording) {
    const box = h("input", {
      type: "checkbox", checked: this.chosen.has(recording.id),
      onchange: () => {
        if (box.checked) this.chosen.add(recording.id);
        else this.chosen.delete(recording.id);
        this.#count();
      },
    });
    return h("li", {}, h("label", {}, box, h("span", {}, nameOfRecording(recording)),
      h("span", { class: "muted" }, dayElement(recording), recording.duration_ms ? ` · ${lengthOf(recording.duration_ms)}` : null)));
  }

  #count() {
    const pressed = this.chosen.size ? null : this.element?.querySelector(".is-now");
    for (const way of this.element?.querySelectorAll(".scope-way") ?? []) way.setAttribute("aria-pressed", String(way === pressed));
    this.done.disabled = !this.chosen.size && !this.rest;
    fill(this.done, this.chosen.size ? `${strings.scope.done}: ${words.chosen(this.chosen.size)}` : strings.scope.done);
  }

  /** @returns {Choice} */
  #picked() {
    if (!this.chosen.size && this.rest) return this.rest;
    return { type: "recordings", ids: [...this.chosen].slice(0, 500) };
  }

  /** @param {Choice} choice */
  #finish(choice) {
    this.result = { ...choice, speaker: this.speaker.value.trim() || undefined };
    this.element.close();
  }
}

customElements.define("scope-picker", ScopePicker);
