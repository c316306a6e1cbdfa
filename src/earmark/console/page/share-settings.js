// The links that are in use, each with what it shows, until when, and how often it was opened.

import { call, query } from "./api.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { appendRows } from "./paged-rows.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { atTime, longDate } from "./time.js";
import { say } from "./undo.js";
import { endUserId } from "./account.js";
import { nameOfRecording } from "./recording-names.js";

const words = strings.share;

/** @typedef {{id: string, type: "chat" | "recording" | "moment", session_id: string | null, recording_id: string | null,
 *   start_ms: number | null, end_ms: number | null, with_audio: boolean, expires_at: string, opened_count: number}} Share */
/** @typedef {{share: Share, name: string}} Named */

/** @param {Share} share */
async function nameOf(share) {
  const found = await call(share.session_id ? `/ask/sessions/${share.session_id}` : `/recordings/${share.recording_id}`, { isQuiet: true })
    .catch(() => null);
  if (!found) return words.types[share.type];
  return share.session_id ? found.title : nameOfRecording(found);
}

export class ShareSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      this.list = h("ul", { class: "rows" });
      this.none = h("p", { class: "muted" }, words.none);
      appendRows(this.list, await this.#read(null), (/** @type {Named} */ { share, name }) => this.#row(share, name),
        (cursor) => this.#read(cursor), words.more);
      this.#count();
      fill(this, h("p", { class: "muted" }, words.lead), this.none, this.list);
    } catch (error) {
      fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  #count() {
    this.none.hidden = this.list.childElementCount > 0;
  }

  /** A page of links, each with the name of what it shows. @param {string | null} cursor */
  async #read(cursor) {
    const page = await call(`/shares${query({ limit: 50, cursor, end_user_id: endUserId() })}`);
    const names = await Promise.all(page.data.map(nameOf));
    return { ...page, data: page.data.map((/** @type {Share} */ share, /** @type {number} */ at) => ({ share, name: names[at] })) };
  }

  /** @param {Share} share @param {string} name */
  #row(share, name) {
    const part = share.start_ms === null || share.end_ms === null ? [] : [`${atTime(share.start_ms)} – ${atTime(share.end_ms)}`];
    const facts = [words.types[share.type], ...part, ...(share.with_audio ? [words.withAudio] : []),
      words.until_day(longDate(share.expires_at)), words.opened(share.opened_count)];
    const row = h("li", {}, h("div", { class: "row" }, h("span", { class: "row-title" }, name),
      h("button", { type: "button", class: "small danger", "aria-label": words.endLabel(name), onclick: () => void this.#end(share, row) }, words.end),
      h("span", { class: "muted row-facts" }, facts.join(" · "))));
    return row;
  }

  /** @param {Share} share @param {HTMLElement} row */
  async #end(share, row) {
    try {
      await call(`/shares/${share.id}`, { method: "DELETE" });
      row.remove();
      this.#count();
      say(words.ended);
    } catch (error) {
      say(problemOf(error));
    }
  }
}

customElements.define("share-settings", ShareSettings);
