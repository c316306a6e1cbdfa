// The question's input field. Drafts are stored in this tab until they are sent.

import { fill, h, icon } from "./dom.js";
import { ModelChoice } from "./model-choice.js";
import { strings } from "./strings.js";

const words = strings.ask;
const LIMIT = 10_000;

export class QuestionBox extends HTMLElement {
  /** @type {(content: string) => void} */ onask = () => {};
  /** @type {() => void} */ onstop = () => {};
  draftName = "";

  connectedCallback() {
    this.field = h("textarea", {
      rows: 1, maxlength: LIMIT, "aria-label": words.label, placeholder: words.placeholder, autocomplete: "off",
      oninput: () => this.#typed(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#submit();
      },
    });
    this.scope = h("div", { class: "box-scope" });
    this.model = new ModelChoice();
    this.button = h("button", { type: "button", class: "send", onclick: () => (this.isRunning ? this.onstop() : this.#submit()) });
    fill(this, h("div", { class: "box" }, this.field, h("div", { class: "box-row" }, this.scope, this.model, this.button)));
    this.running(false);
  }

  /** Restore a chat's draft. @param {string} session @param {boolean} isFirst */
  begin(session, isFirst) {
    this.draftName = `earmark.draft.${session}`;
    void this.model?.show(session);
    this.field.value = sessionStorage.getItem(this.draftName) ?? "";
    this.field.placeholder = isFirst ? words.placeholder : words.followUp;
    this.#fit();
  }

  /** The chat has loaded; text typed meanwhile remains. @param {string} session @param {boolean} isFirst */
  goOn(session, isFirst) {
    this.draftName = `earmark.draft.${session}`;
    this.field.placeholder = isFirst ? words.placeholder : words.followUp;
    if (this.field.value) this.keep(this.field.value);
  }

  /** @param {string} content */
  put(content) {
    this.field.value = content;
    this.#typed();
    this.field.focus();
  }

  /** Store a question that could not be sent. @param {string} content */
  keep(content) {
    sessionStorage.setItem(this.draftName, content);
  }

  /** Delete the draft of a sent question; text typed since then is stored. */
  sent() {
    if (this.field.value) this.keep(this.field.value);
    else sessionStorage.removeItem(this.draftName);
  }

  focus() {
    this.field?.focus();
  }

  /** @param {boolean} isRunning */
  running(isRunning) {
    this.isRunning = isRunning;
    const label = isRunning ? words.stop : words.send;
    fill(this.button, icon(isRunning ? "stop" : "send"));
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
    this.button.classList.toggle("is-stop", isRunning);
  }

  #typed() {
    sessionStorage.setItem(this.draftName, this.field.value);
    this.#fit();
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 220)}px`;
  }

  #submit() {
    const content = this.field.value;
    if (!content.trim() || this.isRunning) return;
    this.field.value = "";
    this.#fit();
    this.onask(content);
  }
}

customElements.define("question-box", QuestionBox);
