// A library's folders and the open one.

import { askSure, askText } from "./ask-dialog.js";
import { call, callIfThere, query } from "./api.js";
import { endUserId } from "./account.js";
import { fill, h, icon } from "./dom.js";
import { menuButton } from "./menu.js";
import { askPath, navigate, recordingsPath } from "./router.js";
import { draftScope } from "./scope-picker.js";
import { strings } from "./strings.js";
import { say } from "./undo.js";

const words = strings.folders;

/** @typedef {{id: string, name: string, recording_count: number}} Folder */

export class FolderBar extends HTMLElement {
  /** @type {Folder[]} */ folders = [];
  /** @type {string | null} */ open = null;

  /** @param {string | null} open */
  async show(open) {
    this.open = open;
    try {
      const found = await callIfThere(`/folders${query({ end_user_id: endUserId(), limit: 100 })}`);
      this.hidden = found === null;
      this.folders = found?.data ?? [];
      this.#draw();
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  #draw() {
    const link = (/** @type {string | undefined} */ id, /** @type {string} */ name, /** @type {any} */ more) =>
      h("li", {}, h("a", { class: "folder", href: recordingsPath(id), "aria-current": (id ?? null) === this.open ? "page" : null }, more, name));
    const here = this.folders.find((one) => one.id === this.open);
    fill(this, h("nav", { "aria-label": words.label }, h("ul", {},
      link(undefined, words.all, null),
      this.folders.map((one) => link(one.id, `${one.name} · ${one.recording_count}`, icon("folder"))),
      h("li", {}, h("button", { type: "button", class: "quiet", onclick: () => void this.#make() }, icon("plus"), words.make)))),
      here ? menuButton(words.actions(here.name), () => this.#actions(here)) : null);
  }

  /** @param {Folder} folder */
  #actions(folder) {
    const ask = () => {
      draftScope({ type: "folder", id: folder.id, name: folder.name });
      navigate(askPath());
    };
    return [
      { label: words.ask, run: ask },
      { label: words.rename, run: () => void this.#rename(folder) },
      { label: words.remove, run: () => void this.#remove(folder), isDanger: true },
    ];
  }

  async #make() {
    const name = await askText({ title: words.make, label: words.name, button: words.makeButton });
    if (!name) return;
    await this.#try(async () => {
      const made = await call("/folders", { method: "POST", body: { name, end_user_id: endUserId() } });
      navigate(recordingsPath(made.id));
    });
  }

  /** @param {Folder} folder */
  async #rename(folder) {
    const name = await askText({ title: words.rename, label: words.name, value: folder.name });
    if (name) await this.#try(() => call(`/folders/${folder.id}`, { method: "PATCH", body: { name } }));
  }

  /** @param {Folder} folder */
  async #remove(folder) {
    if (!(await askSure({ title: words.removeTitle(folder.name), text: words.removeText, button: words.removeButton }))) return;
    await this.#try(async () => {
      await call(`/folders/${folder.id}`, { method: "DELETE" });
      navigate(recordingsPath());
    });
  }

  /** @param {() => Promise<unknown>} work */
  async #try(work) {
    try {
      await work();
      await this.show(this.open);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }
}

customElements.define("folder-bar", FolderBar);
