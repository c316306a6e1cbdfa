// Accepts dropped or chosen files and shows the progress of each.

import { archiveResult, hearImported, importArchive, isArchive } from "./archive-import.js";
import { reviewArchive } from "./archive-review.js";
import { ACCEPTED_AUDIO, ACCEPTED_TRANSCRIPTS, bring, bundle, problemOf, recognise } from "./bring.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { reviewed } from "./import-review.js";
import { readingPath } from "./router.js";
import { droppedFiles } from "./dropped-files.js";
import { strings } from "./strings.js";
import { speak } from "./spoken.js";
import { follow, stateOf, transcribe } from "./transcribing.js";
import { zipEntries } from "./zip-reading.js";
import { zipOf } from "./zip-writing.js";

const words = strings.bring;

/** @typedef {{hearing: (id: string, text: string, share: number) => void, done: (id: string) => void,
 *   unheard: (id: string, reason: string) => void}} Row the row of a file under way */

export class DropZone extends HTMLElement {
  /** @type {(id: string) => void | Promise<void>} */ onbrought = () => {};

  rows = h("ul", { class: "upload-list" });
  veil = h("div", { class: "drop-veil", hidden: true }, icon("download"), words.drop);

  connectedCallback() {
    this.heading = h("h2", {}, words.progress);
    this.board = h("section", { class: "uploads", "aria-label": words.progress, hidden: true },
      h("header", {}, this.heading, iconButton("close", strings.close, () => this.#clear())), this.rows);
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
      void this.#dropped(droppedFiles(event.dataTransfer));
    }
    this.veil.hidden = this.#depth <= 0;
  };

  /** A button that opens the file chooser. */
  button() {
    const field = h("input", { type: "file", multiple: true, accept: `${ACCEPTED_TRANSCRIPTS},${ACCEPTED_AUDIO},.zip`, hidden: true,
      onchange: () => { void this.take([...field.files]); field.value = ""; } });
    return h("span", {}, h("button", { type: "button", class: "primary", onclick: () => field.click() }, icon("plus"), words.choose), field);
  }

  /** @param {ReturnType<typeof droppedFiles>} dropped */
  async #dropped(dropped) {
    const { files, folders } = await dropped;
    for (const folder of folders) await this.#takeFolder(folder);
    await this.take(files);
  }

  /** @param {Iterable<File>} files */
  async take(files) {
    const all = [...files];
    for (const file of all.filter(isArchive)) {
      const inside = await zipEntries(file).catch(() => null);
      if (await reviewArchive(file.name, inside)) void this.#bringIn(file.name, async () => file);
    }
    const single = all.filter((file) => !isArchive(file));
    await recognise(single);
    const bundles = bundle(single);
    const chosen = bundles.some((one) => one.transcript) ? await reviewed(bundles) : bundles;
    if (!chosen.length) return;
    this.board.hidden = false;
    const jobs = chosen.map((one) => ({ one, row: this.#row(one) }));
    this.rows.prepend(...jobs.map((job) => job.row.element));
    this.#entitle();
    let [made, failed] = [0, 0];
    for (const { one, row } of jobs) {
      try {
        const id = await bring(one, row.step);
        if (one.audio && !one.transcript) void this.#hear(id, row);
        else row.done(id);
        made++;
        await this.onbrought(id);
      } catch (error) {
        row.failed(problemOf(error));
        failed++;
      }
    }
    speak(words.summary(made, failed));
  }

  /** Import a folder as the archive of it. @param {import("./dropped-files.js").Folder} folder */
  async #takeFolder({ name, files }) {
    const inside = files.map(({ path, file }) => ({ path, size: file.size, read: async () => file }));
    if (!(await reviewArchive(name, inside))) return;
    void this.#bringIn(name, async (step) => {
      step(strings.archive.packing, 0);
      const packed = await zipOf(files);
      if (!packed) throw new Error(strings.archive.folderTooLarge);
      return new File([packed], `${name}.zip`);
    });
  }

  /**
   * @param {string} name of the archive or folder
   * @param {(step: (text: string, share: number) => void) => Promise<File>} packed
   */
  async #bringIn(name, packed) {
    const row = this.#row({ stem: name, transcript: null, audio: null, problem: null, facts: {} });
    this.board.hidden = false;
    this.rows.prepend(row.element);
    this.#entitle();
    try {
      const parts = await importArchive(await packed(row.step), row.step);
      row.ended(archiveResult(parts));
      const made = parts.find((one) => one.status === "imported" && one.recording_id)?.recording_id;
      if (made) await this.onbrought(made);
      void hearImported(parts);
      speak(words.summary(parts.filter((one) => one.status === "imported").length, parts.filter((one) => one.status === "failed").length));
    } catch (error) {
      row.failed(problemOf(error));
    }
  }

  /**
   * Transcribe the audio of a new recording and show how far it is; other files are uploaded meanwhile.
   * @param {string} id
   * @param {Row} row
   */
  async #hear(id, row) {
    try {
      const started = await transcribe(id);
      row.hearing(id, stateOf(started), started.progress ?? 0);
      const ended = await follow(started.id, (now) => row.hearing(id, stateOf(now), now.progress ?? 0));
      if (ended?.status === "failed") row.unheard(id, ended.error_message ?? words.notHeard);
      else row.done(id);
      await this.onbrought(id);
    } catch (error) {
      row.unheard(id, problemOf(error));
    }
  }

  /** Say in the board's title whether files are still under way. */
  #entitle() {
    if (this.heading) fill(this.heading, this.rows.querySelector(".is-under-way") ? words.progress : words.finished);
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
      this.#entitle();
    };
    return {
      element,
      step: (/** @type {string} */ text, /** @type {number} */ share) => {
        fill(state, text);
        bar.value = share;
      },
      hearing: (/** @type {string} */ id, /** @type {string} */ text, /** @type {number} */ share) => {
        fill(state, h("a", { href: readingPath(id) }, text));
        bar.value = share;
      },
      done: (/** @type {string} */ id) => end(h("a", { href: readingPath(id) }, words.done)),
      unheard: (/** @type {string} */ id, /** @type {string} */ reason) => {
        end(h("a", { href: readingPath(id) }, words.done), " ", h("span", { class: "upload-problem" }, reason));
      },
      ended: end,
      failed: (/** @type {string} */ reason) => {
        state.className = "upload-problem";
        end(reason);
      },
    };
  }
}

customElements.define("drop-zone", DropZone);
