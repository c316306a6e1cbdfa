// What the project may ask for, and how much it has; for its owners.

import { callIfThere } from "./api.js";
import { fill, h } from "./dom.js";
import { numeral } from "./locale.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { sizeOf } from "./time.js";

const words = strings.limits;

export class LimitSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      const limits = await callIfThere("/limits");
      if (!limits) return fill(this, h("p", { class: "muted" }, words.forbidden));
      const { requests_per_minute: rates, stored } = limits;
      return fill(this,
        this.#card(words.stored, [[words.people, numeral(stored.end_users)], [words.recordings, numeral(stored.recordings)],
          [words.audio, sizeOf(stored.audio_bytes)]]),
        this.#card(words.rates, /** @type {(keyof typeof words.kinds)[]} */ (Object.keys(words.kinds)).map((kind) =>
          [words.kinds[kind], rates[kind] === null ? words.none : numeral(rates[kind])])),
        this.#card(words.sizes, [[words.upload, sizeOf(limits.upload_bytes)], [words.imported, sizeOf(limits.import_bytes)]]),
        h("p", { class: "muted" }, words.lead));
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  /** @param {string} title @param {string[][]} rows */
  #card(title, rows) {
    return h("section", { class: "card" }, h("h2", {}, title),
      h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
  }
}

customElements.define("limit-settings", LimitSettings);
