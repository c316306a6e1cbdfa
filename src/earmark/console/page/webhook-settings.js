// The webhook endpoints of a project: a list, and a form to add one.

import { call, callIfThere, newRequestKey, query } from "./api.js";
import { problemOf } from "./bring.js";
import { copyable } from "./copyable.js";
import { fill, h } from "./dom.js";
import { settingsPath } from "./router.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { CHOSEN_EVENTS } from "./webhook-events.js";

const words = strings.webhooks;
const ALL = "*";
const MOST = 100;

/**
 * @typedef {{id: string, url: string, events: string[], include: string[], description: string | null,
 *   status: "enabled" | "disabled", disabled_reason: "requested" | "gone" | "failing" | null, secret_hint: string,
 *   previous_secret_expires_at: string | null}} Endpoint
 */

/** An endpoint's secret, with a button that copies it. @param {string} secret */
export const secretNote = (secret) =>
  h("div", { class: "secret-note", role: "status" }, h("p", {}, words.secret), copyable(secret, words.copySecret));

/** @param {Endpoint} endpoint */
export const eventsOf = ({ events, include }) =>
  [events.includes(ALL) ? words.all : words.countedEvents(events.length), include.length ? words.withText : ""].filter(Boolean).join(", ");

export class WebhookSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      const page = await callIfThere(`/webhook-endpoints${query({ limit: MOST })}`);
      if (!page) return fill(this, h("p", { class: "muted" }, words.forbidden));
      this.list = h("ul", { class: "rows" });
      this.none = h("p", { class: "muted" }, words.none);
      this.made = h("div", {});
      page.data.forEach((/** @type {Endpoint} */ one) => this.list.append(this.#row(one)));
      this.none.hidden = page.data.length > 0;
      return fill(this, h("p", { class: "muted" }, words.lead), this.made, this.none, this.list, this.#form());
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  /** @param {Endpoint} one */
  #row(one) {
    return h("li", {}, h("a", { class: "row", href: settingsPath("webhooks", one.id) },
      h("span", { class: "row-title" }, one.url), h("span", { class: "badge" }, words.statuses[one.status]),
      h("span", { class: "muted row-facts" }, [one.description, eventsOf(one)].filter(Boolean).join(" · "))));
  }

  #form() {
    this.url = h("input", { id: "webhook-url", type: "url", required: true, maxlength: 2048, placeholder: "https://", autocomplete: "off", spellcheck: "false" });
    this.description = h("input", { id: "webhook-description", maxlength: 1024, autocomplete: "off" });
    const chose = () => { this.choice.hidden = !this.some.checked; };
    const all = h("input", { type: "radio", name: "webhook-events", checked: true, onchange: chose });
    this.some = h("input", { type: "radio", name: "webhook-events", onchange: chose });
    this.boxes = CHOSEN_EVENTS.map((name) => h("input", { type: "checkbox", value: name }));
    this.choice = h("ul", { class: "event-choice", hidden: true },
      this.boxes.map((box) => h("li", {}, h("label", { class: "check" }, box, h("code", {}, box.value)))));
    this.text = h("input", { type: "checkbox" });
    this.problem = h("p", { class: "problem", role: "alert" });
    this.submit = h("button", { type: "submit", class: "primary" }, words.create);
    return h("details", { class: "card adding" }, h("summary", {}, words.add),
      h("form", { onsubmit: (/** @type {Event} */ event) => void this.#create(event) },
        h("div", { class: "card-field" }, h("label", { for: "webhook-url" }, words.url), this.url),
        h("div", { class: "card-field" }, h("label", { for: "webhook-description" }, words.description), this.description),
        h("fieldset", {}, h("legend", {}, words.events), h("label", { class: "check" }, all, words.all),
          h("label", { class: "check" }, this.some, words.some), this.choice),
        h("label", { class: "check" }, this.text, words.text), this.problem, this.submit));
  }

  /** @param {Event} event */
  async #create(event) {
    event.preventDefault();
    const chosen = (this.boxes ?? []).filter((one) => one.checked).map((one) => one.value);
    if (this.some.checked && !chosen.length) return fill(this.problem, words.noEvents);
    fill(this.problem);
    this.submit.disabled = true;
    const body = {
      url: this.url.value.trim(), events: this.some.checked ? chosen : [ALL],
      description: this.description.value.trim() || null, include: this.text.checked ? ["text"] : null,
    };
    try {
      const made = await call("/webhook-endpoints", { method: "POST", body, headers: { "Idempotency-Key": newRequestKey() } });
      this.list.prepend(this.#row(made));
      this.none.hidden = true;
      fill(this.made, secretNote(made.secret));
      this.made.scrollIntoView({ block: "nearest" });
      this.querySelector("details")?.replaceWith(this.#form());
    } catch (error) {
      fill(this.problem, problemOf(error));
    }
    return void (this.submit.disabled = false);
  }
}

customElements.define("webhook-settings", WebhookSettings);
