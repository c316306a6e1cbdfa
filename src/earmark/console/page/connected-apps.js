// The apps that signed in with OAuth and may see a person's recordings: what they may do, until when, and their end.

import { endUserId } from "./account.js";
import { call, callIfThere, query } from "./api.js";
import { askSure } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { appendRows } from "./paged-rows.js";
import { statusLine } from "./states.js";
import { strings } from "./strings.js";
import { ago, longDate } from "./time.js";
import { say } from "./undo.js";

const words = strings.grants;

/** @typedef {{id: string, client_name: string, scopes: string[], expires_at: string, last_used_at: string | null}} Grant */
/** @typedef {{data: Grant[], has_more: boolean, next_cursor: string | null}} GrantPage */

export class ConnectedApps extends HTMLElement {
  connectedCallback() {
    void this.#load();
  }

  async #load() {
    try {
      /** @type {GrantPage | null} */
      const page = await this.#read(null);
      if (!page) return this.remove();
      this.list = h("ul", { class: "rows" });
      this.none = h("p", { class: "muted", tabindex: "-1" }, words.none);
      appendRows(this.list, page, (/** @type {Grant} */ one) => this.#row(one), (cursor) => this.#read(cursor), words.more);
      this.#update();
      return fill(this, h("h2", {}, words.title), h("p", { class: "muted" }, words.lead), this.none, this.list);
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.#load()));
    }
  }

  /** @param {string | null} cursor @returns {Promise<GrantPage | null>} null for a key that may not see them */
  #read(cursor) {
    return callIfThere(`/oauth/grants${query({ end_user_id: endUserId(), limit: 50, cursor })}`);
  }

  #update() {
    this.none.hidden = this.list.childElementCount > 0;
  }

  /** @param {Grant} grant */
  #row(grant) {
    const used = grant.last_used_at ? words.used(ago(grant.last_used_at)) : words.unused;
    const may = grant.scopes.map((one) => strings.connect.scopes[one] ?? one).join(" · ");
    const row = h("li", {}, h("div", { class: "row" }, h("span", { class: "row-title" }, grant.client_name),
      h("button", { type: "button", class: "small danger", "aria-label": words.revokeLabel(grant.client_name), onclick: () => void this.#revoke(grant, row) }, words.revoke),
      h("span", { class: "muted row-facts" }, `${words.until(longDate(grant.expires_at))} · ${used}`),
      h("span", { class: "muted row-facts" }, may)));
    return row;
  }

  /** @param {Grant} grant @param {HTMLElement} row */
  async #revoke(grant, row) {
    if (!await askSure({ title: words.revokeTitle(grant.client_name), text: words.revokeText, button: words.revoke })) return;
    try {
      await call(`/oauth/grants/${grant.id}`, { method: "DELETE" });
      row.remove();
      this.#update();
      /** @type {HTMLElement | null} */ (this.list.querySelector("button") ?? this.none)?.focus();
    } catch (error) {
      say(problemOf(error));
    }
  }
}

customElements.define("connected-apps", ConnectedApps);
