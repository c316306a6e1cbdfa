// The browsers that are signed in to the console, each of which can be signed out.

import { leave } from "./account.js";
import { call, callIfThere, query } from "./api.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { appendRows } from "./paged-rows.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { ago } from "./time.js";
import { say } from "./undo.js";

const words = strings.devices;

/** @typedef {{id: string, kind: "session" | "link", label: string | null, end_user_id: string | null, is_current: boolean,
 *   created_at: string, last_used_at: string | null}} Device */

export class DeviceSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      this.list = h("ul", { class: "rows" });
      this.none = h("p", { class: "muted" }, words.none);
      const read = (/** @type {string | null} */ cursor) => callIfThere(`/console/sessions${query({ limit: 50, cursor })}`);
      const page = await read(null);
      if (!page) return fill(this, h("p", { class: "muted" }, words.forbidden));
      appendRows(this.list, page, (/** @type {Device} */ one) => this.#row(one), read, strings.projectKeys.more);
      this.#count();
      return fill(this, h("p", { class: "muted" }, words.lead), this.none, this.list);
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  #count() {
    this.none.hidden = this.list.childElementCount > 0;
  }

  /** @param {Device} device */
  #row(device) {
    const name = device.label ?? words.link;
    const facts = [...(device.is_current ? [words.current] : []), ...(device.end_user_id ? [] : [words.owner]),
      words.facts(ago(device.created_at)), device.last_used_at ? strings.projectKeys.used(ago(device.last_used_at)) : null];
    const row = h("li", {}, h("div", { class: "row" }, h("span", { class: "row-title" }, name),
      h("button", { type: "button", class: "small danger", "aria-label": words.endLabel(name), onclick: () => void this.#end(device, row) }, words.end),
      h("span", { class: "muted row-facts" }, facts.filter(Boolean).join(" · "))));
    return row;
  }

  /** @param {Device} device @param {HTMLElement} row */
  async #end(device, row) {
    try {
      if (device.is_current && device.kind === "session") return void await leave();
      await call(`/console/sessions/${device.id}`, { method: "DELETE" });
      row.remove();
      this.#count();
      say(words.ended);
    } catch (error) {
      say(problemOf(error));
    }
  }
}

customElements.define("device-settings", DeviceSettings);
