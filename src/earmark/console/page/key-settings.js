// The project's keys, for its owners: create one, see when each was last used, revoke it.

import { nameOf as nameOfPerson } from "./account.js";
import { call, callIfThere, newRequestKey, query } from "./api.js";
import { askSure } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { copyable } from "./copyable.js";
import { fill, h } from "./dom.js";
import { appendRows } from "./paged-rows.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { ago, longDate } from "./time.js";
import { say } from "./undo.js";

const words = strings.projectKeys;
const DAY_MS = 86_400_000;
const LIVES = [30, 90, 365];
const READING = ["ask:read", "folders:read", "recordings:read", "transcriptions:read", "summaries:read", "end_users:read"];

/** @typedef {{id: string, kind: "key" | "token" | "access", label: string | null, hint: string, scopes: string[] | null,
 *   end_user_id: string | null, expires_at: string | null, revoked_at: string | null, last_used_at: string | null}} Key */

/** @param {Key} key */
const nameOf = (key) => key.label ?? words.unnamed[key.kind];

export class KeySettings extends HTMLElement {
  /** @type {Map<string, Promise<string>>} */
  people = new Map();

  async load() {
    fill(this, loading());
    try {
      const read = (/** @type {string | null} */ cursor) => callIfThere(`/keys${query({ limit: 50, cursor })}`);
      const page = await read(null);
      if (!page) return fill(this, h("p", { class: "muted" }, words.forbidden));
      this.made = h("div", {});
      this.list = h("ul", { class: "rows" });
      appendRows(this.list, page, (/** @type {Key} */ one) => this.#row(one), read, words.more);
      return fill(this, h("p", { class: "muted" }, words.lead), this.#form(), this.made,
        h("section", {}, h("h2", {}, words.list), this.list));
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  #form() {
    const name = h("input", { id: "key-name", required: true, maxlength: 255, autocomplete: "off", placeholder: words.nameExample });
    const days = h("select", { id: "key-days" }, h("option", { value: "" }, words.forever), LIVES.map((n) => h("option", { value: n }, words.dayCounts(n))));
    const reach = h("select", { id: "key-reach" }, Object.entries(words.reaches).map(([value, text]) => h("option", { value }, text)));
    const problem = h("p", { class: "problem", role: "alert" });
    const create = async (/** @type {Event} */ event) => {
      event.preventDefault();
      fill(problem);
      const label = name.value.trim();
      if (!label) return name.focus();
      const expiry = days.value ? new Date(Date.now() + Number(days.value) * DAY_MS).toISOString() : null;
      const body = { label, ...(expiry ? { expires_at: expiry } : {}), ...(reach.value === "read" ? { scopes: READING } : {}) };
      try {
        this.#show(await call("/keys", { method: "POST", body, headers: { "Idempotency-Key": newRequestKey() } }));
        name.value = "";
      } catch (error) {
        fill(problem, problemOf(error));
      }
    };
    return h("form", { class: "card token-form", onsubmit: create },
      h("div", { class: "card-field" }, h("label", { for: "key-name" }, words.name), name),
      h("div", { class: "card-field" }, h("label", { for: "key-reach" }, words.reach), reach),
      h("div", { class: "card-field" }, h("label", { for: "key-days" }, words.days), days),
      h("button", { type: "submit", class: "primary" }, words.create), problem);
  }

  /** @param {Key & {key: string}} made */
  #show(made) {
    fill(this.made, h("div", { class: "secret-note", role: "status" }, h("p", {}, words.made(nameOf(made))), copyable(made.key, words.copy)));
    this.list.prepend(this.#row(made));
  }

  /** @param {Key} key */
  #row(key) {
    const name = nameOf(key);
    const person = key.end_user_id ? h("span", { class: "muted row-facts" }) : null;
    if (person) void this.#personOf(key).then((name) => fill(person, words.person(name)));
    const scopes = key.scopes?.join(" ") ?? (key.end_user_id ? "" : words.secret);
    const facts = [words.hint(key.hint), ...(scopes ? [scopes] : []),
      ...(key.revoked_at ? [words.revoked(longDate(key.revoked_at))] : key.expires_at ? [words.until(longDate(key.expires_at))] : []),
      key.last_used_at ? words.used(ago(key.last_used_at)) : words.unused];
    const revoke = h("button", { type: "button", class: "small danger", "aria-label": words.revokeLabel(name), onclick: () => void this.#revoke(key, row) }, words.revoke);
    const row = h("li", {}, h("div", { class: "row" }, h("span", { class: "row-title" }, name), key.revoked_at ? null : revoke,
      h("span", { class: "muted row-facts" }, facts.join(" · ")), person));
    return row;
  }

  /** The name of the person that a key or token acts for; asked for once. @param {Key} key @returns {Promise<string>} */
  #personOf(key) {
    const id = key.end_user_id ?? "";
    const asked = this.people.get(id) ?? callIfThere(`/end-users/${id}`).then((user) => (user ? nameOfPerson(user) : id), () => id);
    this.people.set(id, asked);
    return asked;
  }

  /** @param {Key} key @param {HTMLElement} row */
  async #revoke(key, row) {
    if (!await askSure({ title: words.revokeTitle(nameOf(key)), text: words.revokeText, button: words.revoke })) return;
    try {
      await call(`/keys/${key.id}`, { method: "DELETE" });
      row.replaceWith(this.#row({ ...key, revoked_at: new Date().toISOString() }));
      /** @type {HTMLElement | null} */ (this.querySelector("#key-name"))?.focus();
    } catch (error) {
      say(problemOf(error));
    }
  }
}

customElements.define("key-settings", KeySettings);
