// Accepts dropped or chosen files and shows the progress of each.

import { ACCEPTED_AUDIO, ACCEPTED_TRANSCRIPTS, bring, bundle, problemOf } from "./bring.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { readingPath } from "./router.js";
import { strings } from "./strings.js";
import { speak } from "./spoken.js";

const words = strings.bring;

export class DropZone extends HTMLElement {
  /** @type {(id: string) => void | Promise<void>} */ onbrought = () => {};

  rows = h("ul", { class: "upload-list" });
  veil = h("div", { class: "drop-veil", hidden: true }, icon("download"), words.drop);

  connectedCallback() {
    this.board = h("section", { class: "uploads", "aria-label": words.progress, hidden: true },
      h("header", {}, h("h2", {}, words.progress), iconButton("close", strings.close, () => this.#clear())), this.rows);
    fill(this, this.veil, this.board);
    this.#depth = 0;
    for (const name of /** @type {const} */ (["dragenter", "dragover", "dragleave", "drop"])) addEventListener(name, this.#drag);
  }

  disconnectedCallback() {
    for (const name of /** @type {const} */ (["dragenter", "dragover", "dragleave", "drop"])) removeEventListener(name, this.#drag);
  }

  #depth = 0;

  #drag = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "dragenter") this.#depth++;
    if (event.type === "dragleave") this.#depth--;
    if (event.type === "drop") {
      this.#depth = 0;
      void this.take(event.dataTransfer.files);
    }
    this.veil.hidden = this.#depth <= 0;
  };

  /** A button that opens the file chooser. */
  button() {
    const field = h("input", { type: "file", multiple: true, accept: `${ACCEPTED_TRANSCRIPTS},${ACCEPTED_AUDIO}`, hidden: true,
      onchange: () => { void this.take([...field.files]); field.value = ""; } });
    return h("span", {}, h("button", { type: "button", class: "primary", onclick: () => field.click() }, icon("plus"), words.choose), field);
  }

  /** @param {Iterable<File>} files */
  async take(files) {
    this.board.hidden = false;
    const jobs = bundle(files).map((one) => ({ one, row: this.#row(one) }));
    this.rows.prepend(...jobs.map((job) => job.row.element));
    let [made, failed] = [0, 0];
    for (const { one, row } of jobs) {
      try {
        const id = await bring(one, row.step);
        row.done(id);
        made++;
        await this.onbrought(id);
      } catch (error) {
        row.failed(problemOf(error));
        failed++;
      }
    }
    speak(words.summary(made, failed));
  }

  #clear() {
    for (const row of [...this.rows.children]) if (!row.classList.contains("is-under-way")) row.remove();
    this.board.hidden = !this.rows.childElementCount;
  }

  /** @param {import("./bring.js").Bundle} one */
  #row(one) {
    const state = h("span", { class: "muted" }, words.waiting);
    const bar = h("progress", { max: 1, value: 0, "aria-label": one.stem });
    const name = [one.transcript?.name, one.audio?.name].filter(Boolean).join(" + ") || one.stem;
    const element = h("li", { class: "is-under-way" }, icon("file"), h("span", { class: "upload-name" }, name), bar, state);
    const end = (/** @type {any} */ ...shown) => {
      element.classList.remove("is-under-way");
      bar.remove();
      fill(state, ...shown);
    };
    return {
      element,
      step: (/** @type {string} */ text, /** @type {number} */ share) => {
        fill(state, text);
        bar.value = share;
      },
      done: (/** @type {string} */ id) => end(h("a", { href: readingPath(id) }, words.done)),
      failed: (/** @type {string} */ reason) => {
        state.className = "upload-problem";
        end(reason);
      },
    };
  }
}

customElements.define("drop-zone", DropZone);
