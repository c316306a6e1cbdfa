// The deliveries to a webhook endpoint, newest first, each with its attempts.

import { call, query } from "./api.js";
import { problemOf } from "./bring.js";
import { fill, h, icon, keepingFocus } from "./dom.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { ago, exactTime, sleep } from "./time.js";
import { say } from "./undo.js";

const words = strings.webhooks;
const PAGE = 50;
const EVERY_MS = 1000;
const LOOKS = 15;
/** @type {("succeeded" | "failed" | "pending")[]} */
const STATUSES = ["succeeded", "failed", "pending"];

/**
 * @typedef {{id: string, type: string, status: "pending" | "succeeded" | "failed", attempts: number,
 *   last_status_code: number | null, next_attempt_at: string | null, created_at: string}} Delivery
 * @typedef {{number: number, at: string, duration_ms: number, status_code: number | null, error: string | null, answer: string | null}} Attempt
 */

export class DeliveryLog extends HTMLElement {
  #turn = 0;

  /** @param {string} path of the endpoint, below /v1 */
  constructor(path) {
    super();
    this.path = `${path}/deliveries`;
  }

  connectedCallback() {
    if (this.list) return;
    this.status = h("select", { onchange: () => void this.load() }, h("option", { value: "" }, words.any),
      STATUSES.map((one) => h("option", { value: one }, words.statuses[one])));
    this.list = h("div", { class: "deliveries" });
    fill(this, h("div", { class: "results-head" }, h("h2", {}, words.deliveries),
      h("div", { class: "field-row" }, h("label", { class: "field-row" }, words.show, this.status),
        h("button", { type: "button", class: "quiet", onclick: () => void this.load() }, icon("again"), words.refresh))), this.list);
    fill(this.list, loading());
    void this.load();
  }

  disconnectedCallback() {
    this.#turn++;
  }

  /** List the newest deliveries; while one is about to be sent, look again every second for a while. */
  async load() {
    const turn = ++this.#turn;
    try {
      for (let look = 0; look < LOOKS && turn === this.#turn; look++) {
        const page = await call(`${this.path}${query({ limit: PAGE, status: this.status.value })}`, { isQuiet: look > 0 });
        if (turn !== this.#turn) return;
        const isBeingRead = look > 0 && this.list.querySelector("details[open]");
        if (!isBeingRead) this.#show(page);
        if (isBeingRead || !page.data.some(isDue)) return;
        await sleep(EVERY_MS);
      }
    } catch (error) {
      fill(this.list, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  /** @param {{data: Delivery[], has_more: boolean, next_cursor: string | null}} page */
  #show(page) {
    const rows = h("ul", { class: "rows" });
    keepingFocus(this.list, () => fill(this.list, page.data.length ? rows : h("p", { class: "muted" }, words.noDeliveries)));
    this.#append(rows, page);
  }

  /** @param {HTMLElement} rows @param {{data: Delivery[], has_more: boolean, next_cursor: string | null}} page */
  #append(rows, page) {
    rows.append(...page.data.map((one) => this.#row(one)));
    if (!page.has_more) return;
    const more = h("button", { type: "button", class: "small", onclick: async () => {
      more.disabled = true;
      try {
        const next = await call(`${this.path}${query({ limit: PAGE, status: this.status.value, cursor: page.next_cursor })}`);
        more.remove();
        this.#append(rows, next);
      } catch (error) {
        more.disabled = false;
        say(problemOf(error));
      }
    } }, words.more);
    rows.after(more);
  }

  /** @param {Delivery} one */
  #row(one) {
    const attempts = h("div", { class: "attempts" }, loading());
    const facts = [words.attempts(one.attempts), one.last_status_code, one.next_attempt_at && words.next(exactTime(one.next_attempt_at))];
    const details = h("details", { ontoggle: () => details.open && void this.#open(one, attempts) },
      h("summary", {}, h("code", {}, one.type), h("span", { class: `badge is-${one.status}` }, words.statuses[one.status]),
        h("span", { class: "muted" }, facts.filter(Boolean).join(" · ")),
        h("time", { class: "muted", datetime: one.created_at, title: exactTime(one.created_at) }, ago(one.created_at))), attempts);
    return h("li", {}, details);
  }

  /** @param {Delivery} one @param {HTMLElement} attempts */
  async #open(one, attempts) {
    try {
      const whole = await call(`${this.path}/${one.id}`);
      const resend = h("button", { type: "button", class: "small", onclick: () => void this.#resend(one.id) }, icon("again"), words.resend);
      const log = /** @type {Attempt[]} */ (whole.attempt_log);
      fill(attempts, log.length ? h("ol", {}, log.map(attempt)) : h("p", { class: "muted" }, words.noAttempts), resend);
    } catch (error) {
      fill(attempts, statusLine(/** @type {Error} */ (error), () => void this.#open(one, attempts)));
    }
  }

  /** @param {string} id */
  async #resend(id) {
    try {
      await call(`${this.path}/${id}/resend`, { method: "POST" });
      say(words.resent, undefined, 2500);
      await this.load();
    } catch (error) {
      say(problemOf(error));
    }
  }
}

/** @param {Delivery} one */
const isDue = ({ status, next_attempt_at }) => status === "pending" && (!next_attempt_at || Date.parse(next_attempt_at) <= Date.now());

/** @param {Attempt} one */
function attempt({ number, at, duration_ms, status_code, error, answer }) {
  const end = status_code ? words.answered(status_code, duration_ms) : words.unanswered(error ?? "", duration_ms);
  return h("li", {}, h("p", {}, `${words.attempt(number, exactTime(at))}: ${end}`), answer ? h("pre", { tabindex: "0" }, answer) : null);
}

customElements.define("delivery-log", DeliveryLog);
