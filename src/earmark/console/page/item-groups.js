// Items of summaries, grouped by recording, and recordings by month.

import { fill, h } from "./dom.js";
import { momentLink } from "./moment-link.js";
import { dayElement, monthOf } from "./recording-date.js";
import { recordingOf } from "./recording-names.js";
import { personPath, readingPath } from "./router.js";
import { strings } from "./strings.js";

/** @typedef {"decision" | "action_item" | "open_question"} Kind */
/** @typedef {{kind: Kind, text: string, speaker: string | null, recording_id: string, recording_name: string | null,
 *   recorded_at: string | null, citation: import("./moment-link.js").Citation | null}} Item */
/** @type {Kind[]} */
export const KINDS = ["decision", "action_item", "open_question"];

export class ItemGroups extends HTMLElement {
  /** @type {string | null} the recording whose items were listed last */ #last = null;
  /** @type {string} */ #month = "";
  /** @type {HTMLElement | null} */ #group = null;
  /** Whether each item says whose it is. */
  hasSpeakers = true;

  /** Append items, newest recording first. @param {Item[]} items */
  async add(items) {
    const ids = [...new Set(items.map((one) => one.recording_id))];
    const found = new Map(await Promise.all(ids.map(async (id) => /** @type {const} */ ([id, await recordingOf(id).catch(() => null)]))));
    for (const item of items) {
      if (item.recording_id !== this.#last || !this.#group) this.#begin(item, found.get(item.recording_id) ?? null);
      this.#group?.append(h("li", {}, this.#said(item, item.citation ? [" ", momentLink(item.citation)] : [])));
    }
  }

  /** The item's text with its moment and a link to whose it is: the name that it begins with, else one behind it. @param {Item} item @param {(Node | string)[]} moment */
  #said({ text, speaker }, moment) {
    if (!speaker || !this.hasSpeakers) return [text, moment];
    const link = h("a", { class: "item-speaker", href: personPath(speaker), title: strings.person.all(speaker) }, speaker);
    return text.startsWith(`${speaker}:`) ? [link, text.slice(speaker.length), moment] : [text, moment, " ", link];
  }

  /** Begin the items of another recording. @param {Item} item @param {import("./recording-names.js").Recording | null} recording */
  #begin({ recording_id, recording_name }, recording) {
    this.#last = recording_id;
    this.#group = h("ul", {});
    if (recording && monthOf(recording) !== this.#month) {
      this.#month = monthOf(recording);
      this.append(h("h2", { class: "recordings-month" }, this.#month));
    }
    this.append(h("section", { class: "item-group" }, h("h3", {},
      h("a", { href: readingPath(recording_id) }, recording_name ?? strings.scope.unnamed),
      h("span", { class: "muted" }, recording ? dayElement(recording) : null)), this.#group));
  }
}

customElements.define("item-groups", ItemGroups);

/**
 * Links that choose what to list.
 * @param {string} label @param {[string, string, string][]} chips kind, path, text
 */
export function kindChips(label, chips) {
  return h("nav", { class: "chips", "aria-label": label }, h("ul", {}, chips.map(([kind, href, text]) =>
    h("li", {}, h("a", { class: "folder", href, "data-kind": kind }, text)))));
}

/** @param {HTMLElement} chips @param {string} kind */
export function markChip(chips, kind) {
  for (const link of /** @type {NodeListOf<HTMLElement>} */ (chips.querySelectorAll("a"))) {
    if (link.dataset.kind === kind) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** A button that asks for the next page. @param {string} text @param {() => void} run */
export function moreButton(text, run) {
  const more = h("button", { type: "button", class: "more", onclick: () => { more.disabled = true; fill(more, strings.loading); run(); } }, text);
  return more;
}
