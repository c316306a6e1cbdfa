// The list of chats, newest first: search, filters, rename, delete with undo.

import { fill, h, icon, iconButton } from "./dom.js";
import { FoundMessages } from "./found-messages.js";
import { menuButton } from "./menu.js";
import { recordingPicker } from "./recording-names.js";
import { askPath, currentRoute, navigate, routes } from "./router.js";
import { copyExport, removeSession, saveExport } from "./session-actions.js";
import { renameSession, sessions } from "./session-store.js";
import { scopeName } from "./scope-name.js";
import { statusLine } from "./states.js";
import { strings } from "./strings.js";
import { ago, exactTime } from "./time.js";
import { say } from "./undo.js";
import "./windowed-list.js";

const words = strings.sessions;
const ROW_PX = 58;

export class SessionList extends HTMLElement {
  found = new FoundMessages();

  connectedCallback() {
    this.list = /** @type {import("./windowed-list.js").WindowedList} */ (h("windowed-list", { class: "sessions", "aria-label": words.label, tabindex: "-1" }));
    this.list.rows = { estimate: () => ROW_PX, render: (index) => this.#row(index), onend: () => void sessions.more() };
    this.list.addEventListener("keydown", (event) => this.#keys(event));
    this.note = h("div", { class: "list-note" });
    fill(this, h("div", { class: "sessions-head" },
      h("h2", { id: "sessions-title" }, words.title),
      h("a", { class: "button small", href: askPath() }, icon("plus"), words.fresh)),
      this.#filters(), this.list, this.note, this.found);
    this.found.addEventListener("found", () => this.#noted());
    sessions.addEventListener("change", this.#changed);
    routes.addEventListener("route", this.#marked);
    this.clock = window.setInterval(() => this.#tick(), 60_000);
    void sessions.reset();
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    sessions.removeEventListener("change", this.#changed);
    routes.removeEventListener("route", this.#marked);
  }

  #filters() {
    const search = h("input", {
      type: "search", "aria-label": words.search, placeholder: words.search, autocomplete: "off", maxlength: 200,
      oninput: () => {
        void sessions.restart({ q: search.value });
        void this.found.find(search.value);
      },
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "ArrowDown" && this.list?.focusRow(0),
    });
    const scope = h("select", { "aria-label": words.scope, onchange: () => void sessions.restart({ scope_type: scope.value }) },
      h("option", { value: "" }, words.any),
      ...Object.entries(words.scopes).map(([value, name]) => h("option", { value }, name)));
    const recording = recordingPicker(words.recording, (id) => void sessions.restart({ recording_id: id }));
    const panel = h("div", { class: "filters", hidden: true, id: "session-filters" },
      h("label", {}, h("span", {}, words.scope), scope), h("label", {}, h("span", {}, words.recording), recording));
    const toggle = iconButton("filter", words.filters, () => {
      panel.hidden = !panel.hidden;
      toggle.setAttribute("aria-expanded", String(!panel.hidden));
    }, { "aria-expanded": "false", "aria-controls": "session-filters" });
    this.clearFilters = () => {
      [search.value, scope.value, recording.value] = ["", "", ""];
      void this.found.find("");
      void sessions.restart({ q: "", scope_type: "", recording_id: "" });
      search.focus();
    };
    return h("div", { class: "sessions-find" }, h("div", { class: "field-row" }, search, toggle), panel);
  }

  isRenaming = false;

  /** Update the relative times. */
  #tick() {
    if (!this.isRenaming && !document.hidden) this.list?.refresh();
  }

  #changed = (/** @type {any} */ event) => {
    if (this.isRenaming) return;
    this.list?.setCount(sessions.rows.length, { isMore: event.detail.isMore });
    this.#noted();
  };

  /** Say what there is, and leave room for messages where no title was found. */
  #noted() {
    fill(this.note, this.#noteFor());
    if (this.list) this.list.hidden = !sessions.rows.length && !this.found.hidden;
  }

  #noteFor() {
    if (sessions.state instanceof Error) return statusLine(sessions.state, () => void sessions.restart());
    if (sessions.rows.length) return null;
    if (!sessions.isFiltered) return h("p", { class: "muted" }, words.empty);
    if (!this.found.hidden) return h("p", { class: "muted" }, words.noTitle);
    return [h("p", { class: "muted" }, words.noneFound), h("button", { type: "button", onclick: this.clearFilters }, words.clear)];
  }

  #marked = () => {
    const route = currentRoute();
    const id = route.view === "ask" ? route.session : null;
    for (const link of this.querySelectorAll("a.session")) {
      if (link.getAttribute("href") === (id && askPath(id))) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  };

  /** @param {number} index */
  #row(index) {
    const session = sessions.rows[index];
    const route = currentRoute();
    const isHere = route.view === "ask" && route.session === session.id;
    const time = h("time", { datetime: session.last_message_at, title: exactTime(session.last_message_at) }, ago(session.last_message_at));
    const link = h("a", { class: "session", href: askPath(session.id), "aria-current": isHere ? "page" : null },
      h("span", { class: "session-title" }, session.title),
      h("span", { class: "session-about muted" }, scopeName(session.scope), " · ", time));
    return h("div", { class: "session-row" }, link, menuButton(words.actions(session.title), () => [
      { label: words.rename, run: () => this.#rename(index) },
      { label: words.exportMarkdown, run: () => void saveExport(session, "markdown") },
      { label: words.exportJson, run: () => void saveExport(session, "json") },
      { label: strings.ask.copy, run: () => void copyExport(session) },
      { label: words.remove, run: () => this.#remove(index), isDanger: true },
    ]));
  }

  /** @param {number} index */
  #remove(index) {
    const session = sessions.rows[index];
    const route = currentRoute();
    removeSession(session);
    if (route.view === "ask" && route.session === session.id) navigate(askPath());
    else if (sessions.rows.length) this.list?.focusRow(Math.min(index, sessions.rows.length - 1));
  }

  /** @param {number} index */
  #rename(index) {
    const session = sessions.rows[index];
    const row = this.list?.rowAt(index);
    if (!row) return;
    const field = h("input", { class: "rename", "aria-label": words.renameLabel, value: session.title, maxlength: 200 });
    this.isRenaming = true;
    const finish = async (/** @type {boolean} */ isKept) => {
      if (!this.isRenaming) return;
      this.isRenaming = false;
      const title = field.value.trim();
      if (isKept && title && title !== session.title) await renameSession(session.id, title).catch((error) => say(error.message));
      this.list?.setCount(sessions.rows.length);
      this.list?.focusRow(sessions.rows.findIndex((row) => row.id === session.id));
    };
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" || event.key === "Escape") void finish(event.key === "Enter");
      event.stopPropagation();
    });
    field.addEventListener("blur", () => void finish(true));
    fill(row, field);
    field.select();
    field.focus();
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const rows = [...this.querySelectorAll(".session-row")];
    const row = /** @type {Element} */ (event.target).closest(".session-row");
    if (!row || !rows.includes(row) || /** @type {Element} */ (event.target).closest(".menu")) return;
    const index = Number(row.getAttribute("aria-posinset")) - 1;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step) this.list?.focusRow(Math.max(0, Math.min(index + step, sessions.rows.length - 1)));
    else if (event.key === "F2") this.#rename(index);
    else if (event.key === "Delete") this.#remove(index);
    else return;
    event.preventDefault();
  }
}

customElements.define("session-list", SessionList);
