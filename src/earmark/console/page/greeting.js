// The start of a new chat: questions to begin with, or the first steps if the library is empty.

import { callIfThere, query } from "./api.js";
import { endUserId } from "./account.js";
import { fill, h } from "./dom.js";
import { DropZone } from "./drop-zone.js";
import { firstSteps } from "./first-steps.js";
import { listRecordings } from "./recording-names.js";
import { strings } from "./strings.js";

export class ChatGreeting extends HTMLElement {
  /** @type {(question: string) => void} */ onchoose = () => {};
  zone = new DropZone();

  connectedCallback() {
    this.className = "greeting";
    this.heading = h("h1", { tabindex: "-1" });
    this.lead = h("p", { class: "muted" });
    this.body = h("div");
    this.zone.onbrought = () => this.#greet();
    fill(this, this.heading, this.lead, this.body, this.zone);
    void this.#greet();
    void this.#lookForRecordings();
  }

  async #greet() {
    const starters = h("div", { class: "suggestions" });
    fill(this.heading, strings.ask.greeting);
    fill(this.lead, strings.ask.greetingLead);
    fill(this.body, starters);
    const found = await callIfThere(`/ask/suggestions${query({ end_user_id: endUserId() })}`, { isQuiet: true }).catch(() => null);
    fill(starters, (found?.suggestions ?? []).map((/** @type {string} */ text) =>
      h("button", { type: "button", class: "suggestion", onclick: () => this.onchoose(text) }, text)));
  }

  async #lookForRecordings() {
    const page = await listRecordings({ limit: 1, isQuiet: true }).catch(() => null);
    if (!page || page.data.length) return;
    fill(this.heading, strings.steps.title);
    fill(this.lead, strings.steps.lead);
    fill(this.body, firstSteps(this.zone.button()));
  }
}

customElements.define("chat-greeting", ChatGreeting);
