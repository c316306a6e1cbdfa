// The audit trail, for a project's owners.

import { call, callIfThere, query } from "./api.js";
import { fill, h } from "./dom.js";
import { LOCALE } from "./locale.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";

const words = strings.audit;

/** @typedef {{id: string, seq: number, at: string, actor: string, action: string, object_id: string | null}} AuditEvent */

export class AuditSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      const page = await callIfThere("/audit-events?limit=50");
      if (!page) return fill(this, h("p", { class: "muted" }, strings.projectKeys.forbidden));
      this.rows = h("tbody", {});
      this.more = h("div", {});
      const { at, action, object, actor } = words.columns;
      const head = h("thead", {}, h("tr", {}, [at, action, object, actor].map((name) => h("th", { scope: "col" }, name))));
      this.#append(page);
      return fill(this, h("p", { class: "muted" }, words.lead),
        h("div", { class: "audit", tabindex: "0", role: "region", "aria-label": words.caption }, h("table", {}, head, this.rows)), this.more);
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  /** @param {{data: AuditEvent[], has_more: boolean, next_cursor: string | null}} page */
  #append(page) {
    this.rows.append(...page.data.map((one) => h("tr", {}, h("td", {}, new Date(one.at).toLocaleString(LOCALE)), h("td", {}, one.action),
      h("td", {}, h("code", {}, one.object_id ?? "")), h("td", {}, h("code", {}, one.actor)))));
    fill(this.more, page.has_more ? h("button", { type: "button", class: "small", onclick: async () =>
      this.#append(await call(`/audit-events${query({ limit: 50, cursor: page.next_cursor })}`)) }, words.more) : null);
  }
}

customElements.define("audit-settings", AuditSettings);
