// The history of a transcript: who corrected what and when, newest first; an edited segment's original text can be restored.

import { call, callIfThere, query } from "./api.js";
import { fill, h } from "./dom.js";
import { appendRows } from "./paged-rows.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { ago, atTime, exactTime } from "./time.js";

const words = strings.history;
const PAGE = 20;
const CUT = 1000; // longer values are cut in a history

/**
 * @typedef {{kind: "speaker_renamed" | "segment_text" | "segment_speaker", index: number | null, segment_count: number,
 *   old: string | null, new: string | null}} Change
 * @typedef {{revision: number, actor: string, created_at: string, change_count: number, changes: Change[]}} Revision
 */

class HistoryDialog {
  /** @type {import("./recording-reader.js").Segment[]} as they came */ #original = [];
  /** @type {Map<string, string>} names of keys, by id */ #keys = new Map();
  list = h("ol", { class: "history" });

  /** @param {import("./correcting.js").Corrections} corrections of the transcript that is shown */
  constructor(corrections) {
    this.corrections = corrections;
    this.path = `/transcriptions/${corrections.transcript.id}`;
  }

  open() {
    const from = /** @type {HTMLElement | null} */ (document.activeElement);
    this.dialog = h("dialog", { class: "history-dialog", "aria-labelledby": "history-title" },
      h("h2", { id: "history-title" }, words.title), h("p", { class: "muted" }, words.lead), this.list,
      h("div", { class: "dialog-foot" }, h("button", { type: "button", class: "primary", onclick: () => this.dialog.close() }, strings.close)));
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      if (from?.isConnected) from.focus();
    });
    document.body.append(this.dialog);
    this.dialog.showModal();
    void this.load();
  }

  async load() {
    fill(this.list, h("li", {}, loading()));
    try {
      const [page, original] = await Promise.all([this.#read(null), call(`${this.path}?original=true`), this.#name()]);
      this.#original = original.segments;
      fill(this.list, page.data.length ? null : h("li", { class: "muted" }, words.none));
      appendRows(this.list, page, (/** @type {Revision} */ one) => this.#revision(one), (cursor) => this.#read(cursor), words.more);
    } catch (error) {
      fill(this.list, h("li", {}, statusLine(/** @type {Error} */ (error), () => void this.load())));
    }
  }

  /** @param {string | null} cursor */
  #read(cursor) {
    return call(`${this.path}/history${query({ limit: PAGE, cursor })}`);
  }

  /** Owners see keys by their names. */
  async #name() {
    const page = await callIfThere("/keys?limit=100", { isQuiet: true }).catch(() => null);
    this.#keys = new Map((page?.data ?? []).map((/** @type {any} */ one) => [one.id, one.label ?? one.id]));
  }

  /** @param {Revision} one */
  #revision({ actor, created_at, change_count, changes }) {
    const rest = change_count - changes.length;
    return h("li", {}, h("p", { class: "history-head" }, h("time", { datetime: created_at, title: exactTime(created_at) }, ago(created_at)), " · ",
      words.by(this.#keys.get(actor) ?? actor)),
      h("ul", {}, changes.map((change) => h("li", {}, this.#change(change))), rest ? h("li", { class: "muted" }, words.rest(rest)) : null));
  }

  /** @param {Change} change */
  #change({ kind, index, segment_count, old, new: now }) {
    const names = [h("del", {}, old ?? strings.reading.unknownSpeaker), " → ", h("ins", {}, now ?? strings.reading.unknownSpeaker)];
    if (kind === "speaker_renamed" || index === null) return h("p", {}, names, " ", h("span", { class: "muted" }, words.segments(segment_count)));
    const where = h("span", { class: "source-time" }, atTime(this.#original[index].start * 1000));
    if (kind === "segment_speaker") return h("p", {}, where, " ", names);
    if (kind === "segment_unclear" || kind === "segment_clear") return h("p", {}, where, " ", kind === "segment_clear" ? words.clear : words.unclear);
    return [h("p", {}, where, " ", h("del", {}, cut(old))), h("p", {}, h("ins", {}, cut(now))), this.#restoring(index, old)];
  }

  /** @param {number} index @param {string | null} old what the change replaced */
  #restoring(index, old) {
    const { text } = this.#original[index];
    const isRestored = this.corrections.transcript.segments[index].text === text;
    const button = h("button", { type: "button", class: "small", "aria-label": words.restoreAt(atTime(this.#original[index].start * 1000)),
      onclick: async () => { button.disabled = true; await this.corrections.restore(index, text); await this.load(); } }, words.restore);
    return [old !== text && cut(text) !== cut(old) ? h("p", { class: "muted" }, words.original(text)) : null, isRestored ? null : button];
  }
}

/** @param {string | null} value */
const cut = (value) => (value && value.length >= CUT ? `${value.slice(0, CUT)}…` : value);

/** @param {import("./correcting.js").Corrections} corrections */
export const showHistory = (corrections) => new HistoryDialog(corrections).open();
