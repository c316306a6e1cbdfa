// One webhook endpoint: its state, its secret, and the log of its deliveries.

import { call, callIfThere, newRequestKey } from "./api.js";
import { askSure } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { fill, h, icon } from "./dom.js";
import { navigate, settingsPath } from "./router.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { exactTime } from "./time.js";
import { say } from "./undo.js";
import { DeliveryLog } from "./delivery-log.js";
import { eventsOf, secretNote } from "./webhook-settings.js";

const words = strings.webhooks;

/** @typedef {import("./webhook-settings.js").Endpoint} Endpoint */

export class WebhookPage extends HTMLElement {
  /** @param {string} id */
  constructor(id) {
    super();
    this.path = `/webhook-endpoints/${encodeURIComponent(id)}`;
  }

  async load() {
    fill(this, loading());
    try {
      const endpoint = await callIfThere(this.path);
      if (!endpoint) return navigate(settingsPath("webhooks"), { replace: true });
      this.head = h("div", { class: "card" });
      this.secret = h("div", {});
      this.log = new DeliveryLog(this.path);
      this.#draw(endpoint);
      return fill(this, h("a", { class: "back", href: settingsPath("webhooks") }, icon("back"), words.back), this.secret, this.head, this.log);
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  /** @param {Endpoint} one */
  #draw(one) {
    const button = (/** @type {string} */ label, /** @type {() => Promise<void>} */ run, kind = "") =>
      h("button", { type: "button", class: `small ${kind}`, onclick: () => void this.#try(run) }, label);
    const isOn = one.status === "enabled";
    fill(this.head, h("h2", { class: "row-title" }, one.url),
      h("p", { class: "muted" }, one.description),
      h("p", { class: "muted" }, h("span", { class: "badge" }, words.statuses[one.status]), ` ${eventsOf(one)} · ${words.hint(one.secret_hint)}`),
      one.disabled_reason ? h("p", {}, words.reasons[one.disabled_reason]) : null,
      one.previous_secret_expires_at ? h("p", {}, words.previous(exactTime(one.previous_secret_expires_at)), " ",
        button(words.revoke, () => this.#change(`${this.path}/revoke-previous-secret`, "POST"))) : null,
      h("div", { class: "card-actions" }, isOn ? button(words.test, () => this.#test()) : null,
        button(isOn ? words.disable : words.enable, () => this.#change(this.path, "PATCH", { status: isOn ? "disabled" : "enabled" })),
        button(words.rotate, () => this.#rotate()), button(words.remove, () => this.#remove(), "danger")));
  }

  /** @param {() => Promise<void>} run */
  async #try(run) {
    try {
      await run();
    } catch (error) {
      say(problemOf(error), undefined, 10_000);
    }
  }

  /** @param {string} path @param {string} method @param {any} [body] */
  async #change(path, method, body) {
    this.#draw(await call(path, { method, body }));
    /** @type {HTMLElement | null} */ (this.head.querySelector(".card-actions button"))?.focus();
  }

  async #test() {
    await call(`${this.path}/test`, { method: "POST" });
    say(words.tested, undefined, 2500);
    await this.log?.load();
  }

  async #rotate() {
    if (!await askSure({ title: words.rotateTitle, text: words.rotateText, button: words.rotate })) return;
    const headers = { "Idempotency-Key": newRequestKey() };
    const rotated = await call(`${this.path}/rotate-secret`, { method: "POST", body: {}, headers });
    this.#draw(rotated);
    fill(this.secret, secretNote(rotated.secret));
    this.secret.scrollIntoView({ block: "nearest" });
  }

  async #remove() {
    if (!await askSure({ title: words.removeTitle, text: words.removeText, button: words.removeButton })) return;
    await call(this.path, { method: "DELETE" });
    navigate(settingsPath("webhooks"), { replace: true });
  }
}

customElements.define("webhook-page", WebhookPage);
