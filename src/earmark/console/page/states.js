// Elements for the states empty, loading, failed, offline and rate-limited, each with the next step.

import { ApiError, AwayError, wire } from "./api.js";
import { fill, h } from "./dom.js";
import { strings } from "./strings.js";

/**
 * An error message with a button to try again.
 * @param {Error} error
 * @param {() => void} [again]
 */
export function statusLine(error, again) {
  const text = error instanceof AwayError ? strings.states.away : error.message;
  return h("div", { class: "status", role: "alert" }, h("p", {}, text),
    again ? h("button", { type: "button", onclick: again }, strings.tryAgain) : null);
}

/** @param {string} [text] */
export const loading = (text = strings.loading) =>
  h("p", { class: "loading", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), text);

/**
 * A notice for an empty list, with actions.
 * @param {string} title
 * @param {string} text
 * @param {...any} actions
 */
export const empty = (title, text, ...actions) =>
  h("div", { class: "empty" }, h("h2", {}, title), h("p", { class: "muted" }, text), actions);

/** @param {unknown} error */
export const isGone = (error) => error instanceof ApiError && error.status === 404;

/** The status bar at the top: no connection, too many requests. */
export class ConnectionBar extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    this.hidden = true;
    wire.addEventListener("away", () => this.#show(strings.states.offline));
    wire.addEventListener("back", () => { this.hidden = true; });
    wire.addEventListener("limited", (/** @type {any} */ event) => this.#countDown(event.detail));
  }

  /** @param {string} text */
  #show(text) {
    this.hidden = false;
    fill(this, h("span", { class: "dot", "aria-hidden": "true" }), text);
  }

  /** @param {{until: number, isBusy: boolean}} limit */
  #countDown({ until, isBusy }) {
    clearInterval(this.timer);
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds > 0) return this.#show((isBusy ? strings.states.busy : strings.states.limited)(seconds));
      clearInterval(this.timer);
      this.hidden = true;
    };
    tick();
    this.timer = window.setInterval(tick, 500);
  }
}

customElements.define("connection-bar", ConnectionBar);
