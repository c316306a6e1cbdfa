// The sign-in page: with a provider, by key or token, or by a one-time code in the URL's fragment.

import { ApiError, AwayError } from "./api.js";
import { signIn, signInByCode, waysToSignIn } from "./account.js";
import { fill, h } from "./dom.js";
import { strings } from "./strings.js";

const words = strings.signIn;
const FORM = /^(sk_test_|sk_live_|rk_test_|rk_live_|eut_)[A-Za-z0-9]{33,128}$/;

/**
 * Remove a link's code from the URL, so that no history or copied URL contains it: one to sign in, or one to set up.
 * The server adds why signing in with a provider failed.
 */
export function takeCodes() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  const failed = /** @type {keyof typeof words.failed | null} */ (given.get("sign-in"));
  return { code: given.get("code"), setup: given.get("setup"), failed: failed && (words.failed[failed] ?? words.failed.refused) };
}

/** @param {unknown} error @param {boolean} byCode */
function reasonOf(error, byCode) {
  if (error instanceof AwayError) return words.away;
  if (error instanceof ApiError && error.status === 401) return byCode ? words.code : words.refused;
  if (error instanceof ApiError && error.status === 403) return words.forbidden;
  return error instanceof Error ? error.message : String(error);
}

export class SignIn extends HTMLElement {
  /** The initial notice, such as that the key has expired. */
  notice = "";
  /** Why signing in with a provider failed. */
  failed = "";
  /** @type {string | null} */ code = null;

  connectedCallback() {
    this.problem = h("p", { class: "problem", id: "sign-in-problem", role: "alert" }, this.notice);
    this.field = h("input", {
      id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true,
      "aria-describedby": "sign-in-hint sign-in-problem",
    });
    this.button = h("button", { class: "primary", type: "submit" }, words.button);
    this.ways = h("div", { class: "sign-in-ways" }, this.failed ? h("p", { class: "problem", role: "alert" }, this.failed) : null);
    fill(this, h("main", { class: "sign-in" },
      h("div", { class: "brand large" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), strings.product),
      h("p", { class: "lead" }, strings.tagline),
      h("h1", {}, words.title),
      this.ways,
      h("form", { onsubmit: (/** @type {Event} */ event) => this.#submit(event), novalidate: true },
        h("label", { for: "key" }, words.label),
        this.field,
        h("p", { class: "hint", id: "sign-in-hint" }, words.hint),
        this.problem,
        this.button)));
    if (this.code) void this.#try(signInByCode(this.code), true);
    else this.field.focus();
    void this.#offer();
  }

  /** Show a button for each provider; the browser comes back to this very page. */
  async #offer() {
    const { providers } = await waysToSignIn().catch(() => ({ providers: [] }));
    if (!providers.length) return;
    const next = new URLSearchParams({ next: location.pathname + location.search });
    this.ways.append(...providers.map(({ label, start_path: path }) =>
      h("a", { class: "button primary", href: `${path}?${next}` }, words.by(label))), h("p", { class: "hint" }, words.or));
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const key = this.field.value.trim();
    if (!FORM.test(key)) this.#refuse(words.malformed);
    else void this.#try(signIn(key), false);
  }

  /** @param {Promise<unknown>} attempt @param {boolean} byCode */
  async #try(attempt, byCode) {
    fill(this.problem);
    this.button.disabled = true;
    fill(this.button, words.trying);
    try {
      await attempt;
    } catch (error) {
      this.#refuse(reasonOf(error, byCode));
    }
  }

  /** @param {string} reason */
  #refuse(reason) {
    this.button.disabled = false;
    fill(this.button, words.button);
    fill(this.problem, reason);
    this.field.focus();
  }
}

customElements.define("sign-in", SignIn);
