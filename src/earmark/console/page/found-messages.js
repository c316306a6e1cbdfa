// Messages of chats that have the words of the search field, below the titles that have them.

import { call, isAbort, query } from "./api.js";
import { endUserId } from "./account.js";
import { fill, h } from "./dom.js";
import { highlighted } from "./highlight.js";
import { askPath } from "./router.js";
import { strings } from "./strings.js";
import { ago, exactTime, sleep } from "./time.js";

const words = strings.sessions;
const PAUSE_MS = 200;
const LIMIT = 20;

/** @typedef {{session_id: string, session_title: string, message_id: string, role: string, snippet: string, created_at: string}} Found */

export class FoundMessages extends HTMLElement {
  /** @type {AbortController | null} */ #running = null;

  connectedCallback() {
    this.hidden = true;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", words.inMessages);
  }

  disconnectedCallback() {
    this.#running?.abort();
  }

  /** Look for words; nothing is shown without any. @param {string} q */
  async find(q) {
    this.#running?.abort();
    const { signal } = this.#running = new AbortController();
    if (!q.trim()) return this.#show(q, [], null);
    await sleep(PAUSE_MS);
    if (signal.aborted) return;
    await this.#more(q, [], null, signal);
  }

  /** @param {string} q @param {Found[]} before @param {string | null} cursor @param {AbortSignal} signal */
  async #more(q, before, cursor, signal) {
    try {
      const page = await call(`/ask/search${query({ q, end_user_id: endUserId(), limit: LIMIT, cursor })}`, { signal });
      const next = page.has_more ? () => void this.#more(q, [...before, ...page.data], page.next_cursor, signal) : null;
      this.#show(q, [...before, ...page.data], next);
    } catch (error) {
      if (!isAbort(error)) this.#show(q, [], null); // the titles' list says what is wrong
    }
  }

  /** @param {string} q @param {Found[]} found @param {(() => void) | null} more */
  #show(q, found, more) {
    this.hidden = !found.length;
    const title = h("h3", {}, words.inMessages);
    fill(this, title, h("ul", {}, found.map((one) => this.#row(q, one))),
      more ? h("button", { type: "button", class: "quiet", onclick: more }, words.moreMessages) : null);
    this.dispatchEvent(new CustomEvent("found", { detail: found.length }));
  }

  /** @param {string} q @param {Found} one */
  #row(q, one) {
    return h("li", {}, h("a", { class: "found-message", href: askPath(one.session_id, one.message_id) },
      h("span", { class: "session-title" }, one.session_title),
      h("span", { class: "found-snippet" }, highlighted(one.snippet, q, true)),
      h("span", { class: "session-about muted" }, one.role === "user" ? words.question : words.answer, " · ",
        h("time", { datetime: one.created_at, title: exactTime(one.created_at) }, ago(one.created_at)))));
  }
}

customElements.define("found-messages", FoundMessages);
