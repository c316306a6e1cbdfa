// The entry point: sign in, choose a person, then show the shell.

import { account, accounts, resume, signOut } from "./account.js";
import { ApiError, AwayError, isAbort, wire } from "./api.js";
import { AppShell } from "./app-shell.js";
import { ConnectPage, isConnecting } from "./connect-page.js";
import { fill } from "./dom.js";
import { FirstRun } from "./first-run.js";
import { PeoplePage } from "./people-page.js";
import { followLinks } from "./router.js";
import { SignIn, takeCodes } from "./sign-in.js";
import { mountSpoken } from "./spoken.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { applyTheme } from "./theme.js";
import { say } from "./undo.js";

/**
 * Show an unhandled error: the API's message if it is one, else the advice to reload the page.
 * @param {unknown} reason
 */
function stumbled(reason) {
  if (isAbort(reason) || reason instanceof AwayError) return;
  if (reason instanceof ApiError) return void say(reason.message);
  say(strings.states.broken, { label: strings.states.reload, run: () => location.reload() }, 15_000);
}

class EarmarkApp extends HTMLElement {
  connectedCallback() {
    applyTheme();
    mountSpoken();
    followLinks();
    accounts.addEventListener("change", () => this.#show());
    wire.addEventListener("unauthorized", () => this.#expired());
    addEventListener("error", () => stumbled(null));
    addEventListener("unhandledrejection", (event) => stumbled(event.reason));
    const { code, setup, failed } = takeCodes();
    if (setup) this.#setUp(setup);
    else if (failed) this.#signIn("", null, failed);
    else void this.#begin(code);
  }

  /** @param {string | null} code */
  async #begin(code) {
    if (code) return this.#signIn("", code);
    fill(this, loading());
    try {
      await resume();
      if (!account.isSignedIn) this.#signIn("");
    } catch (error) {
      if (error instanceof AwayError) return fill(this, statusLine(error, () => void this.#begin(null)));
      if (account.isSignedIn || this.querySelector("sign-in")) return;
      this.notice = strings.signIn.expired;
      signOut();
    }
  }

  /** @param {string} code */
  #setUp(code) {
    const page = new FirstRun();
    page.code = code;
    document.title = strings.product;
    fill(this, page);
  }

  #expired() {
    if (!account.isSignedIn) return;
    this.notice = strings.signIn.expired;
    signOut();
  }

  #show() {
    if (!account.isSignedIn) return this.#signIn(this.notice ?? "");
    this.notice = "";
    if (!account.endUser) return fill(this, new PeoplePage());
    fill(this, isConnecting() ? new ConnectPage() : new AppShell());
  }

  /** @param {string} notice @param {string | null} [code] @param {string} [failed] why a provider did not sign them in */
  #signIn(notice, code = null, failed = "") {
    const page = new SignIn();
    [page.notice, page.code, page.failed] = [notice, code, failed];
    document.title = strings.product;
    fill(this, page);
  }
}

customElements.define("earmark-app", EarmarkApp);
