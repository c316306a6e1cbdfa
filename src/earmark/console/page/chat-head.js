// A chat's title, editable in place, and its actions menu.

import { fill, h, iconButton } from "./dom.js";
import { menuButton } from "./menu.js";
import { askPath, navigate } from "./router.js";
import { copyExport, removeSession, saveExport } from "./session-actions.js";
import { renameSession } from "./session-store.js";
import { shareChat } from "./share-dialog.js";
import { strings } from "./strings.js";
import { exactTime, longDate } from "./time.js";
import { say } from "./undo.js";

const words = strings.sessions;

export class ChatHead extends HTMLElement {
  /** @type {import("./session-store.js").Session | null} */ session = null;

  clear() {
    this.session = null;
    fill(this);
  }

  focus() {
    this.querySelector("h1")?.focus({ preventScroll: true });
  }

  /** @param {import("./session-store.js").Session} session */
  show(session) {
    const hadFocus = this.contains(document.activeElement);
    if (this.session?.id === session.id && this.session.title === session.title) return;
    this.session = session;
    document.title = `${session.title} · ${strings.product}`;
    fill(this,
      h("div", { class: "chat-title" }, h("h1", { tabindex: "-1" }, session.title),
        iconButton("edit", words.rename, () => this.#rename()),
        menuButton(words.actionsHere, () => this.#actions(session))),
      h("p", { class: "muted chat-facts" }, h("time", { datetime: session.created_at, title: exactTime(session.created_at) }, longDate(session.created_at))));
    if (hadFocus) this.focus();
  }

  /** @param {import("./session-store.js").Session} session */
  #actions(session) {
    const remove = () => {
      removeSession(session);
      navigate(askPath());
    };
    return [
      { label: strings.share.action, run: () => void shareChat(session) },
      { label: words.exportMarkdown, run: () => void saveExport(session, "markdown") },
      { label: words.exportJson, run: () => void saveExport(session, "json") },
      { label: strings.ask.copy, run: () => void copyExport(session) },
      { label: words.remove, run: remove, isDanger: true },
    ];
  }

  #rename() {
    const session = /** @type {import("./session-store.js").Session} */ (this.session);
    const field = h("input", { class: "rename title", "aria-label": words.renameLabel, value: session.title, maxlength: 200 });
    let isDone = false;
    const finish = async (/** @type {boolean} */ isKept) => {
      if (isDone) return;
      isDone = true;
      const title = field.value.trim();
      let now = session;
      if (isKept && title && title !== session.title) {
        now = await renameSession(session.id, title).catch((error) => { say(error.message); return session; });
      }
      this.session = null;
      this.show(now);
      /** @type {HTMLElement | null} */ (this.querySelector("button"))?.focus();
    };
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" || event.key === "Escape") void finish(event.key === "Enter");
    });
    field.addEventListener("blur", () => void finish(true));
    this.querySelector(".chat-title")?.replaceChildren(field);
    field.focus();
    field.select();
  }
}

customElements.define("chat-head", ChatHead);
