// The messages of one chat, and its running turn.

import { ApiError, callIfThere } from "./api.js";
import { fill, h } from "./dom.js";
import { AnswerView, questionView } from "./message-view.js";
import { readingPath } from "./router.js";
import { SentenceSpeaker, speak } from "./spoken.js";
import { strings } from "./strings.js";
import { failureOf } from "./turn.js";

const words = strings.ask;

/** @typedef {import("./turn.js").Message} Message */

export class Conversation extends HTMLElement {
  /** @type {string | null} */ session = null;
  /** @type {string[]} the recordings of the chat's scope, if listed */ recordingIds = [];
  /** @type {(content: string) => void} */ onask = () => {};
  /** @type {(userMessageId: string) => void} */ onagain = () => {};
  /** @type {(sources: any[]) => void} */ onsources = () => {};
  isBusy = false;
  log = h("div", { class: "log" });
  tail = h("div", { class: "tail" });

  connectedCallback() {
    if (!this.log.isConnected) this.append(this.log, this.tail);
  }

  /** Show stored messages, oldest first. @param {Message[]} messages */
  show(messages) {
    this.isBusy = false;
    fill(this.log);
    fill(this.tail);
    this.prepend_(messages, true);
  }

  /** @param {Message[]} messages @param {boolean} hasLast */
  prepend_(messages, hasLast) {
    const views = [];
    let lastQuestion = "";
    for (const message of messages) {
      if (message.role === "user") {
        views.push(questionView(message.content, message.id));
        lastQuestion = message.id;
        continue;
      }
      const view = this.#answer();
      const isLast = hasLast && message === messages.at(-1);
      this.#finish(view, message, isLast ? lastQuestion : null);
      view.dataset.message = message.id;
      views.push(view);
    }
    this.log.prepend(...views);
  }

  #answer() {
    const view = new AnswerView();
    view.session = this.session;
    return view;
  }

  /** @param {AnswerView} view @param {Message} message @param {string | null} question */
  #finish(view, message, question) {
    view.finish(message, {
      onsources: () => this.onsources(message.sources ?? []),
      onagain: question ? () => this.onagain(question) : null,
    });
  }

  /** Scroll to a message that was found, and mark it. @param {string} id @returns {boolean} whether it is on the page */
  reveal(id) {
    const view = /** @type {HTMLElement | null} */ (this.log.querySelector(`[data-message="${CSS.escape(id)}"]`));
    if (!view) return false;
    for (const one of this.log.querySelectorAll(".is-found")) one.classList.remove("is-found");
    view.classList.add("is-found");
    view.tabIndex = -1;
    view.scrollIntoView({ block: "center" });
    view.focus({ preventScroll: true });
    return true;
  }

  /** Scroll to a message, with earlier ones loaded until it is there. @param {string} id @param {() => Promise<boolean>} older */
  async find(id, older) {
    while (!this.reveal(id)) if (!(await older())) return;
  }

  /** Return the citations of all answers on the page. */
  citations() {
    return [...this.log.querySelectorAll("answer-view")]
      .flatMap((view) => (/** @type {AnswerView} */ (view).message?.parts ?? /** @type {AnswerView} */ (view).parts ?? []))
      .filter((part) => part.type === "citation");
  }

  /**
   * Show a turn from its start to its end.
   * @param {import("./turn.js").Turn} turn
   * @param {{isAgain?: boolean, isFollowed?: boolean}} [options]
   */
  watch(turn, { isAgain = false, isFollowed = false } = {}) {
    fill(this.tail);
    for (const stale of this.log.querySelectorAll(".answer-foot .is-again")) stale.remove();
    const old = isAgain ? this.log.lastElementChild : null;
    if (!isAgain && !isFollowed) this.log.append(questionView(turn.content));
    const view = this.#answer();
    this.log.append(view);
    if (old) old.hidden = true;
    const speaker = new SentenceSpeaker();
    view.wait(words.thinking);
    speak(words.thinking);
    this.isBusy = true;
    const changed = () => {
      if (!view.isConnected) return; // another chat is shown meanwhile
      view.session = this.session = turn.sessionId;
      if (turn.state === "running") return this.#running(view, turn, speaker);
      turn.removeEventListener("change", changed);
      this.isBusy = false;
      if (turn.state === "done") {
        speaker.hear(turn.parts, true);
        old?.remove();
        this.#finish(view, /** @type {Message} */ ({ ...turn.message, sources: turn.sources }), turn.userMessageId);
      } else {
        view.remove();
        if (old) old.hidden = false;
        this.failed(/** @type {Error} */ (turn.error), () => this.dispatchEvent(new CustomEvent("retry", { detail: { turn, isAgain } })));
      }
    };
    turn.addEventListener("change", changed);
  }

  /** @param {AnswerView} view @param {import("./turn.js").Turn} turn @param {SentenceSpeaker} speaker */
  #running(view, turn, speaker) {
    if (!turn.parts.length) return;
    view.grow(turn.parts);
    speaker.hear(turn.parts, false);
  }

  /**
   * Show below an unanswered question why it failed, with a button to try again.
   * @param {Error | null} error null if the reason is unknown
   * @param {() => void} again
   */
  failed(error, again) {
    const text = error ? failureOf(error) : words.failed;
    const button = h("button", { type: "button", class: "primary", onclick: () => { fill(this.tail); again(); } }, strings.tryAgain);
    const isUnready = error instanceof ApiError && error.code === "transcription_not_ready" && this.recordingIds.length;
    fill(this.tail, h("div", { class: "failed", role: "alert" },
      h("p", {}, text), h("p", { class: "muted" }, words.saved),
      h("div", { class: "failed-actions" }, button,
        isUnready ? h("a", { class: "button", href: readingPath(this.recordingIds[0]) }, words.addTranscript) : null)));
    if (error instanceof ApiError && error.retryAfterS > 0) countDown(button, error.retryAfterS);
  }

  /** Add the "answer again" button to the last answer. @param {string} question */
  allowAgain(question) {
    const view = this.log.lastElementChild;
    if (view instanceof AnswerView && view.message) this.#finish(view, view.message, question);
  }

  /** Show suggested next questions, if the server has any. */
  async suggest() {
    const session = this.session;
    const found = await callIfThere(`/ask/sessions/${session}/suggestions`, { isQuiet: true }).catch(() => null);
    if (!found?.suggestions?.length || session !== this.session || this.isBusy || this.tail.childElementCount) return;
    fill(this.tail, h("div", { class: "suggestions" }, h("h2", { class: "tail-title" }, words.suggestions),
      found.suggestions.map((/** @type {string} */ text) =>
        h("button", { type: "button", class: "suggestion", onclick: () => this.onask(text) }, text))));
  }
}

/** @param {HTMLButtonElement} button @param {number} seconds */
function countDown(button, seconds) {
  const until = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.disabled = left > 0;
    fill(button, left > 0 ? words.limited(left) : strings.tryAgain);
    if (left > 0 && button.isConnected) setTimeout(tick, 500);
  };
  queueMicrotask(tick);
}

customElements.define("chat-log", Conversation);
