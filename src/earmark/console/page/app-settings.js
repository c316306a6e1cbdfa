// Access tokens for assistants and apps, and what to paste to connect them.

import { account, endUserId, nameOf } from "./account.js";
import { call, callIfThere, newRequestKey, query } from "./api.js";
import { askSure } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { CLIENTS, configureClient } from "./client-config.js";
import { ConnectedApps } from "./connected-apps.js";
import { commandLine, copyable } from "./copyable.js";
import { fill, h } from "./dom.js";
import { appendRows } from "./paged-rows.js";
import { settingsPath } from "./router.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { ago, longDate } from "./time.js";
import { say } from "./undo.js";

const words = strings.apps;
const DAY_MS = 86_400_000;
const LIVES = [30, 90, 365];
const USUAL_DAYS = 90;
const PLACEHOLDER = "TOKEN";
/** What an access token may do if nothing is said. */
const USUAL_SCOPES = ["ask:write", "folders:read", "recordings:read", "transcriptions:read", "summaries:read"];

/** @typedef {{name: string, expires_at: string}} Wanted */
/** @typedef {{id: string, name: string, hint: string, expires_at: string, last_used_at: string | null}} Token */

/** @param {string} path @param {object} body */
const post = (path, body) => call(path, { method: "POST", body, headers: { "Idempotency-Key": newRequestKey() } });

export class AppSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      this.made = h("div", {});
      this.connect = h("section", { class: "card" });
      this.#connectWith(null);
      const page = await callIfThere("/access-tokens?limit=50");
      if (!page) return fill(this, ...await this.#withoutTokens(), new ConnectedApps());
      this.list = h("ul", { class: "rows" });
      this.none = h("p", { class: "muted" }, words.none);
      const read = (/** @type {string | null} */ cursor) => call(`/access-tokens${query({ limit: 50, cursor })}`);
      appendRows(this.list, page, (/** @type {Token} */ one) => this.#row(one), read, words.more);
      this.none.hidden = page.data.length > 0;
      const create = async (/** @type {Wanted} */ body) => {
        const made = await post("/access-tokens", body);
        this.#show(made.name, made.token);
        this.list.prepend(this.#row(made));
        this.none.hidden = true;
      };
      return fill(this, h("p", { class: "muted" }, words.lead), this.#form(create), this.made, this.connect,
        h("section", {}, h("h2", {}, words.tokens), this.none, this.list), new ConnectedApps());
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  /** Access tokens are a person's own; an owner of the project makes keys that are bound to the person instead. */
  async #withoutTokens() {
    const isOwner = await callIfThere("/keys?limit=1");
    if (!isOwner) return [h("p", { class: "muted" }, words.lead), this.#forbidden()];
    const user = /** @type {import("./account.js").EndUser} */ (account.endUser);
    const create = async (/** @type {Wanted} */ { name, expires_at }) => {
      const made = await post("/keys", { label: name, expires_at, scopes: USUAL_SCOPES, end_user_id: user.id });
      this.#show(name, made.key);
    };
    return [h("p", { class: "muted" }, words.ownerLead(nameOf(user))), this.#form(create), this.made, this.connect,
      h("p", { class: "muted" }, words.ownerList, " ", h("a", { href: settingsPath("keys") }, words.ownerLink))];
  }

  #forbidden() {
    const user = account.endUser;
    if (!user?.project_id) return h("p", {}, words.restricted);
    const command = commandLine("earmark", "console-link", "--project", user.project_id, "--end-user", user.external_id ?? endUserId());
    return h("div", { class: "card" }, h("p", {}, words.forbidden(nameOf(user))), copyable(command, words.copyCommand));
  }

  /** @param {(wanted: Wanted) => Promise<void>} make */
  #form(make) {
    const name = h("input", { id: "token-name", required: true, maxlength: 100, autocomplete: "off", placeholder: words.nameExample });
    const days = h("select", { id: "token-days" }, LIVES.map((n) => h("option", { value: n }, words.dayCounts(n))));
    days.value = String(USUAL_DAYS);
    const problem = h("p", { class: "problem", role: "alert" });
    const create = async (/** @type {Event} */ event) => {
      event.preventDefault();
      fill(problem);
      const body = { name: name.value.trim(), expires_at: new Date(Date.now() + Number(days.value) * DAY_MS).toISOString() };
      if (!body.name) return name.focus();
      try {
        await make(body);
        name.value = "";
      } catch (error) {
        fill(problem, problemOf(error));
      }
    };
    return h("form", { class: "card token-form", onsubmit: create },
      h("div", { class: "card-field" }, h("label", { for: "token-name" }, words.name), name),
      h("div", { class: "card-field" }, h("label", { for: "token-days" }, words.days), days),
      h("button", { type: "submit", class: "primary" }, words.create), problem);
  }

  /** @param {string} name @param {string} token */
  #show(name, token) {
    fill(this.made, h("div", { class: "secret-note", role: "status" }, h("p", {}, words.made(name)), copyable(token, words.copyToken)));
    this.#connectWith(token);
  }

  /** Show what to paste into a client. @param {string | null} token the one made just now */
  #connectWith(token) {
    const text = h("div", { class: "client-config" });
    const select = h("select", { id: "client", onchange: () => show() }, CLIENTS.map((one) => h("option", { value: one }, words.clients[one])));
    const show = () => {
      const client = /** @type {import("./client-config.js").Client} */ (select.value);
      const hint = client !== "chatgpt" ? (token ? words.withToken : words.withoutToken)
        : location.protocol === "https:" ? words.signsIn : words.needsHttps;
      fill(text, h("p", {}, words.where[client]), copyable(configureClient(client, location.origin, token ?? PLACEHOLDER), words.copy),
        h("p", { class: "muted" }, hint));
    };
    fill(this.connect, h("h2", {}, words.connect), h("div", { class: "card-field" }, h("label", { for: "client" }, words.client), select), text);
    show();
  }

  /** @param {Token} token */
  #row(token) {
    const used = token.last_used_at ? words.used(ago(token.last_used_at)) : words.unused;
    const row = h("li", {}, h("div", { class: "row" }, h("span", { class: "row-title" }, token.name),
      h("button", { type: "button", class: "small danger", "aria-label": words.revokeLabel(token.name), onclick: () => void this.#revoke(token, row) }, words.revoke),
      h("span", { class: "muted row-facts" }, `${words.facts(token.hint, longDate(token.expires_at))} · ${used}`)));
    return row;
  }

  /** @param {Token} token @param {HTMLElement} row */
  async #revoke(token, row) {
    if (!await askSure({ title: words.revokeTitle(token.name), text: words.revokeText, button: words.revoke })) return;
    try {
      await call(`/access-tokens/${token.id}`, { method: "DELETE" });
      row.remove();
      this.none.hidden = this.list.childElementCount > 0;
      /** @type {HTMLElement | null} */ (this.querySelector("#token-name"))?.focus();
    } catch (error) {
      say(problemOf(error));
    }
  }
}

customElements.define("app-settings", AppSettings);
