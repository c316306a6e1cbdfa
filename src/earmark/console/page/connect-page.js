// Asks whether an assistant may see a person's recordings; opened by the assistant's link, by way of /oauth/authorize.

import { account, leaveEndUser, nameOf } from "./account.js";
import { ApiError, call, query } from "./api.js";
import { fill, h } from "./dom.js";
import { navigate } from "./router.js";
import { loading } from "./states.js";
import { strings } from "./strings.js";
import { longDate } from "./time.js";

const words = strings.connect;
const NAMES = ["client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "resource", "scope", "state"];

/** Whether this address is an assistant's link. */
export const isConnecting = () => location.pathname === "/console/connect";

/** What the assistant's link holds. @returns {Record<string, string>} */
function askedFor() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.filter((name) => given.get(name)).map((name) => [name, given.get(name) ?? ""]));
}

export class ConnectPage extends HTMLElement {
  connectedCallback() {
    document.title = strings.product;
    this.body = h("div", {}, loading());
    fill(this, h("main", { class: "sign-in people-page" },
      h("div", { class: "brand large" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), strings.product),
      this.body));
    void this.#ask();
  }

  async #ask() {
    const asked = askedFor();
    try {
      this.#show(asked, await call(`/oauth/consents${query(asked)}`, { isQuiet: true }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refuse(error.message);
    }
  }

  /** @param {Record<string, string>} asked @param {any} wanted */
  #show(asked, wanted) {
    const user = account.endUser;
    if (!user) return;
    this.problem = h("p", { class: "problem", role: "alert" });
    const decide = (/** @type {boolean} */ approved) => void this.#decide({ ...asked, approved, end_user_id: user.id });
    this.allow = h("button", { class: "primary", type: "button", onclick: () => decide(true) }, words.allow);
    this.deny = h("button", { type: "button", onclick: () => decide(false) }, words.deny);
    const heading = h("h1", { tabindex: "-1" }, words.title(wanted.client_name));
    fill(this.body, heading,
      h("p", { class: "lead" }, words.whose(nameOf(user))),
      h("p", {}, words.may),
      h("ul", { class: "scopes" }, ...wanted.scopes.map((/** @type {string} */ one) => h("li", {}, words.scopes[one] ?? one))),
      h("p", {}, words.until(longDate(wanted.expires_at))),
      h("p", { class: "hint" }, wanted.is_document ? words.documented(wanted.client_id) : words.unknown),
      h("p", { class: "hint" }, words.back(wanted.redirect_host)),
      this.problem,
      h("div", { class: "field-row" }, this.allow, this.deny,
        h("button", { type: "button", onclick: () => leaveEndUser() }, words.another)));
    heading.focus();
  }

  /** @param {Record<string, string | boolean>} body */
  async #decide(body) {
    for (const button of [this.allow, this.deny]) if (button) button.disabled = true;
    try {
      const { redirect_to: to } = await call("/oauth/consents", { method: "POST", body, isQuiet: true });
      location.assign(to);
      fill(this.body, h("h1", { tabindex: "-1" }, body.approved ? words.allowed : words.denied), h("p", { role: "status" }, words.leave));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refuse(error.message);
    }
  }

  /** @param {string} reason */
  #refuse(reason) {
    fill(this.body, h("h1", { tabindex: "-1" }, words.wrong), h("p", { class: "problem", role: "alert" }, reason),
      h("p", { class: "hint" }, words.wrongHint),
      h("button", { type: "button", onclick: () => this.#leave() }, words.console));
  }

  #leave() {
    navigate("/console", { replace: true, quiet: true });
    location.reload();
  }
}

customElements.define("connect-page", ConnectPage);
