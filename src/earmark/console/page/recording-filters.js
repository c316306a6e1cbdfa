// How the list of recordings is ordered and narrowed: by name, date, person.

import { callIfThere, query } from "./api.js";
import { endUserId } from "./account.js";
import { fill, h, iconButton } from "./dom.js";
import { strings } from "./strings.js";
import { dayStart } from "./time.js";

const words = strings.recordings;
const STORED = "earmark.recordings.sort";

/** @typedef {{q?: string, sort?: string, speaker?: string, recorded_after?: string, recorded_before?: string}} Asked */

/** A field for the name of somebody who speaks, with the names there are. @param {string} id @param {() => void} onchange */
export function speakerField(id, onchange) {
  const names = h("datalist", { id: `${id}-names` });
  const field = h("input", { id, list: `${id}-names`, autocomplete: "off", maxlength: 128, oninput: onchange });
  field.addEventListener("focus", async () => {
    const page = await callIfThere(`/speakers${query({ end_user_id: endUserId(), limit: 100 })}`, { isQuiet: true }).catch(() => null);
    fill(names, (page?.data ?? []).map((/** @type {any} */ one) => h("option", { value: one.name })));
  }, { once: true });
  return { field, names };
}

export class RecordingFilters extends HTMLElement {
  /** @type {() => void} */ onfilter = () => {};

  connectedCallback() {
    if (this.sort) return;
    const changed = () => this.onfilter();
    this.find = h("input", { type: "search", "aria-label": words.find, placeholder: words.find, autocomplete: "off", oninput: changed });
    this.sort = h("select", { "aria-label": words.sort, onchange: () => { localStorage.setItem(STORED, this.sort.value); changed(); } },
      Object.entries(words.sorts).map(([value, name]) => h("option", { value }, name)));
    const stored = localStorage.getItem(STORED) ?? "";
    this.sort.value = stored in words.sorts ? stored : "recorded_at";
    this.from = h("input", { type: "date", onchange: changed });
    this.until = h("input", { type: "date", onchange: changed });
    const { field, names } = speakerField("recordings-speaker", changed);
    this.speaker = field;
    const panel = h("div", { class: "search-filters", hidden: true, id: "recordings-filters" },
      h("label", {}, words.speaker, field, names), h("label", {}, words.after, this.from), h("label", {}, words.before, this.until));
    const toggle = iconButton("filter", words.filters, () => {
      panel.hidden = !panel.hidden;
      toggle.setAttribute("aria-expanded", String(!panel.hidden));
    }, { "aria-expanded": "false", "aria-controls": "recordings-filters" });
    fill(this, h("div", { class: "field-row" }, this.find, this.sort, toggle), panel);
  }

  /** @returns {Asked} */
  asked() {
    return {
      q: this.find.value, sort: this.sort.value, speaker: this.speaker.value.trim(),
      recorded_after: dayStart(this.from.value), recorded_before: dayStart(this.until.value, 1),
    };
  }

  get isNarrowed() {
    const { sort, ...rest } = this.asked();
    return Object.values(rest).some(Boolean);
  }

  get isByDate() {
    return this.sort.value === "recorded_at";
  }
}

customElements.define("recording-filters", RecordingFilters);
