// The frame around every view: navigation, chats, account.

import { account, accounts, leave, leaveEndUser, nameOf } from "./account.js";
import { AwayError, wire } from "./api.js";
import { AskView } from "./ask-view.js";
import { beside, BesidePanel } from "./beside-panel.js";
import { CurlNote } from "./curl-note.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { pageKeys, showKeys } from "./key-help.js";
import { menuButton } from "./menu.js";
import { ReadingView } from "./reading-view.js";
import { RecordingsView } from "./recordings-view.js";
import { askPath, currentRoute, decisionsPath, navigate, overviewPath, recordingsPath, routes, searchPath, settingsPath } from "./router.js";
import { SearchView } from "./search-view.js";
import { SessionList } from "./session-list.js";
import { ConnectionBar, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { cycleTheme } from "./theme.js";
import { say } from "./undo.js";

/** The views' classes; those that few visits need are fetched when they do. */
const VIEWS = {
  ask: () => AskView, reading: () => ReadingView, recordings: () => RecordingsView, search: () => SearchView,
  decisions: async () => (await import("./decisions-view.js")).DecisionsView,
  person: async () => (await import("./person-view.js")).PersonView,
  overview: async () => (await import("./overview-view.js")).OverviewView,
  settings: async () => (await import("./settings-view.js")).SettingsView,
};
/** @type {[keyof typeof strings.nav & ("ask" | "recordings" | "decisions" | "search" | "overview"), string][]} */
const PLACES = [["ask", askPath()], ["recordings", recordingsPath()], ["decisions", decisionsPath()], ["search", searchPath("")], ["overview", overviewPath()]];

export class AppShell extends HTMLElement {
  /** @type {HTMLElement & {show(route: any): Promise<unknown>} | null} */ view = null;
  /** @type {keyof typeof VIEWS | null} the place that `view` shows, or that it is fetched for */ shown = null;
  curl = new CurlNote();

  connectedCallback() {
    this.main = h("main", { id: "content", tabindex: "-1" });
    fill(this,
      h("a", { class: "skip", href: "#content", onclick: (/** @type {Event} */ event) => { event.preventDefault(); this.main.focus(); } }, strings.skip),
      new ConnectionBar(),
      h("div", { class: "frame" },
        h("aside", { class: "side", "aria-label": strings.sessions.title,
          onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && !event.defaultPrevented && this.#drawer(false) }, this.#side()),
        h("div", { class: "middle" }, this.#topBar(), this.main, this.curl),
        new BesidePanel()));
    document.addEventListener("keydown", pageKeys);
    routes.addEventListener("route", this.#go);
    wire.addEventListener("back", this.#again);
    void this.#go();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", pageKeys);
    routes.removeEventListener("route", this.#go);
    wire.removeEventListener("back", this.#again);
  }

  #side() {
    this.nav = h("nav", { "aria-label": strings.nav.label }, h("ul", {}, PLACES.map(([place, path]) =>
      h("li", {}, h("a", { href: path, "data-place": place }, icon(place), h("span", {}, strings.nav[place]))))));
    return [
      h("div", { class: "side-top" }, h("a", { class: "brand", href: askPath() }, h("span", { class: "brand-mark", "aria-hidden": "true" }), strings.product),
        iconButton("theme", strings.theme.label, () => cycleTheme()),
        iconButton("close", strings.close, () => this.#drawer(false), { class: "icon-button drawer-close" })),
      this.nav, new SessionList(), this.#person(),
    ];
  }

  /** Open the chats, which are a sheet on a narrow window. */
  #topBar() {
    const open = h("button", { type: "button", class: "small", "aria-expanded": "false", onclick: () => this.#drawer(!this.classList.contains("is-drawn")) },
      icon("ask"), strings.nav.chats);
    this.drawerButton = open;
    return h("header", { class: "top-bar" }, h("a", { class: "brand", href: askPath() }, h("span", { class: "brand-mark", "aria-hidden": "true" }), strings.product), open);
  }

  /** @param {boolean} isOpen */
  #drawer(isOpen) {
    const isLeft = !isOpen && this.classList.contains("is-drawn") && this.querySelector(".side")?.contains(document.activeElement);
    this.classList.toggle("is-drawn", isOpen);
    this.drawerButton.setAttribute("aria-expanded", String(isOpen));
    this.main.inert = isOpen;
    if (isLeft) this.drawerButton.focus();
    if (isOpen) /** @type {HTMLElement | null} */ (this.querySelector(".sessions-find input"))?.focus();
  }

  #person() {
    const user = account.endUser;
    return h("div", { class: "side-person" }, icon("person"), h("span", { class: "side-name" }, user ? nameOf(user) : ""),
      menuButton(strings.more, () => [
        { label: strings.settings.title, run: () => navigate(settingsPath("processing")) },
        { label: strings.apps.title, run: () => navigate(settingsPath("apps")) },
        { label: strings.keys.title, run: () => showKeys() },
        { label: strings.people.change, run: () => leaveEndUser() },
        { label: strings.signIn.out, run: () => void leave().catch(() => say(strings.signIn.notOut)) },
      ]));
  }

  /** After reconnecting, click every "Try again" button except those of questions, which people repeat themselves. */
  #again = () => {
    for (const button of this.querySelectorAll(".status button")) /** @type {HTMLButtonElement} */ (button).click();
  };

  #go = async () => {
    const route = currentRoute();
    const place = route.view === "reading" ? "recordings" : route.view;
    this.#drawer(false);
    for (const link of this.nav.querySelectorAll("a")) {
      if (link.dataset.place === place) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (this.shown !== route.view) this.#leave(route.view);
    const View = await this.#load(route.view);
    if (!View || this.shown !== route.view) return; // left again meanwhile
    if (!this.view) fill(this.main, this.view = new View());
    document.title = strings.product;
    await this.view?.show(route);
    this.#settleFocus();
  };

  /** Return a view's class, which may have to be fetched. @param {keyof typeof VIEWS} view */
  async #load(view) {
    try {
      return await VIEWS[view]();
    } catch (error) {
      if (await fetch("/health").then((answer) => answer.ok, () => false)) throw error; // another version is served: to be reloaded
      if (this.shown === view) fill(this.main, statusLine(new AwayError(), () => void this.#go()));
      return null;
    }
  }

  /** Remove the view at once: while the next one is fetched, the old one must not change the URL. @param {keyof typeof VIEWS} next */
  #leave(next) {
    beside().close();
    this.curl.clear();
    this.shown = next;
    this.view = null;
    fill(this.main, loading());
  }

  /** After navigation, focus the view's heading, unless the view has set the focus itself. */
  #settleFocus() {
    if (this.main.contains(document.activeElement) && document.activeElement !== this.main) return;
    if (beside().contains(document.activeElement)) return;
    /** @type {HTMLElement} */ (this.main.querySelector("h1") ?? this.main).focus({ preventScroll: true });
  }
}

customElements.define("app-shell", AppShell);
