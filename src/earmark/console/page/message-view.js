// Renders a question or an answer in a chat.

import { renderAnswer, markdownOf } from "./answer-text.js";
import { citationChip } from "./citation-chip.js";
import { fill, h, icon, keepingFocus } from "./dom.js";
import { nameOfRecording, recordingOf } from "./recording-names.js";
import { copyText } from "./session-actions.js";
import { strings } from "./strings.js";
import { atTime, exactTime } from "./time.js";

const words = strings.ask;

/** @typedef {import("./turn.js").Message} Message */

/** @param {string} content @param {string} [id] of the message, if it is known */
export const questionView = (content, id) =>
  h("div", { class: "question", "data-message": id }, h("h2", { class: "sr-only" }, words.you), h("p", {}, content));

/**
 * @typedef {object} AnswerActions
 * @property {() => void} onsources show this answer's sources
 * @property {(() => void) | null} onagain answer again; null except for the last answer
 */

export class AnswerView extends HTMLElement {
  /** @type {string | null} */ session = null;
  body = h("div", { class: "answer-body" });
  foot = h("div", { class: "answer-foot" });
  #isAsked = false;

  connectedCallback() {
    if (this.body.isConnected) return;
    fill(this, h("h2", { class: "sr-only" }, words.answer), this.body, this.foot);
  }

  /**
   * Render streamed parts, at most once per frame.
   * @param {import("./turn.js").Part[]} parts
   */
  grow(parts) {
    this.parts = parts;
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      if (!this.message) this.#draw(parts, false);
      this.dispatchEvent(new Event("grown", { bubbles: true }));
    });
  }

  /** @param {string} text the status to show before the first text arrives */
  wait(text) {
    fill(this.body, h("p", { class: "waiting" }, h("span", { class: "pulse", "aria-hidden": "true" }), text));
  }

  /** @param {import("./turn.js").Part[]} parts @param {boolean} isVerbatim */
  #draw(parts, isVerbatim) {
    const chip = (/** @type {any} */ citation) => citationChip(citation, this.session);
    keepingFocus(this.body, () => fill(this.body, renderAnswer(parts, { isVerbatim, chip })));
  }

  /** Render a finished answer. @param {Message} message @param {AnswerActions} actions */
  finish(message, { onsources, onagain }) {
    this.message = message;
    this.#draw(message.parts, message.provider === "earmark");
    const isBuiltIn = message.provider === "earmark";
    const note = { cancelled: words.stopped, length: words.cut, content_filter: words.filtered }[message.finish_reason ?? ""];
    const count = message.sources?.length;
    fill(this.foot,
      note ? h("span", { class: "answer-note" }, note) : null,
      count ? h("button", { type: "button", class: "quiet", onclick: onsources }, icon("quote"), words.sourcesCount(count)) : null,
      h("button", { type: "button", class: "quiet", onclick: () => void this.#copy() }, icon("copy"), words.copy),
      onagain ? h("button", { type: "button", class: "quiet is-again", onclick: onagain }, icon("again"), words.again) : null,
      h("span", { class: "answer-by muted", title: `${isBuiltIn ? words.quoted : words.by(message.model ?? "")} · ${exactTime(message.created_at)}` },
        message.model));
  }

  async #copy() {
    const parts = this.message?.parts ?? [];
    const names = new Map();
    for (const part of parts) {
      if (part.type === "citation") names.set(part.recording_id, nameOfRecording(await recordingOf(part.recording_id)));
    }
    await copyText(markdownOf(parts, ({ recording_id, start_ms }) => `${names.get(recording_id)} · ${atTime(start_ms)}`));
  }
}

customElements.define("answer-view", AnswerView);
